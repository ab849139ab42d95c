"""The encrypted column: bound to its row, read as a secret, closed to every way round it."""

import pytest
from django.core import checks
from django.core.exceptions import FieldError, ValidationError
from django.db import connection, models, transaction
from django.db.models import F
from django.forms import modelform_factory
from django.test.utils import isolate_apps

from seller_center.kernel import crypto, fields
from seller_center.kernel.crypto import Secret, Unreadable
from seller_center.kernel.fields import EncryptedTextField, new_seal, rotate_rows
from tests.kernel.scratch.models import Account, PlatformSecret

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("keyring")]


@pytest.fixture
def account(acme):
    return Account.objects.create(shop=acme, number="021000021", holder="Owner One")


def stored(column="number", table="scratch_account"):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def attack(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


# -- storing and reading ----------------------------------------------------------------------------------------------


def test_it_stores_no_clear_text(account):
    (value,) = stored()
    assert value.startswith("v1:k1:")
    assert "021000021" not in value


def test_it_is_read_as_a_secret(account):
    for row in (account, Account.objects.get(), Account.objects.defer("number").get(), *Account.objects.only("holder")):
        assert isinstance(row.number, Secret)
        assert row.number.reveal() == "021000021"
        assert "021000021" not in repr(row.__dict__)


def test_a_new_row_shows_its_secret_before_it_is_saved(acme):
    row = Account(shop=acme, number="021000021")
    assert row.number.reveal() == "021000021"
    assert "021000021" not in repr(row.__dict__)


def test_it_may_be_empty(account):
    assert account.tax_id is None
    assert Account.objects.get().tax_id is None
    assert Account.objects.filter(tax_id__isnull=True).count() == 1
    assert Account.objects.filter(tax_id__isnull=False).count() == 0


def test_it_tells_an_empty_text_from_none(acme):
    Account.objects.create(shop=acme, number="", tax_id=None)
    row = Account.objects.get()
    assert row.number.reveal() == ""
    assert row.tax_id is None


def test_saving_again_does_not_seal_again(account):
    before = stored()
    row = Account.objects.get()
    row.holder = "Owner Two"
    row.save()
    row.save(update_fields=["holder"])
    assert stored() == before
    assert Account.objects.get().number.reveal() == "021000021"


def test_a_changed_value_is_sealed_anew(account):
    before = stored()
    row = Account.objects.get()
    row.number = "999"
    row.save()
    assert stored() != before
    assert Account.objects.get().number.reveal() == "999"


def test_a_secret_may_be_handed_over(account, acme):
    again = Account.objects.create(shop=acme, number=account.number)
    assert again.number == account.number
    assert stored()[0] != stored()[1], "sealed for its own row"


def test_many_rows_can_be_created_at_once(acme):
    Account.objects.bulk_create(Account(shop=acme, number=str(n)) for n in range(3))
    assert [row.number.reveal() for row in Account.objects.order_by("pk")] == ["0", "1", "2"]


def test_a_table_without_shops_uses_the_key_of_the_platform(keyring):
    PlatformSecret.objects.create(token="t0ken")
    assert PlatformSecret.objects.get().token.reveal() == "t0ken"
    assert list(keyring.current) == [None]


def test_a_text_that_looks_sealed_is_a_text(acme):
    row = Account.objects.create(shop=acme, number="v1:k1:AAAA")
    assert Account.objects.get(pk=row.pk).number.reveal() == "v1:k1:AAAA"


# -- swapping (H7) ----------------------------------------------------------------------------------------------------


def test_a_ciphertext_moved_to_another_row_shop_or_column_does_not_open(acme, zebra):
    """Every swap a writer of the database could make: 5 tried, 0 opened."""
    mine = Account.objects.create(shop=acme, number="mine", tax_id="tax")
    sister = Account.objects.create(shop=acme, number="sister", tax_id="x")
    theirs = Account.objects.create(shop=zebra, number="theirs", tax_id="y")
    platform = PlatformSecret.objects.create(token="platform")
    swaps = [
        ("UPDATE scratch_account SET number = (SELECT number FROM scratch_account WHERE id = %s)", mine.pk, sister),
        ("UPDATE scratch_account SET number = (SELECT number FROM scratch_account WHERE id = %s)", mine.pk, theirs),
        ("UPDATE scratch_account SET number = tax_id", None, mine),
        (
            "UPDATE scratch_account SET number = (SELECT token FROM scratch_platformsecret WHERE id = %s)",
            platform.pk,
            mine,
        ),
        # even together with its seal it does not open in another shop
        (
            "UPDATE scratch_account SET (number, seal) = (SELECT number, seal FROM scratch_account WHERE id = %s)",
            mine.pk,
            theirs,
        ),
    ]
    refused = 0
    for sql, source, victim in swaps:
        with transaction.atomic():
            attack(f"{sql} WHERE id = {victim.pk}", *([source] if source else []))
            with pytest.raises(Unreadable):
                _ = Account.objects.get(pk=victim.pk).number
            refused += 1
            transaction.set_rollback(True)
    assert refused == len(swaps)
    assert Account.objects.get(pk=mine.pk).number.reveal() == "mine", "the control: nothing else is in the way"


def test_a_clear_text_planted_in_the_column_is_not_read(account):
    attack("UPDATE scratch_account SET number = '021000021'")
    with pytest.raises(Unreadable):
        _ = Account.objects.get().number


def test_a_row_that_cannot_be_opened_can_still_be_listed_and_saved(account, keyring):
    """Only who asks for the secret is refused: lists and other columns go on working."""
    keyring.destroy(account.shop_id)
    row = Account.objects.get()
    assert row.holder == "Owner One"
    row.holder = "Owner Two"
    row.save()
    with pytest.raises(Unreadable):
        _ = row.number


# -- ways round -------------------------------------------------------------------------------------------------------


def test_a_bulk_update_is_refused(account):
    for value in ("999", Secret("999"), 5):
        with pytest.raises(TypeError, match="set it on a row"):
            Account.objects.update(number=value)
    account.number = "999"
    with pytest.raises(TypeError, match="set it on a row"):
        Account.objects.bulk_update([account], ["number"])


def test_a_raw_save_of_clear_text_is_refused(acme):
    """The way of fixtures."""
    with pytest.raises(TypeError, match="set it on a row"):
        Account(shop=acme, number="021000021").save_base(raw=True)


@pytest.mark.parametrize("lookup", ["number", "number__exact", "number__startswith", "number__in", "number__contains"])
def test_a_lookup_is_refused(account, lookup):
    with pytest.raises(FieldError):
        Account.objects.filter(**{lookup: ["021000021"] if lookup.endswith("in") else "021000021"}).exists()


def test_a_comparison_with_another_column_is_refused(account):
    with pytest.raises(FieldError):
        Account.objects.filter(number=F("tax_id")).exists()


def test_values_show_what_is_stored(account):
    assert list(Account.objects.values_list("number", flat=True)) == stored()


def test_it_is_in_no_form_and_in_no_export(account):
    form = modelform_factory(Account, fields="__all__")()
    assert set(form.fields) == {"shop", "holder"}
    with pytest.raises(TypeError, match="not exported"):
        Account._meta.get_field("number").value_to_string(account)


def test_it_is_validated_without_being_shown(acme, account):
    Account(shop=acme, number="021000021", holder="x").full_clean()
    with pytest.raises(ValidationError) as refused:
        Account(shop=acme, number="", holder="x").full_clean()
    assert list(refused.value.message_dict) == ["number"]
    stored_before = stored()
    row = Account.objects.get(pk=account.pk)
    row.full_clean()
    row.save()
    assert stored() == stored_before


def test_it_wants_a_seal_and_a_shop(acme):
    with pytest.raises(ValueError, match="has no seal"):
        Account(shop=acme, number="x", seal="").save()
    with pytest.raises(ValueError, match="has none yet"):
        Account(number="x").save()


@isolate_apps("tests.kernel.scratch")
def test_a_model_without_a_seal_fails_its_check():
    class Careless(models.Model):
        number = EncryptedTextField()

        class Meta:
            app_label = "scratch"

        def __str__(self):
            return "careless"

    class Constant(models.Model):
        seal = models.CharField(max_length=32, default="always the same")
        number = EncryptedTextField()

        class Meta:
            app_label = "scratch"

        def __str__(self):
            return "constant"

    for model in (Careless, Constant):
        (error,) = model._meta.get_field("number").check()
        assert (error.id, error.level) == ("fields.E901", checks.ERROR)
    assert Account._meta.get_field("number").check() == []


def test_seals_are_random_and_long():
    assert len({new_seal() for __ in range(1000)}) == 1000
    assert len(new_seal()) == 32


# -- rotation ---------------------------------------------------------------------------------------------------------


def kids():
    return [crypto.kid_of(value) for value in stored()]


def test_rotation_moves_every_row_to_the_current_key(acme, zebra, keyring):
    for shop in (acme, zebra, acme):
        Account.objects.create(shop=shop, number=f"of {shop.name}", tax_id="t")
    Account.objects.create(shop=acme, number="no tax")
    assert kids() == ["k1", "k2", "k1", "k1"]
    keyring.renew(acme.pk)
    seen = []
    assert rotate_rows(Account, chunk=2, progress=seen.append) == 3
    assert seen == [1, 3]
    assert kids() == ["k3", "k2", "k3", "k3"]
    keyring.keys.pop((acme.pk, "k1"))
    assert [row.number.reveal() for row in Account.objects.order_by("pk")] == [
        "of Acme",
        "of Zebra",
        "of Acme",
        "no tax",
    ]
    assert Account.objects.order_by("pk").first().tax_id.reveal() == "t"


def test_rotation_may_run_twice_and_changes_nothing_then(account, keyring):
    keyring.renew(account.shop_id)
    assert rotate_rows(Account) == 1
    before = stored()
    assert rotate_rows(Account) == 0
    assert stored() == before


def test_without_rotation_the_old_key_is_still_needed(account, keyring):
    """The control."""
    keyring.renew(account.shop_id)
    keyring.keys.pop((account.shop_id, "k1"))
    with pytest.raises(Unreadable):
        _ = Account.objects.get().number


def test_rotation_stops_at_a_value_that_does_not_open(account, keyring):
    keyring.renew(account.shop_id)
    attack("UPDATE scratch_account SET number = 'v1:k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'")
    with pytest.raises(Unreadable):
        rotate_rows(Account)


def test_it_knows_the_encrypted_columns():
    assert [field.name for field in fields.encrypted_fields(Account)] == ["number", "tax_id"]
