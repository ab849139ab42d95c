"""What the catalog's lists show: the rows that answer a question, and what stands beside a page of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, QuerySet, Sum

from catalog.models import Media, Product, Sku, StockItem, StockMovement
from catalog.models.product import asked_words, whole_code
from seller_center.kernel.prepared import prepared

#: Stock filters: those with a SKU of which none, or few, are available.
OUT, LOW = "out", "low"


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a product in a list."""

    sku_count: int = 0
    least_minor: int | None = None
    most_minor: int | None = None
    available: int = 0
    picture: str = ""


def products(shop, filters: Mapping[str, Any], status: str, *, low_quantity: int, similar: bool = False):
    """The products that answer, in no order yet. Archived ones only where they are asked for. With words: ``named``."""
    rows = _listed(shop, status)
    if filters.get("category") is not None:
        rows = rows.filter(category=filters["category"])
    if filters.get("stock") in (OUT, LOW):
        rows = rows.running_low(shop, 0 if filters["stock"] == OUT else low_quantity)
    words = filters.get("q", "")
    if not words:
        return rows
    rows = rows.names_first(asked_words(words))
    return rows.resembling(shop, words) if similar else rows.found_by(shop, words)


def first_products(shop, words: str, status: str, order: Sequence[str], most: int) -> QuerySet[Product]:
    """The first of the same rows, where nothing but words and a state is asked for."""
    order = tuple(order)
    if not words:
        return _first(status, order, most, shop=shop.pk)
    return _first_found(status, order, most, shop=shop.pk, asked=asked_words(words), whole=whole_code(words))


def _listed(shop, status: str):
    rows = Product.objects.in_shop(shop).select_related("category").defer("description", "original_html")
    return rows.filter(status=status) if status else rows.not_archived()


@prepared
def _first(status: str, order: tuple[str, ...], most: int, *, shop: int) -> QuerySet[Product]:
    return _listed(shop, status).order_by(*order)[:most]


@prepared
def _first_found(
    status: str, order: tuple[str, ...], most: int, *, shop: int, asked: list[str], whole: str
) -> QuerySet[Product]:
    return _listed(shop, status).names_first(asked).holding(shop, asked, whole).order_by(*order)[:most]


def beside(shop, products: Sequence[Product]) -> dict[int, Beside]:
    """SKU count, prices, units available and main picture of each product: three queries for a page."""
    keys = [product.pk for product in products]
    if not keys:
        return {}
    prices = {key: (count, least, most) for key, count, least, most in _prices(shop=shop.pk, products=keys)}
    left = dict(_available(shop=shop.pk, products=keys))
    pictures = main_pictures(shop, keys)
    found = {}
    for key in keys:
        count, least, most = prices.get(key, (0, None, None))
        found[key] = Beside(count, least, most, left.get(key) or 0, pictures.get(key, ""))
    return found


@prepared
def _prices(*, shop: int, products: list[int]) -> QuerySet:
    """Of each product how many SKUs are offered, and their least and greatest price."""
    skus = Sku.objects.in_shop(shop).offered().filter(product__in=products).order_by().values("product_id")
    counted = skus.annotate(count=Count("id"), least=Min("price_minor"), most=Max("price_minor"))
    return counted.values_list("product_id", "count", "least", "most")


@prepared
def _available(*, shop: int, products: list[int]) -> QuerySet:
    """Units available of each product. The SKUs say whose they are, too, so that they are found by the shop's key."""
    items = StockItem.objects.in_shop(shop).offered().filter(sku__shop=shop, sku__product__in=products).order_by()
    return items.values_list("sku__product_id").annotate(total=Sum("available"))


def main_pictures(shop, product_ids: Sequence[int], size: str = "thumb") -> dict[int, str]:
    """The address of each product's main picture, for those that have one."""
    keys = list(product_ids)
    return {row.product_id: row.url(size) for row in _main_pictures(shop=shop.pk, products=keys)} if keys else {}


@prepared
def _main_pictures(*, shop: int, products: list[int]) -> QuerySet[Media]:
    rows = Media.objects.in_shop(shop).filter(product__in=products).order_by("product_id", "position", "id")
    return rows.distinct("product_id").only("product_id", "digest")


# -- stock ------------------------------------------------------------------------------------------------------------


def stock_items(shop, filters: Mapping[str, Any], level: str, *, low_quantity: int, similar: bool = False):
    """Stock of offered SKUs, in no order yet.

    The SKUs say whose they are, too: else the join may walk down the keys of every shop's SKUs to find these.
    """
    rows = StockItem.objects.in_shop(shop).offered().filter(sku__shop=shop).select_related("sku", "sku__product")
    words = filters.get("q", "")
    if words:
        named = Product.objects.resembling(shop, words) if similar else Product.objects.found_by(shop, words)
        rows = rows.filter(sku__product__in=named.order_by().values("pk"))
    if level in (OUT, LOW):
        rows = rows.low(0 if level == OUT else low_quantity)
    return rows


_COUNT_LEVELS = """
SELECT
    (SELECT count(*) FROM (
        SELECT 1 FROM catalog_stockitem WHERE shop_id = %(shop)s AND available <= 0 LIMIT %(most)s
    ) AS counted),
    (SELECT count(*) FROM (
        SELECT 1 FROM catalog_stockitem WHERE shop_id = %(shop)s AND available <= %(low)s LIMIT %(most)s
    ) AS counted)
"""


def level_counts(shop, low_quantity: int, at_most: int) -> dict[str, int]:
    """How many SKUs are out and how many run low, each counted no further than ``at_most``: one query.

    SKUs that are no longer offered count until their stock is gone from the books: the number is a hint, not a sum.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_LEVELS, {"shop": shop.pk, "low": low_quantity, "most": at_most})
        return dict(zip((OUT, LOW), cursor.fetchone(), strict=True))


def journal(shop, code: str = ""):
    """The stock journal, in no order yet; of one SKU where a code is given."""
    rows = StockMovement.objects.in_shop(shop).select_related("sku", "sku__product", "by")
    if code:
        rows = rows.filter(sku__in=Sku.objects.in_shop(shop).filter(code=code).order_by().values("pk"))
    return rows
