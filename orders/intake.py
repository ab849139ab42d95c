"""Taking in orders, from every channel: one transaction for order, lines, stock, coupon, event and clock.

The same external number of a channel is the same order. An order that is still to be paid is refused when stock, coupon
or the shop's daily limit does not allow it; one that was sold on a channel already is never refused: it is stored under
a hold (model.md §5). Locks are taken in one order (DEC4): advisory → order → coupon → stock.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import stock
from catalog.models import Reservation, Sku
from marketing import redemption
from marketing.models import Redemption
from orders import holds, payments
from orders.buyers import meet, person_code
from orders.models import Buyer, Hold, Order, OrderLine, Payment
from orders.wanted import (
    Address,
    Basket,
    Contact,
    NotForSale,
    WantedLine,
    check,
    merged,
    price_basket,
    skus_of,
)
from seller_center.kernel.calendar import day_of, day_period
from seller_center.kernel.codes import new_code
from seller_center.kernel.errors import DomainError
from seller_center.kernel.failpoints import failpoint
from seller_center.kernel.locking import LockKind, advisory_lock
from seller_center.kernel.money import format_money
from seller_center.kernel.prepared import prepared
from seller_center.kernel.text import number
from shops import deadlines, events
from shops.policy import Policy
from shops.policy_book import policy_for
from shops.scope import scope

__all__ = ["Address", "Basket", "Contact", "NotForSale", "WantedLine", "place_order", "quote"]


class ShopNotSelling(DomainError):
    """The shop takes no orders: it is not open, or closed."""

    code = "shop_not_selling"


class DailyLimitReached(DomainError):
    """The shop's probation tier allows no more orders today."""

    code = "daily_limit_reached"


class PriceChanged(DomainError):
    """The total is another one than the buyer was shown."""

    code = "price_changed"

    def __init__(self, message: str, *, total_minor: int) -> None:
        super().__init__(message)
        self.total_minor = total_minor


class NumberTaken(DomainError):
    """The channel's number belongs to another order already."""

    code = "number_taken"
    field = "external_number"


def place_order(
    *,
    shop,
    channel: str,
    external_number: str,
    lines: Sequence[WantedLine],
    contact: Contact,
    address: Address,
    at: dt.datetime,
    by,
    coupon_code: str = "",
    visit_code: str = "",
    source: str = "",
    user=None,
    sold: bool = False,
    expected_total_minor: int | None = None,
) -> Order:
    """Take in an order. ``sold``: the channel has the buyer's money already, so it is paid at once and never refused.

    Returns the order; its ``fresh`` says whether it was placed now or stood already under this number.
    ``expected_total_minor`` is what the buyer was shown: another total is ``PriceChanged`` (a hold, where sold).
    Refusals: ``ShopNotSelling``, ``NotForSale``, ``OutOfStock``, ``CouponRefused``, ``DailyLimitReached``, ``Invalid``.
    """
    check(lines, contact, address, shop)
    wanted = merged(lines)
    number = Number(channel[:20], external_number.strip()[:60])
    form = Form(shop, number, contact, address, coupon_code, visit_code, source, user, sold, expected_total_minor)
    try:
        with scope(shop, by=by):
            return _there(form, wanted) or _place(form, wanted, by, at)
    except DomainError:
        # A twin that was faster may have used up what this one was refused: then its order is the answer. Inside a
        # transaction of the caller's this cannot be asked: what was written so far is not undone yet.
        order = None if connection.in_atomic_block else _there(form, wanted)
        if order is None:
            raise
        return order


@dataclass(frozen=True, slots=True)
class Number:
    """The channel and its own number of an order."""

    channel: str
    external: str


@dataclass(frozen=True, slots=True)
class Form:
    """Everything that came with an order but its lines."""

    shop: Any
    number: Number
    contact: Contact
    address: Address
    coupon_code: str
    visit_code: str
    source: str
    user: Any
    sold: bool
    expected_total_minor: int | None


def _place(form: Form, wanted: dict[str, int], by, at: dt.datetime) -> Order:
    """The order that is not there yet. The order of the steps is the order of the locks."""
    shop, sold = form.shop, form.sold
    policy = policy_for(shop, at)
    if not shop.selling:
        raise ShopNotSelling(_("This shop takes no orders at the moment."))
    skus = skus_of(shop, wanted, must_be_live=not sold)
    reasons = _cap_hold(shop, policy, at, sold)
    number = form.number
    buyer, orders_before = meet(
        shop=shop, contact=form.contact, user=form.user, at=at, otherwise=f"{number.channel}:{number.external}"
    )
    basket = price_basket(shop, policy, skus, wanted, form.address, form.coupon_code, buyer, orders_before, at)
    reasons += _price_hold(basket, form)
    order = build(form, policy, buyer, basket, at)
    order.redemption = _redeem(order, basket, buyer, orders_before, at)
    if not insert_unless_there([order]):
        return _twin(form, wanted, order, buyer, at)
    failpoint("intake.order_written")
    payment = Payment.objects.create(
        shop=shop,
        order=order,
        provider="channel" if sold else payments.provider_name(),
        currency=order.currency,
        amount_minor=order.total_minor,
    )
    _record_placed(order, by, at)
    for kind, reason in reasons:
        holds.place(order=order, kind=kind, reason=reason, by=None, at=at)
    paid = sold or order.total_minor == 0
    if paid:
        order = payments.take(payment=payment, order=order, provider_ref=form.number.external, by=by, at=at).order
        order.fresh = True  # type: ignore[attr-defined]
    else:
        _expect_payment(order, policy, at)
    claims = _reserve(order, basket, None if paid else at + dt.timedelta(minutes=policy.sla.unpaid_minutes), at, sold)
    OrderLine.objects.bulk_create(lines_of(order, basket, claims))
    failpoint("intake.before_commit")
    return order


def _expect_payment(order: Order, policy: Policy, at: dt.datetime) -> None:
    deadlines.set_deadline(
        shop=order.shop,
        kind="order.payment",
        subject_kind="order",
        subject_code=order.code,
        due_at=at + dt.timedelta(minutes=policy.sla.unpaid_minutes),
        at=at,
        policy_version_id=policy.version_id,
        label=order.code,
    )


def quote(
    *,
    shop,
    lines: Sequence[WantedLine],
    address: Address | None,
    at: dt.datetime,
    coupon_code="",
    buyer_email="",
    user=None,
) -> Basket:
    """What a basket would cost now, for the checkout page. Refuses as placing would, but takes nothing."""
    policy = policy_for(shop, at)
    wanted = merged(lines)
    skus = skus_of(shop, wanted, must_be_live=True)
    key = person_code(user=user, email=buyer_email)
    known = Buyer.objects.in_shop(shop).filter(person_code=key).first() if key else None
    buyer = known or Buyer(person_code=key or "?")
    place = address or Address("", "", "", shop.market_id)
    return price_basket(shop, policy, skus, wanted, place, coupon_code, buyer, buyer.order_count, at)


# -- limits -----------------------------------------------------------------------------------------------------------

Reasons = list[tuple[str, str]]


def _cap_hold(shop, policy: Policy, at: dt.datetime, sold: bool) -> Reasons:
    """The probation tier's limit of orders a day, counted under a lock so that two at once cannot pass it."""
    cap = policy.probation.tier(shop.tier).orders_per_day
    if cap is None:
        return []
    advisory_lock(LockKind.ORDER_CAP, shop.pk)
    today = day_period(day_of(at, shop.zone), shop.zone)
    taken = Order.objects.in_shop(shop).placed_within(today).exclude(status=Order.Status.CANCELLED)[:cap].count()
    if taken < cap:
        return []
    sentence = ngettext(
        "This shop may take %(cap)s order a day at its present tier, and has reached that for today.",
        "This shop may take %(cap)s orders a day at its present tier, and has reached that for today.",
        cap,
    ) % {"cap": number(cap)}
    if not sold:
        raise DailyLimitReached(sentence)
    return [(Hold.Kind.CAP, sentence)]


def _price_hold(basket: Basket, form: Form) -> Reasons:
    """Another total than the buyer was shown: refused, or a hold where the channel has sold it."""
    total, expected = basket.priced.total_minor, form.expected_total_minor
    if expected is None or expected == total:
        return []
    currency = form.shop.currency
    words = {"amount": format_money(total, currency), "shown": format_money(expected, currency)}
    if not form.sold:
        sentence = _("The price has changed: the total is now %(amount)s, not %(shown)s.") % words
        raise PriceChanged(sentence, total_minor=total)
    return [(Hold.Kind.PRICE, _("Sold for %(shown)s; by the shop's prices it would be %(amount)s.") % words)]


# -- writing ----------------------------------------------------------------------------------------------------------


def build(form: Form, policy: Policy, buyer: Buyer, basket: Basket, at: dt.datetime) -> Order:
    """The row of an order that is still to be paid, not yet written."""
    shop, contact, priced = form.shop, form.contact, basket.priced
    code = f"{shop.code}{new_code(8)}"
    title = basket.skus[0].product.name
    more = len(basket.skus) - 1
    number = form.number.external or code
    return Order(
        shop=shop,
        code=code,
        channel=form.number.channel,
        external_number=number,
        buyer=buyer,
        status=Order.Status.UNPAID,
        currency=shop.currency,
        placed_at=at,
        goods_minor=priced.goods_minor,
        seller_discount_minor=priced.seller_discount_minor,
        platform_discount_minor=priced.platform_discount_minor,
        shipping_minor=priced.shipping_minor,
        tax_minor=priced.tax_minor,
        tax_included=priced.tax.included,
        total_minor=priced.total_minor,
        coupon_code=form.coupon_code.strip().upper()[:20],
        policy_version_id=policy.version_id,
        contact_name=contact.name.strip()[:120],
        contact_email=contact.email.strip()[:254],
        contact_phone=contact.phone.strip()[:40],
        address=form.address.as_dict(),
        visit_code=form.visit_code[:40],
        source=form.source[:20],
        unit_count=basket.unit_count,
        summary=f"{title[:120]} +{more}" if more else title[:160],
        search_text=_search_text(code, number, contact, basket.skus),
    )


def _search_text(code: str, number: str, contact: Contact, skus: Sequence[Sku]) -> str:
    words = [code, number if number != code else "", contact.name, contact.email, contact.phone]
    return " ".join([*filter(None, words), *(sku.code for sku in skus)]).upper()


def insert_unless_there(orders: Sequence[Order]) -> int:
    """One INSERT that waits for twins with the same numbers and then stands back. Sets the keys of what it wrote.

    Returns how many it wrote.
    """
    fields = [field for field in Order._meta.concrete_fields if not field.primary_key and not field.generated]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(["(" + ", ".join(["%s"] * len(fields)) + ")"] * len(orders))
    values = [
        field.get_db_prep_save(field.pre_save(order, add=True), connection) for order in orders for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO orders_order ({columns}) VALUES {places}"  # noqa: S608 - names of our own columns
            " ON CONFLICT (shop_id, channel, external_number) DO NOTHING RETURNING code, id",
            values,
        )
        written = dict(cursor.fetchall())
    for order in orders:
        if order.code in written:
            order.pk, order._state.adding, order.fresh = written[order.code], False, True  # type: ignore[attr-defined]
            order._state.db = connection.alias
    return len(written)


def _there(form: Form, wanted: dict[str, int]) -> Order | None:
    """The order that stands under this number already; ``NumberTaken`` if it has other lines."""
    if not form.number.external:
        return None
    found = list(_numbered(shop=form.shop.pk, channel=form.number.channel, number=form.number.external))
    if not found:
        return None
    order = found[0]
    if dict(OrderLine.objects.of_order(order).values_list("sku_code", "quantity")) != wanted:
        raise NumberTaken(
            _("The number “%(number)s” belongs to the order %(code)s, which has other lines.")
            % {"number": order.external_number, "code": order.code}
        )
    order.shop, order.fresh = form.shop, False  # type: ignore[attr-defined]
    return order


@prepared
def _numbered(*, shop: int, channel: str, number: str) -> QuerySet[Order]:
    """The order of a channel under its own number: one at most."""
    rows = Order.objects.in_shop(shop).filter(channel=channel, external_number=number)
    return rows.select_related("buyer").order_by("pk")[:1]


def _twin(form: Form, wanted: dict[str, int], mine: Order, buyer: Buyer, at: dt.datetime) -> Order:
    """A twin was faster by a moment: give back what this one took so far, and answer with the twin's order."""
    if mine.redemption is not None:
        redemption.give_back(shop=form.shop, redemption=mine.redemption, at=at)
    Buyer.objects.in_shop(form.shop).filter(pk=buyer.pk).update(order_count=F("order_count") - 1)
    order = _there(form, wanted)
    if order is None:
        raise NumberTaken(_("An order with this number is being placed right now. Try again."))
    return order


def _redeem(order: Order, basket: Basket, buyer: Buyer, orders_before: int, at: dt.datetime) -> Redemption | None:
    if basket.discount is None:
        return None
    return redemption.redeem(
        shop=order.shop,
        discount=basket.discount,
        buyer=redemption.BuyerFacts(buyer.person_code, orders_before),
        subject_kind="order",
        subject_code=order.code,
        at=at,
    )


def _reserve(
    order: Order, basket: Basket, until: dt.datetime | None, at: dt.datetime, sold: bool
) -> dict[int, Reservation]:
    """Set the units aside; what a channel has sold beyond the stock is a hold instead of a refusal."""
    try:
        return stock.reserve(
            shop=order.shop, wants=basket.wants, subject_kind="order", subject_code=order.code, until=until, at=at
        )
    except stock.OutOfStock as error:
        if not sold:
            raise
        holds.write(order=order, kind=Hold.Kind.STOCK, reason=str(error), by=None, at=at)
        return {}


def lines_of(order: Order, basket: Basket, claims: dict[int, Reservation]) -> list[OrderLine]:
    """The lines of an order, not yet written; ``claims``: SKU id → the units set aside for it."""
    return [
        OrderLine(
            shop_id=order.shop_id,
            order=order,
            sku=sku,
            reservation=claims.get(sku.pk),
            title=sku.product.name,
            options_text=sku.choice[:320],
            sku_code=sku.code,
            fee_class=sku.product.category.fee_class if sku.product.category else "standard",
            quantity=quantity,
            unit_price_minor=sku.price_minor,
            goods_minor=money.goods_minor,
            seller_discount_minor=money.seller_discount_minor,
            platform_discount_minor=money.platform_discount_minor,
            shipping_minor=money.shipping_minor,
            tax_minor=money.tax_minor,
            tax_included=basket.priced.tax.included,
            tax_rate_bp=basket.priced.tax.rate_bp,
            jurisdiction=basket.priced.tax.jurisdiction,
        )
        for sku, quantity, money in zip(basket.skus, basket.quantities, basket.priced.lines, strict=True)
    ]


def _record_placed(order: Order, by, at: dt.datetime) -> None:
    events.record(
        "order.placed",
        shop=order.shop,
        subject_kind="order",
        subject_code=order.code,
        by=by,
        at=at,
        **placed_facts(order),
    )


def placed_facts(order: Order) -> dict[str, Any]:
    """What the event says of an order that was placed."""
    return {
        "channel": order.channel,
        "external_number": order.external_number,
        "unit_count": order.unit_count,
        "total_minor": order.total_minor,
        "currency": order.currency,
    }
