"""Payouts and the batches in which they go to the bank (DEC14, model.md §5)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.history import history
from seller_center.kernel.money import format_money
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models import OwnedQuerySet, PeerManager, PeerQuerySet, ShopOwned, owned_manager, tenant_key

BATCH_MOVES = Moves(
    {
        "drafted": ("approved_once",),
        "approved_once": ("released",),
        "released": ("sent",),
        "sent": ("reconciled",),
    },
    start=("drafted",),
)

PAYOUT_MOVES = Moves(
    {
        "ready": ("held", "sending"),
        "held": ("ready",),
        "sending": ("paid", "failed", "unknown"),
        "unknown": ("paid", "failed"),
        "paid": ("returned",),
    },
    start=("ready",),
)


class PayoutBatchQuerySet(PeerQuerySet):
    """Questions about batches."""

    def newest_first(self):
        """The order of the desk's history."""
        return self.order_by("-pays_on", "-run_no", "-id")

    def to_release(self):
        """Waiting for the first or the second of the two people, soonest due first."""
        return self.filter(status__in=("drafted", "approved_once")).order_by("release_by", "id")

    def on_the_way(self):
        """Released, and not yet agreed with the bank's statement."""
        return self.filter(status__in=("released", "sent")).order_by("pays_on", "id")


@history()
class PayoutBatch(models.Model):
    """All payouts of one market and day: made by ``run_payouts``, released by two people, sent by the worker.

    It spans shops and belongs to none; its events stand on the market's platform shop.
    """

    class Status(models.TextChoices):
        DRAFTED = "drafted", _("Drafted")
        APPROVED_ONCE = "approved_once", _("Released once")
        RELEASED = "released", _("Released")
        SENT = "sent", _("Sent")
        RECONCILED = "reconciled", _("Reconciled")

    MOVES = BATCH_MOVES

    market = models.ForeignKey("shops.Market", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    pays_on = models.DateField(help_text="The payday it belongs to; the bank pays on the first bank day from then on.")
    run_no = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=13, choices=Status, default=Status.DRAFTED)
    payout_count = models.PositiveIntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)
    drafted_at = models.DateTimeField()
    release_by = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    file_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the bank file as it was released.")
    sent_at = models.DateTimeField(null=True, blank=True)
    reconciled_at = models.DateTimeField(null=True, blank=True)

    objects = PeerManager.from_queryset(PayoutBatchQuerySet)()

    class Meta:
        verbose_name = _("payout batch")
        verbose_name_plural = _("payout batches")
        constraints = [
            models.UniqueConstraint(fields=("market", "pays_on", "run_no"), name="payout_batch_once_per_run"),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | Q(approved_by__isnull=False) & ~Q(released_by=F("approved_by")),
                name="payout_batch_two_people",
                violation_error_message=_("A batch is released by two different people."),
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("released", "sent", "reconciled")) | Q(released_by__isnull=False),
                name="payout_batch_released_by_somebody",
            ),
            models.CheckConstraint(condition=Q(total_minor__gte=0), name="payout_batch_total_not_negative"),
        ]
        triggers = [moves_trigger("payout_batch_status_moves", "status", BATCH_MOVES)]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """The human name: market, payday, run."""
        return f"{self.market_id}-{self.pays_on:%Y%m%d}-{self.run_no}"


class PayoutQuerySet(OwnedQuerySet):
    """Questions about payouts."""

    def newest_first(self):
        """The order of the seller's list."""
        return self.order_by("-period_on", "-id")

    def with_account(self):
        """Each with its bank account in the words of the screen; the number stays sealed."""
        account = self.model._meta.get_field("bank_account").related_model
        unsaid = {field.name for field in account._meta.concrete_fields} - {"id", "bank_name", "last_four", "holder"}
        return self.select_related("bank_account").defer(*(f"bank_account__{name}" for name in unsaid))

    def under_way(self):
        """Left the balance and not yet proven to have arrived or come back."""
        return self.filter(status__in=("ready", "held", "sending", "unknown"))

    def to_send(self):
        """Released and not given to the bank yet."""
        return self.filter(status="ready", batch__status="released").order_by("id")

    def awaiting_bank(self):
        """Given to the bank, or perhaps given: the bank's word is awaited."""
        return self.filter(status__in=("sending", "unknown")).order_by("id")


@history(exclude=["attempts", "lease_until", "lease_owner"])
class Payout(ShopOwned):
    """One payment to a shop: the whole available balance of a payday, claimed in the ledger when it is made.

    ``accepted_at`` is when the bank took it; ``lease_until`` and ``attempts`` belong to the worker that sends it (real
    time). The bank knows it as ``payout:<id>``.
    """

    class Status(models.TextChoices):
        READY = "ready", _("Ready")
        HELD = "held", _("Held")
        SENDING = "sending", _("On its way")
        UNKNOWN = "unknown", _("Being clarified")
        PAID = "paid", _("Paid")
        FAILED = "failed", _("Failed")
        RETURNED = "returned", _("Returned by the bank")

    MOVES = PAYOUT_MOVES

    class Hold(models.TextChoices):
        NONE = "", _("Not held")
        BANK = "bank", _("The bank account was changed")
        STAFF = "staff", _("Held by the marketplace")

    code = models.CharField(max_length=20)
    period_on = models.DateField(help_text="The payday.")
    batch = models.ForeignKey(
        PayoutBatch,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="payouts",
        help_text="None: held back.",
    )
    bank_account = models.ForeignKey(
        "shops.BankAccount", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    status = models.CharField(max_length=8, choices=Status, default=Status.READY)
    hold = models.CharField(max_length=6, choices=Hold, default=Hold.NONE, blank=True)
    hold_reason = models.CharField(max_length=200, blank=True)
    drafted_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_owner = models.CharField(max_length=40, blank=True)
    first_sent_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    bank_reference = models.CharField(max_length=60, blank=True)
    settles_on = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it was paid or failed.")
    returned_at = models.DateTimeField(null=True, blank=True)
    return_code = models.CharField(max_length=4, blank=True)
    reason = models.CharField(max_length=200, blank=True, help_text="The bank's words, or ours, for a failure.")

    objects = owned_manager(PayoutQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("bank_account"),
            models.UniqueConstraint(fields=("shop", "currency", "period_on"), name="payout_once_per_period"),
            models.UniqueConstraint(fields=("shop", "code"), name="payout_code_once"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0),
                name="payout_above_zero",
                violation_error_message=_("A payout is more than nothing."),
            ),
            models.CheckConstraint(
                condition=~Q(status__in=("sending", "unknown", "paid", "failed", "returned"))
                | Q(batch__isnull=False, first_sent_at__isnull=False),
                name="payout_sent_in_a_batch",
            ),
            models.CheckConstraint(condition=~Q(status="held") | ~Q(hold=""), name="payout_held_for_a_reason"),
        ]
        indexes = [
            models.Index(fields=("batch", "id"), name="payout_of_batch"),
            models.Index(fields=("id",), name="payout_to_send", condition=Q(status="ready")),
            models.Index(fields=("id",), name="payout_at_bank", condition=Q(status__in=("sending", "unknown"))),
            models.Index(fields=("shop", "-period_on", "-id"), name="payout_newest"),
        ]
        triggers = [moves_trigger("payout_status_moves", "status", PAYOUT_MOVES)]

    def __str__(self) -> str:
        return self.code

    @property
    def key(self) -> str:
        """The name under which the bank knows it, for ever."""
        return f"payout:{self.pk}"


class BankFeed(models.Model):
    """How far the bank's events have been read. One row; losing it means reading again, which changes nothing."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    cursor = models.BigIntegerField(default=0)
    statement_until = models.DateField(
        null=True, blank=True, help_text="The last day whose statement is complete here."
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="bank_feed_single_row")]

    def __str__(self) -> str:
        return f"read up to {self.cursor}"


class BankMovement(ShopOwned):
    """A line of the bank's statement that belongs to a payout (to the platform shop where it belongs to none)."""

    payout = models.ForeignKey(
        Payout, null=True, blank=True, on_delete=models.PROTECT, related_name="movements", db_constraint=False
    )
    number = models.BigIntegerField(help_text="The bank's own number of the line.")
    day = models.DateField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=60)
    reference = models.CharField(max_length=60)
    amount_minor = models.BigIntegerField(help_text="Below zero: it left the marketplace's account.")
    currency = models.CharField(max_length=3)

    append_only = True
    objects = owned_manager()

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("payout"),
            models.UniqueConstraint(fields=("shop", "number"), name="bank_movement_once"),
        ]
        indexes = [models.Index(fields=("shop", "payout"), name="bank_movement_of_payout")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {format_money(self.amount_minor, self.currency)}"
