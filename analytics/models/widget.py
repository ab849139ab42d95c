"""Where the widgets of Home stand for one member: a list of names in their order, nothing of what they show."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class HomeLayoutQuerySet(OwnedQuerySet):
    """Questions about layouts."""

    def of(self, user):
        """The layout of this person, if they ever changed it."""
        return self.filter(user=user)


class HomeLayout(ShopOwned):
    """The widgets a member wants on Home, in order. No row means the standard; an empty list means none."""

    user = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    widgets = ArrayField(models.CharField(max_length=20), blank=True, default=list)
    changed_at = models.DateTimeField()

    objects = owned_manager(HomeLayoutQuerySet)

    class Meta:
        constraints = [tenant_key(), models.UniqueConstraint(fields=("shop", "user"), name="home_layout_once")]

    def __str__(self) -> str:
        return ", ".join(self.widgets)
