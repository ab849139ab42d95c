"""How many there are, who has a claim on them, and how that came about. Written by ``catalog.stock`` only."""

import pgtrigger
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.tenancy import TenantFK
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class Warehouse(ShopOwned):
    """A place where a shop keeps goods. One is the default, from which orders are served."""

    code = models.SlugField(max_length=20)
    name = models.CharField(max_length=80)
    is_default = models.BooleanField(default=False)

    objects = owned_manager()

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(
                fields=("shop", "code"), name="warehouse_code_once", violation_error_message=_("This code is taken.")
            ),
            models.UniqueConstraint(fields=("shop",), condition=Q(is_default=True), name="warehouse_one_default"),
        ]

    def __str__(self) -> str:
        return self.name


class StockItemQuerySet(OwnedQuerySet):
    """Questions about stock."""

    def of_sku(self, sku):
        """The stock of one SKU in all warehouses."""
        return self.filter(shop_id=sku.shop_id, sku=sku).order_by("id")

    def offered(self):
        """Stock of SKUs that are still offered."""
        return self.filter(sku__retired_at__isnull=True)

    def low(self, at_most: int):
        """Of which at most this many are available."""
        return self.filter(available__lte=at_most)


class StockItem(ShopOwned):
    """How many of a SKU lie in a warehouse: on hand, of these reserved for orders and locked for campaigns.

    ``off_sale`` is the seller's one-click "out of stock": nothing is available until the mark is taken away, whatever
    is counted, received or released meanwhile.
    """

    sku = models.ForeignKey("catalog.Sku", on_delete=models.PROTECT, related_name="stock", db_constraint=False)
    warehouse = models.ForeignKey(Warehouse, on_delete=models.PROTECT, related_name="items", db_constraint=False)
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    locked = models.IntegerField(default=0)
    off_sale = models.BooleanField(default=False)
    available = models.GeneratedField(
        expression=Case(When(off_sale=True, then=Value(0)), default=F("on_hand") - F("reserved") - F("locked")),
        output_field=models.IntegerField(),
        db_persist=True,
    )

    objects = owned_manager(StockItemQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("sku"),
            TenantFK("warehouse"),
            models.UniqueConstraint(fields=("shop", "sku", "warehouse"), name="stock_item_once"),
            models.CheckConstraint(
                condition=Q(on_hand__gte=0),
                name="stock_on_hand_not_negative",
                violation_error_message=_("There cannot be fewer than none on hand."),
            ),
            models.CheckConstraint(condition=Q(reserved__gte=0), name="stock_reserved_not_negative"),
            models.CheckConstraint(condition=Q(locked__gte=0), name="stock_locked_not_negative"),
            models.CheckConstraint(
                condition=Q(on_hand__gte=F("reserved") + F("locked")),
                name="stock_promised_lte_on_hand",
                violation_error_message=_("More would be promised than is on hand."),
            ),
        ]
        indexes = [models.Index(fields=("shop", "available", "id"), name="stock_by_available")]

    def __str__(self) -> str:
        return f"{self.available} available"

    @property
    def promised(self) -> int:
        """Units that belong to somebody already: the stock cannot be counted below this."""
        return self.reserved + self.locked


class ReservationQuerySet(OwnedQuerySet):
    """Questions about claims on stock."""

    def running(self):
        """Not ended."""
        return self.filter(ended_at__isnull=True)

    def of_subject(self, shop, subject_kind: str, subject_code: str):
        """All claims of one order, oldest first."""
        return self.filter(shop=shop, subject_kind=subject_kind, subject_code=subject_code).order_by("id")


class Reservation(ShopOwned):
    """Units of a SKU set aside for a subject (an order), until a moment or, once paid, until they are sold.

    It ends exactly once: sold, released or expired (INV3). The order refers down to it.
    """

    class Ended(models.TextChoices):
        SOLD = "sold", _("Sold")
        RELEASED = "released", _("Released")
        EXPIRED = "expired", _("Expired")

    item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="reservations", db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    quantity = models.PositiveIntegerField()
    subject_kind = models.CharField(max_length=30)
    subject_code = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True, help_text="When it expires; empty once it is paid for.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_as = models.CharField(max_length=8, choices=Ended, blank=True)
    ended_why = models.CharField(max_length=60, blank=True)

    objects = owned_manager(ReservationQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("item"),
            TenantFK("sku"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservation_of_something"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_as="") | Q(ended_at__isnull=False) & ~Q(ended_as=""),
                name="reservation_ended_with_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=("shop", "until"), name="reservation_expiring", condition=Q(ended_at__isnull=True)),
            models.Index(fields=("shop", "item"), name="reservation_running", condition=Q(ended_at__isnull=True)),
            models.Index(fields=("shop", "subject_kind", "subject_code"), name="reservation_subject"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="reservation_ends_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__ended_at__isnull=False),
            ),
            pgtrigger.Protect(name="reservation_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} for {self.subject_code}"

    @property
    def ended(self) -> bool:
        """Has the claim come to its end?"""
        return self.ended_at is not None


class StockMovementQuerySet(OwnedQuerySet):
    """Questions about the journal."""

    def of_sku(self, sku):
        """The journal of one SKU, newest first."""
        return self.filter(shop_id=sku.shop_id, sku=sku).order_by("-at", "-id")


class StockMovement(ShopOwned):
    """One line of the stock journal: units came or went. Append-only; the sum over an item is what is on hand."""

    class Why(models.TextChoices):
        RECEIVED = "received", _("Received")
        COUNTED = "counted", _("Counted")
        SOLD = "sold", _("Sold")
        RETURNED = "returned", _("Returned to stock")
        WRITTEN_OFF = "written_off", _("Written off")
        IMPORTED = "imported", _("Imported")

    item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="movements", db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    quantity = models.IntegerField(help_text="Signed: what came is positive, what went is negative.")
    on_hand_after = models.IntegerField()
    why = models.CharField(max_length=12, choices=Why)
    came_from = models.CharField(max_length=60, blank=True)
    went_to = models.CharField(max_length=60, blank=True)
    reference = models.CharField(
        max_length=60, blank=True, help_text="The order, delivery note or import it belongs to."
    )
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = owned_manager(StockMovementQuerySet)
    append_only = True

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("item"),
            TenantFK("sku"),
            models.CheckConstraint(condition=~Q(quantity=0), name="stock_movement_moves_something"),
            models.CheckConstraint(condition=Q(on_hand_after__gte=0), name="stock_movement_ends_not_negative"),
        ]
        indexes = [
            models.Index(fields=("shop", "sku", "-at", "-id"), name="stock_movement_of_sku"),
            models.Index(fields=("shop", "-at", "-id"), name="stock_movement_newest"),
            models.Index(fields=("at", "shop", "sku"), name="stock_movement_sold", condition=Q(why="sold")),
        ]
        triggers = [
            pgtrigger.Protect(name="stock_movement_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+d} {self.why}"
