"""Stock adds up: the journal, the claims and the counters say the same (INV1–INV3)."""

from shops.proof import Check

CHECKS = (
    Check(
        "stock.on_hand_is_the_journal",
        "INV1",
        "what is on hand is the sum of the stock journal",
        """
        SELECT i.shop_id, 'stock of ' || k.code, 'on hand ' || i.on_hand || ', journal ' || coalesce(j.total, 0)
        FROM catalog_stockitem i
        JOIN catalog_sku k ON k.shop_id = i.shop_id AND k.id = i.sku_id
        LEFT JOIN (
            SELECT shop_id, item_id, sum(quantity) AS total FROM catalog_stockmovement GROUP BY shop_id, item_id
        ) j ON j.shop_id = i.shop_id AND j.item_id = i.id
        WHERE i.on_hand <> coalesce(j.total, 0)
        """,
    ),
    Check(
        "stock.reserved_is_the_claims",
        "INV1",
        "what is reserved is the sum of the running reservations",
        """
        SELECT i.shop_id, 'stock of ' || k.code, 'reserved ' || i.reserved || ', claims ' || coalesce(r.total, 0)
        FROM catalog_stockitem i
        JOIN catalog_sku k ON k.shop_id = i.shop_id AND k.id = i.sku_id
        LEFT JOIN (
            SELECT shop_id, item_id, sum(quantity) AS total FROM catalog_reservation WHERE ended_at IS NULL
            GROUP BY shop_id, item_id
        ) r ON r.shop_id = i.shop_id AND r.item_id = i.id
        WHERE i.reserved <> coalesce(r.total, 0)
        """,
    ),
    Check(
        "stock.promised_is_there",
        "INV1",
        "nothing is promised that is not on hand",
        """
        SELECT i.shop_id, 'stock of ' || k.code,
            'on hand ' || i.on_hand || ', reserved ' || i.reserved || ', locked ' || i.locked
        FROM catalog_stockitem i JOIN catalog_sku k ON k.shop_id = i.shop_id AND k.id = i.sku_id
        WHERE i.reserved < 0 OR i.locked < 0 OR i.reserved + i.locked > i.on_hand
        """,
    ),
    Check(
        "stock.sold_were_received",
        "INV2",
        "no more units were sold than ever came",
        """
        SELECT m.shop_id, 'stock of ' || k.code,
            'sold ' || -sum(m.quantity) FILTER (WHERE m.why = 'sold')
            || ', came ' || coalesce(sum(m.quantity) FILTER (WHERE m.quantity > 0), 0)
        FROM catalog_stockmovement m
        JOIN catalog_sku k ON k.shop_id = m.shop_id AND k.id = m.sku_id
        GROUP BY m.shop_id, m.item_id, k.code
        HAVING -sum(m.quantity) FILTER (WHERE m.why = 'sold')
            > coalesce(sum(m.quantity) FILTER (WHERE m.quantity > 0), 0)
        """,
    ),
    Check(
        "reservation.ends_once",
        "INV3",
        "a sold reservation took its units out of stock once",
        """
        SELECT r.shop_id, 'reservation for ' || r.subject_code,
            'reserved ' || sum(r.quantity) || ', taken out ' || coalesce(-max(m.total), 0)
        FROM catalog_reservation r
        LEFT JOIN (
            SELECT shop_id, item_id, reference, sum(quantity) AS total
            FROM catalog_stockmovement WHERE why = 'sold' GROUP BY shop_id, item_id, reference
        ) m ON m.shop_id = r.shop_id AND m.item_id = r.item_id AND m.reference = r.subject_code
        WHERE r.ended_as = 'sold'
        GROUP BY r.shop_id, r.item_id, r.subject_code
        HAVING sum(r.quantity) <> coalesce(-max(m.total), 0)
        """,
    ),
)
