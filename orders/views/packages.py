"""Packages: their page, their papers, and the deeds of packing."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orders import desk, fulfilment, labels, printing
from orders.forms import LabelForm, ShipForm
from orders.models import Package
from orders.views import order_page
from orders.views.order_list import pdf
from seller_center.kernel import clock
from seller_center.kernel.deeds import deed_answer, explain, is_htmx
from seller_center.kernel.errors import DomainError
from shops.access import for_shop


def find(shop, code: str) -> Package:
    """The package with this code in this shop, or 404."""
    package = get_object_or_404(Package.objects.in_shop(shop).of_code(code.upper()).select_related("order"))
    package.shop = package.order.shop = shop
    return package


@require_safe
@for_shop(area="orders", may="view")
def package_page(request: HttpRequest, shop, code: str) -> HttpResponse:
    """One package: what is in it, where it is, every scan, its clocks."""
    return render(request, "orders/package.html", _context(request, find(shop, code)))


def _context(request: HttpRequest, package: Package, **more: Any) -> dict[str, Any]:
    may_edit = request.membership.may("orders", "edit")
    context = {"shop": package.shop, "may_edit": may_edit, **desk.package_sheet(package)}
    if may_edit and package.in_house and package.order.status == "open":
        label = context["label"]
        initial = {"carrier": label.carrier, "tracking_number": label.tracking_number} if label else {}
        context["ship_form"] = ShipForm(initial=initial, auto_id="ship_%s")
        if label is None:
            context["label_form"] = LabelForm(initial={"weight_grams": labels.weight_of(package)}, auto_id="label_%s")
    elif may_edit and package.shipped and package.collected_at is None:
        initial = {"carrier": package.carrier, "tracking_number": package.tracking_number}
        context["number_form"] = ShipForm(initial=initial, auto_id="number_%s")
    return {**context, **more}


@require_safe
@for_shop(area="orders", may="view")
def package_slip(request: HttpRequest, shop, code: str) -> HttpResponse:
    """The packing slip."""
    package = find(shop, code)
    return pdf(printing.slip_pdf([package]), f"slip-{package.code}.pdf")


@require_safe
@for_shop(area="orders", may="view")
def package_label(request: HttpRequest, shop, code: str) -> HttpResponse:
    """The label that was bought, 4 × 6 inches; the package's page with the sentence where there is none."""
    package = find(shop, code)
    try:
        return pdf(printing.label_pdf([package]), f"label-{package.code}.pdf")
    except DomainError as error:
        context = _context(request, package, error=error)
        return render(request, "orders/package.html", context, status=error.status)


@require_POST
@for_shop(area="orders", may="edit")
def package_shipment(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Mark the package as shipped."""
    form = ShipForm(request.POST, auto_id="ship_%s")
    return _deed(
        request,
        find(shop, code),
        form,
        "ship_form",
        lambda package, given: fulfilment.mark_shipped(package=package, by=request.user, at=clock.now(), **given),
        _("Shipped. The buyer gets the tracking number."),
    )


@require_POST
@for_shop(area="orders", may="edit")
def package_buy_label(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Buy a label from the carrier."""
    form = LabelForm(request.POST, auto_id="label_%s")
    return _deed(
        request,
        find(shop, code),
        form,
        "label_form",
        lambda package, given: labels.buy(package=package, by=request.user, at=clock.now(), **given),
        _("The label is bought. Print it, put it on the parcel, and mark it as shipped."),
    )


@require_POST
@for_shop(area="orders", may="edit")
def package_number(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Correct the tracking number."""
    form = ShipForm(request.POST, auto_id="number_%s")
    return _deed(
        request,
        find(shop, code),
        form,
        "number_form",
        lambda package, given: fulfilment.correct_number(package=package, by=request.user, at=clock.now(), **given),
        _("The tracking number is corrected."),
    )


def _deed(
    request: HttpRequest, package: Package, form: forms.Form, name: str, verb: Callable[..., Any], message: str
) -> HttpResponse:
    """Check the form's shape, make the one call, answer on the page from which it came."""
    status = 422
    if form.is_valid():
        try:
            verb(package, form.cleaned_data)
        except DomainError as error:
            explain(form, error)
            status = error.status
        else:
            return _done(request, package, message)
    if _from_order_page(request):
        template = order_page.PARTIAL if is_htmx(request) else "orders/order.html"
        context = order_page.page_context(request, package.shop, package.order.code, **{name: form})
    else:
        template = "orders/package.html#main" if is_htmx(request) else "orders/package.html"
        context = _context(request, find(package.shop, package.code), **{name: form})
    return render(request, template, context, status=status)


def _from_order_page(request: HttpRequest) -> bool:
    return request.POST.get("back") == "order"


def _done(request: HttpRequest, package: Package, message: str) -> HttpResponse:
    shop, order_code = package.shop, package.order.code
    if _from_order_page(request):
        return deed_answer(
            request,
            template=order_page.PARTIAL,
            context=lambda: order_page.page_context(request, shop, order_code),
            redirect_to=order_page.url_of(shop, order_code),
            message=message,
        )
    return deed_answer(
        request,
        template="orders/package.html#main",
        context=lambda: _context(request, find(shop, package.code)),
        redirect_to=reverse("orders:package", kwargs={"shop": shop.code, "code": package.code}),
        message=message,
    )
