"""The trade of a shop in memory: an order's story, the rows of the shop, and what all deeds of ``demo.past`` need."""

import dataclasses
import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from analytics import figures
from analytics.models import HourlyFigure
from catalog.models import StockItem, StockMovement
from marketing.models import Coupon
from payouts import ledger
from payouts.ledger import Line
from payouts.models import (
    Account,
    Entry,
    Transaction,
    TransactionKind,
)
from payouts.shares import Amounts
from seller_center import reactions
from seller_center.demo.rows import Row, Rows
from shops import event_kinds, notifying
from shops.deadline_kinds import KINDS
from shops.models import Deadline, EventHandled, Notice, ShopEvent
from shops.reacting import LEASE

#: How long after a clock's moment the sweep comes by.
SWEEP = dt.timedelta(seconds=7)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@dataclasses.dataclass
class Story:
    """One order as it stands: its rows, and what the next deed needs of them."""

    order: Row
    payment: Row
    buyer: Row
    lines: list[Row]
    claims: list[Row]
    redemption: Row | None = None
    package: Row | None = None
    packed: list[Row] = dataclasses.field(default_factory=list)
    clocks: dict[str, Row] = dataclasses.field(default_factory=dict)
    earning: Row | None = None
    review: Row | None = None

    @property
    def code(self) -> str:
        return self.order["code"]


class Trade:
    """The trade of one shop in memory: its rows, and what every deed needs of them."""

    def __init__(self, shop, skus: Sequence[Any], *, chance: random.Random) -> None:
        self.shop, self.skus, self.chance = shop, skus, chance
        self.rows = Rows()
        self.items: dict[int, Row] = {}
        self.buyers: dict[str, Row] = {}
        self.uses: dict[tuple[int, str], Row] = {}
        self.hours: dict[dt.datetime, dict[str, int]] = defaultdict(lambda: dict.fromkeys(figures.COLUMNS, 0))
        self.unsettled: list[tuple[Row, Row]] = []
        self.members = {area: notifying.members(shop, area=area) for area in ("orders", "support", "staff")}
        self.take_up()

    def take_up(self) -> None:
        """Take over what is there: accounts, stock, coupons."""
        ledger.open_accounts(self.shop, self.shop.currency)
        self.take_up_accounts()
        items = StockItem.objects.in_shop(self.shop).filter(warehouse__is_default=True).select_related("warehouse")
        self.place = {}
        for item in items:
            self.items[item.sku_id] = self.rows.adopt(item)
            self.place[item.sku_id] = item.warehouse.code
        self.coupons = {row.code: self.rows.adopt(row) for row in Coupon.objects.in_shop(self.shop)}

    def take_up_accounts(self) -> None:
        """Verbs have moved money meanwhile."""
        accounts = Account.objects.in_shop(self.shop).filter(currency=self.shop.currency).order_by("pk")
        self.accounts = {row.kind: self.rows.adopt(row) for row in accounts}

    def write_money(self) -> None:
        """Write the books up to here, for verbs that go on with them."""
        self.rows.flush(Account, Transaction, Entry)

    def write(self) -> None:
        """The trade is over: write everything, the figures by the hour, too."""
        for hour, amounts in sorted(self.hours.items()):
            self.rows.add(HourlyFigure, shop_id=self.shop.pk, hour=hour, **amounts)
        self.hours.clear()
        self.rows.flush()

    # -- what all of them need ----------------------------------------------------------------------------------------

    def _who(self, by=None) -> dict[str, Any]:
        return {"user": getattr(by, "pk", None), "shop": self.shop.pk, "request_id": None}

    def _count(self, at: dt.datetime, **amounts: int) -> None:
        hour = self.hours[figures.hour_of(at)]
        for name, amount in amounts.items():
            hour[name] += amount

    def _record(self, kind: str, subject_kind: str, code: str, at: dt.datetime, *, by=None, **facts: Any) -> Row:
        """``events.record`` and the delivery of the event to its reactions."""
        handlers = reactions.REACTIONS[kind]
        definition = event_kinds.KINDS[kind]
        more = {"attempts": 1, "next_attempt_at": at + LEASE} if handlers else {}
        event = self.rows.add(
            ShopEvent,
            shop_id=self.shop.pk,
            kind=kind,
            subject_kind=subject_kind,
            subject_code=code,
            by_id=getattr(by, "pk", None),
            at=at,
            facts=dataclasses.asdict(definition.facts(**facts)),
            audience=definition.audience,
            delivered_at=at,
            **more,
        )
        for handler in handlers:
            self.rows.add(EventHandled, shop_id=self.shop.pk, event_id=event.id, handler=handler, handled_at=at)
        return event

    def _notify(
        self, kind: str, title: str, path: str, at: dt.datetime, *, area: str, once_key: str, body: str = ""
    ) -> None:
        for person in self.members[area]:
            self.rows.add(
                Notice,
                shop_id=self.shop.pk,
                to_id=person.pk,
                kind=kind,
                title=title[:160],
                body=body,
                url=f"/s/{self.shop.code}/{path}/",
                at=at,
                once_key=once_key[:100],
            )

    def _start_clock(
        self, story: Story, kind: str, due: dt.datetime, at: dt.datetime, policy: int | None, hours: Iterable[int] = ()
    ) -> None:
        ahead = sorted((rung for rung in hours if due - dt.timedelta(hours=rung) > at), reverse=True)
        story.clocks[kind] = self.rows.add(
            Deadline,
            shop_id=self.shop.pk,
            kind=kind,
            subject_kind="order",
            subject_code=story.code,
            label=story.code,
            area=KINDS[kind].area,
            due_at=due,
            next_check_at=due - dt.timedelta(hours=ahead[0]) if ahead else due,
            warn_hours=ahead,
            policy_version_id=policy,
            set_at=at,
        )

    def _end_clocks(self, story: Story, kinds: Sequence[str], outcome: str, at: dt.datetime) -> None:
        for kind, clock in story.clocks.items():
            if (not kinds or kind in kinds) and clock["ended_at"] is None:
                self.rows.change(clock, at=at, ended_at=at, ended_as=outcome)

    def _move_stock(self, sku_id: int, quantity: int, why: str, to: str, by, at: dt.datetime, reference="") -> None:
        item = self.items[sku_id]
        self.rows.add(
            StockMovement,
            shop_id=self.shop.pk,
            item_id=item.id,
            sku_id=sku_id,
            quantity=quantity,
            on_hand_after=item["on_hand"],
            why=why,
            came_from="supplier" if quantity > 0 else self.place[sku_id],
            went_to=to,
            reference=reference,
            by_id=getattr(by, "pk", None),
            at=at,
        )

    def _post(
        self, kind: TransactionKind, source: str, code: str, order_id: int, at: dt.datetime, lines: Sequence[Line]
    ) -> None:
        """``ledger.post``: a transaction with its entries, each with the balance after it."""
        given = [line for line in lines if line.amount_minor]
        if sum(line.amount_minor for line in given):
            raise ledger.Unbalanced(f"{kind} of {code} does not sum to zero: {given}")
        if not given:
            return
        row = self.rows.add(
            Transaction,
            shop_id=self.shop.pk,
            kind=kind.value,
            source_kind=source,
            source_code=code,
            order_id=order_id,
            at=at,
        )
        for line in given:
            account = self.accounts[line.account.value]
            balance, count = account["balance_minor"] + line.amount_minor, account["entry_count"] + 1
            self.rows.change(account, at=at, balance_minor=balance, entry_count=count)
            self.rows.add(
                Entry,
                shop_id=self.shop.pk,
                transaction_id=row.id,
                account_id=account.id,
                currency=account["currency"],
                amount_minor=line.amount_minor,
                part=line.part.value,
                position=count,
                balance_after_minor=balance,
            )


def amounts_of(line: Row) -> Amounts:
    """The money of a whole line."""
    return Amounts(
        paid_goods=line["goods_minor"] - line["seller_discount_minor"] - line["platform_discount_minor"],
        seller_discount=line["seller_discount_minor"],
        platform_discount=line["platform_discount_minor"],
        shipping=line["shipping_minor"],
        tax=line["tax_minor"],
        tax_included=line["tax_included"],
    )
