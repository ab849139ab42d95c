"""The basket of a browser in one shop. It promises nothing: price and stock are decided when the order is placed."""

from django.db import models

from seller_center.kernel.tenancy import TenantFK
from shops.models import ShopOwned, owned_manager, tenant_key


class Basket(ShopOwned):
    """What somebody means to buy. Found by a random code in a signed cookie; an order placed from it closes it."""

    code = models.CharField(max_length=32)
    visit_code = models.CharField(max_length=24, blank=True)
    coupon_code = models.CharField(max_length=20, blank=True)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    order_code = models.CharField(max_length=20, blank=True, help_text="The order it became.")
    checkout_key = models.CharField(
        max_length=32, help_text="External number of the order: a double click orders once."
    )

    objects = owned_manager()

    class Meta:
        constraints = [tenant_key(), models.UniqueConstraint(fields=("shop", "code"), name="basket_code_once")]
        indexes = [models.Index(fields=("changed_at",), name="basket_by_age")]

    def __str__(self) -> str:
        return self.code


class BasketLine(ShopOwned):
    """Some units of one SKU in a basket."""

    basket = models.ForeignKey(Basket, on_delete=models.PROTECT, related_name="lines", db_constraint=False)
    sku = models.ForeignKey("catalog.Sku", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    quantity = models.PositiveIntegerField()
    seen_price_minor = models.BigIntegerField(help_text="What the buyer saw; a change is said before it is charged.")

    objects = owned_manager()

    @property
    def goods_minor(self) -> int:
        """What its units cost together, before coupon, shipping and tax."""
        return self.quantity * self.sku.price_minor

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("basket"),
            TenantFK("sku"),
            models.UniqueConstraint(fields=("shop", "basket", "sku"), name="basket_line_once"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1, quantity__lte=999), name="basket_line_quantity"),
        ]
