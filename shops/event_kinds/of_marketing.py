"""What happens on floor 3: coupons."""

from django.utils.translation import gettext_noop as _

from shops.event_kinds.declaring import event


@event("coupon.created", sentence=_("Coupon {code} saved as a draft."))
class CouponCreated:
    name: str


@event("coupon.changed", sentence=_("Coupon {code} changed."))
class CouponChanged:
    name: str
    fields: list[str]


@event("coupon.scheduled", sentence=_("Coupon {code} scheduled."))
class CouponScheduled:
    name: str


@event("coupon.went_live", sentence=_("Coupon {code} went live."))
class CouponWentLive:
    name: str


@event("coupon.paused", sentence=_("Coupon {code} paused."))
class CouponPaused:
    name: str


@event("coupon.ended", sentence=_("Coupon {code} ended."))
class CouponEnded:
    name: str
