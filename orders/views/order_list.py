"""The order list, and deeds on many orders with their previews. The model that every other list follows."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from orders import bulk, listing, printing
from orders.carriers import CARRIER_CHOICES
from orders.forms import LABEL_CARRIERS, OrderFilterForm
from orders.labels import SERVICES
from seller_center.kernel import clock
from seller_center.kernel.deeds import refusal
from seller_center.kernel.errors import DomainError
from shops import lists
from shops.access import for_shop
from shops.views.lists import show

TO_SHIP = ("awaiting_shipment", "partly_shipped")


def _amount(name: str):
    return lambda row, beside: ("money", row[name], row["currency"])


def _plain(name: str):
    return lambda row, beside: row[name]


def _address(part: str):
    return lambda row, beside: row["address"].get(part, "")


def _state(row: dict, beside) -> tuple:
    """A hold stands in the place of the state, since nothing ships while it stands."""
    return ("state", "on_hold" if row["held"] else row["fulfilment_status"])


def _due(row: dict, beside) -> tuple:
    return ("due", row["ship_by"] if row["fulfilment_status"] in TO_SHIP else None)


def _discount(row: dict, beside) -> tuple:
    return ("money", row["seller_discount_minor"] + row["platform_discount_minor"], row["currency"])


class Orders(lists.List):
    """The orders of the shop. The model that every other list follows."""

    name, area, url_name, title = "orders", "orders", "orders:order_list", _("Orders")
    form_class = OrderFilterForm
    guesses = True
    tabs = listing.TAB_NAMES
    columns = (
        lists.Column(
            "order",
            _("Order"),
            lambda row, beside: ("two", row["code"], row["contact_name"]),
            "main",
            below=_("Buyer"),
            needs=("contact_name",),
        ),
        lists.Column("state", _("State"), _state, "tag"),
        lists.Column("ship_by", _("Ship by"), _due, "tag", needs=("ship_by",), sort="due"),
        lists.Column("placed", _("Placed"), lambda row, beside: ("moment", row["placed_at"]), sort="placed"),
        lists.Column("items", _("Items"), _plain("summary"), "extra", needs=("summary",)),
        lists.Column("units", _("Units"), _plain("unit_count"), "extra", right=True, needs=("unit_count",)),
        lists.Column(
            "channel",
            _("Channel"),
            lambda row, beside: listing.CHANNELS.get(row["channel"], row["channel"]),
            "extra",
            needs=("channel",),
        ),
        lists.Column(
            "paid", _("Paid"), lambda row, beside: ("moment", row["paid_at"]), shown=False, needs=("paid_at",)
        ),
        lists.Column(
            "number", _("Number elsewhere"), _plain("external_number"), shown=False, needs=("external_number",)
        ),
        lists.Column("email", _("E-mail"), _plain("contact_email"), shown=False, needs=("contact_email",)),
        lists.Column("phone", _("Phone"), _plain("contact_phone"), shown=False, needs=("contact_phone",)),
        lists.Column("street", _("Street"), _address("line1"), shown=False, needs=("address",)),
        lists.Column("street2", _("Street, second line"), _address("line2"), shown=False, needs=("address",)),
        lists.Column("city", _("City"), _address("city"), shown=False, needs=("address",)),
        lists.Column("region", _("State or region"), _address("region"), shown=False, needs=("address",)),
        lists.Column("postal_code", _("Postal code"), _address("postal_code"), shown=False, needs=("address",)),
        lists.Column("country", _("Country"), _address("country"), shown=False, needs=("address",)),
        lists.Column(
            "goods", _("Goods"), _amount("goods_minor"), "num", shown=False, needs=("goods_minor",), money=True
        ),
        lists.Column(
            "discount",
            _("Discount"),
            _discount,
            "num",
            shown=False,
            needs=("seller_discount_minor", "platform_discount_minor"),
            money=True,
        ),
        lists.Column(
            "shipping",
            _("Shipping"),
            _amount("shipping_minor"),
            "num",
            shown=False,
            needs=("shipping_minor",),
            money=True,
        ),
        lists.Column("tax", _("Tax"), _amount("tax_minor"), "num", shown=False, needs=("tax_minor",), money=True),
        lists.Column("total", _("Total"), _amount("total_minor"), "end", needs=("total_minor",), money=True),
    )
    deeds = (
        lists.Deed("shipping", _("Mark as shipped"), "truck-delivery", "primary", url_name="orders:ship_preview"),
        lists.Deed("labels", _("Buy labels"), "tag", url_name="orders:label_preview"),
        lists.Deed("slips", _("Packing slips"), "printer", url_name="orders:slip_sheets", may="view"),
    )
    sorts = {
        "-placed": lists.Sort(_("Newest first"), listing.NEWEST),
        "placed": lists.Sort(_("Oldest first"), listing.OLDEST),
    }
    sorts_by_due = {
        "due": lists.Sort(_("Due first"), listing.DUE),
        "-due": lists.Sort(_("Due last"), listing.LAST_DUE),
        **sorts,
    }

    def sorts_of(self, tab: str, words: str = ""):
        return self.sorts_by_due if tab in listing.BY_DUE else self.sorts

    def rows(self, question: lists.Question, *, similar: bool = False):
        rows = listing.rows(question.shop, self._asked(question), question.at, similar=similar)
        return listing.told(rows, self._needs(question))

    def first(self, question: lists.Question, most: int):
        needs = self._needs(question)
        return listing.first_rows(question.shop, self._asked(question), question.at, needs=needs, most=most)

    def _asked(self, question: lists.Question) -> listing.Question:
        filters = question.filters
        return listing.Question(
            tab=question.tab,
            words=question.words,
            first=filters.get("first"),
            last=filters.get("last"),
            channel=filters.get("channel") or "",
            sort=question.sort,
        )

    def _needs(self, question: lists.Question) -> set[str]:
        """What is read of each order."""
        needs = {"id", "code", "fulfilment_status", "placed_at", "currency"}
        needs.update(*(column.needs for column in question.columns))
        return needs | {"due_at"} if question.order in (listing.DUE, listing.LAST_DUE) else needs

    def counts(self, shop, at: dt.datetime):
        return listing.tab_counts(shop, at)

    def ident(self, row: dict) -> str:
        return f"order-{row['code']}"

    def url(self, shop, row: dict) -> str:
        return f"/s/{shop.code}/orders/{row['code']}/"

    def empty(self, question: lists.Question) -> dict:
        if question.tab != "all":
            text = _("No order is in this state at the moment.")
            return {"icon": "circle-check", "title": _("Nothing here"), "text": text}
        return {
            "icon": "package",
            "title": _("No orders yet"),
            "text": _("Orders from your storefront and from the API appear here the moment they are placed."),
            "url": reverse("catalog:product_list", kwargs={"shop": question.shop.code}),
            "action": _("See what is on sale"),
        }


ORDERS = Orders()


@require_safe
@for_shop(area="orders", may="view")
def order_list(request: HttpRequest, shop) -> HttpResponse:
    """Orders by tab, filter and page; everything that chooses them stands in the URL."""
    return show(request, ORDERS, "orders/order_list.html")


def _picked(request: HttpRequest) -> list[str]:
    """The codes of the picked orders, each once, in the order in which they came."""
    return list(dict.fromkeys(code.strip().upper() for code in request.POST.getlist("pick")))[: bulk.MOST]


@require_POST
@for_shop(area="orders", may="edit")
def ship_preview(request: HttpRequest, shop) -> HttpResponse:
    """What marking the picked orders as shipped would do, package by package. Changes nothing."""
    return _ship_page(request, shop, _picked(request))


def _ship_page(request: HttpRequest, shop, codes: list[str], *, status: int = 200, **more) -> HttpResponse:
    found = bulk.candidates(shop, codes)
    context = {
        "shop": shop,
        "codes": codes,
        "ready": [one for one in found if not one.refusal],
        "refused": [one for one in found if one.refusal],
        "carriers": CARRIER_CHOICES,
        "label_carriers": LABEL_CARRIERS,
        "services": SERVICES,
        **more,
    }
    return render(request, "orders/bulk_ship.html", context, status=status)


@require_POST
@for_shop(area="orders", may="edit")
def label_preview(request: HttpRequest, shop) -> HttpResponse:
    """Which packages would get a label and which would not, and from whom to buy. Changes nothing."""
    return _ship_page(request, shop, _picked(request), labels_only=True)


@require_POST
@for_shop(area="orders", may="edit")
def ship_many(request: HttpRequest, shop) -> HttpResponse:
    """Mark the packages whose numbers were given as shipped; each row says what became of it."""
    numbers = {}
    for name, value in request.POST.items():
        if name.startswith("number-") and value.strip():
            code = name.removeprefix("number-")
            numbers[code] = (request.POST.get(f"carrier-{code}", ""), value)
    outcomes = bulk.ship(shop, numbers, by=request.user, at=clock.now())
    return _outcomes(request, shop, _("Marked as shipped"), outcomes)


def _outcomes(request: HttpRequest, shop, title: str, outcomes: list[bulk.Outcome], **more) -> HttpResponse:
    done = sum(one.done for one in outcomes)
    context = {
        "shop": shop,
        "name": title,
        "outcomes": outcomes,
        "done_count": done,
        "refused_count": len(outcomes) - done,
        **more,
    }
    return render(request, "orders/bulk_result.html", context, status=200 if done or not outcomes else 409)


@require_POST
@for_shop(area="orders", may="edit")
def buy_labels(request: HttpRequest, shop) -> HttpResponse:
    """Buy labels for the picked orders; the result page has them as one file."""
    codes = _picked(request)
    outcomes = bulk.buy_labels(
        shop,
        codes,
        carrier=request.POST.get("carrier", LABEL_CARRIERS[0][0]),
        service=request.POST.get("service", SERVICES[0][0]),
        by=request.user,
        at=clock.now(),
    )
    return _outcomes(request, shop, _("Labels"), outcomes, codes=codes, labels=any(one.done for one in outcomes))


@require_POST
@for_shop(area="orders", may="view", post="view")
def label_sheets(request: HttpRequest, shop) -> HttpResponse:
    """The labels that were bought for the picked orders, 4 × 6 inches, one file."""
    return _paper(request, shop, printing.label_pdf, "labels")


@require_POST
@for_shop(area="orders", may="view", post="view")
def slip_sheets(request: HttpRequest, shop) -> HttpResponse:
    """The packing slips of the picked orders, one file."""
    return _paper(request, shop, printing.slip_pdf, "packing-slips")


def _paper(request: HttpRequest, shop, draw, name: str) -> HttpResponse:
    try:
        content = draw(bulk.packages_of(shop, _picked(request)))
    except DomainError as error:
        here = reverse("orders:order_list", kwargs={"shop": shop.code})
        return refusal(request, error, "orders/bulk_result.html", {"shop": shop, "name": _("Print")}, redirect_to=here)
    return pdf(content, f"{name}-{shop.code.lower()}.pdf")


def pdf(content: bytes, name: str) -> HttpResponse:
    """A paper to print, kept by no cache."""
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer
