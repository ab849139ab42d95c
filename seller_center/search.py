"""Search over everything a member may see: orders, buyers, products, SKUs, returns, messages, tickets, coupons, pages.

Each kind is one bounded query on an index made for it; where nothing holds the words, orders and products are tried once
more by likeness, for slips of the finger. What belongs to the support desk and to marketing is looked for among the
newest only: those tables are small in a shop, and no search may read a large one from end to end.
"""

import dataclasses
import difflib
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet, Value
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from catalog.models import Product, Sku
from catalog.models.product import asked_words
from marketing.models import Coupon
from orders.models import Order, ReturnRequest
from seller_center.kernel.deeds import is_htmx
from seller_center.kernel.prepared import prepared
from seller_center.menu import MENU, PLACES, place
from shops.access import ShopRequest, for_shop
from support.models import Conversation, Ticket

#: How many rows of each kind the page shows, and how many the list below the box.
MOST, MOST_BELOW = 8, 4
#: Among how many of the newest tickets and coupons the words are looked for.
NEWEST = 500
#: Fewer signs than this say nothing: no index helps, and everything would fit.
LEAST_SIGNS = 2
#: The shortest of our own numbers.
CODE_SIGNS = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Hit:
    """One thing found."""

    title: str
    note: str
    url: str
    state: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """The things of one kind that were found. ``more_url``: the list with the same words, where there is one."""

    name: str | Promise
    icon: str
    noun: str
    hits: list[Hit]
    more_url: str = ""
    similar: bool = False


@require_safe
@for_shop(area="home", may="view")
def search(request: ShopRequest, shop) -> HttpResponse:
    """Everything that holds the words typed. An order's whole number leads straight to the order."""
    words = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:100]
    below = is_htmx(request)
    if _looks_like_a_code(words) and not below and request.membership.may("orders", "view"):
        exact = Order.objects.in_shop(shop).of_code(words.upper()).first()
        if exact is not None:
            return redirect("orders:order", shop=shop.code, code=exact.code)
    asked = len(words) >= LEAST_SIGNS
    most = MOST_BELOW if below else MOST
    groups = list(find(shop, words, may=request.membership.may, most=most)) if asked else []
    groups.sort(key=lambda group: group.similar)  # what holds the words stands above what is like them
    context = {"shop": shop, "words": words, "groups": groups, "asked": asked}
    return render(request, "found.html" if below else "search.html", context)


def _looks_like_a_code(words: str) -> bool:
    """One word as long as our own numbers are: others need not be looked up as one."""
    return len(words) >= CODE_SIGNS and words.isalnum()


def find(shop, words: str, *, may: Callable[[str, str], bool], most: int) -> Iterator[Group]:
    """What the words are found in, kind by kind; kinds with nothing are left out."""
    for area, look in KINDS:
        if area and not may(area, "view"):
            continue
        found = look(shop, words, most, may) if look is _pages else look(shop, words, most)
        yield from (group for group in found if group.hits)


def _here(shop, name: str, **more: Any) -> str:
    return reverse(name, kwargs={"shop": shop.code, **more})


def _orders(shop, words: str, most: int) -> Iterator[Group]:
    """Orders, and the people who placed them: both from the one search text of orders."""
    rows = Order.objects.in_shop(shop)
    found, similar = list(rows.searched(shop, words).newest_first()[: most * 3]), False
    if not found:
        found, similar = list(rows.sounding_like(shop, words).newest_first()[: most * 3]), True
    hits = [
        Hit(
            order.code,
            f"{order.contact_name} · {order.summary}",
            _here(shop, "orders:order", code=order.code),
            order.fulfilment_status,
        )
        for order in found[:most]
    ]
    more = f"{_here(shop, 'orders:order_list')}?{_query(words)}" if len(found) > most else ""
    yield Group(_("Orders"), "package", "order", hits, more, similar)
    yield Group(_("Buyers"), "users", "", _buyers(shop, words, found, similar)[:most], "", similar)


def _buyers(shop, words: str, orders: Sequence[Order], similar: bool) -> list[Hit]:
    """The buyers of these orders who are meant themselves: their name or address holds the words, or is like them."""
    asked = words.casefold().split()
    hits: dict[int, Hit] = {}
    for order in orders:
        told = f"{order.contact_name} {order.contact_email} {order.contact_phone}".casefold()
        if order.buyer_id not in hits and all(_held(word, told, similar) for word in asked):
            url = f"{_here(shop, 'orders:order_list')}?{_query(order.contact_email or order.contact_name)}"
            hits[order.buyer_id] = Hit(order.contact_name, order.contact_email, url)
    return list(hits.values())


def _held(word: str, told: str, similar: bool) -> bool:
    return word in told or (similar and bool(difflib.get_close_matches(word, told.split(), n=1, cutoff=0.7)))


def _products(shop, words: str, most: int) -> Iterator[Group]:
    rows = Product.objects.in_shop(shop).defer("description", "original_html")
    named = rows.names_first(asked_words(words)).found_by(shop, words).order_by("-named", "-id")
    found, similar = list(named[: most + 1]), False
    if not found:
        found, similar = list(rows.resembling(shop, words).newest()[: most + 1]), True
    if not found:
        found = list(rows.one_letter_off(shop, words).newest()[: most + 1])
    hits = [
        Hit(product.name, product.brand, _here(shop, "catalog:product", code=product.code), product.status)
        for product in found[:most]
    ]
    more = f"{_here(shop, 'catalog:product_list')}?{_query(words)}" if len(found) > most else ""
    yield Group(_("Products"), "tag", "product", hits, more, similar)
    if " " in words:
        return  # a code is one word
    hits = [
        Hit(
            sku.code,
            " · ".join(filter(None, (sku.product.name, sku.choice))),
            f"{_here(shop, 'catalog:stock')}?{_query(sku.code)}",
        )
        for sku in _skus_found(most, shop=shop.pk, upper=words.upper())
    ]
    yield Group(_("SKUs"), "barcode", "", hits)


@prepared
def _skus_found(most: int, *, shop: int, upper: str) -> QuerySet[Sku]:
    rows = Sku.objects.in_shop(shop).offered().filter(search_code__contains=upper).select_related("product")
    rows = rows.defer("product__description", "product__original_html")
    return rows.order_by("-id")[:most]


def _returns(shop, words: str, most: int) -> Iterator[Group]:
    """By their own number only: an order's number finds the order, which shows its returns."""
    if not _looks_like_a_code(words):
        return
    rows = ReturnRequest.objects.in_shop(shop).of_code(words.upper()).select_related("order")
    hits = [
        Hit(row.code, row.order.contact_name, _here(shop, "orders:return", code=row.code), row.status)
        for row in rows.newest_first()[:most]
    ]
    yield Group(_("Returns"), "truck-return", "return", hits)


def _newest(model, shop, order: tuple[str, ...]):
    """The newest rows of a small table of the shop: what is looked through is bounded, however long the shop trades."""
    window = model.objects.in_shop(shop).order_by(*order).values("pk")[:NEWEST]
    return model.objects.filter(pk__in=window).order_by(*order)


@prepared
def _support_found(most: int, *, shop: int, words: str, upper: str) -> QuerySet:
    """Tickets and conversations: one statement for both."""
    asked = Q(subject__icontains=words) | Q(subject__trigram_word_similar=words) | Q(code__startswith=upper)
    tickets = _newest(Ticket, shop, ("-last_message_at", "-id")).filter(asked)
    told = Q(buyer__name__icontains=words) | Q(order__code=upper) | Q(code=upper)
    messages = _newest(Conversation, shop, ("-last_message_at", "-id")).filter(told)
    return tickets.values_list(Value("ticket"), "code", "subject", "status", "code")[:most].union(
        messages.values_list(Value("conversation"), "code", "buyer__name", "status", "order__code")[:most], all=True
    )


def _support(shop, words: str, most: int) -> Iterator[Group]:
    rows = _support_found(most, shop=shop.pk, words=words, upper=words.upper())
    found: dict[str, list[Hit]] = {"ticket": [], "conversation": []}
    for kind, code, title, status, note in rows:
        found[kind].append(Hit(title, note or "", _here(shop, f"support:{kind}", code=code), status))
    yield Group(_("Tickets"), "headset", "ticket", found["ticket"])
    yield Group(_("Messages"), "messages", "conversation", found["conversation"])


@prepared
def _coupons_found(most: int, *, shop: int, words: str, upper: str) -> QuerySet[Coupon]:
    asked = Q(code__startswith=upper) | Q(name__icontains=words) | Q(name__trigram_word_similar=words)
    return _newest(Coupon, shop, ("-created_at", "-id")).filter(asked)[:most]


def _coupons(shop, words: str, most: int) -> Iterator[Group]:
    rows = _coupons_found(most, shop=shop.pk, words=words, upper=words.upper())
    hits = [Hit(row.code, row.name, _here(shop, "marketing:coupon", code=row.code), row.status) for row in rows]
    yield Group(_("Coupons"), "ticket", "coupon", hits)


#: Places beside the menu that one may look for by name.
MORE_PAGES: tuple[tuple[str | Promise, tuple[str, ...], str], ...] = (
    (_("Deadlines"), PLACES["deadlines"], "home"),
    (_("Notices"), PLACES["notices"], "home"),
    (_("Help"), PLACES["help"], "home"),
    (_("New product"), ("catalog:product_new",), "products"),
    (_("Stock journal"), ("catalog:stock_journal",), "products"),
    (_("Running low"), ("catalog:low_stock",), "products"),
    (_("New coupon"), ("marketing:coupon_new",), "marketing"),
    (_("Buyer messages"), ("support:messages",), "support"),
    (_("Reviews"), ("support:reviews",), "support"),
    (_("Tickets"), ("support:ticket_list",), "support"),
    (_("Ask support"), ("support:ticket_new",), "support"),
    (_("Bank account"), ("shops:bank_account",), "settings"),
    (_("Invite somebody"), ("shops:invitation_new",), "team"),
    (_("First steps"), ("shops:setup",), "home"),
)


def _pages(shop, words: str, most: int, may: Callable[[str, str], bool]) -> Iterator[Group]:
    """Pages by name, typing errors included; nothing is asked of the database."""
    asked, hits = words.casefold(), []
    for label, names, area in _places():
        name = str(label)
        told = name.casefold()
        if asked not in told and not difflib.get_close_matches(asked, [told, *told.split()], n=1, cutoff=0.75):
            continue
        if (not area or may(area, "view")) and (url := place(names, shop.code)):
            hits.append(Hit(name, "", url))
    yield Group(_("Pages"), "link", "", hits[:most])


def _places() -> Iterator[tuple[str | Promise, tuple[str, ...], str]]:
    for group in MENU:
        for entry in group:
            yield entry.label, entry.url_names, entry.area
            for sub in entry.subs:
                yield sub.label, sub.url_names, entry.area
    yield from MORE_PAGES


def _query(words: str) -> str:
    return urlencode({"q": words})


#: Area → how its things are looked for, in the order in which they are shown.
KINDS: tuple[tuple[str, Callable[..., Iterator[Group]]], ...] = (
    ("orders", _orders),
    ("products", _products),
    ("orders", _returns),
    ("support", _support),
    ("marketing", _coupons),
    ("", _pages),
)
