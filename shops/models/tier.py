"""The nightly look at a young shop's tier: each criterion of the next one, with its value, and what came of it."""

from django.db import models

from shops.models.owned import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class TierReviewQuerySet(OwnedQuerySet):
    """Questions about looks at tiers."""

    def newest_first(self):
        """The last look first."""
        return self.order_by("-day", "-id")


class TierReview(ShopOwned):
    """One night's look, unique by shop and day. ``criteria`` are those of the tier that comes next after it."""

    append_only = True

    day = models.DateField(help_text="The day that had ended, in the market's zone.")
    tier_before = models.CharField(max_length=10)
    tier = models.CharField(max_length=10)
    criteria = models.JSONField(help_text="[{code, value, threshold, met}] of the next tier; empty at the top.")
    policy_version = models.ForeignKey("shops.PolicyVersion", on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()

    objects = owned_manager(TierReviewQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(fields=("shop", "day"), name="tier_review_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.tier}"
