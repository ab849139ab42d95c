"""Completing an order: delivered, some days gone by, and no case open."""

import datetime as dt
from collections.abc import Sequence

from orders import standing
from orders.clocks import orders_of
from orders.models import Order
from orders.shown import Shown
from shops import deadlines, events
from shops.models import Deadline

#: How long an order with an open case waits until it is looked at again.
LOOK_AGAIN = dt.timedelta(days=1)


def complete(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """``open → completed`` where everything arrived and nothing is in dispute; the others wait another day."""
    orders = orders_of(deadlines_due, at)
    busy = standing.has_open_case(orders)
    ready = [o for o in orders if o.status == Order.Status.OPEN and o.delivered_at is not None and o.pk not in busy]
    Order.objects.filter(shop_id__in={o.shop_id for o in ready}, pk__in=[o.pk for o in ready]).update(
        status=Order.Status.COMPLETED, completed_at=at, fulfilment_status=Shown.COMPLETED
    )
    events.record_many(
        "order.completed",
        by=None,
        at=at,
        shop_ids=[order.shop_id for order in ready],
        subjects=[("order", order.code, {"delivered_at": order.delivered_at.isoformat()}) for order in ready],
    )
    done, waiting = {o.code for o in ready}, {o.code for o in orders if o.pk in busy}
    deadlines.end_all([r for r in deadlines_due if r.subject_code in done], outcome=Deadline.Ended.MET, at=at)
    deadlines.look_again([r for r in deadlines_due if r.subject_code in waiting], at=at + LOOK_AGAIN)
    over = {o.code for o in orders} - done - waiting
    deadlines.end_all([r for r in deadlines_due if r.subject_code in over], outcome=Deadline.Ended.VOID, at=at)
