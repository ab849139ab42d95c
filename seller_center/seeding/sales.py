"""Orders with everything that hangs on them: buyers, lines, payments, packages, scans, coupons, refunds.

``seed_order`` and ``seed_line`` hold every fact once; the tables are written from them. Of a hundred orders two were
never paid, two were cancelled after payment and refunded, eight used the coupon, four were shipped late.
"""

from marketing.models import BuyerUse, Redemption
from orders.models import (
    Buyer,
    Order,
    OrderLine,
    Package,
    PackageLine,
    Payment,
    Refund,
    TrackingEvent,
)
from seller_center.seeding.cast import COUPON, SeededMarket
from seller_center.seeding.loading import insert, run

#: Whose order it is and when it was placed: ascending in n, a little uneven; the later shops sell less.
BASE = """
CREATE TEMPORARY TABLE seed_base ON COMMIT DROP AS
SELECT n, s.i, s.shop_id, s.code AS shop_code, s.code || pg_temp.code(n) AS code,
    %(begins)s::timestamptz + (%(now)s::timestamptz - %(begins)s::timestamptz)
        * ((n - pg_temp.chance(n, 31)) / %(orders)s) AS placed_at,
    pg_temp.chance(n, 32) AS fate
FROM generate_series(1, %(orders)s) AS n
JOIN seed_shop s ON s.i = CASE WHEN mod(n, %(measured_every)s) = 0 THEN 1
    ELSE 2 + floor((%(shops)s - 1) * power(pg_temp.chance(n, 33), 2))::int END
"""

#: What became of it. ``shipped_at`` and what follows are null while they lie after the market's end. Each step stands
#: for itself (OFFSET 0): flattened into one, every moment would be worked out again wherever it is named.
FATES = """
CREATE TEMPORARY TABLE seed_order ON COMMIT DROP AS
WITH paid AS (
    SELECT b.*, 'storefront' AS channel, b.placed_at + %(unpaid_time)s AS pay_by,
        CASE WHEN would_pay <= %(now)s THEN would_pay END AS paid_at
    FROM seed_base b CROSS JOIN LATERAL (
        SELECT CASE WHEN fate >= 0.02 THEN b.placed_at + pg_temp.chance(n, 34) * interval '20 minutes' END AS would_pay
        OFFSET 0
    ) AS x
), clocked AS (
    SELECT p.*, paid_at + %(cooling_off)s AS cooling_off_until, paid_at + %(ship_time)s AS ship_by,
        paid_at + %(ship_time)s + %(auto_cancel)s AS auto_cancel_at,
        CASE WHEN paid_at IS NULL AND pay_by <= %(now)s THEN pay_by
             WHEN fate < 0.04 AND paid_at + interval '26 hours' <= %(now)s THEN paid_at + interval '26 hours'
        END AS cancelled_at
    FROM paid p OFFSET 0
), shipped AS (
    SELECT c.*, CASE WHEN at <= %(now)s AND fate >= 0.04 THEN at END AS shipped_at
    FROM clocked c CROSS JOIN LATERAL (
        SELECT cooling_off_until + pg_temp.chance(n, 36) * interval '45 hours'
            + CASE WHEN pg_temp.chance(n, 35) < 0.04 THEN interval '73 hours' ELSE interval '3 hours' END AS at
        OFFSET 0
    ) AS x OFFSET 0
), delivered AS (
    SELECT s.*,
        CASE WHEN shipped_at + interval '6 hours' <= %(now)s THEN shipped_at + interval '6 hours' END AS collected_at,
        CASE WHEN at <= %(now)s THEN at END AS delivered_at
    FROM shipped s CROSS JOIN LATERAL (
        SELECT shipped_at + interval '36 hours' + pg_temp.chance(n, 37) * interval '72 hours' AS at OFFSET 0
    ) AS x OFFSET 0
), ended AS (
    SELECT d.*,
        CASE WHEN delivered_at + %(complete_time)s <= %(now)s THEN delivered_at + %(complete_time)s END AS completed_at,
        CASE WHEN coalesce(shipped_at, %(now)s::timestamptz) > ship_by AND cancelled_at IS NULL
            THEN ship_by END AS late_at
    FROM delivered d OFFSET 0
)
SELECT e.*,
    CASE WHEN cancelled_at IS NOT NULL THEN 'cancelled' WHEN paid_at IS NULL THEN 'unpaid'
         WHEN cooling_off_until > %(now)s THEN 'cooling_off' WHEN completed_at IS NOT NULL THEN 'completed'
         ELSE 'open' END AS status,
    CASE WHEN cancelled_at IS NOT NULL THEN 'cancelled' WHEN paid_at IS NULL THEN 'unpaid'
         WHEN cooling_off_until > %(now)s THEN 'cooling_off' WHEN completed_at IS NOT NULL THEN 'completed'
         WHEN delivered_at IS NOT NULL THEN 'delivered' WHEN shipped_at IS NOT NULL THEN 'shipped'
         ELSE 'awaiting_shipment' END AS shown,
    CASE WHEN cancelled_at IS NOT NULL THEN 'cancelled' WHEN delivered_at IS NOT NULL THEN 'delivered'
         WHEN collected_at IS NOT NULL THEN 'in_transit' WHEN shipped_at IS NOT NULL THEN 'awaiting_collection'
         ELSE 'awaiting_shipment' END AS package_status,
    fate >= 0.04 AND pg_temp.chance(n, 38) < 0.08 AS couponed,
    count(*) OVER (PARTITION BY i) * 3 / 5 + 1 AS shop_buyers,
    (ARRAY['TX','CA','NY','FL','OR'])[1 + pg_temp.pick(n, 39, 5)] AS region,
    (ARRAY[625,725,400,600,0])[1 + pg_temp.pick(n, 39, 5)] AS tax_bp,
    CASE WHEN shipped_at IS NULL THEN '' ELSE pg_temp.tracking(n) END AS tracking
FROM ended e
"""

#: One line each, three in ten have a second one of another SKU. Early products sell more.
LINES = """
CREATE TEMPORARY TABLE seed_line ON COMMIT DROP AS
WITH chosen AS (
    SELECT o.n, o.i, k, o.couponed, o.tax_bp, of_shop.skus,
        mod(floor(of_shop.skus * power(pg_temp.chance(o.n, 41), 2))::bigint
            + (k - 1) * (1 + pg_temp.pick(o.n, 42, of_shop.skus - 1)), of_shop.skus) AS place
    FROM seed_order o
    CROSS JOIN LATERAL (
        SELECT 2 * CASE WHEN o.i = 1 THEN %(measured_products)s
            ELSE (%(products)s - %(measured_products)s - (o.i - 1)) / (%(shops)s - 1) + 1 END AS skus
    ) AS of_shop
    CROSS JOIN generate_series(1, 2) AS k
    WHERE k = 1 OR pg_temp.chance(o.n, 43) < 0.3
), numbered AS (
    SELECT c.*, CASE WHEN i = 1 THEN place / 2 + 1
        ELSE %(measured_products)s + (place / 2) * (%(shops)s - 1) + i - 1 END AS p
    FROM chosen c
), priced AS (
    SELECT (v.n - 1) * 2 + k AS id, v.n, k, v.p AS product_id, sku.id AS sku_id, sku.code AS sku_code, sku.price_minor,
        'Size: ' || sku.option_values[1] AS options_text, product.name AS title,
        1 + (pg_temp.pick(v.n * 2 + k, 44, 10) / 8)::int AS quantity, couponed, tax_bp
    FROM numbered v
    JOIN catalog_sku sku ON sku.id = (v.p - 1) * 2 + mod(v.place, 2) + 1
    JOIN catalog_product product ON product.id = v.p
), discounted AS (
    SELECT p.*, price_minor * quantity AS goods,
        CASE WHEN couponed THEN price_minor * quantity / 10 ELSE 0 END AS discount,
        CASE WHEN k = 1 AND sum(price_minor * quantity - CASE WHEN couponed THEN price_minor * quantity / 10 ELSE 0 END)
            OVER (PARTITION BY n) < %(free_over)s THEN %(flat)s ELSE 0 END AS shipping
    FROM priced p
)
SELECT d.*, ((goods - discount) * tax_bp * 2 + 10000) / 20000 AS tax,
    ((goods - discount + shipping) * %(referral_bp)s * 2 + 10000) / 20000 AS referral
FROM discounted d
"""

SUMS = """
CREATE TEMPORARY TABLE seed_sum ON COMMIT DROP AS
SELECT n, sum(goods)::bigint AS goods, sum(discount)::bigint AS discount, sum(shipping)::bigint AS shipping,
    sum(tax)::bigint AS tax, sum(goods - discount + shipping + tax)::bigint AS total, sum(referral)::bigint AS referral,
    sum(quantity)::int AS units, count(*) AS lines, min(title) FILTER (WHERE k = 1) AS title,
    string_agg(sku_code, ' ' ORDER BY k) AS sku_codes
FROM seed_line GROUP BY n
"""

#: Orders of a shop are shared by buyers: about three buyers for five orders.
BUYERS = """
CREATE TEMPORARY TABLE seed_buyer ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY i, b) AS id, i, shop_id, b,
    encode(sha256(convert_to(i || ':' || b, 'UTF8')), 'hex') AS person,
    min(placed_at) AS first_seen_at, count(*) FILTER (WHERE cancelled_at IS NULL) AS orders
FROM (SELECT o.*, pg_temp.pick(n, 45, shop_buyers) AS b FROM seed_order o) AS o
GROUP BY i, shop_id, b
"""

WITH_BUYER = """
    seed_order o
    JOIN seed_sum s USING (n)
    JOIN seed_buyer b ON b.i = o.i AND b.b = pg_temp.pick(o.n, 45, o.shop_buyers)
"""
NAME = "'Buyer ' || upper(substr(b.person, 1, 6))"
EMAIL = "'buyer-' || b.id || '@example.com'"


def load(market: SeededMarket) -> None:
    """All of it, in the order in which later tables need the earlier ones."""
    params = market.params
    for statement in (BASE, FATES, LINES, SUMS, BUYERS):
        run(statement, params)
    run("ALTER TABLE seed_order ADD PRIMARY KEY (n)")
    for name in ("seed_order", "seed_line", "seed_sum", "seed_buyer"):
        run(f"ANALYZE {name}")
    _buyers()
    _orders(params)
    _lines()
    _payments()
    _packages()
    _refunds()
    _coupons()


def _buyers() -> None:
    insert(
        Buyer,
        {
            "id": "id",
            "shop_id": "shop_id",
            "person_code": "person",
            "name": NAME,
            "email": EMAIL,
            "order_count": "orders",
            "first_seen_at": "first_seen_at",
        },
        "seed_buyer b ORDER BY id",
    )


def _orders(params: dict) -> None:
    insert(
        Order,
        {
            "id": "o.n",
            "shop_id": "o.shop_id",
            "code": "o.code",
            "channel": "channel",
            "external_number": "'basket-' || o.n",
            "buyer_id": "b.id",
            "status": "o.status",
            "fulfilment_status": "o.shown",
            "currency": "%(currency)s",
            "placed_at": "o.placed_at",
            "paid_at": "o.paid_at",
            "cooling_off_until": "o.cooling_off_until",
            "ship_by": "o.ship_by",
            "auto_cancel_at": "o.auto_cancel_at",
            "delivered_at": "o.delivered_at",
            "completed_at": "o.completed_at",
            "cancelled_at": "o.cancelled_at",
            "cancel_reason": "CASE WHEN o.cancelled_at IS NULL THEN '' WHEN o.paid_at IS NULL THEN 'unpaid'"
            " ELSE 'out_of_stock' END",
            "cancel_fault": "CASE WHEN o.cancelled_at IS NULL THEN '' WHEN o.paid_at IS NULL THEN 'buyer'"
            " ELSE 'seller' END",
            "goods_minor": "s.goods",
            "seller_discount_minor": "s.discount",
            "shipping_minor": "s.shipping",
            "tax_minor": "s.tax",
            "total_minor": "s.total",
            "coupon_code": f"CASE WHEN o.couponed THEN '{COUPON}' ELSE '' END",
            "redemption_id": "CASE WHEN o.couponed THEN o.n END",
            "policy_version_id": "%(policy)s",
            "contact_name": NAME,
            "contact_email": EMAIL,
            "address": "jsonb_build_object('line1', pg_temp.pick(o.n, 46, 900) + 1 || ' Main Street', 'line2', '',"
            " 'city', 'Springfield', 'region', o.region, 'postal_code',"
            " lpad(pg_temp.pick(o.n, 47, 99999)::text, 5, '0'),"
            " 'country', 'US')",
            "visit_code": "CASE WHEN mod(o.n, 2) = 0 THEN 'visit-' || o.n ELSE '' END",
            "source": "CASE WHEN mod(o.n, 2) = 0"
            " THEN (ARRAY['search','video','direct','ad'])[1 + pg_temp.pick(o.n, 48, 4)]"
            " ELSE '' END",
            "unit_count": "s.units",
            "summary": "left(s.title, 120) || CASE WHEN s.lines > 1 THEN ' +1' ELSE '' END",
            "search_text": f"upper(concat_ws(' ', o.code, 'basket-' || o.n, {NAME}, {EMAIL}, s.sku_codes))",
        },
        f"{WITH_BUYER} ORDER BY o.n",
        params,
    )


def _lines() -> None:
    back = "CASE WHEN o.cancelled_at IS NOT NULL AND o.paid_at IS NOT NULL THEN {} ELSE 0 END"
    insert(
        OrderLine,
        {
            "id": "l.id",
            "shop_id": "o.shop_id",
            "order_id": "l.n",
            "sku_id": "l.sku_id",
            "reservation_id": "l.id",
            "title": "l.title",
            "options_text": "l.options_text",
            "sku_code": "l.sku_code",
            "quantity": "l.quantity",
            "unit_price_minor": "l.price_minor",
            "goods_minor": "l.goods",
            "seller_discount_minor": "l.discount",
            "shipping_minor": "l.shipping",
            "tax_minor": "l.tax",
            "tax_rate_bp": "l.tax_bp",
            "jurisdiction": "'US-' || o.region",
            "cancelled_quantity": "CASE WHEN o.cancelled_at IS NOT NULL THEN l.quantity ELSE 0 END",
            "refunded_quantity": back.format("l.quantity"),
            "refunded_goods_minor": back.format("l.goods - l.discount"),
            "refunded_shipping_minor": back.format("l.shipping"),
            "refunded_tax_minor": back.format("l.tax"),
            "refunded_minor": back.format("l.goods - l.discount + l.shipping + l.tax"),
        },
        "seed_line l JOIN seed_order o ON o.n = l.n ORDER BY l.id",
    )


def _payments() -> None:
    insert(
        Payment,
        {
            "id": "o.n",
            "shop_id": "o.shop_id",
            "order_id": "o.n",
            "provider": "'sandbox'",
            "attempt": "CASE WHEN o.paid_at IS NULL THEN 0 ELSE 1 END",
            "status": "CASE WHEN o.paid_at IS NOT NULL THEN 'captured' WHEN o.cancelled_at IS NOT NULL THEN 'abandoned'"
            " ELSE 'awaiting' END",
            "currency": "'USD'",
            "amount_minor": "s.total",
            "captured_minor": "CASE WHEN o.paid_at IS NULL THEN 0 ELSE s.total END",
            "refunded_minor": "CASE WHEN o.paid_at IS NOT NULL AND o.cancelled_at IS NOT NULL THEN s.total ELSE 0 END",
            "provider_ref": "CASE WHEN o.paid_at IS NULL THEN '' ELSE 'seeded-' || o.n END",
            "asked_at": "o.paid_at",
            "captured_at": "o.paid_at",
        },
        "seed_order o JOIN seed_sum s USING (n) ORDER BY o.n",
    )


def _packages() -> None:
    opened = "seed_order o WHERE o.status IN ('open', 'completed') OR o.status = 'cancelled' AND o.paid_at IS NOT NULL"
    insert(
        Package,
        {
            "id": "o.n",
            "shop_id": "o.shop_id",
            "order_id": "o.n",
            "code": "o.code || '-1'",
            "status": "o.package_status",
            "carrier": "CASE WHEN o.shipped_at IS NULL THEN '' ELSE 'sandbox' END",
            "tracking_number": "o.tracking",
            "opened_at": "o.cooling_off_until",
            "shipped_at": "o.shipped_at",
            "collected_at": "o.collected_at",
            "delivered_at": "o.delivered_at",
            "last_scan_at": "coalesce(o.delivered_at, o.collected_at)",
            "late_at": "o.late_at",
        },
        f"{opened} ORDER BY o.n",
    )
    insert(
        PackageLine,
        {"id": "l.id", "shop_id": "p.shop_id", "package_id": "p.id", "line_id": "l.id", "quantity": "l.quantity"},
        "seed_line l JOIN orders_package p ON p.id = l.n ORDER BY l.id",
    )
    for moment, status, sentence in (
        ("collected_at", "in_transit", "Picked up by the carrier"),
        ("delivered_at", "delivered", "Delivered"),
    ):
        insert(
            TrackingEvent,
            {
                "shop_id": "shop_id",
                "package_id": "n",
                "carrier_event_id": f"'{status}-' || n",
                "status": f"'{status}'",
                "sentence": f"'{sentence}'",
                "place": "'Springfield'",
                "at": moment,
                "received_at": f"{moment} + interval '1 minute'",
            },
            f"seed_order WHERE {moment} IS NOT NULL ORDER BY {moment}, n",
        )


def _refunds() -> None:
    """What was paid for cancelled orders went back, line by line."""
    insert(
        Refund,
        {
            "id": "l.id",
            "shop_id": "o.shop_id",
            "order_id": "o.n",
            "line_id": "l.id",
            "code": "o.code || '-R' || l.k",
            "status": "'sent'",
            "currency": "'USD'",
            "quantity": "l.quantity",
            "goods_minor": "l.goods - l.discount",
            "shipping_minor": "l.shipping",
            "tax_minor": "l.tax",
            "total_minor": "l.goods - l.discount + l.shipping + l.tax",
            "reason": "'out_of_stock'",
            "fault": "'seller'",
            "made_at": "o.cancelled_at",
            "sent_at": "o.cancelled_at",
            "provider_ref": "'seeded-refund-' || l.id",
        },
        "seed_line l JOIN seed_order o USING (n)"
        " WHERE o.cancelled_at IS NOT NULL AND o.paid_at IS NOT NULL ORDER BY l.id",
    )


def _coupons() -> None:
    """Uses of the coupon and its counters (INV4). Orders that were given up never used one."""
    used = f"{WITH_BUYER} JOIN marketing_coupon c ON c.shop_id = o.shop_id WHERE o.couponed"
    insert(
        Redemption,
        {
            "id": "o.n",
            "shop_id": "o.shop_id",
            "coupon_id": "c.id",
            "buyer_key": "b.person",
            "subject_kind": "'order'",
            "subject_code": "o.code",
            "discount_minor": "s.discount",
            "currency": "'USD'",
            "redeemed_at": "o.placed_at",
            "given_back_at": "o.cancelled_at",
        },
        f"{used} ORDER BY o.n",
    )
    insert(
        BuyerUse,
        {"shop_id": "shop_id", "coupon_id": "coupon_id", "buyer_key": "buyer_key", "used_count": "count(*)"},
        "marketing_redemption WHERE given_back_at IS NULL GROUP BY shop_id, coupon_id, buyer_key ORDER BY 1, 2, 3",
    )
    run(
        """
        UPDATE marketing_coupon c SET redeemed_count = u.uses, given_minor = u.given
        FROM (
            SELECT coupon_id, count(*) AS uses, sum(discount_minor) AS given FROM marketing_redemption
            WHERE given_back_at IS NULL GROUP BY coupon_id
        ) AS u
        WHERE u.coupon_id = c.id
        """
    )
