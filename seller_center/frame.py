"""What every page shows around its content: navigation with counts, the person's shops, notices, deadlines, theme.

The frame sees all floors and is imported by none. Everything in it is worked out when a template asks, so a page
without the dashboard costs nothing; the dashboard costs **one** query, whatever the number of counts: the person's
shops, with every count as a capped subquery beside them.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import get_urlconf
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from seller_center.display import local
from seller_center.kernel import clock
from seller_center.kernel.capped import CappedCount
from seller_center.kernel.prepared import prepared
from seller_center.menu import BEFORE_OPENING, MENU, PLACES, Entry, Places, place

COUNT_CAP = 99
"""Counts stop here: a badge says 99+ and no page ever counts a whole table."""
SWITCHER_CAP = 8
THEME_COOKIE = "theme"
THEMES = ("light", "dark")


def _to_ship(shop: int, user: int, midnight: dt.datetime, areas: list[str]) -> QuerySet:
    from orders.models import Order

    return Order.objects.in_shop(shop).awaiting_shipment()


def _to_decide(shop: int, user: int, midnight: dt.datetime, areas: list[str]) -> QuerySet:
    from orders.models import ReturnRequest

    return ReturnRequest.objects.in_shop(shop).in_tab("to_decide")


def _to_answer(shop: int, user: int, midnight: dt.datetime, areas: list[str]) -> QuerySet:
    from support.models import Conversation

    return Conversation.objects.in_shop(shop).awaiting_answer()


def _notices(shop: int, user: int, midnight: dt.datetime, areas: list[str]) -> QuerySet:
    from shops.models import Notice

    return Notice.objects.in_shop(shop).of(user).unread()


def _due_today(shop: int, user: int, midnight: dt.datetime, areas: list[str]) -> QuerySet:
    from shops.models import Deadline

    return Deadline.objects.in_shop(shop).running().filter(due_at__lt=midnight, area__in=areas)


COUNTS: dict[str, tuple[str, Callable[[int, int, dt.datetime, list[str]], QuerySet]]] = {
    "to_ship": ("orders", _to_ship),
    "to_decide": ("orders", _to_decide),
    "to_answer": ("support", _to_answer),
    "notices": ("", _notices),
    "due_today": ("", _due_today),
}
"""What is counted for the frame: the area whose members see it, and the question, which belongs to its floor."""


def _capped(counted: tuple[str, ...], *asked: Any) -> dict[str, CappedCount]:
    """The counts of these names, each beside the row that is read."""
    questions = ((name, COUNTS[name][1](*asked)) for name in counted)
    return {f"count_{name}": CappedCount(rows.order_by().values("pk")[: COUNT_CAP + 1]) for name, rows in questions}


@prepared
def _shops_with_counts(
    counted: tuple[str, ...], *, shop: int, user: int, midnight: dt.datetime, areas: list[str]
) -> QuerySet:
    """The person's shops by name, and the counts of this shop beside each of them."""
    from shops.models import Membership

    counts = _capped(counted, shop, user, midnight, areas)
    rows = Membership.objects.filter(user=user).annotate(**counts).order_by("shop__name", "shop_id")
    return rows.values_list("shop__code", "shop__name", *counts)[: SWITCHER_CAP + 1]


@prepared
def _shop_with_counts(
    counted: tuple[str, ...], *, shop: int, user: int, midnight: dt.datetime, areas: list[str]
) -> QuerySet:
    """The same for staff who look at a shop they do not belong to: one row, of this shop."""
    from shops.models import Shop

    counts = _capped(counted, shop, user, midnight, areas)
    return Shop.objects.filter(pk=shop).annotate(**counts).values_list("code", "name", *counts)


@prepared
def _shops(*, user: int) -> QuerySet:
    """The person's shops by name, on a page of no shop."""
    from shops.models import Membership

    rows = Membership.objects.filter(user=user).order_by("shop__name", "shop_id")
    return rows.values_list("shop__code", "shop__name")[: SWITCHER_CAP + 1]


@dataclass(frozen=True, slots=True)
class Item:
    """A menu entry as this member sees it on this page."""

    key: str
    label: str | Promise
    icon: str
    url: str
    count: str
    count_word: str | Promise
    here: bool
    on_phone: bool
    subs: tuple["SubItem", ...] = ()
    counted: str = ""
    """The name of the count: by it the badge is found when a deed has changed the number."""


class SubItem(NamedTuple):
    """A line below the entry one is in."""

    label: str | Promise
    url: str
    here: bool
    number: str = ""
    count_word: str | Promise = ""
    counted: str = ""


class ShopLink(NamedTuple):
    """A shop in the switcher."""

    code: str
    name: str
    url: str
    here: bool


class Frame:
    """Everything around the content of one page. Built for each request, worked out only where it is shown."""

    def __init__(self, request: HttpRequest):
        self.request = request

    @property
    def shop(self):
        """The shop whose page this is; None on pages of no shop."""
        return getattr(self.request, "shop", None)

    @property
    def membership(self):
        """The place this person has in the shop; None for staff who look on."""
        return getattr(self.request, "membership", None)

    @cached_property
    def user(self):
        """Who is logged in, or None."""
        user = getattr(self.request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @cached_property
    def theme(self) -> str:
        """``light`` or ``dark`` if chosen, empty for what the device prefers."""
        chosen = self.request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else ""

    @cached_property
    def now(self) -> dt.datetime:
        """The moment of this page."""
        return clock.now()

    @cached_property
    def section(self) -> str:
        """The key of the menu entry this page belongs to, by its path."""
        words = self.request.path.strip("/").split("/")
        word = (words[2] if len(words) > 2 else "home") if words[0] == "s" and len(words) > 1 else ""
        entries = (entry for group in (*MENU, BEFORE_OPENING) for entry in group)
        return next((entry.key for entry in entries if word == entry.key or word in entry.paths), "")

    @cached_property
    def _read(self) -> tuple[list[tuple], dict[str, int]]:
        """The one query: the person's shops, and the counts of this shop beside each of them."""
        if self.user is None:
            return [], {}
        if self.shop is None:
            return list(_shops(user=self.user.pk)), {}
        from shops.models import AREAS

        here = local(self.now, self.shop.zone)
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
        counted = tuple(name for name, (area, _question) in COUNTS.items() if self.may_see(area))
        asked: dict[str, Any] = {
            "shop": self.shop.pk,
            "user": self.user.pk,
            "midnight": midnight,
            "areas": [area for area in AREAS if self.may_see(area)] or [""],
        }
        if rows := list(_shops_with_counts(counted, **asked)):
            return [row[:2] for row in rows], dict(zip(counted, rows[0][2:], strict=True))
        found = list(_shop_with_counts(counted, **asked))
        return [], dict(zip(counted, found[0][2:], strict=True)) if found else {}

    @cached_property
    def key(self) -> tuple:
        """Everything the frame shows, for the memory of ``frame_html``."""
        shop, user, role = self.shop, self.user, getattr(self.membership, "role", None)
        return (
            get_urlconf(),
            shop and (shop.code, shop.name, shop.slug, getattr(shop, "opened", True)),
            user and (str(user), user.is_staff),
            role and (str(role), tuple(sorted(role.areas.items()))),
            self.theme,
            self.section,
            tuple(sub.here for item in self._shown for sub in item.subs),
            self.request.path.startswith(self.places.messages or "-"),
            tuple(self._read[0]),
            tuple(sorted(self._read[1].items())),
        )

    def count(self, name: str) -> str:
        """A count as a badge says it: nothing for none, 99+ beyond the cap."""
        number = self._read[1].get(name, 0)
        return "" if not number else f"{COUNT_CAP}+" if number > COUNT_CAP else str(number)

    @property
    def counts(self) -> dict[str, str]:
        """All badges of this member, as they are said."""
        return {name: self.count(name) for name in self._read[1]}

    @property
    def unread(self) -> str:
        """Unread notices of this person in this shop."""
        return self.count("notices")

    @property
    def due_today(self) -> str:
        """Deadlines of the shop that end before midnight on its clock, those already over included."""
        return self.count("due_today")

    @cached_property
    def shops(self) -> list[ShopLink]:
        """The person's shops for the switcher, by name; at most ``SWITCHER_CAP``."""
        here = self.shop.code if self.shop is not None else ""
        return [
            ShopLink(code, name or code, place(PLACES["home"], code) or f"/s/{code}/", code == here)
            for code, name in self._read[0][:SWITCHER_CAP]
        ]

    @property
    def more_shops(self) -> bool:
        """Are there shops that the switcher leaves out?"""
        return len(self._read[0]) > SWITCHER_CAP

    def may_see(self, area: str) -> bool:
        """May this member see the area (no area: everybody may; staff who look on see all)?"""
        member = self.membership
        return not area or member is None or member.may(area, "view")

    def _items(self, group: tuple[Entry, ...]) -> Iterator[Item]:
        code = self.shop.code if self.shop is not None else ""
        for entry in group:
            url = place(entry.url_names, code)
            if url and self.may_see(entry.area):
                yield Item(
                    entry.key,
                    entry.label,
                    entry.icon,
                    url,
                    self.count(entry.count) if entry.count else "",
                    entry.count_word,
                    entry.key == self.section,
                    entry.on_phone,
                    tuple(self._subs(entry, code)) if entry.key == self.section else (),
                    entry.count,
                )

    def _subs(self, entry: Entry, code: str) -> Iterator[SubItem]:
        for sub in entry.subs:
            if url := place(sub.url_names, code):
                count = self.count(sub.count) if sub.count else ""
                yield SubItem(sub.label, url, self.request.path.startswith(url), count, sub.count_word, sub.count)

    @cached_property
    def menu(self) -> list[list[Item]]:
        """The navigation in its groups, only what exists and may be seen. Nothing outside a shop."""
        if self.shop is None:
            return []
        groups = MENU if getattr(self.shop, "opened", True) else (BEFORE_OPENING,)
        return [items for group in groups if (items := list(self._items(group)))]

    @property
    def _shown(self) -> Iterator[Item]:
        return (item for group in self.menu for item in group)

    @cached_property
    def bottom(self) -> list[Item]:
        """The bar at the bottom of a phone: the entries marked for it, and messages."""
        items = [item for item in self._shown if item.on_phone]
        opened = getattr(self.shop, "opened", True)
        if items and opened and (messages := self.places.messages) and self.may_see("support"):
            here = self.request.path.startswith(messages)
            items.append(
                Item(
                    "messages",
                    _("Messages"),
                    "messages",
                    messages,
                    self.count("to_answer"),
                    _("to answer"),
                    here,
                    True,
                    counted="to_answer",
                )
            )
        return items

    @cached_property
    def places(self) -> "Places":
        """``frame.places.search`` and so on: paths, empty where the place does not exist."""
        return Places(self.shop.code if self.shop is not None else "", getattr(self.shop, "slug", ""))


def frame(request: HttpRequest) -> dict[str, Frame]:
    """Context processor: ``frame`` on every page."""
    return {"frame": Frame(request)}


def counts_event(request: HttpRequest) -> dict[str, dict[str, str]]:
    """What a done deed tells the page: the badges as they stand now, for the script to put in their places."""
    counts = Frame(request).counts if getattr(request, "shop", None) is not None else {}
    return {"frame-counts": counts} if counts else {}


def _of_staff(request: Any) -> bool:
    match = getattr(request, "resolver_match", None)
    return match is not None and match.app_name == "admin"


def place_of(context: Any) -> dict[str, Any]:
    """When and where a page is read: ``now``, ``zone`` and ``market``, found out once a request.

    The zone is the shop's of the page, or of the ``shop`` in the context (a storefront, a mail). Staff see shops of all
    zones side by side: in the admin there is none, and moments are told in UTC and say so.
    """
    request = context.get("request")
    memory = request.__dict__ if request is not None else {}
    if (found := memory.get("_place")) is None:
        shop = None if _of_staff(request) else getattr(request, "shop", None) or context.get("shop")
        zone = getattr(shop, "zone", None)
        market = getattr(shop, "market_id", "") or ""
        found = memory["_place"] = {"now": local(clock.now(), zone), "zone": zone, "market": market}
    return found
