"""Do the rows keep what the house promises? Each check is one query that finds nothing, or says what is wrong."""

from django.db import connection

#: What must hold → a query for rows that break it.
CHECKS = {
    "stock on hand is the sum of its journal": """
        SELECT i.id FROM catalog_stockitem i
        LEFT JOIN (SELECT item_id, sum(quantity) AS moved FROM catalog_stockmovement GROUP BY 1) AS m
            ON m.item_id = i.id
        WHERE i.on_hand <> coalesce(m.moved, 0)""",
    "each line of the journal ends where the item stood": """
        SELECT id FROM (SELECT id, on_hand_after, sum(quantity) OVER (PARTITION BY item_id ORDER BY at, id) AS stood
            FROM catalog_stockmovement) AS m WHERE on_hand_after <> stood""",
    "reserved is the sum of running claims": """
        SELECT i.id FROM catalog_stockitem i
        LEFT JOIN (SELECT item_id, sum(quantity) AS held FROM catalog_reservation
            WHERE ended_at IS NULL GROUP BY 1) AS r ON r.item_id = i.id
        WHERE i.reserved <> coalesce(r.held, 0)""",
    "claims end with their orders": """
        SELECT r.id FROM catalog_reservation r JOIN orders_orderline l ON l.reservation_id = r.id
        JOIN orders_order o ON o.id = l.order_id
        WHERE (r.ended_at IS NULL) <> (o.fulfilment_status IN ('unpaid', 'cooling_off', 'awaiting_shipment'))""",
    "lines add up to their order": """
        SELECT o.id FROM orders_order o JOIN (
            SELECT order_id, sum(goods_minor) AS goods, sum(seller_discount_minor) AS discount,
                sum(shipping_minor) AS freight, sum(tax_minor) AS tax, sum(quantity) AS units,
                sum(refunded_minor) AS refunded
            FROM orders_orderline GROUP BY 1) AS l ON l.order_id = o.id
        JOIN orders_payment p ON p.order_id = o.id
        WHERE (o.goods_minor, o.seller_discount_minor, o.shipping_minor, o.tax_minor, o.unit_count, p.refunded_minor)
            <> (l.goods, l.discount, l.freight, l.tax, l.units, l.refunded)""",
    "paid orders have their money": """
        SELECT o.id FROM orders_order o LEFT JOIN orders_payment p ON p.order_id = o.id
        WHERE coalesce(p.captured_minor, -1) <> CASE WHEN o.paid_at IS NULL THEN 0 ELSE o.total_minor END""",
    "refunds add up to their payment": """
        SELECT p.id FROM orders_payment p
        LEFT JOIN (SELECT order_id, sum(total_minor) AS back FROM orders_refund GROUP BY 1) AS r
            ON r.order_id = p.order_id
        WHERE p.refunded_minor <> coalesce(r.back, 0)""",
    "coupons count their uses": """
        SELECT c.id FROM marketing_coupon c LEFT JOIN (
            SELECT coupon_id, count(*) AS uses, sum(discount_minor) AS given FROM marketing_redemption
            WHERE given_back_at IS NULL GROUP BY 1) AS r ON r.coupon_id = c.id
        WHERE (c.redeemed_count, c.given_minor) <> (coalesce(r.uses, 0), coalesce(r.given, 0))""",
    "transactions sum to zero": """
        SELECT transaction_id FROM payouts_entry GROUP BY transaction_id, currency
        HAVING sum(amount_minor) <> 0 OR count(*) < 2""",
    "entries follow one another": """
        SELECT id FROM (SELECT id, position, balance_after_minor, row_number() OVER e AS place,
                sum(amount_minor) OVER e AS stood
            FROM payouts_entry WINDOW e AS (PARTITION BY account_id ORDER BY position)) AS x
        WHERE position <> place OR balance_after_minor <> stood""",
    "accounts stand at their newest entry": """
        SELECT a.id FROM payouts_account a
        LEFT JOIN payouts_entry e ON e.account_id = a.id AND e.position = a.entry_count
        WHERE a.balance_minor <> coalesce(e.balance_after_minor, 0)""",
    "pending is what was earned and not settled": """
        SELECT a.id FROM payouts_account a LEFT JOIN (
            SELECT shop_id, sum(net_minor - taken_minor) AS waiting FROM payouts_earning
            WHERE status = 'pending_settlement' GROUP BY 1) AS e ON e.shop_id = a.shop_id
        WHERE a.kind = 'pending' AND a.balance_minor <> coalesce(e.waiting, 0)""",
    "statements cover the entries between them": """
        SELECT s.id FROM payouts_statement s JOIN payouts_account a ON a.id = s.account_id
        CROSS JOIN LATERAL (SELECT sum(amount_minor) AS moved FROM payouts_entry e
            WHERE e.shop_id = s.shop_id AND e.account_id = s.account_id AND e.position > s.after_position
                AND e.position <= s.to_position) AS e
        WHERE e.moved <> s.movements_minor - s.paid_out_minor""",
}


class Inconsistent(AssertionError):
    """Generated rows break an invariant: a bug of the generator."""


def run() -> None:
    """All of them. Raises ``Inconsistent``."""
    with connection.cursor() as cursor:
        for promise, query in CHECKS.items():
            cursor.execute(f"SELECT count(*), min(x.*::text) FROM ({query}) AS x")
            count, first = cursor.fetchone()
            if count:
                raise Inconsistent(f"{count} rows break “{promise}”, the first is {first}.")
