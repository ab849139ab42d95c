"""The tree of categories: what kind of thing a product is. Reference data, the same for every shop."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from treebeard.ltree import LT_Node, LT_NodeManager, LT_NodeQuerySet

#: Between the names of a category and its parents, in ``full_name``.
BELOW = " › "


class CategoryQuerySet(LT_NodeQuerySet):
    """Questions about categories."""

    def choosable(self):
        """Categories that a product may be put into, in the order of the tree: leaves that are not prohibited."""
        return self.filter(is_leaf_category=True, prohibited=False).order_by("path")


class CategoryManager(LT_NodeManager.from_queryset(CategoryQuerySet)):  # type: ignore[misc]
    """The tree's manager, fetching relations for all peers at once."""

    def get_queryset(self):
        return CategoryQuerySet(self.model, using=self._db).order_by("path").fetch_mode(models.FETCH_PEERS)


class Category(LT_Node):
    """One category. Products stand in leaves; a leaf knows its trade class, its fee class and its restrictions."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    full_name = models.CharField(max_length=200, help_text="With the names of its parents, as it is chosen and shown.")
    is_leaf_category = models.BooleanField(default=False, help_text="Only leaves take products.")
    trade_class = models.ForeignKey(
        "shops.TradeClass",
        on_delete=models.PROTECT,
        related_name="+",
        help_text="What a shop must be allowed to sell to sell here.",
    )
    fee_class = models.CharField(max_length=40, default="standard", help_text="Names the referral rate in the policy.")
    words = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        help_text="What other systems call such products, in lower case: an import recognises the category by them.",
    )
    restricted = models.BooleanField(default=False, help_text="Needs a qualification before a product goes live.")
    prohibited = models.BooleanField(default=False, help_text="Nothing may be sold here.")

    objects = CategoryManager()

    class Meta(LT_Node.Meta):
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.full_name
