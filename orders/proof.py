"""Orders add up: totals, lines, refunds and payment; and every deed is followed by what it owes (INV5, INV6)."""

from shops.proof import Check

CHECKS = (
    Check(
        "order.total_is_its_parts",
        "INV5",
        "an order's total is the sum of its parts",
        """
        SELECT shop_id, 'order ' || code, 'total ' || total_minor
        FROM orders_order
        WHERE total_minor <> goods_minor - seller_discount_minor - platform_discount_minor + shipping_minor
            + CASE WHEN tax_included THEN 0 ELSE tax_minor END
        """,
    ),
    Check(
        "order.is_its_lines",
        "INV5",
        "an order's amounts are the sums of its lines",
        """
        SELECT o.shop_id, 'order ' || o.code,
            'goods ' || o.goods_minor || ', lines ' || coalesce(l.goods, 0)
            || '; tax ' || o.tax_minor || ', lines ' || coalesce(l.tax, 0)
        FROM orders_order o
        LEFT JOIN (
            SELECT shop_id, order_id, sum(goods_minor) AS goods, sum(seller_discount_minor) AS own,
                sum(platform_discount_minor) AS platform, sum(shipping_minor) AS shipping, sum(tax_minor) AS tax
            FROM orders_orderline GROUP BY shop_id, order_id
        ) l ON l.shop_id = o.shop_id AND l.order_id = o.id
        WHERE (o.goods_minor, o.seller_discount_minor, o.platform_discount_minor, o.shipping_minor, o.tax_minor)
            IS DISTINCT FROM (l.goods, l.own, l.platform, l.shipping, l.tax)
        """,
    ),
    Check(
        "order.lines_count_their_refunds",
        "INV6",
        "what a line counts as refunded is the sum of its refunds, and never above what was paid",
        """
        SELECT l.shop_id, 'line ' || l.sku_code || ' of ' || o.code,
            'counts ' || l.refunded_minor || ', refunds ' || coalesce(r.total, 0)
        FROM orders_orderline l
        JOIN orders_order o ON o.shop_id = l.shop_id AND o.id = l.order_id
        LEFT JOIN (
            SELECT shop_id, line_id, sum(total_minor) AS total, sum(quantity) AS units
            FROM orders_refund WHERE line_id IS NOT NULL GROUP BY shop_id, line_id
        ) r ON r.shop_id = l.shop_id AND r.line_id = l.id
        WHERE l.refunded_minor <> coalesce(r.total, 0) OR coalesce(r.units, 0) > l.quantity
            OR l.refunded_minor > l.goods_minor - l.seller_discount_minor - l.platform_discount_minor
                + l.shipping_minor + CASE WHEN l.tax_included THEN 0 ELSE l.tax_minor END
        """,
    ),
    Check(
        "payment.counts_its_refunds",
        "INV6",
        "what a payment counts as refunded is the sum of the order's refunds, and never above what was captured",
        """
        SELECT p.shop_id, 'payment of ' || o.code,
            'captured ' || p.captured_minor || ', counts ' || p.refunded_minor || ', refunds ' || coalesce(r.total, 0)
        FROM orders_payment p
        JOIN orders_order o ON o.shop_id = p.shop_id AND o.id = p.order_id
        LEFT JOIN (
            SELECT shop_id, order_id, sum(total_minor) AS total FROM orders_refund GROUP BY shop_id, order_id
        ) r ON r.shop_id = p.shop_id AND r.order_id = p.order_id
        WHERE p.refunded_minor <> coalesce(r.total, 0) OR p.refunded_minor > p.captured_minor
        """,
    ),
    Check(
        "order.paid_is_captured",
        "INV5",
        "an order that is paid has its payment, over its total",
        """
        SELECT o.shop_id, 'order ' || o.code, 'total ' || o.total_minor || ', captured ' || coalesce(p.captured_minor, 0)
        FROM orders_order o
        LEFT JOIN orders_payment p ON p.shop_id = o.shop_id AND p.order_id = o.id
        WHERE o.paid_at IS NOT NULL AND coalesce(p.captured_minor, 0) <> o.total_minor
        """,
    ),
    Check(
        "package.holds_what_was_ordered",
        "INV6",
        "no more units of a line are in packages than were ordered",
        """
        SELECT l.shop_id, 'line ' || l.sku_code || ' of ' || o.code,
            'ordered ' || l.quantity || ', in packages ' || sum(pl.quantity)
        FROM orders_packageline pl
        JOIN orders_package p ON p.shop_id = pl.shop_id AND p.id = pl.package_id AND p.status <> 'cancelled'
        JOIN orders_orderline l ON l.shop_id = pl.shop_id AND l.id = pl.line_id
        JOIN orders_order o ON o.shop_id = l.shop_id AND o.id = l.order_id
        GROUP BY l.shop_id, l.id, l.sku_code, l.quantity, o.code
        HAVING sum(pl.quantity) > l.quantity
        """,
    ),
)
