"""Scoring and evaluating shops in bounded chunks: measured here, judged on floor 1 (architecture.md §6).

A run takes shops that have no result for the period yet; that is the whole resume logic. A chunk is measured by a
handful of set-based queries and written in one transaction, so a run may be stopped anywhere.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from django.db import transaction

from analytics import scorecard, sps
from analytics.models import Score
from seller_center.kernel.bulk import insert_many
from seller_center.kernel.calendar import day_period, month_period
from seller_center.kernel.errors import Invalid
from shops import eligibility
from shops.batches import Run, batch_run
from shops.models import EligibilityReview, Market, Shop
from shops.policy import Policy
from shops.policy_book import policy_for

#: Shops measured and judged per transaction: bounds memory and the time locks are held.
CHUNK = 2_000


class MonthNotOver(Invalid):
    """A month can be judged only when it has ended in the market's zone."""


def review_ended_months(*, at: dt.datetime) -> None:
    """The clock's call: the month that ended last, in every market; a repeat finds nothing left to do."""
    for market in Market.objects.order_by("code"):
        month = last_ended_month(market.zone, at)
        if _unreviewed(market.code, month).exists():
            review_month(market=market, month=month, at=at)


def last_ended_month(zone: str, at: dt.datetime) -> dt.date:
    """The first day of the last month that has ended in a zone."""
    first = at.astimezone(ZoneInfo(zone)).date().replace(day=1)
    return (first - dt.timedelta(days=1)).replace(day=1)


def review_month(
    *,
    market: Market,
    month: dt.date,
    at: dt.datetime,
    shop_code: str = "",
    again: bool = False,
    dry_run: bool = False,
) -> dict[str, int]:
    """Evaluate the shops of a market for a month; returns counts by outcome.

    ``shop_code`` limits it to one shop; ``again`` writes superseding reviews; ``dry_run`` only judges and counts.
    Raises ``MonthNotOver`` for a month that has not ended in the market's zone, ``AlreadyRunning`` where another
    process is at it.
    """
    period = month_period(month.year, month.month, market.zone)
    if period.end > at:
        raise MonthNotOver(f"{month:%Y-%m} has not ended in {market.zone} yet.", field="month")
    policy = policy_for(market.code, period.end)
    if dry_run:
        return _dry_review(market, month, policy, period.end, shop_code, again)
    name = f"{market.code} {month:%Y-%m}" + (f" {shop_code}" if shop_code else "") + (" again" if again else "")
    with batch_run("eligibility", name, at=at) as run:
        for ids in _review_chunks(market.code, month, shop_code, again):
            cards = list(scorecard.monthly(ids, until=period.end, policy=policy).values())
            counts = eligibility.apply_verdicts(cards, month=month, policy=policy, at=at, again=again)
            _count(run, counts)
    return run.row.counts


def _count(run: Run, counts: dict[str, int]) -> None:
    for name, number in counts.items():
        run.count(name, number)
    run.beat()


def _dry_review(
    market: Market, month: dt.date, policy: Policy, until: dt.datetime, shop_code: str, again: bool
) -> dict:
    counts = {"eligible": 0, "not_eligible": 0}
    for ids in _review_chunks(market.code, month, shop_code, again):
        held = eligibility.standings(ids, until)
        for card in scorecard.monthly(ids, until=until, policy=policy).values():
            met = all(one.met for one in eligibility.judge(card, held[card.shop_id], policy))
            counts["eligible" if met else "not_eligible"] += 1
    return counts


def _evaluated(market: str):
    """Shops that are evaluated: everybody who was let in and is not the platform itself."""
    return Shop.objects.filter(market_id=market, is_platform=False, approved_at__isnull=False)


def _unreviewed(market: str, month: dt.date):
    done = EligibilityReview.objects.standing().filter(month=month).values("shop")
    until = month_period(month.year, month.month, Market.objects.get(pk=market).zone).end
    return _evaluated(market).filter(approved_at__lt=until).exclude(pk__in=done)


def _review_chunks(market: str, month: dt.date, shop_code: str, again: bool) -> Iterator[list[int]]:
    rows = _evaluated(market) if again else _unreviewed(market, month)
    if shop_code:
        rows = rows.filter(code=shop_code)
    yield from _chunks(rows)


def _chunks(rows) -> Iterator[list[int]]:
    """Primary keys in ascending chunks, without holding a cursor open over commits."""
    last = 0
    while ids := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        yield ids
        last = ids[-1]


def score_ended_days(*, at: dt.datetime) -> None:
    """The clock's call: score every market for the day that ended last in its zone."""
    for market in Market.objects.order_by("code"):
        day = at.astimezone(ZoneInfo(market.zone)).date() - dt.timedelta(days=1)
        if _unscored(market.code, day).exists():
            score_day(market=market, day=day, at=at)


def _unscored(market: str, day: dt.date):
    return _evaluated(market).exclude(pk__in=Score.objects.filter(day=day).values("shop"))


def score_day(*, market: Market, day: dt.date, at: dt.datetime, dry_run: bool = False) -> dict[str, int]:
    """Measure the Shop Performance Score of all shops of a market at the end of a day; returns counts."""
    until = day_period(day, market.zone).end
    if until > at:
        raise Invalid(f"{day} has not ended in {market.zone} yet.", field="day")
    policy = policy_for(market.code, until)
    if dry_run:
        return {"to_score": sum(len(ids) for ids in _chunks(_unscored(market.code, day)))}
    with batch_run("score", f"{market.code} {day}", at=at) as run:
        for ids in _chunks(_unscored(market.code, day)):
            verdicts = _verdicts(ids, until, policy)
            with transaction.atomic():
                _keep_scores(verdicts, day, policy, at)
            scored = sum(verdict.sps_tenths is not None for _card, verdict in verdicts)
            _count(run, {"scored": scored, "shops": len(verdicts)})
    return run.row.counts


def _verdicts(ids: list[int], until: dt.datetime, policy: Policy) -> list[tuple[scorecard.Card, sps.Verdict]]:
    cards = scorecard.measure(ids, until=until, policy=policy).values()
    return [(card, sps.score(policy.sps, card.metrics, card.delivered)) for card in cards]


def _keep_scores(
    verdicts: Sequence[tuple[scorecard.Card, sps.Verdict]], day: dt.date, policy: Policy, at: dt.datetime
) -> None:
    """One INSERT. A shop that has its score of the day keeps it."""
    insert_many(
        Score,
        same={"day": day, "policy_version": policy.version_id, "measured_at": at},
        each={
            "shop": [card.shop_id for card, _verdict in verdicts],
            "sps_tenths": [verdict.sps_tenths for _card, verdict in verdicts],
            "delivered_count": [card.delivered for card, _verdict in verdicts],
            "metrics": [
                {part.name: {**vars(part), "measured": vars(part.measured)} for part in verdict.parts}
                for _card, verdict in verdicts
            ],
        },
        once=("shop", "day"),
    )
