"""What deeds leave behind: events, deadlines, visits, figures by the hour, reviews."""

from analytics.models import HourlyFigure, Visit
from seller_center.seeding.cast import SeededMarket
from seller_center.seeding.loading import insert
from shops.deadline_kinds import KINDS
from shops.models import Deadline, ShopEvent
from support.models import Review

#: Kind, subject, when (null: did not happen), facts.
EVENTS = (
    (
        "order.placed",
        "order",
        "placed_at",
        "jsonb_build_object('channel', channel, 'external_number', 'basket-' || n, 'unit_count', units,"
        " 'total_minor', total, 'currency', 'USD')",
    ),
    (
        "order.paid",
        "order",
        "paid_at",
        "jsonb_build_object('captured_minor', total, 'currency', 'USD', 'ship_by', ship_by)",
    ),
    (
        "order.opened",
        "order",
        "CASE WHEN status IN ('open', 'completed') THEN cooling_off_until END",
        "jsonb_build_object('package_codes', jsonb_build_array(code || '-1'))",
    ),
    (
        "order.cancelled",
        "order",
        "cancelled_at",
        "jsonb_build_object('reason', CASE WHEN paid_at IS NULL THEN 'unpaid' ELSE 'out_of_stock' END, 'reason_words',"
        " CASE WHEN paid_at IS NULL THEN 'Not paid in time' ELSE 'Out of stock' END, 'fault',"
        " CASE WHEN paid_at IS NULL THEN 'buyer' ELSE 'seller' END, 'was_paid', paid_at IS NOT NULL, 'refunded_minor',"
        " CASE WHEN paid_at IS NULL THEN 0 ELSE total END, 'currency', 'USD')",
    ),
    (
        "package.shipped",
        "package",
        "shipped_at",
        "jsonb_build_object('order_code', code, 'carrier', 'sandbox', 'tracking_number', tracking,"
        " 'in_time', shipped_at <= ship_by)",
    ),
    (
        "package.late",
        "package",
        "CASE WHEN status IN ('open', 'completed') THEN late_at END",
        "jsonb_build_object('order_code', code, 'ship_by', ship_by)",
    ),
    (
        "package.delivered",
        "package",
        "delivered_at",
        "jsonb_build_object('order_code', code, 'carrier', 'sandbox', 'place', 'Springfield')",
    ),
    ("order.completed", "order", "completed_at", "jsonb_build_object('delivered_at', delivered_at)"),
)

#: Kind, subject, set, due, kept at, void at. A clock that was neither kept nor void by its end was missed.
DEADLINES = (
    ("order.payment", "order", "placed_at", "pay_by", "paid_at", "NULL"),
    ("order.cooling_off", "order", "paid_at", "cooling_off_until", "cooling_off_until", "NULL"),
    ("order.ship_by", "order", "paid_at", "ship_by", "shipped_at", "cancelled_at"),
    ("order.auto_cancel", "order", "paid_at", "auto_cancel_at", "shipped_at", "cancelled_at"),
    (
        "package.collect_by",
        "package",
        "shipped_at",
        "greatest(ship_by, shipped_at) + interval '48 hours'",
        "collected_at",
        "NULL",
    ),
    ("package.deliver_by", "package", "shipped_at", "shipped_at + interval '5 days'", "delivered_at", "NULL"),
    ("order.complete", "order", "delivered_at", "delivered_at + %(complete_time)s", "completed_at", "NULL"),
)
WARNED = ("order.ship_by",)


def load(market: SeededMarket) -> None:
    """Events count as delivered: nobody is to be told of them."""
    params = market.params
    for kind, subject, moment, facts in EVENTS:
        _event(kind, subject, moment, facts, params)
    for row in DEADLINES:
        _deadline(*row, params)
    _visits()
    _figures()
    _reviews(params)


def _code(subject: str) -> str:
    return "code" if subject == "order" else "code || '-1'"


def _event(kind: str, subject: str, moment: str, facts: str, params: dict) -> None:
    insert(
        ShopEvent,
        {
            "shop_id": "shop_id",
            "kind": f"'{kind}'",
            "subject_kind": f"'{subject}'",
            "subject_code": _code(subject),
            "at": moment,
            "facts": facts,
            "delivered_at": moment,
        },
        f"seed_order JOIN seed_sum USING (n) WHERE {moment} IS NOT NULL ORDER BY n",
        params,
    )


def _deadline(kind: str, subject: str, set_at: str, due: str, kept: str, void: str, params: dict) -> None:
    # Kept in time, void before its end, missed at its end; else it runs. The sweep would have done the same.
    source = f"""
        (SELECT o.*, o.code AS order_code, due, CASE WHEN kept > %(now)s THEN NULL ELSE kept END AS kept, void
         FROM seed_order o CROSS JOIN LATERAL (
             SELECT {due} AS due, {kept} AS kept, ({void})::timestamptz AS void
         ) AS x WHERE {set_at} IS NOT NULL ORDER BY n) AS o
        CROSS JOIN LATERAL (SELECT CASE WHEN kept <= due THEN 'met' WHEN void <= due THEN 'void'
            WHEN due <= %(now)s THEN 'missed' ELSE '' END AS ended_as) AS y
    """
    warned = kind in WARNED
    insert(
        Deadline,
        {
            "shop_id": "shop_id",
            "kind": f"'{kind}'",
            "subject_kind": f"'{subject}'",
            "subject_code": _code(subject),
            "label": _code(subject),
            "area": f"'{KINDS[kind].area}'",
            "due_at": "due",
            "next_check_at": "CASE WHEN due - interval '24 hours' > %(now)s THEN due - interval '24 hours' ELSE due END"
            if warned
            else "due",
            "warn_hours": "ARRAY[24]::smallint[]" if warned else "ARRAY[]::smallint[]",
            "policy_version_id": "%(policy)s",
            "set_at": set_at,
            "ended_at": "CASE ended_as WHEN 'met' THEN kept WHEN 'void' THEN void WHEN 'missed' THEN due END",
            "ended_as": "ended_as",
        },
        source,
        params,
    )


def _visits() -> None:
    """Every second order came from a visit that is known."""
    insert(
        Visit,
        {
            "shop_id": "o.shop_id",
            "code": "o.visit_code",
            "source": "o.source",
            "landing": "'/'",
            "at": "o.placed_at - interval '9 minutes'",
            "last_at": "o.placed_at",
            "page_count": "4",
            "basket_at": "o.placed_at - interval '5 minutes'",
            "checkout_at": "o.placed_at - interval '2 minutes'",
            "order_code": "o.code",
        },
        "orders_order o WHERE o.visit_code <> '' ORDER BY o.id",
    )


def _figures() -> None:
    insert(
        HourlyFigure,
        {
            "shop_id": "shop_id",
            "hour": "hour",
            "order_count": "sum(orders)",
            "unit_count": "sum(units)",
            "gross_minor": "sum(gross)",
            "discount_minor": "sum(discount)",
            "cancelled_count": "sum(cancelled)",
            "cancelled_minor": "sum(cancelled_minor)",
            "visit_count": "sum(visits)",
        },
        """(
            SELECT shop_id, date_trunc('hour', paid_at) AS hour, 1 AS orders, unit_count AS units, goods_minor AS gross,
                seller_discount_minor AS discount, 0 AS cancelled, 0 AS cancelled_minor, 0 AS visits
            FROM orders_order WHERE paid_at IS NOT NULL
            UNION ALL
            SELECT shop_id, date_trunc('hour', cancelled_at), 0, 0, 0, 0, 1, goods_minor - seller_discount_minor, 0
            FROM orders_order WHERE paid_at IS NOT NULL AND cancelled_at IS NOT NULL
            UNION ALL
            SELECT shop_id, date_trunc('hour', at), 0, 0, 0, 0, 0, 0, 1 FROM analytics_visit
        ) AS facts GROUP BY shop_id, hour ORDER BY shop_id, hour""",
    )


def _reviews(params: dict) -> None:
    """One in ten completed orders was reviewed, mostly well."""
    insert(
        Review,
        {
            "shop_id": "o.shop_id",
            "code": "pg_temp.code(o.n)",
            "order_id": "o.n",
            "line_id": "l.id",
            "product_id": "l.product_id",
            "buyer_id": "ordered.buyer_id",
            "author": "'Buyer'",
            "stars": "5 - (pg_temp.pick(o.n, 52, 30) / 25)::int * 4",
            "first_stars": "5 - (pg_temp.pick(o.n, 52, 30) / 25)::int * 4",
            "body": "'As described.'",
            "at": "least(o.delivered_at + interval '3 days', %(now)s)",
        },
        "seed_order o JOIN seed_line l ON l.n = o.n AND l.k = 1 JOIN orders_order ordered ON ordered.id = o.n"
        " WHERE o.completed_at IS NOT NULL AND pg_temp.pick(o.n, 51, 10) = 0 ORDER BY o.n",
        params,
    )
