"""The Shop Performance Score of a day, with what it was made of."""

from django.db import models

from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class ScoreQuerySet(OwnedQuerySet):
    """Questions about scores."""

    def newest_first(self):
        """The order of the history."""
        return self.order_by("-day", "-id")


class Score(ShopOwned):
    """A shop's score on one day. ``sps_tenths`` is null when too little was measured, which is not zero."""

    day = models.DateField()
    sps_tenths = models.PositiveSmallIntegerField(null=True, blank=True)
    delivered_count = models.PositiveIntegerField()
    metrics = models.JSONField(help_text="Metric → {value, points_hundredths, weight_bp, due, counted} or null.")
    policy_version = models.ForeignKey("shops.PolicyVersion", on_delete=models.PROTECT, related_name="+")
    measured_at = models.DateTimeField()

    objects = owned_manager(ScoreQuerySet)

    class Meta:
        constraints = [tenant_key(), models.UniqueConstraint(fields=("shop", "day"), name="score_once_a_day")]

    def __str__(self) -> str:
        return f"{self.day}: {'none' if self.sps_tenths is None else self.sps_tenths / 10}"
