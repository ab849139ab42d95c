"""Floor 3: coupons (and later promotions, campaigns, creators, content, ads)."""
