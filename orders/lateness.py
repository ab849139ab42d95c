"""What time does to orders and packages: late, forgotten, not collected, lost. The sweep's verbs, for many at once."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from django.utils.translation import gettext as _

from orders import cancellation, standing
from orders.clocks import orders_of, packages_of
from orders.models import Order, Package
from seller_center.kernel.text import counted
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.models import Deadline
from shops.policy_book import policy_for

#: How long a clock waits that the marketplace's own hold has stopped, until it is looked at again.
LOOK_AGAIN = dt.timedelta(hours=1)


def mark_late(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """What should have been shipped by now and was not is late; it is counted once and for good."""
    orders = _not_paused(deadlines_due, at)
    late = _still_in_house([order for order in orders if order.status == Order.Status.OPEN])
    rows = [(order, package) for order in orders for package in late[order.pk] if package.late_at is None]
    Package.objects.filter(
        shop_id__in={order.shop_id for order, _package in rows}, pk__in=[package.pk for _order, package in rows]
    ).update(late_at=at)
    events.record_many(
        "package.late",
        by=None,
        at=at,
        shop_ids=[order.shop_id for order, _package in rows],
        subjects=[
            ("package", package.code, {"order_code": order.code, "ship_by": order.ship_by.isoformat()})
            for order, package in rows
        ],
    )
    missed = {order.code for order, _package in rows}
    _end(deadlines_due, missed, Deadline.Ended.MISSED, at)
    _end(deadlines_due, {order.code for order in orders} - missed, Deadline.Ended.VOID, at)


def cancel_forgotten(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """Days after the promise to ship was broken the order is cancelled with refund: the seller's fault.

    What has left the house stays under way; only units that are still here are cancelled.
    """
    orders = _not_paused(deadlines_due, at)
    here = _still_in_house([order for order in orders if order.status == Order.Status.OPEN])
    forgotten = [order for order in orders if here[order.pk]]
    missed = {order.code for order in forgotten}
    _end(deadlines_due, missed, Deadline.Ended.MISSED, at)
    _end(deadlines_due, {order.code for order in orders} - missed, Deadline.Ended.VOID, at)
    if forgotten:
        cancellation.end_in_house(forgotten, reason="not_shipped", at=at)


def _not_paused(due: Sequence[Deadline], at: dt.datetime) -> list[Order]:
    """The orders of these clocks, but those that the marketplace itself holds: their seller cannot ship."""
    orders = orders_of(due, at)
    held = standing.held_by_marketplace(orders)
    waiting = {order.code for order in orders if order.pk in held}
    deadlines.look_again([row for row in due if row.subject_code in waiting], at=at + LOOK_AGAIN)
    return [order for order in orders if order.pk not in held]


def not_collected(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """The carrier has not scanned the package in time: the promise is broken, the package waits on."""
    _judge(deadlines_due, at, kept=lambda package: package.collected_at is not None)


def not_delivered(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """The package has not arrived in time."""
    _judge(deadlines_due, at, kept=lambda package: package.status == Package.Status.DELIVERED)


def _judge(due: Sequence[Deadline], at: dt.datetime, *, kept) -> None:
    packages = packages_of(due, at)
    met = {package.code for package in packages if kept(package)}
    _end(due, met, Deadline.Ended.MET, at)
    _end(due, {package.code for package in packages} - met, Deadline.Ended.MISSED, at)


def mark_lost(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """No scan for so many days means lost. A scan in between moves the end of the clock."""
    again = defaultdict(list)
    for package in packages_of(deadlines_due, at):
        rows = [row for row in deadlines_due if row.subject_code == package.code]
        if package.status not in ("awaiting_collection", "in_transit"):
            deadlines.end_all(rows, outcome=Deadline.Ended.VOID, at=at)
            continue
        days = policy_for(package.shop, at).sla.lost_after_days
        ends = max(filter(None, [package.shipped_at, package.last_scan_at])) + dt.timedelta(days=days)
        if ends > at:
            again[ends] += rows
            continue
        lose(package, why=_("no scan for %(days)s") % {"days": counted(days, "days")}, at=at)
    for moment, rows in again.items():
        deadlines.look_again(rows, at=moment)


def lose(package: Package, *, why: str, at: dt.datetime) -> None:
    """The package, whose order is locked by the caller, counts as lost; its clocks end."""
    move(package, Package.Status.LOST)
    deadlines.void(shop=package.shop, subject_kind="package", subject_code=package.code, at=at)
    standing.refresh([package.order])
    events.record(
        "package.lost",
        shop=package.shop,
        subject_kind="package",
        subject_code=package.code,
        by=None,
        at=at,
        order_code=package.order.code,
        carrier=package.carrier,
        why=why,
    )


def _still_in_house(orders: Sequence[Order]) -> dict[int, list[Package]]:
    found = defaultdict(list)
    rows = Package.objects.filter(
        shop_id__in={order.shop_id for order in orders}, order__in=[order.pk for order in orders]
    ).awaiting_shipment()
    for package in rows.order_by("id"):
        found[package.order_id].append(package)
    return found


def _end(due: Sequence[Deadline], codes: set[str], outcome: str, at: dt.datetime) -> None:
    deadlines.end_all([row for row in due if row.subject_code in codes], outcome=outcome, at=at)
