"""The widgets of Home: one line each in ``WIDGETS``, with who may see it and the question that fills it.

A widget that is ``later`` costs more than a page may: it is filled by a request of its own once the page is there.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analytics import charts, home, layout, reports
from analytics.definitions import DEFINITIONS
from catalog import alerts
from payouts import finance, ledger
from seller_center.kernel.addresses import address
from seller_center.kernel.calendar import Period, day_period
from shops import setup_guide
from shops.deadline_kinds import KINDS
from shops.models import AREAS, Membership, Shop
from shops.views.inbox import subject_url

#: Best products are those of this many days, today included.
PRODUCT_DAYS = 7


@dataclasses.dataclass(frozen=True)
class Sight:
    """Who looks at Home, and when."""

    shop: Shop
    member: Membership
    user: Any
    at: dt.datetime

    def sees(self, area: str) -> bool:
        """May this member see the area?"""
        return self.member.may(area, "view")

    @property
    def areas(self) -> set[str]:
        """All areas this member sees."""
        return {area for area in AREAS if self.sees(area)}


@dataclasses.dataclass(frozen=True)
class Widget:
    """One card of Home."""

    name: str
    title: str | Promise
    hint: str | Promise
    icon: str
    area: str
    place: str
    fill: Callable[[Sight], dict[str, Any]]
    query: str = ""
    definition: str = ""
    wide: bool = False
    later: bool = False
    while_: Callable[[Sight], bool] = lambda sight: True

    @property
    def template(self) -> str:
        """What is inside the card."""
        return f"analytics/widgets/{self.name}.html"

    def url(self, shop: Shop) -> str:
        """The page with all of it."""
        return address(self.place, shop=shop.code) + self.query

    @property
    def note(self) -> str | Promise:
        """The definition of its number."""
        return DEFINITIONS.get(self.definition, "")


def _sales(sight: Sight) -> dict[str, Any]:
    today = home.sales_today(sight.shop, sight.at)
    csv_url = address("analytics:hours_csv", shop=sight.shop.code)
    return {"today": today, "chart": charts.sales_by_hour(today, sight.shop.currency, csv_url)}


def _orders(sight: Sight) -> dict[str, Any]:
    return {"orders": home.to_ship(sight.shop)}


def _due(sight: Sight) -> dict[str, Any]:
    rows = home.due_soon(sight.shop, sight.at, sight.areas)
    return {"due": [{"row": row, "what": KINDS[row.kind].name, "url": subject_url(sight.shop, row)} for row in rows]}


def _messages(sight: Sight) -> dict[str, Any]:
    return {"conversations": home.unanswered(sight.shop)}


def _stock(sight: Sight) -> dict[str, Any]:
    return {"low": alerts.running_low(sight.shop, at=sight.at, most=home.ROWS)}


def _notices(sight: Sight) -> dict[str, Any]:
    return {"notices": home.unread(sight.shop, sight.user)}


def _payouts(sight: Sight) -> dict[str, Any]:
    held = ledger.balances(sight.shop)
    lands = finance.calendar(sight.shop, sight.at, held)
    return {
        "standing": finance.standing(sight.shop, sight.at, held, lands),
        "under_way": finance.under_way(sight.shop)[:3],
        "lands": [one for one in lands if one.count][:3],
    }


def _health(sight: Sight) -> dict[str, Any]:
    found = home.scores(sight.shop)
    tenths = [one.sps_tenths for one in found if one.sps_tenths is not None]
    last = found[0].sps_tenths if found else None
    return {
        "score": found[0] if found else None,
        "shown": "" if last is None else f"{last / 10:.1f}",
        "tenths": last,
        "change": (last - tenths[-1]) / 10 if last is not None and len(tenths) > 1 else None,
        "since": found[-1].day if found else None,
    }


def _setup(sight: Sight) -> dict[str, Any]:
    items = setup_guide.items(sight.shop)
    return {
        "open_items": [item for item in items if not item.done][:3],
        "done_count": sum(item.done for item in items),
        "total_count": len(items),
    }


def _products(sight: Sight) -> dict[str, Any]:
    last = sight.at.astimezone(ZoneInfo(sight.shop.zone)).date()
    first = last - dt.timedelta(days=PRODUCT_DAYS - 1)
    span = Period(day_period(first, sight.shop.zone).start, day_period(last, sight.shop.zone).end)
    rows = reports.best_products(sight.shop, span, most=home.ROWS)
    return {"products": rows, "most": max((row["sum_minor"] for row in rows), default=0), "first": first, "last": last}


WIDGETS = {
    one.name: one
    for one in (
        Widget(
            "setup",
            _("Set up your shop"),
            _("The first steps, ticked off by what really happened."),
            "list-check",
            "home",
            "shops:setup",
            _setup,
            later=True,
            while_=lambda sight: setup_guide.wanted(sight.shop, sight.at),
        ),
        Widget(
            "sales",
            _("Sales today"),
            _("Hour by hour, beside yesterday."),
            "chart-line",
            "analytics",
            "analytics:reports",
            _sales,
            query="?days=7",
            definition="sales",
            wide=True,
        ),
        Widget(
            "orders",
            _("To ship, most urgent first"),
            _("Orders with a parcel that has still to leave."),
            "package",
            "orders",
            "orders:order_list",
            _orders,
            query="?tab=to_ship",
            definition="pending_orders",
        ),
        Widget(
            "due",
            _("Due within a day"),
            _("Every clock that is about to strike."),
            "alarm",
            "home",
            "shops:inbox",
            _due,
            definition="due_soon",
        ),
        Widget(
            "messages",
            _("Buyers waiting for an answer"),
            _("Who waits longest, and what they wrote."),
            "messages",
            "support",
            "support:messages",
            _messages,
            definition="buyers_waiting",
        ),
        Widget(
            "stock",
            _("Low stock"),
            _("What runs out first."),
            "stack-2",
            "products",
            "catalog:low_stock",
            _stock,
            definition="low_stock",
            later=True,
        ),
        Widget(
            "payouts",
            _("Payouts coming"),
            _("What the next payday brings, and what follows."),
            "wallet",
            "finance",
            "payouts:finance",
            _payouts,
            definition="next_payout",
            later=True,
        ),
        Widget("notices", _("Notices"), _("What you have not read yet."), "bell", "home", "shops:notices", _notices),
        Widget(
            "health",
            _("Shop Performance Score"),
            _("Your score and where it is going."),
            "heartbeat",
            "health",
            "analytics:health",
            _health,
            definition="sps",
        ),
        Widget(
            "products",
            _("Best products of the last 7 days"),
            _("What sold most."),
            "tag",
            "analytics",
            "analytics:best_products",
            _products,
            query="?days=7",
            definition="best_products",
            later=True,
        ),
    )
}
if set(layout.STANDARD) != set(WIDGETS):
    raise RuntimeError("The standard of Home names other widgets than there are.")


def offered(sight: Sight) -> dict[str, Widget]:
    """The widgets that this member may have: those of areas they see."""
    return {name: one for name, one in WIDGETS.items() if sight.sees(one.area) and one.while_(sight)}
