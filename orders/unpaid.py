"""Orders that nobody paid in time."""

import datetime as dt
from collections.abc import Sequence

from orders import cancellation
from orders.clocks import orders_of
from orders.models import Order
from shops.models import Deadline


def expire(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """The time for paying is over: whatever is still unpaid is cancelled, its units and coupons are given back.

    Money that arrives afterwards goes back (``orders.payments``).
    """
    orders = [order for order in orders_of(deadlines_due, at) if order.status == Order.Status.UNPAID]
    if orders:
        cancellation.end_unpaid(orders, reason="unpaid", at=at)
