"""Labels that were bought, scans that carriers told, and how far we have listened to them."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.package import Package
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, moves_check, moves_trigger
from shops.models import OwnedQuerySet, PeerManager, ShopOwned, owned_manager, tenant_key

LABEL_MOVES = Moves(
    {"wanted": ("bought", "unknown", "refused"), "unknown": ("bought", "refused"), "bought": ("voided",)},
    start=("wanted",),
)


class LabelQuerySet(OwnedQuerySet):
    """Questions about labels."""

    def of_package(self, package):
        """The labels of one package, newest first."""
        return self.filter(shop_id=package.shop_id, package=package).order_by("-id")


class Label(ShopOwned):
    """A label bought, or being bought, from a carrier under a key of ours: the same key buys once.

    ``unknown``: the carrier did not answer. The next click asks for the same label again, never for a second one.
    """

    class Status(models.TextChoices):
        WANTED = "wanted", _("Being bought")
        UNKNOWN = "unknown", _("Being clarified")
        BOUGHT = "bought", _("Bought")
        REFUSED = "refused", _("Refused")
        VOIDED = "voided", _("Voided")

    MOVES = LABEL_MOVES

    package = models.ForeignKey(
        Package, on_delete=models.PROTECT, related_name="labels", db_constraint=False, db_index=False
    )
    number = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(max_length=7, choices=Status, default=Status.WANTED)
    carrier = models.CharField(max_length=20)
    service = models.CharField(max_length=40)
    weight_grams = models.PositiveIntegerField()
    tracking_number = models.CharField(max_length=40, blank=True)
    amount_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    carrier_reference = models.CharField(max_length=80, blank=True)
    refusal = models.CharField(max_length=300, blank=True)
    wanted_at = models.DateTimeField()
    wanted_by = models.ForeignKey(
        "shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    bought_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(LabelQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("package"),
            models.UniqueConstraint(fields=("shop", "package", "number"), name="label_number_once"),
            models.UniqueConstraint(
                fields=("shop", "package"),
                condition=Q(status__in=("wanted", "unknown", "bought")),
                name="label_one_live_per_package",
                violation_error_message=_("This package has a label already."),
            ),
            models.CheckConstraint(
                condition=~Q(status="bought") | Q(bought_at__isnull=False) & ~Q(tracking_number=""),
                name="label_bought_with_number",
            ),
            moves_check("label_status_known", "status", LABEL_MOVES),
        ]
        indexes = [
            models.Index(fields=("carrier", "tracking_number"), name="label_tracking", condition=Q(status="bought")),
        ]
        triggers = [moves_trigger("label_status_moves", "status", LABEL_MOVES)]

    def __str__(self) -> str:
        return self.tracking_number or f"{self.carrier} label"

    @property
    def key(self) -> str:
        """The carrier's idempotency key."""
        return f"label:{self.package.code}:{self.number}"


class TrackingEvent(ShopOwned):
    """One scan of a package, as the carrier told it. Append-only; the carrier's own id keeps repeats out."""

    package = models.ForeignKey(
        Package, on_delete=models.PROTECT, related_name="scans", db_constraint=False, db_index=False
    )
    carrier_event_id = models.CharField(max_length=80)
    status = models.CharField(max_length=20)
    sentence = models.CharField(max_length=200, blank=True)
    place = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField(help_text="When the carrier scanned it.")
    received_at = models.DateTimeField(help_text="When we heard of it.")

    objects = owned_manager()
    append_only = True

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("package"),
            models.UniqueConstraint(fields=("shop", "package", "carrier_event_id"), name="tracking_event_once"),
        ]
        indexes = [models.Index(fields=("shop", "package", "at", "id"), name="tracking_event_of_package")]
        triggers = [
            pgtrigger.Protect(name="tracking_event_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.status} at {self.at:%Y-%m-%d %H:%M}"


class TrackingCursor(models.Model):
    """How far we have read a carrier's scans, and the payment provider's happenings."""

    source = models.CharField(max_length=30, unique=True)
    position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    objects = PeerManager()

    def __str__(self) -> str:
        return f"{self.source} at {self.position}"
