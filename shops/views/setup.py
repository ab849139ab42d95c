"""The guide of first steps, as a page and as a panel for the home page; and the person's shops."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from seller_center.kernel import clock
from shops import setup_guide
from shops.access import ShopRequest, for_shop, shops_of
from shops.policy_book import policy_for


@require_safe
@for_shop(area="home", may="view")
def setup(request: ShopRequest, shop) -> HttpResponse:
    """All first steps."""
    return render(request, "shops/setup.html", _context(shop))


@require_safe
@for_shop(area="home", may="view")
def setup_panel(request: ShopRequest, shop) -> HttpResponse:
    """The same for the home page (``hx-get``); nothing once everything is done or the shop is not new any more."""
    context = _context(shop)
    if not setup_guide.wanted(shop, clock.now()) or context["done_count"] == context["total_count"]:
        return HttpResponse("")
    return render(request, "shops/setup.html#panel", context)


def _context(shop) -> dict:
    items = setup_guide.items(shop)
    at = clock.now()
    return {
        "shop": shop,
        "items": items,
        "done_count": sum(item.done for item in items),
        "total_count": len(items),
        "title": _("First steps"),
        "offer": policy_for(shop, at).new_seller_offer if shop.offer_runs(at) else None,
    }


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The shops of this person."""
    return render(request, "shops/mine.html", {"shops": shops_of(request.user)})


@require_safe
def first(request: HttpRequest) -> HttpResponse:
    """Where somebody goes after logging in: the one shop, the list of shops, the admin, or an application."""
    shops = shops_of(request.user)
    if len(shops) == 1:
        return redirect(f"/s/{shops[0].code}/")
    if shops:
        return redirect("shops:mine")
    return redirect("admin:index" if request.user.is_staff else "shops:apply")


@login_not_required
@require_safe
def agreement(request: HttpRequest) -> HttpResponse:
    """The seller agreement of today."""
    version = policy_for("US", clock.now()).onboarding.agreement_version
    return render(request, "shops/agreement.html", {"version": version})
