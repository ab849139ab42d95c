"""Markets, trade classes and the dated policy documents that hold every number of the rules."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from shops.models.owned import PeerManager


class Market(models.Model):
    """A country the marketplace sells in. Reference data: adding a market is adding a row and a policy document."""

    code = models.CharField(max_length=2, primary_key=True)
    name = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    zone = models.CharField(max_length=60, help_text="IANA time zone of the market's months and support hours.")
    prices_include_tax = models.BooleanField(default=False)

    objects = PeerManager()

    def __str__(self) -> str:
        return self.name


class TradeClass(models.Model):
    """What a shop may want to sell, in words of the sign-up; restricted ones need a qualification first."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    restricted = models.BooleanField(default=False)

    objects = PeerManager()

    class Meta:
        verbose_name_plural = _("trade classes")

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """One policy document of a market from a moment on. Never edited: a correction is a later version."""

    market = models.ForeignKey(Market, on_delete=models.PROTECT, related_name="policy_versions")
    effective_from = models.DateTimeField()
    document = models.JSONField(help_text="The whole document; keys it lacks take the shipped default.")
    note = models.CharField(max_length=200)
    written_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    objects = PeerManager()
    append_only = True

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("market", "effective_from"),
                name="policy_one_per_market_and_moment",
                violation_error_message="There is already a policy version of this market from that moment on.",
            )
        ]
        triggers = [
            pgtrigger.Protect(name="policy_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.market_id} from {self.effective_from:%Y-%m-%d %H:%M}"
