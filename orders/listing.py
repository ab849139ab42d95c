"""The order list as a question: tab, words, days, channel, order. The list, its file and the API ask the same one."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from orders.models import Hold, Order
from orders.models.order import asked_words, may_be_code
from orders.shown import TABS
from seller_center.kernel.calendar import instant
from seller_center.kernel.prepared import prepared

#: The tabs in their order, with their names. ``late`` and ``on_hold`` look across the states.
TAB_NAMES = {
    "all": _("All"),
    "to_ship": _("To ship"),
    "late": _("Late"),
    "on_hold": _("On hold"),
    "cooling_off": _("Cooling off"),
    "shipped": _("Shipped"),
    "delivered": _("Delivered"),
    "trouble": _("Lost or returned"),
    "completed": _("Completed"),
    "cancelled": _("Cancelled"),
    "unpaid": _("Unpaid"),
}
#: Tabs whose count asks somebody to do something; the others show none.
COUNTED = ("to_ship", "late", "on_hold", "cooling_off", "trouble", "unpaid")
COUNT_CAP = 99
#: Tabs that begin with what is due first.
BY_DUE = ("to_ship", "late")
NEWEST, OLDEST = ("-placed_at", "-id"), ("placed_at", "id")
DUE, LAST_DUE = ("due_at", "id"), ("-due_at", "-id")
#: The orders that may be asked for; those by due time exist only where everything has one.
PLACED_SORTS = {"-placed": NEWEST, "placed": OLDEST}
DUE_SORTS = {"due": DUE, "-due": LAST_DUE, **PLACED_SORTS}
#: What a row of the list needs, read as values: no model is built for it.
COLUMNS = (
    "id",
    "code",
    "contact_name",
    "summary",
    "unit_count",
    "fulfilment_status",
    "placed_at",
    "ship_by",
    "total_minor",
    "currency",
    "channel",
)


#: Where an order may have been sold.
CHANNELS = {"storefront": _("Storefront"), "api": _("API")}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the list. Days are days of the shop, both included."""

    tab: str = "all"
    words: str = ""
    first: dt.date | None = None
    last: dt.date | None = None
    channel: str = ""
    sort: str = ""

    @property
    def order(self) -> tuple[str, ...]:
        """By what is due first where that makes sense and nothing else is asked, else newest first."""
        sorts = DUE_SORTS if self.tab in BY_DUE else PLACED_SORTS
        return sorts.get(self.sort) or next(iter(sorts.values()))

    @property
    def filtered(self) -> bool:
        """Is more asked than a tab?"""
        return bool(self.words or self.first or self.last or self.channel)


def rows(shop, question: Question, at: dt.datetime, *, similar: bool = False):
    """The orders that answer the question, not ordered yet. ``similar``: search by likeness instead of by letters."""
    found = _in_tab(shop, question.tab, at)
    if question.words:
        found = found.sounding_like(shop, question.words) if similar else found.searched(shop, question.words)
    if question.first:
        found = found.filter(placed_at__gte=instant(question.first, dt.time(0), shop.zone))
    if question.last:
        found = found.filter(placed_at__lt=instant(question.last + dt.timedelta(days=1), dt.time(0), shop.zone))
    if question.channel:
        found = found.filter(channel=question.channel)
    return _with_due(found, question.order)


def told(rows, needs: Iterable[str]):
    """These columns of the rows as values, and whether the order is held."""
    held = Hold.objects.standing().filter(shop=OuterRef("shop"), order=OuterRef("pk"))
    return rows.annotate(held=Exists(held)).values(*sorted(needs), "held")


def first_rows(shop, question: Question, at: dt.datetime, *, needs: Iterable[str], most: int) -> QuerySet | None:
    """The first of the same rows in their order, told, as a prepared question. None where more is asked than a tab and words,
    or where the words may be a code: what they find is decided by another question."""
    if question.first or question.last or question.channel or may_be_code(question.words.strip()):
        return None
    values: dict[str, Any] = {"at": at} if question.tab == "late" else {}
    if question.words:
        values["asked"] = asked_words(question.words)
    return _first_rows(question.tab, question.order, tuple(sorted(needs)), most, shop=shop.pk, **values)


@prepared
def _first_rows(
    tab: str,
    order: tuple[str, ...],
    needs: tuple[str, ...],
    most: int,
    *,
    shop: int,
    at: dt.datetime | None = None,
    asked: Sequence[str] = (),
) -> QuerySet:
    found = _with_due(_in_tab(shop, tab, at).holding(asked), order)
    return told(found, needs).order_by(*order)[:most]


def _in_tab(shop, tab: str, at: dt.datetime | None):
    found = Order.objects.in_shop(shop)
    if tab == "late":
        return found.awaiting_shipment().filter(ship_by__lte=at)
    if tab == "on_hold":
        return found.on_hold(shop)
    return found.in_tab(tab) if tab in TABS else found


def _with_due(rows, order: tuple[str, ...]):
    if order not in (DUE, LAST_DUE):
        return rows
    return rows.annotate(due_at=ExpressionWrapper(F("ship_by"), output_field=DateTimeField()))


def _capped(where: str, table: str = "orders_order") -> str:
    return f"(SELECT count(*) FROM (SELECT 1 FROM {table} WHERE shop_id = %(shop)s AND {where} LIMIT %(most)s) AS c)"  # noqa: S608


_STATES = ", ".join(f"'{status}'" for status in TABS["to_ship"])
_COUNTS = {
    **{
        tab: _capped("fulfilment_status IN ({})".format(", ".join(f"'{status}'" for status in TABS[tab])))
        for tab in COUNTED
        if tab in TABS
    },
    "late": _capped(f"fulfilment_status IN ({_STATES}) AND ship_by <= %(at)s"),
    "on_hold": _capped("released_at IS NULL", "orders_hold"),
}
_COUNT_ALL = "SELECT " + ", ".join(_COUNTS[tab] for tab in COUNTED)


def tab_counts(shop, at: dt.datetime) -> dict[str, int]:
    """The counts of those tabs that ask for something: one query, none counts further than one beyond the cap."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_ALL, {"shop": shop.pk, "at": at, "most": COUNT_CAP + 1})
        numbers = cursor.fetchone()
    return dict(zip(COUNTED, numbers, strict=True))
