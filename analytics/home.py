"""What the Home page asks: today against yesterday, what waits, what is due. Bounded queries, no table is counted."""

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from analytics import figures
from analytics.models import HomeLayout, HourlyFigure, Score
from orders.models import Hold, Order, ReturnRequest
from seller_center.kernel.calendar import Period, day_period
from seller_center.kernel.capped import CappedCount
from seller_center.kernel.prepared import prepared
from shops.models import Deadline, Notice, Shop
from support.models import BuyerMessage, Conversation

#: Lists on Home show this many rows; what is more is said as "more" and opens to the whole list.
ROWS = 5
#: Counts on Home stop here.
CAP = 99


@dataclasses.dataclass(frozen=True)
class Today:
    """Sales of today, hour by hour, beside yesterday's. Hours of today that have not begun are None."""

    day: dt.date
    hours: list[str]
    today: list[int | None]
    yesterday: list[int]
    orders_today: list[int | None]
    sum_today: figures.Figures
    sum_yesterday: figures.Figures
    sum_yesterday_so_far: figures.Figures


def sales_today(shop, at: dt.datetime) -> Today:
    """Sales before discounts, by the hour of payment, in the shop's own zone (one query for both days)."""
    local = at.astimezone(ZoneInfo(shop.zone))
    this, last = day_period(local.date(), shop.zone), day_period(local.date() - dt.timedelta(days=1), shop.zone)
    rows = {hour: figures.Figures(*row) for hour, *row in _hours(shop=shop.pk, start=last.start, end=this.end)}
    today, yesterday = figures.hours_of(this, rows), figures.hours_of(last, rows)
    begun = int((at - this.start) / dt.timedelta(hours=1)) + 1  # a day with a clock change has 23 or 25 hours
    return Today(
        day=local.date(),
        hours=figures.hour_names(this, shop.zone),
        today=[row.gross_minor if number < begun else None for number, row in enumerate(today)],
        yesterday=[row.gross_minor for row in yesterday],
        orders_today=[row.order_count if number < begun else None for number, row in enumerate(today)],
        sum_today=total(today),
        sum_yesterday=total(yesterday),
        sum_yesterday_so_far=total(yesterday[:begun]),
    )


def total(rows: list[figures.Figures]) -> figures.Figures:
    """All of them together."""
    result = figures.Figures()
    for row in rows:
        result = result.plus(row)
    return result


@dataclasses.dataclass(frozen=True)
class Waiting:
    """What waits for a deed: how many (up to the cap and one), and the code of the most urgent one."""

    orders: int = 0
    next_order: str | None = None
    returns: int = 0
    next_return: str | None = None
    messages: int = 0
    next_message: str | None = None
    widgets: list[str] | None = None
    """The layout of whoever asked, which comes along; None for the standard."""


def waiting(shop, areas: set[str], user) -> Waiting:
    """How much of each kind waits in the areas a member sees, and which comes first. One query for all kinds."""
    sees = tuple(area for area in ("orders", "support") if area in areas)
    names = ("widgets", *(ORDERS_WAIT if "orders" in sees else ()), *(SUPPORT_WAITS if "support" in sees else ()))
    return Waiting(**dict(zip(names, _waiting(sees, shop=shop.pk, user=user.pk)[0], strict=True)))


ORDERS_WAIT = ("orders", "next_order", "returns", "next_return")
SUPPORT_WAITS = ("messages", "next_message")


@prepared
def _waiting(sees: tuple[str, ...], *, shop: int, user: int) -> QuerySet:
    """One row: the layout, then what waits in the areas that are seen."""
    orders = Order.objects.in_shop(shop).awaiting_shipment()
    held = Hold.objects.in_shop(shop).standing().order_by().filter(order=OuterRef("pk"))
    returns = ReturnRequest.objects.in_shop(shop).in_tab("to_decide")
    messages = Conversation.objects.in_shop(shop).awaiting_answer()
    asked: list[Subquery] = [Subquery(HomeLayout.objects.in_shop(shop).of(user).values("widgets")[:1])]
    if "orders" in sees:
        asked += [
            _count(orders),
            Subquery(orders.filter(~Exists(held)).order_by("ship_by", "id").values("code")[:1]),
            _count(returns),
            Subquery(returns.order_by("requested_at", "id").values("code")[:1]),
        ]
    if "support" in sees:
        asked += [_count(messages), Subquery(messages.values("code")[:1])]
    return Shop.objects.filter(pk=shop).values_list(*asked)


def _count(rows) -> CappedCount:
    return CappedCount(rows.order_by().values("pk")[: CAP + 1])


def to_ship(shop) -> list[Order]:
    """The most urgent orders with something still to ship, those on hold too: their clock runs as well."""
    return list(_to_ship(shop=shop.pk))


def due_soon(shop, at: dt.datetime, areas: set[str]) -> list[Deadline]:
    """Clocks that end within a day, or have ended unnoticed, in the areas this member sees."""
    return list(_due_soon(shop=shop.pk, before=at + dt.timedelta(hours=24), areas=sorted(areas))) if areas else []


def unread(shop, user) -> list[Notice]:
    """The newest notices that this person has not opened."""
    return list(_unread(shop=shop.pk, user=user.pk))


def unanswered(shop) -> list[Conversation]:
    """Buyers who wait for an answer, longest first, each with the beginning of what they wrote last."""
    return list(_unanswered(shop=shop.pk))


def scores(shop) -> list[Score]:
    """The last score and the one a month (of measured days) before it, for its trend."""
    return list(_scores(shop=shop.pk))


# -- the questions ----------------------------------------------------------------------------------------------------


@prepared
def _hours(*, shop: int, start: dt.datetime, end: dt.datetime) -> QuerySet:
    """The hour, then its figures."""
    rows = HourlyFigure.objects.in_shop(shop).within(Period(start, end))
    return rows.values_list("hour", *figures.COLUMNS)


@prepared
def _to_ship(*, shop: int) -> QuerySet:
    rows = Order.objects.in_shop(shop).awaiting_shipment().order_by("ship_by", "id")
    return rows.only("code", "contact_name", "summary", "ship_by")[:ROWS]


@prepared
def _due_soon(*, shop: int, before: dt.datetime, areas: list[str]) -> QuerySet:
    return Deadline.objects.in_shop(shop).running().filter(area__in=areas, due_at__lt=before)[:ROWS]


@prepared
def _unread(*, shop: int, user: int) -> QuerySet:
    return Notice.objects.in_shop(shop).of(user).unread()[:ROWS]


@prepared
def _unanswered(*, shop: int) -> QuerySet:
    said = BuyerMessage.objects.in_shop(shop).filter(conversation=OuterRef("pk"), from_buyer=True)
    rows = Conversation.objects.in_shop(shop).awaiting_answer().select_related("buyer")
    return rows.annotate(said=Subquery(said.order_by("-at", "-id").values("body")[:1]))[:ROWS]


@prepared
def _scores(*, shop: int) -> QuerySet:
    return Score.objects.in_shop(shop).newest_first()[:30]
