"""When somebody set out on the tour: what they do in the shop from then on ticks its steps."""

from django.db import models

from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class TourQuerySet(OwnedQuerySet):
    """Questions about tours."""

    def of(self, user):
        """The tour of this person, if they ever set out."""
        return self.filter(user=user)


class Tour(ShopOwned):
    """The moment from which the deeds of a member count for the tour. It keeps no ticks: what happened does."""

    user = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()

    objects = owned_manager(TourQuerySet)

    class Meta:
        constraints = [tenant_key(), models.UniqueConstraint(fields=("shop", "user"), name="tour_once")]

    def __str__(self) -> str:
        return f"{self.user} since {self.started_at:%Y-%m-%d %H:%M}"
