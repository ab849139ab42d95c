"""What the catalog's lists show: the rows that answer a question, and what stands beside a page of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Sum

from catalog.models import Media, Product, Sku, StockItem, StockMovement

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
    """The products that answer, in no order yet. Archived ones only where they are asked for."""
    rows = Product.objects.in_shop(shop).select_related("category").defer("description", "original_html")
    rows = rows.filter(status=status) if status else rows.not_archived()
    if filters.get("category") is not None:
        rows = rows.filter(category=filters["category"])
    if filters.get("stock") in (OUT, LOW):
        rows = rows.running_low(shop, 0 if filters["stock"] == OUT else low_quantity)
    words = filters.get("q", "")
    if not words:
        return rows
    return rows.resembling(shop, words) if similar else rows.found_by(shop, words)


def beside(shop, products: Sequence[Product]) -> dict[int, Beside]:
    """SKU count, prices, units available and main picture of each product: three queries for a page."""
    keys = [product.pk for product in products]
    skus = Sku.objects.in_shop(shop).offered().filter(product__in=keys).order_by().values("product_id")
    prices = {
        row["product_id"]: row
        for row in skus.annotate(count=Count("id"), least=Min("price_minor"), most=Max("price_minor"))
    }
    items = StockItem.objects.in_shop(shop).offered().filter(sku__shop=shop, sku__product__in=keys).order_by()
    left = dict(items.values_list("sku__product_id").annotate(total=Sum("available")))
    pictures = main_pictures(shop, keys)
    found = {}
    for key in keys:
        row = prices.get(key, {})
        found[key] = Beside(
            sku_count=row.get("count", 0),
            least_minor=row.get("least"),
            most_minor=row.get("most"),
            available=left.get(key) or 0,
            picture=pictures.get(key, ""),
        )
    return found


def main_pictures(shop, product_ids: Sequence[int], size: str = "thumb") -> dict[int, str]:
    """The address of each product's main picture, for those that have one."""
    rows = Media.objects.in_shop(shop).filter(product__in=product_ids).order_by("product_id", "position", "id")
    return {row.product_id: row.url(size) for row in rows.distinct("product_id")}


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
