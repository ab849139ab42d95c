"""The books: each transaction, each account, and ledger against orders, payouts, statements and bank (INV7–INV13)."""

from shops.proof import Check

CHECKS = (
    Check(
        "ledger.transactions_balance",
        "INV7",
        "every transaction has two entries or more, and sums to zero per currency",
        """
        SELECT t.shop_id, 'transaction ' || t.kind || ' ' || t.source_code,
            'entries ' || coalesce(e.entries, 0) || ', off by ' || coalesce(e.off, 0)
        FROM payouts_transaction t
        LEFT JOIN (
            SELECT shop_id, transaction_id, sum(n) AS entries, sum(abs(total)) AS off FROM (
                SELECT shop_id, transaction_id, currency, count(*) AS n, sum(amount_minor) AS total
                FROM payouts_entry GROUP BY shop_id, transaction_id, currency
            ) AS per_currency GROUP BY shop_id, transaction_id
        ) e ON e.shop_id = t.shop_id AND e.transaction_id = t.id
        WHERE coalesce(e.entries, 0) < 2 OR e.off <> 0
        """,
    ),
    Check(
        "ledger.balances_are_the_entries",
        "INV8",
        "an account's balance and count are those of its entries",
        """
        SELECT a.shop_id, 'account ' || a.kind || ' ' || a.currency,
            'stands at ' || a.balance_minor || ' after ' || a.entry_count
            || ', entries ' || coalesce(e.total, 0) || ' in ' || coalesce(e.entries, 0)
        FROM payouts_account a
        LEFT JOIN (
            SELECT shop_id, account_id, sum(amount_minor) AS total, count(*) AS entries
            FROM payouts_entry GROUP BY shop_id, account_id
        ) e ON e.shop_id = a.shop_id AND e.account_id = a.id
        WHERE a.balance_minor <> coalesce(e.total, 0) OR a.entry_count <> coalesce(e.entries, 0)
        """,
    ),
    Check(
        "ledger.entries_follow_each_other",
        "INV8",
        "positions have no gap, and each running balance follows the one before",
        """
        SELECT shop_id, 'entry ' || position || ' of account ' || account_id,
            'stands at ' || balance_after_minor || ', should stand at ' || before + amount_minor
        FROM (
            SELECT shop_id, account_id, position, amount_minor, balance_after_minor,
                coalesce(lag(balance_after_minor) OVER w, 0) AS before, coalesce(lag(position) OVER w, 0) AS previous
            FROM payouts_entry WINDOW w AS (PARTITION BY shop_id, account_id ORDER BY position)
        ) AS chain
        WHERE balance_after_minor <> before + amount_minor OR position <> previous + 1
        """,
    ),
    Check(
        "ledger.every_event_is_posted",
        "INV9",
        "every payment, delivery and refund has its posting",
        """
        SELECT p.shop_id, 'payment of ' || o.code, 'no posting'
        FROM orders_payment p JOIN orders_order o ON o.shop_id = p.shop_id AND o.id = p.order_id
        WHERE p.captured_at <= %(settled)s AND p.captured_minor > 0 AND NOT EXISTS (
            SELECT FROM payouts_transaction t
            WHERE t.shop_id = p.shop_id AND t.kind = 'capture' AND t.source_kind = 'order' AND t.source_code = o.code)
        UNION ALL
        SELECT k.shop_id, 'package ' || k.code, 'delivered and not earned'
        FROM orders_package k JOIN orders_payment p ON p.shop_id = k.shop_id AND p.order_id = k.order_id
        WHERE k.delivered_at <= %(settled)s AND p.captured_at <= %(settled)s AND NOT EXISTS (
            SELECT FROM payouts_earning g WHERE g.shop_id = k.shop_id AND g.package_id = k.id)
        UNION ALL
        SELECT r.shop_id, 'refund ' || r.code, 'no posting'
        FROM orders_refund r JOIN orders_payment p ON p.shop_id = r.shop_id AND p.order_id = r.order_id
        WHERE r.made_at <= %(settled)s AND p.captured_at <= %(settled)s AND NOT EXISTS (
            SELECT FROM payouts_reversal v WHERE v.shop_id = r.shop_id AND v.refund_id = r.id)
        """,
    ),
    Check(
        "ledger.buyers_payments_are_unearned",
        "INV12",
        "what lies on the buyers' payments is what was paid and neither earned nor given back",
        """
        WITH paid AS (
            SELECT t.shop_id, sum(p.captured_minor + o.platform_discount_minor) AS total
            FROM payouts_transaction t
            JOIN orders_order o ON o.shop_id = t.shop_id AND o.id = t.order_id
            JOIN orders_payment p ON p.shop_id = o.shop_id AND p.order_id = o.id
            WHERE t.kind = 'capture' GROUP BY t.shop_id
        ), earned AS (
            SELECT shop_id, sum(goods_minor - seller_discount_minor + shipping_minor
                + CASE WHEN tax_included THEN 0 ELSE tax_minor END) AS total
            FROM payouts_earningline GROUP BY shop_id
        ), given_back AS (
            SELECT r.shop_id, sum(r.goods_minor - r.seller_discount_minor + r.shipping_minor
                + CASE WHEN l.tax_included THEN 0 ELSE r.tax_minor END) AS total
            FROM payouts_reversal r JOIN orders_orderline l ON l.shop_id = r.shop_id AND l.id = r.line_id
            WHERE r.earning_line_id IS NULL GROUP BY r.shop_id
        ), unused AS (
            SELECT e.shop_id, -sum(e.amount_minor) AS total
            FROM payouts_transaction t JOIN payouts_entry e ON e.shop_id = t.shop_id AND e.transaction_id = t.id
            WHERE t.kind = 'cancel' AND e.amount_minor < 0 GROUP BY e.shop_id
        )
        SELECT a.shop_id, 'account buyer_payments ' || a.currency,
            'stands at ' || a.balance_minor || ', orders say '
            || coalesce(p.total, 0) - coalesce(e.total, 0) - coalesce(g.total, 0) - coalesce(u.total, 0)
        FROM payouts_account a
        LEFT JOIN paid p USING (shop_id) LEFT JOIN earned e USING (shop_id)
        LEFT JOIN given_back g USING (shop_id) LEFT JOIN unused u USING (shop_id)
        WHERE a.kind = 'buyer_payments' AND a.balance_minor
            <> coalesce(p.total, 0) - coalesce(e.total, 0) - coalesce(g.total, 0) - coalesce(u.total, 0)
        """,
    ),
    Check(
        "ledger.pending_is_the_earnings",
        "INV12",
        "what is pending is what the unsettled packages are still to bring",
        """
        SELECT a.shop_id, 'account pending ' || a.currency,
            'stands at ' || a.balance_minor || ', packages say ' || coalesce(g.total, 0)
        FROM payouts_account a
        LEFT JOIN (
            SELECT shop_id, currency, sum(net_minor - taken_minor) AS total
            FROM payouts_earning WHERE status = 'pending_settlement' GROUP BY shop_id, currency
        ) g ON g.shop_id = a.shop_id AND g.currency = a.currency
        WHERE a.kind = 'pending' AND a.balance_minor <> coalesce(g.total, 0)
        """,
    ),
    Check(
        "ledger.fees_are_the_fee_lines",
        "INV13",
        "referral and refund fees in the ledger are those of the fee lines, and no more was given back than taken",
        """
        SELECT a.shop_id, 'account ' || a.kind || ' ' || a.currency,
            'stands at ' || a.balance_minor || ', fee lines say ' || coalesce(f.total, 0)
        FROM payouts_account a
        LEFT JOIN (
            SELECT shop_id, 'commission' AS kind, sum(amount_minor - reversed_minor) AS total
            FROM payouts_feeline GROUP BY shop_id
            UNION ALL
            SELECT shop_id, 'fees', sum(refund_fee_minor) FROM payouts_reversal GROUP BY shop_id
        ) f ON f.shop_id = a.shop_id AND f.kind = a.kind
        WHERE a.kind IN ('commission', 'fees') AND a.balance_minor <> coalesce(f.total, 0)
        UNION ALL
        SELECT shop_id, 'fee ' || id, 'taken ' || amount_minor || ', given back ' || reversed_minor
        FROM payouts_feeline WHERE reversed_minor > amount_minor OR reversed_minor < 0
        """,
    ),
    Check(
        "fee.all_refunded_gives_all_back",
        "INV13",
        "what was refunded whole has its whole fee given back",
        """
        SELECT f.shop_id, 'fee ' || f.id, 'taken ' || f.amount_minor || ', given back ' || f.reversed_minor
        FROM payouts_feeline f
        JOIN payouts_earningline l ON l.shop_id = f.shop_id AND l.id = f.earning_line_id
        WHERE l.refunded_minor > 0 AND f.reversed_minor <> f.amount_minor
            AND l.goods_minor > l.seller_discount_minor + l.platform_discount_minor AND l.refunded_minor
                = l.goods_minor - l.seller_discount_minor - l.platform_discount_minor + l.shipping_minor
        """,
    ),
    Check(
        "ledger.in_flight_is_the_payouts",
        "INV12",
        "what is in flight is the payouts that have not ended",
        """
        SELECT a.shop_id, 'account in_flight ' || a.currency,
            'stands at ' || a.balance_minor || ', payouts say ' || coalesce(p.total, 0)
        FROM payouts_account a
        LEFT JOIN (
            SELECT shop_id, currency, sum(amount_minor) AS total FROM payouts_payout
            WHERE status IN ('ready', 'held', 'sending', 'unknown') GROUP BY shop_id, currency
        ) p ON p.shop_id = a.shop_id AND p.currency = a.currency
        WHERE a.kind = 'in_flight' AND a.balance_minor <> coalesce(p.total, 0)
        """,
    ),
    Check(
        "payout.is_its_posting",
        "INV10",
        "a payout is what left the available balance for it, once",
        """
        SELECT p.shop_id, 'payout ' || p.code, 'over ' || p.amount_minor || ', left ' || coalesce(e.total, 0)
        FROM payouts_payout p
        LEFT JOIN (
            SELECT t.shop_id, t.source_code, -sum(e.amount_minor) AS total
            FROM payouts_transaction t
            JOIN payouts_entry e ON e.shop_id = t.shop_id AND e.transaction_id = t.id
            JOIN payouts_account a ON a.shop_id = e.shop_id AND a.id = e.account_id AND a.kind = 'available'
            WHERE t.kind = 'payout' GROUP BY t.shop_id, t.source_code
        ) e ON e.shop_id = p.shop_id AND e.source_code = p.code
        WHERE p.amount_minor <> coalesce(e.total, 0)
        """,
    ),
    Check(
        "statement.is_its_entries",
        "INV10",
        "a statement is the entries it covers, and each entry stands on one",
        """
        SELECT s.shop_id, 'statement ' || s.code,
            'movements ' || s.movements_minor || ' and payout ' || s.paid_out_minor
            || ', entries ' || coalesce(e.total, 0) || ', closing ' || s.closing_minor
        FROM payouts_statement s
        LEFT JOIN LATERAL (
            SELECT sum(amount_minor) AS total, count(*) AS entries FROM payouts_entry e
            WHERE e.shop_id = s.shop_id AND e.account_id = s.account_id
                AND e.position > s.after_position AND e.position <= s.to_position
        ) e ON true
        LEFT JOIN LATERAL (
            SELECT closing_minor, to_position FROM payouts_statement b
            WHERE b.shop_id = s.shop_id AND b.account_id = s.account_id AND b.to_position <= s.after_position
            ORDER BY b.to_position DESC LIMIT 1
        ) before ON true
        WHERE s.movements_minor - s.paid_out_minor <> coalesce(e.total, 0)
            OR e.entries <> s.to_position - s.after_position
            OR s.opening_minor <> coalesce(before.closing_minor, 0)
            OR s.after_position <> coalesce(before.to_position, 0)
        """,
    ),
    Check(
        "statement.pays_its_payout",
        "INV10",
        "what a statement paid out is the payout it names",
        """
        SELECT s.shop_id, 'statement ' || s.code, 'paid out ' || s.paid_out_minor || ', payout ' || p.amount_minor
        FROM payouts_statement s JOIN payouts_payout p ON p.shop_id = s.shop_id AND p.id = s.payout_id
        WHERE s.paid_out_minor <> p.amount_minor
        UNION ALL
        SELECT p.shop_id, 'payout ' || p.code, 'stands on no statement'
        FROM payouts_payout p
        WHERE NOT EXISTS (SELECT FROM payouts_statement s WHERE s.shop_id = p.shop_id AND s.payout_id = p.id)
        """,
    ),
    Check(
        "payout.left_the_bank_once",
        "INV11",
        "the bank paid each payout at most once, and a reconciled one as it ended",
        """
        SELECT p.shop_id, 'payout ' || p.code,
            p.status || ' over ' || p.amount_minor || ', the bank moved ' || coalesce(m.total, 0)
        FROM payouts_payout p
        LEFT JOIN (
            SELECT shop_id, payout_id, sum(amount_minor) AS total,
                count(*) FILTER (WHERE amount_minor < 0) AS times
            FROM payouts_bankmovement WHERE payout_id IS NOT NULL GROUP BY shop_id, payout_id
        ) m ON m.shop_id = p.shop_id AND m.payout_id = p.id
        LEFT JOIN payouts_payoutbatch b ON b.id = p.batch_id
        WHERE m.times > 1 OR m.total < -p.amount_minor OR b.status = 'reconciled' AND coalesce(m.total, 0)
            <> CASE p.status WHEN 'paid' THEN -p.amount_minor ELSE 0 END
        """,
    ),
    Check(
        "payout_batch.is_its_payouts",
        "INV10",
        "a batch counts its payouts and their sum, and was released by two people",
        """
        SELECT s.id, 'batch ' || b.market_id || ' ' || b.pays_on || ' ' || b.run_no,
            'counts ' || b.payout_count || ' over ' || b.total_minor
            || ', payouts ' || coalesce(p.many, 0) || ' over ' || coalesce(p.total, 0)
        FROM payouts_payoutbatch b
        LEFT JOIN shops_shop s ON s.market_id = b.market_id AND s.is_platform
        LEFT JOIN (
            SELECT batch_id, count(*) AS many, sum(amount_minor) AS total
            FROM payouts_payout WHERE batch_id IS NOT NULL GROUP BY batch_id
        ) p ON p.batch_id = b.id
        WHERE b.payout_count <> coalesce(p.many, 0) OR b.total_minor <> coalesce(p.total, 0)
            OR b.released_by_id = b.approved_by_id
        """,
    ),
)
