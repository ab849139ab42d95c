"""Verdicts on standing: what a scorecard means under a policy, and writing it down for many shops at once.

Analytics measures and calls down with ``Scorecard`` values; here nothing is measured but what this floor owns
(probation, violations, whether the shop is active). The rules stand in rulebook §2, "Monthly eligibility evaluation".
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.bulk import insert_many
from shops import events
from shops.models import EligibilityReview, Shop, Violation
from shops.policy import Policy

#: What each criterion is called on the screen, and how a shop gets there.
CRITERIA = {
    "sps": (_("Shop Performance Score"), _("Ship on time, answer within a day and avoid cancellations of your own.")),
    "probation": (_("Probation passed"), _("Reach the tier “Pro”.")),
    "violation_points": (
        _("Violation points"),
        _("Points lapse by themselves; open cases can be corrected or appealed."),
    ),
    "fraud": (_("Fraud-related violations"), _("A won appeal removes the case.")),
    "completed_orders": (_("Completed orders in the past 30 days"), _("Orders count seven days after delivery.")),
    "active": (_("Shop active"), _("An open shop counts; a closed one does not.")),
}


@dataclasses.dataclass(frozen=True)
class Scorecard:
    """What was measured of one shop for a month. ``sps_tenths`` None: too little to score, which is not zero."""

    shop_id: int
    completed_orders: int
    delivered_orders: int
    sps_tenths: int | None
    metrics: dict[str, int | None]


@dataclasses.dataclass(frozen=True)
class Standing:
    """What this floor knows of a shop when it is judged."""

    tier: str
    active: bool
    violation_points: int
    fraud_violations: int


@dataclasses.dataclass(frozen=True)
class Criterion:
    """One line of the table: the value, what is asked, and whether it is met. None: not measured, which is not met."""

    code: str
    value: int | str | None
    threshold: int | str
    met: bool


def judge(card: Scorecard, standing: Standing, policy: Policy) -> list[Criterion]:
    """The table of criteria for one shop. Pure: all of it follows from the arguments."""
    rules = policy.eligibility
    least, most = rules.least_sps_tenths, rules.violation_points_at_most
    return [
        Criterion("sps", card.sps_tenths, least, card.sps_tenths is not None and card.sps_tenths >= least),
        Criterion("probation", standing.tier, "pro", standing.tier == Shop.Tier.PRO),
        Criterion("violation_points", standing.violation_points, most, standing.violation_points <= most),
        Criterion(
            "fraud",
            standing.fraud_violations,
            rules.fraud_violations_at_most,
            standing.fraud_violations <= rules.fraud_violations_at_most,
        ),
        Criterion(
            "completed_orders",
            card.completed_orders,
            rules.least_completed_orders,
            card.completed_orders >= rules.least_completed_orders,
        ),
        Criterion("active", "yes" if standing.active else "no", "yes", standing.active),
    ]


def standings(shop_ids: Sequence[int], at: dt.datetime) -> dict[int, Standing]:
    """What this floor knows of these shops, in two queries."""
    counting = Violation.objects.filter(shop_id__in=shop_ids).counting(at)
    points = dict(counting.order_by().values_list("shop_id").annotate(Sum("points")))
    fraud: dict[int, int] = {}
    for shop_id in counting.filter(fraud_related=True).values_list("shop_id", flat=True):
        fraud[shop_id] = fraud.get(shop_id, 0) + 1
    return {
        pk: Standing(tier, status == Shop.Status.ACTIVE, points.get(pk, 0), fraud.get(pk, 0))
        for pk, tier, status in Shop.objects.filter(pk__in=shop_ids).values_list("pk", "tier", "status")
    }


def apply_verdicts(
    cards: Sequence[Scorecard], *, month: dt.date, policy: Policy, at: dt.datetime, again: bool = False
) -> dict[str, int]:
    """Judge these shops for ``month`` and write it down, in one transaction. Returns counts by outcome.

    A shop that has a standing review for the month is left alone, unless ``again``: then the new review supersedes
    it. Each review is an event, whose reaction tells the owner the numbers that decided.
    """
    with transaction.atomic():
        held = standings([card.shop_id for card in cards], at)
        standing_rows = EligibilityReview.objects.standing().filter(
            month=month, shop_id__in=[card.shop_id for card in cards]
        )
        if again:
            standing_rows.update(superseded_at=at)
            reviewed: set[int] = set()
        else:
            reviewed = set(standing_rows.values_list("shop_id", flat=True))
        fresh = [card for card in cards if card.shop_id not in reviewed and card.shop_id in held]
        verdicts = [_Verdict(card, judge(card, held[card.shop_id], policy)) for card in fresh]
        _keep(verdicts, month, policy, at)
        _set_programme([one.card.shop_id for one in verdicts if one.eligible], eligible=True)
        _set_programme([one.card.shop_id for one in verdicts if not one.eligible], eligible=False)
        _record(verdicts, month, at)
    eligible = sum(one.eligible for one in verdicts)
    return {"eligible": eligible, "not_eligible": len(verdicts) - eligible, "already_reviewed": len(reviewed)}


@dataclasses.dataclass(frozen=True, slots=True)
class _Verdict:
    card: Scorecard
    criteria: list[Criterion]

    @property
    def eligible(self) -> bool:
        return all(one.met for one in self.criteria)


def _keep(verdicts: Sequence[_Verdict], month: dt.date, policy: Policy, at: dt.datetime) -> None:
    insert_many(
        EligibilityReview,
        same={"month": month, "policy_version": policy.version_id, "reviewed_at": at},
        each={
            "shop": [one.card.shop_id for one in verdicts],
            "eligible": [one.eligible for one in verdicts],
            # flat: a deep copy would cost more than the judgement
            "criteria": [[vars(line) for line in one.criteria] for one in verdicts],
            "scorecard": [vars(one.card) for one in verdicts],
        },
    )


def _set_programme(shop_ids: Sequence[int], *, eligible: bool) -> None:
    Shop.objects.filter(pk__in=shop_ids).exclude(programme_eligible=eligible).update(programme_eligible=eligible)


def _record(verdicts: Sequence[_Verdict], month: dt.date, at: dt.datetime) -> None:
    if not verdicts:
        return
    word = f"{month:%Y-%m}"
    events.record_many(
        "eligibility.reviewed",
        by=None,
        at=at,
        shop_ids=[one.card.shop_id for one in verdicts],
        subjects=[
            (
                "eligibility",
                word,
                {
                    "month": word,
                    "outcome": "eligible" if one.eligible else "not eligible",
                    "missed": [line.code for line in one.criteria if not line.met],
                },
            )
            for one in verdicts
        ],
    )
