"""Product files out: everything a shop has, in our template's columns, and rows of an import with their sentences."""

from collections.abc import Iterator
from typing import Any

from catalog import importing, matching, remarks, sheets
from catalog.models import ImportRow, ImportRun, Media, PictureAddress, Product, ProductOption, Sku, StockItem
from seller_center.kernel.csvio import write_rows
from seller_center.kernel.money import exponent

#: Products read at once while a file is streamed out.
CHUNK = 500
HEADER = [names[0] for names in sheets.COLUMNS[sheets.OWN].values()]


def template() -> Iterator[bytes]:
    """An empty file in our columns, with one row that shows how."""
    example = {
        "handle": "walnut-board",
        "name": "Walnut bread board",
        "brand": "Example",
        "category": "kitchen-tools",
        "description": "Made of one piece of walnut.",
        "status": "live",
        "option1_name": "Size",
        "option1_value": "Small",
        "code": "WB-S",
        "price": "24.95",
        "weight": 800,
        "on_hand": 12,
        "picture": "https://example.com/walnut-board.jpg",
        "picture_alt": "The board from above",
    }
    return write_rows(HEADER, [_cells(example)])


def products(shop) -> Iterator[bytes]:
    """Every product of the shop but archived ones, as a file whose import changes nothing. Streams in chunks."""
    return write_rows(HEADER, _rows(shop))


def _rows(shop) -> Iterator[list[Any]]:
    last = 0
    while True:
        rows = Product.objects.in_shop(shop).not_archived().filter(pk__gt=last)
        chunk = list(rows.select_related("category").order_by("pk")[:CHUNK])
        if not chunk:
            return
        last = chunk[-1].pk
        yield from _rows_of(shop, chunk)


def _rows_of(shop, products: list[Product]) -> Iterator[list[Any]]:
    """The rows of these products: a SKU and a picture side by side, further pictures below."""
    axes, skus, pictures = _of_products(shop, products)
    decimals = exponent(shop.currency)
    for product in products:
        own_skus, own_pictures = skus.get(product.pk, []), pictures.get(product.pk, [])
        for place in range(max(len(own_skus), len(own_pictures), 1)):
            cells: dict[str, Any] = {"handle": product.slug}
            if place == 0:
                cells |= _product_cells(product, axes.get(product.pk, []))
            if place < len(own_skus):
                cells |= _sku_cells(own_skus[place][0], own_skus[place][1], decimals)
            if place < len(own_pictures):
                cells["picture"], cells["picture_alt"] = own_pictures[place]
            yield _cells(cells)


def _of_products(shop, products: list[Product]) -> tuple[dict, dict, dict]:
    keys = [product.pk for product in products]
    axes: dict[int, list[str]] = {}
    for option in ProductOption.objects.in_shop(shop).filter(product__in=keys).order_by("product_id", "position"):
        axes.setdefault(option.product_id, []).append(option.name)
    levels = dict(
        StockItem.objects.in_shop(shop)
        .filter(sku__product__in=keys, warehouse__is_default=True)
        .values_list("sku_id", "on_hand")
    )
    skus: dict[int, list[tuple[Sku, int]]] = {}
    for sku in Sku.objects.in_shop(shop).offered().filter(product__in=keys).in_order():
        skus.setdefault(sku.product_id, []).append((sku, levels.get(sku.pk, 0)))
    pictures: dict[int, list[tuple[str, str]]] = {}
    for row in Media.objects.in_shop(shop).filter(product__in=keys).order_by("product_id", "position", "id"):
        pictures.setdefault(row.product_id, []).append((row.large_url, row.alt))
    for row in PictureAddress.objects.in_shop(shop).filter(product__in=keys).order_by("product_id", "position", "id"):
        pictures.setdefault(row.product_id, []).append((row.url, row.alt))
    return axes, skus, pictures


def _product_cells(product: Product, axes: list[str]) -> dict[str, Any]:
    return {
        "name": product.name,
        "brand": product.brand,
        "category": product.category.code if product.category else "",
        "description": product.description,
        "status": product.status,
        **{f"option{number}_name": name for number, name in enumerate(axes, start=1)},
    }


def _sku_cells(sku: Sku, on_hand: int, decimals: int) -> dict[str, Any]:
    return {
        **{f"option{number}_value": value for number, value in enumerate(sku.option_values, start=1)},
        "code": sku.code,
        "price": _amount(sku.price_minor, decimals),
        "compare_at": _amount(sku.compare_at_minor, decimals),
        "cost": _amount(sku.cost_minor, decimals),
        "barcode": sku.barcode,
        "weight": sku.weight_grams,
        "on_hand": on_hand,
    }


def _amount(minor: int | None, decimals: int) -> str | None:
    """An amount as the file writes it: 1999 with two decimals is 19.99."""
    if minor is None or not decimals:
        return None if minor is None else str(minor)
    digits = str(minor).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}"


def _cells(row: dict[str, Any]) -> list[Any]:
    return [row.get(name) for name in sheets.COLUMNS[sheets.OWN]]


# -- rows of an import ------------------------------------------------------------------------------------------------


def rows_with_remarks(run: ImportRun, *, refused_only: bool) -> Iterator[bytes]:
    """Rows of the file as they came, with a column ``error``: the refused ones, or all that there is something to say
    about. Correct them and upload the file again.
    """
    table = importing.read_file(run)
    rows = ImportRow.objects.in_shop(run.shop).filter(run=run).exclude(issues=[])
    if refused_only:
        rows = rows.filter(outcome=matching.REFUSED)
    told = dict(rows.in_file_order().values_list("number", "issues"))
    header = [name for name in table.header if name.casefold() != "error"]
    places = [table.header.index(name) for name in header]
    currency = run.shop.currency
    return write_rows(
        [*header, "error"],
        (
            [*(cells[place] for place in places), " ".join(remarks.issue_sentences(told[number], currency))]
            for number, cells in zip(table.numbers, table.rows, strict=True)
            if number in told
        ),
    )
