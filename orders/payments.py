"""Getting paid: asking the provider, confirming exactly once, and giving back what comes too late.

The provider is called outside of any transaction, under a key of ours per attempt: before the call the attempt is
written down, afterwards its outcome is. No answer means ``unknown``, and only asking by the key decides what happened;
a second attempt is refused until then, so that nobody pays twice. Money that arrives for an order that has ended goes
back: voided if it was only authorized, refunded if it was captured.
"""

import datetime as dt
import logging

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import stock
from catalog.models import Reservation
from orders import cancellation, holds, refunds, sla, standing
from orders.models import Order, OrderLine, Payment
from orders.payment_provider import PaymentState, provider
from orders.sandbox import NotConnected
from seller_center.kernel.errors import DomainError
from seller_center.kernel.failpoints import failpoint
from seller_center.kernel.http import HttpRefused, Unreachable
from seller_center.kernel.locking import lock_row
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.models import Deadline
from shops.policy import Policy
from shops.policy_book import policy_for, policy_version
from shops.scope import scope

log = logging.getLogger(__name__)

#: How long an attempt is left to whoever made it before somebody else asks the provider about it.
PATIENCE = dt.timedelta(seconds=30)


class NotPayable(DomainError):
    """The order cannot be paid now; the sentence says why."""

    code = "not_payable"


class PaymentUnclear(DomainError):
    """An attempt is under way; another one could pay twice."""

    code = "payment_unclear"


class PaymentDeclined(DomainError):
    """The provider said no. Nothing was taken; another card may be tried."""

    code = "payment_declined"
    field = "card"


#: Who may have taken the money of a payment.
PROVIDERS = {"sandbox": gettext_lazy("Sandbox"), "channel": gettext_lazy("The channel that sold it")}


def provider_name() -> str:
    """What is written down as the taker of the money."""
    return "sandbox"


class ProviderAway(DomainError):
    """The payment provider could not be reached: it has certainly got nothing."""

    code = "provider_away"
    status = 503

    def __init__(self) -> None:
        super().__init__(_("The payment provider cannot be reached. You were not charged; try again in a minute."))


# -- asking -----------------------------------------------------------------------------------------------------------


def start_payment(*, order: Order, card_token: str, at: dt.datetime, by=None) -> Payment:
    """Ask the provider to take the order's money with this card.

    Returns the payment: ``captured`` (the order is paid), ``pending`` or ``unknown`` (the answer comes later, by
    callback or by asking). ``PaymentDeclined`` with the provider's sentence; ``PaymentUnclear`` while an earlier
    attempt is not clear; ``NotPayable`` when the order is paid or has ended.
    """
    payment = _begin_attempt(order, at, by)
    failpoint("payment.before_authorize")
    try:
        state = provider().authorize(
            key=payment.key,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            card_token=card_token,
            description=order.code,
        )
    except (Unreachable, NotConnected) as error:
        sent = getattr(error, "sent", False)
        return _note(payment, "unknown" if sent else "awaiting", at, by)
    except HttpRefused as refusal:
        sentence = _sentence_of(refusal)
        _note(payment, "declined", at, by, sentence=sentence)
        raise PaymentDeclined(sentence) from refusal
    failpoint("payment.after_authorize")
    payment = follow(payment=payment, state=state, at=at, by=by)
    if payment.status == Payment.Status.DECLINED:
        raise PaymentDeclined(payment.decline_sentence or _("The card was declined."))
    return payment


def _begin_attempt(order: Order, at: dt.datetime, by) -> Payment:
    with scope(order.shop, by=by):
        order = lock_row(Order.objects.in_shop(order.shop).filter(pk=order.pk))
        payment = Payment.objects.in_shop(order.shop).get(order=order)
        if order.status != Order.Status.UNPAID:
            ended = order.status == Order.Status.CANCELLED
            raise NotPayable(_("This order has been cancelled.") if ended else _("This order has been paid already."))
        if payment.status in (Payment.Status.SENDING, Payment.Status.PENDING, Payment.Status.UNKNOWN):
            raise PaymentUnclear(_("A payment is under way. Wait for its answer; you will not be charged twice."))
        move(payment, Payment.Status.SENDING, attempt=payment.attempt + 1, asked_at=at, decline_sentence="")
        payment.order = order
    return payment


def _sentence_of(refusal: HttpRefused) -> str:
    body = refusal.body if isinstance(refusal.body, dict) else {}
    return str(body.get("sentence") or body.get("message") or _("The payment provider refused the payment."))[:200]


def _note(payment: Payment, status: str, at: dt.datetime, by, *, sentence: str = "") -> Payment:
    """Write down how an attempt stands. An answer that came meanwhile by another way is not overwritten."""
    with scope(payment.shop, by=by):
        order = lock_row(Order.objects.in_shop(payment.shop).filter(pk=payment.order_id))
        current = Payment.objects.in_shop(payment.shop).get(pk=payment.pk)
        current.order = order
        if current.attempt != payment.attempt or current.status == status or not _may(current, status):
            return current
        move(current, status, decline_sentence=sentence)
        if status == Payment.Status.DECLINED:
            events.record(
                "payment.declined",
                shop=order.shop,
                subject_kind="order",
                subject_code=order.code,
                by=by,
                at=at,
                attempt=current.attempt,
                sentence=sentence,
            )
    return current


def _may(payment: Payment, status: str) -> bool:
    return Payment.MOVES.allows(payment.status, status)


# -- following what the provider says ---------------------------------------------------------------------------------


def follow(*, payment: Payment, state: PaymentState, at: dt.datetime, by=None) -> Payment:
    """Bring the payment to where the provider says it stands, capturing what is authorized for a living order."""
    if state.key != payment.key:
        return payment
    if state.status == "authorized":
        return _capture_or_void(payment, at, by)
    if state.status == "captured":
        return take(payment=payment, order=payment.order, provider_ref=state.reference, by=by, at=at)
    if state.status == "declined":
        return _note(payment, "declined", at, by, sentence=state.sentence[:200])
    if state.status == "voided":
        return _note(payment, "abandoned", at, by)
    return _note(payment, "pending", at, by)


def _capture_or_void(payment: Payment, at: dt.datetime, by) -> Payment:
    """The money is set aside: take it if the order still stands, let it go if it does not."""
    order = Order.objects.in_shop(payment.shop).get(pk=payment.order_id)
    try:
        if order.status != Order.Status.UNPAID:
            provider().void(key=f"void:{payment.key}", payment_key=payment.key)
            return _note(payment, "abandoned", at, by)
        state = provider().capture(
            key=f"capture:{payment.key}", payment_key=payment.key, amount_minor=payment.amount_minor
        )
    except (Unreachable, HttpRefused):
        return _note(payment, "unknown", at, by)
    failpoint("payment.after_capture")
    return take(payment=payment, order=order, provider_ref=state.reference, by=by, at=at)


def clarify(*, payment: Payment, at: dt.datetime) -> Payment:
    """Ask the provider how an unclear payment stands. Nothing changes while it does not answer."""
    try:
        state = provider().status(payment.key)
    except (Unreachable, NotConnected):
        return payment
    if state is not None:
        return follow(payment=payment, state=state, at=at)
    # The provider never heard of this attempt: nothing was taken, and the key will not be used again.
    ended = Order.objects.in_shop(payment.shop).filter(pk=payment.order_id, status="cancelled").exists()
    return _note(payment, "abandoned" if ended else "awaiting", at, None)


def clarify_all(at: dt.datetime, *, most: int = 200) -> int:
    """Ask about every payment that has been unclear for a while. Returns how many are clear now."""
    rows = Payment.objects.unclear().filter(asked_at__lte=at - PATIENCE).select_related("order__shop")
    cleared = 0
    for payment in rows[:most]:
        try:
            found = clarify(payment=payment, at=at)
        except Exception:
            log.exception("Payment %s could not be clarified", payment.key)
            continue
        cleared += found.status not in ("sending", "pending", "unknown")
    return cleared


def look_at(*, key: str, at: dt.datetime) -> Payment | None:
    """Somebody says that this payment has changed: ask the provider, if it is one of ours and not clear."""
    payment = payment_of_key(key)
    if payment is None or payment.status == Payment.Status.CAPTURED:
        return payment
    return clarify(payment=payment, at=at)


def payment_of_key(key: str) -> Payment | None:
    """The payment a provider's message is about, by our key (it carries the order's code, which carries the shop's)."""
    kind, _colon, rest = key.partition(":")
    code, _colon, attempt = rest.partition(":")
    if kind != "payment" or not attempt.isdigit():
        return None
    rows = Payment.objects.filter(shop__code=code[:4], order__code=code, attempt=int(attempt))
    return rows.select_related("order__shop").first()


# -- the money is there -----------------------------------------------------------------------------------------------


def capture(*, order: Order, at: dt.datetime, by=None, provider_ref: str = "") -> Payment:
    """The order's whole amount has been taken: confirm it. Repeating it changes nothing."""
    payment = Payment.objects.in_shop(order.shop).get(order=order)
    return take(payment=payment, order=order, provider_ref=provider_ref, by=by, at=at)


def take(*, payment: Payment, order: Order, provider_ref: str, by, at: dt.datetime) -> Payment:
    """Write down that the money is there, once: the order is paid, or, where it has ended, the money goes back.

    ``unpaid → cooling_off``; the units set aside are kept, the clocks of dispatch begin.
    """
    with scope(order.shop, by=by):
        order = lock_row(Order.objects.in_shop(order.shop).filter(pk=order.pk))
        payment = Payment.objects.in_shop(order.shop).get(pk=payment.pk)
        payment.order = order
        if payment.status == Payment.Status.CAPTURED:
            return payment
        move(
            payment,
            Payment.Status.CAPTURED,
            captured_minor=payment.amount_minor,
            captured_at=at,
            provider_ref=provider_ref,
        )
        deadlines.meet(shop=order.shop, subject_kind="order", subject_code=order.code, at=at, kind="order.payment")
        if order.status == Order.Status.UNPAID and _keep_stock(order, at):
            _confirm(order, payment, at, by)
        else:
            _give_back(order, payment, at, by)
        failpoint("payment.before_commit")
    return payment


def _keep_stock(order: Order, at: dt.datetime) -> bool:
    """Keep the units for good; take them anew where their time had run out. False if they are gone."""
    lines = list(OrderLine.objects.of_order(order).select_related("reservation"))
    claims: list[Reservation] = [line.reservation for line in lines if line.reservation is not None]
    if len(claims) < len(lines):
        return True  # sold on a channel beyond the stock: the order is under a hold
    if all(claim.until is None and not claim.ended for claim in claims):
        return True
    try:
        stock.keep(shop=order.shop, reservations=claims, at=at)
    except stock.ReservationEnded:
        try:
            holds.take_stock(order, at)
        except stock.OutOfStock:
            return False
    return True


def _confirm(order: Order, payment: Payment, at: dt.datetime, by) -> None:
    policy = policy_version(order.policy_version_id) if order.policy_version_id else policy_for(order.shop, at)
    clocks = sla.clocks(policy.sla, at, market=order.shop.market_id, zone=order.shop.zone)
    move(
        order,
        Order.Status.COOLING_OFF,
        paid_at=at,
        cooling_off_until=clocks.cooling_off_until,
        ship_by=clocks.ship_by,
        auto_cancel_at=clocks.auto_cancel_at,
        fulfilment_status=Order.Status.COOLING_OFF,
    )
    Deadline.objects.bulk_create(clock_rows(order, clocks, policy, at))
    events.record(
        "order.paid",
        shop=order.shop,
        subject_kind="order",
        subject_code=order.code,
        by=by,
        at=at,
        captured_minor=payment.captured_minor,
        currency=order.currency,
        ship_by=clocks.ship_by.isoformat(),
    )


def clock_rows(order: Order, clocks: sla.Clocks, policy: Policy, at: dt.datetime) -> list[Deadline]:
    """The clocks that a paid order begins with, not yet written."""
    due = {
        "order.cooling_off": (clocks.cooling_off_until, ()),
        "order.ship_by": (clocks.ship_by, policy.sla.warn_hours),
        "order.auto_cancel": (clocks.auto_cancel_at, policy.sla.warn_hours[:1]),
    }
    return [
        deadlines.build(
            shop_id=order.shop_id,
            kind=kind,
            subject_kind="order",
            subject_code=order.code,
            due_at=moment,
            at=at,
            policy_version_id=policy.version_id,
            label=order.code,
            warn_hours=warn_hours,
        )
        for kind, (moment, warn_hours) in due.items()
    ]


def _give_back(order: Order, payment: Payment, at: dt.datetime, by) -> None:
    """The money came when the order had ended, or its units were gone: end it if need be, and give everything back."""
    events.record(
        "payment.came_late",
        shop=order.shop,
        subject_kind="order",
        subject_code=order.code,
        by=by,
        at=at,
        captured_minor=payment.captured_minor,
        currency=order.currency,
    )
    if order.status == Order.Status.UNPAID:
        cancellation.end_unpaid([order], reason="sold_out", at=at)
    refunds.give_back_all(order=order, payment=payment, reason="late_payment", at=at)
    standing.refresh([order])
