"""The order list, its export, and deeds on many orders. The model that every other list follows."""

import datetime as dt
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
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
from shops import saved_views
from shops.access import for_shop
from shops.models import SavedView

CHANNELS = {"storefront": _("Storefront"), "api": _("API")}
FILTERS = ("q", "first", "last", "channel")


@require_safe
@for_shop(area="orders", may="view")
def order_list(request: HttpRequest, shop) -> HttpResponse:
    """Orders by tab, filter and page; everything that chooses them stands in the URL."""
    at = clock.now()
    form = OrderFilterForm(request.GET)
    question = form.question(request.GET.get("tab", "all"), request.GET.get("sort", ""))
    page, similar = listing.page(shop, question, at, token=request.GET.get("page", ""))
    here = reverse("orders:order_list", kwargs={"shop": shop.code})
    kept = {name: value for name in FILTERS if (value := request.GET.get(name, ""))}
    context = {
        "shop": shop,
        "page": page,
        "columns": COLUMNS,
        "rows": _rows(page.rows, here),
        "similar": similar,
        "question": question,
        "form": form,
        "tabs": _tabs(shop, question, here, kept, at),
        "keep": {"tab": question.tab} if question.tab != "all" else {},
        "filtered": question.filtered,
        "clear": f"{here}?{urlencode({'tab': question.tab})}",
        "views": _views(shop, request, here),
        "query": _query(request),
        "export_url": f"{here}export/?{request.GET.urlencode()}",
        "sorts": _sorts(question, here, kept),
        "bulk_actions": _bulk_actions(here) if request.membership.may("orders", "edit") else _paper_actions(here),
    }
    return render(request, "orders/order_list.html", context)


COLUMNS = (
    {"label": _("Order"), "as": "main"},
    {"label": _("State"), "as": "tag"},
    {"label": _("Ship by"), "as": "tag"},
    {"label": _("Placed")},
    {"label": _("Items"), "as": "extra"},
    {"label": _("Units"), "as": "extra", "right": True},
    {"label": _("Channel"), "as": "extra"},
    {"label": _("Total"), "as": "end"},
)
TO_SHIP = ("awaiting_shipment", "partly_shipped")


def _rows(found: list[dict], here: str) -> list[dict]:
    """The rows as plain values; a hold stands in the place of the state, since nothing ships while it stands."""
    return [
        {
            "code": row["code"],
            "id": f"order-{row['code']}",
            "url": f"{here}{row['code']}/",
            "cells": (
                ("two", row["code"], row["contact_name"]),
                ("state", "on_hold" if row["held"] else row["fulfilment_status"]),
                ("due", row["ship_by"] if row["fulfilment_status"] in TO_SHIP else None),
                ("moment", row["placed_at"]),
                row["summary"],
                row["unit_count"],
                CHANNELS.get(row["channel"], row["channel"]),
                ("money", row["total_minor"], row["currency"]),
            ),
        }
        for row in found
    ]


def _tabs(shop, question: listing.Question, here: str, kept: dict, at: dt.datetime) -> list[dict]:
    counts = listing.tab_counts(shop, at)
    return [
        {
            "label": name,
            "url": f"{here}?{urlencode({'tab': tab, **kept})}",
            "here": tab == question.tab,
            "count": counts.get(tab, ""),
        }
        for tab, name in listing.TAB_NAMES.items()
    ]


def _sorts(question: listing.Question, here: str, kept: dict) -> list[dict]:
    """The ways to sort, where there is more than one."""
    if question.tab not in listing.BY_DUE:
        return []
    newest = question.order == listing.NEWEST
    base = {"tab": question.tab, **kept}
    return [
        {"label": _("Due first"), "url": f"{here}?{urlencode(base)}", "here": not newest},
        {"label": _("Newest first"), "url": f"{here}?{urlencode({**base, 'sort': 'newest'})}", "here": newest},
    ]


LIST = "orders"


def _query(request: HttpRequest) -> str:
    """What is asked of the list, without the page one is on."""
    return urlencode([(key, value) for key, value in request.GET.items() if key != "page"])


def _views(shop, request: HttpRequest, here: str) -> list[dict]:
    """The saved views: where each leads, whether this is it, and how its owner removes it."""
    asked = _query(request)
    return [
        {
            "name": view.name,
            "url": f"{here}?{view.query}",
            "here": view.query == asked,
            "shared": view.shared,
            "removal": f"{here}views/{view.pk}/removal/" if view.saved_by_id == request.user.pk else "",
        }
        for view in SavedView.objects.of_list(shop, request.user, LIST)[: saved_views.MOST]
    ]


@require_POST
@for_shop(area="orders", may="view", post="view")
def view_save(request: HttpRequest, shop) -> HttpResponse:
    """Keep the list as it is under a name."""
    here = reverse("orders:order_list", kwargs={"shop": shop.code})
    query = request.POST.get("query", "")
    try:
        view = saved_views.save(
            shop=shop,
            list_name=LIST,
            name=request.POST.get("name", ""),
            query=query,
            shared="shared" in request.POST,
            by=request.user,
            at=clock.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
        return redirect(f"{here}?{query}" if query else here)
    messages.success(request, _("The view is saved."))
    return redirect(f"{here}?{view.query}")


@require_POST
@for_shop(area="orders", may="view", post="view")
def view_remove(request: HttpRequest, shop, number: int) -> HttpResponse:
    """Forget a view of one's own."""
    view = get_object_or_404(SavedView.objects.in_shop(shop).filter(list_name=LIST), pk=number)
    try:
        saved_views.remove(view=view, by=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("orders:order_list", shop=shop.code)


def _bulk_actions(here: str) -> list[dict]:
    return [
        {"label": _("Mark as shipped"), "url": f"{here}shipping/", "icon": "truck-delivery", "tone": "primary"},
        {"label": _("Buy labels"), "url": f"{here}labels/", "icon": "tag"},
        *_paper_actions(here),
    ]


def _paper_actions(here: str) -> list[dict]:
    return [{"label": _("Packing slips"), "url": f"{here}slips/", "icon": "printer"}]


@require_safe
@for_shop(area="orders", may="view")
def order_export(request: HttpRequest, shop) -> StreamingHttpResponse:
    """Exactly what the list shows, as CSV."""
    at = clock.now()
    question = OrderFilterForm(request.GET).question(request.GET.get("tab", "all"), request.GET.get("sort", ""))
    answer = StreamingHttpResponse(listing.export(shop, question, at), content_type="text/csv; charset=utf-8")
    name = f"orders-{shop.code.lower()}-{question.tab}-{at:%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


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
