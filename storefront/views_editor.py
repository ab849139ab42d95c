"""The seller's view of the public face: its address, how it is visited, what stands in it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from analytics.models import Visit
from catalog.models import Product
from shops.access import for_shop

NEWEST = 10


@for_shop(area="storefront", may="view")
def editor(request: HttpRequest, shop) -> HttpResponse:
    """Where buyers find the shop, what they see first, and who came last."""
    path = reverse("storefront:shop", kwargs={"slug": shop.slug})
    context = {
        "shop": shop,
        "public_path": path,
        "public_url": f"{settings.PUBLIC_URL}{path}",
        "products": list(Product.objects.in_shop(shop).live().newest().prefetch_related("media")[:NEWEST]),
        "visits": list(Visit.objects.in_shop(shop).select_related("product").order_by("-at", "-id")[:NEWEST]),
    }
    return render(request, "storefront/editor.html", context)
