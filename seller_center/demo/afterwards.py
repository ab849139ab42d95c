"""What follows orders and needs people: returns, questions and answers, tickets, holds; by the real verbs.

It comes after the history was written, while the shop can be looked at already. Each handful of deeds is one transaction
with the reactions to it, so that the workers, who run meanwhile, do not send mails about the past.
"""

import dataclasses
import datetime as dt
import heapq
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import F

from orders import holds, intake, returns
from orders.models import Buyer, Hold, Order, OrderLine, ReturnRequest
from seller_center import inbox, reactions
from seller_center.demo import people
from shops.models import Deadline, Shop, User
from support import desk
from support import inbox as conversations

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
#: So many deeds are one transaction.
HANDFUL = 12
#: Nobody looks at a hidden clock.
FOR_NOW = 1000 * DAY

QUESTIONS = (
    ("When will it leave the house?", "It leaves tomorrow morning; you get the number by mail."),
    ("Can you send it to another address?", "Yes, as long as it is here. Please write the address to us."),
    ("Does it come with a manual?", "It does, in four languages. We put a printed one in the box."),
    ("Does size M fit 57 cm?", "It does: M goes from 55 to 59 cm."),
    ("Is the box large? I live on the fifth floor.", "It is flat, and one person can carry it."),
    ("Can I get an invoice with my company's name?", "Of course. It is on its way to you by mail."),
    ("It has not moved for two days – is it lost?", "It is at the sorting centre and should reach you on Friday."),
    ("How do I mount the holder?", "With the two short screws. Page two of the manual shows it."),
)
#: What nobody has answered yet.
UNANSWERED = (
    "Could you send it a day later? I am away until Thursday.",
    "Is there a spare part for the clip, in case it breaks?",
    "Which screws do I need for a carbon frame?",
    "May I still change the colour to green?",
)
REASONS = (
    ("damaged", "refund_only"),
    ("does_not_fit", "return_and_refund"),
    ("does_not_fit", "return_and_refund"),
    ("not_as_described", "return_and_refund"),
    ("no_longer_wanted", "return_and_refund"),
)


@dataclasses.dataclass
class Story:
    """What happens next, in order of time."""

    shop: Shop
    owner: User
    packer: User
    agent: User
    now: dt.datetime
    chance: random.Random
    _queue: list = dataclasses.field(default_factory=list)
    _tie: itertools.count = dataclasses.field(default_factory=itertools.count)
    _swept: dt.datetime | None = None
    _hidden: list[int] = dataclasses.field(default_factory=list)

    def then(self, at: dt.datetime, deed: Callable[[dt.datetime], object]) -> None:
        """Do ``deed`` at ``at``, unless that lies ahead."""
        if at <= self.now:
            heapq.heappush(self._queue, (at, next(self._tie), deed))

    def live(self) -> Iterator[int]:
        """Live through everything up to now; yields after each handful how many deeds are left."""
        while self._queue:
            with transaction.atomic():
                self._show()
                for _number in range(min(HANDFUL, len(self._queue))):
                    at, _tie, deed = heapq.heappop(self._queue)
                    self._let_happen(at)
                    deed(at)
                reactions.deliver_all(at)
                self._hide()
            yield len(self._queue)
        with transaction.atomic():
            self._show()
            inbox.sweep(self.now)
            reactions.deliver_all(self.now, rounds=500)

    def _hide(self) -> None:
        """Keep clocks that ran out in the past from the workers: the deed that meets them is told in a later handful."""
        due = Deadline.objects.in_shop(self.shop).to_check(self.now + HOUR)
        self._hidden = list(due.values_list("pk", flat=True))
        self._put_off(FOR_NOW)

    def _show(self) -> None:
        self._put_off(-FOR_NOW)
        self._hidden = []

    def _put_off(self, span: dt.timedelta) -> None:
        rows = Deadline.objects.in_shop(self.shop).filter(pk__in=self._hidden)
        rows.update(next_check_at=F("next_check_at") + span)

    def _let_happen(self, at: dt.datetime) -> None:
        if self._swept is None or at - self._swept >= HOUR:
            inbox.sweep(at)
            self._swept = at


def plan(story: Story, *, returned: int, asked: int) -> None:
    """Choose the orders whose buyers send something back, and those whose buyers have a question."""
    arrived = Order.objects.in_shop(story.shop).filter(delivered_at__gt=story.now - 16 * DAY)
    keys = list(arrived.order_by("delivered_at", "id").values_list("pk", "delivered_at"))
    for key, delivered_at in story.chance.sample(keys, min(returned, len(keys))):
        story.then(delivered_at + story.chance.uniform(5, 60) * HOUR, lambda at, key=key: _return(story, key, at))
    placed = Order.objects.in_shop(story.shop).filter(placed_at__gt=story.now - 45 * DAY).exclude(status="cancelled")
    keys = list(placed.order_by("placed_at", "id").values_list("pk", "placed_at"))
    for key, placed_at in story.chance.sample(keys, min(asked, len(keys))):
        story.then(placed_at + story.chance.uniform(2, 90) * HOUR, lambda at, key=key: _ask(story, key, at))
    _tickets(story)
    _fresh(story)


def _order(story: Story, key: int) -> Order:
    return Order.objects.in_shop(story.shop).select_related("shop", "buyer").get(pk=key)


# -- returns ----------------------------------------------------------------------------------------------------------


def _return(story: Story, key: int, now: dt.datetime) -> None:
    order = _order(story, key)
    line = OrderLine.objects.of_order(order).first()
    reason, kind = story.chance.choice(REASONS)
    note = "Please see what I wrote by mail." if reason == "damaged" else ""
    asked = returns.request(order=order, kind=kind, reason=reason, units={line.pk: 1}, note=note, at=now)
    lot = story.chance.random()
    fresh = story.now - now < DAY  # the newest ones wait
    if not fresh or lot > 0.4:
        after = story.chance.uniform(2, 40) * HOUR
        story.then(now + after, lambda at: _decide(story, asked, lot, at))


def _again(asked: ReturnRequest) -> ReturnRequest:
    rows = ReturnRequest.objects.in_shop(asked.shop).select_related("shop", "order")
    return rows.get(pk=asked.pk)


def _decide(story: Story, asked: ReturnRequest, lot: float, now: dt.datetime) -> None:
    found = _again(asked)
    if found.status != ReturnRequest.Status.REQUESTED:
        return
    if lot < 0.26:
        words = "The picture shows marks of use."
        returns.refuse(return_request=found, reason="used", justification=words, by=story.owner, at=now)
        return
    if returns.needs_second_person(found, now) and found.kind == ReturnRequest.Kind.REFUND_ONLY:
        found = returns.release_refund(return_request=found, by=story.packer, at=now)
    found = returns.approve(return_request=found, by=story.owner, at=now)
    if found.status == ReturnRequest.Status.AWAITING_RETURN:
        number = f"RET{story.chance.randrange(10**9):09d}"
        story.then(now + DAY, lambda at: _send_back(found, number, at))
        story.then(now + 4 * DAY, lambda at: _receive(story, found, at))
        if lot < 0.85:  # the others wait to be inspected
            story.then(now + 5 * DAY, lambda at: _refund(story, found, at))


def _send_back(asked: ReturnRequest, number: str, now: dt.datetime) -> None:
    returns.send_back(return_request=_again(asked), carrier="ups", tracking_number=number, at=now)


def _receive(story: Story, asked: ReturnRequest, now: dt.datetime) -> None:
    returns.receive(return_request=_again(asked), by=story.packer, at=now)


def _refund(story: Story, asked: ReturnRequest, now: dt.datetime) -> None:
    """After the inspection; a large refund is released by one and paid by another."""
    found = _again(asked)
    if found.status != ReturnRequest.Status.RECEIVED:
        return
    if returns.needs_second_person(found, now):
        found = returns.release_refund(return_request=found, by=story.packer, at=now)
    returns.refund(return_request=found, by=story.owner, at=now, restock=True)


# -- questions --------------------------------------------------------------------------------------------------------


def _ask(story: Story, key: int, now: dt.datetime) -> None:
    order = _order(story, key)
    buyer = Buyer.objects.in_shop(story.shop).get(pk=order.buyer_id)
    question, answer = story.chance.choice(QUESTIONS)
    conversation = conversations.ask(shop=story.shop, buyer=buyer, order=order, body=question, at=now)
    lot = story.chance.random()
    after = story.chance.uniform(0.3, 15) if lot < 0.95 else story.chance.uniform(25, 40)  # a few answers come late
    words: dict[str, Any] = {"body": answer, "by": story.packer if lot < 0.6 else story.owner}
    story.then(now + after * HOUR, lambda at: conversations.answer(conversation=conversation, at=at, **words))


#: Days ago, topic, subject, words, answer (after so many hours; empty: it waits), solved by it.
TICKETS: tuple[tuple[float, str, str, str, str, float, bool], ...] = (
    (84, "money", "When does the first payout arrive?", "We have sold, when is it on our account?",
     "Payouts go out on Mondays; what was delivered is available seven days later. Your Finance page has the day.", 3, True),
    (61, "standing", "Which tier are we in?", "The page says standard. What is missing?",
     "Thirty more delivered orders. Health shows what is left.", 5, True),
    (37, "order", "A buyer says that the parcel is empty", "The carrier's weight says otherwise.",
     "Please refuse the return with that weight as evidence; we look at it within a day.", 6, True),
    (19, "product", "May we sell used frames?", "They are checked and have a warranty.",
     "Yes, in the category for pre-owned goods, with the condition in the first line.", 9, True),
    (4, "order", "Parcel has not moved for three days", "The buyer is worried.",
     "We have asked the carrier and will write again tomorrow.", 5, False),
    (1.2, "money", "One fee looks too high", "We expected the reduced fee on this order.", "", 0, False),
    (0.1, "standing", "How is the late dispatch rate counted over a holiday?", "We were closed on Monday.", "", 0, False),
)  # fmt: skip


def _tickets(story: Story) -> None:
    for number, (days, *words) in enumerate(TICKETS):
        by = story.owner if number % 3 else story.packer
        story.then(story.now - days * DAY, lambda at, words=words, by=by: _open_ticket(story, words, by, at))


def _open_ticket(story: Story, words: list, by: User, now: dt.datetime) -> None:
    topic, subject, body, answer, hours, solves = words
    about = Order.objects.in_shop(story.shop).filter(placed_at__lt=now).order_by("-placed_at").first()
    more = {"about_code": about.code} if topic == "order" and about else {}
    ticket = desk.open_ticket(shop=story.shop, topic=topic, subject=subject, body=body, by=by, at=now, **more)
    if answer:
        story.then(
            now + hours * HOUR,
            lambda at: desk.answer(ticket=ticket, body=answer, by=story.agent, at=at, solves=solves),
        )


# -- today ------------------------------------------------------------------------------------------------------------


def _fresh(story: Story) -> None:
    """Buyers who wait for an answer, orders that are not paid yet, and one that the marketplace has stopped."""
    a_day_old = Order.objects.in_shop(story.shop).filter(status="open", placed_at__lt=story.now - DAY)
    asking = a_day_old.select_related("buyer").order_by("-placed_at", "-id")[:4]
    for order, hours, question in zip(asking, (19.5, 7, 2.5, 0.6), UNANSWERED, strict=False):
        story.then(
            story.now - hours * HOUR,
            lambda at, order=order, question=question: conversations.ask(
                shop=story.shop, buyer=order.buyer, order=order, body=question, at=at
            ),
        )
    skus = list(OrderLine.objects.in_shop(story.shop).order_by("-id").values_list("sku_code", flat=True)[:3])
    for number, (minutes, sku) in enumerate(zip((21, 12, 4), skus, strict=False), 1):
        name = people.named(90 + number)
        story.then(
            story.now - dt.timedelta(minutes=minutes),
            lambda at, number=number, sku=sku, name=name: intake.place_order(
                shop=story.shop,
                channel="storefront",
                external_number=f"basket-demo-{number}",
                lines=[intake.WantedLine(sku, 1)],
                contact=intake.Contact(name, f"{name.lower().replace(' ', '.')}@example.org"),
                address=intake.Address("7 Sample Road", "Albany", "12207", "US", region="NY"),
                by=None,
                at=at,
            ),
        )
    story.then(story.now - 2 * HOUR, lambda at: _hold(story, at))


def _hold(story: Story, now: dt.datetime) -> None:
    order = (
        Order.objects.in_shop(story.shop).filter(fulfilment_status="awaiting_shipment").order_by("-placed_at").first()
    )
    if order is not None:
        reason = "The card's owner and the buyer have different names; we are asking."
        holds.place(order=order, kind=Hold.Kind.STAFF, reason=reason, by=story.agent, at=now)
