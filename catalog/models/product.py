"""The product: what a buyer reads about. What a buyer buys is one of its SKUs."""

from collections.abc import Sequence
from functools import reduce

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import connection, models
from django.db.models import BooleanField, ExpressionWrapper, F, Func, Q, Value
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.history import history
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.text import one_letter_off, rarest_first, swapped
from seller_center.kernel.transitions import Moves, moves_check, moves_trigger
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, shop_as_key, tenant_key

#: A search reads at most this many words; the rest of what was typed is not looked at.
MOST_WORDS = 6


class ProductQuerySet(OwnedQuerySet):
    """Questions about products."""

    def newest(self):
        """Newest first."""
        return self.order_by("-id")

    def live(self):
        """What buyers can see."""
        return self.filter(status=Product.Status.LIVE)

    def not_archived(self):
        """Everything but what was put away."""
        return self.exclude(status=Product.Status.ARCHIVED)

    def found_by(self, shop, words: str):
        """Products of the shop whose name or brand holds all the words, or one of whose seller codes or barcodes does.

        Two queries joined by their ids, so that each is served by a trigram index of its own.
        """
        asked = asked_words(words)
        return self.holding(shop, asked, whole_code(words)) if asked else self

    def holding(self, shop, asked: Sequence[str], whole: str):
        """The same, of words in capitals in the order in which they are looked up, and of the code that they may be."""
        from catalog.models.sku import Sku

        named = Product.objects.filter(_holds_all("search_name", asked), shop=shop)
        coded = Sku.objects.filter(search_code__contains=whole, shop=shop)
        return self.filter(shop=shop, pk__in=named.order_by().values("pk").union(coded.order_by().values("product_id")))

    def names_first(self, asked: Sequence[str]):
        """With ``named``: whether the name alone holds all the words. What a brand or a code holds stands behind that."""
        return self.alias(upper_name=Upper("name")).annotate(
            named=ExpressionWrapper(_holds_all("upper_name", asked), output_field=BooleanField())
        )

    def named_by(self, shop, words: str):
        """Products of the shop whose name alone holds all the words.

        For buyers, who ask for a thing: the shop's own name is often the brand of everything in it, and with the brand
        "bicycle" would be answered with all that Bright Street Bicycles sell.
        """
        asked = asked_words(words)
        told = self.filter(_holds_all("search_name", asked), shop=shop)
        return told.alias(upper_name=Upper("name")).filter(_holds_all("upper_name", asked))

    def resembling(self, shop, words: str):
        """Products of the shop with a name like the words, typing errors included.

        What shares most of its letters, or has two of them changed places.
        """
        rows = Product.objects.filter(shop_as_key(shop), _near(words))
        return self.filter(pk__in=rows.order_by().values("pk"), shop=shop)

    def one_letter_off(self, shop, words: str):
        """Products with a name that holds the word but for one letter: ``JAKET``, ``PANNYER``. The last try of a search."""
        off = _off(words)
        if off is None:
            return self.none()
        return self.filter(pk__in=Product.objects.filter(shop_as_key(shop), off).order_by().values("pk"), shop=shop)

    def like(self, shop, words: str):
        """What resembles the words, else what is one letter off; asks whether there is any of the first."""
        near = self.resembling(shop, words)
        return near if near.order_by().exists() else self.one_letter_off(shop, words)

    def found_anywhere(self, words: str):
        """For staff: as ``found_by`` in every shop, and by the product's own code."""
        from catalog.models.sku import Sku

        asked, whole = asked_words(words), whole_code(words)
        named = Product.objects.filter(_holds_all("search_name", asked)).order_by().values("pk")
        coded = Sku.objects.filter(search_code__contains=whole).order_by().values("product_id")
        return self.filter(pk__in=named.union(coded, Product.objects.filter(code=whole).order_by().values("pk")))

    def like_anywhere(self, words: str):
        """For staff: as ``like`` in every shop."""
        near, off = self.filter(_near(words)), _off(words)
        return near if off is None or near.order_by().exists() else self.filter(off)

    def running_low(self, shop, at_most: int):
        """Products of the shop with a SKU on sale of which at most this many are available."""
        from catalog.models.stock import StockItem

        low = StockItem.objects.filter(shop=shop, available__lte=at_most, sku__retired_at__isnull=True)
        return self.filter(shop=shop, pk__in=low.order_by().values("sku__product_id"))


_COUNT_STATES = """
SELECT states.status,
    (SELECT count(*) FROM (
        SELECT 1 FROM catalog_product WHERE shop_id = %s AND status = states.status LIMIT %s
    ) AS counted)
FROM unnest(%s::varchar[]) AS states (status)
"""


def counts_by_state(shop, at_most: int) -> dict[str, int]:
    """How many products the shop has in each state, each counted to ``at_most``, in one query that never reads more."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_STATES, [shop.pk, at_most, list(Product.Status.values)])
        return dict(cursor.fetchall())


def _like(field: str, pattern: str) -> Func:
    """``field LIKE pattern``, with the pattern's own signs: an index of trigrams serves it."""
    return Func(F(field), Value(pattern), template="%(expressions)s", arg_joiner=" LIKE ", output_field=BooleanField())


def _near(words: str) -> Q:
    """Most letters shared, or two of them changed places."""
    asked = words.upper()[:100]
    like = Q(search_name__trigram_word_similar=asked)
    return reduce(Q.__or__, (Q(search_name__contains=one) for one in swapped(asked)), like)


def _off(words: str) -> Q | None:
    """One letter wrong, missing or too many; None for words of which that is not asked."""
    patterns = one_letter_off(words.upper())
    return reduce(Q.__or__, (Q(_like("search_name", one)) for one in patterns)) if patterns else None


def asked_words(words: str) -> list[str]:
    """The words of a search in capitals, as they stand in ``search_name``, in the order in which they are looked up."""
    return rarest_first(words.upper().split()[:MOST_WORDS])


def whole_code(words: str) -> str:
    """What was typed as a seller's code or a barcode may stand in ``search_code``."""
    return " ".join(words.upper().split())


def _holds_all(field: str, asked: Sequence[str]) -> Q:
    return reduce(Q.__and__, (Q((f"{field}__contains", word)) for word in asked))


PRODUCT_MOVES = Moves(
    {
        "draft": ("in_review", "archived"),
        "in_review": ("live", "refused", "archived"),
        "refused": ("draft", "archived"),
        "live": ("paused", "frozen", "archived"),
        "paused": ("live", "frozen", "archived"),
        "frozen": ("live", "archived"),
        "archived": ("paused",),
    },
    start=("draft", "in_review"),
)


@history(exclude=["original_html"])
class Product(ShopOwned):
    """One listing with its options, SKUs and pictures."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in_review", _("In review")
        REFUSED = "refused", _("Refused")
        LIVE = "live", _("Live")
        PAUSED = "paused", _("Paused")
        FROZEN = "frozen", _("Frozen")
        ARCHIVED = "archived", _("Archived")

    MOVES = PRODUCT_MOVES

    code = models.CharField(max_length=12)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    name = models.CharField(_("name"), max_length=255)
    slug = models.SlugField(
        max_length=255, allow_unicode=True, help_text="Its place in the shop's public address; imports find it by it."
    )
    brand = models.CharField(_("brand"), max_length=120, blank=True)
    description = models.TextField(_("description"), blank=True, help_text=_("Markdown."))
    original_html = models.TextField(blank=True, help_text="The description as it came with an import, untouched.")
    category = models.ForeignKey("catalog.Category", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    kind_words = models.CharField(max_length=120, blank=True, help_text="What the import called its kind of product.")
    reason = models.CharField(max_length=300, blank=True, help_text="Why staff refused or froze it.")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    live_at = models.DateTimeField(null=True, blank=True, help_text="When it last went live.")
    search_name = models.GeneratedField(
        expression=Upper(models.functions.Concat(F("name"), models.Value(" "), F("brand"))),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = owned_manager(ProductQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(
                fields=("shop", "code"), name="product_code_once", violation_error_message=_("This code is taken.")
            ),
            models.UniqueConstraint(
                fields=("shop", "slug"),
                name="product_slug_once",
                violation_error_message=_("Another product of this shop has this address."),
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="product_named", violation_error_message=_("Give a name.")
            ),
            moves_check("product_status_known", "status", PRODUCT_MOVES),
        ]
        indexes = [
            models.Index(fields=("shop", "-id"), name="product_newest"),
            models.Index(fields=("shop", "status", "-id"), name="product_by_status"),
            GinIndex(F("shop"), OpClass("search_name", name="gin_trgm_ops"), name="product_search"),
        ]
        triggers = [moves_trigger("product_status_moves", "status", PRODUCT_MOVES)]

    def __str__(self) -> str:
        return self.name

    @property
    def editable(self) -> bool:
        """May the seller change it as it stands?"""
        return self.status not in (self.Status.IN_REVIEW, self.Status.ARCHIVED)

    @property
    def was_live(self) -> bool:
        """Has it passed the review once? Then a change must not undo what the review asked for."""
        return self.live_at is not None


class ProductOption(ShopOwned):
    """One axis in which a product's SKUs differ: size, colour, material."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="options", db_constraint=False)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)

    objects = owned_manager()

    class Meta:
        ordering = ("product", "position")
        constraints = [
            tenant_key(),
            TenantFK("product"),
            models.UniqueConstraint(fields=("shop", "product", "position"), name="product_option_position_once"),
            models.UniqueConstraint(
                fields=("shop", "product", "name"),
                name="product_option_name_once",
                violation_error_message=_("The product has an option of this name already."),
            ),
            models.CheckConstraint(condition=~Q(name=""), name="product_option_named"),
        ]

    def __str__(self) -> str:
        return self.name
