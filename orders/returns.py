"""Returns: asked for by the buyer, decided by the seller, sent back, received, refunded or rejected.

Each step is a deed with its refusals; each wait is a clock (``orders.return_clocks``), and silence of the seller
approves. Units and money are guarded by the order's lock and by ``orders.refunds``.
"""

import datetime as dt
from collections.abc import Iterable, Mapping

from django.db.models import Sum
from django.utils.translation import gettext as _

from catalog import stock
from orders import refunds, sla
from orders.models import Order, OrderLine, PackageLine, Refund, ReturnLine, ReturnRequest
from orders.models.return_request import OPEN
from orders.reasons import REFUSING, RETURNING, words
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.failpoints import failpoint
from seller_center.kernel.locking import lock_row
from seller_center.kernel.money import format_money
from seller_center.kernel.text import counted
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.policy_book import policy_for
from shops.scope import scope

Status = ReturnRequest.Status
Kind = ReturnRequest.Kind


#: Packages of which a buyer may ask the money back: they arrived, or never will.
ARRIVED = ("delivered", "lost", "returned_to_sender")


class NotReturnable(DomainError):
    """These units cannot be returned (any more, or again)."""

    code = "not_returnable"


class SecondPersonNeeded(DomainError):
    """A refund above the policy's limit is released by two people."""

    code = "second_person_needed"


# -- the buyer asks ---------------------------------------------------------------------------------------------------


def request(
    *,
    order: Order,
    kind: str,
    reason: str,
    units: Mapping[int, int],
    at: dt.datetime,
    by=None,
    note: str = "",
) -> ReturnRequest:
    """Ask to return delivered units (line id → quantity) within the policy's days. The seller's clock begins.

    ``NotReturnable``: not delivered yet, too late, or no longer that many; ``Invalid``: nothing chosen, no reason.
    """
    if kind not in Kind.values:
        raise Invalid(_("Choose whether you send the goods back."), field="kind")
    if reason not in RETURNING:
        raise Invalid(_("Choose a reason."), field="reason")
    wanted = {line: quantity for line, quantity in units.items() if quantity}
    if not wanted or any(quantity < 0 for quantity in wanted.values()):
        raise Invalid(_("Choose what you want to return."), field="units")
    with scope(order.shop, by=by):
        order = lock_row(Order.objects.in_shop(order.shop).filter(pk=order.pk).select_related("shop"))
        policy = policy_for(order.shop, at)
        _refuse_outside_window(order, policy.returns.days, at)
        left = returnable_units(order)
        for line_id, quantity in wanted.items():
            if quantity > left.get(line_id, 0):
                raise NotReturnable(
                    _("Of this item %(left)s can be returned.") % {"left": counted(left.get(line_id, 0), "units")},
                    field="units",
                )
        number = ReturnRequest.objects.of_order(order).count() + 1
        made = ReturnRequest.objects.create(
            shop=order.shop,
            order=order,
            code=f"{order.code}-R{number}",
            kind=kind,
            reason=reason,
            fault=RETURNING[reason].fault,
            note=note.strip()[:2_000],
            requested_at=at,
            requested_by=by,
        )
        ReturnLine.objects.bulk_create(
            ReturnLine(shop_id=order.shop_id, return_request=made, line_id=line_id, quantity=quantity)
            for line_id, quantity in sorted(wanted.items())
        )
        _clock(made, "return.decide", at + dt.timedelta(hours=policy.returns.decide_hours), at, policy)
        _record(
            "return.requested",
            made,
            by,
            at,
            return_kind=kind,
            reason=reason,
            reason_words=words(reason),
            quantity=sum(wanted.values()),
        )
    return made


def grant(*, order: Order, reason: str, units: Mapping[int, int], by, at: dt.datetime, note: str = "") -> ReturnRequest:
    """The seller gives money back without being asked, and wants nothing sent back: asked for and approved in one.

    Above the policy's limit it stays requested and released by this person; somebody else approves it.
    """
    with scope(order.shop, by=by):
        found = request(order=order, kind=Kind.REFUND_ONLY, reason=reason, units=units, at=at, by=by, note=note)
        if needs_second_person(found, at):
            return release_refund(return_request=found, by=by, at=at)
        return approve(return_request=found, by=by, at=at)


def _refuse_outside_window(order: Order, days: int, at: dt.datetime) -> None:
    if order.status not in (Order.Status.OPEN, Order.Status.COMPLETED):
        raise NotReturnable(_("There is nothing to return from this order."))
    until = _end_of_window(order, days)
    if until is not None and at > until:
        raise NotReturnable(
            _("Returns are possible for %(days)s after delivery; that time is over.") % {"days": counted(days, "days")}
        )


def in_time(order: Order, at: dt.datetime) -> bool:
    """May units of this order still be asked back, as far as its state and the policy's days go?"""
    try:
        _refuse_outside_window(order, policy_for(order.shop, at).returns.days, at)
    except NotReturnable:
        return False
    return True


def possible_until(order: Order, at: dt.datetime) -> dt.datetime | None:
    """Until when units of it may be asked back, by the policy of this moment; None while something is on its way."""
    return _end_of_window(order, policy_for(order.shop, at).returns.days)


def _end_of_window(order: Order, days: int) -> dt.datetime | None:
    return None if order.delivered_at is None else order.delivered_at + dt.timedelta(days=days)


def returnable_units(order: Order, lines: Iterable[OrderLine] | None = None) -> dict[int, int]:
    """Line id → units that arrived or got lost, for which no money went back, and which are in no open return.

    ``lines``: the order's, where they were read already.
    """
    delivered = _sums(
        PackageLine.objects.in_shop(order.shop).filter(package__order=order, package__status__in=ARRIVED), "line_id"
    )
    asked = _sums(
        ReturnLine.objects.in_shop(order.shop).filter(
            return_request__order=order, return_request__status__in=[*OPEN, Status.REPLACED, Status.REJECTED]
        ),
        "line_id",
    )
    found = {}
    for line in OrderLine.objects.of_order(order) if lines is None else lines:
        returned = line.refunded_quantity - line.cancelled_quantity
        found[line.pk] = max(0, delivered.get(line.pk, 0) - max(0, returned) - asked.get(line.pk, 0))
    return found


def _sums(rows, key: str) -> dict[int, int]:
    return dict(rows.order_by().values_list(key).annotate(units=Sum("quantity")))


def may_withdraw(return_request: ReturnRequest) -> bool:
    """Is nothing on its way back yet?"""
    return ReturnRequest.MOVES.allows(return_request.status, Status.WITHDRAWN)


def withdraw(*, return_request: ReturnRequest, at: dt.datetime, by=None) -> ReturnRequest:
    """The buyer thinks better of it, before anything was sent back."""
    with scope(return_request.shop, by=by):
        found = _locked(return_request)
        move(found, Status.WITHDRAWN, ended_at=at)
        _stop_clocks(found, at)
        ended(found, at)
        _record("return.withdrawn", found, by, at)
    return found


# -- the seller decides -----------------------------------------------------------------------------------------------


def approve(*, return_request: ReturnRequest, at: dt.datetime, by, by_silence: bool = False) -> ReturnRequest:
    """Say yes: the buyer sends the goods back, or, where nothing is to be sent, gets the money at once."""
    with scope(return_request.shop, by=by):
        found = _locked(return_request)
        if found.kind == Kind.REFUND_ONLY and not by_silence:
            _refuse_without_second_person(found, by, at)
        move(found, Status.APPROVED, decided_at=at, decided_by=by, by_silence=by_silence)
        if not by_silence:
            _stop_clocks(found, at, met=True)
        _record("return.approved", found, by, at, by_silence=by_silence)
        if found.kind == Kind.REFUND_ONLY:
            _pay(found, at, by, restock=False)
        else:
            policy = policy_for(found.shop, at)
            move(found, Status.AWAITING_RETURN)
            _clock(found, "return.ship_back", at + dt.timedelta(days=policy.returns.ship_back_days), at, policy)
    return found


def refuse(*, return_request: ReturnRequest, reason: str, justification: str, by, at: dt.datetime) -> ReturnRequest:
    """Say no, with a reason of the list and a justification in the seller's words."""
    justification = _check_refusal(reason, justification)
    with scope(return_request.shop, by=by):
        found = _locked(return_request)
        move(
            found,
            Status.REFUSED,
            decided_at=at,
            decided_by=by,
            refusal_reason=reason,
            justification=justification,
            ended_at=at,
        )
        _stop_clocks(found, at, met=True)
        ended(found, at)
        _record(
            "return.refused",
            found,
            by,
            at,
            reason=reason,
            reason_words=words(reason),
            justification=justification,
        )
    return found


def _check_refusal(reason: str, justification: str) -> str:
    if reason not in REFUSING:
        raise Invalid(_("Choose a reason."), field="reason")
    text = " ".join(justification.split())
    if len(text) < 10:
        raise Invalid(
            _("Say in a sentence why; the buyer reads it, and so does staff if it is disputed."), field="justification"
        )
    return text[:2_000]


# -- the parcel comes back --------------------------------------------------------------------------------------------


def send_back(
    *, return_request: ReturnRequest, carrier: str, tracking_number: str, at: dt.datetime, by=None
) -> ReturnRequest:
    """The buyer has handed the parcel to a carrier."""
    number = tracking_number.strip()[:40]
    # Carriers of buyers are many, so no shape is asked for; but a sign alone would stop the clock for nothing.
    if not any(sign.isalnum() for sign in number):
        raise Invalid(_("Enter the tracking number."), field="tracking_number")
    with scope(return_request.shop, by=by):
        found = _locked(return_request)
        move(found, Status.SHIPPED_BACK, carrier=carrier[:20], tracking_number=number, shipped_back_at=at)
        _stop_clocks(found, at, met=True)
        _record("return.shipped_back", found, by, at, carrier=carrier, tracking_number=number)
    return found


def receive(*, return_request: ReturnRequest, by, at: dt.datetime) -> ReturnRequest:
    """The parcel has arrived; the clock for the inspection begins (longer for dear goods)."""
    with scope(return_request.shop, by=by):
        found = _locked(return_request)
        move(found, Status.RECEIVED, received_at=at)
        _stop_clocks(found, at, met=True)
        policy = policy_for(found.shop, at)
        due = sla.inspect_by(
            policy.returns,
            at,
            worth_minor=worth_minor(found),
            market=found.shop.market_id,
            zone=found.shop.zone,
        )
        _clock(found, "return.inspect", due, at, policy)
        _record("return.received", found, by, at, inspect_by=due.isoformat())
    return found


def reject(*, return_request: ReturnRequest, reason: str, justification: str, by, at: dt.datetime) -> ReturnRequest:
    """After the inspection: this is not what was to come back. No money goes back, and the reason is said."""
    justification = _check_refusal(reason, justification)
    with scope(return_request.shop, by=by):
        found = _locked(return_request)
        move(found, Status.REJECTED, refusal_reason=reason, justification=justification, ended_at=at)
        _stop_clocks(found, at, met=True)
        ended(found, at)
        _record(
            "return.rejected", found, by, at, reason=reason, reason_words=words(reason), justification=justification
        )
    return found


# -- the money --------------------------------------------------------------------------------------------------------


def refund(
    *, return_request: ReturnRequest, by, at: dt.datetime, restock: bool = False, by_silence: bool = False
) -> ReturnRequest:
    """After the inspection: give the money back, and the units to the stock if they can be sold again.

    Above the policy's limit the first person releases it and is told that a second one is needed
    (``SecondPersonNeeded``); the second one's click pays. What the seller's silence decides needs nobody.
    """
    with scope(return_request.shop, by=by):
        found = _locked(return_request)
        if found.status != Status.RECEIVED:
            move(found, Status.REFUNDED, allowed_from=(Status.RECEIVED,))  # refuses with how it stands
        if not by_silence:
            _refuse_without_second_person(found, by, at)
            _stop_clocks(found, at, met=True)
        _pay(found, at, by, restock=restock, by_silence=by_silence)
    return found


def release_refund(*, return_request: ReturnRequest, by, at: dt.datetime) -> ReturnRequest:
    """The first of two people releases a large refund; somebody else then pays it."""
    with scope(return_request.shop, by=by):
        found = _locked(return_request)
        if not found.open_case:
            raise NotReturnable(_("This return has ended."))
        if not needs_second_person(found, at):
            raise Invalid(_("This refund needs one person only."))
        if found.refund_released_by_id is not None:
            raise SecondPersonNeeded(_("This refund was released already; another person now pays it."))
        _write_release(found, by, at)
    return found


def _write_release(found: ReturnRequest, by, at: dt.datetime) -> None:
    rows = ReturnRequest.objects.in_shop(found.shop).filter(pk=found.pk, refund_released_by__isnull=True)
    rows.update(refund_released_by=by, refund_released_at=at)
    found.refund_released_by, found.refund_released_at = by, at
    _record("return.refund_released", found, by, at, amount_minor=worth_minor(found), currency=found.order.currency)


def _refuse_without_second_person(found: ReturnRequest, by, at: dt.datetime) -> None:
    if not needs_second_person(found, at):
        return
    limit = policy_for(found.shop, at).payouts.two_person_refund_above_minor
    amount = format_money(limit, found.order.currency)
    if found.refund_released_by_id is None:
        raise SecondPersonNeeded(
            _("Refunds above %(limit)s need two people: release it first, then somebody else pays it.")
            % {"limit": amount}
        )
    if by is not None and found.refund_released_by_id == by.pk:
        raise SecondPersonNeeded(
            _("You have released this refund above %(limit)s; somebody else has to pay it.") % {"limit": amount}
        )


def needs_second_person(return_request: ReturnRequest, at: dt.datetime) -> bool:
    """Is the refund above the limit from which on two people are needed?"""
    limit = policy_for(return_request.shop, at).payouts.two_person_refund_above_minor
    return worth_minor(return_request) > limit


def _pay(found: ReturnRequest, at: dt.datetime, by, *, restock: bool, by_silence: bool = False) -> None:
    """``→ refunded``: the units' money goes back. Shipping goes back too where it was not the buyer's fault.

    What another refund gave back meanwhile does not go back twice: the return ends with the rest, or with nothing.
    """
    asked = units_of(found)
    left = _left(_lines(found), asked)
    move(found, Status.REFUNDED, ended_at=at, restocked=restock, by_silence=found.by_silence or by_silence)
    if left:
        refunds.pay_back(
            order=found.order,
            units=left,
            reason=found.reason,
            fault=found.fault,
            by=by,
            at=at,
            with_shipping=shipping_too(found),
            return_request=found,
        )
    if before := sum(asked.values()) - sum(left.values()):
        _record("return.refunded_before", found, by, at, quantity=before)
    ended(found, at)
    if restock:
        _restock(found, asked, by, at)
    failpoint("return.before_commit")


def _restock(found: ReturnRequest, units: Mapping[int, int], by, at: dt.datetime) -> None:
    lines = OrderLine.objects.of_order(found.order).filter(pk__in=units).select_related("sku__product", "sku__shop")
    for line in lines.order_by("sku_id"):
        stock.restock(sku=line.sku, quantity=units[line.pk], by=by, at=at, why=found.code, reference=found.code)


def shipping_too(return_request: ReturnRequest) -> bool:
    """Does what the buyer paid for shipping go back as well? Where the return is not the buyer's fault."""
    return return_request.fault != Order.Fault.BUYER


def units_of(return_request: ReturnRequest) -> dict[int, int]:
    """Line id → units of this return."""
    rows = ReturnLine.objects.in_shop(return_request.shop).filter(return_request=return_request).order_by("line_id")
    return dict(rows.values_list("line_id", "quantity"))


def _lines(return_request: ReturnRequest) -> dict[int, OrderLine]:
    return {line.pk: line for line in OrderLine.objects.of_order(return_request.order)}


def _left(lines: Mapping[int, OrderLine], asked: Mapping[int, int]) -> dict[int, int]:
    """Line id → those of the units asked for whose money can still go back."""
    left = {line: min(units, lines[line].refundable_quantity) for line, units in asked.items()}
    return {line: units for line, units in left.items() if units}


def preview(return_request: ReturnRequest) -> list[refunds.Planned]:
    """What the refund would give back, line by line, as things stand: nothing for what went back meanwhile."""
    lines = _lines(return_request)
    left = _left(lines, units_of(return_request))
    return refunds.plan(lines, left, with_shipping=shipping_too(return_request))


def gives_back(return_request: ReturnRequest) -> bool:
    """Does money go back by this return, or did it? Not where another refund gave back all of it before."""
    made = Refund.objects.in_shop(return_request.shop).filter(return_request=return_request)
    return made.exists() or bool(_left(_lines(return_request), units_of(return_request)))


def worth_minor(return_request: ReturnRequest) -> int:
    """What the buyer gets if it is refunded; what they got, once it was."""
    if return_request.status in (Status.REFUNDED, Status.CLOSED):
        made = Refund.objects.in_shop(return_request.shop).filter(return_request=return_request)
        return made.aggregate(total=Sum("total_minor"))["total"] or 0
    return refunds.total_of(preview(return_request))


# -- what all steps do ------------------------------------------------------------------------------------------------


def _locked(return_request: ReturnRequest) -> ReturnRequest:
    """The return as it stands now, under the lock of its order."""
    rows = Order.objects.in_shop(return_request.shop).filter(pk=return_request.order_id)
    order = lock_row(rows.select_related("shop"))
    found = ReturnRequest.objects.in_shop(return_request.shop).get(pk=return_request.pk)
    found.order, found.shop = order, order.shop
    return found


def _clock(found: ReturnRequest, kind: str, due_at: dt.datetime, at: dt.datetime, policy) -> None:
    deadlines.set_deadline(
        shop=found.shop,
        kind=kind,
        subject_kind="return",
        subject_code=found.code,
        due_at=due_at,
        at=at,
        policy_version_id=policy.version_id,
        label=found.code,
        warn_hours=policy.sla.warn_hours if kind in ("return.decide", "return.inspect") else (),
    )


def _stop_clocks(found: ReturnRequest, at: dt.datetime, *, met: bool = False) -> None:
    stop = deadlines.meet if met else deadlines.void
    stop(shop=found.shop, subject_kind="return", subject_code=found.code, at=at)


def ended(found: ReturnRequest, at: dt.datetime) -> None:
    """Some days after its end a return is closed."""
    policy = policy_for(found.shop, at)
    _clock(found, "return.close", at + dt.timedelta(days=policy.sla.complete_days), at, policy)


def _record(kind: str, found: ReturnRequest, by, at: dt.datetime, **facts) -> None:
    events.record(
        kind,
        shop=found.shop,
        subject_kind="return",
        subject_code=found.code,
        by=by,
        at=at,
        order_code=found.order.code,
        **facts,
    )
