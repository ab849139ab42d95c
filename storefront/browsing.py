"""What buyers see of a shop: its products on sale, one product with its choices, its reviews."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.db.models import Avg, Count, F, Min, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum
from django.http import Http404

from catalog.models import Media, Product, ProductOption, Sku
from seller_center.kernel.prepared import prepared
from shops.models import Shop
from support.models import Review


def open_shop(slug: str) -> Shop:
    """The active shop at this public address; 404 for any other."""
    rows = list(_open_shop(slug=slug)) if "\x00" not in slug else []
    if not rows:
        raise Http404("No such shop.")
    return rows[0]


@prepared
def _open_shop(*, slug: str) -> QuerySet[Shop]:
    return Shop.objects.active().filter(slug=slug).order_by("pk")[:1]


def open_shops():
    """Shops that sell, by name, each with its newest product on sale."""
    newest = Product.objects.filter(shop=OuterRef("pk"), status=Product.Status.LIVE).order_by("-id").values("pk")[:1]
    return Shop.objects.active().annotate(shown_product=Subquery(newest)).order_by("name", "pk")


def pictures_of(shops: Sequence[Any]) -> dict[int, Media]:
    """Shop → the main picture of its newest product on sale, for the list of shops (``open_shops``)."""
    products = [shop.shown_product for shop in shops if shop.shown_product]
    rows = Media.objects.filter(shop__in=[shop.pk for shop in shops], product__in=products)
    return {one.shop_id: one for one in rows.order_by("-position", "-id")}


def on_sale(shop: Shop, words: str = ""):
    """Live products with their lowest price and whether anything is left, ready to be paged by newest."""
    rows = Product.objects.in_shop(shop).live()
    if not words:
        return _as_cards(rows)
    named = rows.named_by(shop, words)
    return _as_cards(named if named.order_by().exists() else rows.found_by(shop, words))


def similar(shop: Shop, words: str):
    """Live products that are named like the words, newest first, where nothing holds them as they were typed."""
    return _as_cards(Product.objects.in_shop(shop).live().like(shop, words)).order_by("-id")


def _as_cards(rows):
    offered = Q(skus__retired_at__isnull=True)
    return rows.annotate(
        from_minor=Min("skus__price_minor", filter=offered),
        left=Sum("skus__stock__available", filter=offered),
        prices=Count("skus__price_minor", filter=offered, distinct=True),
    ).prefetch_related(Prefetch("media", Media.objects.order_by("position", "id")))


@dataclasses.dataclass(frozen=True)
class Choice:
    """One SKU as a choice on the product page."""

    sku: Sku
    label: str
    left: int

    @property
    def sold_out(self) -> bool:
        """Nothing left of it?"""
        return self.left <= 0


def product_of(shop: Shop, slug: str) -> Product:
    """The product at this address, on sale or not any more; 404 for one that was never public."""
    rows = list(_product_of(shop=shop.pk, slug=slug)) if "\x00" not in slug else []
    if not rows:
        raise Http404("No such product.")
    return rows[0]


@prepared
def _product_of(*, shop: int, slug: str) -> QuerySet[Product]:
    seen = (Product.Status.LIVE, Product.Status.PAUSED)
    rows = Product.objects.in_shop(shop).filter(slug=slug, status__in=seen).defer("original_html")
    return rows.order_by("pk")[:1]


def gallery_of(product: Product) -> list[Media]:
    """Its pictures, the main one first."""
    return list(_gallery_of(shop=product.shop_id, product=product.pk))


@prepared
def _gallery_of(*, shop: int, product: int) -> QuerySet[Media]:
    return Media.objects.in_shop(shop).filter(product=product).order_by("position", "id")


def options_of(product: Product) -> list[str]:
    """What a buyer chooses by, in its order: colour, size."""
    return list(_options_of(shop=product.shop_id, product=product.pk))


@prepared
def _options_of(*, shop: int, product: int) -> QuerySet:
    rows = ProductOption.objects.in_shop(shop).filter(product=product)
    return rows.order_by("position").values_list("name", flat=True)


def choices_of(product: Product) -> list[Choice]:
    """Its SKUs in their order, with what is left of each."""
    return [
        Choice(sku, sku.choice or product.name, max(0, sku.left or 0))
        for sku in _choices_of(shop=product.shop_id, product=product.pk)
    ]


@prepared
def _choices_of(*, shop: int, product: int) -> QuerySet[Sku]:
    rows = Sku.objects.in_shop(shop).filter(product=product).offered().in_order()
    return rows.annotate(left=Sum(F("stock__available")))


def sku_of(shop: Shop, code: str) -> Sku:
    """The SKU with this code, with its product; 404 for one the shop does not have."""
    row = Sku.objects.in_shop(shop).filter(code=code).select_related("product").first()
    if row is None:
        raise Http404("No such SKU.")
    return row


@dataclasses.dataclass(frozen=True)
class Rating:
    """What buyers think of a product. ``tenths`` None: nobody has said anything yet."""

    count: int
    tenths: int | None

    @property
    def stars(self) -> int:
        """The mean as whole stars, half up."""
        return 0 if self.tenths is None else (self.tenths + 5) // 10


def rating_of(product: Product) -> Rating:
    """Number and mean of the published reviews."""
    ratings = [Rating(count, round(mean * 10)) for count, mean in _rating_of(shop=product.shop_id, product=product.pk)]
    return ratings[0] if ratings else Rating(0, None)


@prepared
def _rating_of(*, shop: int, product: int) -> QuerySet:
    """One row; none where nobody has said anything."""
    rows = Review.objects.in_shop(shop).filter(product=product, status="published").order_by()
    return rows.values("product").annotate(count=Count("id"), mean=Avg("stars")).values_list("count", "mean")


def ratings_of(shop: Shop, products: Sequence[Product]) -> dict[int, Rating]:
    """Product → what buyers think of it, in one question; products without a review are left out."""
    rows = Review.objects.in_shop(shop).filter(product__in=products, status="published").order_by()
    found = rows.values_list("product").annotate(count=Count("id"), mean=Avg("stars"))
    return {product: Rating(count, round(mean * 10)) for product, count, mean in found}


def reviews_of(product: Product, most: int = 20) -> list[Review]:
    """The newest published reviews."""
    return list(_reviews_of(most, shop=product.shop_id, product=product.pk))


@prepared
def _reviews_of(most: int, *, shop: int, product: int) -> QuerySet[Review]:
    return Review.objects.in_shop(shop).filter(product=product).published()[:most]
