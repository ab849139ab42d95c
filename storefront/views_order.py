"""The buyer's page of an order, opened by the secret link: pay, follow, cancel, return, ask, review."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orders import buyer_links, cancellation, labels, payments, reasons, returns
from orders.carriers import CARRIER_CHOICES
from orders.desk import carrier_name
from orders.models import Order, OrderLine, Package, Payment, ReturnRequest, TrackingEvent
from seller_center.kernel import clock
from seller_center.kernel.deeds import explain
from seller_center.kernel.errors import DomainError, Invalid
from shops.policy_book import policy_for
from storefront import returning
from storefront.forms import MessageForm, PaymentForm, ReturnForm, ReviewForm
from storefront.views import frame
from support import inbox, reviewing
from support.models import BuyerMessage, Review


def _order(slug: str, token: str) -> Order:
    """The order of this link, at its own shop's address; 404 for a link that we did not make."""
    found = buyer_links.read_token(token)
    if found is None:
        raise Http404("No such order.")
    shop_id, code = found
    order = Order.objects.filter(shop_id=shop_id, code=code).select_related("shop", "buyer").first()
    if order is None or order.shop.slug != slug:
        raise Http404("No such order.")
    return order


def _private(answer: HttpResponse) -> HttpResponse:
    """A page behind a secret link: no cache keeps it, no other site learns the link."""
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "same-origin"
    answer["X-Robots-Tag"] = "noindex"
    return answer


@login_not_required
def order(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Everything about the order, in the buyer's words."""
    found = _order(slug, token)
    return _private(render(request, "storefront/order.html", _context(request, found, token)))


def _context(request: HttpRequest, found: Order, token: str, **more: Any) -> dict[str, Any]:
    kept = more.pop("kept_reviews", {})
    lines = list(
        OrderLine.objects.in_shop(found.shop).filter(order=found).select_related("sku__product").order_by("id")
    )
    packages = list(Package.objects.in_shop(found.shop).filter(order=found).order_by("id"))
    for package in packages:
        package.carrier_name = carrier_name(package.carrier)
    reviews = {row.line_id: row for row in Review.objects.in_shop(found.shop).filter(order=found)}
    asked = returning.asked(found, lines)
    now = clock.now()
    left = returning.may_ask(found, lines, packages, asked, now)
    scans = TrackingEvent.objects.in_shop(found.shop).filter(package__in=packages).order_by("-at", "-id")
    said = BuyerMessage.objects.in_shop(found.shop).filter(conversation__order=found).order_by("at", "id")
    return {
        **frame(request, found.shop),
        "order": found,
        "token": token,
        "lines": [{"line": line, "review": reviews.get(line.pk), "refused": kept.get(line.pk)} for line in lines],
        "packages": packages,
        "scans": list(scans[:30]),
        "returns": asked,
        "send_to": labels.sender_of(found.shop).lines if _to_send(asked) else [],
        "said": list(said[:100]),
        "may_cancel": found.status in (Order.Status.UNPAID, Order.Status.COOLING_OFF),
        "may_return": bool(left),
        "return_until": returns.possible_until(found, now),
        "return_form": ReturnForm(left=left),
        "pay_by": _pay_by(found),
        "cancelled_because": reasons.words(found.cancel_reason) if found.cancel_reason else "",
        "refunded_minor": sum(line.refunded_minor for line in lines),
        "discount_minor": found.seller_discount_minor + found.platform_discount_minor,
        "cancel_reasons": reasons.choices(reasons.CANCELLING, "buyer"),
        "carriers": CARRIER_CHOICES,
        "message_form": MessageForm(),
        "review_form": ReviewForm(),
        "error": None,
        **more,
    }


def _pay_by(found: Order) -> dt.datetime | None:
    """Until when an unpaid order keeps its stock, by the policy of the moment it was placed."""
    if found.status != Order.Status.UNPAID:
        return None
    return found.placed_at + dt.timedelta(minutes=policy_for(found.shop, found.placed_at).sla.unpaid_minutes)


def _to_send(asked: list[returning.Asked]) -> bool:
    return any(one.request.status == ReturnRequest.Status.AWAITING_RETURN for one in asked)


def _refused(
    request: HttpRequest, found: Order, token: str, error: DomainError, place: str, **kept: Any
) -> HttpResponse:
    """The page again, with the sentence where the deed was tried, and what was typed there."""
    found.refresh_from_db()
    context = _context(request, found, token, error=error, error_at=place, **kept)
    return _private(render(request, "storefront/order.html", context, status=error.status))


def _back(found: Order, token: str) -> HttpResponse:
    return _private(redirect("storefront:order", slug=found.shop.slug, token=token))


@login_not_required
def payment(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Pay for the order. A second click pays once; an unclear answer is said to be unclear."""
    at = clock.now()
    found = _order(slug, token)
    if found.status != Order.Status.UNPAID:
        return _back(found, token)
    form = PaymentForm(request.POST or None)
    error, status = None, 200
    if form.is_bound and form.is_valid():
        try:
            paid = payments.start_payment(order=found, card_token=form.cleaned_data["card"], at=at)
        except DomainError as refused:
            error, status = refused, refused.status
        else:
            if paid.status == Payment.Status.CAPTURED:
                messages.success(request, _("Thank you. Your order is paid."))
                return _back(found, token)
            if paid.status == Payment.Status.AWAITING:
                error, status = payments.ProviderAway(), payments.ProviderAway.status
    row = Payment.objects.in_shop(found.shop).get(order=found)
    under_way = row.status in (Payment.Status.SENDING, Payment.Status.PENDING, Payment.Status.UNKNOWN)
    context = {**frame(request, found.shop), "order": found, "form": form, "error": error, "under_way": under_way}
    context["pay_by"] = _pay_by(found)
    return _private(render(request, "storefront/payment.html", context, status=status))


@require_POST
@login_not_required
def call_off(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Cancel while it is free."""
    found = _order(slug, token)
    try:
        cancellation.cancel_by_buyer(order=found, reason=request.POST.get("reason", ""), at=clock.now())
    except DomainError as error:
        return _refused(request, found, token, error, "cancel")
    messages.success(request, _("Your order is cancelled. What you paid is on its way back to you."))
    return _back(found, token)


@require_POST
@login_not_required
def ask_return(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Ask to return some of the order. What was typed stays where it is refused."""
    found = _order(slug, token)
    at = clock.now()
    form = ReturnForm(request.POST, left=returning.every_line(found))
    try:
        if not form.is_valid():
            raise Invalid(_("Please look at this again."))
        returns.request(
            order=found,
            kind=form.cleaned_data["kind"],
            reason=form.cleaned_data["reason"],
            units=returning.units_of(form),
            note=form.cleaned_data["note"],
            at=at,
            by=None,
        )
    except DomainError as error:
        if form.is_valid():
            explain(form, error)
        return _refused(request, found, token, error, "return", return_form=form)
    messages.success(request, _("Your request is with the shop. You hear from it by mail."))
    return _back(found, token)


@require_POST
@login_not_required
def withdraw_return(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Take a request back, before anything was sent."""
    found = _order(slug, token)
    try:
        returns.withdraw(return_request=_return_of(request, found), at=clock.now())
    except DomainError as error:
        return _refused(request, found, token, error, "withdrawal")
    messages.success(request, _("Your request is withdrawn. You keep what you have."))
    return _back(found, token)


def _return_of(request: HttpRequest, found: Order) -> ReturnRequest:
    """The return of this order that the form names."""
    wanted = ReturnRequest.objects.in_shop(found.shop).filter(order=found, code=request.POST.get("return", "")).first()
    if wanted is None:
        raise Http404("No such return.")
    wanted.shop = found.shop
    return wanted


@require_POST
@login_not_required
def message(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Write to the shop about the order."""
    found = _order(slug, token)
    try:
        inbox.ask(shop=found.shop, buyer=found.buyer, order=found, body=request.POST.get("body", ""), at=clock.now())
    except DomainError as error:
        form = MessageForm(initial={"body": request.POST.get("body", "")})
        return _refused(request, found, token, error, "message", message_form=form)
    messages.success(request, _("Your message was sent. The shop answers by mail and here."))
    return _back(found, token)


@require_POST
@login_not_required
def review(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Rate a line of the order."""
    found = _order(slug, token)
    form = ReviewForm(request.POST)
    try:
        if not form.is_valid():
            raise Invalid(_("Give one to five stars."), field="stars")
        rows = OrderLine.objects.in_shop(found.shop).filter(order=found, pk=form.cleaned_data["line"])
        line = rows.select_related("sku", "order", "shop").first()
        if line is None:
            raise Http404("No such line.")
        reviewing.write(
            line=line,
            stars=form.cleaned_data["stars"],
            body=form.cleaned_data["body"],
            delivered_at=found.delivered_at,
            at=clock.now(),
        )
    except DomainError as error:
        typed = {"stars": form.cleaned_data.get("stars"), "body": request.POST.get("body", "")}
        return _refused(request, found, token, error, "review", kept_reviews={form.cleaned_data.get("line"): typed})
    messages.success(request, _("Thank you for your review."))
    return _back(found, token)


@require_POST
@login_not_required
def send_back(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """The buyer has handed the return to a carrier."""
    found = _order(slug, token)
    wanted = _return_of(request, found)
    try:
        returns.send_back(
            return_request=wanted,
            carrier=request.POST.get("carrier", "")[:20],
            tracking_number=request.POST.get("tracking_number", ""),
            at=clock.now(),
        )
    except DomainError as error:
        return _refused(request, found, token, error, "send_back")
    messages.success(request, _("Thank you. The shop knows that the parcel is on its way."))
    return _back(found, token)
