"""That a member has read a new version of the seller agreement: who, which, when and from where."""

from django.db import models

from shops.models.owned import ShopOwned, tenant_key


class AgreementAcceptance(ShopOwned):
    """A member has acknowledged a version for this shop. The first one stands on the application."""

    append_only = True

    user = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    version = models.CharField(max_length=20)
    at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(fields=("shop", "user", "version"), name="agreement_once_per_member"),
            models.CheckConstraint(condition=~models.Q(version=""), name="agreement_has_version"),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.user}"
