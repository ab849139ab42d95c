"""The nightly look at probation tiers: measured here for thousands of shops at once, judged on floor 1.

Scores and rates are those of ``analytics.models.Score`` for the same day, so this runs after ``score_shops``.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from django.db import connection

from analytics.models import Score
from seller_center.kernel.calendar import day_period
from seller_center.kernel.errors import Invalid
from shops import tiers
from shops.batches import batch_run
from shops.models import Market, Shop, TierReview
from shops.policy import Policy
from shops.policy_book import policy_for

CHUNK = 2_000

LIVE = """
    SELECT shop_id, count(*) FROM catalog_product
    WHERE shop_id = ANY(%(shops)s) AND status = 'live' GROUP BY shop_id"""

DELIVERED = """
    SELECT shop_id, count(*), count(DISTINCT buyer_id) FROM orders_order
    WHERE shop_id = ANY(%(shops)s) AND delivered_at < %(until)s GROUP BY shop_id"""


def move_ended_days(*, at: dt.datetime) -> None:
    """The clock's call: the day that ended last, in every market; a repeat finds nothing left to do."""
    for market in Market.objects.order_by("code"):
        day = at.astimezone(ZoneInfo(market.zone)).date() - dt.timedelta(days=1)
        if _unseen(market, day, day_period(day, market.zone).end).exists():
            move_tiers(market=market, day=day, at=at)


def move_tiers(*, market: Market, day: dt.date, at: dt.datetime, dry_run: bool = False) -> dict[str, int]:
    """Look at every shop of a market that is not at the top yet, for a day that has ended; returns counts."""
    until = day_period(day, market.zone).end
    if until > at:
        raise Invalid(f"{day} has not ended in {market.zone} yet.", field="day")
    policy = policy_for(market.code, until)
    if dry_run:
        return _run(market, day, until, policy, at, lambda counts: None, dry_run=True)
    with batch_run("tiers", f"{market.code} {day}", at=at) as run:

        def note(counts: dict[str, int]) -> None:
            for name, number in counts.items():
                run.count(name, number)
            run.beat()

        return _run(market, day, until, policy, at, note)


def _run(market: Market, day: dt.date, until: dt.datetime, policy: Policy, at: dt.datetime, note, *, dry_run=False):
    total: dict[str, int] = {"raised": 0, "unchanged": 0}
    for ids in _chunks(_unseen(market, day, until)):
        cards = measure(ids, day=day, until=until, policy=policy)
        counts = tiers.apply(cards, day=day, until=until, policy=policy, at=at, dry_run=dry_run)
        note(counts)
        total = {name: total[name] + counts[name] for name in total}
    return total


def _unseen(market: Market, day: dt.date, until: dt.datetime):
    """Shops below the top tier that were open when the day ended and that nobody has looked at for it."""
    top = policy_for(market.code, until).probation.order[-1]
    seen = TierReview.objects.filter(day=day).values("shop")
    rows = Shop.objects.active().filter(market=market, approved_at__lt=until).exclude(tier=top)
    return rows.exclude(pk__in=seen)


def _chunks(rows) -> Iterator[list[int]]:
    last = 0
    while ids := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        yield ids
        last = ids[-1]


def measure(shop_ids: Sequence[int], *, day: dt.date, until: dt.datetime, policy: Policy) -> list[tiers.Measures]:
    """What the tiers ask of these shops, in three queries."""
    live = dict(_rows(LIVE, shop_ids, until))
    delivered = {shop_id: (orders, buyers) for shop_id, orders, buyers in _rows(DELIVERED, shop_ids, until)}
    scores = {row.shop_id: row for row in Score.objects.filter(shop__in=shop_ids, day=day)}
    least = policy.violations.rates_need_orders
    return [
        tiers.Measures(
            shop_id=shop_id,
            live_listings=live.get(shop_id, 0),
            delivered_orders=delivered.get(shop_id, (0, 0))[0],
            buyers=delivered.get(shop_id, (0, 0))[1],
            sps_tenths=scores[shop_id].sps_tenths if shop_id in scores else None,
            late_dispatch_bp=_rate(scores.get(shop_id), "late_dispatch", least),
            seller_cancel_bp=_rate(scores.get(shop_id), "seller_cancellations", least),
        )
        for shop_id in shop_ids
    ]


def _rate(score: Score | None, name: str, least: int) -> int | None:
    """A rate of the day's score, if enough was due for it to decide anything (model.md §7)."""
    measured = ((score.metrics.get(name) if score else None) or {}).get("measured") or {}
    return measured.get("value") if measured.get("due", 0) >= least else None


def _rows(query: str, shop_ids: Sequence[int], until: dt.datetime) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"shops": list(shop_ids), "until": until})
        return cursor.fetchall()
