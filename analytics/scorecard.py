"""Measuring shops: a handful of set-based queries for any number of shops (rulebook §2, "Shop Performance Score").

Each query gives (shop, counted, due) for a half-open window that ends at ``until``. What has no source yet, or nothing
due, stays unmeasured; it is never read as zero.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.db import connection

from analytics import sps
from shops.eligibility import Scorecard
from shops.policy import Policy


@dataclasses.dataclass(frozen=True)
class Card:
    """What was measured of one shop: orders delivered in the score's window, and its metrics."""

    shop_id: int
    delivered: int
    metrics: dict[str, sps.Measured]


#: Metric → query for (shop, counted, due) between %(start)s and %(until)s.
RATES = {
    "late_dispatch": """
        SELECT o.shop_id, count(*) FILTER (WHERE late.hit), count(*)
        FROM orders_order o
        CROSS JOIN LATERAL (
            SELECT coalesce(bool_or(p.late_at IS NOT NULL OR p.shipped_at > o.ship_by), false)
                   OR coalesce(o.cancelled_at > o.ship_by, false) AS hit
            FROM orders_package p WHERE p.shop_id = o.shop_id AND p.order_id = o.id
        ) late
        WHERE o.shop_id = ANY(%(shops)s) AND o.ship_by >= %(start)s AND o.ship_by < %(until)s
          AND (o.cancelled_at IS NULL OR o.cancelled_at > o.ship_by)
        GROUP BY o.shop_id""",
    "seller_cancellations": """
        SELECT shop_id, count(*) FILTER (WHERE cancel_fault = 'seller'), count(*)
        FROM orders_order
        WHERE shop_id = ANY(%(shops)s) AND paid_at >= %(start)s AND paid_at < %(until)s
        GROUP BY shop_id""",
    "returns": """
        SELECT o.shop_id, count(r.order_id), count(*)
        FROM orders_order o
        LEFT JOIN (
            SELECT DISTINCT shop_id, order_id FROM orders_returnrequest
            WHERE shop_id = ANY(%(shops)s) AND fault <> 'buyer' AND status NOT IN ('withdrawn', 'refused')
              AND requested_at < %(until)s
        ) r ON r.shop_id = o.shop_id AND r.order_id = o.id
        WHERE o.shop_id = ANY(%(shops)s) AND o.delivered_at >= %(start)s AND o.delivered_at < %(until)s
        GROUP BY o.shop_id""",
    "negative_reviews": """
        SELECT shop_id, count(*) FILTER (WHERE first_stars <= 2), count(*)
        FROM support_review
        WHERE shop_id = ANY(%(shops)s) AND at >= %(start)s AND at < %(until)s AND status = 'published'
        GROUP BY shop_id""",
    "messages_answered": """
        SELECT shop_id, count(*) FILTER (WHERE ended_as = 'met'), count(*)
        FROM shops_deadline
        WHERE shop_id = ANY(%(shops)s) AND kind = 'message.answer'
          AND ended_at >= %(start)s AND ended_at < %(until)s AND ended_as <> 'void'
        GROUP BY shop_id""",
}

AFTER_SALES = """
    SELECT shop_id, count(*), round(avg(extract(epoch FROM decided_at - requested_at)) / 3600)
    FROM orders_returnrequest
    WHERE shop_id = ANY(%(shops)s) AND decided_at >= %(start)s AND decided_at < %(until)s
    GROUP BY shop_id"""

DELIVERED = """
    SELECT shop_id, count(*) FROM orders_order
    WHERE shop_id = ANY(%(shops)s) AND delivered_at >= %(start)s AND delivered_at < %(until)s
    GROUP BY shop_id"""

COMPLETED = """
    SELECT shop_id, count(*) FROM orders_order
    WHERE shop_id = ANY(%(shops)s) AND completed_at >= %(start)s AND completed_at < %(until)s
    GROUP BY shop_id"""


def measure(shop_ids: Sequence[int], *, until: dt.datetime, policy: Policy) -> dict[int, Card]:
    """Measure these shops at a moment; every shop gets a card, however little is known of it."""
    found: dict[int, dict[str, sps.Measured]] = {shop_id: {} for shop_id in shop_ids}
    for name, query in RATES.items():
        days = getattr(policy.sps.metrics, name).days
        for shop_id, counted, due in _rows(query, shop_ids, until, days):
            found[shop_id][name] = sps.rate(counted, due)
    for shop_id, due, hours in _rows(AFTER_SALES, shop_ids, until, policy.sps.metrics.after_sales_hours.days):
        found[shop_id]["after_sales_hours"] = sps.Measured(due, due, int(hours))
    delivered = dict(_rows(DELIVERED, shop_ids, until, policy.sps.window_days))
    return {shop_id: Card(shop_id, delivered.get(shop_id, 0), metrics) for shop_id, metrics in found.items()}


def monthly(shop_ids: Sequence[int], *, until: dt.datetime, policy: Policy) -> dict[int, Scorecard]:
    """The scorecards of the monthly evaluation: the score at the month's end, and what the criteria ask for."""
    completed = dict(_rows(COMPLETED, shop_ids, until, policy.eligibility.window_days))
    cards = measure(shop_ids, until=until, policy=policy)
    return {
        shop_id: Scorecard(
            shop_id=shop_id,
            completed_orders=completed.get(shop_id, 0),
            delivered_orders=card.delivered,
            sps_tenths=sps.score(policy.sps, card.metrics, card.delivered).sps_tenths,
            metrics={name: measured.value for name, measured in card.metrics.items()},
        )
        for shop_id, card in cards.items()
    }


def _rows(query: str, shop_ids: Sequence[int], until: dt.datetime, days: int) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"shops": list(shop_ids), "until": until, "start": until - dt.timedelta(days=days)})
        return cursor.fetchall()
