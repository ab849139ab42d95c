"""Keeping the books of an order: what was paid, earned and refunded becomes postings, each once (INV9).

One verb does it all. ``keep_books`` looks at what has happened to an order and posts what is missing, in the order in
which it happened; every reaction calls it, so that events may come twice, late or in the wrong order and the books end
up the same. Sales are earned at delivery: referral fee by the category's fee class and the offer that held when the
order was paid, tax to the platform, the platform's share of a discount to the seller (rulebook §5, model.md §6).
"""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from django.db.models import F

from orders.models import Order, Package, PackageLine, Payment, Refund
from payouts import ledger
from payouts.books import LineBook, OrderBooks, RefundPlan, RefundShare, plan_refund
from payouts.ledger import Line, Source
from payouts.models import AccountKind, Earning, EarningLine, FeeLine, Part, Reversal, Transaction, TransactionKind
from payouts.settlement import terms_of
from payouts.shares import Amounts, Wish, delivered
from seller_center.kernel.calendar import day_of
from seller_center.kernel.locking import LockKind, advisory_lock, lock_rows, must_update_one
from shops import events, fees
from shops.policy_book import policy_for
from shops.scope import scope


def keep_books(*, order: Order, at: dt.datetime, by=None) -> int:
    """Post what has happened to the order up to ``at`` and has no posting yet. Returns how many postings it wrote.

    Two at once wait for each other; a repeat finds nothing to do.
    """
    with scope(order.shop, by=by):
        advisory_lock(LockKind.ORDER_BOOKS, order.shop_id, order.pk)
        steps = sorted(_missing(order, at), key=lambda step: step[0])
        if steps:
            # The steps touch different accounts in changing order; two orders of a shop at once would wait for each
            # other crosswise. Settlement takes earnings before accounts, so do we.
            lock_rows(Earning.objects.filter(shop_id=order.shop_id, order=order))
            ledger.hold_accounts(order.shop, order.currency)
        return sum(post() for _moment, post in steps)


def _missing(order: Order, at: dt.datetime) -> Iterator[tuple[tuple, Callable[[], int]]]:
    """What happened and has no posting: (when it happened and what goes first then, the verb that posts it)."""
    payment = Payment.objects.filter(shop_id=order.shop_id, order=order, captured_at__lte=at).first()
    if payment is None:
        return
    posted = set(Transaction.objects.filter(shop_id=order.shop_id, order=order).values_list("kind", flat=True))
    if TransactionKind.CAPTURE not in posted:
        yield (payment.captured_at, 0, 0), lambda: _capture(order, payment)
    earned = Earning.objects.of_order(order).order_by().values("package")
    packages = Package.objects.of_order(order).filter(delivered_at__lte=at).exclude(pk__in=earned)
    for package in packages:
        yield (package.delivered_at, 1, package.pk), partial(_earn, order, package)
    gone_back = Reversal.objects.filter(shop_id=order.shop_id, order=order).values("refund")
    for refund in Refund.objects.of_order(order).filter(made_at__lte=at).exclude(pk__in=gone_back):
        yield (refund.made_at, 2, refund.pk), partial(_refund, order, refund)
    if order.cancelled_at is not None and TransactionKind.CANCEL not in posted:
        yield (order.cancelled_at, 3, 0), lambda: _cancel(order)


# -- the buyer paid ---------------------------------------------------------------------------------------------------


def _capture(order: Order, payment: Payment) -> int:
    """Money came in for the order; the platform's share of its discounts joins it."""
    return _posted(
        order,
        TransactionKind.CAPTURE,
        Source("order", order.code),
        payment.captured_at,
        [
            Line(AccountKind.BANK_CLEARING, -payment.captured_minor, Part.PAYMENT),
            Line(AccountKind.BUYER_PAYMENTS, payment.captured_minor, Part.PAYMENT),
            Line(AccountKind.PROMOTIONS, -order.platform_discount_minor, Part.PLATFORM_DISCOUNT),
            Line(AccountKind.BUYER_PAYMENTS, order.platform_discount_minor, Part.PLATFORM_DISCOUNT),
        ],
    )


def _cancel(order: Order) -> int:
    """The refunds of a cancelled order gave everything back but discounts on lines for which nothing was paid."""
    rest = [line.unearned for line in OrderBooks(order).lines.values()]
    unused = sum(part.platform_discount for part in rest if not part.payment)
    return _posted(
        order,
        TransactionKind.CANCEL,
        Source("order", order.code),
        order.cancelled_at,
        [
            Line(AccountKind.BUYER_PAYMENTS, -unused, Part.PLATFORM_DISCOUNT),
            Line(AccountKind.PROMOTIONS, unused, Part.PLATFORM_DISCOUNT),
        ],
    )


def _posted(
    order: Order,
    kind: TransactionKind,
    source: Source,
    at: dt.datetime,
    lines: list[Line],
    *,
    through_debt: bool = False,
) -> int:
    """Post for the order; 1 where that wrote something."""
    done = ledger.post(
        shop=order.shop, kind=kind, source=source, order=order, at=at, lines=lines, through_debt=through_debt
    )
    return int(done is not None and done.fresh)


# -- the package arrived ----------------------------------------------------------------------------------------------


def _earn(order: Order, package: Package) -> int:
    """The package's share of the order is earned: net of fees to *pending*, fees and tax to the platform."""
    books = OrderBooks(order)
    policy = policy_for(order.shop, order.paid_at)
    rows = PackageLine.objects.filter(shop_id=order.shop_id, package=package).order_by("line_id")
    arrived = [
        (books.lines[row.line_id], _arrived(books.lines[row.line_id], row.quantity), row.quantity) for row in rows
    ]
    charged = [(line, part, quantity, _fee(order, policy, line, part)) for line, part, quantity in arrived]
    referral = sum(fee.amount_minor for _line, _part, _quantity, fee in charged)
    whole = Amounts(tax_included=order.tax_included)
    for _line, part, _quantity, _fee_line in charged:
        whole = whole.plus(part)
    earning = _write_earning(order, package, charged, whole.value - whole.tax - referral)
    source = Source("package", package.code)
    written = _posted(order, TransactionKind.DELIVERY, source, package.delivered_at, _delivery_lines(whole, referral))
    events.record(
        "earning.booked",
        shop=order.shop,
        subject_kind="order",
        subject_code=order.code,
        by=None,
        at=package.delivered_at,
        package_code=package.code,
        net_minor=earning.net_minor,
        currency=earning.currency,
        available_on=f"{day_of(earning.available_from, order.shop.zone)}",
    )
    return written


def _arrived(line: LineBook, quantity: int) -> Amounts:
    """What this many more units of a line bring; the last ones bring what is left of it."""
    ordered = line.line.quantity
    before = line.delivered_quantity
    last = before + quantity >= ordered - line.line.cancelled_quantity
    return delivered(line.total, gone=line.gone, before=before, quantity=quantity, of=ordered, last=last)


def _fee(order: Order, policy, line: LineBook, part: Amounts) -> FeeLine:
    """The referral fee of a part, with everything that explains it."""
    offer = order.shop.offer_runs(order.paid_at)
    rate = fees.referral_rate(
        policy.fees,
        fee_class=line.line.fee_class,
        offer_share_bp=policy.new_seller_offer.referral_fee_share_bp if offer else None,
    )
    return FeeLine(
        shop_id=order.shop_id,
        kind=FeeLine.Kind.REFERRAL,
        rule=rate.rule,
        base_minor=part.fee_base,
        rate_bp=rate.rate_bp,
        share_bp=rate.share_bp,
        amount_minor=rate.fee_of(part.fee_base),
        decided_at=order.paid_at,
        policy_version_id=policy.version_id,
    )


def _write_earning(order: Order, package: Package, charged: list, net: int) -> Earning:
    terms = terms_of(order.shop, policy_for(order.shop, package.delivered_at))
    earning = Earning.objects.create(
        shop=order.shop,
        order=order,
        package=package,
        package_code=package.code,
        currency=order.currency,
        net_minor=net,
        earned_at=package.delivered_at,
        available_from=package.delivered_at + dt.timedelta(days=terms.days),
        terms=terms.name,
    )
    rows = [
        EarningLine(
            shop_id=order.shop_id,
            earning=earning,
            line=line.line,
            quantity=quantity,
            goods_minor=part.goods,
            seller_discount_minor=part.seller_discount,
            platform_discount_minor=part.platform_discount,
            shipping_minor=part.shipping,
            tax_minor=part.tax,
            tax_included=part.tax_included,
            net_minor=part.value - part.tax - fee.amount_minor,
        )
        for line, part, quantity, fee in charged
    ]
    EarningLine.objects.bulk_create(rows)
    for row, (_line, _part, _quantity, fee) in zip(rows, charged, strict=True):
        fee.earning_line = row
    FeeLine.objects.bulk_create([fee for _line, _part, _quantity, fee in charged])
    return earning


def _delivery_lines(whole: Amounts, referral: int) -> list[Line]:
    included = whole.tax - whole.tax_on_top
    return [
        Line(AccountKind.BUYER_PAYMENTS, -whole.payment, Part.PAYMENT),
        Line(AccountKind.BUYER_PAYMENTS, -whole.platform_discount, Part.PLATFORM_DISCOUNT),
        Line(AccountKind.PENDING, whole.goods, Part.GOODS),
        Line(AccountKind.PENDING, -whole.seller_discount, Part.SELLER_DISCOUNT),
        Line(AccountKind.PENDING, whole.shipping, Part.SHIPPING),
        Line(AccountKind.PENDING, -included, Part.TAX),
        Line(AccountKind.PENDING, -referral, Part.REFERRAL_FEE),
        Line(AccountKind.COMMISSION, referral, Part.REFERRAL_FEE),
        Line(AccountKind.TAX, whole.tax, Part.TAX),
    ]


# -- the buyer gets money back ----------------------------------------------------------------------------------------


def refund_preview(
    *, order: Order, line_id: int | None, goods_minor: int, shipping_minor: int, tax_minor: int, at
) -> RefundPlan:
    """What a refund would take from whom, before it happens: the same plan that the posting follows."""
    return _plan(order, line_id, Wish(goods=goods_minor, shipping=shipping_minor, tax=tax_minor), at)


def _plan(order: Order, line_id: int | None, wish: Wish, at: dt.datetime) -> RefundPlan:
    return plan_refund(OrderBooks(order), line_id=line_id, wish=wish, fee_policy=policy_for(order.shop, at).fees)


def _refund(order: Order, refund: Refund) -> int:
    """A refund goes back: from the seller where it was earned, else from the buyers' payments."""
    # Locked, so that settlement cannot move an earning to *available* while it is decided whence the money comes.
    earnings = {
        earning.pk: earning for earning in lock_rows(Earning.objects.filter(shop_id=order.shop_id, order=order))
    }
    wish = Wish(goods=refund.goods_minor, shipping=refund.shipping_minor, tax=refund.tax_minor)
    plan = _plan(order, refund.line_id, wish, refund.made_at)
    taken = [_take(order, refund, share, earnings) for share in plan.shares]
    fee_from_pending = sum(one.fee for one in taken)
    fee_lines = [
        Line(AccountKind.PENDING, -fee_from_pending, Part.REFUND_FEE),
        Line(AccountKind.AVAILABLE, fee_from_pending - plan.fee_minor, Part.REFUND_FEE),
        Line(AccountKind.FEES, plan.fee_minor, Part.REFUND_FEE),
    ]
    # What earlier fees took of an earning is missing when the rest of it goes back, and comes from *available*. Said in
    # the same posting: *pending* holds what the earnings do, to the cent, whatever else lies there.
    lack = sum(one.lack for one in taken)
    back_lines = [
        *_refund_lines([(share, one.pending) for share, one in zip(plan.shares, taken, strict=True)]),
        Line(AccountKind.PENDING, lack, Part.REFUND_FEE),
        Line(AccountKind.AVAILABLE, -lack, Part.REFUND_FEE),
    ]
    source, moment = Source("refund", refund.code), refund.made_at
    written = _posted(order, TransactionKind.REFUND, source, moment, back_lines, through_debt=True)
    written += _posted(order, TransactionKind.REFUND_FEE, source, moment, fee_lines, through_debt=True)
    _say_refunded(order, refund, plan)
    return written


class _Taken(NamedTuple):
    """What a refund takes of one part. ``pending``: of an earning that is not settled yet; of the fee, ``fee`` comes from
    there; ``lack``: so much of the seller's share is not there any more.
    """

    pending: bool
    fee: int = 0
    lack: int = 0


def _take(order: Order, refund: Refund, share: RefundShare, earnings: dict[int, Earning]) -> _Taken:
    """Write what a refund takes from one part."""
    back, part = share.taken.amounts, share.part
    earning = earnings[part.earning.pk] if part else None
    taken = _Taken(False)
    if earning is not None and earning.status == Earning.Status.PENDING_SETTLEMENT:
        lack = max(0, share.taken.seller - earning.left_minor)
        there = earning.left_minor - (share.taken.seller - lack)
        taken = _Taken(True, min(share.fee_minor, there), lack)
    from_pending = share.taken.seller - taken.lack + taken.fee if taken.pending else 0
    if part:
        _count_refunded(part, share)
    if taken.pending:
        must_update_one(
            Earning.objects.filter(shop_id=order.shop_id, pk=earning.pk).update(
                taken_minor=F("taken_minor") + from_pending
            )
        )
        earning.taken_minor += from_pending
    Reversal.objects.create(
        shop=order.shop,
        refund=refund,
        order=order,
        line=share.line.line,
        earning_line=part.row if part else None,
        goods_minor=back.goods,
        seller_discount_minor=back.seller_discount,
        platform_discount_minor=back.platform_discount,
        shipping_minor=back.shipping,
        tax_minor=back.tax,
        referral_minor=share.taken.referral,
        refund_fee_minor=share.fee_minor,
        seller_minor=share.taken.seller if part else 0,
        from_pending_minor=from_pending,
        lack_minor=taken.lack,
        reversed_at=refund.made_at,
    )
    return taken


def _count_refunded(part, share: RefundShare) -> None:
    """The counters that PostgreSQL holds against what was paid and charged (INV6, INV13)."""
    rows = EarningLine.objects.filter(shop_id=part.row.shop_id, pk=part.row.pk)
    must_update_one(rows.update(refunded_minor=F("refunded_minor") + share.taken.amounts.paid))
    charged = FeeLine.objects.filter(shop_id=part.fee.shop_id, pk=part.fee.pk)
    must_update_one(charged.update(reversed_minor=F("reversed_minor") + share.taken.referral))


def _refund_lines(sources: list[tuple[RefundShare, bool]]) -> list[Line]:
    lines: list[Line] = []
    for share, pending in sources:
        back, referral = share.taken.amounts, share.taken.referral
        lines += [
            Line(AccountKind.BANK_CLEARING, back.payment, Part.REFUND),
            Line(AccountKind.PROMOTIONS, back.platform_discount, Part.PLATFORM_DISCOUNT),
        ]
        if share.part is None:
            lines.append(Line(AccountKind.BUYER_PAYMENTS, -back.value, Part.REFUND))
            continue
        whose = AccountKind.PENDING if pending else AccountKind.AVAILABLE
        lines += [
            Line(AccountKind.TAX, -back.tax, Part.TAX),
            Line(AccountKind.COMMISSION, -referral, Part.REFERRAL_FEE),
            Line(whose, back.tax - back.value, Part.REFUND),
            Line(whose, referral, Part.REFERRAL_FEE),
        ]
    return _summed(lines)


def _summed(lines: list[Line]) -> list[Line]:
    """One line per account and part."""
    sums: dict[tuple[AccountKind, Part], int] = {}
    for line in lines:
        sums[line.account, line.part] = sums.get((line.account, line.part), 0) + line.amount_minor
    return [Line(account, amount, part) for (account, part), amount in sums.items()]


def _say_refunded(order: Order, refund: Refund, plan: RefundPlan) -> None:
    events.record(
        "earning.reversed",
        shop=order.shop,
        subject_kind="order",
        subject_code=order.code,
        by=None,
        at=refund.made_at,
        refund_code=refund.code,
        buyer_minor=plan.buyer_minor,
        seller_minor=plan.seller_minor,
        fee_minor=plan.fee_minor,
        currency=order.currency,
    )
