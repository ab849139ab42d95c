"""Keys: one per shop, wrapped, rotated in both steps, destroyed for good; secrets in rows (DEC20, INV21)."""

import datetime as dt
import os
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from seller_center.kernel import crypto
from seller_center.kernel.crypto import Unreadable
from shops import files, keyring
from shops.models import Application, BankAccount, DataKey
from tests.factories.shops import BANK, make_application, make_shop
from tests.storm import storm


@pytest.mark.django_db(transaction=True)
def test_thirty_two_first_uses_make_one_key():
    shop = make_shop()
    ring = keyring.ShopKeyring()
    outcomes = storm(lambda number: ring.key_for(shop.pk, None)[0])
    assert len({one.value for one in outcomes}) == 1
    assert DataKey.objects.filter(shop=shop).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_key_of_a_deed_that_was_undone_is_never_used_again():
    """Were the key remembered by the process, what it seals next could never be opened."""
    shop = make_shop()
    with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
        lost = crypto.seal_text("x", shop_id=shop.pk, place="p")
        raise RuntimeError("undone")
    sealed = crypto.seal_text("x", shop_id=shop.pk, place="p")
    assert crypto.open_text(sealed, shop_id=shop.pk, place="p").reveal() == "x"
    with pytest.raises(Unreadable):
        crypto.open_text(lost, shop_id=shop.pk, place="p")


@pytest.mark.django_db
def test_the_platform_has_a_key_of_its_own(shop):
    ring = keyring.ShopKeyring()
    assert ring.key_for(None, None) == ring.key_for(None, None)
    assert ring.key_for(None, None)[1] != ring.key_for(shop.pk, None)[1]


@pytest.mark.django_db
def test_the_database_holds_wrapped_keys_only(shop):
    _kid, key = keyring.ShopKeyring().key_for(shop.pk, None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM shops_datakey t")
        text = " ".join(row[0] for row in cursor.fetchall())
    assert key.hex() not in text
    assert "v1:k2:" in text  # under the first of ENCRYPTION_KEYS


@pytest.mark.django_db
def test_a_row_moved_to_another_shop_does_not_open(at):
    mine, other = make_application(at=at), make_application(at=at, shop_name="Other")
    account = BankAccount.objects.get(shop=mine.shop)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shops_bankaccount SET number = %s WHERE shop_id = %s", [_raw(account), other.shop_id])
    with pytest.raises(Unreadable):
        BankAccount.objects.get(shop=other.shop).number.reveal()


def _raw(row) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM shops_bankaccount WHERE id = %s", [row.pk])
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_rotation_moves_everything_and_reading_goes_on(at, settings):
    application = make_application(at=at)
    account = BankAccount.objects.get(shop=application.shop)
    before = _raw(account)
    fresh = {"k3": os.urandom(32).hex(), **settings.ENCRYPTION_KEYS}
    settings.ENCRYPTION_KEYS = fresh
    said = StringIO()
    call_command("rotate_keys", dry_run=True, stdout=said)
    assert "1 of 1 data keys" in said.getvalue()
    call_command("rotate_keys", new_data_keys=True, stdout=said)
    assert _raw(account) != before
    settings.ENCRYPTION_KEYS = {"k3": fresh["k3"]}  # the old master keys are gone for good
    keyring._unwrap.cache_clear()
    assert BankAccount.objects.get(pk=account.pk).number.reveal() == BANK["number"]
    assert Application.objects.get(pk=application.pk).tax_id.reveal() == "536904399"
    from shops.models import StoredFile

    for file in StoredFile.objects.filter(shop=application.shop):
        assert files.read(file).startswith(b"\xff\xd8")
    again = StringIO()
    call_command("rotate_keys", stdout=again)
    assert "Wrapped 0 data keys" in again.getvalue()
    assert "shops_bankaccount: 0 rows" in again.getvalue()


@pytest.mark.django_db
def test_without_the_master_key_nothing_opens(at, settings):
    application = make_application(at=at)
    settings.ENCRYPTION_KEYS = {"other": os.urandom(32).hex()}
    keyring._unwrap.cache_clear()
    with pytest.raises(Unreadable):
        Application.objects.get(pk=application.pk).tax_id.reveal()


@pytest.mark.django_db
def test_a_destroyed_key_takes_the_secrets_of_that_shop_and_no_other(at):
    mine, other = make_application(at=at), make_application(at=at, shop_name="Other")
    keyring.destroy(mine.shop_id)
    with pytest.raises(Unreadable):
        Application.objects.get(pk=mine.pk).tax_id.reveal()
    assert Application.objects.get(pk=other.pk).tax_id.reveal() == "536904399"
    row = DataKey.objects.get(shop=mine.shop)
    assert (row.wrapped, row.destroyed_at is not None) == ("", True)
    with pytest.raises(IntegrityError), transaction.atomic():
        DataKey.objects.filter(pk=row.pk).update(destroyed_at=None)


@pytest.mark.django_db
def test_files_of_undone_deeds_are_pruned_and_others_are_not(shop, owner, at):
    kept = files.store_private(shop=shop, kind="document", content=b"kept", name="k", by=owner, at=at)
    lost = files._write(b"sealed bytes of a deed that was undone")
    young = files._write(b"of a deed that is under way")
    old = (dt.datetime.now(dt.UTC) - dt.timedelta(days=2)).timestamp()
    for path in (kept.path, lost):
        os.utime(files.storage().path(path), (old, old))
    said = StringIO()
    call_command("prune_files", dry_run=True, stdout=said)
    assert lost in said.getvalue()
    assert files.storage().exists(lost)
    call_command("prune_files", stdout=StringIO())
    assert not files.storage().exists(lost)
    assert files.storage().exists(young)
    assert files.read(kept) == b"kept"
