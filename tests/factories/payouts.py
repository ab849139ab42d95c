"""Money for tests: orders as rows that say what was paid, delivered and refunded, and the shop's bank account.

The orders here are written as plain rows, so that every mixture of discounts, tax and partial deliveries can be had;
journeys through the real verbs of orders are tested with ``tests.factories.orders``.
"""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from catalog.models import Sku
from orders.models import Buyer, Order, OrderLine, Package, PackageLine, Payment, Refund
from payouts import drafting, earning, posting, releasing, settlement
from payouts.models import Account, AccountKind, Payout, PayoutBatch, TransactionKind
from seller_center.kernel.codes import new_code
from seller_center.kernel.fields import blind_index
from seller_center.kernel.money import cumulative_share
from shops.models import BankAccount, Market, Shop
from tests.factories.catalog import make_product, sku_of
from tests.factories.shops import AT, make_staff

_numbers = itertools.count(1)
#: A routing number with a right check digit (the one of a Federal Reserve bank).
ROUTING = "021000021"
#: A Monday after the settlement of what is delivered at ``AT``: the first payday it lands on.
PAYDAY = dt.date(2026, 10, 26)
PAYDAY_AT = dt.datetime(2026, 10, 26, 12, 0, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Sold:
    """One line of an order: what was sold, and who paid how much of it."""

    unit_minor: int = 2000
    quantity: int = 1
    seller_discount_minor: int = 0
    platform_discount_minor: int = 0
    shipping_minor: int = 0
    tax_minor: int = 0
    fee_class: str = "standard"
    sku: Sku | None = None


def make_bank_account(shop: Shop, *, number: str = "", usable_from: dt.datetime = AT, **fields: Any) -> BankAccount:
    """The shop's current account; give ``number`` ending in 9901 and the like for the sandbox bank's mishaps."""
    number = number or f"10{next(_numbers):08d}"
    return BankAccount.objects.create(
        shop=shop,
        holder=fields.pop("holder", f"{shop.name} Ltd"),
        bank_name="Example Bank",
        routing_number=ROUTING,
        number=number,
        number_index=blind_index(number, "bank_account"),
        last_four=number[-4:],
        added_at=AT - dt.timedelta(days=10),
        usable_from=usable_from,
        **fields,
    )


def make_paid_order(shop: Shop, *sold: Sold, paid_at: dt.datetime = AT, captured_minor: int | None = None) -> Order:
    """A paid, open order with these lines; nothing of it is shipped."""
    sold = sold or (Sold(),)
    number = next(_numbers)
    included = shop.market.prices_include_tax
    sums = {
        name: sum(getattr(one, name) for one in sold)
        for name in ("seller_discount_minor", "platform_discount_minor", "shipping_minor", "tax_minor")
    }
    goods = sum(one.unit_minor * one.quantity for one in sold)
    total = goods - sums["seller_discount_minor"] - sums["platform_discount_minor"] + sums["shipping_minor"]
    total += 0 if included else sums["tax_minor"]
    order = Order.objects.create(
        shop=shop,
        code=f"{shop.code}{new_code(8)}",
        channel="test",
        external_number=f"T-{number}",
        buyer=Buyer.objects.create(shop=shop, person_code=f"person-{number}", first_seen_at=paid_at),
        currency=shop.currency,
        placed_at=paid_at,
        goods_minor=goods,
        total_minor=total,
        tax_included=included,
        contact_name="Buyer One",
        address={"line1": "1 Example Street", "city": "New York", "region": "NY", "country": "US"},
        **sums,
    )
    _write_lines(order, sold, included)
    captured = total if captured_minor is None else captured_minor
    Payment.objects.create(
        shop=shop,
        order=order,
        provider="test",
        currency=order.currency,
        amount_minor=max(total, captured),
    )
    _move_to_open(order, captured, paid_at)
    return order


def _write_lines(order: Order, sold: Sequence[Sold], included: bool) -> None:
    for one in sold:
        sku = one.sku or sku_of(make_product(order.shop, price_minor=one.unit_minor, on_hand=0))
        OrderLine.objects.create(
            shop=order.shop,
            order=order,
            sku=sku,
            title=sku.product.name,
            sku_code=sku.code,
            fee_class=one.fee_class,
            quantity=one.quantity,
            unit_price_minor=one.unit_minor,
            goods_minor=one.unit_minor * one.quantity,
            seller_discount_minor=one.seller_discount_minor,
            platform_discount_minor=one.platform_discount_minor,
            shipping_minor=one.shipping_minor,
            tax_minor=one.tax_minor,
            tax_included=included,
        )


def _move_to_open(order: Order, captured: int, paid_at: dt.datetime) -> None:
    Payment.objects.filter(order=order).update(status="captured", captured_minor=captured, captured_at=paid_at)
    Order.objects.filter(pk=order.pk).update(
        status="cooling_off",
        paid_at=paid_at,
        cooling_off_until=paid_at + dt.timedelta(hours=1),
        ship_by=paid_at + dt.timedelta(hours=72),
    )
    Order.objects.filter(pk=order.pk).update(status="open", fulfilment_status="awaiting_shipment")
    order.refresh_from_db()


def make_delivered(order: Order, quantities: dict[int, int] | None = None, *, at: dt.datetime = AT) -> Package:
    """A package of the order that has arrived: of every line what ``quantities`` (line → units) says, or all of it."""
    count = Package.objects.filter(order=order).count()
    package = Package.objects.create(
        shop=order.shop, order=order, code=f"{order.code}-{count + 1}", opened_at=order.paid_at
    )
    for line in OrderLine.objects.of_order(order):
        quantity = line.live_quantity if quantities is None else quantities.get(line.pk, 0)
        if quantity:
            PackageLine.objects.create(shop=order.shop, package=package, line=line, quantity=quantity)
    for status in ("awaiting_collection", "in_transit", "delivered"):
        changes = {"status": status, "shipped_at": at, "carrier": "usps", "tracking_number": f"TEST{package.pk}"}
        if status == "delivered":
            changes["delivered_at"] = at
        Package.objects.filter(pk=package.pk).update(**changes)
    package.refresh_from_db()
    return package


def make_refund(
    order: Order,
    line: OrderLine | None = None,
    *,
    quantity: int = 1,
    goods_minor: int | None = None,
    shipping_minor: int = 0,
    tax_minor: int | None = None,
    at: dt.datetime = AT,
) -> Refund:
    """A refund of units of a line, in proportion unless amounts are given; the counters of orders follow."""
    line = line or OrderLine.objects.of_order(order)[0]
    before = line.refunded_quantity
    if goods_minor is None:
        goods_minor = _share(line.goods_paid_minor, before, quantity, line.quantity)
    if tax_minor is None:
        tax_minor = _share(line.tax_minor, before, quantity, line.quantity)
    total = goods_minor + shipping_minor + (0 if order.tax_included else tax_minor)
    OrderLine.objects.filter(pk=line.pk).update(
        refunded_quantity=before + quantity,
        refunded_goods_minor=line.refunded_goods_minor + goods_minor,
        refunded_shipping_minor=line.refunded_shipping_minor + shipping_minor,
        refunded_tax_minor=line.refunded_tax_minor + tax_minor,
        refunded_minor=line.refunded_minor + total,
    )
    line.refresh_from_db()
    payment = Payment.objects.get(order=order)
    Payment.objects.filter(pk=payment.pk).update(refunded_minor=payment.refunded_minor + total)
    return Refund.objects.create(
        shop=order.shop,
        order=order,
        line=line,
        code=f"R{new_code(10)}",
        currency=order.currency,
        quantity=quantity,
        goods_minor=goods_minor,
        shipping_minor=shipping_minor,
        tax_minor=tax_minor,
        tax_included=order.tax_included,
        total_minor=total,
        reason="changed_mind",
        fault="buyer",
        made_at=at,
    )


def _share(whole: int, before: int, quantity: int, of: int) -> int:
    return cumulative_share(whole, before + quantity, of) - cumulative_share(whole, before, of)


def keep(order: Order, *, at: dt.datetime | None = None) -> int:
    """Bring the order's books up to date."""
    fresh = Order.objects.select_related("shop__market").get(pk=order.pk)
    return earning.keep_books(order=fresh, at=at or AT + dt.timedelta(days=365))


def make_earned(shop: Shop, *sold: Sold, at: dt.datetime = AT) -> Order:
    """An order that was paid and has arrived, its sale earned."""
    order = make_paid_order(shop, *sold, paid_at=at)
    make_delivered(order, at=at)
    keep(order)
    return order


def make_available(shop: Shop, *sold: Sold, at: dt.datetime = AT) -> Order:
    """An order whose money is available to the shop."""
    order = make_earned(shop, *sold, at=at)
    settlement.settle(at=at + dt.timedelta(days=40), shop=shop)
    return order


def make_batch(*shops: Shop, at: dt.datetime = PAYDAY_AT, on: dt.date = PAYDAY, released: bool = True) -> PayoutBatch:
    """A drafted batch of the shops' market, released by two people unless said otherwise."""
    done = drafting.draft(market=shops[0].market, period_on=on, at=at)
    assert done.batch is not None, "nothing was there to pay out"
    if not released:
        return done.batch
    releasing.approve(batch=done.batch, by=make_staff("finance"), at=at)
    return releasing.release(batch=done.batch, by=make_staff("finance"), at=at)


def make_payout(shop: Shop, *sold: Sold, number: str = "", released: bool = True) -> Payout:
    """A shop with money, an account and a payout of it in a batch."""
    if not BankAccount.objects.in_shop(shop).current().exists():
        make_bank_account(shop, number=number)
    make_available(shop, *sold)
    make_batch(shop, released=released)
    return Payout.objects.in_shop(shop).get()


def make_rich_shops(count: int, *, prefix: str = "", amount_minor: int = 1_000, at: dt.datetime = AT) -> list[Shop]:
    """Many shops at once, each with a bank account and a little more than the one before available to it."""
    market = Market.objects.get(pk="US")
    names = [f"{prefix}{number:0{4 - len(prefix)}d}" for number in range(count)]
    shops = Shop.objects.bulk_create(
        [
            Shop(
                code=name,
                slug=f"shop-{name.lower()}",
                name=f"Shop {name}",
                market=market,
                currency=market.currency,
                zone=market.zone,
                status=Shop.Status.ACTIVE,
                created_at=at,
            )
            for name in names
        ]
    )
    kinds = AccountKind.values
    Account.objects.bulk_create(
        [Account(shop=shop, kind=kind, currency=shop.currency) for shop in shops for kind in kinds], batch_size=5_000
    )
    for shop in shops:
        make_bank_account(shop)
    with transaction.atomic():
        posting.post_many(
            kind=TransactionKind.CAPTURE,
            source_kind="test",
            at=at,
            params=[amount_minor, [shop.pk for shop in shops]],
            lines_sql="""
                SELECT s.id AS shop_id, s.currency, 'rich' AS source_code, 0 AS step, NULL::bigint AS order_id,
                    side.account_kind, side.sign * (%s + s.id %% 997) AS amount_minor, 'payment' AS part, side.place
                FROM shops_shop s CROSS JOIN (VALUES ('bank_clearing', -1, 1), ('available', 1, 2))
                    AS side (account_kind, sign, place)
                WHERE s.id = ANY(%s)
            """,
        )
    return shops


def balance(shop: Shop, kind: str) -> int:
    """What lies on the shop's account of this kind."""
    return Account.objects.filter(shop=shop, kind=kind).values_list("balance_minor", flat=True).first() or 0
