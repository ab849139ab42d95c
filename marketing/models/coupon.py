"""Coupons and what was redeemed of them. The counters are written by conditional UPDATE only (INV4, DEC2)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.history import history
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class CouponQuerySet(OwnedQuerySet):
    """Questions about coupons."""

    def newest_first(self):
        """The order of the list."""
        return self.order_by("-created_at", "-id")

    def redeemable(self, at):
        """Live now: a buyer may use them."""
        return self.filter(status=Coupon.Status.LIVE, starts_at__lte=at).filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=at)
        )

    def found_by(self, words: str):
        """Coupons whose code begins with the words, or whose name holds them."""
        return self.filter(Q(code__startswith=words.upper()) | Q(name__icontains=words))

    def funded_by_platform(self):
        """Paid for by the marketplace, newest first."""
        return self.filter(funded_by=Coupon.FundedBy.PLATFORM).newest_first()

    def automatic(self):
        """Applied without a code."""
        return self.filter(automatic=True)


COUPON_MOVES = Moves(
    {
        "draft": ("scheduled", "live", "ended"),
        "scheduled": ("live", "paused", "ended", "draft"),
        "live": ("paused", "ended"),
        "paused": ("live", "scheduled", "ended"),
    },
    start=("draft",),
)


@history()
class Coupon(ShopOwned):
    """A reduction that a buyer may redeem: percent or fixed, with limits in number and in money."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        LIVE = "live", _("Live")
        PAUSED = "paused", _("Paused")
        ENDED = "ended", _("Ended")

    MOVES = COUPON_MOVES

    class Kind(models.TextChoices):
        PERCENT = "percent", _("Percent off")
        FIXED = "fixed", _("Amount off")

    class Audience(models.TextChoices):
        ALL = "all", _("Everybody")
        NEW_BUYERS = "new_buyers", _("New buyers only")

    class FundedBy(models.TextChoices):
        SELLER = "seller", _("The shop")
        PLATFORM = "platform", _("The marketplace")

    code = models.CharField(_("code"), max_length=20, help_text=_("What buyers type. Letters and digits."))
    name = models.CharField(_("name"), max_length=80, help_text=_("For your own list; buyers do not see it."))
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.PERCENT)
    percent = models.PositiveSmallIntegerField(_("percent"), null=True, blank=True)
    amount_minor = models.BigIntegerField(_("amount"), null=True, blank=True)
    currency = models.CharField(max_length=3)
    least_spend_minor = models.BigIntegerField(_("minimum spend"), default=0)
    limit_count = models.PositiveIntegerField(_("uses in all"), null=True, blank=True)
    per_buyer_limit_count = models.PositiveIntegerField(_("uses per buyer"), null=True, blank=True)
    budget_minor = models.BigIntegerField(_("budget"), null=True, blank=True)
    audience = models.CharField(_("who may use it"), max_length=12, choices=Audience, default=Audience.ALL)
    funded_by = models.CharField(max_length=8, choices=FundedBy, default=FundedBy.SELLER)
    automatic = models.BooleanField(_("apply without a code"), default=False)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True, help_text=_("Exclusive; empty: no end."))
    redeemed_count = models.PositiveIntegerField(default=0)
    given_minor = models.BigIntegerField(default=0, help_text="Discount given by live redemptions.")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("shops.User", null=True, on_delete=models.PROTECT, related_name="+")

    objects = owned_manager(CouponQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(
                fields=("shop", "code"),
                name="coupon_code_once",
                violation_error_message=_("Your shop already has a coupon with this code."),
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="percent", percent__isnull=False, percent__gte=1, percent__lte=100, amount_minor__isnull=True
                )
                | Q(kind="fixed", amount_minor__isnull=False, amount_minor__gt=0, percent__isnull=True),
                name="coupon_kind_has_its_value",
                violation_error_message=_("Give a percentage of 1 to 100, or an amount above zero – one of the two."),
            ),
            models.CheckConstraint(
                condition=Q(limit_count__isnull=True) | Q(redeemed_count__lte=F("limit_count")),
                name="coupon_redeemed_lte_limit",
                violation_error_message=_("The coupon has been used more often than this limit."),
            ),
            models.CheckConstraint(
                condition=Q(budget_minor__isnull=True) | Q(given_minor__lte=F("budget_minor")),
                name="coupon_given_lte_budget",
                violation_error_message=_("The coupon has already given more than this budget."),
            ),
            models.CheckConstraint(
                condition=Q(given_minor__gte=0) & Q(least_spend_minor__gte=0), name="coupon_amounts_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="coupon_ends_after_it_starts",
                violation_error_message=_("The end must lie after the start."),
            ),
        ]
        indexes = [models.Index(fields=("shop", "status", "-created_at", "-id"), name="coupon_list")]
        triggers = [moves_trigger("coupon_status_moves", "status", COUPON_MOVES)]

    def __str__(self) -> str:
        return self.code

    @property
    def changeable(self) -> bool:
        """May everything be edited still? After going live only name, end and quantity (rulebook §6)."""
        return self.status == self.Status.DRAFT

    @property
    def by_platform(self) -> bool:
        """Does the marketplace pay for it?"""
        return self.funded_by == self.FundedBy.PLATFORM

    @property
    def left_minor(self) -> int | None:
        """How much of the budget is left; None: no budget."""
        return None if self.budget_minor is None else max(0, self.budget_minor - self.given_minor)

    @property
    def left_count(self) -> int | None:
        """How many uses are left; None: no limit."""
        return None if self.limit_count is None else max(0, self.limit_count - self.redeemed_count)


class BuyerUse(ShopOwned):
    """How often one buyer has used a coupon: the counter behind the per-buyer limit."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    buyer_key = models.CharField(max_length=64, help_text="The buyer's person code.")
    used_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("coupon"),
            models.UniqueConstraint(fields=("shop", "coupon", "buyer_key"), name="buyer_use_once"),
        ]


class Redemption(ShopOwned):
    """One use of a coupon by one order; given back exactly once when the order is cancelled."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="redemptions", db_constraint=False)
    buyer_key = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=30)
    subject_code = models.CharField(max_length=60)
    discount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    redeemed_at = models.DateTimeField()
    given_back_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager()

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("coupon"),
            models.UniqueConstraint(
                fields=("shop", "coupon", "subject_kind", "subject_code"), name="redemption_once_per_subject"
            ),
            models.CheckConstraint(condition=Q(discount_minor__gt=0), name="redemption_discount_positive"),
        ]
        indexes = [models.Index(fields=("shop", "coupon", "-redeemed_at", "-id"), name="redemption_list")]
