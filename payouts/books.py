"""An order seen as money: its lines with what was earned, refunded and is still in nobody's hands. Read, never written.

``OrderBooks`` is read in a fixed handful of queries; ``plan_refund`` says what a refund would take from whom, for the
posting and for the preview alike.
"""

import dataclasses
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext_lazy as _

from orders.models import Order, OrderLine
from payouts.models import Earning, EarningLine, FeeLine, Reversal
from payouts.shares import Amounts, Taken, Wish, taken_from_earned, taken_from_unearned
from seller_center.kernel.errors import DomainError
from shops import fees


class RefundAbovePayment(DomainError):
    """More would go back than the buyer paid for what is refunded (INV6)."""

    code = "refund_above_payment"


@dataclasses.dataclass
class PartBook:
    """One earned part of a line: what it brought, what went back of it, and its referral fee."""

    earning: Earning
    row: EarningLine
    fee: FeeLine
    whole: Amounts
    back: Amounts


@dataclasses.dataclass
class LineBook:
    """One order line: its total, its earned parts, and what was given back before anybody earned it."""

    line: OrderLine
    total: Amounts
    parts: list[PartBook]
    given_back: Amounts
    referral_back_minor: int = 0

    @property
    def delivered_quantity(self) -> int:
        return sum(part.row.quantity for part in self.parts)

    @property
    def earned(self) -> Amounts:
        """What the parts brought, whatever went back of it later."""
        found = Amounts(tax_included=self.total.tax_included)
        for part in self.parts:
            found = found.plus(part.whole)
        return found

    @property
    def gone(self) -> Amounts:
        """Earned, or given back before."""
        return self.earned.plus(self.given_back)

    @property
    def unearned(self) -> Amounts:
        """Still in nobody's hands."""
        return self.total.minus(self.gone)


class OrderBooks:
    """The order's lines as ``LineBook``, and its earnings."""

    def __init__(self, order: Order) -> None:
        self.order = order
        lines = OrderLine.objects.filter(shop_id=order.shop_id, order=order).order_by("id")
        self.lines = {
            line.pk: LineBook(line, _total(line), [], Amounts(tax_included=line.tax_included)) for line in lines
        }
        self.earnings = list(Earning.objects.of_order(order))
        self._part_of: dict[int, PartBook] = {}
        if self.earnings:
            self._read_parts()
        self._read_reversals()

    def _read_parts(self) -> None:
        by_id = {earning.pk: earning for earning in self.earnings}
        rows = EarningLine.objects.filter(shop_id=self.order.shop_id, earning__in=by_id).order_by("id")
        charged = FeeLine.objects.filter(shop_id=self.order.shop_id, earning_line__earning__in=by_id)
        fee_of = {fee.earning_line_id: fee for fee in charged}
        for row in rows:
            whole = _earned(row)
            part = PartBook(by_id[row.earning_id], row, fee_of[row.pk], whole, Amounts(tax_included=whole.tax_included))
            self._part_of[row.pk] = part
            self.lines[row.line_id].parts.append(part)

    def _read_reversals(self) -> None:
        for row in Reversal.objects.filter(shop_id=self.order.shop_id, order=self.order).order_by("id"):
            line = self.lines[row.line_id]
            amounts = _given_back(row, line.total.tax_included)
            line.referral_back_minor += row.referral_minor
            if row.earning_line_id:
                part = self._part_of[row.earning_line_id]
                part.back = part.back.plus(amounts)
            else:
                line.given_back = line.given_back.plus(amounts)


@dataclasses.dataclass(frozen=True)
class RefundShare:
    """What a refund takes from one part of one line; ``part`` None: from what nobody had earned."""

    line: LineBook
    part: PartBook | None
    taken: Taken
    fee_minor: int


@dataclasses.dataclass(frozen=True)
class RefundPlan:
    """All shares of a refund; their sums are what the ledger will show."""

    shares: tuple[RefundShare, ...]

    def total(self, value) -> int:
        return sum(value(share) for share in self.shares)

    @property
    def buyer_minor(self) -> int:
        """What the buyer gets."""
        return self.total(lambda share: share.taken.amounts.payment)

    @property
    def earned(self) -> Iterator[RefundShare]:
        return (share for share in self.shares if share.part)

    @property
    def seller_minor(self) -> int:
        """What the seller bears of what was earned, without the refund administration fee."""
        return sum(share.taken.seller for share in self.earned)

    @property
    def fee_minor(self) -> int:
        """The refund administration fee."""
        return self.total(lambda share: share.fee_minor)


def plan_refund(books: OrderBooks, *, line_id: int | None, wish: Wish, fee_policy) -> RefundPlan:
    """Find the refund among the line's parts (all lines without ``line_id``): earned ones first, in their order.

    Raises ``RefundAbovePayment`` where there is not that much to give back, ``OrderLine.DoesNotExist`` for a line of
    another order.
    """
    if line_id is not None and line_id not in books.lines:
        raise OrderLine.DoesNotExist(f"line {line_id} is not of order {books.order.code}")
    lines: Iterable[LineBook] = [books.lines[line_id]] if line_id else books.lines.values()
    shares: list[RefundShare] = []
    for line in lines:
        for share in _shares_of(line, wish, fee_policy):
            shares.append(share)
            wish = wish.less(share.taken)
    if wish:
        raise RefundAbovePayment(_("More would be refunded than the buyer paid for it."))
    return RefundPlan(tuple(shares))


def _shares_of(line: LineBook, wish: Wish, fee_policy) -> Iterator[RefundShare]:
    referral_back = line.referral_back_minor
    for part in line.parts:
        taken = taken_from_earned(part.whole, back=part.back, wish=wish, fee=part.fee.amount_minor)
        if _something(taken):
            fee = fees.refund_admin_fee(
                taken.referral,
                before_minor=referral_back,
                share_bp=fee_policy.refund_admin_share_bp,
                at_most_minor=fee_policy.refund_admin_at_most_minor,
            )
            referral_back += taken.referral
            yield RefundShare(line, part, taken, fee)
            wish = wish.less(taken)
    taken = taken_from_unearned(line.unearned, wish=wish)
    if _something(taken):
        yield RefundShare(line, None, taken, 0)


def _something(taken: Taken) -> bool:
    back = taken.amounts
    return bool(back.payment or back.tax)


def _total(line: OrderLine) -> Amounts:
    return Amounts(
        paid_goods=line.goods_minor - line.seller_discount_minor - line.platform_discount_minor,
        seller_discount=line.seller_discount_minor,
        platform_discount=line.platform_discount_minor,
        shipping=line.shipping_minor,
        tax=line.tax_minor,
        tax_included=line.tax_included,
    )


def _earned(row: EarningLine) -> Amounts:
    return Amounts(
        paid_goods=row.goods_minor - row.seller_discount_minor - row.platform_discount_minor,
        seller_discount=row.seller_discount_minor,
        platform_discount=row.platform_discount_minor,
        shipping=row.shipping_minor,
        tax=row.tax_minor,
        tax_included=row.tax_included,
    )


def _given_back(row: Reversal, tax_included: bool) -> Amounts:
    return Amounts(
        paid_goods=row.goods_minor - row.seller_discount_minor - row.platform_discount_minor,
        seller_discount=row.seller_discount_minor,
        platform_discount=row.platform_discount_minor,
        shipping=row.shipping_minor,
        tax=row.tax_minor,
        tax_included=tax_included,
    )
