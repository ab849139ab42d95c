"""Saved views: a list as somebody likes it, kept under a name, for themselves or for the whole team."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shops.models.owned import OwnedQuerySet, ShopOwned, owned_manager, tenant_key

#: How long a query may be that is kept.
MOST_QUERY = 1000


class SavedViewQuerySet(OwnedQuerySet):
    """Questions about saved views."""

    def of_list(self, shop, user, list_name: str):
        """What this person finds above this list: their own views and those that are shared, by name."""
        rows = self.filter(shop=shop, list_name=list_name)
        return rows.filter(Q(shared=True) | Q(saved_by=user)).order_by("name", "id")


class SavedView(ShopOwned):
    """The query of a list's address under a name. It says what is asked, never what may be seen."""

    list_name = models.CharField(max_length=30)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=MOST_QUERY, help_text="As it stands in the address, without the page.")
    shared = models.BooleanField(default=False)
    saved_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()

    objects = owned_manager(SavedViewQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(
                fields=("shop", "list_name", "saved_by", "name"),
                name="saved_view_name_once",
                violation_error_message=_("You have a view of this name already."),
            ),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_named"),
        ]
        indexes = [models.Index(fields=("shop", "list_name", "name", "id"), name="saved_view_of_list")]

    def __str__(self) -> str:
        return self.name
