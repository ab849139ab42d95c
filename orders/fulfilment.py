"""Shipping: marking a package as shipped, correcting its number. One verb for browser, admin, API and command."""

import datetime as dt

from django.db.models import F, TextField, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from catalog import stock
from catalog.models import Reservation
from orders import carriers, holds, sla, standing
from orders.models import Order, OrderLine, Package, PackageLine
from seller_center.kernel.errors import DomainError
from seller_center.kernel.failpoints import failpoint
from seller_center.kernel.locking import lock_row
from seller_center.kernel.text import counted
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.models import Deadline
from shops.policy import Policy
from shops.policy_book import policy_for, policy_version
from shops.scope import scope


class NotShippable(DomainError):
    """The package cannot be shipped as things stand."""

    code = "not_shippable"


class AlreadyShipped(DomainError):
    """The package was shipped under another number."""

    code = "already_shipped"


class NumberInUse(DomainError):
    """The tracking number belongs to a package for somebody else."""

    code = "number_in_use"
    field = "tracking_number"


class TooLateToCorrect(DomainError):
    """A tracking number may be corrected for a while only (policy ``sla.tracking_edit_hours``)."""

    code = "too_late_to_correct"


def mark_shipped(*, package: Package, carrier: str, tracking_number: str, by, at: dt.datetime) -> Package:
    """The package leaves the house with this number: ``awaiting_shipment → awaiting_collection``.

    The same number again is a repeated click and fine. Refused with a sentence: an order on hold or in its free hour, a
    cancelled package, units that were never set aside, an implausible number, one that goes to somebody else. The units
    are consumed, the promise to ship is kept, the carrier's clocks begin.
    """
    number = carriers.carrier(carrier).check_number(tracking_number)
    with scope(package.shop, by=by):
        order = lock_row(Order.objects.in_shop(package.shop).filter(pk=package.order_id).select_related("shop"))
        package = Package.objects.in_shop(package.shop).get(pk=package.pk)
        package.order = order
        if package.shipped:
            return _shipped_before(package, carrier, number)
        _refuse_if_not_shippable(package, order)
        _refuse_if_elsewhere(package, carrier, number)
        claims = _claims(package)
        move(
            package,
            Package.Status.AWAITING_COLLECTION,
            carrier=carrier,
            tracking_number=number,
            shipped_at=at,
            shipped_by=by,
        )
        _let_be_found(order, number)
        standing.refresh([order])
        _start_clocks(package, order, at)  # before the stock: a sweep holds clocks while it waits for stock
        events.record(
            "package.shipped",
            shop=package.shop,
            subject_kind="package",
            subject_code=package.code,
            by=by,
            at=at,
            order_code=order.code,
            carrier=carrier,
            tracking_number=number,
            in_time=order.ship_by is not None and at <= order.ship_by,
        )
        stock.consume(shop=package.shop, reservations=claims, by=by, at=at)
        failpoint("fulfilment.before_commit")
    return package


def _let_be_found(order: Order, number: str) -> None:
    """The search finds an order by the numbers on its parcels, too: it is what a buyer or a carrier names."""
    told = Concat(F("search_text"), Value(f" {number.upper()}"), output_field=TextField())
    Order.objects.in_shop(order.shop).filter(pk=order.pk).update(search_text=told)


def _shipped_before(package: Package, carrier: str, number: str) -> Package:
    if (package.carrier, package.tracking_number) == (carrier, number):
        return package
    raise AlreadyShipped(
        _("This package was shipped with %(carrier)s, number %(number)s. Correct the number instead.")
        % {"carrier": carriers.carrier(package.carrier).name, "number": package.tracking_number}
    )


def _refuse_if_not_shippable(package: Package, order: Order) -> None:
    if package.status == Package.Status.CANCELLED or order.status == Order.Status.CANCELLED:
        raise NotShippable(_("This package was cancelled; do not ship it."))
    if order.status != Order.Status.OPEN:
        raise NotShippable(_("The buyer may still cancel freely; the package can be shipped when that hour is over."))
    holds.refuse_if_held(order)


def _refuse_if_elsewhere(package: Package, carrier: str, number: str) -> None:
    """The same parcel may carry several orders of one buyer, never those of two."""
    others = Package.objects.in_shop(package.shop).with_number(carrier, number).exclude(pk=package.pk)
    other = others.exclude(order__buyer=package.order.buyer_id).first()
    if other is not None:
        raise NumberInUse(
            _("The number %(number)s belongs to package %(code)s, which goes to another buyer.")
            % {"number": number, "code": other.code}
        )


def _claims(package: Package) -> list[Reservation]:
    """The reservations of exactly the units in this package; split off where the line goes in several parcels."""
    rows = PackageLine.objects.in_shop(package.shop).filter(package=package).select_related("line__reservation")
    claims = []
    for row in rows.order_by("id"):
        claim = row.line.reservation
        if claim is None or claim.ended:
            raise NotShippable(_("The units of %(sku)s are not set aside for this order.") % {"sku": row.line.sku_code})
        if row.quantity < claim.quantity:
            claim = stock.split(shop=package.shop, reservation=claim, quantity=row.quantity)
        claims.append(claim)
    if not claims:
        raise NotShippable(_("There is nothing in this package."))
    return claims


def _policy_of(order: Order, at: dt.datetime) -> Policy:
    return policy_version(order.policy_version_id) if order.policy_version_id else policy_for(order.shop, at)


def _start_clocks(package: Package, order: Order, at: dt.datetime) -> None:
    """The promise to ship is kept once nothing is left in the house; the carrier's clocks begin with the package."""
    if not Package.objects.of_order(order).awaiting_shipment().exists():
        deadlines.meet(
            shop=order.shop,
            subject_kind="order",
            subject_code=order.code,
            at=at,
            kind=("order.ship_by", "order.auto_cancel"),
        )
    if not carriers.carrier(package.carrier).sells_labels:
        return  # a carrier that tells us nothing: no clock could ever be met
    policy = _policy_of(order, at)
    due = {
        "package.collect_by": sla.collect_by(policy.sla, order.ship_by or at, at),
        "package.deliver_by": sla.deliver_by(policy.sla, at),
        "package.silence": at + dt.timedelta(days=policy.sla.lost_after_days),
    }
    Deadline.objects.bulk_create(
        deadlines.build(
            shop_id=package.shop_id,
            kind=kind,
            subject_kind="package",
            subject_code=package.code,
            due_at=moment,
            at=at,
            policy_version_id=policy.version_id,
            label=package.code,
        )
        for kind, moment in due.items()
    )


def correct_number(*, package: Package, carrier: str, tracking_number: str, by, at: dt.datetime) -> Package:
    """Another number for a package that was shipped: within the policy's hours, before the carrier has scanned it."""
    number = carriers.carrier(carrier).check_number(tracking_number)
    with scope(package.shop, by=by):
        order = lock_row(Order.objects.in_shop(package.shop).filter(pk=package.order_id).select_related("shop"))
        package = Package.objects.in_shop(package.shop).get(pk=package.pk)
        package.order = order
        if not package.shipped:
            raise NotShippable(_("This package has not been shipped yet."))
        if (package.carrier, package.tracking_number) == (carrier, number):
            return package
        hours = _policy_of(order, at).sla.tracking_edit_hours
        if package.collected_at is not None or at > package.shipped_at + dt.timedelta(hours=hours):
            raise TooLateToCorrect(
                _("A number can be corrected within %(hours)s, and only before the carrier has scanned it.")
                % {"hours": counted(hours, "hours")}
            )
        _refuse_if_elsewhere(package, carrier, number)
        old = {"old_carrier": package.carrier, "old_tracking_number": package.tracking_number}
        Package.objects.in_shop(package.shop).filter(pk=package.pk).update(carrier=carrier, tracking_number=number)
        package.carrier, package.tracking_number = carrier, number
        _let_be_found(order, number)
        events.record(
            "package.renumbered",
            shop=package.shop,
            subject_kind="package",
            subject_code=package.code,
            by=by,
            at=at,
            order_code=order.code,
            carrier=carrier,
            tracking_number=number,
            **old,
        )
    return package


def lines_of(package: Package) -> list[tuple[OrderLine, int]]:
    """What is in a package: line and units, as ordered."""
    rows = PackageLine.objects.in_shop(package.shop).filter(package=package).select_related("line").order_by("line_id")
    return [(row.line, row.quantity) for row in rows]
