"""Coupons add up: counters, uses and money are those of the live redemptions (INV4)."""

from shops.proof import Check

CHECKS = (
    Check(
        "coupon.counts_its_uses",
        "INV4",
        "a coupon's counters are those of its redemptions that were not given back",
        """
        SELECT c.shop_id, 'coupon ' || c.code,
            'counts ' || c.redeemed_count || ' over ' || c.given_minor
            || ', redemptions ' || coalesce(r.uses, 0) || ' over ' || coalesce(r.total, 0)
        FROM marketing_coupon c
        LEFT JOIN (
            SELECT shop_id, coupon_id, count(*) AS uses, sum(discount_minor) AS total
            FROM marketing_redemption WHERE given_back_at IS NULL GROUP BY shop_id, coupon_id
        ) r ON r.shop_id = c.shop_id AND r.coupon_id = c.id
        WHERE c.redeemed_count <> coalesce(r.uses, 0) OR c.given_minor <> coalesce(r.total, 0)
        """,
    ),
    Check(
        "coupon.counts_each_buyer",
        "INV4",
        "a buyer's uses are those of their redemptions, and within the limit per buyer",
        """
        SELECT u.shop_id, 'coupon ' || c.code,
            'a buyer counts ' || u.used_count || ' uses, redemptions ' || coalesce(r.uses, 0)
        FROM marketing_buyeruse u
        JOIN marketing_coupon c ON c.shop_id = u.shop_id AND c.id = u.coupon_id
        LEFT JOIN (
            SELECT shop_id, coupon_id, buyer_key, count(*) AS uses
            FROM marketing_redemption WHERE given_back_at IS NULL GROUP BY shop_id, coupon_id, buyer_key
        ) r ON r.shop_id = u.shop_id AND r.coupon_id = u.coupon_id AND r.buyer_key = u.buyer_key
        WHERE u.used_count <> coalesce(r.uses, 0) OR u.used_count > c.per_buyer_limit_count
        """,
    ),
    Check(
        "coupon.within_its_limits",
        "INV4",
        "no coupon is used more often, or gives more, than it may",
        """
        SELECT shop_id, 'coupon ' || code, 'used ' || redeemed_count || ', gave ' || given_minor
        FROM marketing_coupon WHERE redeemed_count > limit_count OR given_minor > budget_minor
        """,
    ),
)
