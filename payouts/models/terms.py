"""Settlement terms that staff decided for one shop, with their reason: longer waiting, part of the money held back."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class SettlementTermsQuerySet(OwnedQuerySet):
    """Questions about terms."""

    def standing(self):
        """The terms that hold: at most one per shop."""
        return self.filter(ended_at__isnull=True)


class SettlementTerms(ShopOwned):
    """A staff decision. ``reserve_level`` picks the rate from the policy's ``reserve_bp``; 0 holds nothing back."""

    introductory = models.BooleanField(
        default=False, help_text=_("Wait the introductory time instead of the usual one.")
    )
    reserve_level = models.PositiveSmallIntegerField(default=0)
    reserve_until = models.DateTimeField(null=True, blank=True, help_text=_("When what is held back is released."))
    reason = models.CharField(max_length=200)
    decided_by = models.ForeignKey("shops.User", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(SettlementTermsQuerySet)

    class Meta:
        verbose_name = _("settlement terms")
        verbose_name_plural = _("settlement terms")
        constraints = [
            tenant_key(),
            models.UniqueConstraint(fields=("shop",), condition=Q(ended_at__isnull=True), name="terms_one_standing"),
            models.CheckConstraint(
                condition=Q(reserve_level=0) | Q(reserve_until__isnull=False),
                name="terms_reserve_has_an_end",
                violation_error_message=_("Say until when the reserve is held."),
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="terms_have_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id}: {self.reason}"
