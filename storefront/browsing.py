"""What buyers see of a shop: its products on sale, one product with its choices, its reviews."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.db.models import Avg, Count, F, Min, OuterRef, Prefetch, Q, Subquery, Sum
from django.http import Http404

from catalog.models import Media, Product, Sku
from shops.models import Shop
from support.models import Review


def open_shop(slug: str) -> Shop:
    """The active shop at this public address; 404 for any other."""
    row = Shop.objects.active().filter(slug=slug).first()
    if row is None:
        raise Http404("No such shop.")
    return row


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
    if words:
        rows = rows.found_by(shop, words)
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
    seen = (Product.Status.LIVE, Product.Status.PAUSED)
    rows = Product.objects.in_shop(shop).filter(slug=slug, status__in=seen)
    row = rows.select_related("category").prefetch_related("media", "options").first()
    if row is None:
        raise Http404("No such product.")
    return row


def choices_of(product: Product) -> list[Choice]:
    """Its SKUs in their order, with what is left of each."""
    rows = Sku.objects.filter(shop_id=product.shop_id, product=product).offered().in_order()
    return [
        Choice(sku, sku.choice or product.name, max(0, sku.left or 0))
        for sku in rows.annotate(left=Sum(F("stock__available")))
    ]


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
    found = Review.objects.filter(shop_id=product.shop_id, product=product, status="published").aggregate(
        count=Count("id"), mean=Avg("stars")
    )
    return Rating(found["count"], None if found["mean"] is None else round(found["mean"] * 10))


def ratings_of(shop: Shop, products: Sequence[Product]) -> dict[int, Rating]:
    """Product → what buyers think of it, in one question; products without a review are left out."""
    rows = Review.objects.in_shop(shop).filter(product__in=products, status="published").order_by()
    found = rows.values_list("product").annotate(count=Count("id"), mean=Avg("stars"))
    return {product: Rating(count, round(mean * 10)) for product, count, mean in found}


def reviews_of(product: Product, most: int = 20) -> list[Review]:
    """The newest published reviews."""
    return list(Review.objects.filter(shop_id=product.shop_id, product=product).published()[:most])
