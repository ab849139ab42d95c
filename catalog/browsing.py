"""What the catalog's lists show: one page of rows by keyset, and what stands beside each row, in few queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Max, Min, Sum

from catalog.models import Category, Media, Product, Sku, StockItem, StockMovement
from seller_center.kernel.paging import KeysetPage, keyset_page

#: Stock filters: those with a SKU of which none, or few, are available.
OUT, LOW = "out", "low"
NEWEST, BY_NAME = ("-id",), ("name", "id")


@dataclass(frozen=True)
class Question:
    """What is asked of the product list; every field stands in the URL."""

    words: str = ""
    status: str = ""
    category: Category | None = None
    stock: str = ""
    order: tuple[str, ...] = NEWEST

    @property
    def filtered(self) -> bool:
        """Is anything left out beside other states?"""
        return bool(self.words or self.category or self.stock)


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a product in a list."""

    sku_count: int = 0
    least_minor: int | None = None
    most_minor: int | None = None
    available: int = 0
    picture: str = ""


def products(shop, question: Question, *, low_quantity: int, token: str = "") -> tuple[KeysetPage, bool]:
    """One page of products; and whether they only resemble what was asked for, since nothing matched it."""
    rows = _chosen(shop, question, low_quantity)
    if not question.words.strip():
        return keyset_page(rows, order=question.order, token=token), False
    page = keyset_page(rows.found_by(shop, question.words), order=question.order, token=token)
    if page.rows or token:
        return page, False
    page = keyset_page(rows.resembling(shop, question.words), order=question.order)
    return page, bool(page.rows)


def _chosen(shop, question: Question, low_quantity: int):
    rows = Product.objects.in_shop(shop).defer("description", "original_html")
    rows = rows.filter(status=question.status) if question.status else rows.not_archived()
    if question.category is not None:
        rows = rows.filter(category=question.category)
    if question.stock in (OUT, LOW):
        rows = rows.running_low(shop, 0 if question.stock == OUT else low_quantity)
    return rows


def beside(shop, products: Sequence[Product]) -> dict[int, Beside]:
    """SKU count, prices, units available and main picture of each product: three queries for a page."""
    keys = [product.pk for product in products]
    skus = Sku.objects.in_shop(shop).offered().filter(product__in=keys).order_by().values("product_id")
    prices = {
        row["product_id"]: row
        for row in skus.annotate(count=Count("id"), least=Min("price_minor"), most=Max("price_minor"))
    }
    items = StockItem.objects.in_shop(shop).offered().filter(sku__product__in=keys).order_by()
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


def stock_items(shop, *, words: str = "", level: str = "", low_quantity: int, token: str = "") -> KeysetPage:
    """One page of stock of offered SKUs, in the order in which the products were made."""
    rows = StockItem.objects.in_shop(shop).offered().select_related("sku", "sku__product")
    if words.strip():
        rows = rows.filter(sku__product__in=Product.objects.found_by(shop, words).order_by().values("pk"))
    if level in (OUT, LOW):
        rows = rows.low(0 if level == OUT else low_quantity)
    return keyset_page(rows, order=("-sku_id", "-id"), token=token)


def journal(shop, *, code: str = "", token: str = "") -> KeysetPage:
    """One page of the stock journal, newest first; of one SKU where a code is given."""
    rows = StockMovement.objects.in_shop(shop).select_related("sku", "sku__product", "by")
    if code.strip():
        rows = rows.filter(sku__in=Sku.objects.in_shop(shop).filter(code=code.strip()).order_by().values("pk"))
    return keyset_page(rows, order=("-at", "-id"), token=token)
