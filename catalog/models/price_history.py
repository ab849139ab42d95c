"""What a SKU cost since when. Promotions ask it for the lowest price of thirty days."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.tenancy import TenantFK
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class PriceHistoryQuerySet(OwnedQuerySet):
    """Questions about prices."""

    def lowest_between(self, sku, start, end):
        """The lowest price that held at any moment of the half-open period, or None if the SKU had none then."""
        rows = self.filter(shop_id=sku.shop_id, sku=sku)
        before = rows.filter(since__lte=start).order_by("-since", "-id").values_list("price_minor", flat=True)[:1]
        within = rows.filter(since__gt=start, since__lt=end).order_by().values_list("price_minor", flat=True)
        return min([*before, *within], default=None)


class PriceHistory(ShopOwned):
    """A price from a moment on. Append-only."""

    sku = models.ForeignKey("catalog.Sku", on_delete=models.PROTECT, related_name="prices", db_constraint=False)
    price_minor = models.BigIntegerField()
    compare_at_minor = models.BigIntegerField(null=True, blank=True)
    since = models.DateTimeField()
    by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = owned_manager(PriceHistoryQuerySet)
    append_only = True

    class Meta:
        verbose_name_plural = _("price histories")
        constraints = [tenant_key(), TenantFK("sku")]
        indexes = [models.Index(fields=("shop", "sku", "-since", "-id"), name="price_of_sku")]
        triggers = [
            pgtrigger.Protect(name="price_history_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"SKU {self.sku_id} since {self.since:%Y-%m-%d %H:%M}"
