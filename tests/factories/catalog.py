"""Products and stock for tests: plain functions, through the real verbs where there is something to get wrong."""

import datetime as dt
import itertools
from typing import Any

from catalog import stock
from catalog.models import Category, Media, Product, ProductOption, Sku, StockItem
from seller_center.kernel.codes import new_code
from shops.models import Shop
from tests.factories.shops import AT

_numbers = itertools.count(1)


def make_product(
    shop: Shop,
    *,
    price_minor: int = 1999,
    on_hand: int = 10,
    name: str = "",
    status: str = Product.Status.LIVE,
    category: str = "bicycle-parts",
    at: dt.datetime = AT,
    code: str = "",
    **fields: Any,
) -> Product:
    """A product without options and its one SKU (``sku_of(product)``), live and in stock unless said otherwise."""
    number = next(_numbers)
    product = Product.objects.create(
        shop=shop,
        code=new_code(8),
        name=name or f"Product {number}",
        slug=f"product-{number}",
        category=Category.objects.get(code=category),
        created_at=at,
        changed_at=at,
        **fields,
    )
    make_sku(product, code=code or f"SKU-{number}", price_minor=price_minor, on_hand=on_hand, at=at)
    set_status(product, status, at=at)
    return product


def make_sku(
    product: Product, *, code: str = "", price_minor: int = 1999, on_hand: int = 10, at: dt.datetime = AT, **fields: Any
) -> Sku:
    """One more SKU of the product, with its stock counted."""
    sku = Sku.objects.create(
        shop=product.shop,
        product=product,
        code=code or f"SKU-{next(_numbers)}",
        price_minor=price_minor,
        created_at=at,
        **fields,
    )
    stock.open_items(shop=product.shop, sku_ids=[sku.pk])
    stock.set_levels(shop=product.shop, levels={sku.pk: on_hand}, by=None, at=at)
    return sku


def make_choices(shop: Shop, axes: dict[str, list[str]], *, on_hand: int = 10, **fields: Any) -> Product:
    """A product with option axes and a SKU for each combination."""
    product = make_product(shop, on_hand=on_hand, status=Product.Status.DRAFT, **fields)
    Sku.objects.filter(product=product).update(retired_at=AT)
    for position, name in enumerate(axes):
        ProductOption.objects.create(shop=shop, product=product, position=position, name=name)
    for position, values in enumerate(itertools.product(*axes.values())):
        make_sku(product, on_hand=on_hand, option_values=list(values), position=position)
    set_status(product, Product.Status.LIVE)
    return product


def give_picture(product: Product, *, at: dt.datetime = AT) -> Media:
    """A picture by its row alone; no file lies behind it."""
    digest = f"{next(_numbers):040x}"
    return Media.objects.create(
        shop=product.shop, product=product, digest=digest, width=800, height=800, size_bytes=1, added_at=at
    )


def set_status(product: Product, status: str, *, at: dt.datetime = AT) -> None:
    """Walk the product along the declared moves to a state."""
    way = {
        Product.Status.DRAFT: [],
        Product.Status.IN_REVIEW: ["in_review"],
        Product.Status.REFUSED: ["in_review", "refused"],
        Product.Status.LIVE: ["in_review", "live"],
        Product.Status.PAUSED: ["in_review", "live", "paused"],
        Product.Status.FROZEN: ["in_review", "live", "frozen"],
        Product.Status.ARCHIVED: ["archived"],
    }
    for step in way[Product.Status(status)]:
        Product.objects.filter(pk=product.pk).update(status=step, live_at=at if step == "live" else None)
    product.refresh_from_db()


def sku_of(product: Product) -> Sku:
    """The product's first SKU that is offered."""
    return Sku.objects.offered().filter(product=product).order_by("position", "id").first()


def item_of(thing: Sku | Product) -> StockItem:
    """The stock of a SKU, as it stands now."""
    sku = sku_of(thing) if isinstance(thing, Product) else thing
    return StockItem.objects.get(sku=sku)
