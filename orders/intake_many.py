"""Taking in many orders that a channel has sold: the plain ones together in a handful of statements, the rest singly.

Plain is an order that can only end well: sold, without a coupon, of SKUs that are there in sufficient number, at the
price that was told, under a number that is new. What becomes of it is exactly what ``intake.place_order`` makes of it.
All others, and all of them where somebody else was at the same numbers or units at that moment, go one by one.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from catalog import stock
from catalog.models import Sku, StockItem
from orders import intake, payments, sla
from orders.buyers import meet_many
from orders.intake import Form
from orders.models import Buyer, Order, OrderLine, Payment
from orders.wanted import Basket, check, merged, price_basket
from seller_center.kernel.errors import DomainError
from seller_center.kernel.failpoints import failpoint
from shops import events
from shops.idempotency import MOST_KEY_LENGTH, once
from shops.models import Deadline, IdempotencyKey
from shops.policy import Policy
from shops.policy_book import policy_for
from shops.scope import scope

#: What a key belongs to, with the fingerprint of its order: the same key may not come with another order.
ROUTE = "POST /orders/batch"

Tell = Callable[[Order, Sequence[OrderLine]], dict[str, Any]]


@dataclass(frozen=True)
class Pushed:
    """An order of a batch: its key, what came, and the same as the intake takes it."""

    key: str
    body: dict[str, Any]
    form: Form
    lines: tuple[intake.WantedLine, ...]

    @property
    def content(self) -> bytes:
        """The order in one spelling, for its fingerprint."""
        return json.dumps(self.body, sort_keys=True, separators=(",", ":")).encode()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(ROUTE.encode() + b"\n" + self.content).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What became of one of them: the status and body that it would have had on its own."""

    status: int
    body: dict[str, Any]


class _Overtaken(Exception):
    """Somebody else was faster at a number, a key or the units: nothing of the attempt stands."""


def push(
    *, shop, pushed: Sequence[Pushed], at: dt.datetime, tell: Tell, refusal: Callable[[DomainError], Answer]
) -> list[Answer]:
    """Take in the orders; one answer for each, in their order. An order that is refused stops no other."""
    done: dict[int, Answer] = {}
    plain = _plain(shop, pushed, at)
    if len(plain) > 1:
        try:
            with transaction.atomic(), scope(shop, by=None):
                done = _together(shop, sorted(plain, key=lambda one: one.number), at, tell)
        except (_Overtaken, stock.OutOfStock):
            done = {}
    return [done.get(place) or _singly(shop, one, at, tell, refusal) for place, one in enumerate(pushed)]


def _singly(shop, one: Pushed, at: dt.datetime, tell: Tell, refusal: Callable[[DomainError], Answer]) -> Answer:
    form = one.form

    def run() -> tuple[int, dict]:
        order = intake.place_order(
            shop=shop,
            channel=form.number.channel,
            external_number=form.number.external,
            lines=one.lines,
            contact=form.contact,
            address=form.address,
            coupon_code=form.coupon_code,
            sold=form.sold,
            expected_total_minor=form.expected_total_minor,
            at=at,
            by=None,
        )
        return (201 if order.fresh else 200), tell(order, list(OrderLine.objects.of_order(order)))  # type: ignore[attr-defined]

    try:
        status, body, _replayed = once(shop=shop, key=one.key, route=ROUTE, body=one.content, at=at, run=run)
    except DomainError as error:
        return refusal(error)
    return Answer(status, body)


# -- which ones are plain ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Plain:
    place: int
    pushed: Pushed
    basket: Basket

    @property
    def number(self) -> tuple[str, str]:
        return self.pushed.form.number.channel, self.pushed.form.number.external


def _plain(shop, pushed: Sequence[Pushed], at: dt.datetime) -> list[_Plain]:
    """Those that nothing stands against as far as can be seen without locks."""
    policy = policy_for(shop, at)
    if not shop.selling or policy.probation.tier(shop.tier).orders_per_day is not None:
        return []
    numbers = Counter((one.form.number.channel, one.form.number.external) for one in pushed)
    keys = Counter(one.key for one in pushed)
    taken_keys = set(IdempotencyKey.objects.filter(shop=shop, key__in=list(keys)).values_list("key", flat=True))
    there = Order.objects.in_shop(shop).filter(
        channel__in={channel for channel, _number in numbers}, external_number__in=[number for _c, number in numbers]
    )
    taken_numbers = set(there.values_list("channel", "external_number"))
    codes = {line.sku_code.strip() for one in pushed for line in one.lines}
    rows = Sku.objects.in_shop(shop).filter(code__in=codes).select_related("product__category")
    skus = {sku.code: sku for sku in rows}
    left = dict(
        StockItem.objects.filter(
            shop=shop, sku__in=[sku.pk for sku in skus.values()], warehouse__is_default=True
        ).values_list("sku_id", "available")
    )
    found = []
    for place, one in enumerate(pushed):
        number = (one.form.number.channel, one.form.number.external)
        if keys[one.key] > 1 or numbers[number] > 1 or one.key in taken_keys or number in taken_numbers:
            continue
        basket = _basket(shop, policy, one, skus, at)
        if basket is None or any(left.get(sku, 0) < units for sku, units in basket.wants.items()):
            continue
        for sku, units in basket.wants.items():
            left[sku] -= units
        found.append(_Plain(place, one, basket))
    return found


def _basket(shop, policy: Policy, one: Pushed, skus: dict[str, Sku], at: dt.datetime) -> Basket | None:
    """What it costs, or None where there is anything to decide about it."""
    form = one.form
    if not form.sold or form.coupon_code.strip() or not form.number.external:
        return None
    if not 0 < len(one.key) <= MOST_KEY_LENGTH:
        return None
    try:
        check(one.lines, form.contact, form.address, shop)
    except DomainError:
        return None
    wanted = merged(one.lines)
    if not all(code in skus for code in wanted):
        return None
    basket = price_basket(shop, policy, [skus[code] for code in wanted], wanted, form.address, "", Buyer(), 0, at)
    expected, total = form.expected_total_minor, basket.priced.total_minor
    return basket if expected is None or expected == total else None


# -- together ---------------------------------------------------------------------------------------------------------


def _together(shop, plain: Sequence[_Plain], at: dt.datetime, tell: Tell) -> dict[int, Answer]:
    """One statement for each table. The order of the locks is the intake's: buyers, orders, stock."""
    policy = policy_for(shop, at)
    forms = [one.pushed.form for one in plain]
    people = [(form.contact, f"{form.number.channel}:{form.number.external}") for form in forms]
    buyers = meet_many(shop=shop, contacts=people, at=at)
    orders = [
        intake.build(form, policy, buyer, one.basket, at) for form, buyer, one in zip(forms, buyers, plain, strict=True)
    ]
    if intake.insert_unless_there(orders) != len(orders):
        raise _Overtaken
    failpoint("intake.order_written")
    clocks = _pay(shop, orders, policy, at)
    wants = {order.code: one.basket.wants for order, one in zip(orders, plain, strict=True)}
    claims = stock.reserve_many(shop=shop, wants=wants, subject_kind="order", at=at)
    lines = [intake.lines_of(order, one.basket, claims[order.code]) for order, one in zip(orders, plain, strict=True)]
    OrderLine.objects.bulk_create(line for of_order in lines for line in of_order)
    _record(shop, orders, clocks, at)
    for order in orders:
        order.plain = True  # type: ignore[attr-defined]
    answers = {
        one.place: Answer(201, tell(order, of_order)) for one, order, of_order in zip(plain, orders, lines, strict=True)
    }
    _keep_answers(shop, plain, answers, at)
    failpoint("intake.before_commit")
    return answers


def _pay(shop, orders: list[Order], policy: Policy, at: dt.datetime) -> sla.Clocks:
    """The channel has the money: what ``payments.take`` does for one. All were paid now, so all have the same clocks."""
    Payment.objects.bulk_create(
        Payment(
            shop=shop,
            order=order,
            provider="channel",
            currency=order.currency,
            amount_minor=order.total_minor,
            provider_ref=order.external_number,
        )
        for order in orders
    )
    keys = [order.pk for order in orders]
    Payment.objects.filter(shop=shop, order__in=keys).update(
        status=Payment.Status.CAPTURED, captured_minor=F("amount_minor"), captured_at=at
    )
    clocks = sla.clocks(policy.sla, at, market=shop.market_id, zone=shop.zone)
    changes = {
        "status": Order.Status.COOLING_OFF,
        "fulfilment_status": Order.Status.COOLING_OFF,
        "paid_at": at,
        "cooling_off_until": clocks.cooling_off_until,
        "ship_by": clocks.ship_by,
        "auto_cancel_at": clocks.auto_cancel_at,
    }
    Order.objects.filter(shop=shop, pk__in=keys, status=Order.Status.UNPAID).update(**changes)
    for order in orders:
        for name, value in changes.items():
            setattr(order, name, value)
    Deadline.objects.bulk_create(row for order in orders for row in payments.clock_rows(order, clocks, policy, at))
    return clocks


def _record(shop, orders: list[Order], clocks: sla.Clocks, at: dt.datetime) -> None:
    placed = [("order", order.code, intake.placed_facts(order)) for order in orders]
    events.record_many("order.placed", shop=shop, by=None, at=at, subjects=placed)
    paid = [
        (
            "order",
            order.code,
            {
                "captured_minor": order.total_minor,
                "currency": order.currency,
                "ship_by": clocks.ship_by.isoformat(),
            },
        )
        for order in orders
    ]
    events.record_many("order.paid", shop=shop, by=None, at=at, subjects=paid)


def _keep_answers(shop, plain: Sequence[_Plain], answers: dict[int, Answer], at: dt.datetime) -> None:
    """The keys with their answers, in key order; one that came from elsewhere meanwhile undoes it all."""
    rows = sorted(plain, key=lambda one: one.pushed.key)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shops_idempotencykey (shop_id, key, route, request_sha256, response_status, response, at)"
            " SELECT %s, key, %s, sha256, status, response, %s"
            " FROM unnest(%s::text[], %s::text[], %s::int[], %s::jsonb[]) AS kept (key, sha256, status, response)"
            " ON CONFLICT (shop_id, key) DO NOTHING",
            [
                shop.pk,
                ROUTE,
                at,
                [one.pushed.key for one in rows],
                [one.pushed.sha256 for one in rows],
                [answers[one.place].status for one in rows],
                [json.dumps(answers[one.place].body) for one in rows],
            ],
        )
        if cursor.rowcount != len(rows):
            raise _Overtaken
