"""Coupons for tests, written through the real verbs."""

import datetime as dt
from typing import Any

from marketing import coupons
from marketing.models import Coupon
from tests.factories.shops import AT


def make_coupon(shop, code: str = "AUTUMN10", *, at: dt.datetime = AT, live: bool = True, **fields: Any) -> Coupon:
    """A coupon of ten percent, live since yesterday, unless said otherwise."""
    given = {
        "name": f"Coupon {code}",
        "kind": Coupon.Kind.PERCENT,
        "percent": 10,
        "starts_at": at - dt.timedelta(days=1),
        **fields,
    }
    if given["kind"] == Coupon.Kind.FIXED:
        given["percent"] = None
    coupon = coupons.create(shop=shop, by=None, at=at - dt.timedelta(days=1), code=code, **given)
    return coupons.start(coupon=coupon, by=None, at=at) if live else coupon
