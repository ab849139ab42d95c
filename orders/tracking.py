"""What carriers tell about packages: scans by callback and by asking, each taken once, in whatever order they come.

A scan moves a package forward only; one that comes late or twice changes nothing but the list of scans. A carrier that
has scanned a package that nobody marked as shipped has it: the same verb marks it.
"""

import datetime as dt
import logging
from collections.abc import Iterable

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from orders import fulfilment, lateness, standing
from orders.carriers import CARRIERS, Carrier, Scan
from orders.models import Label, Order, Package, TrackingCursor, TrackingEvent
from orders.sandbox import NotConnected
from seller_center.kernel.errors import DomainError
from seller_center.kernel.failpoints import failpoint
from seller_center.kernel.http import HttpRefused, Unreachable
from seller_center.kernel.locking import lock_row
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.models import Shop
from shops.policy_book import policy_for
from shops.scope import scope

log = logging.getLogger(__name__)

#: Scans that say where a parcel ended up against its will.
BACK = frozenset({"returned_to_sender", "undeliverable"})
#: Pages of scans that one poll reads at most from one carrier.
MOST_PAGES = 50


def record_scan(*, carrier: str, scan: Scan, at: dt.datetime) -> int:
    """Take a scan to every package with its number. Returns for how many it was news; a repeat is news for none."""
    return sum(_take(package, scan, at) for package in _packages(carrier, scan))


def _packages(carrier: str, scan: Scan) -> Iterable[Package]:
    """By the code printed on the label, which carries the shop's; else by the number of a package or a bought label."""
    rows = Package.objects.select_related("order", "shop")
    if scan.reference:
        shop = Shop.objects.filter(code=scan.reference[:4]).first()
        found = list(rows.in_shop(shop).of_code(scan.reference)) if shop else []
        named = [package for package in found if _carries(package, carrier, scan.tracking_number)]
        if named:
            return named
    found = list(rows.with_number(carrier, scan.tracking_number))
    if found:
        return found
    labels = Label.objects.filter(carrier=carrier, tracking_number=scan.tracking_number, status=Label.Status.BOUGHT)
    return list(rows.filter(pk__in=labels.order_by().values("package_id")))


def _carries(package: Package, carrier: str, number: str) -> bool:
    if package.tracking_number:
        return (package.carrier, package.tracking_number) == (carrier, number)
    return Label.objects.of_package(package).filter(carrier=carrier, tracking_number=number, status="bought").exists()


def _take(package: Package, scan: Scan, at: dt.datetime) -> bool:
    with scope(package.shop, by=None):
        order = lock_row(Order.objects.in_shop(package.shop).filter(pk=package.order_id).select_related("shop"))
        if not _is_news(package, scan, at):
            return False
        package = Package.objects.in_shop(package.shop).get(pk=package.pk)
        package.order, package.shop = order, order.shop
        if package.in_house:
            package = _shipped_by_carrier(package, scan)
        if package.shipped:
            _follow(package, scan, at)
        failpoint("tracking.before_commit")
    return True


def _is_news(package: Package, scan: Scan, at: dt.datetime) -> bool:
    """Write the scan down, unless it stands there already."""
    table = TrackingEvent._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table}"  # noqa: S608 - the name of our own table
            " (shop_id, package_id, carrier_event_id, status, sentence, place, at, received_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (shop_id, package_id, carrier_event_id) DO NOTHING",
            [
                package.shop_id,
                package.pk,
                (scan.id or f"{scan.status}:{scan.at.isoformat()}")[:80],
                scan.status[:20],
                scan.sentence[:200],
                scan.place[:120],
                scan.at,
                at,
            ],
        )
        return cursor.rowcount == 1


def _shipped_by_carrier(package: Package, scan: Scan) -> Package:
    """The carrier has it, though nobody said that it left: it was shipped with the label bought for it."""
    label = Label.objects.of_package(package).filter(status=Label.Status.BOUGHT).first()
    if label is None:
        return package
    try:
        return fulfilment.mark_shipped(
            package=package, carrier=label.carrier, tracking_number=label.tracking_number, by=None, at=scan.at
        )
    except DomainError as refusal:
        log.warning("Package %s was scanned but cannot count as shipped: %s", package.code, refusal)
        return package


def _follow(package: Package, scan: Scan, at: dt.datetime) -> None:
    """Move the package as far as this scan says it has come, never back."""
    changes = {"last_scan_at": max(filter(None, [package.last_scan_at, scan.at]))}
    first = package.collected_at is None
    if first or scan.at < package.collected_at:
        changes["collected_at"] = scan.at
    Package.objects.in_shop(package.shop).filter(pk=package.pk).update(**changes)
    for name, value in changes.items():
        setattr(package, name, value)
    if first:
        deadlines.meet(
            shop=package.shop, subject_kind="package", subject_code=package.code, at=at, kind="package.collect_by"
        )
        _record("package.collected", package, scan, at, place=scan.place)
    _move(package, scan, at)


def _move(package: Package, scan: Scan, at: dt.datetime) -> None:
    if scan.status == "delivered":
        if package.status != Package.Status.DELIVERED and _may(package, "delivered"):
            _deliver(package, scan, at)
    elif scan.status in BACK:
        if _may(package, "returned_to_sender"):
            move(package, Package.Status.RETURNED_TO_SENDER)
            deadlines.void(shop=package.shop, subject_kind="package", subject_code=package.code, at=at)
            standing.refresh([package.order])
            _record("package.returned_to_sender", package, scan, at, place=scan.place)
    elif scan.status == "lost":
        if _may(package, "lost"):
            lateness.lose(package, why=_("the carrier says so"), at=at)
    elif _may(package, "in_transit"):
        move(package, Package.Status.IN_TRANSIT)
        standing.refresh([package.order])


def _may(package: Package, status: str) -> bool:
    return Package.MOVES.allows(package.status, status)


def _deliver(package: Package, scan: Scan, at: dt.datetime) -> None:
    order = package.order
    move(package, Package.Status.DELIVERED, delivered_at=scan.at)
    deadlines.meet(shop=package.shop, subject_kind="package", subject_code=package.code, at=at)
    standing.refresh([order])
    _record("package.delivered", package, scan, at, place=scan.place)
    if standing.all_delivered(order):
        arrived(order, at)


def arrived(order: Order, at: dt.datetime) -> None:
    """Everything of the order, which is locked by the caller, has arrived: the clock to its completion begins."""
    last = Package.objects.of_order(order).filter(delivered_at__isnull=False).order_by("-delivered_at").first()
    if last is None:
        return
    Order.objects.in_shop(order.shop).filter(pk=order.pk).update(delivered_at=last.delivered_at)
    order.delivered_at = last.delivered_at
    policy = policy_for(order.shop, at)
    deadlines.set_deadline(
        shop=order.shop,
        kind="order.complete",
        subject_kind="order",
        subject_code=order.code,
        due_at=last.delivered_at + dt.timedelta(days=policy.sla.complete_days),
        at=at,
        policy_version_id=policy.version_id,
        label=order.code,
    )


def _record(kind: str, package: Package, scan: Scan, at: dt.datetime, **facts) -> None:
    events.record(
        kind,
        shop=package.shop,
        subject_kind="package",
        subject_code=package.code,
        by=None,
        at=scan.at if kind != "package.late" else at,
        order_code=package.order.code,
        carrier=package.carrier,
        **facts,
    )


# -- asking the carriers ----------------------------------------------------------------------------------------------


def poll(at: dt.datetime, *, dry_run: bool = False) -> dict[str, int]:
    """Ask every carrier that tells scans for what is new since last time. Carrier → scans that were news.

    A carrier that is away delays scans, never anything else: its turn comes again. May run twice at once.
    """
    return {carrier.code: _poll(carrier, at, dry_run) for carrier in CARRIERS.values() if carrier.sells_labels}


def _poll(carrier: Carrier, at: dt.datetime, dry_run: bool) -> int:
    cursor, _made = TrackingCursor.objects.get_or_create(source=carrier.code)
    news, position = 0, cursor.position
    for _page in range(MOST_PAGES):
        try:
            page = carrier.scans(position)
        except (Unreachable, HttpRefused, NotConnected) as error:
            log.warning("%s cannot be asked for scans: %s", carrier.name, error)
            TrackingCursor.objects.filter(pk=cursor.pk).update(last_error=str(error)[:200])
            break
        if dry_run:
            news += len(page.scans)
        else:
            news += sum(_take_safely(carrier.code, scan, at) for scan in page.scans)
            _advance(cursor, page.next, at)
        if not page.more or page.next <= position:
            break
        position = page.next
    return news


def _take_safely(carrier: str, scan: Scan, at: dt.datetime) -> int:
    """One scan that cannot be taken must not hold up the others; it is logged and lost only if nobody asks again."""
    try:
        return record_scan(carrier=carrier, scan=scan, at=at)
    except Exception:
        log.exception("Scan %s of %s could not be taken", scan.id, scan.tracking_number)
        return 0


def _advance(cursor: TrackingCursor, position: int, at: dt.datetime) -> None:
    """Forward only, whoever else polls at the same time."""
    TrackingCursor.objects.filter(pk=cursor.pk, position__lt=position).update(
        position=position, moved_at=at, last_error=""
    )
    TrackingCursor.objects.filter(pk=cursor.pk, position=F("position")).exclude(last_error="").update(last_error="")
