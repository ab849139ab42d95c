"""Returns: the list, the page of one, and the deeds of deciding, receiving and refunding."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from orders import desk, returns
from orders.forms import InspectForm, RefuseForm
from orders.models import ReturnRequest
from orders.models.return_request import RETURN_TABS
from orders.reasons import words
from seller_center.kernel import clock
from seller_center.kernel.deeds import deed_answer, explain, is_htmx
from seller_center.kernel.errors import DomainError
from seller_center.kernel.paging import keyset_page
from shops.access import for_shop

TABS = {
    "all": gettext_lazy("All"),
    "to_decide": gettext_lazy("To decide"),
    "on_the_way": gettext_lazy("On the way"),
    "to_inspect": gettext_lazy("To inspect"),
    "ended": gettext_lazy("Ended"),
}


COLUMNS = (
    {"label": gettext_lazy("Return"), "as": "main"},
    {"label": gettext_lazy("State"), "as": "tag"},
    {"label": gettext_lazy("Due"), "as": "tag"},
    {"label": gettext_lazy("Kind")},
    {"label": gettext_lazy("Reason")},
    {"label": gettext_lazy("Asked for")},
)


@require_safe
@for_shop(area="orders", may="view")
def return_list(request: HttpRequest, shop) -> HttpResponse:
    """Returns by tab, newest first, each with the clock that runs."""
    tab = request.GET.get("tab", "all")
    tab = tab if tab in RETURN_TABS else "all"
    rows = ReturnRequest.objects.in_shop(shop).in_tab(tab).select_related("order")
    page = keyset_page(rows, order=("-requested_at", "-id"), token=request.GET.get("page", ""))
    here = reverse("orders:return_list", kwargs={"shop": shop.code})
    clocks = desk.return_clocks(shop, [row.code for row in page.rows])
    context = {
        "shop": shop,
        "page": page,
        "columns": COLUMNS,
        "rows": [_row(row, here, clocks.get(row.code)) for row in page.rows],
        "tabs": [
            {"label": name, "url": f"{here}?tab={key}", "here": key == tab, "count": ""} for key, name in TABS.items()
        ],
    }
    return render(request, "orders/return_list.html", context)


def _row(row: ReturnRequest, here: str, deadline) -> dict:
    """A return as plain values."""
    return {
        "id": f"return-{row.code}",
        "url": f"{here}{row.code}/",
        "cells": (
            ("two", row.code, row.order.contact_name),
            ("state", row.status, "return"),
            ("deadline", deadline),
            row.get_kind_display(),
            words(row.reason),
            ("moment", row.requested_at),
        ),
    }


def find(shop, code: str) -> ReturnRequest:
    """The return with this code in this shop, or 404."""
    found = get_object_or_404(ReturnRequest.objects.in_shop(shop).of_code(code.upper()).select_related("order"))
    found.shop = found.order.shop = shop
    return found


@require_safe
@for_shop(area="orders", may="view")
def return_page(request: HttpRequest, shop, code: str) -> HttpResponse:
    """One return: what the buyer wants, what it would cost, what to do next, what happened."""
    return render(request, "orders/return.html", _context(request, find(shop, code)))


def _context(request: HttpRequest, found: ReturnRequest, **more: Any) -> dict[str, Any]:
    may_edit = request.membership.may("orders", "edit")
    context = {"shop": found.shop, "may_edit": may_edit, **desk.return_sheet(found, clock.now())}
    if may_edit:
        context |= {"refuse_form": RefuseForm(auto_id="refuse_%s"), "inspect_form": InspectForm(auto_id="inspect_%s")}
    return {**context, **more}


@require_POST
@for_shop(area="orders", may="edit")
def return_approval(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Approve the return."""
    return _deed(request, shop, code, forms.Form(), "", returns.approve, _("Approved. The buyer is told."))


@require_POST
@for_shop(area="orders", may="edit")
def return_refusal(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Refuse the return, with reason and justification."""
    form = RefuseForm(request.POST, auto_id="refuse_%s")
    return _deed(request, shop, code, form, "refuse_form", returns.refuse, _("Refused. The buyer reads why."))


@require_POST
@for_shop(area="orders", may="edit")
def return_receipt(request: HttpRequest, shop, code: str) -> HttpResponse:
    """The parcel has come back."""
    return _deed(request, shop, code, forms.Form(), "", returns.receive, _("Received. Inspect it now."))


@require_POST
@for_shop(area="orders", may="edit")
def return_refund(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Give the money back after the inspection."""
    form = InspectForm(request.POST, auto_id="inspect_%s")
    return _deed(request, shop, code, form, "inspect_form", returns.refund, _("The money goes back to the buyer."))


@require_POST
@for_shop(area="orders", may="edit")
def return_release(request: HttpRequest, shop, code: str) -> HttpResponse:
    """The first of two people releases a large refund."""
    message = _("Released. Somebody else pays it now.")
    return _deed(request, shop, code, forms.Form(), "", returns.release_refund, message)


@require_POST
@for_shop(area="orders", may="edit")
def return_rejection(request: HttpRequest, shop, code: str) -> HttpResponse:
    """After the inspection: no money goes back, and why."""
    form = RefuseForm(request.POST, auto_id="refuse_%s")
    return _deed(request, shop, code, form, "refuse_form", returns.reject, _("Rejected. The buyer reads why."))


def _deed(
    request: HttpRequest, shop, code: str, form: forms.Form, name: str, verb: Callable[..., Any], message: str
) -> HttpResponse:
    """Check the form's shape, make the one call, answer with the page's panel."""
    found = find(shop, code)
    form = form if form.is_bound else type(form)(request.POST)
    more: dict[str, Any] = {name: form} if name else {}
    status = 422
    if form.is_valid():
        try:
            verb(return_request=found, by=request.user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            status = error.status
            if name:
                explain(form, error)
            else:
                more["error"] = error
        else:
            return deed_answer(
                request,
                template="orders/return.html#main",
                context=lambda: _context(request, find(shop, code)),
                redirect_to=reverse("orders:return", kwargs={"shop": shop.code, "code": found.code}),
                message=message,
            )
    template = "orders/return.html#main" if is_htmx(request) else "orders/return.html"
    return render(request, template, _context(request, find(shop, code), **more), status=status)
