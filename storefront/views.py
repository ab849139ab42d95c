"""Browsing: the shops, a shop, a product. Public, fast, without JavaScript."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from seller_center.kernel import clock
from seller_center.kernel.paging import KeysetPage, keyset_page
from seller_center.kernel.text import render_markdown
from shops.policy_book import policy_for
from storefront import baskets, browsing, visitors

PAGE_SIZE = 24


def places(shop) -> dict[str, str]:
    """Where the frame of the storefront leads to."""
    here = {"slug": shop.slug}
    return {
        "shop": reverse("storefront:shop", kwargs=here),
        "basket": reverse("storefront:basket", kwargs=here),
        "search": reverse("storefront:shop", kwargs=here),
    }


def frame(request: HttpRequest, shop, basket: Any = ...) -> dict[str, Any]:
    """What every page of a shop's storefront shows around its content."""
    found = visitors.basket_of(request, shop) if basket is ... else basket
    return {"shop": shop, "places": places(shop), "basket_count": baskets.count_units(found), "basket": found}


@require_safe
@login_not_required
def shops(request: HttpRequest) -> HttpResponse:
    """All shops that sell."""
    page = keyset_page(browsing.open_shops(), order=("name", "pk"), token=request.GET.get("page", ""), size=PAGE_SIZE)
    pictures = browsing.pictures_of(page.rows)
    for shop in page.rows:
        shop.picture = pictures.get(shop.pk)
    return render(request, "storefront/shops.html", {"page": page})


@require_safe
@login_not_required
def shop_page(request: HttpRequest, slug: str) -> HttpResponse:
    """A shop's products, newest first, or those that a search finds."""
    at = clock.now()
    shop = browsing.open_shop(slug)
    words = request.GET.get("q", "").strip()
    token = request.GET.get("page", "")
    page = keyset_page(browsing.on_sale(shop, words), order=("-id",), token=token, size=PAGE_SIZE)
    similar = False
    if words and not page.rows and not token:  # a slip of the finger: what is nearest, on one page
        page = KeysetPage(list(browsing.similar(shop, words)[:PAGE_SIZE]), "", "")
        similar = bool(page.rows)
    ratings = browsing.ratings_of(shop, page.rows)
    for product in page.rows:
        product.rating = ratings.get(product.pk)
    context = {**frame(request, shop), "page": page, "words": words, "similar": similar, **promises(shop, at)}
    return visitors.track(request, render(request, "storefront/shop.html", context), shop, at)


@require_safe
@login_not_required
def product_page(request: HttpRequest, slug: str, product: str) -> HttpResponse:
    """One product: pictures, choices, price with what it is made of, delivery, reviews."""
    at = clock.now()
    shop = browsing.open_shop(slug)
    found = browsing.product_of(shop, product)
    context = {**frame(request, shop), **product_context(shop, found, at)}
    return visitors.track(request, render(request, "storefront/product.html", context), shop, at, product=found)


def product_context(shop, found, at) -> dict[str, Any]:
    """What the product page shows of the product itself."""
    choices = browsing.choices_of(found)
    to_buy = [one for one in choices if not one.sold_out] or choices
    first = to_buy[0] if to_buy else None
    return {
        "product": found,
        "pictures": browsing.gallery_of(found),
        "options": browsing.options_of(found) if len(choices) > 1 else [],
        "description": render_markdown(found.description),
        "choices": choices,
        "first": first,
        "lowest": min(to_buy, key=lambda one: one.sku.price_minor, default=None),
        "one_price": len({(one.sku.price_minor, one.sku.compare_at_minor) for one in to_buy}) == 1,
        "on_sale": found.status == "live" and any(not one.sold_out for one in choices),
        "rating": browsing.rating_of(found),
        "reviews": browsing.reviews_of(found),
        **promises(shop, at),
    }


def promises(shop, at) -> dict[str, Any]:
    """What the marketplace promises every buyer of this shop: shipping, delivery, returns, cancelling."""
    policy = policy_for(shop, at)
    return {
        "shipping_minor": policy.shipping.flat_minor,
        "free_over_minor": policy.shipping.free_over_minor,
        "ship_hours": policy.sla.ship_hours,
        "deliver_least": policy.sla.deliver_days_least,
        "deliver_most": policy.sla.deliver_days,
        "return_days": policy.returns.days,
        "cancel_minutes": policy.sla.cooling_off_minutes,
    }
