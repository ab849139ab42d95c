"""The books: earnings, fees, postings with their running balances, weekly payouts and statements (INV7–INV13).

The postings are those that ``payouts.earning``, ``payouts.settlement`` and ``payouts.drafting`` would have written.
"""

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import connection

from payouts.models import (
    BankMovement,
    Earning,
    EarningLine,
    Entry,
    FeeLine,
    Payout,
    PayoutBatch,
    Reversal,
    Statement,
    Transaction,
)
from seller_center.seeding.cast import SeededMarket
from seller_center.seeding.loading import insert, run

#: One row per entry. ``rank`` orders what happened at the same moment.
POSTINGS = """
CREATE TEMPORARY TABLE seed_posting (
    shop_id bigint, kind text, source_kind text, source_code text, order_id bigint, at timestamptz, rank int,
    account_kind text, amount bigint, part text, place int
) ON COMMIT DROP
"""

CAPTURED = """
INSERT INTO seed_posting
SELECT o.shop_id, 'capture', 'order', o.code, o.n, o.paid_at, 0, side.* FROM seed_order o JOIN seed_sum s USING (n)
CROSS JOIN LATERAL (VALUES ('bank_clearing', -s.total, 'payment', 1), ('buyer_payments', s.total, 'payment', 2)) AS side
WHERE o.paid_at IS NOT NULL
"""

DELIVERED = """
INSERT INTO seed_posting
SELECT o.shop_id, 'delivery', 'package', o.code || '-1', o.n, o.delivered_at, 1, side.*
FROM seed_order o JOIN seed_sum s USING (n)
CROSS JOIN LATERAL (VALUES
    ('buyer_payments', -s.total, 'payment', 1),
    ('pending', s.goods, 'goods', 2),
    ('pending', -s.discount, 'seller_discount', 3),
    ('pending', s.shipping, 'shipping', 4),
    ('pending', -s.referral, 'referral_fee', 5),
    ('commission', s.referral, 'referral_fee', 6),
    ('tax', s.tax, 'tax', 7)
) AS side (account_kind, amount, part, place)
WHERE o.delivered_at IS NOT NULL AND side.amount <> 0
"""

REFUNDED = """
INSERT INTO seed_posting
SELECT r.shop_id, 'refund', 'refund', r.code, r.order_id, r.made_at, 2, side.* FROM orders_refund r
CROSS JOIN LATERAL (VALUES
    ('buyer_payments', -r.total_minor, 'refund', 1), ('bank_clearing', r.total_minor, 'refund', 2)
) AS side
"""

SETTLED = """
INSERT INTO seed_posting
SELECT e.shop_id, 'settlement', 'package', e.package_code, e.order_id, e.settled_at, 3, side.* FROM payouts_earning e
CROSS JOIN LATERAL (VALUES
    ('pending', -e.net_minor, 'settlement', 1), ('available', e.net_minor, 'settlement', 3)
) AS side
WHERE e.settled_at IS NOT NULL
"""

#: Everything that became available since the payday before, as one payout; never less than the smallest payout,
#: because a single sale is more than that.
PAYOUTS = """
CREATE TEMPORARY TABLE seed_payout ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY d.pays_on, e.shop_id) AS id, e.shop_id, s.code AS shop_code, d.pays_on, d.closed_at,
    d.closed_at + interval '30 hours' AS paid_at, sum(e.net_minor)::bigint AS amount
FROM payouts_earning e
JOIN seed_shop s ON s.shop_id = e.shop_id
JOIN seed_payday d ON e.settled_at > d.opened_at AND e.settled_at <= d.closed_at
GROUP BY e.shop_id, s.code, d.pays_on, d.closed_at
"""

PAID_OUT = """
INSERT INTO seed_posting
SELECT p.shop_id, step.kind, 'payout', p.shop_code || to_char(p.pays_on, '"-P"YYMMDD'), NULL, step.at, 4, side.*
FROM seed_payout p
CROSS JOIN LATERAL (VALUES ('payout', p.closed_at, 'available', 'in_flight'),
    ('payout_paid', p.paid_at, 'in_flight', 'bank_clearing')) AS step (kind, at, source, target)
CROSS JOIN LATERAL (VALUES (step.source, -p.amount, 'payout', 1), (step.target, p.amount, 'payout', 2)) AS side
"""

#: The entries with the number of their transaction: what happened first comes first, the parts of one deed together.
NUMBERED = """
CREATE TEMPORARY TABLE seed_entry ON COMMIT DROP AS
SELECT dense_rank() OVER (ORDER BY p.at, p.rank, p.source_code) AS transaction_id, p.*, a.id AS account_id, a.currency
FROM seed_posting p JOIN payouts_account a ON a.shop_id = p.shop_id AND a.kind = p.account_kind
"""


def load(market: SeededMarket) -> None:
    """Earnings first: settlement and payouts follow from them."""
    params = market.params
    ends = market.now - dt.timedelta(weeks=market.scale.unpaid_weeks)
    _paydays(market, ends)
    _earnings({**params, "ends": ends})
    run("ANALYZE payouts_earning")
    run(PAYOUTS)
    run("ANALYZE seed_payout")
    for statement in (POSTINGS, CAPTURED, DELIVERED, REFUNDED, SETTLED, PAID_OUT, NUMBERED):
        run(statement, params)
    run("ANALYZE seed_posting")
    run("ANALYZE seed_entry")
    _write_ledger()
    _reversals()
    _payouts(market)
    _statements()


def _paydays(market: SeededMarket, ends: dt.datetime) -> None:
    """Weeks between two paydays, closed at six in the morning of the market; the last one is paid by the end."""
    run(
        "CREATE TEMPORARY TABLE seed_payday (pays_on date, opened_at timestamptz, closed_at timestamptz) ON COMMIT DROP"
    )
    zone = ZoneInfo(market.market.zone)
    day = market.begins.astimezone(zone).date()
    day += dt.timedelta(days=(market.policy.payouts.weekday - day.weekday()) % 7)
    opened, rows = market.begins, []
    while (closed := dt.datetime.combine(day, dt.time(6), zone)) + dt.timedelta(hours=48) <= ends:
        rows.append((day, opened, closed))
        opened, day = closed, day + dt.timedelta(days=7)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO seed_payday VALUES (%s, %s, %s)", rows)


def _earnings(params: dict) -> None:
    """Settled with the next full hour, as the clock does it; and nothing after ``ends``."""
    settled = "CASE WHEN x.full_hour <= %(ends)s THEN x.full_hour END"
    insert(
        Earning,
        {
            "id": "o.n",
            "shop_id": "o.shop_id",
            "order_id": "o.n",
            "package_id": "o.n",
            "package_code": "o.code || '-1'",
            "status": f"CASE WHEN {settled} IS NULL THEN 'pending_settlement' ELSE 'available' END",
            "currency": "'USD'",
            "net_minor": "s.goods - s.discount + s.shipping - s.referral",
            "earned_at": "o.delivered_at",
            "available_from": "o.delivered_at + %(settle_time)s",
            "terms": "'standard'",
            "settled_at": settled,
        },
        "seed_order o JOIN seed_sum s USING (n) CROSS JOIN LATERAL ("
        " SELECT date_trunc('hour', o.delivered_at + %(settle_time)s) + interval '1 hour' AS full_hour) AS x"
        " WHERE o.delivered_at IS NOT NULL ORDER BY o.n",
        params,
    )
    insert(
        EarningLine,
        {
            "id": "l.id",
            "shop_id": "e.shop_id",
            "earning_id": "e.id",
            "line_id": "l.id",
            "quantity": "l.quantity",
            "goods_minor": "l.goods",
            "seller_discount_minor": "l.discount",
            "shipping_minor": "l.shipping",
            "tax_minor": "l.tax",
            "net_minor": "l.goods - l.discount + l.shipping - l.referral",
        },
        "seed_line l JOIN payouts_earning e ON e.id = l.n ORDER BY l.id",
    )
    insert(
        FeeLine,
        {
            "id": "l.id",
            "shop_id": "e.shop_id",
            "earning_line_id": "l.id",
            "kind": "'referral'",
            "rule": "'referral'",
            "base_minor": "l.goods - l.discount + l.shipping",
            "rate_bp": "%(referral_bp)s",
            "share_bp": "10000",
            "amount_minor": "l.referral",
            "decided_at": "o.paid_at",
            "policy_version_id": "%(policy)s",
        },
        "seed_line l JOIN payouts_earning e ON e.id = l.n JOIN seed_order o ON o.n = l.n ORDER BY l.id",
        params,
    )


def _write_ledger() -> None:
    insert(
        Transaction,
        {
            "id": "transaction_id",
            **{name: name for name in ("shop_id", "kind", "source_kind", "source_code", "order_id", "at")},
        },
        "seed_entry WHERE place = 1 ORDER BY transaction_id",
    )
    run("ANALYZE payouts_transaction")
    insert(
        Entry,
        {
            **{name: name for name in ("shop_id", "transaction_id", "account_id", "currency", "part")},
            "amount_minor": "amount",
            "position": "row_number() OVER account_entries",
            "balance_after_minor": "(sum(amount) OVER account_entries)::bigint",
        },
        """seed_entry
        WINDOW account_entries AS (PARTITION BY account_id ORDER BY transaction_id, place ROWS UNBOUNDED PRECEDING)
        ORDER BY transaction_id, place""",
    )
    run("ANALYZE payouts_entry")
    run(
        """
        UPDATE payouts_account a SET balance_minor = s.balance, entry_count = s.entries
        FROM (SELECT account_id, sum(amount_minor) AS balance, count(*) AS entries FROM payouts_entry GROUP BY 1) AS s
        WHERE s.account_id = a.id
        """
    )


def _reversals() -> None:
    """What refunds took back before anything was earned: from the buyers' payments."""
    insert(
        Reversal,
        {
            "shop_id": "o.shop_id",
            "refund_id": "l.id",
            "order_id": "l.n",
            "line_id": "l.id",
            "goods_minor": "l.goods",
            "seller_discount_minor": "l.discount",
            "shipping_minor": "l.shipping",
            "tax_minor": "l.tax",
            "reversed_at": "o.cancelled_at",
        },
        "seed_line l JOIN seed_order o USING (n)"
        " WHERE o.cancelled_at IS NOT NULL AND o.paid_at IS NOT NULL ORDER BY l.id",
    )


def _payouts(market: SeededMarket) -> None:
    first, second = market.staff_ids
    insert(
        PayoutBatch,
        {
            "market_id": "'US'",
            "currency": "'USD'",
            "pays_on": "pays_on",
            "status": "'reconciled'",
            "payout_count": "count(*)",
            "total_minor": "sum(amount)",
            "drafted_at": "min(closed_at)",
            "release_by": "min(closed_at) + interval '24 hours'",
            "approved_at": "min(closed_at) + interval '2 hours'",
            "approved_by_id": f"{first}",
            "released_at": "min(closed_at) + interval '3 hours'",
            "released_by_id": f"{second}",
            "sent_at": "min(closed_at) + interval '4 hours'",
            "reconciled_at": "min(paid_at)",
        },
        "seed_payout GROUP BY pays_on ORDER BY pays_on",
    )
    insert(
        Payout,
        {
            "id": "p.id",
            "shop_id": "p.shop_id",
            "code": "p.shop_code || to_char(p.pays_on, '\"-P\"YYMMDD')",
            "period_on": "p.pays_on",
            "batch_id": "batch.id",
            "bank_account_id": "bank.id",
            "currency": "'USD'",
            "amount_minor": "p.amount",
            "status": "'paid'",
            "drafted_at": "p.closed_at",
            "attempts": "1",
            "first_sent_at": "p.closed_at + interval '4 hours'",
            "accepted_at": "p.closed_at + interval '4 hours'",
            "bank_reference": "'seeded-' || p.id",
            "settles_on": "p.pays_on + 1",
            "ended_at": "p.paid_at",
        },
        "seed_payout p JOIN payouts_payoutbatch batch ON batch.pays_on = p.pays_on"
        " JOIN shops_bankaccount bank ON bank.shop_id = p.shop_id ORDER BY p.id",
    )
    insert(
        BankMovement,
        {
            "shop_id": "shop_id",
            "payout_id": "id",
            "number": "id",
            "day": "pays_on + 1",
            "at": "paid_at",
            "kind": "'transfer'",
            "key": "'payout:' || id",
            "reference": "'seeded-' || id",
            "amount_minor": "-amount",
            "currency": "'USD'",
        },
        "seed_payout ORDER BY id",
    )


def _statements() -> None:
    """From the payout before up to this one: all that came in between was paid out."""
    run("SET LOCAL enable_nestloop = off")  # accounts differ too much in size for a plan row by row
    insert(
        Statement,
        {
            "shop_id": "p.shop_id",
            "code": "p.shop_code || to_char(p.pays_on, '\"-S\"YYMMDD')",
            "account_id": "a.id",
            "payout_id": "p.id",
            "currency": "'USD'",
            "opens_at": "coalesce(lag(p.closed_at) OVER shop_paydays, shop.created_at)",
            "closes_on": "p.pays_on",
            "closed_at": "p.closed_at",
            "after_position": "coalesce(lag(e.position) OVER shop_paydays, 0)",
            "to_position": "e.position",
            "opening_minor": "0",
            "movements_minor": "p.amount",
            "paid_out_minor": "p.amount",
            "closing_minor": "0",
        },
        """seed_payout p
        JOIN shops_shop shop ON shop.id = p.shop_id
        JOIN payouts_account a ON a.shop_id = p.shop_id AND a.kind = 'available'
        JOIN payouts_transaction t ON t.shop_id = p.shop_id AND t.kind = 'payout' AND t.source_kind = 'payout'
            AND t.source_code = p.shop_code || to_char(p.pays_on, '"-P"YYMMDD')
        JOIN payouts_entry e ON e.transaction_id = t.id AND e.account_id = a.id
        WINDOW shop_paydays AS (PARTITION BY p.shop_id ORDER BY p.pays_on) ORDER BY p.id""",
    )
    run("RESET enable_nestloop")
