"""Locks: what they hold, in which order, and what they refuse."""

import threading

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from seller_center.kernel.errors import Stale
from seller_center.kernel.locking import (
    LOCK_ORDER,
    LockKind,
    advisory_lock,
    advisory_number,
    lock_row,
    lock_rows,
    must_update_one,
    try_advisory_lock,
)
from tests.kernel.scratch.models import Line, Order, Shop


@pytest.fixture
def orders(acme):
    return [Order.objects.create(shop=acme, note=str(n)) for n in range(3)]


# -- rows -------------------------------------------------------------------------------------------------------------


def test_it_locks_in_primary_key_order_whatever_the_set_says(orders, django_assert_num_queries):
    with django_assert_num_queries(1) as queries:
        locked = lock_rows(Order.objects.order_by("-pk"))
    assert locked == orders
    sql = queries[0]["sql"]
    assert sql.endswith('ORDER BY "scratch_order"."id" ASC FOR NO KEY UPDATE OF "scratch_order"')


def test_it_locks_only_the_rows_of_its_own_table(orders, acme):
    Line.objects.create(shop=acme, order=orders[0])
    (line,) = lock_rows(Line.objects.select_related("order", "gift_of"))
    assert line.order == orders[0]


@pytest.mark.django_db(transaction=True)
def test_it_wants_a_transaction():
    for lock in (
        lambda: lock_rows(Order.objects.all()),
        lambda: lock_row(Order.objects.all()),
        lambda: advisory_lock(LockKind.DEMO),
        lambda: try_advisory_lock(LockKind.DEMO),
    ):
        with pytest.raises(TransactionManagementError, match="protects nothing"):
            lock()


def test_it_locks_exactly_one_row(orders):
    assert lock_row(Order.objects.filter(note="1")) == orders[1]
    with pytest.raises(Order.DoesNotExist):
        lock_row(Order.objects.filter(note="9"))
    with pytest.raises(Order.MultipleObjectsReturned):
        lock_row(Order.objects.all())


class Rival:
    """Another connection in a thread, in a transaction of its own that it holds until let go."""

    def __init__(self, work) -> None:
        self.work, self.result = work, None
        self.ready, self.release = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            with transaction.atomic():
                self.result = self.work()
                self.ready.set()
                self.release.wait(30)
        finally:
            self.ready.set()
            connection.close()

    def __enter__(self) -> "Rival":
        self.thread.start()
        assert self.ready.wait(30)
        return self

    def __exit__(self, *failure) -> None:
        self.release.set()
        self.thread.join(30)


@pytest.mark.django_db(transaction=True)
def test_it_skips_rows_held_by_another():
    shop = Shop.objects.create(name="Acme")
    first, second = (Order.objects.create(shop=shop) for __ in range(2))
    with Rival(lambda: lock_rows(Order.objects.filter(pk=first.pk))), transaction.atomic():
        assert lock_rows(Order.objects.all(), skip_locked=True) == [second]


@pytest.mark.django_db(transaction=True)
def test_a_locked_row_may_be_referred_to_meanwhile():
    """FOR NO KEY UPDATE: inserting a line does not wait for whoever holds the order."""
    shop = Shop.objects.create(name="Acme")
    order = Order.objects.create(shop=shop)
    with Rival(lambda: lock_rows(Order.objects.all())), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '200ms'")
        Line.objects.create(shop=shop, order=order)


# -- advisory locks ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_an_advisory_lock_is_held_by_one_until_its_transaction_ends():
    with Rival(lambda: advisory_lock(LockKind.TICK, 7)):
        with transaction.atomic():
            assert try_advisory_lock(LockKind.TICK, 7) is False
            assert try_advisory_lock("tick", 7) is False
            assert try_advisory_lock(LockKind.TICK, 8) is True
            assert try_advisory_lock(LockKind.CLOCK, 7) is True
    with transaction.atomic():
        assert try_advisory_lock(LockKind.TICK, 7) is True


def test_it_is_never_a_session_lock(acme):
    advisory_lock(LockKind.TICK, 7)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, 7)", [int(LockKind.TICK)])
        assert cursor.fetchone() == (False,)


def test_it_knows_only_registered_kinds(acme):
    with pytest.raises(KeyError):
        advisory_lock("whatever")
    with pytest.raises(ValueError):
        advisory_lock(99_999)


def test_the_registry_is_permanent():
    """Numbers in use are never given to another kind: two releases may run side by side."""
    given = {
        "CLOCK": 1,
        "TICK": 2,
        "BATCH_RUN": 3,
        "EVENT_SEAL": 4,
        "DEMO": 5,
        "PAYOUT_BATCH": 6,
        "KEY_ROTATION": 7,
        "IMPORT_RUN": 8,
        "CODE_ISSUE": 9,
    }
    assert given.items() <= {kind.name: kind.value for kind in LockKind}.items()


def test_numbers_of_keys_fit_and_differ():
    assert advisory_number([5]) == 5
    assert advisory_number([-(2**31)]) == -(2**31)
    numbers = [advisory_number(keys) for keys in ([], [1, 2], [2, 1], [12], [2**31], [2**63], [1, 2, 3])]
    assert len(set(numbers)) == len(numbers)
    assert all(-(2**31) <= number < 2**31 for number in numbers)


# -- conditional writes -----------------------------------------------------------------------------------------------


def test_one_changed_row_is_what_was_meant():
    must_update_one(1, "never said")


def test_no_changed_row_means_somebody_was_faster():
    with pytest.raises(Stale, match="Only 2 are left"):
        must_update_one(0, "Only 2 are left.")
    with pytest.raises(Stale, match="Somebody else was faster"):
        must_update_one(0)


def test_several_changed_rows_are_a_bug():
    with pytest.raises(AssertionError, match="changed 2"):
        must_update_one(2, "x")


def test_the_order_of_locks_is_written_down():
    assert LOCK_ORDER[0] == "advisory"
    assert len(set(LOCK_ORDER)) == len(LOCK_ORDER)
