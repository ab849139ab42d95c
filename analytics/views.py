"""Home, Health and the sales report."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import charts, figures, sps
from analytics import home as home_page
from analytics.definitions import DEFINITIONS
from analytics.models import Score
from seller_center.kernel import clock
from seller_center.kernel.calendar import parse_month
from seller_center.kernel.csvio import write_rows
from seller_center.kernel.errors import DomainError
from seller_center.kernel.money import format_money
from shops import restrictions, setup_guide, tiers
from shops.access import ShopRequest, for_shop
from shops.eligibility import CRITERIA
from shops.enforcement import KINDS
from shops.models import AREAS, EligibilityReview, Notice, Restriction, TierReview, Violation
from shops.policy_book import policy_for

RANGES = {"7": 7, "30": 30, "90": 90}


@for_shop(area="home", may="view")
def home(request: ShopRequest, shop) -> HttpResponse:
    """The day at a glance, and what waits for somebody."""
    at = clock.now()
    may = request.membership.may
    areas = {area for area in AREAS if may(area, "view")}
    today = home_page.sales_today(shop, at)
    to_ship = home_page.count_to_ship(shop) if "orders" in areas else 0
    context = {
        "shop": shop,
        "at": at,
        "stats": _stats(shop, today, to_ship),
        "chart": charts.sales_by_hour(today, shop.currency),
        "to_ship": home_page.to_ship(shop) if "orders" in areas else [],
        "due": home_page.due_soon(shop, at, areas),
        "low": home_page.running_low(shop, at) if "products" in areas else [],
        "notices": list(Notice.objects.in_shop(shop).of(request.user).unread()[: home_page.ROWS]),
        "may": {area: may(area, "edit") for area in AREAS},
        "setup_wanted": setup_guide.wanted(shop, at),
    }
    return render(request, "analytics/home.html", context)


def _stats(shop, today, to_ship: int) -> list[dict[str, Any]]:
    now, then = today.sum_today, today.sum_yesterday_so_far
    return [
        {
            "label": _("Sales today"),
            "value": format_money(now.gross_minor, shop.currency),
            "note": _("%(amount)s by this hour yesterday") % {"amount": format_money(then.gross_minor, shop.currency)},
            "help": DEFINITIONS["sales"],
            **_trend(now.gross_minor, then.gross_minor),
        },
        {
            "label": _("Orders today"),
            "value": str(now.order_count),
            "note": _("%(count)d by this hour yesterday") % {"count": then.order_count},
            "help": DEFINITIONS["orders"],
            **_trend(now.order_count, then.order_count),
        },
        {
            "label": _("Pending orders"),
            "value": f"{home_page.CAP}+" if to_ship > home_page.CAP else str(to_ship),
            "note": _("to ship"),
            "url": reverse("orders:order_list", kwargs={"shop": shop.code}),
            "help": DEFINITIONS["pending_orders"],
        },
        {
            "label": _("Visits today"),
            "value": str(now.visit_count),
            "note": _("%(count)d by this hour yesterday") % {"count": then.visit_count},
            "help": DEFINITIONS["visits"],
            **_trend(now.visit_count, then.visit_count),
        },
    ]


def _trend(now: int, then: int) -> dict[str, str]:
    """The change in percent with its direction; nothing where there is nothing to compare with."""
    if not then:
        return {}
    change = round((now - then) * 100 / then)
    return {
        "change": f"{change:+d} %",
        "trend": "up" if change > 0 else "down" if change < 0 else "",
        "trend_tone": "good" if change > 0 else "bad" if change < 0 else "neutral",
    }


@for_shop(area="health", may="view")
def health(request: ShopRequest, shop) -> HttpResponse:
    """Standing: the score and what it is made of, the monthly evaluations, open cases, the tier."""
    at = clock.now()
    policy = policy_for(shop, at)
    score = Score.objects.in_shop(shop).newest_first().first()
    reviews = list(EligibilityReview.objects.in_shop(shop).standing().newest_first()[:24])
    context = {
        "shop": shop,
        "policy": policy,
        "score": score,
        "score_shown": None if score is None or score.sps_tenths is None else f"{score.sps_tenths / 10:.1f}",
        "metrics": _metrics(score, policy),
        "reviews": reviews,
        "latest": _criteria(reviews[0]) if reviews else None,
        "cases": [(case, KINDS.get(case.kind, case.kind)) for case in Violation.objects.in_shop(shop).standing()[:20]],
        "points": restrictions.points_of(shop, at),
        "restrictions": list(Restriction.objects.in_shop(shop).standing(at)[:5]),
        "ladder": [
            (points, restrictions.words_for(place, policy.violations))
            for place, points in enumerate(policy.violations.ladder_points, 1)
        ],
        "tier": policy.probation.tier(shop.tier),
        **_next_tier(shop, policy),
        "definitions": DEFINITIONS,
    }
    return render(request, "analytics/health.html", context)


def _next_tier(shop, policy) -> dict[str, Any]:
    """The tier that comes next, and each of its criteria as the last night's look found it."""
    order = policy.probation.order
    place = order.index(shop.tier)
    if place + 1 == len(order):
        return {"next_tier": "", "tier_criteria": [], "tier_day": None}
    look = TierReview.objects.in_shop(shop).newest_first().first()
    current = look is not None and look.tier == shop.tier
    return {
        "next_tier": order[place + 1],
        "next_limits": policy.probation.tier(order[place + 1]),
        "tier_day": look.day if look is not None and current else None,
        "tier_criteria": [_tier_line(one) for one in look.criteria] if look is not None and current else [],
    }


def _tier_line(one: dict[str, Any]) -> dict[str, Any]:
    """A criterion of a tier, ready to be shown, with what is left."""
    code, value, asked = one["code"], one["value"], one["threshold"]
    if code == "sps":
        shown = _("not measured") if value is None else f"{value / 10:.1f}"
        return {**one, "name": tiers.CRITERIA[code], "shown": shown, "asked": f"≥ {asked / 10:.1f}", "left": ""}
    if code in ("late_dispatch", "seller_cancellations"):
        shown = _("too few orders to decide") if value is None else f"{value / 100:.1f} %"
        return {**one, "name": tiers.CRITERIA[code], "shown": shown, "asked": f"≤ {asked / 100:.1f} %", "left": ""}
    at_most = code in tiers.AT_MOST
    left = "" if one["met"] or at_most else _("%(count)d to go") % {"count": asked - value}
    sign = "≤" if at_most else "≥"
    return {**one, "name": tiers.CRITERIA[code], "shown": str(value), "asked": f"{sign} {asked}", "left": left}


@for_shop(area="health", may="view")
def review(request: ShopRequest, shop, month: str) -> HttpResponse:
    """One month's evaluation: each criterion with value, threshold and verdict, as it was on that day."""
    try:
        first = dt.date(*parse_month(month), 1)
    except DomainError as error:
        raise Http404("No such month.") from error
    row = get_object_or_404(EligibilityReview.objects.in_shop(shop).standing(), month=first)
    context = {"shop": shop, "review": row, "criteria": _criteria(row)}
    return render(request, "analytics/review.html", context)


def _criteria(row: EligibilityReview) -> list[dict[str, Any]]:
    """The criteria of a review, ready to be shown."""
    shown = []
    for one in row.criteria:
        name, advice = CRITERIA[one["code"]]
        shown.append({**one, "name": name, "advice": advice, **_shown_values(one)})
    return shown


def _shown_values(one: dict[str, Any]) -> dict[str, str]:
    if one["code"] == "sps":
        value = _("not measured") if one["value"] is None else f"{one['value'] / 10:.1f}"
        return {"shown": value, "asked": f"≥ {one['threshold'] / 10:.1f}"}
    if one["code"] in ("violation_points", "fraud"):
        return {"shown": str(one["value"]), "asked": f"≤ {one['threshold']}"}
    if one["code"] == "completed_orders":
        return {"shown": str(one["value"]), "asked": f"≥ {one['threshold']}"}
    return {"shown": str(one["value"]).capitalize(), "asked": str(one["threshold"]).capitalize()}


METRIC_NAMES = {
    "negative_reviews": gettext_lazy("Negative reviews"),
    "returns": gettext_lazy("Returns not caused by the buyer"),
    "seller_cancellations": gettext_lazy("Cancellations on your side"),
    "late_dispatch": gettext_lazy("Late dispatch"),
    "messages_answered": gettext_lazy("Messages answered in time"),
    "after_sales_hours": gettext_lazy("Hours to decide a return"),
}


def _metrics(score: Score | None, policy) -> list[dict[str, Any]]:
    """Each metric with its value, its line and its points; unmeasured ones say so."""
    rows = []
    for name in sps.METRICS:
        rule = getattr(policy.sps.metrics, name)
        part: dict[str, Any] = (score.metrics.get(name) if score else None) or {}
        measured: dict[str, Any] = part.get("measured") or {}
        known = measured.get("value") is not None
        hours = rule.best_hours is not None
        rows.append(
            {
                "name": METRIC_NAMES[name],
                "help": DEFINITIONS[name],
                "days": rule.days,
                "value": _in_unit(measured["value"], hours) if known else _("not measured"),
                "basis": _("%(counted)d of %(due)d") % measured
                if known and not hours
                else (_("%(due)d decided") % measured if known else _("nothing was due")),
                "points": f"{part['points'] / 100:.2f}" if known else "–",
                "weight": f"{rule.weight_bp / 100:g} %",
                "best": _in_unit(rule.best_hours if hours else rule.best_bp, hours),
                "worst": _in_unit(rule.worst_hours if hours else rule.worst_bp, hours),
                "known": known,
            }
        )
    return rows


def _in_unit(value: int, hours: bool) -> str:
    return _("%(hours)d h") % {"hours": value} if hours else f"{value / 100:.1f} %"


@for_shop(area="analytics", may="view")
def reports(request: ShopRequest, shop) -> HttpResponse:
    """Sales by day over a range, beside the range before it."""
    at = clock.now()
    length = RANGES.get(request.GET.get("days", ""), 30)
    days, before = _days(shop, at, length)
    now, then = home_page.total(list(days.values())), home_page.total(list(before.values()))
    here = reverse("analytics:reports", kwargs={"shop": shop.code})
    context = {
        "shop": shop,
        "tabs": [
            {"label": _("%(days)d days") % {"days": number}, "url": f"{here}?days={key}", "here": number == length}
            for key, number in RANGES.items()
        ],
        "stats": _report_stats(shop, now, then),
        "chart": charts.sales_by_day(
            days, before, shop.currency, f"{reverse('analytics:sales_csv', kwargs={'shop': shop.code})}?days={length}"
        ),
        "length": length,
    }
    return render(request, "analytics/reports.html", context)


def _days(shop, at: dt.datetime, length: int):
    last = at.astimezone(ZoneInfo(shop.zone)).date()
    first = last - dt.timedelta(days=length - 1)
    span = [first + dt.timedelta(days=number) for number in range(length)]
    earlier = [day - dt.timedelta(days=length) for day in span]
    return figures.by_day(shop, span), figures.by_day(shop, earlier)


def _report_stats(shop, now: figures.Figures, then: figures.Figures) -> list[dict[str, Any]]:
    def money(minor: int | None) -> str:
        return "–" if minor is None else format_money(minor, shop.currency)

    def rate(bp: int | None) -> str:
        return "–" if bp is None else f"{bp / 100:.2f} %"

    before = _("%(value)s the period before")
    return [
        {
            "label": _("Sales"),
            "value": money(now.gross_minor),
            "note": before % {"value": money(then.gross_minor)},
            "help": DEFINITIONS["sales"],
            **_trend(now.gross_minor, then.gross_minor),
        },
        {
            "label": _("Net sales"),
            "value": money(now.net_minor),
            "note": before % {"value": money(then.net_minor)},
            "help": DEFINITIONS["net_sales"],
            **_trend(now.net_minor, then.net_minor),
        },
        {
            "label": _("Orders"),
            "value": str(now.order_count),
            "note": before % {"value": then.order_count},
            "help": DEFINITIONS["orders"],
            **_trend(now.order_count, then.order_count),
        },
        {
            "label": _("Average order"),
            "value": money(now.average_order_minor),
            "note": before % {"value": money(then.average_order_minor)},
            "help": DEFINITIONS["average_order"],
        },
        {
            "label": _("Cancelled"),
            "value": money(now.cancelled_minor),
            "note": _("%(count)d orders") % {"count": now.cancelled_count},
        },
        {
            "label": _("Refunded"),
            "value": money(now.refunded_minor),
            "note": _("%(count)d refunds") % {"count": now.refunded_count},
        },
        {
            "label": _("Visits"),
            "value": str(now.visit_count),
            "note": before % {"value": then.visit_count},
            "help": DEFINITIONS["visits"],
        },
        {
            "label": _("Conversion"),
            "value": rate(now.conversion_bp),
            "note": before % {"value": rate(then.conversion_bp)},
            "help": DEFINITIONS["conversion"],
        },
    ]


@for_shop(area="analytics", may="view")
def sales_csv(request: ShopRequest, shop) -> StreamingHttpResponse:
    """The report's days as CSV: the same figures, amounts in minor units with their currency."""
    length = RANGES.get(request.GET.get("days", ""), 30)
    days, _before = _days(shop, clock.now(), length)
    header = ["day", "currency", *figures.COLUMNS, "net_minor"]
    rows = (
        [day.isoformat(), shop.currency, *(str(getattr(row, name)) for name in figures.COLUMNS), str(row.net_minor)]
        for day, row in days.items()
    )
    answer = StreamingHttpResponse(write_rows(header, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="sales-{shop.code}-{length}-days.csv"'
    return answer
