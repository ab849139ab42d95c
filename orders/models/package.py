"""The package: what leaves the house in one piece, and how far it has come."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order, OrderLine
from seller_center.kernel.history import history
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, moves_check, moves_trigger
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key

PACKAGE_MOVES = Moves(
    {
        "awaiting_shipment": ("awaiting_collection", "cancelled"),
        "awaiting_collection": ("in_transit", "delivered", "lost", "returned_to_sender"),
        "in_transit": ("delivered", "lost", "returned_to_sender"),
        "lost": ("in_transit", "delivered", "returned_to_sender"),
    },
    start=("awaiting_shipment",),
)


class PackageQuerySet(OwnedQuerySet):
    """Questions about packages."""

    def of_order(self, order):
        """The packages of one order, in the order in which they were packed."""
        return self.filter(shop_id=order.shop_id, order=order).order_by("id")

    def awaiting_shipment(self):
        """Still in the house."""
        return self.filter(status=Package.Status.AWAITING_SHIPMENT)

    def under_way(self):
        """Handed to the carrier, or about to be, and not arrived."""
        return self.filter(status__in=("awaiting_collection", "in_transit"))

    def with_number(self, carrier: str, tracking_number: str):
        """Packages that carry this number (several, where orders are sent together)."""
        return self.filter(carrier=carrier, tracking_number=tracking_number).order_by("id")


@history()
class Package(ShopOwned):
    """One parcel of an order. Holds and disputes are rows beside it, not states."""

    class Status(models.TextChoices):
        AWAITING_SHIPMENT = "awaiting_shipment", _("Awaiting shipment")
        AWAITING_COLLECTION = "awaiting_collection", _("Awaiting collection")
        IN_TRANSIT = "in_transit", _("In transit")
        DELIVERED = "delivered", _("Delivered")
        LOST = "lost", _("Lost")
        RETURNED_TO_SENDER = "returned_to_sender", _("Returned to sender")
        CANCELLED = "cancelled", _("Cancelled")

    MOVES = PACKAGE_MOVES

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="packages", db_constraint=False, db_index=False
    )
    code = models.CharField(max_length=16, help_text="The order's code and a number; printed on the label.")
    status = models.CharField(max_length=19, choices=Status, default=Status.AWAITING_SHIPMENT)
    carrier = models.CharField(max_length=20, blank=True)
    tracking_number = models.CharField(max_length=40, blank=True)
    opened_at = models.DateTimeField(help_text="Since when it may be shipped.")
    shipped_at = models.DateTimeField(null=True, blank=True)
    shipped_by = models.ForeignKey(
        "shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    collected_at = models.DateTimeField(null=True, blank=True, help_text="The carrier's first scan.")
    delivered_at = models.DateTimeField(null=True, blank=True)
    last_scan_at = models.DateTimeField(null=True, blank=True)
    late_at = models.DateTimeField(null=True, blank=True, help_text="When it was found not shipped in time; it counts.")

    objects = owned_manager(PackageQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("order"),
            models.UniqueConstraint(fields=("shop", "code"), name="package_code_once"),
            models.CheckConstraint(
                condition=Q(status__in=("awaiting_shipment", "cancelled"))
                | Q(shipped_at__isnull=False) & ~Q(tracking_number="") & ~Q(carrier=""),
                name="package_shipped_with_number",
                violation_error_message=_("A shipped package has a carrier and a tracking number."),
            ),
            models.CheckConstraint(
                condition=Q(status="delivered", delivered_at__isnull=False)
                | ~Q(status="delivered") & Q(delivered_at__isnull=True),
                name="package_delivered_with_moment",
            ),
            moves_check("package_status_known", "status", PACKAGE_MOVES),
        ]
        indexes = [
            models.Index(fields=("shop", "order", "id"), name="package_of_order"),
            models.Index(fields=("shop", "id"), name="package_to_ship", condition=Q(status="awaiting_shipment")),
            models.Index(
                fields=("carrier", "tracking_number"), name="package_number", condition=~Q(tracking_number="")
            ),
            models.Index(fields=("shop", "shipped_at"), name="package_shipped", condition=Q(shipped_at__isnull=False)),
            models.Index(
                fields=("shop", "delivered_at"), name="package_arrived", condition=Q(delivered_at__isnull=False)
            ),
            models.Index(fields=("shop", "late_at"), name="package_late", condition=Q(late_at__isnull=False)),
        ]
        triggers = [moves_trigger("package_status_moves", "status", PACKAGE_MOVES)]

    def __str__(self) -> str:
        return self.code

    @property
    def in_house(self) -> bool:
        """Is it still to be shipped?"""
        return self.status == self.Status.AWAITING_SHIPMENT

    @property
    def shipped(self) -> bool:
        """Has it left, wherever it is now?"""
        return self.shipped_at is not None


class PackageLine(ShopOwned):
    """Units of an order line in a package."""

    package = models.ForeignKey(
        Package, on_delete=models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )
    line = models.ForeignKey(
        OrderLine, on_delete=models.PROTECT, related_name="package_lines", db_constraint=False, db_index=False
    )
    quantity = models.PositiveIntegerField()

    objects = owned_manager()

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("package"),
            TenantFK("line"),
            models.UniqueConstraint(fields=("shop", "package", "line"), name="package_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="package_line_of_something"),
        ]
        indexes = [models.Index(fields=("shop", "line"), name="package_line_of_line")]

    def __str__(self) -> str:
        return f"{self.quantity} × line {self.line_id}"
