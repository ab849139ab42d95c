"""What every shop-owned table has in common: the shop, a tenant key, and managers that never ask one row at a time."""

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Cast

from seller_center.kernel.tenancy import tenant_key

__all__ = ["OwnedQuerySet", "PeerManager", "PeerQuerySet", "ShopOwned", "owned_manager", "shop_as_key", "tenant_key"]


def shop_as_key(shop) -> Q:
    """Rows of this shop, written so that an index of trigrams that begins with the shop may use it.

    Such an index compares bigint with bigint only, and a plain number is written as an integer. It must be the only word
    about the shop in its query: PostgreSQL takes the first of two that say the same.
    """
    return Q(shop_id=Cast(Value(getattr(shop, "pk", shop)), models.BigIntegerField()))


class PeerQuerySet(models.QuerySet):
    """A query whose rows fetch missing relations for all their peers at once (never one query a row)."""


class PeerManager(models.Manager.from_queryset(PeerQuerySet)):
    """Manager of tables that belong to no single shop."""

    def get_queryset(self):
        return super().get_queryset().fetch_mode(models.FETCH_PEERS)


class OwnedQuerySet(PeerQuerySet):
    """Questions that every shop-owned table answers."""

    def in_shop(self, shop):
        """Rows of this shop only. The one way for a door to reach a row: the query is the permission."""
        return self.filter(shop=shop)

    def of_code(self, code: str):
        """Rows with this human code (unique within a shop)."""
        return self.filter(code=code) if "\x00" not in code else self.none()  # PostgreSQL has no such letter


def owned_manager(queryset: type[OwnedQuerySet] = OwnedQuerySet) -> models.Manager:
    """A manager for a shop-owned model with its own QuerySet class, fetching relations for all peers at once."""

    class Manager(models.Manager.from_queryset(queryset)):
        def get_queryset(self):
            return super().get_queryset().fetch_mode(models.FETCH_PEERS)

    return Manager()


class ShopOwned(models.Model):
    """A row that belongs to exactly one shop.

    A model with constraints of its own writes
    ``constraints = [tenant_key(), TenantFK("order"), …]`` in its Meta, so that the tenant key is never lost.
    """

    # No index of its own: each table has (shop_id, id), and one on the shop alone misleads key checks that are planned
    # while the table is small – they would walk through all rows of the shop.
    shop = models.ForeignKey("shops.Shop", on_delete=models.PROTECT, related_name="+", db_index=False)

    objects = owned_manager()

    class Meta:
        abstract = True
        constraints = [tenant_key()]
