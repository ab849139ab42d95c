"""The order list as a question: tab, words, days, channel, order. List, export and bulk deeds ask the same one."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from django.db.models import DateTimeField, Exists, ExpressionWrapper, F, OuterRef
from django.utils.translation import gettext_lazy as _

from orders.models import Hold, Order
from orders.shown import TABS, Shown
from seller_center.kernel.calendar import instant
from seller_center.kernel.csvio import write_rows
from seller_center.kernel.money import Money
from seller_center.kernel.paging import KeysetPage, keyset_page

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
NEWEST = ("-placed_at", "-id")
DUE = ("due_at", "id")
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
        if self.tab in BY_DUE:
            return NEWEST if self.sort == "newest" else DUE
        return NEWEST

    @property
    def filtered(self) -> bool:
        """Is more asked than a tab?"""
        return bool(self.words or self.first or self.last or self.channel)


def rows(shop, question: Question, at: dt.datetime, *, similar: bool = False):
    """The orders that answer the question, not ordered yet. ``similar``: search by likeness instead of by letters."""
    found = Order.objects.in_shop(shop)
    if question.tab == "late":
        found = found.awaiting_shipment().filter(ship_by__lte=at)
    elif question.tab == "on_hold":
        found = found.on_hold(shop)
    elif question.tab in TABS:
        found = found.in_tab(question.tab)
    if question.words:
        found = found.sounding_like(question.words) if similar else found.found_by(question.words)
    if question.first:
        found = found.filter(placed_at__gte=instant(question.first, dt.time(0), shop.zone))
    if question.last:
        found = found.filter(placed_at__lt=instant(question.last + dt.timedelta(days=1), dt.time(0), shop.zone))
    if question.channel:
        found = found.filter(channel=question.channel)
    if question.order == DUE:
        found = found.annotate(due_at=ExpressionWrapper(F("ship_by"), output_field=DateTimeField()))
    return found


def page(shop, question: Question, at: dt.datetime, *, token: str = "", size: int = 25) -> tuple[KeysetPage, bool]:
    """A page of the list as dicts, and whether it is the answer to a similar word (a slip of the finger)."""
    found = _page(shop, question, at, token, size, similar=False)
    if found.rows or not question.words or token:
        return found, False
    guess = _page(shop, question, at, token, size, similar=True)
    return guess, bool(guess.rows)


def _page(shop, question: Question, at: dt.datetime, token: str, size: int, *, similar: bool) -> KeysetPage:
    columns = (*COLUMNS, "due_at") if question.order == DUE else COLUMNS
    held = Hold.objects.standing().filter(shop=OuterRef("shop"), order=OuterRef("pk"))
    asked = rows(shop, question, at, similar=similar).annotate(held=Exists(held)).values(*columns, "held")
    return keyset_page(asked, order=question.order, token=token, size=size)


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


def tab_counts(shop, at: dt.datetime) -> dict[str, str]:
    """The counts of those tabs that ask for something, as they are shown: one query, none counts beyond 99."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_ALL, {"shop": shop.pk, "at": at, "most": COUNT_CAP + 1})
        numbers = cursor.fetchone()
    return {tab: _shown(number) for tab, number in zip(COUNTED, numbers, strict=True)}


def _shown(number: int) -> str:
    if number > COUNT_CAP:
        return f"{COUNT_CAP}+"
    return str(number) if number else ""


EXPORT_HEADER = (
    "order",
    "channel",
    "external_number",
    "state",
    "placed_at",
    "paid_at",
    "ship_by",
    "buyer",
    "email",
    "phone",
    "line1",
    "line2",
    "city",
    "region",
    "postal_code",
    "country",
    "units",
    "items",
    "goods",
    "discount",
    "shipping",
    "tax",
    "total",
    "currency",
)


def export(shop, question: Question, at: dt.datetime) -> Iterator[bytes]:
    """Exactly what the list shows, all pages of it, as CSV, streamed. Cells that begin a formula are escaped."""
    ordered = rows(shop, question, at).order_by(*question.order)
    return write_rows(EXPORT_HEADER, (_export_row(order) for order in ordered.iterator(chunk_size=500)))


def _export_row(order: Order) -> tuple:
    def amount(minor: int) -> str:
        return str(Money(minor, order.currency).decimal)

    address = order.address
    return (
        order.code,
        order.channel,
        order.external_number,
        str(Shown(order.fulfilment_status).label),
        order.placed_at.isoformat(),
        order.paid_at.isoformat() if order.paid_at else "",
        order.ship_by.isoformat() if order.ship_by else "",
        order.contact_name,
        order.contact_email,
        order.contact_phone,
        *(address.get(part, "") for part in ("line1", "line2", "city", "region", "postal_code", "country")),
        order.unit_count,
        order.summary,
        amount(order.goods_minor),
        amount(order.seller_discount_minor + order.platform_discount_minor),
        amount(order.shipping_minor),
        amount(order.tax_minor),
        amount(order.total_minor),
        order.currency,
    )
