"""The browser of a visitor: its basket and its visit, by signed cookies of one shop. A door's helper: reads the clock's
moment from its caller.
"""

import datetime as dt

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from analytics import tracking
from storefront import baskets
from storefront.models import Basket

COOKIE_DAYS = 60


def _cookie(shop, what: str) -> str:
    return f"{what}_{shop.code}"


def _read(request: HttpRequest, name: str) -> str:
    try:
        return request.get_signed_cookie(name, salt="storefront", default="")
    except signing.BadSignature:
        return ""


def _write(response: HttpResponse, shop, what: str, value: str) -> None:
    response.set_signed_cookie(
        _cookie(shop, what),
        value,
        salt="storefront",
        max_age=COOKIE_DAYS * 24 * 3600,
        path=f"/shop/{shop.slug}/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def basket_of(request: HttpRequest, shop) -> Basket | None:
    """The open basket of this browser in this shop."""
    code = _read(request, _cookie(shop, "basket"))
    if not code:
        return None
    return Basket.objects.in_shop(shop).filter(code=code, order_code="").first()


def basket_or_new(request: HttpRequest, shop, at: dt.datetime) -> Basket:
    """The same, begun where there is none."""
    return basket_of(request, shop) or baskets.start(shop=shop, at=at, visit_code=visit_code(request, shop))


def keep_basket(response: HttpResponse, shop, basket: Basket) -> HttpResponse:
    """Tell the browser which basket is its own."""
    _write(response, shop, "basket", basket.code)
    return response


def visit_code(request: HttpRequest, shop) -> str:
    """The code of the visit this browser is on, if any."""
    return _read(request, _cookie(shop, "visit"))


def track(request: HttpRequest, response: HttpResponse, shop, at: dt.datetime, product=None) -> HttpResponse:
    """Record the page and keep the visit's code in the browser. Prefetches and robots that say so are not visits."""
    if (
        request.method != "GET"
        or request.headers.get("Sec-Purpose")
        or "bot" in request.headers.get("User-Agent", "").lower()
    ):
        return response
    before = visit_code(request, shop)
    code = tracking.see_page(
        shop=shop,
        code=before,
        source=tracking.source_of(
            medium=request.GET.get("utm_medium", request.GET.get("src", "")),
            referrer=request.headers.get("Referer", ""),
            own_host=request.get_host().partition(":")[0],
        ),
        campaign=request.GET.get("utm_campaign", ""),
        path=request.path,
        at=at,
        product=product,
    )
    if code != before:
        _write(response, shop, "visit", code)
    return response
