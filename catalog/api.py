"""The partner API of the catalog: read products, SKUs and stock; set stock. Refusals are the screens' sentences."""

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Header, Query, Router, Schema, Status
from pydantic import Field

from catalog import stock
from catalog.models import Product, ProductOption, Sku, StockItem
from seller_center.kernel import clock
from seller_center.kernel.paging import keyset_page
from shops.api_auth import ApiKeyAuth
from shops.idempotency import once

router = Router(tags=["products"])
READ, WRITE = ApiKeyAuth("products:read"), ApiKeyAuth("products:write")


class LevelOut(Schema):
    """The stock of a SKU."""

    sku: str
    on_hand: int
    reserved: int
    locked: int
    available: int


class SkuOut(Schema):
    """A SKU, in minor units of the shop's currency."""

    sku: str
    options: dict[str, str]
    price_minor: int
    compare_at_minor: int | None
    barcode: str
    weight_grams: int | None
    on_hand: int
    available: int


class ProductRow(Schema):
    """A product in a list."""

    code: str
    handle: str
    name: str
    brand: str
    category: str
    status: str
    changed_at: dt.datetime


class ProductOut(ProductRow):
    """A product with its SKUs."""

    description: str
    currency: str
    skus: list[SkuOut]


class ProductsOut(Schema):
    """A page of products; ``next`` is the cursor of the following page, empty at the end."""

    products: list[ProductRow]
    next: str


class LevelsOut(Schema):
    """A page of stock levels."""

    levels: list[LevelOut]
    next: str


class LevelIn(Schema):
    """How many of a SKU lie in the default warehouse now."""

    sku: str = Field(min_length=1, max_length=50)
    on_hand: int = Field(ge=0, le=stock.MOST_UNITS)
    note: str = Field("", max_length=200)


class LevelSet(Schema):
    """What setting the level did."""

    sku: str
    before: int
    after: int


@router.get("/products", auth=READ, response=ProductsOut, summary="List products, newest first")
def list_products(
    request: HttpRequest, cursor: str = "", limit: int = Query(50, ge=1, le=200), status: str = "", q: str = ""
) -> Any:
    """The products of the shop by state and words, a page at a time. Archived ones only when asked for."""
    shop = request.shop  # type: ignore[attr-defined]
    rows = Product.objects.in_shop(shop).select_related("category")
    rows = rows.filter(status=status) if status in Product.Status.values else rows.not_archived()
    if q.strip():
        rows = rows.found_by(shop, q[:100].replace("\x00", ""))
    page = keyset_page(rows, order=("-id",), token=cursor, size=limit)
    return {"products": [_row(product) for product in page.rows], "next": page.next_token}


@router.get("/products/{code}", auth=READ, response=ProductOut, summary="Read a product")
def read_product(request: HttpRequest, code: str) -> Any:
    """One product with its offered SKUs and their stock."""
    shop = request.shop  # type: ignore[attr-defined]
    product = get_object_or_404(Product.objects.in_shop(shop).of_code(code.upper()).select_related("category"))
    names = list(ProductOption.objects.in_shop(shop).filter(product=product).values_list("name", flat=True))
    items = StockItem.objects.in_shop(shop).filter(sku__product=product, warehouse__is_default=True)
    levels = {item.sku_id: item for item in items}
    skus = Sku.objects.in_shop(shop).offered().filter(product=product).in_order()
    return {
        **_row(product),
        "description": product.description,
        "currency": shop.currency,
        "skus": [_sku(sku, names, levels.get(sku.pk)) for sku in skus],
    }


@router.get("/stock", auth=READ, response=LevelsOut, summary="List stock levels")
def list_stock(request: HttpRequest, cursor: str = "", limit: int = Query(100, ge=1, le=500), sku: str = "") -> Any:
    """The stock of offered SKUs, or of one by its code."""
    shop = request.shop  # type: ignore[attr-defined]
    rows = StockItem.objects.in_shop(shop).offered().filter(warehouse__is_default=True).select_related("sku")
    if sku:
        rows = rows.filter(sku__in=Sku.objects.in_shop(shop).filter(code=sku[:50].replace("\x00", "")).values("pk"))
    page = keyset_page(rows, order=("-id",), token=cursor, size=limit)
    return {"levels": [_level(item) for item in page.rows], "next": page.next_token}


@router.put("/stock", auth=WRITE, response={200: LevelSet}, summary="Set the stock of a SKU")
def set_stock(request: HttpRequest, body: LevelIn, idempotency_key: str = Header("", alias="Idempotency-Key")) -> Any:
    """Say how many there are, once per ``Idempotency-Key``. Refused below what belongs to orders already."""
    shop, at = request.shop, clock.now()  # type: ignore[attr-defined]
    rows = Sku.objects.in_shop(shop).select_related("shop", "product")
    sku = get_object_or_404(rows, code=body.sku.replace("\x00", ""))

    def run() -> tuple[int, dict]:
        level = stock.count(sku=sku, quantity=body.on_hand, by=None, at=at, why=body.note, reference="API")
        return 200, {"sku": sku.code, "before": level.before, "after": level.after}

    status, answer, _replayed = once(
        shop=shop, key=idempotency_key, route="PUT /stock", body=request.body, at=at, run=run
    )
    return Status(status, answer)


def _row(product: Product) -> dict[str, Any]:
    return {
        "code": product.code,
        "handle": product.slug,
        "name": product.name,
        "brand": product.brand,
        "category": product.category.code if product.category else "",
        "status": product.status,
        "changed_at": product.changed_at,
    }


def _sku(sku: Sku, names: list[str], item: StockItem | None) -> dict[str, Any]:
    return {
        "sku": sku.code,
        "options": dict(zip(names, sku.option_values, strict=False)),
        "price_minor": sku.price_minor,
        "compare_at_minor": sku.compare_at_minor,
        "barcode": sku.barcode,
        "weight_grams": sku.weight_grams,
        "on_hand": item.on_hand if item else 0,
        "available": item.available if item else 0,
    }


def _level(item: StockItem) -> dict[str, Any]:
    return {
        "sku": item.sku.code,
        "on_hand": item.on_hand,
        "reserved": item.reserved,
        "locked": item.locked,
        "available": item.available,
    }
