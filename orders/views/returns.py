"""Returns: the list, the page of one, and the deeds of deciding, receiving and refunding."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orders import desk, returns
from orders.forms import InspectForm, RefuseForm
from orders.models import ReturnRequest
from seller_center.kernel import clock
from seller_center.kernel.deeds import deed_answer, explain, is_htmx
from seller_center.kernel.errors import DomainError
from shops.access import for_shop


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
