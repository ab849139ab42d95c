"""Reactions of floor 3."""

import datetime as dt

from marketing import coupons
from shops.models import ShopEvent
from shops.reacting import reaction


@reaction
def open_new_seller_coupon(event: ShopEvent) -> None:
    """A shop opened: the coupon that the marketplace pays for it."""
    facts, ends_at = event.facts, dt.datetime.fromisoformat(event.facts["offer_ends_at"])
    coupons.grant_to_new_seller(
        shop=event.shop, budget_minor=facts["coupon_budget_minor"], ends_at=ends_at, at=event.at
    )
