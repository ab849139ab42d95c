"""Pictures of products: public files with content-hash names, and addresses of pictures still to be fetched."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.tenancy import TenantFK
from shops.models import ShopOwned, owned_manager, tenant_key


class Media(ShopOwned):
    """One picture of a product, re-encoded in three sizes. The first in position is the main picture."""

    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="media", db_constraint=False)
    digest = models.CharField(max_length=40, help_text="Of the re-encoded picture: the name of its files.")
    position = models.PositiveSmallIntegerField(default=0)
    alt = models.CharField(_("description for those who cannot see it"), max_length=200, blank=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField(help_text="All sizes together.")
    added_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    objects = owned_manager()

    class Meta:
        ordering = ("product", "position", "id")
        verbose_name_plural = "media"
        constraints = [
            tenant_key(),
            TenantFK("product"),
            models.UniqueConstraint(
                fields=("shop", "product", "digest"),
                name="media_once_per_product",
                violation_error_message=_("The product has this picture already."),
            ),
        ]
        indexes = [models.Index(fields=("shop", "product", "position", "id"), name="media_of_product")]

    def __str__(self) -> str:
        return self.alt or self.digest

    def url(self, size: str) -> str:
        """Its public address in a size: ``thumb``, ``medium`` or ``large``."""
        return f"/pictures/{self.digest}-{size}.webp"

    @property
    def thumb_url(self) -> str:
        return self.url("thumb")

    @property
    def medium_url(self) -> str:
        return self.url("medium")

    @property
    def large_url(self) -> str:
        return self.url("large")


class PictureAddress(ShopOwned):
    """Where an import said that a picture is. It is kept as it came; nothing is fetched from it yet."""

    product = models.ForeignKey(
        "catalog.Product", on_delete=models.PROTECT, related_name="picture_addresses", db_constraint=False
    )
    position = models.PositiveSmallIntegerField(default=0)
    url = models.CharField(max_length=500)
    alt = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()

    objects = owned_manager()

    class Meta:
        ordering = ("product", "position", "id")
        verbose_name_plural = "picture addresses"
        constraints = [
            tenant_key(),
            TenantFK("product"),
            models.UniqueConstraint(fields=("shop", "product", "url"), name="picture_address_once"),
        ]

    def __str__(self) -> str:
        return self.url
