"""The one payment of an order, and what went back of it."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order
from seller_center.kernel.history import history
from seller_center.kernel.money import format_money
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, moves_check, moves_trigger
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key

PAYMENT_MOVES = Moves(
    {
        "awaiting": ("sending", "captured", "abandoned"),
        "sending": ("pending", "captured", "declined", "unknown", "awaiting", "abandoned"),
        "pending": ("captured", "declined", "unknown", "abandoned"),
        "unknown": ("pending", "captured", "declined", "awaiting", "abandoned"),
        "declined": ("sending", "captured", "abandoned"),
        "abandoned": ("captured",),
    },
    start=("awaiting",),
)


class PaymentQuerySet(OwnedQuerySet):
    """Questions about payments."""

    def unclear(self):
        """Payments of which nobody knows yet whether the money moved, longest waiting first."""
        return self.filter(status__in=("sending", "pending", "unknown")).order_by("asked_at", "id")


@history()
class Payment(ShopOwned):
    """Money of one order. Each attempt has a key of its own; the provider does the same key once.

    ``unknown``: the provider did not answer; only asking it by the key decides, never sending again.
    """

    class Status(models.TextChoices):
        AWAITING = "awaiting", _("Awaiting payment")
        SENDING = "sending", _("On its way")
        PENDING = "pending", _("Pending")
        UNKNOWN = "unknown", _("Being clarified")
        CAPTURED = "captured", _("Paid")
        DECLINED = "declined", _("Declined")
        ABANDONED = "abandoned", _("Abandoned")

    MOVES = PAYMENT_MOVES

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="payments", db_constraint=False, db_index=False
    )
    provider = models.CharField(max_length=20, help_text="Who took the money: the provider's name, or “channel”.")
    attempt = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status, default=Status.AWAITING)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="What is to be paid.")
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    provider_ref = models.CharField(max_length=80, blank=True)
    decline_sentence = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When the last attempt was sent.")
    captured_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(PaymentQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("order"),
            models.UniqueConstraint(fields=("shop", "order"), name="payment_one_per_order"),
            models.CheckConstraint(
                condition=Q(captured_minor__gte=0) & Q(captured_minor__lte=F("amount_minor")),
                name="payment_captured_lte_amount",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0) & Q(refunded_minor__lte=F("captured_minor")),
                name="payment_refunded_lte_captured",
                violation_error_message=_("More would be refunded than was paid."),
            ),
            models.CheckConstraint(
                condition=Q(status="captured", captured_at__isnull=False)
                | ~Q(status="captured") & Q(captured_at__isnull=True, captured_minor=0),
                name="payment_captured_with_moment",
            ),
            moves_check("payment_status_known", "status", PAYMENT_MOVES),
        ]
        indexes = [
            models.Index(
                fields=("asked_at", "id"),
                name="payment_unclear",
                condition=Q(status__in=("sending", "pending", "unknown")),
            ),
        ]
        triggers = [moves_trigger("payment_status_moves", "status", PAYMENT_MOVES)]

    def __str__(self) -> str:
        captured, amount = (format_money(minor, self.currency) for minor in (self.captured_minor, self.amount_minor))
        return f"{captured} of {amount}"

    @property
    def key(self) -> str:
        """The provider's idempotency key of the current attempt."""
        return f"payment:{self.order.code}:{self.attempt}"


REFUND_MOVES = Moves(
    {"owed": ("sent", "unknown", "failed"), "unknown": ("sent", "failed", "owed"), "failed": ("owed",)},
    start=("owed", "sent"),
)


class RefundQuerySet(OwnedQuerySet):
    """Questions about refunds."""

    def of_order(self, order):
        """The refunds of one order, oldest first."""
        return self.filter(shop_id=order.shop_id, order=order).order_by("made_at", "id")

    def to_send(self):
        """Refunds that the provider has not carried out yet, longest waiting first."""
        return self.filter(status__in=("owed", "unknown")).order_by("made_at", "id")


class Refund(ShopOwned):
    """Money that goes back for units of a line. Decided at ``made_at``; the provider is told afterwards.

    ``goods``, ``shipping`` and ``tax`` are what the buyer had paid of each; ``total`` is what reaches the buyer.
    """

    class Status(models.TextChoices):
        OWED = "owed", _("On its way")
        UNKNOWN = "unknown", _("Being clarified")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    MOVES = REFUND_MOVES

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="refunds", db_constraint=False, db_index=False
    )
    line = models.ForeignKey(
        "orders.OrderLine",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="refunds",
        db_constraint=False,
        db_index=False,
    )
    return_request = models.ForeignKey(
        "orders.ReturnRequest",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="refunds",
        db_constraint=False,
        db_index=False,
    )
    code = models.CharField(max_length=18)
    status = models.CharField(max_length=7, choices=Status, default=Status.OWED)
    currency = models.CharField(max_length=3)
    quantity = models.PositiveIntegerField(default=0)
    goods_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    tax_included = models.BooleanField(default=False)
    total_minor = models.BigIntegerField()
    reason = models.CharField(max_length=30)
    fault = models.CharField(max_length=8, choices=Order.Fault)
    note = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField()
    by = models.ForeignKey(
        "shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    sent_at = models.DateTimeField(null=True, blank=True)
    provider_ref = models.CharField(max_length=80, blank=True)

    objects = owned_manager(RefundQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("order"),
            TenantFK("line"),
            TenantFK("return_request"),
            models.UniqueConstraint(fields=("shop", "code"), name="refund_code_once"),
            models.CheckConstraint(
                condition=Q(goods_minor__gte=0) & Q(shipping_minor__gte=0) & Q(tax_minor__gte=0) & Q(total_minor__gt=0),
                name="refund_of_something",
                violation_error_message=_("A refund is of more than nothing."),
            ),
            models.CheckConstraint(
                condition=Q(tax_included=True, total_minor=F("goods_minor") + F("shipping_minor"))
                | Q(tax_included=False, total_minor=F("goods_minor") + F("shipping_minor") + F("tax_minor")),
                name="refund_total_is_sum_of_parts",
            ),
            moves_check("refund_status_known", "status", REFUND_MOVES),
        ]
        indexes = [
            models.Index(fields=("shop", "order", "id"), name="refund_of_order"),
            models.Index(
                fields=("shop", "return_request"), name="refund_of_return", condition=Q(return_request__isnull=False)
            ),
            models.Index(fields=("made_at", "id"), name="refund_to_send", condition=Q(status__in=("owed", "unknown"))),
        ]
        triggers = [moves_trigger("refund_status_moves", "status", REFUND_MOVES)]

    def __str__(self) -> str:
        return self.code

    @property
    def key(self) -> str:
        """The provider's idempotency key."""
        return f"refund:{self.code}"
