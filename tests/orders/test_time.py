"""What time does: late, cancelled by itself, completed; nothing happens twice, nothing that was done in time."""

import pytest

from orders import cancellation, completing, holds, lateness, returns
from orders.models import Hold, Package, Refund
from shops.models import Deadline, ShopEvent
from tests.factories import orders as make
from tests.factories.catalog import item_of, make_product

HOUR, DAY = make.HOUR, make.DAY


def late(order, at):
    make.sweep("order.ship_by", order, at=at, verb=lateness.mark_late)


def forget(order, at):
    make.sweep("order.auto_cancel", order, at=at, verb=lateness.cancel_forgotten)


def test_it_marks_what_was_not_shipped_as_late_once(shop, at):
    order = make.make_open_order(shop, at=at)
    for hours in (73, 74):
        late(order, at + hours * HOUR)
    package = make.package_of(order)
    assert package.late_at == at + 73 * HOUR
    assert package.in_house
    assert ShopEvent.objects.filter(kind="package.late").count() == 1
    assert Deadline.objects.get(kind="order.ship_by").ended_as == "missed"
    make.ship(order, at=at + 75 * HOUR)
    assert ShopEvent.objects.get(kind="package.shipped").facts["in_time"] is False


def test_it_does_not_mark_what_was_shipped_or_is_held_by_the_marketplace(shop, reviewer, at):
    product = make_product(shop, on_hand=9)
    shipped = make.make_open_order(shop, product=product, at=at)
    make.ship(shipped)
    held = make.make_open_order(shop, product=product, at=at)
    holds.place(order=held, kind=Hold.Kind.STAFF, reason="Being checked", by=reviewer, at=at)
    for order in (shipped, held):
        late(order, at + 73 * HOUR)
    assert not Package.objects.filter(late_at__isnull=False).exists()
    running = Deadline.objects.get(kind="order.ship_by", ended_at=None)
    assert (running.subject_code, running.next_check_at) == (held.code, at + 74 * HOUR)


def test_it_cancels_what_was_forgotten_with_refund_and_the_sellers_fault(shop, at):
    product = make_product(shop, on_hand=5)
    order = make.make_open_order(shop, product=product, quantity=2, at=at)
    late(order, order.ship_by)
    forget(order, order.auto_cancel_at)
    order = make.fresh(order)
    assert (order.status, order.cancel_reason, order.cancel_fault) == ("cancelled", "not_shipped", "seller")
    assert make.payment_of(order).refunded_minor == order.total_minor
    assert (item_of(product).reserved, item_of(product).on_hand) == (0, 5)
    assert Deadline.objects.get(kind="order.auto_cancel").ended_as == "missed"
    assert not Deadline.objects.filter(ended_at=None).exists()
    forget(order, order.auto_cancel_at + DAY)
    assert Refund.objects.count() == 1


def test_it_cancels_only_what_is_still_here(shop, at):
    from orders.models import PackageLine

    product = make_product(shop, on_hand=5)
    order = make.make_open_order(shop, product=product, quantity=3, at=at)
    first, line = make.package_of(order), make.line_of(order)
    PackageLine.objects.filter(package=first).update(quantity=1)
    second = Package.objects.create(shop=shop, order=order, code=f"{order.code}-2", opened_at=at)
    PackageLine.objects.create(shop=shop, package=second, line=line, quantity=2)
    make.ship(order, at=at + 2 * HOUR)
    forget(order, order.auto_cancel_at)
    order, line = make.fresh(order), make.line_of(order)
    assert (order.status, order.shown_status) == ("open", "shipped")
    assert (line.cancelled_quantity, line.refunded_quantity) == (2, 2)
    assert Package.objects.get(pk=second.pk).status == "cancelled"
    assert (item_of(product).on_hand, item_of(product).reserved) == (4, 0)


def test_it_handles_many_due_orders_in_one_sweep(shop, other_shop, at):
    from seller_center import inbox

    orders = []
    for one in (shop, other_shop):
        product = make_product(one, on_hand=50)
        orders += [make.make_open_order(one, product=product, at=at) for _number in range(5)]
    inbox.sweep(at + 73 * HOUR)
    assert Package.objects.filter(late_at__isnull=False).count() == 10
    inbox.sweep(at + 73 * HOUR + 7 * DAY)
    assert {make.fresh(order).status for order in orders} == {"cancelled"}
    assert Refund.objects.count() == 10
    assert not Deadline.objects.filter(ended_at=None).exists()


def test_it_completes_what_arrived_when_no_case_is_open(shop, at):
    order = make.make_delivered_order(shop, at=at)
    asked = returns.request(
        order=order, kind="return_and_refund", reason="defective", units={make.line_of(order).pk: 1}, at=at + 6 * DAY
    )
    make.sweep("order.complete", order, at=at + 12 * DAY, verb=completing.complete)
    assert make.fresh(order).status == "open"
    returns.withdraw(return_request=asked, at=at + 12 * DAY)
    make.sweep("order.complete", order, at=at + 13 * DAY, verb=completing.complete)
    order = make.fresh(order)
    assert (order.status, order.completed_at) == ("completed", at + 13 * DAY)


# -- cancelling -------------------------------------------------------------------------------------------------------


def test_it_lets_the_buyer_cancel_freely_for_an_hour_and_no_longer(shop, at):
    product = make_product(shop, on_hand=5)
    order = make.pay(make.make_order(shop, product=product, at=at), at=at)
    cancellation.cancel_by_buyer(order=order, reason="changed_mind", at=at + HOUR / 2)
    order = make.fresh(order)
    assert (order.status, order.cancel_fault) == ("cancelled", "buyer")
    assert make.payment_of(order).refunded_minor == order.total_minor
    assert item_of(product).reserved == 0
    assert order.buyer.order_count == 0
    late_one = make.make_open_order(shop, product=product, at=at)
    with pytest.raises(cancellation.NotCancellable, match="time in which an order can be cancelled freely is over"):
        cancellation.cancel_by_buyer(order=late_one, reason="changed_mind", at=at + 2 * HOUR)


def test_it_cancels_units_of_a_line_and_gives_back_their_share(shop, owner, at):
    product = make_product(shop, price_minor=1000, on_hand=9)
    order = make.make_open_order(shop, product=product, quantity=3, at=at)
    line = make.line_of(order)
    cancellation.cancel(order=order, units={line.pk: 1}, reason="out_of_stock", by=owner, at=at)
    line, refund = make.line_of(order), Refund.objects.get()
    assert (line.cancelled_quantity, line.refunded_quantity) == (1, 1)
    assert (refund.goods_minor, refund.shipping_minor, refund.fault) == (1000, 200, "seller")
    assert item_of(product).reserved == 2
    order = make.fresh(order)
    assert (order.status, order.shown_status) == ("open", "awaiting_shipment")
    cancellation.cancel(order=order, units={line.pk: 2}, reason="buyer_asked", by=owner, at=at)
    order = make.fresh(order)
    assert (order.status, order.cancel_reason) == ("cancelled", "buyer_asked")
    assert make.payment_of(order).refunded_minor == order.total_minor
    assert item_of(product).reserved == 0


def test_it_gives_a_coupon_back_once_when_the_whole_order_goes(shop, owner, at):
    from tests.orders.test_intake import make_coupon

    product = make_product(shop, price_minor=1000, on_hand=9)
    coupon = make_coupon(shop, at, limit_count=1)
    order = make.make_open_order(shop, product=product, quantity=2, coupon_code="SAVE10", at=at)
    line = make.line_of(order)
    cancellation.cancel(order=order, units={line.pk: 1}, reason="out_of_stock", by=owner, at=at)
    coupon.refresh_from_db()
    assert coupon.redeemed_count == 1
    cancellation.cancel(order=order, reason="out_of_stock", by=owner, at=at)
    coupon.refresh_from_db()
    assert coupon.redeemed_count == 0
    assert make.payment_of(order).refunded_minor == order.total_minor


def test_it_refuses_to_cancel_what_has_left_or_ended(shop, owner, at):
    order = make.make_open_order(shop, at=at)
    line = make.line_of(order)
    with pytest.raises(cancellation.NotCancellable, match="still in the house"):
        cancellation.cancel(order=order, units={line.pk: 2}, reason="out_of_stock", by=owner, at=at)
    make.ship(order)
    with pytest.raises(cancellation.NotCancellable, match="left the house"):
        cancellation.cancel(order=order, reason="out_of_stock", by=owner, at=at)
    from seller_center.kernel.errors import Invalid

    with pytest.raises(Invalid, match="reason"):
        cancellation.cancel(order=order, reason="fraud", by=owner, at=at)
