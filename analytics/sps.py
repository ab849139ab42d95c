"""The Shop Performance Score: measured rates to points, points to a score. Pure arithmetic (rulebook §2).

Rates are basis points (1 % = 100), hours are whole hours, points are hundredths (5.00 → 500), the score is tenths.
Nothing is ever read as zero because it was not measured: it is None, and its weight goes to the others.
"""

import dataclasses
from collections.abc import Mapping

from shops.policy import Metric, Sps

#: The order in which metrics are shown.
METRICS = (
    "negative_reviews",
    "returns",
    "seller_cancellations",
    "late_dispatch",
    "messages_answered",
    "after_sales_hours",
)

BEST_POINTS = 500


@dataclasses.dataclass(frozen=True)
class Measured:
    """One metric of one shop: how many cases counted out of how many due, or a number of hours.

    ``value`` is the rate in basis points, or hours for ``after_sales_hours``; None when nothing was due.
    """

    counted: int
    due: int
    value: int | None


def rate(counted: int, due: int) -> Measured:
    """A rate in basis points, half-up; nothing due → not measured."""
    return Measured(counted, due, (counted * 10_000 * 2 + due) // (2 * due) if due else None)


def points(metric: Metric, value: int) -> int:
    """0–500 hundredths on the line between the policy's best and worst value, clipped at both ends."""
    best = metric.best_bp if metric.best_bp is not None else metric.best_hours
    worst = metric.worst_bp if metric.worst_bp is not None else metric.worst_hours
    if best is None or worst is None or best == worst:
        raise ValueError("a metric needs two different ends of its line")
    share = BEST_POINTS * (worst - value) * 2 + abs(worst - best) if worst > best else None
    if share is not None:
        return max(0, min(BEST_POINTS, share // (2 * (worst - best))))
    rising = BEST_POINTS * (value - worst) * 2 + (best - worst)
    return max(0, min(BEST_POINTS, rising // (2 * (best - worst))))


@dataclasses.dataclass(frozen=True)
class Part:
    """One metric's share in a score: its points, and its weight after rescaling to the measured ones."""

    name: str
    measured: Measured
    points: int | None
    weight_bp: int


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The score in tenths (None: too little measured), why not if not, and its parts in the order shown."""

    sps_tenths: int | None
    reason: str
    parts: tuple[Part, ...]


def score(rules: Sps, measured: Mapping[str, Measured], delivered: int) -> Verdict:
    """The score of a shop. Too few deliveries or too few measured metrics give *none*, with the reason."""
    values = {name: measured.get(name, Measured(0, 0, None)) for name in METRICS}
    known = [name for name in METRICS if values[name].value is not None]
    total_weight = sum(getattr(rules.metrics, name).weight_bp for name in known)
    parts = tuple(_part(rules, name, values[name], total_weight) for name in METRICS)
    if delivered < rules.least_delivered_orders:
        return Verdict(None, "few_orders", parts)
    if len(known) < rules.least_metrics:
        return Verdict(None, "few_metrics", parts)
    weighted = sum(part.points * part.weight_bp for part in parts if part.points is not None)
    weights = sum(part.weight_bp for part in parts if part.points is not None)
    return Verdict((weighted * 2 + weights * 10) // (weights * 20), "", parts)


def _part(rules: Sps, name: str, measured: Measured, total_weight: int) -> Part:
    metric: Metric = getattr(rules.metrics, name)
    if measured.value is None:
        return Part(name, measured, None, 0)
    return Part(name, measured, points(metric, measured.value), metric.weight_bp * 10_000 // total_weight)


def what_if(rules: Sps, parts: Mapping[str, Mapping], delivered: int, changed: Mapping[str, int]) -> Verdict:
    """The score that these values would give (basis points, or hours), all else as it was measured in ``parts``."""
    measured = {name: Measured(**part["measured"]) for name, part in parts.items()}
    for name, value in changed.items():
        measured[name] = dataclasses.replace(measured[name], value=value)
    return score(rules, measured, delivered)
