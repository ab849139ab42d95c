"""One order through its whole life, by the real verbs and sweeps."""

import datetime as dt

from catalog.models import Reservation
from orders import completing, returns
from orders.models import Order, Package, Refund, ReturnRequest
from shops.models import Deadline, ShopEvent
from tests.factories import orders as make
from tests.factories.catalog import item_of, make_product, sku_of

HOUR, DAY = make.HOUR, make.DAY


def test_it_goes_from_the_basket_to_the_refund(shop, packer, at):
    product = make_product(shop, price_minor=2000, on_hand=10)
    order = make.make_order(shop, product=product, quantity=3, at=at)
    assert (order.status, order.goods_minor, order.shipping_minor, order.tax_minor) == ("unpaid", 6000, 0, 375)
    assert order.total_minor == 6375
    assert item_of(product).reserved == 3

    order = make.pay(order, at=at + dt.timedelta(minutes=5))
    assert order.status == Order.Status.COOLING_OFF
    assert order.ship_by == order.paid_at + 72 * HOUR
    assert Reservation.objects.get().until is None

    order = make.open_up(order)
    package = make.package_of(order)
    assert (order.status, order.shown_status, package.code) == ("open", "awaiting_shipment", f"{order.code}-1")

    package = make.ship(order, by=packer, at=at + 2 * HOUR)
    stock = item_of(product)
    assert (package.status, stock.on_hand, stock.reserved) == ("awaiting_collection", 7, 0)
    assert make.fresh(order).shown_status == "shipped"

    package = make.deliver(package, at=at + 4 * DAY)
    order = make.fresh(order)
    assert (package.status, order.shown_status, order.delivered_at) == ("delivered", "delivered", at + 4 * DAY)

    make.sweep("order.complete", order, at=at + 11 * DAY, verb=completing.complete)
    order = make.fresh(order)
    assert (order.status, order.shown_status) == ("completed", "completed")

    asked = returns.request(
        order=order,
        kind="return_and_refund",
        reason="defective",
        units={make.line_of(order).pk: 2},
        at=at + 12 * DAY,
    )
    returns.approve(return_request=asked, by=packer, at=at + 13 * DAY)
    returns.send_back(return_request=asked, carrier="ups", tracking_number="1Z", at=at + 14 * DAY)
    returns.receive(return_request=asked, by=packer, at=at + 17 * DAY)
    asked = returns.refund(return_request=asked, by=packer, at=at + 18 * DAY, restock=True)
    refund = Refund.objects.get()
    assert (asked.status, refund.quantity, refund.goods_minor, refund.tax_minor) == ("refunded", 2, 4000, 250)
    assert make.payment_of(order).refunded_minor == refund.total_minor == 4250
    assert item_of(product).on_hand == 9

    kinds = list(ShopEvent.objects.order_by("id").values_list("kind", flat=True))
    expected = [
        "order.placed", "order.paid", "order.opened", "package.shipped", "package.collected", "package.delivered",
        "order.completed", "return.requested", "return.approved", "return.shipped_back", "return.received",
        "refund.made",
    ]  # fmt: skip
    assert [kind for kind in kinds if kind.split(".")[0] in ("order", "package", "return", "refund")] == expected
    running = set(Deadline.objects.filter(ended_at=None).values_list("kind", flat=True))
    assert running == {"return.close"}
    assert ReturnRequest.objects.get().restocked
    assert Package.objects.get().late_at is None
    assert sku_of(product) == make.line_of(order).sku
