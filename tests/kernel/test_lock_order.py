"""The test wrapper: it finds every inversion, and nothing where there is none."""

import pytest
from django.db import connection, transaction
from django.db.models import F

from seller_center.kernel.lock_order import Lock, LockOrder, LockOrderViolation
from seller_center.kernel.locking import LockKind, advisory_lock, lock_rows, try_advisory_lock
from tests.kernel.scratch.models import Line, Order, Shop

ORDER = ("advisory", "scratch_shop", "scratch_order", "scratch_line")


@pytest.fixture
def orders(acme):
    return [Order.objects.create(shop=acme) for __ in range(3)]


@pytest.fixture
def watch():
    with LockOrder(ORDER) as watch:
        yield watch


def test_it_is_content_with_the_one_order(orders, watch, acme):
    with transaction.atomic():
        advisory_lock(LockKind.DEMO)
        lock_rows(Shop.objects.all())
        Shop.objects.filter(pk=acme.pk).update(name="Acme 2")
        lock_rows(Order.objects.all())
        Order.objects.filter(pk=orders[1].pk).update(note="x")
    assert [lock.table for lock in watch.transactions[0]] == [
        "advisory",
        "scratch_shop",
        "scratch_shop",
        "scratch_order",
        "scratch_order",
    ]


def test_it_finds_an_earlier_table_locked_later(orders, watch, acme):
    with transaction.atomic():
        lock_rows(Order.objects.all())
        with pytest.raises(LockOrderViolation, match="scratch_shop is locked after scratch_order"):
            lock_rows(Shop.objects.all())


def test_it_counts_an_update_as_a_lock(orders, watch, acme):
    with transaction.atomic():
        Order.objects.filter(pk=orders[0].pk).update(note=F("code"))
        with pytest.raises(LockOrderViolation):
            Shop.objects.filter(pk=acme.pk).update(name="x")


def test_it_counts_a_save_as_a_lock(orders, watch, acme):
    with transaction.atomic():
        orders[0].save(update_fields=["note"])
        with pytest.raises(LockOrderViolation):
            acme.save()


@pytest.mark.parametrize("lock", [advisory_lock, try_advisory_lock])
def test_it_finds_an_advisory_lock_taken_late(orders, watch, lock):
    with transaction.atomic():
        lock_rows(Order.objects.all())
        with pytest.raises(LockOrderViolation, match="advisory is locked after scratch_order"):
            lock(LockKind.DEMO)


def test_it_finds_primary_keys_out_of_order(orders, watch):
    with transaction.atomic():
        Order.objects.filter(pk=orders[1].pk, note="").update(note="x")
        Order.objects.filter(note="x", pk=orders[2].pk).update(note="y")
        with pytest.raises(LockOrderViolation, match=f"scratch_order {orders[0].pk} is locked after"):
            Order.objects.filter(shop_id=1, pk=orders[0].pk).update(note="z")


def test_it_lets_a_row_be_locked_again(orders, watch):
    with transaction.atomic():
        for order in (orders[0], orders[2], orders[0]):
            Order.objects.filter(pk=order.pk).update(note="x")
    assert Lock("scratch_order", orders[0].pk) in watch.transactions[0]


def test_it_finds_rows_locked_in_no_order(orders, watch):
    with transaction.atomic(), pytest.raises(LockOrderViolation, match="in no order"):
        list(Order.objects.select_for_update())


def test_it_needs_no_order_for_one_row(orders, watch):
    with transaction.atomic():
        Order.objects.select_for_update().get(pk=orders[0].pk)


def test_it_does_not_judge_tables_that_are_not_listed(orders, acme):
    with LockOrder(("scratch_line",)), transaction.atomic():
        lock_rows(Line.objects.all())
        Shop.objects.filter(pk=acme.pk).update(name="x")


def test_it_begins_anew_with_each_transaction_of_the_code_under_test(orders, watch, acme):
    for __ in range(2):
        with transaction.atomic():
            lock_rows(Shop.objects.all())
            with transaction.atomic():
                lock_rows(Order.objects.all())
    assert [len(locks) for locks in watch.transactions] == [2, 2]


def test_an_inner_block_is_the_same_transaction(orders, watch, acme):
    with transaction.atomic():
        with transaction.atomic():
            lock_rows(Order.objects.all())
        with pytest.raises(LockOrderViolation):
            lock_rows(Shop.objects.all())


def test_a_refused_deed_ends_its_transaction(orders, watch, acme):
    with transaction.atomic():
        lock_rows(Order.objects.all())
        transaction.set_rollback(True)
    with transaction.atomic():
        lock_rows(Shop.objects.all())


@pytest.mark.django_db(transaction=True)
def test_it_follows_real_transactions():
    shop = Shop.objects.create(name="Acme")
    order = Order.objects.create(shop=shop)
    with LockOrder(ORDER) as watch:
        for __ in range(2):
            with transaction.atomic():
                lock_rows(Shop.objects.all())
                lock_rows(Order.objects.filter(pk=order.pk))
        Order.objects.filter(pk=order.pk).update(note="outside a block a statement")
        Shop.objects.filter(pk=shop.pk).update(name="is a transaction of its own")
    assert [len(locks) for locks in watch.transactions] == [2, 2, 1, 1]
    assert "commit" not in vars(connection)


def test_it_leaves_no_trace(orders, acme):
    before = list(connection.execute_wrappers)
    with LockOrder(ORDER):
        pass
    assert connection.execute_wrappers == before
    with transaction.atomic():
        lock_rows(Order.objects.all())
        lock_rows(Shop.objects.all())
