"""A living market: buyers browse, order, cancel, return, review and ask, sellers ship and answer, parcels move.

Everything goes through the verbs of the house, at the moment that the clock shows, beside whoever uses the site. What is
to be done is found in the database, so that a simulation may end at any moment and another one goes on. Who does what
is decided by seed and code, not by the order in which things are looked at. A part of the sellers' work is left undone,
so that deadlines strike.
"""

import dataclasses
import datetime as dt
import logging
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings

from analytics import tracking as visits
from catalog import stock
from catalog.models import Sku, StockItem
from orders import cancellation, fulfilment, intake, payments, returns
from orders import tracking as parcels
from orders.carriers import Scan
from orders.models import Order, OrderLine, Package, ReturnRequest
from seller_center import passing
from seller_center.demo import plans
from seller_center.kernel.errors import DomainError
from shops.models import Membership, Shop, User
from support import inbox as conversations
from support import reviewing
from support.models import Conversation, Review

log = logging.getLogger(__name__)

HOUR, DAY, MINUTE = dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(minutes=1)
#: How much of the demo's time one step lets pass: at most, at least, and how long a step lasts if that is less.
STEP = 5 * MINUTE
LEAST_STEP, LEAST_WAIT = dt.timedelta(seconds=15), dt.timedelta(seconds=5)
#: Rows of one kind that are looked at in a shop per step.
MOST = 60
#: Visits a day in a shop, and how many in a thousand of them order.
VISITS_A_DAY = 110
ORDERING = 220
#: Parts in a thousand of what sellers leave undone.
NEGLECTED = 40
QUESTIONS = ("When will it leave the house?", "Does it come with a manual?", "Is there another colour?")
ANSWER = "Thank you for asking. Yes, and it leaves tomorrow morning."


class NotHere(DomainError):
    """A simulation invents orders: never where real people buy."""

    code = "not_here"


@dataclasses.dataclass
class Market:
    """The shops that live, what happened in them, and who acts."""

    shops: list[Shop]
    seed: int
    done: Counter[str] = dataclasses.field(default_factory=Counter)
    skus: dict[int, list[Sku]] = dataclasses.field(default_factory=dict)
    owners: dict[int, User] = dataclasses.field(default_factory=dict)

    def chance(self, *words: Any) -> random.Random:
        """The chance of a thing: the same for the same seed and words."""
        return random.Random("|".join(map(str, (self.seed, *words))))  # noqa: S311 (a story, not a secret)


def market(*, shops: int, seed: int) -> Market:
    """The shops that can sell, the busiest ones first. Raises ``NotHere`` outside of the demo."""
    if not settings.LOCAL:
        raise NotHere("A market is simulated in the demo only (LOCAL=1): it invents orders.")
    rows = Shop.objects.filter(status=Shop.Status.ACTIVE, is_platform=False).order_by("pk")
    found = Market([], seed)
    for shop in rows.select_related("market")[: shops * 3]:
        skus = list(Sku.objects.in_shop(shop).filter(product__status="live", retired_at=None)[:400])
        member = Membership.objects.in_shop(shop).filter(role__is_owner=True).select_related("user").first()
        if skus and member is not None and len(found.shops) < shops:
            found.shops.append(shop)
            found.skus[shop.pk], found.owners[shop.pk] = skus, member.user
    return found


def live(
    found: Market,
    *,
    span: dt.timedelta,
    speed: float,
    now: Callable[[], dt.datetime],
    wait: Callable[[float], bool],
    alone: bool = False,
) -> Iterator[tuple[dt.datetime, Counter[str]]]:
    """Let the market live for ``span`` of the demo's time; yields the counts of every simulated hour.

    ``speed``: how many times faster than real time; above 1 the demo's clock is moved along. ``now`` reads the clock,
    ``wait`` sleeps so many seconds and says whether to stop. ``alone``: no worker runs, so do the clock's and the
    reactions' work here, too.
    """
    began = at = now()
    step = min(STEP, max(LEAST_STEP, speed * LEAST_WAIT))
    hour, counts = began, Counter[str]()
    while at < began + span:
        real = time.monotonic()
        found.done.clear()
        _step(found, at, step)
        counts += found.done
        if alone:
            passing.happen(at)
        if at - hour >= HOUR:
            yield at, counts
            hour, counts = at, Counter()
        if wait(max(0.0, step.total_seconds() / speed - (time.monotonic() - real))):
            break
        passed = dt.timedelta(seconds=time.monotonic() - real)
        if speed > 1 and passed < step:
            passing.advance(step - passed)
        at = now()
    if counts:
        yield at, counts


def _step(found: Market, at: dt.datetime, step: dt.timedelta) -> None:
    for shop in found.shops:
        busy = 1.0 if shop is found.shops[0] else 0.25
        _browse(found, shop, at, busy * (step / DAY))
        for deed in (_change_minds, _ship, _scan, _afterwards, _answer, _decide, _fill_shelves):
            deed(found, shop, at)


def _try(found: Market, name: str, deed: Callable[[], Any]) -> Any:
    """Do it and count it; a refusal is part of a market and is counted as such."""
    try:
        made = deed()
    except DomainError as refusal:
        found.done["refused"] += 1
        log.debug("%s: %s", name, refusal)
        return None
    found.done[name] += 1
    return made


# -- buyers -----------------------------------------------------------------------------------------------------------


def _browse(found: Market, shop: Shop, at: dt.datetime, part: float) -> None:
    """The visits of this part of a day, by its hour; some of them end in an order."""
    chance = found.chance("visits", shop.code, at.isoformat())
    there = at.astimezone(plans.ZONE)
    daily = 1 + math.sin((there.hour - 8) / 24 * math.tau)
    expected = VISITS_A_DAY * part * daily
    for _number in range(int(expected) + (chance.random() < expected % 1)):
        source = chance.choice(plans.SOURCES)
        sku = chance.choice(found.skus[shop.pk])
        code = visits.see_page(
            shop=shop, code="", source=source, campaign="", path=f"/shop/{shop.slug}/", product=sku.product, at=at
        )
        found.done["visits"] += 1
        for _page in range(chance.randrange(4)):
            visits.see_page(shop=shop, code=code, source=source, campaign="", path="", at=at)
        if chance.random() * 1000 < ORDERING:
            visits.reach(shop=shop, code=code, at=at, step="basket")
            _order(found, shop, sku, code, source, chance, at)


def _order(
    found: Market, shop: Shop, sku: Sku, visit: str, source: str, chance: random.Random, at: dt.datetime
) -> None:
    person = plans.person(chance.randrange(4_000))
    city, region, code = chance.choice(plans.CITIES)
    address = intake.Address(f"{chance.randrange(1, 900)} Sample Road", city, code, "US", region=region)
    order = _try(
        found,
        "orders",
        lambda: intake.place_order(
            shop=shop,
            channel="storefront",
            external_number=f"sim-{visit}",
            lines=[intake.WantedLine(sku.code, 1 + (chance.random() < 0.15))],
            contact=person,
            address=address,
            visit_code=visit,
            source=source,
            by=None,
            at=at,
        ),
    )
    if order is None:
        return
    visits.reach(shop=shop, code=visit, at=at, step="checkout")
    visits.reach(shop=shop, code=visit, at=at, step="order", order_code=order.code)
    if chance.random() > 0.06:  # the others are never paid
        card = "tok_declined" if chance.random() < 0.03 else "tok_ok"
        _try(found, "paid", lambda: payments.start_payment(order=order, card_token=card, at=at))


def _change_minds(found: Market, shop: Shop, at: dt.datetime) -> None:
    """A few buyers call their order off while it is free."""
    rows = Order.objects.in_shop(shop).filter(status=Order.Status.COOLING_OFF).select_related("shop")
    for order in rows.order_by("-placed_at", "-id")[:MOST]:
        chance = found.chance("cancel", order.code)
        if chance.random() < 0.04 and at - order.placed_at > chance.randrange(5, 50) * MINUTE:
            _try(
                found,
                "cancelled",
                lambda order=order: cancellation.cancel_by_buyer(order=order, reason="changed_mind", at=at),
            )


def _afterwards(found: Market, shop: Shop, at: dt.datetime) -> None:
    """Buyers whose parcel came within the last days review, ask, or want to send it back; each once."""
    rows = Order.objects.in_shop(shop).filter(delivered_at__gt=at - 4 * DAY, delivered_at__lte=at)
    orders = list(rows.select_related("shop", "buyer").order_by("-delivered_at", "-id")[:MOST])
    keys = [order.pk for order in orders]
    reviewed = set(Review.objects.in_shop(shop).filter(order__in=keys).values_list("order_id", flat=True))
    returned = set(ReturnRequest.objects.in_shop(shop).filter(order__in=keys).values_list("order_id", flat=True))
    asked = set(Conversation.objects.in_shop(shop).filter(order__in=keys).values_list("order_id", flat=True))
    for order in orders:
        chance = found.chance("after", order.code)
        lot, later = chance.random(), chance.uniform(2, 70) * HOUR
        if at < order.delivered_at + later:
            continue
        if lot < 0.35 and order.pk not in reviewed:
            _try(found, "reviews", lambda order=order, chance=chance: _review(order, chance, at))
        elif 0.35 < lot < 0.42 and order.pk not in returned:
            _try(found, "returns", lambda order=order, chance=chance: _return(order, chance, at))
        elif 0.42 < lot < 0.52 and order.pk not in asked:
            question = chance.choice(QUESTIONS)
            _try(
                found,
                "questions",
                lambda order=order, question=question: conversations.ask(
                    shop=shop, buyer=order.buyer, order=order, body=question, at=at
                ),
            )


def _review(order: Order, chance: random.Random, at: dt.datetime) -> Review:
    line = OrderLine.objects.of_order(order).select_related("sku", "order", "shop")[0]
    stars, body = chance.choice(plans.PRAISE if chance.random() < 0.92 else plans.BLAME)
    return reviewing.write(line=line, stars=stars, body=body, delivered_at=order.delivered_at, at=at)


def _return(order: Order, chance: random.Random, at: dt.datetime) -> ReturnRequest:
    line = OrderLine.objects.of_order(order)[0]
    reason = chance.choice(("does_not_fit", "not_as_described", "damaged"))
    return returns.request(order=order, kind="return_and_refund", reason=reason, units={line.pk: 1}, note="", at=at)


# -- sellers ----------------------------------------------------------------------------------------------------------


def _neglects(chance: random.Random) -> bool:
    return chance.random() * 1000 < NEGLECTED


def _ship(found: Market, shop: Shop, at: dt.datetime) -> None:
    rows = Package.objects.in_shop(shop).filter(status=Package.Status.AWAITING_SHIPMENT).select_related("order", "shop")
    for package in rows.order_by("opened_at", "id")[:MOST]:
        chance = found.chance("ship", package.code)
        if _neglects(chance) or at < package.opened_at + chance.uniform(2, 44) * HOUR:
            continue
        number = plans.ups_number(chance.randrange(10**9))
        _try(
            found,
            "shipped",
            lambda package=package, number=number: fulfilment.mark_shipped(
                package=package, carrier="ups", tracking_number=number, by=found.owners[shop.pk], at=at
            ),
        )


def _answer(found: Market, shop: Shop, at: dt.datetime) -> None:
    rows = Conversation.objects.in_shop(shop).filter(status=Conversation.Status.AWAITING_SHOP).select_related("shop")
    for row in rows.order_by("answer_by", "id")[:MOST]:
        chance = found.chance("answer", row.code, row.waiting_since)
        if _neglects(chance) or at < row.waiting_since + chance.uniform(0.2, 18) * HOUR:
            continue
        _try(
            found,
            "answers",
            lambda row=row: conversations.answer(conversation=row, body=ANSWER, by=found.owners[shop.pk], at=at),
        )


def _decide(found: Market, shop: Shop, at: dt.datetime) -> None:
    """Returns: approved by the shop, sent back by the buyer, inspected and paid back."""
    rows = ReturnRequest.objects.in_shop(shop).filter(
        status__in=("requested", "awaiting_return", "shipped_back", "received")
    )
    for row in rows.select_related("shop", "order").order_by("id")[:MOST]:
        busy = found.chance("return", row.code, row.status, at.isoformat()).random() > 0.02
        if busy or _neglects(found.chance("return", row.code, row.status)):
            continue
        _try(found, f"return {row.status}", lambda row=row: _next(row, found.owners[shop.pk], at))


def _next(row: ReturnRequest, by: User, at: dt.datetime) -> ReturnRequest:
    if row.status == ReturnRequest.Status.REQUESTED:
        return returns.approve(return_request=row, by=by, at=at)
    if row.status == ReturnRequest.Status.AWAITING_RETURN:
        return returns.send_back(return_request=row, carrier="ups", tracking_number=f"RET{row.pk:09d}", at=at)
    if row.status == ReturnRequest.Status.SHIPPED_BACK:
        return returns.receive(return_request=row, by=by, at=at)
    return returns.refund(return_request=row, by=by, at=at, restock=True)


def _fill_shelves(found: Market, shop: Shop, at: dt.datetime) -> None:
    """Once a day a shelf that is empty is filled, most of the time."""
    if at.hour != 12 or at.minute >= 5:
        return
    left = dict(StockItem.objects.in_shop(shop).filter(warehouse__is_default=True).values_list("sku_id", "available"))
    for sku in found.skus[shop.pk]:
        if left.get(sku.pk, 99) < 5 and found.chance("shelf", sku.code, at.date()).random() < 0.6:
            _try(
                found,
                "restocked",
                lambda sku=sku: stock.receive(sku=sku, quantity=40, by=found.owners[shop.pk], at=at),
            )


# -- the carrier ------------------------------------------------------------------------------------------------------


def _scan(found: Market, shop: Shop, at: dt.datetime) -> None:
    """Parcels of the carrier that tells nothing by itself: collected, under way, delivered."""
    rows = Package.objects.in_shop(shop).filter(carrier="ups", status__in=("awaiting_collection", "in_transit"))
    for package in rows.order_by("shipped_at", "id")[: 3 * MOST]:
        chance = found.chance("parcel", package.code)
        after = at - package.shipped_at
        arrives = chance.uniform(1.5, 4.2) * DAY
        told = package.last_scan_at
        for moment, status, words in (
            (arrives, "delivered", "Delivered"),
            (arrives * 0.5, "in_transit", "Arrived at the sorting centre"),
            (chance.uniform(3, 9) * HOUR, "accepted", "Picked up"),
        ):
            if after < moment:
                continue
            if told is None or told < package.shipped_at + moment:
                scan = Scan(
                    package.tracking_number, package.code, status, words, "", at, id=f"sim-{package.pk}-{status}"
                )
                _try(found, f"scans {status}", lambda scan=scan: parcels.record_scan(carrier="ups", scan=scan, at=at))
            break
