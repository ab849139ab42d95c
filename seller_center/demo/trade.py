"""Thirty days of trade in the demo's shop: sixty orders in every state, through the real verbs, moment by moment.

The past is lived through in order: before each deed the deadlines that fell due are swept, so that what the house does
by itself (opening, completing, lateness, silence) happens as it would have. The same seed gives the same story.
"""

import dataclasses
import datetime as dt
import heapq
import itertools
import random
from collections.abc import Callable

from analytics import tracking
from analytics.models import Visit
from catalog.models import Sku
from orders import cancellation, fulfilment, intake, returns
from orders import tracking as parcels
from orders.carriers import Scan
from orders.models import Buyer, Order, OrderLine, Package, ReturnRequest
from seller_center import inbox, reactions
from shops.models import Shop, User
from support import desk, reviewing
from support import inbox as conversations

ORDERS = 60
VISITS = 500
CITIES = (
    ("Buffalo", "NY", "14201"),
    ("Sacramento", "CA", "95814"),
    ("Austin", "TX", "78701"),
    ("Tampa", "FL", "33602"),
    ("Spokane", "WA", "99201"),
    ("Peoria", "IL", "61602"),
    ("Erie", "PA", "16501"),
    ("Dayton", "OH", "45402"),
)
WORDS = (
    (5, "Exactly as described, and packed with care."),
    (5, "Rides beautifully. Thank you!"),
    (4, "Good, though the box was huge."),
    (5, ""),
    (3, "Fine, but the colour is darker than in the picture."),
    (2, "Arrived with a scratch."),
    (5, "Would buy again."),
)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@dataclasses.dataclass
class Story:
    """What happens next, in order of time."""

    shop: Shop
    owner: User
    packer: User
    agent: User
    skus: list[Sku]
    now: dt.datetime
    chance: random.Random
    _queue: list = dataclasses.field(default_factory=list)
    _tie: itertools.count = dataclasses.field(default_factory=itertools.count)
    _swept: dt.datetime | None = None

    def then(self, at: dt.datetime, deed: Callable[[dt.datetime], object]) -> None:
        """Do ``deed`` at ``at``, unless that lies ahead."""
        if at <= self.now:
            heapq.heappush(self._queue, (at, next(self._tie), deed))

    def live(self) -> None:
        """Live through everything up to now."""
        while self._queue:
            at, _tie, deed = heapq.heappop(self._queue)
            self._let_happen(at)
            deed(at)
        self._let_happen(self.now)

    def _let_happen(self, at: dt.datetime) -> None:
        """Sweep what fell due since the last deed; deeds in between the same hour need no sweep of their own."""
        if self._swept is None or at - self._swept >= HOUR:
            inbox.sweep(at)
            self._swept = at


def trade(story: Story) -> None:
    """Plan sixty orders over thirty days, live through them, and tell everybody."""
    chance = story.chance
    for number in range(ORDERS):
        story.then(_moment(story, number), _placing(story, number))
    for _number in range(VISITS):
        story.then(story.now - dt.timedelta(days=chance.random() * 32), _visiting(story))
    story.live()
    reactions.deliver_all(story.now, rounds=500)


def _moment(story: Story, number: int) -> dt.datetime:
    """When an order comes in: most over four weeks, the last sixteen since the day before yesterday."""
    fresh = number - (ORDERS - 16)
    if fresh < 0:
        share = number / (ORDERS - 16)
        return story.now - dt.timedelta(days=30 - 28 * share + story.chance.random() * 0.5, hours=1)
    return story.now - dt.timedelta(hours=44 * (1 - (fresh + 1) / 16) ** 1.2, minutes=6 + story.chance.randrange(9))


def _visiting(story: Story) -> Callable[[dt.datetime], object]:
    source = story.chance.choice([*Visit.Source.values, "search", "video", "shop"])

    def visit(at: dt.datetime) -> None:
        path = f"/shop/{story.shop.slug}/"
        tracking.see_page(shop=story.shop, code="", source=source, campaign="", path=path, at=at)

    return visit


def _placing(story: Story, number: int) -> Callable[[dt.datetime], object]:
    chance = story.chance
    wanted = chance.sample(story.skus, k=1 if chance.random() < 0.75 else 2)
    buyer = chance.randrange(1, 34)
    city, region, zip_code = chance.choice(CITIES)
    coupon = "RIDE10" if chance.random() < 0.2 else ""
    fate = random.Random(number * 7919 + 11)  # noqa: S311 (a story, not a secret)

    def place(at: dt.datetime) -> None:
        lines = [
            intake.WantedLine(sku.code, 2 if sku.price_minor < 3_000 and fate.random() < 0.3 else 1) for sku in wanted
        ]
        order = intake.place_order(
            shop=story.shop,
            channel="api",
            external_number=f"DEMO-{1001 + number}",
            lines=lines,
            contact=intake.Contact(f"Buyer {buyer:02d}", f"buyer{buyer:02d}@example.org", "+12125550100"),
            address=intake.Address(
                line1=f"{fate.randrange(1, 900)} Sample Road",
                city=city,
                region=region,
                postal_code=zip_code,
                country="US",
            ),
            coupon_code=coupon if sum(sku.price_minor for sku in wanted) >= 3_000 else "",
            sold=True,
            at=at,
            by=None,
        )
        _go_on(story, order, at, fate)

    return place


def _go_on(story: Story, order: Order, at: dt.datetime, fate: random.Random) -> None:
    lot = fate.random()
    if lot < 0.04:
        story.then(
            at + HOUR / 2, lambda now: cancellation.cancel_by_buyer(order=_again(order), reason="changed_mind", at=now)
        )
    elif lot < 0.08:
        story.then(
            at + 20 * HOUR,
            lambda now: cancellation.cancel(order=_again(order), reason="out_of_stock", by=story.owner, at=now),
        )
    else:
        delay = 80 * HOUR if lot < 0.13 else dt.timedelta(hours=4 + fate.random() * 44)
        story.then(at + delay, lambda now: _ship(story, order, now, fate))
    if fate.random() < 0.22:
        story.then(at + 9 * HOUR, lambda now: _ask(story, order, now, fate))


def _again(order: Order) -> Order:
    return Order.objects.select_related("shop", "buyer").get(shop_id=order.shop_id, pk=order.pk)


def _ship(story: Story, order: Order, now: dt.datetime, fate: random.Random) -> None:
    rows = Package.objects.in_shop(story.shop).filter(order_id=order.pk, status="awaiting_shipment")
    package = rows.select_related("order", "shop").first()
    if package is None:
        return
    number = _ups_number(fate.randrange(10**9))
    fulfilment.mark_shipped(package=package, carrier="ups", tracking_number=number, by=story.packer, at=now)
    moment = now + 7 * HOUR
    arrives = now + dt.timedelta(days=2 + fate.random() * 3)
    for status, sentence, at in (
        ("accepted", "Picked up", moment),
        ("in_transit", "Arrived at the sorting centre", moment + 20 * HOUR),
        ("delivered", "Delivered", arrives),
    ):
        story.then(at, _scanning(number, status, sentence))
    story.then(arrives + HOUR, lambda at: _after(story, order, at, fate))


def _ups_number(serial: int) -> str:
    """A number of UPS' shape with its check digit; the shipper 999AA1 is the one of published samples."""
    body = f"999AA101{serial % 10**7:07d}"
    values = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in body]
    return f"1Z{body}{-sum(value * (1 + place % 2) for place, value in enumerate(values)) % 10}"


def _scanning(number: str, status: str, sentence: str) -> Callable[[dt.datetime], object]:
    def scan(at: dt.datetime) -> None:
        row = Scan(number, "", status, sentence, "", at, id=f"{number}-{status}")
        parcels.record_scan(carrier="ups", scan=row, at=at)

    return scan


def _after(story: Story, order: Order, at: dt.datetime, fate: random.Random) -> None:
    """The parcel is there: a review perhaps, perhaps a return."""
    lot = fate.random()
    if lot < 0.45:
        stars, words = fate.choice(WORDS)
        story.then(at + dt.timedelta(hours=fate.randrange(3, 60)), lambda now: _review(story, order, stars, words, now))
    elif lot < 0.62:
        reason, kind = fate.choice(
            (
                ("damaged", "refund_only"),
                ("does_not_fit", "return_and_refund"),
                ("not_as_described", "return_and_refund"),
            )
        )
        story.then(
            at + dt.timedelta(hours=fate.randrange(6, 40)), lambda now: _return(story, order, reason, kind, fate, now)
        )


def _review(story: Story, order: Order, stars: int, words: str, now: dt.datetime) -> None:
    fresh = _again(order)
    line = OrderLine.objects.in_shop(story.shop).filter(order=fresh).select_related("sku", "order", "shop").first()
    if fresh.delivered_at is None or line is None:
        return
    review = reviewing.write(line=line, stars=stars, body=words, delivered_at=fresh.delivered_at, at=now)
    if stars < 4:
        story.then(
            now + 12 * HOUR,
            lambda at: reviewing.reply(
                review=review, body="Thank you for telling us. We have written to you.", by=story.owner, at=at
            ),
        )


def _return(story: Story, order: Order, reason: str, kind: str, fate: random.Random, now: dt.datetime) -> None:
    fresh = _again(order)
    if fresh.delivered_at is None:
        return
    line = OrderLine.objects.in_shop(story.shop).filter(order=fresh).first()
    asked = returns.request(
        order=fresh, kind=kind, reason=reason, units={line.pk: 1}, note="Please see the picture I sent by mail.", at=now
    )
    lot = fate.random()
    if lot < 0.25:
        return  # still to be decided, or decided by silence
    story.then(now + 10 * HOUR, lambda at: _decide(story, asked, lot, at, fate))


def _decide(story: Story, asked: ReturnRequest, lot: float, now: dt.datetime, fate: random.Random) -> None:
    fresh = ReturnRequest.objects.select_related("shop", "order").get(shop_id=asked.shop_id, pk=asked.pk)
    if fresh.status != ReturnRequest.Status.REQUESTED:
        return
    if lot < 0.4:
        returns.refuse(
            return_request=fresh, reason="used", justification="The picture shows marks of use.", by=story.owner, at=now
        )
        return
    if returns.needs_second_person(fresh, now) and fresh.kind == ReturnRequest.Kind.REFUND_ONLY:
        fresh = returns.release_refund(return_request=fresh, by=story.packer, at=now)
    fresh = returns.approve(return_request=fresh, by=story.owner, at=now)
    if fresh.status == ReturnRequest.Status.AWAITING_RETURN:
        story.then(
            now + DAY,
            lambda at: returns.send_back(
                return_request=fresh, carrier="ups", tracking_number=f"RET{fate.randrange(10**9)}", at=at
            ),
        )
        story.then(now + 4 * DAY, lambda at: returns.receive(return_request=fresh, by=story.packer, at=at))
        story.then(now + 5 * DAY, lambda at: _refund(story, fresh, at))


def _refund(story: Story, asked: ReturnRequest, now: dt.datetime) -> None:
    """After the inspection; a large refund is released by one and paid by another."""
    fresh = ReturnRequest.objects.select_related("shop", "order").get(shop_id=asked.shop_id, pk=asked.pk)
    if fresh.status != ReturnRequest.Status.RECEIVED:
        return
    if returns.needs_second_person(fresh, now):
        fresh = returns.release_refund(return_request=fresh, by=story.packer, at=now)
    returns.refund(return_request=fresh, by=story.owner, at=now, restock=True)


def _ask(story: Story, order: Order, now: dt.datetime, fate: random.Random) -> None:
    fresh = _again(order)
    buyer = Buyer.objects.in_shop(story.shop).get(pk=fresh.buyer_id)
    question = fate.choice(
        ("When will it leave the house?", "Can you send it to another address?", "Does it come with a manual?")
    )
    conversation = conversations.ask(shop=story.shop, buyer=buyer, order=fresh, body=question, at=now)
    if fate.random() < 0.8:
        story.then(
            now + dt.timedelta(hours=1 + fate.random() * 15),
            lambda at: conversations.answer(
                conversation=conversation,
                body="Thank you for asking. It leaves tomorrow morning, manual included.",
                by=story.packer,
                at=at,
            ),
        )


def ask_support(story: Story) -> None:
    """Three tickets to the staff: solved, answered, waiting."""

    def order(number: int) -> str:
        return Order.objects.in_shop(story.shop).get(external_number=f"DEMO-{1001 + number}").code

    solved = desk.open_ticket(
        shop=story.shop,
        topic="money",
        subject="When does the first payout arrive?",
        body="We were approved and have sold. When is the money on our account?",
        by=story.owner,
        at=story.now - 20 * DAY,
    )
    desk.answer(
        ticket=solved,
        body="Payouts go out on Mondays; what was delivered is available seven days later. "
        "Your Finance page shows the day for each amount.",
        by=story.agent,
        at=story.now - 20 * DAY + 3 * HOUR,
        solves=True,
    )
    answered = desk.open_ticket(
        shop=story.shop,
        topic="order",
        subject="Parcel has not moved for three days",
        body="The buyer is worried.",
        by=story.packer,
        at=story.now - 4 * DAY,
        about_kind="order",
        about_code=order(30),
    )
    desk.answer(
        ticket=answered,
        body="We have asked the carrier and will write again tomorrow.",
        by=story.agent,
        at=story.now - 4 * DAY + 5 * HOUR,
    )
    desk.open_ticket(
        shop=story.shop,
        topic="standing",
        subject="How is the late dispatch rate counted over a holiday?",
        body="We were closed on Monday.",
        by=story.owner,
        at=story.now - 2 * HOUR,
    )
