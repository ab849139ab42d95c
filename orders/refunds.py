"""Money that goes back: decided here, once, never above what was paid (INV6); carried out by the provider afterwards.

A refund is of units of lines. Three walls keep it below what was paid: the order's lock, a conditional UPDATE on line
and payment, and a CHECK behind each. The provider is told outside of any transaction, under the refund's own key, by a
task that takes whatever is still owed: the same key pays once, so that it may be told again after no answer.
"""

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import F
from django.utils.translation import gettext as _

from orders import pricing
from orders.models import Order, OrderLine, Payment, Refund, ReturnRequest
from orders.payment_provider import provider
from orders.sandbox import NotConnected
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.failpoints import failpoint
from seller_center.kernel.http import HttpRefused, Unreachable
from seller_center.kernel.locking import lock_row
from seller_center.kernel.money import cumulative_share, format_money
from seller_center.kernel.text import counted
from seller_center.kernel.transitions import move
from shops import events
from shops.scope import scope

log = logging.getLogger(__name__)


class RefundAbovePaid(DomainError):
    """More would go back than was paid for the line or the order, or for more units than are left."""

    code = "refund_above_paid"
    field = "quantity"


@dataclass(frozen=True, slots=True)
class Planned:
    """What goes back for units of one line."""

    line: OrderLine
    quantity: int
    share: pricing.Share


def plan(
    lines: Mapping[int, OrderLine], units: Mapping[int, int], *, with_shipping: bool, goods_minor: int | None = None
) -> list[Planned]:
    """What units (line id → quantity) bring back, without writing anything: for the preview and for the deed alike.

    ``goods_minor`` gives back less of the goods than the share (one line only). ``RefundAbovePaid`` for more units than
    are left of a line.
    """
    if goods_minor is not None and len(units) != 1:
        raise Invalid(_("A part of the price is given back for one line at a time."), field="goods_minor")
    planned = []
    for line_id, quantity in sorted(units.items()):
        line = lines[line_id]
        if quantity < 1:
            raise Invalid(_("A refund is for at least one unit."), field="quantity")
        if quantity > line.refundable_quantity:
            raise RefundAbovePaid(
                _("For %(sku)s, money can go back for at most %(left)s more.")
                % {"sku": line.sku_code, "left": counted(line.refundable_quantity, "units")}
            )
        share = pricing.refund_share(_money_of(line), quantity, with_shipping=with_shipping)
        if goods_minor is not None:
            share = _less_goods(share, goods_minor)
        planned.append(Planned(line, quantity, share))
    return planned


def total_of(planned: list[Planned]) -> int:
    """What reaches the buyer, all together."""
    return sum(one.share.total_minor for one in planned)


def _money_of(line: OrderLine) -> pricing.LineMoney:
    return pricing.LineMoney(
        quantity=line.quantity,
        goods_minor=line.goods_paid_minor,
        shipping_minor=line.shipping_minor,
        tax_minor=line.tax_minor,
        tax_included=line.tax_included,
        done_quantity=line.refunded_quantity,
        back_goods_minor=line.refunded_goods_minor,
        back_shipping_minor=line.refunded_shipping_minor,
        back_tax_minor=line.refunded_tax_minor,
    )


def _less_goods(share: pricing.Share, goods_minor: int) -> pricing.Share:
    if not 0 <= goods_minor <= share.goods_minor:
        raise RefundAbovePaid(_("More would be refunded than was paid for these units."), field="goods_minor")
    tax = cumulative_share(share.tax_minor, goods_minor, share.goods_minor) if share.goods_minor else share.tax_minor
    return pricing.Share(goods_minor, share.shipping_minor, tax, share.tax_included)


def pay_back(
    *,
    order: Order,
    units: Mapping[int, int],
    reason: str,
    fault: str,
    by,
    at: dt.datetime,
    with_shipping: bool = True,
    goods_minor: int | None = None,
    return_request: ReturnRequest | None = None,
    note: str = "",
) -> list[Refund]:
    """Decide that money goes back for units (line id → quantity). One ``Refund`` per line with something to give.

    ``RefundAbovePaid`` where units or money are used up already. The ledger follows the event ``refund.made``.
    """
    with scope(order.shop, by=by):
        order = lock_row(Order.objects.in_shop(order.shop).filter(pk=order.pk))
        payment = Payment.objects.in_shop(order.shop).get(order=order)
        lines = {line.pk: line for line in OrderLine.objects.of_order(order)}
        planned = plan(lines, units, with_shipping=with_shipping, goods_minor=goods_minor)
        _count_on_lines(order, planned)
        total = total_of(planned)
        _count_on_payment(payment, total)
        made = _write(order, payment, planned, reason, fault, by, at, return_request, note)
        failpoint("refund.before_commit")
    return made


def give_back_all(*, order: Order, payment: Payment, reason: str, at: dt.datetime) -> list[Refund]:
    """Everything that is left of a captured payment goes back (it came too late)."""
    lines = OrderLine.objects.of_order(order)
    units = {line.pk: line.refundable_quantity for line in lines if line.refundable_quantity}
    if not units or not payment.captured_minor:
        return []
    return pay_back(order=order, units=units, reason=reason, fault=Order.Fault.PLATFORM, by=None, at=at)


def _count_on_lines(order: Order, planned: list[Planned]) -> None:
    """Conditional writes (DEC2): zero rows changed means that somebody else has given it back meanwhile."""
    for one in planned:
        line, share = one.line, one.share
        changed = (
            OrderLine.objects.in_shop(order.shop)
            .filter(
                pk=line.pk,
                refunded_quantity__lte=line.quantity - one.quantity,
                refunded_goods_minor__lte=line.goods_paid_minor - share.goods_minor,
                refunded_shipping_minor__lte=line.shipping_minor - share.shipping_minor,
                refunded_tax_minor__lte=line.tax_minor - share.tax_minor,
            )
            .update(
                refunded_quantity=F("refunded_quantity") + one.quantity,
                refunded_goods_minor=F("refunded_goods_minor") + share.goods_minor,
                refunded_shipping_minor=F("refunded_shipping_minor") + share.shipping_minor,
                refunded_tax_minor=F("refunded_tax_minor") + share.tax_minor,
                refunded_minor=F("refunded_minor") + share.total_minor,
            )
        )
        if not changed:
            raise RefundAbovePaid(_("More would be refunded than was paid for %(sku)s.") % {"sku": line.sku_code})


def _count_on_payment(payment: Payment, total: int) -> None:
    if total == 0:
        return
    changed = (
        Payment.objects.in_shop(payment.shop)
        .filter(pk=payment.pk, status=Payment.Status.CAPTURED, captured_minor__gte=F("refunded_minor") + total)
        .update(refunded_minor=F("refunded_minor") + total)
    )
    if not changed:
        raise RefundAbovePaid(_("More would be refunded than was paid for this order."))


def _write(order, payment, planned, reason, fault, by, at, return_request, note) -> list[Refund]:
    number = Refund.objects.in_shop(order.shop).filter(order=order).count()
    on_channel = payment.provider == "channel"
    rows = []
    for one in planned:
        if one.share.total_minor == 0:
            continue
        number += 1
        rows.append(
            Refund(
                shop_id=order.shop_id,
                order=order,
                line=one.line,
                return_request=return_request,
                code=f"{order.code}-F{number}",
                status=Refund.Status.SENT if on_channel else Refund.Status.OWED,
                sent_at=at if on_channel else None,
                provider_ref="channel" if on_channel else "",
                currency=order.currency,
                quantity=one.quantity,
                goods_minor=one.share.goods_minor,
                shipping_minor=one.share.shipping_minor,
                tax_minor=one.share.tax_minor,
                tax_included=one.share.tax_included,
                total_minor=one.share.total_minor,
                reason=reason,
                fault=fault,
                note=note[:300],
                made_at=at,
                by=by,
            )
        )
    Refund.objects.bulk_create(rows)
    events.record_many(
        "refund.made",
        shop=order.shop,
        by=by,
        at=at,
        subjects=[("refund", row.code, _facts(order, row)) for row in rows],
    )
    return rows


def _facts(order: Order, row: Refund) -> dict:
    return {
        "order_code": order.code,
        "sku_code": row.line.sku_code,
        "quantity": row.quantity,
        "total_minor": row.total_minor,
        "amount": format_money(row.total_minor, row.currency),
        "currency": row.currency,
        "reason": row.reason,
        "fault": row.fault,
    }


# -- telling the provider ---------------------------------------------------------------------------------------------


def send_all(at: dt.datetime, *, most: int = 200) -> int:
    """Have the provider carry out whatever is still owed. May run twice at once. Returns how many were carried out."""
    rows = Refund.objects.to_send().select_related("order__shop")[:most]
    sent = 0
    for refund in rows:
        try:
            sent += send(refund=refund, at=at).status == Refund.Status.SENT
        except Exception:
            log.exception("Refund %s could not be sent", refund.code)
    return sent


def send(*, refund: Refund, at: dt.datetime) -> Refund:
    """Tell the provider of one refund, outside of any transaction, and write down what it said."""
    payment = Payment.objects.in_shop(refund.shop).get(order=refund.order)
    payment.order = refund.order
    try:
        state = provider().refund(key=refund.key, payment_key=payment.key, amount_minor=refund.total_minor)
    except (Unreachable, NotConnected):
        return _note(refund, Refund.Status.UNKNOWN, at)
    except HttpRefused as refusal:
        body = refusal.body if isinstance(refusal.body, dict) else {}
        return _note(refund, Refund.Status.FAILED, at, sentence=str(body.get("sentence", ""))[:200])
    failpoint("refund.after_provider")
    return _note(refund, Refund.Status.SENT, at, sent_at=at, provider_ref=state.reference)


def _note(refund: Refund, status: str, at: dt.datetime, *, sentence: str = "", **changes) -> Refund:
    with scope(refund.shop, by=None):
        current = lock_row(Refund.objects.in_shop(refund.shop).filter(pk=refund.pk))
        if not Refund.MOVES.allows(current.status, status):
            return current
        move(current, status, **changes)
        kind = {"sent": "refund.sent", "failed": "refund.failed"}.get(status)
        if kind:
            facts = {"sentence": sentence} if status == "failed" else {}
            events.record(
                kind,
                shop=refund.shop,
                subject_kind="refund",
                subject_code=refund.code,
                by=None,
                at=at,
                order_code=refund.order.code,
                **facts,
            )
    return current


def send_again(*, refund: Refund, by, at: dt.datetime) -> Refund:
    """Staff: a refund that the provider refused is owed again (after the reason was removed)."""
    with scope(refund.shop, by=by):
        owed = move(refund, Refund.Status.OWED, allowed_from=("failed",))
        events.record(
            "refund.sent_again",
            shop=owed.shop,
            subject_kind="refund",
            subject_code=owed.code,
            by=by,
            at=at,
            order_code=owed.order.code,
        )
    return owed
