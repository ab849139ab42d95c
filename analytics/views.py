"""Health: the score and what it is made of, the monthly evaluations, open cases, the tier."""

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics import sps
from analytics.definitions import DEFINITIONS
from analytics.forms import WhatIfForm
from analytics.models import Score
from seller_center.kernel import clock
from seller_center.kernel.calendar import parse_month
from seller_center.kernel.errors import DomainError
from seller_center.kernel.prepared import prepared
from seller_center.kernel.text import number
from shops import restrictions, tiers
from shops.access import ShopRequest, for_shop
from shops.eligibility import CRITERIA
from shops.enforcement import KINDS
from shops.models import EligibilityReview, Restriction, TierReview, Violation
from shops.policy_book import policy_for


@for_shop(area="health", may="view")
def health(request: ShopRequest, shop) -> HttpResponse:
    """Standing: the score and what it is made of, the monthly evaluations, open cases, the tier."""
    at = clock.now()
    policy = policy_for(shop, at)
    score = next(iter(_score(shop=shop.pk)), None)
    reviews = list(_reviews(shop=shop.pk))
    context = {
        "shop": shop,
        "policy": policy,
        "score": score,
        "score_shown": None if score is None or score.sps_tenths is None else f"{score.sps_tenths / 10:.1f}",
        "metrics": _metrics(score, policy),
        "reviews": reviews,
        "latest": _criteria(reviews[0]) if reviews else None,
        "cases": [(case, KINDS.get(case.kind, case.kind)) for case in _cases(shop=shop.pk)],
        "points": restrictions.points_of(shop, at),
        "restrictions": list(_restrictions(shop=shop.pk, at=at)),
        "ladder": [
            (points, restrictions.words_for(place, policy.violations))
            for place, points in enumerate(policy.violations.ladder_points, 1)
        ],
        "tier": policy.probation.tier(shop.tier),
        **_next_tier(shop, policy),
        "what_if": _what_if(request.GET, score, policy),
        "definitions": DEFINITIONS,
    }
    return render(request, "analytics/health.html", context)


@prepared
def _score(*, shop: int) -> QuerySet[Score]:
    return Score.objects.in_shop(shop).newest_first()[:1]


@prepared
def _reviews(*, shop: int) -> QuerySet[EligibilityReview]:
    return EligibilityReview.objects.in_shop(shop).standing().newest_first()[:24]


@prepared
def _cases(*, shop: int) -> QuerySet[Violation]:
    return Violation.objects.in_shop(shop).standing()[:20]


@prepared
def _restrictions(*, shop: int, at: dt.datetime) -> QuerySet[Restriction]:
    return Restriction.objects.in_shop(shop).standing(at)[:5]


@prepared
def _tier_look(*, shop: int) -> QuerySet[TierReview]:
    return TierReview.objects.in_shop(shop).newest_first()[:1]


def _next_tier(shop, policy) -> dict[str, Any]:
    """The tier that comes next, and each of its criteria as the last night's look found it."""
    order = policy.probation.order
    place = order.index(shop.tier)
    if place + 1 == len(order):
        return {"next_tier": "", "tier_criteria": [], "tier_day": None}
    limits = policy.probation.tier(order[place + 1])
    look = next(iter(_tier_look(shop=shop.pk)), None)
    current = look is not None and look.tier == shop.tier
    return {
        "next_tier": order[place + 1],
        "next_limits": {
            name: _("no limit") if (most := getattr(limits, name)) is None else number(most)
            for name in ("orders_per_day", "live_products")
        },
        "tier_day": look.day if look is not None and current else None,
        "tier_criteria": [_tier_line(one) for one in look.criteria]
        if look is not None and current
        else [_asked_line(one) for one in tiers.judge(tiers.Measures(shop.pk), days=0, violations=0, tier=limits)],
    }


def _asked_line(one: tiers.Criterion) -> dict[str, Any]:
    """A criterion before the first look: what it asks for is known, how the shop stands is not."""
    return {**_tier_line(dataclasses.asdict(one)), "shown": "—", "left": "", "met": None}


def _tier_line(one: dict[str, Any]) -> dict[str, Any]:
    """A criterion of a tier, ready to be shown, with what is left."""
    code, value, asked = one["code"], one["value"], one["threshold"]
    if code == "sps":
        shown = _("not measured") if value is None else f"{value / 10:.1f}"
        return {**one, "name": tiers.CRITERIA[code], "shown": shown, "asked": f"≥ {asked / 10:.1f}", "left": ""}
    if code in ("late_dispatch", "seller_cancellations"):
        shown = _("too few orders to decide") if value is None else f"{value / 100:.2f}%"
        return {**one, "name": tiers.CRITERIA[code], "shown": shown, "asked": f"≤ {asked / 100:.2f}%", "left": ""}
    at_most = code in tiers.AT_MOST
    left = "" if one["met"] or at_most else _("%(count)s to go") % {"count": number(asked - value)}
    sign = "≤" if at_most else "≥"
    return {
        **one,
        "name": tiers.CRITERIA[code],
        "shown": number(value),
        "asked": f"{sign} {number(asked)}",
        "left": left,
    }


def _what_if(asked, score: Score | None, policy) -> dict[str, Any] | None:
    """The form that asks “what if”, and the score that the values in it would give. Nothing of it is kept."""
    if score is None or score.sps_tenths is None:
        return None
    measured = {}
    for name in sps.METRICS:
        value = ((score.metrics.get(name) or {}).get("measured") or {}).get("value")
        if value is not None:
            measured[name] = (METRIC_NAMES[name], value, getattr(policy.sps.metrics, name).best_hours is not None)
    form = WhatIfForm(asked if set(asked) & set(measured) else None, measured=measured)
    if not form.is_bound or not form.is_valid():
        return {"form": form}
    changed = form.changed()
    verdict = sps.what_if(policy.sps, score.metrics, score.delivered_count, changed)
    lines = [
        (METRIC_NAMES[part.name], f"{score.metrics[part.name]['points'] / 100:.2f}", f"{part.points / 100:.2f}")
        for part in verdict.parts
        if part.name in changed and part.points is not None
    ]
    return {
        "form": form,
        "shown": f"{verdict.sps_tenths / 10:.1f}" if verdict.sps_tenths is not None else "",
        "difference": (verdict.sps_tenths or 0) - score.sps_tenths,
        "lines": lines,
    }


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
        return {"shown": number(one["value"]), "asked": f"≤ {number(one['threshold'])}"}
    if one["code"] == "completed_orders":
        return {"shown": number(one["value"]), "asked": f"≥ {number(one['threshold'])}"}
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
                "basis": _("%(counted)s of %(due)s") % {name: number(measured[name]) for name in ("counted", "due")}
                if known and not hours
                else (_("%(due)s decided") % {"due": number(measured["due"])} if known else _("nothing was due")),
                "points": f"{part['points'] / 100:.2f}" if known else "–",
                "weight": f"{rule.weight_bp / 100:g}%",
                "best": _in_unit(rule.best_hours if hours else rule.best_bp, hours),
                "worst": _in_unit(rule.worst_hours if hours else rule.worst_bp, hours),
                "known": known,
            }
        )
    return rows


def _in_unit(value: int, hours: bool) -> str:
    """In full basis points, as the score counts: rounded once more, 11 of 711 would be 1.6% instead of 1.55%."""
    return _("%(hours)d h") % {"hours": value} if hours else f"{value / 100:.2f}%"
