"""The nouns of floor 3, one file each."""

from marketing.models.coupon import BuyerUse, Coupon, Redemption

__all__ = ["BuyerUse", "Coupon", "Redemption"]
