"""Whoever buys from a shop. A buyer belongs to one shop; a guest has no user."""

from django.db import models
from django.db.models import Q

from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class BuyerQuerySet(OwnedQuerySet):
    """Questions about buyers."""

    def of_user(self, user):
        """The person's places as a buyer, one per shop."""
        return self.filter(user=user).order_by("id")


class Buyer(ShopOwned):
    """A person as one shop knows them. ``person_code`` is the same for the same person, made of account or contact.

    ``order_count`` counts orders that were placed and not cancelled: it decides who is a new buyer.
    """

    person_code = models.CharField(max_length=64)
    user = models.ForeignKey(
        "shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    order_count = models.PositiveIntegerField(default=0)
    first_seen_at = models.DateTimeField()

    objects = owned_manager(BuyerQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(fields=("shop", "person_code"), name="buyer_person_once"),
        ]
        indexes = [
            models.Index(fields=("user", "id"), name="buyer_of_user", condition=Q(user__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.person_code
