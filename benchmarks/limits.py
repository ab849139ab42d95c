"""The SQL limits: the leanest statements known for the outcome of each batch, not chunked, resumed or explained."""

#: What scores are made of, by shop: one pass over a quarter of orders and reviews.
_MEASURED = """
WITH orders AS (
    SELECT o.shop_id,
        count(*) FILTER (WHERE o.delivered_at >= %(until)s - interval '90 days' AND o.delivered_at < %(until)s) AS delivered,
        count(*) FILTER (WHERE o.completed_at >= %(until)s - interval '30 days' AND o.completed_at < %(until)s) AS completed,
        count(*) FILTER (WHERE o.paid_at >= %(until)s - interval '30 days' AND o.paid_at < %(until)s) AS paid,
        count(*) FILTER (WHERE o.paid_at >= %(until)s - interval '30 days' AND o.paid_at < %(until)s
            AND o.cancel_fault = 'seller') AS cancelled,
        count(*) FILTER (WHERE o.ship_by >= %(until)s - interval '30 days' AND o.ship_by < %(until)s
            AND o.cancelled_at IS NULL) AS due,
        count(*) FILTER (WHERE o.ship_by >= %(until)s - interval '30 days' AND o.ship_by < %(until)s
            AND (p.late_at IS NOT NULL OR p.shipped_at > o.ship_by)) AS late
    FROM orders_order o LEFT JOIN orders_package p ON p.shop_id = o.shop_id AND p.order_id = o.id
    WHERE o.placed_at >= %(until)s - interval '110 days'
    GROUP BY o.shop_id
), reviews AS (
    SELECT shop_id, count(*) AS reviews, count(*) FILTER (WHERE first_stars <= 2) AS bad FROM support_review
    WHERE at >= %(until)s - interval '60 days' AND at < %(until)s AND status = 'published' GROUP BY shop_id
), scored AS (
    SELECT s.id AS shop_id, s.tier, coalesce(o.completed, 0) AS completed, coalesce(o.delivered, 0) AS delivered,
        o.late * 10000 / nullif(o.due, 0) AS late_bp, o.cancelled * 10000 / nullif(o.paid, 0) AS cancelled_bp,
        r.bad * 10000 / nullif(r.reviews, 0) AS bad_bp
    FROM shops_shop s LEFT JOIN orders o ON o.shop_id = s.id LEFT JOIN reviews r ON r.shop_id = s.id
    WHERE s.market_id = 'US' AND NOT s.is_platform AND s.approved_at < %(until)s
)
"""

#: Reviews of all shops with score, criteria, events and standing: one pass over a quarter of orders and reviews.
ELIGIBILITY = f"""
{_MEASURED}, judged AS (
    SELECT c.*, CASE WHEN delivered >= 30 THEN greatest(0, 50 - coalesce(late_bp, 0) / 40 - coalesce(cancelled_bp, 0) / 40
        - coalesce(bad_bp, 0) / 40) END AS tenths
    FROM scored c
), written AS (
    INSERT INTO shops_eligibilityreview (shop_id, month, eligible, criteria, scorecard, policy_version_id, reviewed_at)
    SELECT shop_id, %(month)s, coalesce(tenths >= 40, false) AND tier = 'pro' AND completed >= 100,
        jsonb_build_array(
            jsonb_build_object('code', 'sps', 'value', tenths, 'threshold', 40, 'met', coalesce(tenths >= 40, false)),
            jsonb_build_object('code', 'probation', 'value', tier, 'threshold', 'pro', 'met', tier = 'pro'),
            jsonb_build_object('code', 'violation_points', 'value', 0, 'threshold', 12, 'met', true),
            jsonb_build_object('code', 'fraud', 'value', 0, 'threshold', 0, 'met', true),
            jsonb_build_object('code', 'completed_orders', 'value', completed, 'threshold', 100, 'met', completed >= 100),
            jsonb_build_object('code', 'active', 'value', 'yes', 'threshold', 'yes', 'met', true)),
        jsonb_build_object('shop_id', shop_id, 'completed_orders', completed, 'delivered_orders', delivered, 'sps_tenths',
            tenths, 'metrics', jsonb_build_object('late_dispatch', late_bp, 'seller_cancellations', cancelled_bp,
            'negative_reviews', bad_bp)),
        %(policy)s, %(at)s
    FROM judged
    RETURNING shop_id, eligible
), standing AS (
    UPDATE shops_shop s SET programme_eligible = w.eligible FROM written w
    WHERE s.id = w.shop_id AND s.programme_eligible <> w.eligible
)
INSERT INTO shops_shopevent (shop_id, kind, subject_kind, subject_code, at, facts, audience, attempts, next_attempt_at,
    last_error)
SELECT shop_id, 'eligibility.reviewed', 'eligibility', %(word)s, %(at)s,
    jsonb_build_object('month', %(word)s, 'outcome', CASE WHEN eligible THEN 'eligible' ELSE 'not eligible' END), 'seller',
    0, %(at)s, ''
FROM written
"""

#: A day's scores of all shops.
SCORES = f"""
{_MEASURED}
INSERT INTO analytics_score (shop_id, day, sps_tenths, delivered_count, metrics, policy_version_id, measured_at)
SELECT shop_id, %(day)s, CASE WHEN delivered >= 30 THEN greatest(0, 50 - coalesce(late_bp, 0) / 40
        - coalesce(cancelled_bp, 0) / 40 - coalesce(bad_bp, 0) / 40) END, delivered,
    jsonb_build_object('late_dispatch', jsonb_build_object('value', late_bp), 'seller_cancellations',
        jsonb_build_object('value', cancelled_bp), 'negative_reviews', jsonb_build_object('value', bad_bp)),
    %(policy)s, %(at)s
FROM scored
"""

#: Alerts of all shops: sales in one pass with three windows.
LOW_STOCK = """
WITH sold AS (
    SELECT shop_id, sku_id, -sum(quantity) FILTER (WHERE at > %(at)s - interval '7 days') AS d7,
        -sum(quantity) FILTER (WHERE at > %(at)s - interval '14 days') AS d14, -sum(quantity) AS d30
    FROM catalog_stockmovement WHERE why = 'sold' AND at > %(at)s - interval '30 days' AND at <= %(at)s
    GROUP BY shop_id, sku_id
), low AS (
    SELECT i.shop_id, i.sku_id, i.available, d7, d14, d30,
        greatest(coalesce(d7, 0) / 7.0, coalesce(d14, 0) / 14.0, coalesce(d30, 0) / 30.0) AS pace
    FROM catalog_stockitem i LEFT JOIN sold USING (shop_id, sku_id)
    WHERE NOT i.off_sale
), raised AS (
    INSERT INTO catalog_lowstockalert (shop_id, sku_id, on_day, why, available, sold_count, window_days, days_left,
        reorder_count, raised_at)
    SELECT low.shop_id, low.sku_id, (%(at)s AT TIME ZONE shop.zone)::date,
        CASE WHEN available <= 5 THEN 'quantity' ELSE 'supply' END, available, coalesce(d30, 0), 30,
        floor(available / nullif(pace, 0)), greatest(ceil(pace * 14), 6) - available, %(at)s
    FROM low
    JOIN shops_shop shop ON shop.id = low.shop_id AND shop.status = 'active' AND NOT shop.is_platform
    JOIN catalog_sku sku ON sku.shop_id = low.shop_id AND sku.id = low.sku_id AND sku.retired_at IS NULL
    JOIN catalog_product product ON product.shop_id = sku.shop_id AND product.id = sku.product_id
        AND product.status = 'live'
    WHERE available <= 5 OR available < pace * 14
    ON CONFLICT (shop_id, sku_id, on_day) DO NOTHING
    RETURNING shop_id
)
INSERT INTO shops_shopevent (shop_id, kind, subject_kind, subject_code, at, facts, audience, attempts, next_attempt_at,
    last_error)
SELECT shop_id, 'stock.low', 'shop', shop_id::text, %(at)s, jsonb_build_object('count', count(*)), 'seller', 0, %(at)s, ''
FROM raised GROUP BY shop_id
"""

_TO_ACCOUNTS = """
UPDATE payouts_account a SET balance_minor = a.balance_minor + s.total, entry_count = a.entry_count + s.entries
FROM (SELECT account_id, sum(amount) AS total, count(*) AS entries FROM bench_entry GROUP BY account_id) AS s
WHERE a.id = s.account_id;
INSERT INTO payouts_entry (shop_id, transaction_id, account_id, currency, amount_minor, part, position,
    balance_after_minor)
SELECT e.shop_id, e.transaction_id, a.id, a.currency, e.amount, e.part,
    a.entry_count - count(*) OVER (PARTITION BY a.id) + row_number() OVER w,
    a.balance_minor - sum(e.amount) OVER (PARTITION BY a.id) + sum(e.amount) OVER w
FROM bench_entry e JOIN payouts_account a ON a.id = e.account_id
WINDOW w AS (PARTITION BY a.id ORDER BY e.transaction_id ROWS UNBOUNDED PRECEDING)
"""

#: Mark what is due, write its transactions, entries and balances: four statements, no chunks, no debts, no reserves.
SETTLEMENT = f"""
CREATE TEMPORARY TABLE bench_due ON COMMIT DROP AS
WITH marked AS (
    UPDATE payouts_earning SET status = 'available', settled_at = %(at)s
    WHERE status = 'pending_settlement' AND available_from <= %(at)s
    RETURNING id, shop_id, order_id, package_code, net_minor - taken_minor AS amount
), posted AS (
    INSERT INTO payouts_transaction (shop_id, kind, source_kind, source_code, step, order_id, at)
    SELECT shop_id, 'settlement', 'package', package_code, 0, order_id, %(at)s FROM marked
    RETURNING id AS transaction_id, shop_id, source_code
)
SELECT p.transaction_id, m.shop_id, m.amount FROM posted p
JOIN marked m ON m.shop_id = p.shop_id AND m.package_code = p.source_code;
CREATE TEMPORARY TABLE bench_entry ON COMMIT DROP AS
SELECT d.shop_id, d.transaction_id, a.id AS account_id, 'settlement' AS part,
    CASE WHEN a.kind = 'pending' THEN -d.amount ELSE d.amount END AS amount
FROM bench_due d JOIN payouts_account a ON a.shop_id = d.shop_id AND a.kind IN ('pending', 'available');
{_TO_ACCOUNTS}
"""

#: Insert only: payouts and statements from balances and positions; two entries each.
PAYOUTS = f"""
CREATE TEMPORARY TABLE bench_closing ON COMMIT DROP AS
SELECT a.shop_id, shop.code, a.id AS account_id, a.balance_minor AS amount, a.entry_count,
    coalesce(max(s.to_position), 0) AS after_position, bank.id AS bank_account_id, shop.created_at
FROM payouts_account a
JOIN shops_shop shop ON shop.id = a.shop_id
JOIN shops_bankaccount bank ON bank.shop_id = a.shop_id AND bank.status = 'current'
LEFT JOIN payouts_statement s ON s.shop_id = a.shop_id AND s.account_id = a.id
WHERE a.kind = 'available' AND a.balance_minor >= 100
GROUP BY a.id, shop.id, bank.id;
CREATE TEMPORARY TABLE bench_paid ON COMMIT DROP AS
WITH batch AS (
    INSERT INTO payouts_payoutbatch (market_id, currency, pays_on, run_no, status, payout_count, total_minor, drafted_at,
        release_by, file_sha256)
    SELECT 'US', 'USD', %(day)s, 99, 'drafted', count(*), sum(amount), %(at)s, %(at)s, '' FROM bench_closing
    RETURNING id
), made AS (
    INSERT INTO payouts_payout (shop_id, code, period_on, batch_id, bank_account_id, currency, amount_minor, status, hold,
        hold_reason, drafted_at, attempts, lease_owner, bank_reference, return_code, reason)
    SELECT c.shop_id, c.code || '-P' || %(code)s, %(day)s, batch.id, bank_account_id, 'USD', amount, 'ready', '', '', %(at)s,
        0, '', '', '', ''
    FROM bench_closing c CROSS JOIN batch
    RETURNING id, shop_id, code
), posted AS (
    INSERT INTO payouts_transaction (shop_id, kind, source_kind, source_code, step, at)
    SELECT shop_id, 'payout', 'payout', code, 0, %(at)s FROM made
    RETURNING id AS transaction_id, shop_id
)
SELECT m.id AS payout_id, p.transaction_id, c.* FROM bench_closing c JOIN made m USING (shop_id) JOIN posted p USING (shop_id);
CREATE TEMPORARY TABLE bench_entry ON COMMIT DROP AS
SELECT d.shop_id, d.transaction_id, a.id AS account_id, 'payout' AS part,
    CASE WHEN a.kind = 'available' THEN -d.amount ELSE d.amount END AS amount
FROM bench_paid d JOIN payouts_account a ON a.shop_id = d.shop_id AND a.kind IN ('available', 'in_flight');
{_TO_ACCOUNTS};
INSERT INTO payouts_statement (shop_id, code, account_id, payout_id, currency, opens_at, closes_on, closed_at,
    after_position, to_position, opening_minor, movements_minor, paid_out_minor, closing_minor)
SELECT shop_id, code || '-S' || %(code)s, account_id, payout_id, 'USD', created_at, %(day)s, %(at)s, after_position,
    entry_count + 1, 0, amount, amount, 0
FROM bench_paid;
INSERT INTO shops_shopevent (shop_id, kind, subject_kind, subject_code, at, facts, audience, attempts, next_attempt_at,
    last_error)
SELECT shop_id, kind, kind, code, %(at)s, jsonb_build_object('amount_minor', amount), 'seller', 0, %(at)s, ''
FROM bench_paid CROSS JOIN (VALUES ('payout.drafted'), ('statement.published')) AS k (kind)
"""

DEADLINES = """
UPDATE shops_deadline SET ended_at = %(at)s, ended_as = 'met' WHERE ended_at IS NULL AND next_check_at <= %(at)s RETURNING id
"""
