"""The product list and the export of everything."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from catalog import browsing, exporting
from catalog.forms import ProductFilterForm
from catalog.models import Product
from catalog.models.product import counts_by_state
from seller_center.kernel import clock
from seller_center.kernel.money import format_money
from shops.access import for_shop
from shops.policy_book import policy_for

FILTERS = ("q", "category", "stock", "sort")
#: Tabs count to this and then say 99+.
COUNT_CAP = 99
COLUMNS = (
    {"label": _("Product"), "as": "main", "picture": True},
    {"label": _("State"), "as": "tag"},
    {"label": _("SKUs"), "as": "extra", "right": True},
    {"label": _("Available"), "right": True},
    {"label": _("Changed"), "as": "extra"},
    {"label": _("Price"), "as": "end"},
)
TABS = (("", _("All")), *((state, state.label) for state in Product.Status))


@require_safe
@for_shop(area="products", may="view")
def product_list(request: HttpRequest, shop) -> HttpResponse:
    """Products by state, filter and page; everything that chooses them stands in the URL."""
    at = clock.now()
    form = ProductFilterForm(request.GET)
    question = form.question(request.GET.get("status", ""))
    low = policy_for(shop, at).stock.low_quantity
    page, similar = browsing.products(shop, question, low_quantity=low, token=request.GET.get("page", ""))
    here = reverse("catalog:product_list", kwargs={"shop": shop.code})
    kept = {name: value for name in FILTERS if (value := request.GET.get(name, ""))}
    context = {
        "shop": shop,
        "page": page,
        "columns": COLUMNS,
        "rows": _rows(shop, page.rows, here, low),
        "similar": similar,
        "question": question,
        "form": form,
        "tabs": _tabs(shop, question, here, kept),
        "keep": {"status": question.status} if question.status else {},
        "filtered": question.filtered,
        "clear": f"{here}?{urlencode({'status': question.status})}" if question.status else here,
        "may_edit": request.membership.may("products", "edit"),
    }
    return render(request, "catalog/product_list.html", context)


def _rows(shop, products: list[Product], here: str, low: int) -> list[dict]:
    found = browsing.beside(shop, products)
    return [
        {
            "id": f"product-{product.code}",
            "url": f"{here}{product.code}/",
            "cells": (
                ("picture", found[product.pk].picture, product.name, _words_below(product)),
                ("state", product.status, "product"),
                found[product.pk].sku_count,
                _available(found[product.pk].available, low),
                ("moment", product.changed_at),
                _price(found[product.pk], shop.currency),
            ),
        }
        for product in products
    ]


def _words_below(product: Product) -> str:
    return " · ".join(
        filter(None, (product.brand, product.category.name if product.category else gettext("No category")))
    )


def _available(units: int, low: int):
    """The number, marked where it is low: the word says it as well as the colour."""
    if units <= 0:
        return format_html('<span class="state state-bad">{}</span>', gettext("Out of stock"))
    if units <= low:
        words = ngettext("%(units)d left", "%(units)d left", units) % {"units": units}
        return format_html('<span class="state state-warn">{}</span>', words)
    return units


def _price(found: browsing.Beside, currency: str) -> str:
    if found.least_minor is None or found.most_minor is None:
        return "—"
    least = format_money(found.least_minor, currency)
    return least if found.least_minor == found.most_minor else f"{least} – {format_money(found.most_minor, currency)}"


def _tabs(shop, question: browsing.Question, here: str, kept: dict) -> list[dict]:
    counts = counts_by_state(shop, COUNT_CAP + 1)
    return [
        {
            "label": label,
            "url": f"{here}?{urlencode({'status': state, **kept})}" if state or kept else here,
            "here": state == question.status,
            "count": _count(counts.get(state, 0)),
        }
        for state, label in TABS
        if not state or counts.get(state) or state == question.status
    ]


def _count(number: int) -> str:
    return "" if not number else f"{COUNT_CAP}+" if number > COUNT_CAP else str(number)


@require_safe
@for_shop(area="products", may="view")
def product_export(request: HttpRequest, shop) -> StreamingHttpResponse:
    """Everything as CSV, streamed; importing it changes nothing."""
    return csv_answer(exporting.products(shop), f"{shop.code.lower()}-products.csv")


def csv_answer(chunks, name: str) -> StreamingHttpResponse:
    """A CSV file as a download."""
    response = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
