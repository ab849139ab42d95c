"""Private files: encrypted bytes, and who looked at them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.tenancy import TenantFK
from shops.models.owned import ShopOwned, owned_manager, tenant_key


class StoredFile(ShopOwned):
    """A private file, encrypted at rest and reached only through the logged access check (INV20)."""

    code = models.CharField(max_length=24)
    kind = models.CharField(max_length=30)
    name = models.CharField(max_length=200, help_text="The name it was uploaded under, for the download only.")
    media_type = models.CharField(max_length=60)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, help_text="Of the clear bytes; finds the same document sent twice.")
    path = models.CharField(max_length=120, help_text="Random name under the private root.")
    stored_by = models.ForeignKey("shops.User", null=True, on_delete=models.PROTECT, related_name="+")
    stored_at = models.DateTimeField()

    objects = owned_manager()

    class Meta:
        constraints = [tenant_key(), models.UniqueConstraint(fields=("shop", "code"), name="stored_file_code_once")]

    def __str__(self) -> str:
        return self.name


class FileAccess(ShopOwned):
    """Somebody looked at a private file. Append-only."""

    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    by = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=160, blank=True)

    append_only = True

    class Meta:
        verbose_name_plural = _("file accesses")
        constraints = [tenant_key(), TenantFK("file")]
        indexes = [models.Index(fields=("by", "at"), name="file_access_rate")]
