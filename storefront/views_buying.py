"""Buying: the basket, the coupon, the checkout. Every step is a plain form; nothing needs JavaScript."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analytics import tracking
from marketing.redemption import CouponRefused
from orders import intake
from orders.buyer_links import token_of
from seller_center.kernel import clock
from seller_center.kernel.deeds import explain
from seller_center.kernel.errors import DomainError, Invalid
from shops.policy_book import policy_for
from storefront import baskets, browsing, visitors
from storefront.forms import CheckoutForm
from storefront.views import frame, product_context

STOREFRONT = "storefront"


def _whole(text: str) -> int:
    """A quantity as typed; the refusal names the field."""
    try:
        return int(text)
    except ValueError as error:
        raise Invalid(_("Write the quantity as a whole number."), field="quantity") from error


@require_POST
@login_not_required
def put_in(request: HttpRequest, slug: str) -> HttpResponse:
    """Put units of a SKU into the basket."""
    at = clock.now()
    shop = browsing.open_shop(slug)
    sku = browsing.sku_of(shop, request.POST.get("sku", ""))
    basket = visitors.basket_or_new(request, shop, at)
    try:
        baskets.put_in(basket=basket, sku=sku, quantity=_whole(request.POST.get("quantity", "1")), at=at)
    except DomainError as error:
        context = {**frame(request, shop, basket), **product_context(shop, sku.product, at), "error": error}
        answer = render(request, "storefront/product.html", context, status=error.status)
        return visitors.keep_basket(answer, shop, basket)
    tracking.reach(shop=shop, code=visitors.visit_code(request, shop), at=at, step="basket")
    messages.success(request, _("“%(name)s” is in your basket.") % {"name": sku.product.name})
    return visitors.keep_basket(redirect("storefront:basket", slug=shop.slug), shop, basket)


@login_not_required
def basket(request: HttpRequest, slug: str) -> HttpResponse:
    """What is in the basket, with the prices of now; a price that changed is said."""
    shop = browsing.open_shop(slug)
    return render(request, "storefront/basket.html", _basket_context(request, shop))


@require_POST
@login_not_required
def set_quantity(request: HttpRequest, slug: str) -> HttpResponse:
    """Change how many, or take a line out."""
    at = clock.now()
    shop = browsing.open_shop(slug)
    found = visitors.basket_of(request, shop)
    if found is None:
        return redirect("storefront:basket", slug=shop.slug)
    try:
        quantity = 0 if "remove" in request.POST else _whole(request.POST.get("quantity", ""))
        sku = browsing.sku_of(shop, request.POST.get("sku", ""))
        baskets.set_quantity(basket=found, sku=sku, quantity=quantity, at=at)
    except DomainError as error:
        context = {**_basket_context(request, shop), "error": error}
        return render(request, "storefront/basket.html", context, status=error.status)
    return redirect("storefront:basket", slug=shop.slug)


@require_POST
@login_not_required
def coupon(request: HttpRequest, slug: str) -> HttpResponse:
    """Use a coupon code, or take it off; a code that does not fit says why and is not kept."""
    at = clock.now()
    shop = browsing.open_shop(slug)
    found = visitors.basket_of(request, shop)
    if found is None:
        return redirect("storefront:basket", slug=shop.slug)
    code = "" if "remove" in request.POST else request.POST.get("code", "")
    before = found.coupon_code
    baskets.set_coupon(basket=found, code=code, at=at)
    context = _basket_context(request, shop)
    if code and context["coupon_error"]:
        baskets.set_coupon(basket=found, code=before, at=at)
        return render(request, "storefront/basket.html", context, status=409)
    return redirect(
        (request.POST.get("next") == "checkout" and "storefront:checkout") or "storefront:basket", slug=shop.slug
    )


def _basket_context(request: HttpRequest, shop) -> dict[str, Any]:
    found = visitors.basket_of(request, shop)
    lines = baskets.lines_of(found)
    context = {**frame(request, shop, found), "lines": lines, "sums": None, "coupon_error": None, "error": None}
    if not lines:
        return context
    wanted = [intake.WantedLine(line.sku.code, line.quantity) for line in lines]
    try:
        try:
            sums = intake.quote(shop=shop, lines=wanted, address=None, coupon_code=found.coupon_code, at=clock.now())
        except CouponRefused as error:
            context["coupon_error"] = error
            sums = intake.quote(shop=shop, lines=wanted, address=None, at=clock.now())
        context["sums"] = sums
    except DomainError as error:
        context["error"] = error
    context["changed"] = [line for line in lines if line.seen_price_minor != line.sku.price_minor]
    return context


@login_not_required
def checkout(request: HttpRequest, slug: str) -> HttpResponse:
    """Contact and address, the exact total, and then the order. A second click finds the order it made."""
    at = clock.now()
    shop = browsing.open_shop(slug)
    found = visitors.basket_of(request, shop)
    lines = baskets.lines_of(found)
    if not lines:
        return redirect("storefront:basket", slug=shop.slug)
    form = CheckoutForm(request.POST or None, shop=shop)
    wanted = [intake.WantedLine(line.sku.code, line.quantity) for line in lines]
    context: dict[str, Any] = {**frame(request, shop, found), "lines": lines, "form": form, "sums": None, "error": None}
    context["cancel_minutes"] = policy_for(shop, at).sla.cooling_off_minutes
    if request.method == "GET":
        tracking.reach(shop=shop, code=visitors.visit_code(request, shop), at=at, step="checkout")
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            answer = _next_step(request, shop, found, form, wanted, context, at)
            if answer is not None:
                return answer
            status = 409 if context["error"] else 200
    if context["sums"] is None:
        _try_quote(context, shop, found, wanted, None, at)
    return render(request, "storefront/checkout.html", context, status=status)


def _next_step(request, shop, found, form, wanted, context, at) -> HttpResponse | None:
    """After a valid form: first the exact total with tax of the address, then, confirmed, the order."""
    address = intake.Address(
        line1=form.cleaned_data["line1"],
        line2=form.cleaned_data["line2"],
        city=form.cleaned_data["city"],
        region=form.cleaned_data["region"],
        postal_code=form.cleaned_data["postal_code"],
        country=shop.market_id,
    )
    email = form.cleaned_data["email"]
    _try_quote(context, shop, found, wanted, address, at, email)
    if context["error"] is not None:
        return None
    context["with_tax"] = True
    total = context["sums"].priced.total_minor
    if "place" not in request.POST or form.cleaned_data["shown_total"] != total:
        context["confirm"], context["shown_total"] = True, total
        context["total_changed"] = "place" in request.POST
        return None
    try:
        order = intake.place_order(
            shop=shop,
            channel=STOREFRONT,
            external_number=found.checkout_key,
            lines=wanted,
            contact=intake.Contact(form.cleaned_data["name"], email, form.cleaned_data["phone"]),
            address=address,
            coupon_code=found.coupon_code,
            visit_code=found.visit_code or visitors.visit_code(request, shop),
            user=request.user if request.user.is_authenticated else None,
            expected_total_minor=total,
            at=at,
            by=None,
        )
    except DomainError as error:
        explain(form, error)
        context["error"] = error
        return None
    baskets.close(basket=found, order_code=order.code, at=at)
    tracking.reach(shop=shop, code=visitors.visit_code(request, shop), at=at, step="order", order_code=order.code)
    return redirect("storefront:payment", slug=shop.slug, token=token_of(order))


def _try_quote(context, shop, found, wanted, address, at, email: str = "") -> None:
    try:
        context["sums"] = intake.quote(
            shop=shop, lines=wanted, address=address, coupon_code=found.coupon_code, buyer_email=email, at=at
        )
    except DomainError as error:
        context["error"] = error
