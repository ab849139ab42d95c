"""Holds: why an order may not be shipped for now. Rows beside the order, not states of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order
from seller_center.kernel.tenancy import TenantFK
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class HoldQuerySet(OwnedQuerySet):
    """Questions about holds."""

    def standing(self):
        """Not released."""
        return self.filter(released_at__isnull=True)

    def of_order(self, order):
        """All holds of one order, oldest first."""
        return self.filter(shop_id=order.shop_id, order=order).order_by("id")


class Hold(ShopOwned):
    """One reason to stop. Nothing of the order ships while a hold stands."""

    class Kind(models.TextChoices):
        STAFF = "staff", _("Held by the marketplace")
        FRAUD = "fraud", _("Checked for fraud")
        CAP = "cap", _("Above the daily order limit")
        STOCK = "stock", _("Not enough stock")
        PRICE = "price", _("Sold at another price")

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="holds", db_constraint=False, db_index=False
    )
    kind = models.CharField(max_length=8, choices=Kind)
    reason = models.CharField(max_length=300)
    placed_at = models.DateTimeField()
    placed_by = models.ForeignKey(
        "shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(
        "shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    release_reason = models.CharField(max_length=300, blank=True)

    objects = owned_manager(HoldQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("order"),
            models.UniqueConstraint(
                fields=("shop", "order", "kind"),
                condition=Q(released_at__isnull=True),
                name="hold_one_standing_per_kind",
                violation_error_message=_("The order is already held for this reason."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="hold_has_reason", violation_error_message=_("Give a reason.")
            ),
        ]
        indexes = [
            models.Index(fields=("shop", "order", "id"), name="hold_of_order"),
            models.Index(fields=("shop", "order"), name="hold_standing", condition=Q(released_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.reason}"
