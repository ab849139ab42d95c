"""Redeeming coupons: quote, redeem within the order's transaction, give back (INV4, rows B1–B4).

``quote`` asks and may be outdated a moment later; ``redeem`` decides, by conditional UPDATEs whose WHERE holds the
limits, with a CHECK behind each. The limit is taken when the order is placed, so that a second basket cannot pass it.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from marketing.discounts import QuoteLine, Terms, discount_of, share_by_line
from marketing.models import BuyerUse, Coupon, Redemption
from seller_center.kernel.errors import DomainError
from seller_center.kernel.money import format_money
from shops import events

__all__ = ["BuyerFacts", "CouponRefused", "Discount", "QuoteLine", "give_back", "quote", "redeem"]


class CouponRefused(DomainError):
    """The coupon cannot be used on this basket; the sentence says why."""


@dataclasses.dataclass(frozen=True)
class BuyerFacts:
    """What pricing needs to know of a buyer; handed down, since buyers belong to a higher floor."""

    key: str
    order_count: int = 0

    @property
    def is_new(self) -> bool:
        """Has this buyer never ordered from the shop?"""
        return self.order_count == 0


@dataclasses.dataclass(frozen=True)
class Discount:
    """A coupon's effect on a basket: the whole, the share of each line in order, and who pays for it."""

    coupon: Coupon
    total_minor: int
    per_line: tuple[int, ...]
    funded_by: str


def quote(*, shop, code: str, lines: Sequence[QuoteLine], buyer: BuyerFacts, at: dt.datetime) -> Discount:
    """What this code takes off these lines now. Raises ``CouponRefused`` with the reason where it takes off nothing."""
    coupon = Coupon.objects.in_shop(shop).filter(code=code.strip().upper()).first()
    if coupon is None or coupon.status == Coupon.Status.DRAFT:
        raise CouponRefused(_("There is no coupon “%(code)s”.") % {"code": code.strip()[:20]}, field="coupon_code")
    _refuse_by_state(coupon, at)
    _refuse_by_buyer(coupon, buyer)
    if coupon.left_count == 0:
        raise CouponRefused(_("The coupon “%(code)s” has been used up.") % {"code": coupon.code}, field="coupon_code")
    discount = discount_of(Terms(coupon.percent, coupon.amount_minor, coupon.least_spend_minor), lines)
    if discount <= 0:
        least = format_money(coupon.least_spend_minor, coupon.currency)
        raise CouponRefused(
            _("The coupon “%(code)s” needs a basket of at least %(least)s.") % {"code": coupon.code, "least": least},
            field="coupon_code",
        )
    if coupon.left_minor is not None and discount > coupon.left_minor:
        raise CouponRefused(_("The coupon “%(code)s” has been used up.") % {"code": coupon.code}, field="coupon_code")
    return Discount(coupon, discount, tuple(share_by_line(discount, lines)), coupon.funded_by)


def _refuse_by_state(coupon: Coupon, at: dt.datetime) -> None:
    words = {"code": coupon.code}
    if coupon.status == Coupon.Status.PAUSED:
        raise CouponRefused(_("The coupon “%(code)s” is paused.") % words, field="coupon_code")
    if coupon.status == Coupon.Status.SCHEDULED or coupon.starts_at > at:
        raise CouponRefused(_("The coupon “%(code)s” is not valid yet.") % words, field="coupon_code")
    if coupon.status == Coupon.Status.ENDED or (coupon.ends_at is not None and coupon.ends_at <= at):
        raise CouponRefused(_("The coupon “%(code)s” has ended.") % words, field="coupon_code")


def _refuse_by_buyer(coupon: Coupon, buyer: BuyerFacts) -> None:
    if coupon.audience == Coupon.Audience.NEW_BUYERS and not buyer.is_new:
        raise CouponRefused(
            _("The coupon “%(code)s” is for first orders only.") % {"code": coupon.code}, field="coupon_code"
        )
    limit = coupon.per_buyer_limit_count
    uses = BuyerUse.objects.in_shop(coupon.shop).filter(coupon=coupon, buyer_key=buyer.key)
    if limit is not None and uses.filter(used_count__gte=limit).exists():
        raise _used_up_by_buyer(coupon)


def redeem(
    *, shop, discount: Discount, buyer: BuyerFacts, subject_kind: str, subject_code: str, at: dt.datetime
) -> Redemption:
    """Use the coupon for this subject, in the caller's transaction. Raises ``CouponRefused`` when a limit was reached
    since the quote; nothing is counted then.

    Lock order (DEC4): the coupon before the stock, so the caller redeems before it reserves.
    """
    if not connection.in_atomic_block:
        raise events.OutsideTransaction("redeem() was called outside a transaction.")
    coupon = discount.coupon
    _count_use(coupon, discount.total_minor, at)
    if coupon.per_buyer_limit_count is not None:
        _count_buyer(coupon, buyer)
    return Redemption.objects.create(
        shop=shop,
        coupon=coupon,
        buyer_key=buyer.key,
        subject_kind=subject_kind,
        subject_code=subject_code,
        discount_minor=discount.total_minor,
        currency=coupon.currency,
        redeemed_at=at,
    )


def _count_use(coupon: Coupon, discount_minor: int, at: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE marketing_coupon SET redeemed_count = redeemed_count + 1, given_minor = given_minor + %(discount)s"
            " WHERE shop_id = %(shop)s AND id = %(coupon)s AND status = 'live'"
            " AND starts_at <= %(at)s AND (ends_at IS NULL OR ends_at > %(at)s)"
            " AND (limit_count IS NULL OR redeemed_count < limit_count)"
            " AND (budget_minor IS NULL OR given_minor + %(discount)s <= budget_minor)",
            {"discount": discount_minor, "shop": coupon.shop_id, "coupon": coupon.pk, "at": at},
        )
        counted = cursor.rowcount
    if not counted:
        raise CouponRefused(
            _("The coupon “%(code)s” has just been used up or ended.") % {"code": coupon.code}, field="coupon_code"
        )


def _count_buyer(coupon: Coupon, buyer: BuyerFacts) -> None:
    """Insert or raise the buyer's counter, never above the limit: a twin waits on the unique index and then fails."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO marketing_buyeruse AS u (shop_id, coupon_id, buyer_key, used_count) VALUES (%s, %s, %s, 1)"
            " ON CONFLICT (shop_id, coupon_id, buyer_key) DO UPDATE SET used_count = u.used_count + 1"
            " WHERE u.used_count < %s",
            [coupon.shop_id, coupon.pk, buyer.key, coupon.per_buyer_limit_count],
        )
        counted = cursor.rowcount
    if not counted:
        raise _used_up_by_buyer(coupon)


def _used_up_by_buyer(coupon: Coupon) -> CouponRefused:
    sentence = _("You have already used the coupon “%(code)s” as often as it allows.") % {"code": coupon.code}
    return CouponRefused(sentence, field="coupon_code")


def give_back(*, shop, redemption: Redemption, at: dt.datetime) -> bool:
    """The order is off: give the use back, once. Returns False where it had been given back already."""
    if not connection.in_atomic_block:
        raise events.OutsideTransaction("give_back() was called outside a transaction.")
    # The coupon's row first (DEC4), so that a give-back and a redemption never wait for each other crosswise.
    list(Coupon.objects.in_shop(shop).filter(pk=redemption.coupon_id).select_for_update(no_key=True).values_list("pk"))
    open_row = Redemption.objects.in_shop(shop).filter(pk=redemption.pk, given_back_at__isnull=True)
    if not open_row.update(given_back_at=at):
        return False
    Coupon.objects.in_shop(shop).filter(pk=redemption.coupon_id).update(
        redeemed_count=F("redeemed_count") - 1, given_minor=F("given_minor") - redemption.discount_minor
    )
    BuyerUse.objects.in_shop(shop).filter(
        coupon_id=redemption.coupon_id, buyer_key=redemption.buyer_key, used_count__gt=0
    ).update(used_count=F("used_count") - 1)
    return True
