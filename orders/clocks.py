"""What the verbs of due deadlines have in common: reaching their subjects without waiting for anybody.

The sweep holds the deadlines' rows; other verbs hold an order and then end its deadlines. So that the two never wait
for each other crosswise, a sweep takes only orders that nobody is at, and looks at the others again in a minute.
"""

import datetime as dt
from collections.abc import Sequence

from orders.models import Order, Package, ReturnRequest
from seller_center.kernel.locking import lock_rows
from shops import deadlines
from shops.models import Deadline

SOON = dt.timedelta(minutes=1)


def orders_of(due: Sequence[Deadline], at: dt.datetime) -> list[Order]:
    """The orders these clocks are about, locked; those somebody is at are left out, their clocks come again soon."""
    rows = Order.objects.filter(
        shop_id__in={row.shop_id for row in due}, code__in={row.subject_code for row in due}
    ).select_related("shop", "buyer")
    found = lock_rows(rows, skip_locked=True)
    _again({order.code for order in found}, due, at)
    return found


def packages_of(due: Sequence[Deadline], at: dt.datetime) -> list[Package]:
    """The packages these clocks are about, with their orders locked."""
    rows = Package.objects.filter(shop_id__in={row.shop_id for row in due}, code__in={row.subject_code for row in due})
    orders = _lock_orders(rows.values("order_id"), due)
    found = list(rows.filter(order__in=orders).select_related("order", "shop").order_by("id"))
    for package in found:
        package.order = orders[package.order_id]
    _again({package.code for package in found}, due, at)
    return found


def returns_of(due: Sequence[Deadline], at: dt.datetime) -> list[ReturnRequest]:
    """The returns these clocks are about, with their orders locked."""
    rows = ReturnRequest.objects.filter(
        shop_id__in={row.shop_id for row in due}, code__in={row.subject_code for row in due}
    )
    orders = _lock_orders(rows.values("order_id"), due)
    found = list(rows.filter(order__in=orders).select_related("shop").order_by("id"))
    for one in found:
        one.order = orders[one.order_id]
    _again({one.code for one in found}, due, at)
    return found


def _lock_orders(keys, due: Sequence[Deadline]) -> dict[int, Order]:
    rows = Order.objects.filter(shop_id__in={row.shop_id for row in due}, pk__in=keys).select_related("shop")
    return {order.pk: order for order in lock_rows(rows, skip_locked=True)}


def _again(reached: set[str], due: Sequence[Deadline], at: dt.datetime) -> None:
    missed = [row for row in due if row.subject_code not in reached]
    if missed:
        deadlines.look_again(missed, at=at + SOON)
