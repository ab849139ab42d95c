"""The tour as a page: steps with links to the real pages, ticked by what really happened."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from analytics import tour
from seller_center.kernel import clock
from shops.access import ShopRequest, for_shop


@require_safe
@for_shop(area="home", may="view")
def page(request: ShopRequest, shop) -> HttpResponse:
    """The steps as they stand now."""
    at = clock.now()
    begun = tour.begun(shop, request.user)
    running = tour.running(begun, at)
    stops = tour.stops(shop, request.membership, request.user, begun if running else None)
    ticking = [stop for stop in stops if stop.ticks]
    context = {
        "shop": shop,
        "tour": begun,
        "running": running,
        "items": [
            {"title": stop.title, "hint": stop.text, "url": stop.url, "action": stop.action, "done": stop.done}
            for stop in ticking
        ],
        "looks": [stop for stop in stops if not stop.ticks],
        "done_count": sum(stop.done for stop in ticking),
        "total_count": len(ticking),
    }
    return render(request, "analytics/tour.html", context)


@require_POST
@for_shop(area="home", may="view", post="view")
def start(request: ShopRequest, shop) -> HttpResponse:
    """Set out, or begin anew."""
    tour.start(shop=shop, by=request.user, at=clock.now())
    return redirect("analytics:tour", shop=shop.code)
