"""Standing: the monthly evaluation of a shop."""

from django.db import models
from django.db.models import Q

from shops.models.owned import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class EligibilityReviewQuerySet(OwnedQuerySet):
    """Questions about evaluations."""

    def standing(self):
        """The reviews that hold: the newest of each month."""
        return self.filter(superseded_at__isnull=True)

    def newest_first(self):
        """The order of the history."""
        return self.order_by("-month", "-id")


class EligibilityReview(ShopOwned):
    """A shop's evaluation for one month: each criterion with value, threshold and verdict (rulebook §2).

    Nothing is overwritten: a correction supersedes. The latest review that stands decides the programme.
    """

    month = models.DateField(help_text="The first day of the month that is judged.")
    eligible = models.BooleanField()
    criteria = models.JSONField(help_text="[{code, value, threshold, met}] as they were on the day of the review.")
    scorecard = models.JSONField(help_text="The measured numbers behind the criteria.")
    policy_version = models.ForeignKey("shops.PolicyVersion", on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(EligibilityReviewQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(
                fields=("shop", "month"), condition=Q(superseded_at__isnull=True), name="eligibility_one_per_month"
            ),
        ]
        indexes = [models.Index(fields=("shop", "-month", "-id"), name="eligibility_history")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {'eligible' if self.eligible else 'not eligible'}"
