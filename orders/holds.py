"""Stopping an order for a reason, and letting it go again. Nothing ships while a hold stands."""

import datetime as dt

from django.utils.translation import gettext as _

from catalog import stock
from orders.models import Hold, Order, OrderLine
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.locking import lock_row, must_update_one
from shops import events
from shops.scope import scope


class OrderHeld(DomainError):
    """Something was to be done that a hold forbids; the sentence names its reason."""

    code = "on_hold"


class OrderEnded(DomainError):
    """The order is completed or cancelled."""

    code = "order_ended"


def place(*, order: Order, kind: str, reason: str, by, at: dt.datetime) -> Hold:
    """Hold an order. A second hold of the same kind is refused with how it stands."""
    reason = reason.strip()[:300]
    if not reason:
        raise Invalid(_("Give a reason."), field="reason")
    with scope(order.shop, by=by):
        order = lock_row(Order.objects.in_shop(order.shop).filter(pk=order.pk))
        if order.ended:
            raise OrderEnded(_("The order has ended; there is nothing to hold."))
        standing = Hold.objects.of_order(order).standing().filter(kind=kind).first()
        if standing is not None:
            raise OrderHeld(_("The order is already on hold: %(reason)s") % {"reason": standing.reason})
        return write(order=order, kind=kind, reason=reason, by=by, at=at)


def write(*, order: Order, kind: str, reason: str, by, at: dt.datetime) -> Hold:
    """Write a hold for an order that the caller has locked, or has just made."""
    hold = Hold.objects.create(shop=order.shop, order=order, kind=kind, reason=reason[:300], placed_at=at, placed_by=by)
    _record("order.held", order, hold, hold.reason, by, at)
    return hold


def release(*, hold: Hold, reason: str, by, at: dt.datetime) -> Hold:
    """Let the order go. One held for lack of stock takes its units now, or is refused with what is missing."""
    reason = reason.strip()[:300]
    if not reason:
        raise Invalid(_("Say why the order may go on."), field="reason")
    with scope(hold.shop, by=by):
        order = lock_row(Order.objects.in_shop(hold.shop).filter(pk=hold.order_id))
        if hold.kind == Hold.Kind.STOCK and not order.ended:
            take_stock(order, at)
        standing = Hold.objects.in_shop(hold.shop).standing().filter(pk=hold.pk)
        must_update_one(
            standing.update(released_at=at, released_by=by, release_reason=reason),
            _("This hold has been released already."),
        )
        hold.released_at, hold.released_by, hold.release_reason = at, by, reason
        _record("order.released", order, hold, reason, by, at)
    return hold


def refuse_if_held(order: Order) -> None:
    """Raise ``OrderHeld`` with the reason of the oldest standing hold."""
    standing = Hold.objects.of_order(order).standing().first()
    if standing is not None:
        raise OrderHeld(
            _("The order is on hold (%(kind)s): %(reason)s")
            % {"kind": standing.get_kind_display().lower(), "reason": standing.reason}
        )


def take_stock(order: Order, at: dt.datetime) -> None:
    """Set aside what the order's lines still lack. ``OutOfStock`` names what is missing."""
    lines = [
        line
        for line in OrderLine.objects.of_order(order).select_related("reservation")
        if line.live_quantity and (line.reservation is None or line.reservation.ended_as in ("released", "expired"))
    ]
    if not lines:
        return
    claims = stock.reserve(
        shop=order.shop,
        wants={line.sku_id: line.live_quantity for line in lines},
        subject_kind="order",
        subject_code=order.code,
        until=None,
        at=at,
    )
    for line in lines:
        line.reservation = claims[line.sku_id]
    OrderLine.objects.bulk_update(lines, ["reservation"])


def _record(kind: str, order: Order, hold: Hold, reason: str, by, at: dt.datetime) -> None:
    events.record(
        kind,
        shop=order.shop,
        subject_kind="order",
        subject_code=order.code,
        by=by,
        at=at,
        hold_kind=hold.kind,
        reason=reason,
    )
