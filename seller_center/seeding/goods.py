"""Products with two SKUs each, and their stock with its journal."""

from catalog.models import Product, ProductOption, Reservation, Sku, StockItem, StockMovement
from seller_center.seeding.cast import SeededMarket, leaves
from seller_center.seeding.loading import insert, run

#: Products of a shop: the measured shop has the first ones, the others take theirs in turn.
SHOP_PRODUCTS = """
CREATE TEMPORARY TABLE seed_product ON COMMIT DROP AS
SELECT p, s.i, s.shop_id, %(begins)s::timestamptz - interval '1 day' AS made_at
FROM generate_series(1, %(products)s) AS p
JOIN seed_shop s ON s.i = CASE WHEN p <= %(measured_products)s THEN 1
    ELSE 2 + mod(p - %(measured_products)s - 1, %(shops)s - 1) END
"""


def load(market: SeededMarket) -> None:
    """Products, options, SKUs: the keys are those of ``seed_product`` and (p − 1) · 2 + k."""
    params = market.params
    run(SHOP_PRODUCTS, params)
    run("ALTER TABLE seed_product ADD PRIMARY KEY (p)")
    run("ANALYZE seed_product")
    insert(
        Product,
        {
            "id": "p",
            "shop_id": "shop_id",
            "code": "pg_temp.code(p)",
            "status": "CASE WHEN pg_temp.pick(p, 11, 20) = 0 THEN 'paused' ELSE 'live' END",
            "name": "(ARRAY['Steel','Linen','Oak','Cotton','Glass','Cork','Copper','Wool'])[1 + pg_temp.pick(p, 12, 8)]"
            " || ' ' || (ARRAY['mug','saddle','lamp','towel','bottle','board','basket','blanket','tray','clock'])"
            "[1 + pg_temp.pick(p, 13, 10)] || ' no. ' || p",
            "slug": "'product-' || p",
            "brand": "(ARRAY['Northline','Handmade','Fairfield',''])[1 + pg_temp.pick(p, 14, 4)]",
            "description": "'A thing of everyday use, number ' || p || '.'"
            " || E'\\n\\n* Made to last\\n* Easy to clean'",
            "category_id": "(%(leaves)s::bigint[])[1 + pg_temp.pick(p, 15, cardinality(%(leaves)s::bigint[]))]",
            "created_at": "made_at",
            "changed_at": "made_at",
            "live_at": "made_at",
        },
        "seed_product",
        {"leaves": leaves()},
    )
    insert(
        ProductOption,
        {"shop_id": "shop_id", "product_id": "p", "position": "0", "name": "'Size'"},
        "seed_product",
    )
    insert(
        Sku,
        {
            "id": "(p - 1) * 2 + k",
            "shop_id": "shop_id",
            "product_id": "p",
            "code": "'SKU-' || p || '-' || (ARRAY['S', 'L'])[k]",
            "option_values": "ARRAY[(ARRAY['Small', 'Large'])[k]]",
            "position": "k - 1",
            "price_minor": "500 + pg_temp.pick(p, 16, 9500) + (k - 1) * 250",
            "weight_grams": "100 + pg_temp.pick(p, 17, 3000)::int",
            "created_at": "made_at",
        },
        "seed_product CROSS JOIN generate_series(1, 2) AS k",
    )


def load_stock(market: SeededMarket) -> None:
    """Claims of the orders, what went out, what came in, and so what is there (INV1–INV3)."""
    _reservations()
    params = market.params
    run(
        """
        CREATE TEMPORARY TABLE seed_stock ON COMMIT DROP AS
        SELECT sku.id AS sku_id, sku.shop_id, sku.created_at, house.id AS warehouse_id,
            coalesce(used.sold, 0) AS sold, coalesce(used.held, 0) AS held,
            coalesce(used.sold, 0) + coalesce(used.held, 0)
                + CASE WHEN pg_temp.pick(sku.id, 21, 20) = 0 THEN pg_temp.pick(sku.id, 22, 5)
                       ELSE 20 + pg_temp.pick(sku.id, 23, 400) END AS received
        FROM catalog_sku sku
        JOIN catalog_warehouse house ON house.shop_id = sku.shop_id
        LEFT JOIN (
            SELECT sku_id, sum(quantity) FILTER (WHERE ended_as = 'sold') AS sold,
                sum(quantity) FILTER (WHERE ended_at IS NULL) AS held
            FROM catalog_reservation GROUP BY sku_id
        ) AS used ON used.sku_id = sku.id
        """
    )
    insert(
        StockItem,
        {
            "id": "sku_id",
            "shop_id": "shop_id",
            "sku_id": "sku_id",
            "warehouse_id": "warehouse_id",
            "on_hand": "received - sold",
            "reserved": "held",
        },
        "seed_stock",
    )
    insert(
        StockMovement,
        {
            "shop_id": "shop_id",
            "item_id": "sku_id",
            "sku_id": "sku_id",
            "quantity": "received",
            "on_hand_after": "received",
            "why": "'received'",
            "reference": "'FIRST'",
            "at": "created_at",
        },
        "(SELECT * FROM seed_stock WHERE received > 0 ORDER BY sku_id) AS s",
    )
    insert(
        StockMovement,
        {
            "shop_id": "r.shop_id",
            "item_id": "r.sku_id",
            "sku_id": "r.sku_id",
            "quantity": "-r.quantity",
            "on_hand_after": "s.received - sum(r.quantity) OVER (PARTITION BY r.sku_id ORDER BY r.ended_at, r.id)",
            "why": "'sold'",
            "reference": "r.subject_code",
            "at": "r.ended_at",
        },
        "catalog_reservation r JOIN seed_stock s USING (sku_id) WHERE r.ended_as = 'sold' ORDER BY r.ended_at, r.id",
        params,
    )


def _reservations() -> None:
    insert(
        Reservation,
        {
            "id": "l.id",
            "shop_id": "o.shop_id",
            "item_id": "l.sku_id",
            "sku_id": "l.sku_id",
            "quantity": "l.quantity",
            "subject_kind": "'order'",
            "subject_code": "o.code",
            "made_at": "o.placed_at",
            "until": "CASE WHEN o.paid_at IS NULL THEN o.pay_by END",
            "ended_at": "coalesce(o.shipped_at, o.cancelled_at)",
            "ended_as": "CASE WHEN o.shipped_at IS NOT NULL THEN 'sold' WHEN o.cancelled_at IS NOT NULL THEN 'released'"
            " ELSE '' END",
            "ended_why": "CASE WHEN o.cancelled_at IS NOT NULL THEN 'cancelled' ELSE '' END",
        },
        "seed_line l JOIN seed_order o ON o.n = l.n ORDER BY l.id",
    )
