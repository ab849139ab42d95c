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
    """What was measured of one shop: orders delivered in the score's window, orders completed in the evaluation's, and
    the metrics.
    """

    shop_id: int
    delivered: int
    completed: int
    metrics: dict[str, sps.Measured]


#: What orders tell, in one pass over those that fall into any of the windows: (shop, delivered, completed), then counted
#: and due of late dispatch, of the seller's cancellations and of returns.
ORDERS = """
    SELECT o.shop_id,
        count(*) FILTER (WHERE o.delivered_at >= %(score)s AND o.delivered_at < %(until)s),
        count(*) FILTER (WHERE o.completed_at >= %(completed)s AND o.completed_at < %(until)s),
        count(*) FILTER (WHERE to_send.due AND (sent.late OR o.cancelled_at > o.ship_by)),
        count(*) FILTER (WHERE to_send.due),
        count(*) FILTER (WHERE o.paid_at >= %(paid)s AND o.paid_at < %(until)s AND o.cancel_fault = 'seller'),
        count(*) FILTER (WHERE o.paid_at >= %(paid)s AND o.paid_at < %(until)s),
        count(*) FILTER (WHERE o.delivered_at >= %(returned)s AND o.delivered_at < %(until)s AND back.order_id IS NOT NULL),
        count(*) FILTER (WHERE o.delivered_at >= %(returned)s AND o.delivered_at < %(until)s)
    FROM orders_order o
    CROSS JOIN LATERAL (
        SELECT o.ship_by >= %(ship)s AND o.ship_by < %(until)s
            AND (o.cancelled_at IS NULL OR o.cancelled_at > o.ship_by) AS due
    ) AS to_send
    LEFT JOIN LATERAL (
        SELECT true AS late FROM orders_package p
        WHERE to_send.due AND p.shop_id = o.shop_id AND p.order_id = o.id
            AND (p.late_at IS NOT NULL OR p.shipped_at > o.ship_by)
        LIMIT 1
    ) AS sent ON true
    LEFT JOIN (
        SELECT DISTINCT shop_id, order_id FROM orders_returnrequest
        WHERE shop_id = ANY(%(shops)s) AND fault <> 'buyer' AND status NOT IN ('withdrawn', 'refused')
            AND requested_at < %(until)s
    ) AS back ON back.shop_id = o.shop_id AND back.order_id = o.id
    WHERE o.shop_id = ANY(%(shops)s) AND (
        o.delivered_at >= least(%(score)s, %(returned)s) OR o.completed_at >= %(completed)s OR o.ship_by >= %(ship)s
        OR o.paid_at >= %(paid)s)
    GROUP BY o.shop_id"""
ORDER_METRICS = ("late_dispatch", "seller_cancellations", "returns")

#: Other metrics → query for (shop, counted, due) between %(start)s and %(until)s.
RATES = {
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


def measure(shop_ids: Sequence[int], *, until: dt.datetime, policy: Policy) -> dict[int, Card]:
    """Measure these shops at a moment; every shop gets a card, however little is known of it."""
    found: dict[int, dict[str, sps.Measured]] = {shop_id: {} for shop_id in shop_ids}
    counts = dict.fromkeys(shop_ids, (0, 0))
    for shop_id, delivered, completed, *rates in _order_rows(shop_ids, until, policy):
        counts[shop_id] = (delivered, completed)
        for name, counted, due in zip(ORDER_METRICS, rates[::2], rates[1::2], strict=True):
            if due:
                found[shop_id][name] = sps.rate(counted, due)
    for name, query in RATES.items():
        days = getattr(policy.sps.metrics, name).days
        for shop_id, counted, due in _rows(query, shop_ids, until, days):
            found[shop_id][name] = sps.rate(counted, due)
    for shop_id, due, hours in _rows(AFTER_SALES, shop_ids, until, policy.sps.metrics.after_sales_hours.days):
        found[shop_id]["after_sales_hours"] = sps.Measured(due, due, int(hours))
    return {shop_id: Card(shop_id, *counts[shop_id], metrics) for shop_id, metrics in found.items()}


def monthly(shop_ids: Sequence[int], *, until: dt.datetime, policy: Policy) -> dict[int, Scorecard]:
    """The scorecards of the monthly evaluation: the score at the month's end, and what the criteria ask for."""
    cards = measure(shop_ids, until=until, policy=policy)
    return {
        shop_id: Scorecard(
            shop_id=shop_id,
            completed_orders=card.completed,
            delivered_orders=card.delivered,
            sps_tenths=sps.score(policy.sps, card.metrics, card.delivered).sps_tenths,
            metrics={name: measured.value for name, measured in card.metrics.items()},
        )
        for shop_id, card in cards.items()
    }


def _order_rows(shop_ids: Sequence[int], until: dt.datetime, policy: Policy) -> list[tuple]:
    metrics = policy.sps.metrics
    days = {
        "score": policy.sps.window_days,
        "completed": policy.eligibility.window_days,
        "ship": metrics.late_dispatch.days,
        "paid": metrics.seller_cancellations.days,
        "returned": metrics.returns.days,
    }
    windows = {name: until - dt.timedelta(days=number) for name, number in days.items()}
    with connection.cursor() as cursor:
        cursor.execute(ORDERS, {"shops": list(shop_ids), "until": until, **windows})
        return cursor.fetchall()


def _rows(query: str, shop_ids: Sequence[int], until: dt.datetime, days: int) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"shops": list(shop_ids), "until": until, "start": until - dt.timedelta(days=days)})
        return cursor.fetchall()
