"""Three months of trade, lived through in memory in order of time and written by COPY (``demo.past``, ``demo.rows``).

Paydays are the verbs' own: at each of them everything so far is written, the batch is drafted, released by two people
and sent, and two days later the bank has paid.
"""

import datetime as dt
import heapq
import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

from django.test.utils import override_settings

from payouts import drafting, reconciliation, releasing, transfers
from payouts.models import BankFeed, PayoutBatch
from seller_center import reactions
from seller_center.demo.past import Past
from seller_center.demo.plans import SPAN, Plan
from seller_center.demo.trade import DAY, HOUR, Story
from shops.models import Market

#: Deeds of a story, for whoever wants to live through it by the verbs.
Deed = tuple[dt.datetime, str, int, dict[str, Any]]


class History:
    """Lives through plans up to ``now``. ``journal`` holds what was done, in order."""

    def __init__(self, shop, skus: Sequence[Any], people: dict[str, Any], now: dt.datetime, seed: int) -> None:
        self.chance = random.Random(seed * 31 + 5)  # noqa: S311 (a story, not a secret)
        self.past = Past(shop, skus, chance=self.chance)
        self.shop, self.skus, self.people, self.now = shop, skus, people, now
        self.stories: dict[int, Story] = {}
        self.journal: list[Deed] = []
        self._queue: list = []
        self._tie = itertools.count()

    def live(self, plans: Sequence[Plan], *, visits: int = 0, paydays: bool = True) -> None:
        """Everything up to now: the plans, the visits in between, daily settlement, weekly paydays."""
        for plan in plans:
            self._then(plan.placed_at, lambda at, plan=plan: self._place(plan, at))
        for _number in range(visits):
            self._then(self.now - SPAN * self.chance.random() ** 0.8, self._visit)
        first = self.now - SPAN
        day = first.replace(hour=8, minute=10, second=0, microsecond=0) + DAY
        while day < self.now:
            self._then(day, self._settle)
            if paydays and day.weekday() == 0:
                self._then(day + 7 * HOUR, self._payday)
            day += DAY
        with override_settings(BANK="seller_center.demo.bank.PromptBank"):
            while self._queue:
                at, _tie, deed = heapq.heappop(self._queue)
                deed(at)
        self.past.write()
        BankFeed.objects.update(cursor=0)  # of the demo's own bank; the sandbox counts from the beginning

    def _then(self, at: dt.datetime, deed: Callable[[dt.datetime], object]) -> None:
        if at <= self.now:
            heapq.heappush(self._queue, (at, next(self._tie), deed))

    def _note(self, at: dt.datetime, kind: str, number: int, **words: Any) -> None:
        self.journal.append((at, kind, number, words))

    # -- an order -----------------------------------------------------------------------------------------------------

    def _place(self, plan: Plan, at: dt.datetime) -> None:
        wanted = self._have(plan, at)
        goods = sum(self.skus[place].price_minor * quantity for place, quantity in wanted.items())
        coupon = plan.coupon if self.past.may_redeem(plan.coupon, plan.contact.email, goods, at) else ""
        words: dict[str, Any] = {
            "channel": plan.channel,
            "external_number": plan.external_number,
            "wanted": wanted,
            "contact": plan.contact,
            "address": plan.address,
            "coupon_code": coupon,
            "source": plan.source,
        }
        self._note(at, "place", plan.number, **words)
        story = self.past.place_order(at=at, **words)
        self.stories[plan.number] = story
        if plan.channel == "storefront":
            product = self.skus[next(iter(wanted))].product
            visit = self.past.see(
                source=plan.source,
                product=product,
                at=at - 6 * HOUR / 60,
                pages=4,
                until=at,
                order_code=story.code,
            )
            story.order.values["visit_code"] = visit
        self._look(plan, story)
        if plan.cancels:
            self._then(at + plan.cancels[1], lambda at: self._cancel(plan, story, at))
        else:
            self._then(at + plan.ship_after, lambda at: self._ship(plan, story, at))

    def _have(self, plan: Plan, at: dt.datetime) -> dict[int, int]:
        """What of the wish is on the shelf. A shelf that runs low is filled, but for some in the last days."""
        wanted = {}
        for place, quantity in plan.wanted.items():
            sku = self.skus[place]
            item = self.past.items[sku.pk]
            left = item["on_hand"] - item["reserved"]
            sleepy = place % 9 == 4 and self.now - at < 16 * DAY
            if left < 5 and not sleepy:
                units = 24 if sku.price_minor > 30_000 else 60
                self._note(at, "receive", plan.number, place=place, quantity=units)
                self.past.receive(sku, units, by=self.people["packer"], at=at)
                left += units
            if left >= quantity:
                wanted[place] = quantity
        if wanted:
            return wanted
        for place in range(len(self.skus)):
            item = self.past.items[self.skus[place].pk]
            if item["on_hand"] - item["reserved"] >= 1:
                return {place: 1}
        raise RuntimeError("Every shelf of the demo is empty.")

    def _look(self, plan: Plan, story: Story) -> None:
        at = self.past.next_look(story)
        if at is not None:
            self._then(at, lambda at: self._sweep(plan, story, at))

    def _sweep(self, plan: Plan, story: Story, at: dt.datetime) -> None:
        if self.past.next_look(story) != at:
            return  # a clock that was stopped or moved meanwhile
        self._note(at, "sweep", plan.number)
        self.past.sweep(story, at)
        self._look(plan, story)

    def _cancel(self, plan: Plan, story: Story, at: dt.datetime) -> None:
        assert plan.cancels is not None
        who, _after, reason = plan.cancels
        by = self.people["owner"] if who == "seller" else None
        self._note(at, "cancel", plan.number, who=who, reason=reason)
        self.past.cancel(story, reason=reason, by=by, at=at)

    def _ship(self, plan: Plan, story: Story, at: dt.datetime) -> None:
        self._note(at, "ship", plan.number, carrier="ups", tracking_number=plan.tracking)
        self.past.mark_shipped(story, carrier="ups", tracking_number=plan.tracking, by=self.people["packer"], at=at)
        self._look(plan, story)
        for place, scan in enumerate(plan.scans, 1):
            words = {
                "status": scan.status,
                "sentence": scan.sentence,
                "place": scan.place,
                "id": f"{plan.tracking}-{place}",
            }
            self._then(at + scan.after, lambda at, words=words: self._scan(plan, story, words, at))

    def _scan(self, plan: Plan, story: Story, words: dict[str, str], at: dt.datetime) -> None:
        self._note(at, "scan", plan.number, tracking=plan.tracking, **words)
        self.past.record_scan(story, at=at, **words)
        if words["status"] != "delivered":
            return
        self._look(plan, story)
        if plan.review is not None:
            self._then(at + plan.review[0], lambda at: self._review(plan, story, at))

    def _review(self, plan: Plan, story: Story, at: dt.datetime) -> None:
        assert plan.review is not None
        _after, stars, body = plan.review
        self._note(at, "review", plan.number, stars=stars, body=body)
        self.past.review(story, stars=stars, body=body, at=at)
        if plan.reply is not None:
            self._then(at + plan.reply[0], lambda at: self._reply(plan, story, at))

    def _reply(self, plan: Plan, story: Story, at: dt.datetime) -> None:
        assert plan.reply is not None
        self._note(at, "reply", plan.number, body=plan.reply[1])
        self.past.reply(story, body=plan.reply[1], by=self.people["owner"], at=at)

    def _visit(self, at: dt.datetime) -> None:
        source = self.chance.choice(("search", "video", "video", "shop", "creator", "ad", "direct", "external"))
        sku = self.chance.choice(self.skus)
        product = sku.product if self.chance.random() < 0.7 else None
        self.past.see(source=source, product=product, at=at, pages=1 + self.chance.randrange(6))

    # -- money --------------------------------------------------------------------------------------------------------

    def _settle(self, at: dt.datetime) -> None:
        self._note(at, "settle", 0)
        self.past.settle(at)

    def _payday(self, at: dt.datetime) -> None:
        """Draft by the verb; two people release, the bank is told; all but the last, which waits for the second."""
        self.past.write_money()
        for market in Market.objects.order_by("code"):
            drafting.draft(market=market, period_on=drafting.payday_of(market, at), at=at)
        batch = PayoutBatch.objects.filter(status="drafted").order_by("-pk").first()
        last = self.now - at < 7 * DAY
        if batch is not None:
            batch = releasing.approve(batch=batch, by=self.people["finance1"], at=at + HOUR)
        if batch is not None and not (last and self.now - at < 2 * DAY):
            releasing.release(batch=batch, by=self.people["finance2"], at=at + 2 * HOUR)
            transfers.send_released(at=at + 2 * HOUR)
            self._then(at + 2 * DAY, self._bank_has_paid)
        reactions.deliver_all(at + 2 * HOUR)
        self.past.take_up_accounts()

    def _bank_has_paid(self, at: dt.datetime) -> None:
        self.past.write_money()
        reconciliation.reconcile(at=at)
        reactions.deliver_all(at)
        self.past.take_up_accounts()
