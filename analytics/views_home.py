"""The Home page, its widgets, and the deeds that arrange them. A layout concerns its member alone."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analytics import charts, home, layout, widgets
from analytics.definitions import DEFINITIONS
from analytics.views_reports import chart_file, trend
from seller_center.kernel import clock
from seller_center.kernel.addresses import address
from seller_center.kernel.errors import DomainError
from seller_center.kernel.money import format_money
from shops.access import ShopRequest, for_shop
from shops.models import AREAS


def sight_of(request: ShopRequest, shop) -> widgets.Sight:
    """This member, now."""
    return widgets.Sight(shop, request.membership, request.user, clock.now())


@require_safe
@for_shop(area="home", may="view")
def page(request: ShopRequest, shop) -> HttpResponse:
    """The day at a glance, and what waits for somebody: at most twelve queries, whoever looks."""
    sight = sight_of(request, shop)
    may = widgets.offered(sight)
    waiting = home.waiting(shop, sight.areas, request.user)
    names = layout.STANDARD if waiting.widgets is None else waiting.widgets
    shown = [may[name] for name in names if name in may]
    cards = [
        _card(shop, one, {} if one.later else one.fill(sight), place, len(shown)) for place, one in enumerate(shown)
    ]
    today = next((card["today"] for card in cards if "today" in card), None)
    if today is None and sight.sees("analytics"):
        today = home.sales_today(shop, sight.at)
    more = [one for one in may.values() if one not in shown]
    context = {
        "shop": shop,
        "at": sight.at,
        "stats": _stats(shop, sight, today, waiting),
        "cards": cards,
        "more": more,
        "may": {area: request.membership.may(area, "edit") for area in AREAS},
        "sees_reports": sight.sees("analytics"),
        "removed": next((one for one in more if one.name == request.GET.get("removed")), None),
    }
    return render(request, "analytics/home.html", context)


def _card(shop, one: widgets.Widget, filled: dict[str, Any], place: int, many: int) -> dict[str, Any]:
    """A widget with what is in it, and the deeds behind its three dots."""

    def deed(name: str, label: str, icon: str, query: str = "") -> dict[str, str]:
        url = address(f"analytics:widget_{name}", shop=shop.code, widget=one.name)
        return {"label": label, "url": url + query, "icon": icon}

    return {
        **filled,
        "widget": one,
        "url": one.url(shop),
        "deeds": [
            *([deed("place", _("Move up"), "arrow-up", "?to=up")] if place else []),
            *([deed("place", _("Move down"), "arrow-down", "?to=down")] if place < many - 1 else []),
            deed("removal", _("Remove from Home"), "x"),
        ],
    }


def _stats(shop, sight: widgets.Sight, today, waiting: home.Waiting) -> list[dict[str, Any]]:
    """What one comes for, each a tap away from its deed: today's sales, what to ship, to decide, to answer."""
    here = {"shop": shop.code}
    found: list[dict[str, Any]] = []
    if today is not None:
        now, then = today.sum_today, today.sum_yesterday_so_far
        amount = format_money(then.gross_minor, shop.currency)
        found.append(
            {
                "label": _("Sales today"),
                "value": format_money(now.gross_minor, shop.currency),
                "note": _("%(amount)s by this hour yesterday") % {"amount": amount},
                "help": DEFINITIONS["sales"],
                "url": _day_url(shop, sight, today.day),
                **trend(now.gross_minor, then.gross_minor),
            }
        )
    if sight.sees("orders"):
        orders, returns = address("orders:order_list", **here), address("orders:return_list", **here)
        found += [
            {
                "label": _("Orders to ship"),
                "value": capped(waiting.orders),
                "note": _next(waiting.next_order) if waiting.orders else _("Nothing to ship"),
                "help": DEFINITIONS["pending_orders"],
                "url": address("orders:order", **here, code=waiting.next_order)
                if waiting.next_order
                else f"{orders}?tab=to_ship",
            },
            {
                "label": _("Returns to decide"),
                "value": capped(waiting.returns),
                "note": _next(waiting.next_return) if waiting.returns else _("Nothing to decide"),
                "help": DEFINITIONS["returns_to_decide"],
                "url": address("orders:return", **here, code=waiting.next_return)
                if waiting.next_return
                else f"{returns}?tab=to_decide",
            },
        ]
    if sight.sees("support"):
        found.append(
            {
                "label": _("Buyers to answer"),
                "value": capped(waiting.messages),
                "note": _("longest waiting first") if waiting.messages else _("Nobody waits"),
                "help": DEFINITIONS["buyers_waiting"],
                "url": address("support:conversation", **here, code=waiting.next_message)
                if waiting.next_message
                else address("support:messages", **here),
            }
        )
    return found


def _next(code: str | None) -> str:
    return _("next: %(code)s") % {"code": code} if code else _("all of them on hold")


def _day_url(shop, sight: widgets.Sight, day) -> str:
    """What the sales of a day are made of: its orders, for those who see orders; else the report of the day."""
    query = f"?first={day.isoformat()}&last={day.isoformat()}"
    name = "orders:order_list" if sight.sees("orders") else "analytics:reports"
    return address(name, shop=shop.code) + query


def capped(number: int) -> str:
    """A count as Home says it."""
    return f"{home.CAP}+" if number > home.CAP else str(number)


@require_safe
@for_shop(area="home", may="view")
def widget_card(request: ShopRequest, shop, widget: str) -> HttpResponse:
    """The inside of one widget, for those that come after the page; 404 for one that this member does not see."""
    sight = sight_of(request, shop)
    one = widgets.offered(sight).get(widget)
    if one is None:
        raise Http404("No such widget.")
    context = {"shop": shop, "at": sight.at, "card": {**one.fill(sight), "widget": one, "url": one.url(shop)}}
    return render(request, one.template, context)


@require_safe
@for_shop(area="analytics", may="view")
def hours_csv(request: ShopRequest, shop) -> StreamingHttpResponse:
    """Today by hour beside yesterday, the same figures as the chart."""
    return chart_file(shop, charts.sales_by_hour(home.sales_today(shop, clock.now()), shop.currency))


# -- arranging --------------------------------------------------------------------------------------------------------


@require_POST
@for_shop(area="home", may="view", post="view")
def order(request: ShopRequest, shop) -> HttpResponse:
    """Take over the order in which the widgets were dragged: ``order`` once for each."""
    sight = sight_of(request, shop)
    names = request.POST.getlist("order")[: len(widgets.WIDGETS) + 1]
    return _arranged(
        request,
        shop,
        lambda: layout.arrange(
            shop=shop, by=request.user, at=sight.at, offered=set(widgets.offered(sight)), order=names
        ),
    )


@require_POST
@for_shop(area="home", may="view", post="view")
def widget_place(request: ShopRequest, shop, widget: str) -> HttpResponse:
    """Move a widget one place up or down."""
    sight = sight_of(request, shop)
    steps = {"up": -1, "down": 1}.get(request.GET.get("to", ""), 0)
    return _arranged(
        request,
        shop,
        lambda: layout.move(
            shop=shop,
            by=request.user,
            at=sight.at,
            offered=set(widgets.offered(sight)),
            name=widget,
            steps=steps,
        ),
        anchor=f"#widget-{widget}" if widget in widgets.WIDGETS else "",
    )


@require_POST
@for_shop(area="home", may="view", post="view")
def widget_addition(request: ShopRequest, shop, widget: str) -> HttpResponse:
    """Put a widget onto Home: last, or at ``place`` where it was before."""
    sight = sight_of(request, shop)
    place = request.GET.get("place", "")
    return _arranged(
        request,
        shop,
        lambda: layout.add(
            shop=shop,
            by=request.user,
            at=sight.at,
            offered=set(widgets.offered(sight)),
            name=widget,
            place=int(place) if place.isdecimal() and len(place) < 4 else None,
        ),
        anchor=f"#widget-{widget}" if widget in widgets.WIDGETS else "",
    )


@require_POST
@for_shop(area="home", may="view", post="view")
def widget_removal(request: ShopRequest, shop, widget: str) -> HttpResponse:
    """Take a widget away; it can be put back from the foot of the page."""
    at = clock.now()
    return _arranged(
        request,
        shop,
        lambda: layout.remove(shop=shop, by=request.user, at=at, name=widget),
        anchor=f"?removed={widget}" if widget in widgets.WIDGETS else "",
    )


@require_POST
@for_shop(area="home", may="view", post="view")
def standard(request: ShopRequest, shop) -> HttpResponse:
    """Back to the standard order."""
    return _arranged(
        request,
        shop,
        lambda: layout.reset(shop=shop, by=request.user),
        message=_("Your Home is in its standard order again."),
    )


def _arranged(
    request: ShopRequest, shop, deed: Callable[[], Any], *, message: str = "", anchor: str = ""
) -> HttpResponse:
    """Do it, then back to Home. The script of the page sends ``X-Quiet`` and needs no page in return."""
    quiet = request.headers.get("X-Quiet") == "1"
    try:
        deed()
    except DomainError as error:
        if quiet:
            return HttpResponse(str(error), status=error.status, content_type="text/plain; charset=utf-8")
        messages.error(request, str(error))
    else:
        if quiet:
            return HttpResponse(status=204)
        if message:
            messages.success(request, message)
    return redirect(address("analytics:home", shop=shop.code) + anchor)
