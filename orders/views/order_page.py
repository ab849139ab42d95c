"""The order page: how it stands, what to do next, what it is made of, what happened. The model of every detail page."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from orders import cancellation, desk, reasons, refunds, returns
from orders.forms import CancelForm, LabelForm, RefundForm, ShipForm
from orders.models import Order
from seller_center.kernel import clock
from seller_center.kernel.codes import new_code
from seller_center.kernel.deeds import deed_answer, explain, refusal
from seller_center.kernel.errors import DomainError, Invalid
from shops.access import for_shop
from shops.idempotency import KeyReused, answer_of, once

PARTIAL = "orders/order.html#main"


def url_of(shop, code: str) -> str:
    """The address of an order's page."""
    return reverse("orders:order", kwargs={"shop": shop.code, "code": code})


def find(shop, code: str) -> Order:
    """The order with this code in this shop, or 404."""
    order = get_object_or_404(Order.objects.in_shop(shop).of_code(code.upper()))
    order.shop = shop
    return order


@require_safe
@for_shop(area="orders", may="view")
def order_page(request: HttpRequest, shop, code: str) -> HttpResponse:
    """One order with everything that belongs to it."""
    return render(request, "orders/order.html", page_context(request, shop, code))


def page_context(request: HttpRequest, shop, code: str, **more: Any) -> dict[str, Any]:
    """What the page and its panel show; forms that a deed has filled come in ``more``."""
    sheet = desk.sheet(shop, code.upper())
    if sheet is None:
        raise Http404("No such order.")
    may_edit = request.membership.may("orders", "edit")
    context = {"shop": shop, "sheet": sheet, "order": sheet.order, "may_edit": may_edit}
    context["may_see_products"] = request.membership.may("products", "view")
    if may_edit:
        context |= _forms(sheet)
    return {**context, **more}


def _forms(sheet: desk.Sheet) -> dict[str, Any]:
    """The forms of the deeds that are possible now; a deed that is not has none."""
    forms: dict[str, Any] = {}
    package = sheet.next_package
    if package is not None:
        shipped_with = {"carrier": package.label_carrier or "sandbox", "tracking_number": package.label_number or ""}
        forms["ship_form"] = ShipForm(initial=shipped_with, auto_id="ship_%s")
        if not package.label_number:
            forms["label_form"] = LabelForm(initial={"weight_grams": sheet.weight_of(package)}, auto_id="label_%s")
    if sheet.may_cancel:
        forms["cancel_form"] = CancelForm(lines=sheet.cancellable, auto_id="cancel_%s")
    if sheet.may_refund:
        forms["refund_form"] = RefundForm(lines=sheet.refundable, auto_id="refund_%s")
    return forms


@require_POST
@for_shop(area="orders", may="edit")
def order_cancel(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Cancel units of the order, or all that have not left the house; first what it would do, then the deed."""
    order = find(shop, code)
    if (answer := _said_before(request, shop, code)) is not None:
        return answer
    form = CancelForm(request.POST, lines=desk.cancellable(order), auto_id="cancel_%s")
    if not form.is_valid() or not form.units():
        if form.is_valid():
            form.add_error(None, _("Choose what to cancel."))
        return _again(request, shop, code, cancel_form=form, open_panel="cancel")
    units, reason = form.units(), form.cleaned_data["reason"]
    if "confirm" not in request.POST:
        return _preview(request, order, "cancel", units, reason, with_shipping=True)

    def deed() -> str:
        cancellation.cancel(order=order, units=units, reason=reason, by=request.user, at=clock.now())
        return _("Cancelled. The buyer is told, and paid money goes back.")

    try:
        return _done(request, shop, code, _once(request, shop, deed))
    except DomainError as error:
        explain(form, error)
        return _again(request, shop, code, error, cancel_form=form, open_panel="cancel")


@require_POST
@for_shop(area="orders", may="edit")
def order_refund(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Give money back without a return; first what it would do, then the deed."""
    order = find(shop, code)
    if (answer := _said_before(request, shop, code)) is not None:
        return answer
    form = RefundForm(request.POST, lines=desk.refundable(order), auto_id="refund_%s")
    if not form.is_valid() or not form.units():
        if form.is_valid():
            form.add_error(None, _("Choose for what to give money back."))
        return _again(request, shop, code, refund_form=form, open_panel="refund")
    units, reason = form.units(), form.cleaned_data["reason"]
    if "confirm" not in request.POST:
        return _preview(request, order, "refund", units, reason, with_shipping=desk.with_shipping(reason))

    def deed() -> str:
        made = returns.grant(order=order, units=units, reason=reason, by=request.user, at=clock.now())
        if made.open_case:
            return _("Released by you. A refund of this size is paid when a second person agrees.")
        return _("The money goes back to the buyer.")

    try:
        return _done(request, shop, code, _once(request, shop, deed))
    except DomainError as error:
        explain(form, error)
        return _again(request, shop, code, error, refund_form=form, open_panel="refund")


def _key(request: HttpRequest) -> str:
    """The key that the preview gave this deed; empty where it came without one."""
    given = request.POST.get("key", "")
    return f"form:{given}" if given and len(given) <= 60 else ""


def _once(request: HttpRequest, shop, deed: Callable[[], str]) -> str:
    """Do it once for the key of the form, and say the same again to a browser that got no answer."""
    key = _key(request)
    if not key:
        return deed()
    _status, told, _replayed = once(
        shop=shop,
        key=key,
        route=request.path,
        body=_body(request),
        at=clock.now(),
        run=lambda: (200, {"sentence": deed()}),
    )
    return str(told["sentence"])


def _said_before(request: HttpRequest, shop, code: str) -> HttpResponse | None:
    """The answer of a deed that was done already under this key: what it changed is not looked at anew."""
    key = _key(request)
    if not key:
        return None
    try:
        told = answer_of(shop=shop, key=key, route=request.path, body=_body(request))
    except KeyReused:
        mixed_up = Invalid(_("This form was sent before with other values. See how the order stands, and begin anew."))
        return refusal(request, mixed_up, PARTIAL, page_context(request, shop, code))
    return _done(request, shop, code, str(told["sentence"])) if told else None


def _body(request: HttpRequest) -> bytes:
    """What was asked for, without what each page load writes anew."""
    body = request.POST.copy()
    body.pop("csrfmiddlewaretoken", None)
    return body.urlencode().encode()


def _preview(request: HttpRequest, order: Order, deed: str, units, reason: str, *, with_shipping: bool) -> HttpResponse:
    """The page that says what will happen, with the button that does it."""
    try:
        planned = desk.plan(order, units, with_shipping=with_shipping)
    except DomainError as error:
        return refusal(request, error, "orders/refund_preview.html", {"shop": order.shop, "order": order})
    context = {
        "shop": order.shop,
        "order": order,
        "deed": deed,
        "reason_words": reasons.words(reason),
        "planned": planned,
        "total_minor": refunds.total_of(planned),
        "fields": {**{f"units-{line}": quantity for line, quantity in units.items()}, "reason": reason, "confirm": "1"}
        | {"key": new_code(16)},
    }
    return render(request, "orders/refund_preview.html", context)


def _again(request: HttpRequest, shop, code: str, error: DomainError | None = None, **more: Any) -> HttpResponse:
    """The page again, with the form as it was filled and the sentence beside it."""
    status = error.status if error is not None else 422
    return render(request, "orders/order.html", page_context(request, shop, code, **more), status=status)


def _done(request: HttpRequest, shop, code: str, message: str) -> HttpResponse:
    return deed_answer(
        request,
        template=PARTIAL,
        context=lambda: page_context(request, shop, code),
        redirect_to=url_of(shop, code),
        message=message,
    )
