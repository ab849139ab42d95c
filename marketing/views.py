"""The marketing pages: coupons, their numbers and their deeds."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from marketing import coupons
from marketing.forms import CouponForm
from marketing.models import Coupon, Redemption
from seller_center.kernel import clock
from seller_center.kernel.deeds import deed_answer, explain, refusal
from seller_center.kernel.errors import DomainError
from seller_center.kernel.paging import keyset_page
from shops import timeline
from shops.access import for_shop


@for_shop(area="marketing", may="edit")
def coupon_new(request: HttpRequest, shop) -> HttpResponse:
    """Write a new coupon: saved as a draft, then started from its page."""
    at = clock.now()
    form = CouponForm(request.POST or None, shop=shop, at=at)
    if request.method == "POST" and form.is_valid():
        try:
            coupon = coupons.create(shop=shop, by=request.user, at=at, **form.values())
        except DomainError as error:
            explain(form, error)
        else:
            return redirect("marketing:coupon", shop=shop.code, code=coupon.code)
    status = 422 if form.is_bound else 200
    return render(request, "marketing/coupon_form.html", {"shop": shop, "form": form}, status=status)


@for_shop(area="marketing", may="view")
def coupon_page(request: HttpRequest, shop, code: str) -> HttpResponse:
    """One coupon: what it gives, what it has given, who redeemed it, what happened."""
    return render(request, "marketing/coupon.html", _page(request, shop, _coupon(shop, code)))


@for_shop(area="marketing", may="edit")
def coupon_change(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Change a coupon, as far as it may still change."""
    coupon = _coupon(shop, code)
    form = CouponForm(request.POST or None, shop=shop, coupon=coupon)
    if request.method == "POST" and form.is_valid():
        try:
            coupon = coupons.change(coupon=coupon, by=request.user, at=clock.now(), **form.values())
        except DomainError as error:
            explain(form, error)
        else:
            return redirect("marketing:coupon", shop=shop.code, code=coupon.code)
    context = {"shop": shop, "form": form, "coupon": coupon}
    return render(request, "marketing/coupon_form.html", context, status=422 if form.is_bound else 200)


@require_POST
@for_shop(area="marketing", may="edit")
def coupon_start(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Put it to work, now or when its start comes."""
    return _deed(request, shop, code, coupons.start, _("The coupon is at work."))


@require_POST
@for_shop(area="marketing", may="edit")
def coupon_pause(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Take it back for a while."""
    return _deed(request, shop, code, coupons.pause, _("The coupon is paused."))


@require_POST
@for_shop(area="marketing", may="edit")
def coupon_end(request: HttpRequest, shop, code: str) -> HttpResponse:
    """End it for good."""
    return _deed(request, shop, code, coupons.end, _("The coupon has ended."))


def _deed(request: HttpRequest, shop, code: str, verb: Callable[..., Coupon], message: str) -> HttpResponse:
    coupon = _coupon(shop, code)
    try:
        verb(coupon=coupon, by=request.user, at=clock.now())
    except DomainError as error:
        return refusal(request, error, "marketing/coupon.html#main", lambda: _page(request, shop, _coupon(shop, code)))
    return deed_answer(
        request,
        template="marketing/coupon.html#main",
        context=lambda: _page(request, shop, _coupon(shop, code)),
        redirect_to=reverse("marketing:coupon", kwargs={"shop": shop.code, "code": coupon.code}),
        message=message,
    )


def _coupon(shop, code: str) -> Coupon:
    return get_object_or_404(Coupon.objects.in_shop(shop).of_code(code.upper()))


def _page(request: HttpRequest, shop, coupon: Coupon) -> dict:
    rows = Redemption.objects.in_shop(shop).filter(coupon=coupon)
    return {
        "shop": shop,
        "coupon": coupon,
        "may_edit": request.membership.may("marketing", "edit"),
        "page": keyset_page(rows, order=("-redeemed_at", "-id"), token=request.GET.get("page", "")),
        "events": timeline.newest(shop, "coupon", coupon.code, 50),
    }
