"""What the shop earned: one earning per delivered package, with its lines, their fees, and what was taken back."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.money import format_money
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key

EARNING_MOVES = Moves({"pending_settlement": ("available",)}, start=("pending_settlement",))


class EarningQuerySet(OwnedQuerySet):
    """Questions about earnings."""

    def unsettled(self):
        """Earned, and not available yet, soonest first."""
        return self.filter(status=Earning.Status.PENDING_SETTLEMENT).order_by("available_from", "id")

    def of_order(self, order):
        """The earnings of one order, in the order in which its packages arrived."""
        return self.filter(shop_id=order.shop_id, order=order).order_by("id")


class Earning(ShopOwned):
    """The shop's share of one delivered package: ``net_minor`` lies on *pending* until ``available_from``.

    ``taken_minor`` went back to the buyer (or into fees for that) while it was pending; the rest becomes available.
    """

    class Status(models.TextChoices):
        PENDING_SETTLEMENT = "pending_settlement", _("Not settled yet")
        AVAILABLE = "available", _("Available")

    MOVES = EARNING_MOVES

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    package = models.ForeignKey("orders.Package", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    package_code = models.CharField(max_length=60, help_text="Names the postings, as the package does on screen.")
    status = models.CharField(max_length=18, choices=Status, default=Status.PENDING_SETTLEMENT)
    currency = models.CharField(max_length=3)
    net_minor = models.BigIntegerField()
    taken_minor = models.BigIntegerField(default=0)
    earned_at = models.DateTimeField()
    available_from = models.DateTimeField(help_text="By the settlement terms that held at delivery.")
    terms = models.CharField(max_length=12, help_text="standard, introductory, accelerated or express.")
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(EarningQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("order"),
            TenantFK("package"),
            models.UniqueConstraint(fields=("shop", "package"), name="earning_once_per_package"),
            models.UniqueConstraint(fields=("shop", "package_code"), name="earning_once_per_package_code"),
            models.CheckConstraint(
                condition=Q(taken_minor__gte=0) & Q(taken_minor__lte=F("net_minor")),
                name="earning_taken_lte_net",
                violation_error_message=_("More cannot be taken back than was earned."),
            ),
            models.CheckConstraint(
                condition=Q(status="pending_settlement", settled_at__isnull=True)
                | Q(status="available", settled_at__isnull=False),
                name="earning_settled_with_moment",
            ),
        ]
        indexes = [
            models.Index(
                fields=("available_from", "id"), name="earning_to_settle", condition=Q(status="pending_settlement")
            ),
            models.Index(fields=("shop", "order"), name="earning_of_order"),
            models.Index(
                fields=("shop", "available_from"),
                include=("order", "net_minor", "taken_minor"),
                name="earning_becoming_available",
                condition=Q(status="pending_settlement"),
            ),
        ]
        triggers = [moves_trigger("earning_status_moves", "status", EARNING_MOVES)]

    def __str__(self) -> str:
        return f"{self.package_code}: {format_money(self.net_minor, self.currency)}"

    @property
    def left_minor(self) -> int:
        """What is still to become available."""
        return self.net_minor - self.taken_minor


class EarningLine(ShopOwned):
    """The part of one order line that a package brought: its amounts, and how much of them was refunded since.

    ``paid_minor`` is what the buyer paid for it without tax on top; ``refunded_minor`` follows it to the cent.
    """

    earning = models.ForeignKey(Earning, on_delete=models.PROTECT, related_name="lines", db_constraint=False)
    line = models.ForeignKey("orders.OrderLine", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    quantity = models.PositiveIntegerField()
    goods_minor = models.BigIntegerField(help_text="At full price.")
    seller_discount_minor = models.BigIntegerField(default=0)
    platform_discount_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    tax_included = models.BooleanField(default=False)
    refunded_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField(help_text="What of it lay on pending at delivery.")

    objects = owned_manager()

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("earning"),
            TenantFK("line"),
            models.UniqueConstraint(fields=("shop", "earning", "line"), name="earning_line_once"),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0)
                & Q(
                    refunded_minor__lte=F("goods_minor")
                    - F("seller_discount_minor")
                    - F("platform_discount_minor")
                    + F("shipping_minor")
                ),
                name="earning_line_refunded_lte_paid",
                violation_error_message=_("More cannot be refunded than was paid."),
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0)
                & Q(goods_minor__gte=0)
                & Q(seller_discount_minor__gte=0)
                & Q(platform_discount_minor__gte=0)
                & Q(shipping_minor__gte=0)
                & Q(tax_minor__gte=0),
                name="earning_line_not_negative",
            ),
        ]
        indexes = [models.Index(fields=("shop", "line"), name="earning_line_of_line")]

    def __str__(self) -> str:
        return f"{self.quantity} × line {self.line_id}"

    @property
    def paid_minor(self) -> int:
        """What the buyer paid for this part, without tax on top."""
        return self.goods_minor - self.seller_discount_minor - self.platform_discount_minor + self.shipping_minor


class FeeLine(ShopOwned):
    """One fee on one earned line. It explains itself: rule, base, rate, share charged, and the moment that decided."""

    class Kind(models.TextChoices):
        REFERRAL = "referral", _("Referral fee")

    earning_line = models.ForeignKey(EarningLine, on_delete=models.PROTECT, related_name="fees", db_constraint=False)
    kind = models.CharField(max_length=12, choices=Kind)
    rule = models.CharField(max_length=60, help_text="Key of the policy that gave the rate.")
    base_minor = models.BigIntegerField(help_text="Customer payment + platform discount − tax.")
    rate_bp = models.PositiveIntegerField()
    share_bp = models.PositiveIntegerField(help_text="What of the fee is charged: 5000 in the new-seller offer.")
    amount_minor = models.BigIntegerField()
    reversed_minor = models.BigIntegerField(default=0)
    decided_at = models.DateTimeField(help_text="Rate and offer hold as of this moment: the order's payment.")
    policy_version = models.ForeignKey(
        "shops.PolicyVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = owned_manager()

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("earning_line"),
            models.UniqueConstraint(fields=("shop", "earning_line", "kind"), name="fee_once_per_line_and_kind"),
            models.CheckConstraint(
                condition=Q(reversed_minor__gte=0) & Q(reversed_minor__lte=F("amount_minor")),
                name="fee_reversed_lte_taken",
                violation_error_message=_("More of a fee cannot be given back than was taken."),
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0) & Q(amount_minor__lte=F("base_minor")), name="fee_lte_base"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} of line {self.earning_line_id}"


class Reversal(ShopOwned):
    """What one refund took from one earned line, or, before anything was earned, from the buyer's payment.

    Amounts as they went back: ``paid_minor`` (without tax on top) and ``tax_minor`` to the buyer, the platform's
    discount share to the platform, the referral fee to the seller. ``seller_minor`` is what the seller bore.
    """

    refund = models.ForeignKey("orders.Refund", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    line = models.ForeignKey("orders.OrderLine", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    earning_line = models.ForeignKey(
        EarningLine, null=True, blank=True, on_delete=models.PROTECT, related_name="reversals", db_constraint=False
    )
    goods_minor = models.BigIntegerField(default=0, help_text="Of the full price.")
    seller_discount_minor = models.BigIntegerField(default=0)
    platform_discount_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    referral_minor = models.BigIntegerField(default=0)
    refund_fee_minor = models.BigIntegerField(default=0)
    seller_minor = models.BigIntegerField(default=0)
    from_pending_minor = models.BigIntegerField(default=0, help_text="Borne, fee included, before it was settled.")
    lack_minor = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Of the seller's share of what was not settled yet: used up by earlier fees, so taken from available.",
    )
    reversed_at = models.DateTimeField()

    objects = owned_manager()

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("refund"),
            TenantFK("order"),
            TenantFK("line"),
            TenantFK("earning_line"),
            models.UniqueConstraint(
                fields=("shop", "refund", "line", "earning_line"), name="reversal_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(goods_minor__gte=0)
                & Q(seller_discount_minor__gte=0)
                & Q(platform_discount_minor__gte=0)
                & Q(shipping_minor__gte=0)
                & Q(tax_minor__gte=0)
                & Q(referral_minor__gte=0)
                & Q(refund_fee_minor__gte=0)
                & Q(from_pending_minor__gte=0),
                name="reversal_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(lack_minor__gte=0) & Q(lack_minor__lte=F("seller_minor")),
                name="reversal_lacks_of_its_share",
            ),
        ]
        indexes = [
            models.Index(fields=("shop", "line"), name="reversal_of_line"),
            models.Index(fields=("shop", "order"), name="reversal_of_order"),
        ]

    def __str__(self) -> str:
        return f"refund {self.refund_id}"
