"""Search over everything a member may see: orders, products, coupons, tickets, pages. The roof sees all floors."""

import dataclasses
from collections.abc import Iterator

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog.models import Product
from marketing.models import Coupon
from orders.models import Order
from seller_center.frame import MENU, place
from shops.access import ShopRequest, for_shop
from support.models import Ticket

#: How many rows of each kind are shown; the list of its floor has the rest.
MOST = 8


@dataclasses.dataclass(frozen=True)
class Hit:
    """One thing found."""

    kind: str
    title: str
    note: str
    url: str
    state: str = ""
    state_of: str = ""


@require_safe
@for_shop(area="home", may="view")
def search(request: ShopRequest, shop) -> HttpResponse:
    """Everything that holds the words typed. An order's whole number leads straight to the order."""
    words = " ".join(request.GET.get("q", "").split())[:100]
    may = request.membership.may
    if words and may("orders", "view"):
        exact = Order.objects.in_shop(shop).of_code(words.upper()).first()
        if exact is not None:
            return redirect("orders:order", shop=shop.code, code=exact.code)
    hits = list(_hits(shop, words, may)) if words else []
    context = {"shop": shop, "words": words, "hits": hits}
    return render(request, "search.html", context)


def _hits(shop, words: str, may) -> Iterator[Hit]:
    here = {"shop": shop.code}
    if may("orders", "view"):
        for order in Order.objects.in_shop(shop).found_by(words).newest_first()[:MOST]:
            url = reverse("orders:order", kwargs={**here, "code": order.code})
            yield Hit(
                _("Order"), order.code, f"{order.contact_name} · {order.summary}", url, order.fulfilment_status, "order"
            )
    if may("products", "view"):
        for product in Product.objects.in_shop(shop).found_by(shop, words).newest()[:MOST]:
            url = reverse("catalog:product", kwargs={**here, "code": product.code})
            yield Hit(_("Product"), product.name, product.brand, url, product.status, "product")
    if may("marketing", "view"):
        for coupon in Coupon.objects.in_shop(shop).filter(code__startswith=words.upper()).newest_first()[:MOST]:
            url = reverse("marketing:coupon", kwargs={**here, "code": coupon.code})
            yield Hit(_("Coupon"), coupon.code, coupon.name, url, coupon.status, "coupon")
    if may("support", "view"):
        for ticket in Ticket.objects.in_shop(shop).filter(subject__icontains=words).newest_first()[:MOST]:
            url = reverse("support:ticket", kwargs={**here, "code": ticket.code})
            yield Hit(_("Ticket"), ticket.subject, ticket.code, url, ticket.status, "ticket")
    for group in MENU:
        for entry in group:
            if words.lower() in str(entry.label).lower() and (not entry.area or may(entry.area, "view")):
                url = place(entry.url_names, shop.code)
                if url:
                    yield Hit(_("Page"), str(entry.label), "", url)
