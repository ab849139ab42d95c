"""Visits to the public pages of a shop, each with where it came from."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.tenancy import TenantFK
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class Visit(ShopOwned):
    """One visit: the first page a browser opened within half an hour. It holds no name and no address."""

    class Source(models.TextChoices):
        VIDEO = "video", _("Video")
        LIVESTREAM = "livestream", _("Livestream")
        SEARCH = "search", _("Search")
        SHOP = "shop", _("Shop page")
        AD = "ad", _("Ad")
        CREATOR = "creator", _("Creator")
        EXTERNAL = "external", _("Another site")
        DIRECT = "direct", _("Direct")

    code = models.CharField(max_length=24)
    source = models.CharField(max_length=10, choices=Source, default=Source.DIRECT)
    campaign = models.CharField(max_length=60, blank=True)
    landing = models.CharField(max_length=200, help_text="Path of the first page.")
    product = models.ForeignKey(
        "catalog.Product", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    at = models.DateTimeField()
    last_at = models.DateTimeField()
    page_count = models.PositiveIntegerField(default=1)
    basket_at = models.DateTimeField(null=True, blank=True)
    checkout_at = models.DateTimeField(null=True, blank=True)
    order_code = models.CharField(max_length=20, blank=True)

    objects = owned_manager(OwnedQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("product"),
            models.UniqueConstraint(fields=("shop", "code"), name="visit_code_once"),
        ]
        indexes = [
            BrinIndex(fields=("at",), name="visit_at_brin"),
            models.Index(fields=("shop", "-at", "-id"), name="visit_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.at:%Y-%m-%d %H:%M}"
