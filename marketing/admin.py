"""Coupons in the admin: staff read; changes go through the shop's own pages."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketing.models import Coupon, Redemption
from shops.admin.read_only import ReadOnlyAdmin


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin):
    """What a shop gives away."""

    titles = {"redeemed_count": gettext_lazy("Uses so far")}
    list_display = ("code", "shop", "status", "kind", "redeemed_count", "limit_count", "given_minor", "budget_minor")
    list_filter = ("status", "kind", "funded_by")
    search_fields = ("code", "name", "shop__code")
    ordering = ("-created_at", "-id")
    list_select_related = ("shop",)


@admin.register(Redemption)
class RedemptionAdmin(ReadOnlyAdmin):
    """Who used what."""

    titles = {"subject_code": gettext_lazy("Order")}
    list_display = ("coupon", "shop", "subject_code", "discount_minor", "redeemed_at", "given_back_at")
    search_fields = ("subject_code", "coupon__code")
    ordering = ("-redeemed_at", "-id")
    list_select_related = ("shop", "coupon")

    def record_title(self, row: Any) -> str:
        return _("%(coupon)s for %(order)s") % {"coupon": row.coupon, "order": row.subject_code}
