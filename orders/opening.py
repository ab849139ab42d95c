"""The free hour is over: orders are opened for shipping, each with its package."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from orders.clocks import orders_of
from orders.models import Order, OrderLine, Package, PackageLine
from orders.shown import Shown
from shops import deadlines, events
from shops.models import Deadline


def open_orders(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """``cooling_off → open`` where the buyer may no longer cancel freely; one package each, awaiting shipment."""
    orders = [order for order in orders_of(deadlines_due, at) if order.status == Order.Status.COOLING_OFF]
    keys, shops = [order.pk for order in orders], {order.shop_id for order in orders}
    Order.objects.filter(shop_id__in=shops, pk__in=keys).update(
        status=Order.Status.OPEN, fulfilment_status=Shown.AWAITING_SHIPMENT
    )
    packages = _pack(orders, at)
    events.record_many(
        "order.opened",
        by=None,
        at=at,
        shop_ids=[order.shop_id for order in orders],
        subjects=[("order", order.code, {"package_codes": [packages[order.pk].code]}) for order in orders],
    )
    opened = {order.code for order in orders}
    ended = [row for row in deadlines_due if row.subject_code in opened]
    deadlines.end_all(ended, outcome=Deadline.Ended.MET, at=at)


def _pack(orders: Sequence[Order], at: dt.datetime) -> dict[int, Package]:
    """One package per order with everything that is not cancelled; order id → package."""
    units = defaultdict(list)
    rows = OrderLine.objects.filter(
        shop_id__in={order.shop_id for order in orders}, order__in=[order.pk for order in orders]
    )
    for line in rows.order_by("id"):
        if line.live_quantity:
            units[line.order_id].append(line)
    packages = [Package(shop_id=order.shop_id, order=order, code=f"{order.code}-1", opened_at=at) for order in orders]
    Package.objects.bulk_create(packages)
    PackageLine.objects.bulk_create(
        PackageLine(shop_id=package.shop_id, package=package, line=line, quantity=line.live_quantity)
        for package in packages
        for line in units[package.order_id]
    )
    return {package.order_id: package for package in packages}
