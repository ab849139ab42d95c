"""Low-stock alerts: at most one per SKU and day."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.tenancy import TenantFK
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class LowStockAlertQuerySet(OwnedQuerySet):
    """Questions about alerts."""

    def of_day(self, shop, on_day):
        """The alerts of a shop's day, the emptiest SKU first."""
        return self.filter(shop=shop, on_day=on_day).order_by("available", "id")


class LowStockAlert(ShopOwned):
    """A SKU was found to run out, with the arithmetic that says so."""

    class Why(models.TextChoices):
        QUANTITY = "quantity", _("Few left")
        SUPPLY = "supply", _("Sells out soon")

    sku = models.ForeignKey("catalog.Sku", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    on_day = models.DateField(help_text="The day in the shop's zone.")
    why = models.CharField(max_length=8, choices=Why)
    available = models.IntegerField()
    sold_count = models.IntegerField(help_text="Units sold within the window that sold fastest.")
    window_days = models.PositiveSmallIntegerField()
    days_left = models.IntegerField(null=True, blank=True, help_text="At that pace; empty if nothing was sold.")
    reorder_count = models.IntegerField(help_text="What lasts for the policy's days of supply at that pace.")
    raised_at = models.DateTimeField()

    objects = owned_manager(LowStockAlertQuerySet)
    append_only = True

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("sku"),
            models.UniqueConstraint(fields=("shop", "sku", "on_day"), name="low_stock_alert_once_a_day"),
        ]
        indexes = [models.Index(fields=("shop", "-on_day", "available", "id"), name="low_stock_alert_newest")]

    def __str__(self) -> str:
        return f"{self.available} left"
