"""Field history: what was, who changed it, and that nobody changes the history."""

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.db.transaction import TransactionManagementError

from seller_center.kernel.history import acting, changes
from tests.kernel.scratch.models import Tracked

Event = Tracked.pgh_event_model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("keyring")]


def told(row):
    return [(change.field, change.before, change.after, change.user_id) for change in changes(row)]


def test_a_birth_costs_nothing():
    row = Tracked.objects.create(name="a")
    assert not Event.objects.exists()
    assert changes(row) == []


def test_it_keeps_each_change_and_who_made_it():
    row = Tracked.objects.create(name="a")
    acting(user_id=7, shop_id=3, request_id="r1")
    row.name = "b"
    row.save()
    acting(user_id=8, shop_id=3)
    Tracked.objects.filter(pk=row.pk).update(name="c", amount_minor=5)
    row.refresh_from_db()
    assert told(row) == [("name", "a", "b", 7), ("name", "b", "c", 8), ("amount_minor", 0, 5, 8)]
    assert Event.objects.order_by("pgh_id").first().pgh_context == {"user": 7, "shop": 3, "request_id": "r1"}


def test_it_catches_every_way_of_writing():
    row = Tracked.objects.create(name="a")
    row.name = "b"
    Tracked.objects.bulk_update([row], ["name"])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scratch_tracked SET name = 'c'")
    row.refresh_from_db()
    assert [change.after for change in changes(row)] == ["b", "c"]


def test_nobody_told_is_nobody():
    row = Tracked.objects.create(name="a")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pghistory.context_metadata', '', true)")
    row.name = "b"
    row.save()
    assert told(row) == [("name", "a", "b", None)]


def test_a_write_that_changes_nothing_leaves_no_trace():
    row = Tracked.objects.create(name="a")
    row.save()
    assert not Event.objects.exists()


def test_it_keeps_what_was_deleted():
    row = Tracked.objects.create(name="a", amount_minor=5)
    acting(user_id=7, shop_id=None)
    row.delete()
    event = Event.objects.get()
    assert (event.pgh_label, event.name, event.amount_minor, event.pgh_context["user"]) == ("deleted", "a", 5, 7)


def test_secrets_seals_and_computed_columns_never_enter_it():
    columns = {field.column for field in Event._meta.concrete_fields}
    assert not columns & {"number", "seal", "doubled"}
    assert columns >= {"name", "amount_minor", "id", "pgh_obj_id", "pgh_context"}
    row = Tracked.objects.create(name="a", number="021000021")
    row.number = "999"
    row.save()
    assert not Event.objects.exists(), "a changed secret is told by its event, not by its history"


@pytest.mark.parametrize("sql", ["UPDATE scratch_trackedevent SET name = 'x'", "DELETE FROM scratch_trackedevent"])
def test_nobody_changes_the_history(sql):
    Tracked.objects.create(name="a")
    Tracked.objects.update(name="b")
    with pytest.raises((InternalError, IntegrityError), match=r"Cannot (update|delete)"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql)
    assert Event.objects.get().name == "a"


@pytest.mark.django_db(transaction=True)
def test_who_acts_is_forgotten_with_the_transaction():
    with pytest.raises(TransactionManagementError, match="told to a transaction"):
        acting(user_id=7, shop_id=3)
    with transaction.atomic():
        acting(user_id=7, shop_id=3)
        row = Tracked.objects.create(name="a")
    row.name = "b"
    row.save()
    assert told(row) == [("name", "a", "b", None)]


def test_it_leaves_no_reverse_name_on_the_model():
    assert not [field for field in Tracked._meta.get_fields() if field.auto_created and not field.concrete]
