"""Probation tiers: what the next tier asks for, judged from measured numbers, and moving shops up (rulebook §2).

Analytics measures and calls down with ``Measures``; tiers move nightly and only upward (model.md §7).
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shops import events
from shops.models import Shop, TierReview, Violation
from shops.policy import Policy, Tier

#: What each criterion is called on the screen.
CRITERIA = {
    "days": _("Days since the shop opened"),
    "live_listings": _("Live products"),
    "delivered_orders": _("Delivered orders"),
    "buyers": _("Different buyers"),
    "violations": _("Cases that took effect lately"),
    "sps": _("Shop Performance Score"),
    "late_dispatch": _("Late dispatch rate"),
    "seller_cancellations": _("Cancellations on your side"),
}
#: Criteria of which less is better.
AT_MOST = ("violations", "late_dispatch", "seller_cancellations")


@dataclasses.dataclass(frozen=True)
class Measures:
    """What was measured of one shop. Rates are None with fewer due orders than the policy asks for: then they decide
    nothing. ``sps_tenths`` None: no score yet, which is not zero."""

    shop_id: int
    live_listings: int = 0
    delivered_orders: int = 0
    buyers: int = 0
    sps_tenths: int | None = None
    late_dispatch_bp: int | None = None
    seller_cancel_bp: int | None = None


@dataclasses.dataclass(frozen=True)
class Criterion:
    """One line of what the next tier asks for. A value of None was not measured."""

    code: str
    value: int | None
    threshold: int
    met: bool


def judge(card: Measures, *, days: int, violations: int, tier: Tier) -> list[Criterion]:
    """The criteria of one tier for one shop. Pure; a criterion that the policy leaves out is not asked."""
    least = (
        ("days", days, tier.least_days),
        ("live_listings", card.live_listings, tier.least_live_listings),
        ("delivered_orders", card.delivered_orders, tier.least_delivered_orders),
        ("buyers", card.buyers, tier.least_buyers),
    )
    found = [Criterion(code, value, asked, value >= asked) for code, value, asked in least if asked is not None]
    if tier.violations_30d_below is not None:
        most = tier.violations_30d_below - 1
        found.append(Criterion("violations", violations, most, violations <= most))
    if tier.least_sps_tenths is not None:
        score, asked = card.sps_tenths, tier.least_sps_tenths
        met = bool(tier.unscored_counts) if score is None else score >= asked
        found.append(Criterion("sps", score, asked, met))
    rates = (
        ("late_dispatch", card.late_dispatch_bp, tier.late_dispatch_at_most_bp),
        ("seller_cancellations", card.seller_cancel_bp, tier.seller_cancel_at_most_bp),
    )
    found += [
        Criterion(code, rate, asked, rate is None or rate <= asked) for code, rate, asked in rates if asked is not None
    ]
    return found


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Where a shop stands after a look: its tier, and what the next one asks for."""

    tier: str
    criteria: list[Criterion]


def climb(start: str, card: Measures, *, days: int, violations: int, policy: Policy) -> Outcome:
    """Go up as long as everything is met, never down. Pure."""
    order = policy.probation.order
    place = order.index(start)
    while place + 1 < len(order):
        asked = judge(card, days=days, violations=violations, tier=policy.probation.tier(order[place + 1]))
        if not all(one.met for one in asked):
            return Outcome(order[place], asked)
        place += 1
    return Outcome(order[place], [])


def apply(
    cards: Sequence[Measures],
    *,
    day: dt.date,
    until: dt.datetime,
    policy: Policy,
    at: dt.datetime,
    dry_run: bool = False,
) -> dict[str, int]:
    """Judge these shops for ``day``, move up who has earned it, and write every look down, in one transaction.

    A shop with a look for the day is left alone, so that a run can be stopped and repeated. Returns counts.
    """
    by_shop = {card.shop_id: card for card in cards}
    with transaction.atomic():
        done = set(TierReview.objects.filter(shop__in=by_shop, day=day).values_list("shop_id", flat=True))
        shops = list(
            Shop.objects.filter(pk__in=set(by_shop) - done, status=Shop.Status.ACTIVE)
            .order_by("pk")
            .select_for_update(no_key=True, of=("self",))
        )
        cases = _cases_since(
            [shop.pk for shop in shops], until - dt.timedelta(days=policy.probation.violation_window_days), until
        )
        outcomes = {
            shop.pk: climb(
                shop.tier,
                by_shop[shop.pk],
                days=max(0, (until - shop.approved_at).days) if shop.approved_at else 0,
                violations=cases.get(shop.pk, 0),
                policy=policy,
            )
            for shop in shops
        }
        raised = [shop for shop in shops if outcomes[shop.pk].tier != shop.tier]
        if not dry_run:
            _write(shops, raised, outcomes, day, policy, at)
    return {"raised": len(raised), "unchanged": len(shops) - len(raised)}


def _cases_since(shop_ids: list[int], since: dt.datetime, until: dt.datetime) -> dict[int, int]:
    """Cases that took effect in the window and were not overturned, by shop."""
    rows = Violation.objects.filter(
        shop__in=shop_ids, enforced_at__gte=since, enforced_at__lt=until, status__in=("enforced", "lapsed")
    )
    found: dict[int, int] = {}
    for shop_id in rows.values_list("shop_id", flat=True):
        found[shop_id] = found.get(shop_id, 0) + 1
    return found


def _write(
    shops: list[Shop], raised: list[Shop], outcomes: dict, day: dt.date, policy: Policy, at: dt.datetime
) -> None:
    TierReview.objects.bulk_create(
        [
            TierReview(
                shop_id=shop.pk,
                day=day,
                tier_before=shop.tier,
                tier=outcomes[shop.pk].tier,
                criteria=[dataclasses.asdict(one) for one in outcomes[shop.pk].criteria],
                policy_version_id=policy.version_id,
                reviewed_at=at,
            )
            for shop in shops
        ],
        batch_size=1000,
    )
    for tier in policy.probation.order:
        Shop.objects.filter(pk__in=[shop.pk for shop in raised if outcomes[shop.pk].tier == tier]).update(tier=tier)
    if raised:
        events.record_many(
            "shop.tier_raised",
            by=None,
            at=at,
            shop_ids=[shop.pk for shop in raised],
            subjects=[
                ("shop", shop.code, {"tier_before": shop.tier, "tier": outcomes[shop.pk].tier}) for shop in raised
            ],
        )
