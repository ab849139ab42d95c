"""The SKU: what a buyer buys, with its price. Its stock is in ``catalog.models.stock``."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Concat, Upper
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.history import history
from seller_center.kernel.tenancy import TenantFK
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class SkuQuerySet(OwnedQuerySet):
    """Questions about SKUs."""

    def offered(self):
        """Not taken out of the offer."""
        return self.filter(retired_at__isnull=True)

    def in_order(self):
        """As the product page lists them."""
        return self.order_by("product_id", "position", "id")


@history()
class Sku(ShopOwned):
    """One choice of a product's options, with the seller's own code for it."""

    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="skus", db_constraint=False)
    code = models.CharField(_("SKU code"), max_length=50)
    option_values = ArrayField(
        models.CharField(max_length=100), default=list, blank=True, help_text="One value per option, in their order."
    )
    position = models.PositiveIntegerField(default=0)
    price_minor = models.BigIntegerField(_("price"))
    compare_at_minor = models.BigIntegerField(_("compare-at price"), null=True, blank=True)
    cost_minor = models.BigIntegerField(_("cost"), null=True, blank=True, help_text=_("Only your team sees it."))
    barcode = models.CharField(_("barcode"), max_length=20, blank=True)
    weight_grams = models.PositiveIntegerField(_("weight in grams"), null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True, help_text="Since when it is no longer offered.")
    created_at = models.DateTimeField()
    search_code = models.GeneratedField(
        expression=Upper(Concat(F("code"), models.Value(" "), F("barcode"))),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = owned_manager(SkuQuerySet)

    class Meta:
        verbose_name, verbose_name_plural = _("SKU"), _("SKUs")
        constraints = [
            tenant_key(),
            TenantFK("product"),
            models.UniqueConstraint(
                fields=("shop", "code"),
                name="sku_code_once",
                violation_error_message=_("Another SKU of this shop has this code."),
            ),
            models.UniqueConstraint(
                fields=("shop", "product", "option_values"),
                condition=Q(retired_at__isnull=True),
                name="sku_choice_once",
                violation_error_message=_("The product has this combination of options already."),
            ),
            models.CheckConstraint(condition=~Q(code=""), name="sku_has_code"),
            models.CheckConstraint(
                condition=Q(price_minor__gte=0),
                name="sku_price_positive",
                violation_error_message=_("A price cannot be below zero."),
            ),
            models.CheckConstraint(
                condition=Q(compare_at_minor__isnull=True) | Q(compare_at_minor__gt=F("price_minor")),
                name="sku_compare_at_above_price",
                violation_error_message=_("The compare-at price must be higher than the price."),
            ),
            models.CheckConstraint(
                condition=Q(cost_minor__isnull=True) | Q(cost_minor__gte=0),
                name="sku_cost_positive",
                violation_error_message=_("A cost cannot be below zero."),
            ),
        ]
        indexes = [
            models.Index(fields=("shop", "product", "position", "id"), name="sku_of_product"),
            GinIndex(F("shop"), OpClass("search_code", name="gin_trgm_ops"), name="sku_search"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def choice(self) -> str:
        """Its option values in one line; nothing where the product has no options."""
        return " / ".join(value or "–" for value in self.option_values)
