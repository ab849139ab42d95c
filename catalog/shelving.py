"""Writing many planned products at once: a handful of statements for a chunk of an import, whatever its size."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from catalog import listing, stock
from catalog.listing import Price
from catalog.matching import NEW, ProductPlan
from catalog.models import PictureAddress, Product, ProductOption, Sku
from catalog.sheets import FileProduct
from seller_center.kernel.bulk import insert_many, update_many
from seller_center.kernel.codes import new_code
from shops import events

_PRODUCT_COLUMNS = ("name", "brand", "kind_words", "category_id", "description", "original_html")
_SKU_COLUMNS = ("code", "price_minor", "compare_at_minor", "cost_minor", "barcode", "weight_grams", "retired_at")
_SKU_AS_GIVEN = ("compare_at_minor", "cost_minor", "barcode", "weight_grams")


@dataclass(frozen=True)
class Shelf:
    """Where a chunk goes: the shop, who put it there, when, and the number of the import."""

    shop: Any
    by: Any
    at: dt.datetime
    reference: str
    markdown: Callable[[str], str]


def put(shelf: Shelf, plans: Sequence[ProductPlan], going_live: set[str]) -> None:
    """Write what the plans say. ``going_live``: handles of new products that pass and find room.

    Needs the shop's listing lock and a transaction. Raises ``IntegrityError`` where somebody else wrote the same
    address or code since the plan was made.
    """
    _plan_anew()
    products = _create_products(shelf, [made for made in plans if made.creates], going_live)
    products |= {made.file.handle: made.known.id for made in plans if made.known is not None}
    changed = [made for made in plans if made.known is not None]
    _change_products(shelf, [made for made in changed if made.changes])
    priced = _create_skus(shelf, plans, products)
    levels, more_priced = _change_skus(shelf, changed)
    if levels:
        stock.set_levels(shop=shelf.shop, levels=levels, **_journal(shelf))
    listing.note_prices(shelf.shop, [*priced, *more_priced], by=shelf.by, at=shelf.at)
    _write_pictures(shelf, plans, products)
    _record(shelf, plans, going_live)


def _journal(shelf: Shelf) -> dict[str, Any]:
    """What the stock journal says of an import."""
    return {"by": shelf.by, "at": shelf.at, "why": stock.Why.IMPORTED, "reference": shelf.reference}


def _plan_anew() -> None:
    """Have PostgreSQL plan its key checks for tables as large as they are now.

    A session keeps the plan of a foreign key check from its first rows on. Made for empty tables, it may walk through
    all rows of the shop, and a long import would take the square of its length until the next ANALYZE.
    """
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


# -- products ---------------------------------------------------------------------------------------------------------


def _create_products(shelf: Shelf, plans: Sequence[ProductPlan], going_live: set[str]) -> dict[str, int]:
    """New products with their options. Those that go live are born in review: nothing is born live."""
    for made in plans:
        made.code = new_code(8)
    born = {True: Product.Status.IN_REVIEW.value, False: Product.Status.DRAFT.value}
    rows = insert_many(
        Product,
        same={"shop": shelf.shop.pk, "reason": "", "created_at": shelf.at, "changed_at": shelf.at},
        each={
            "code": [made.code for made in plans],
            "status": [born[made.file.handle in going_live] for made in plans],
            "name": [made.file.name for made in plans],
            "slug": [made.file.handle for made in plans],
            "brand": [made.file.brand for made in plans],
            "description": [_description(shelf, made.file) for made in plans],
            "original_html": [made.file.html or "" for made in plans],
            "category_id": [made.category_id for made in plans],
            "kind_words": [made.file.kind for made in plans],
        },
        returning=("slug", "id"),
    )
    keys: dict[str, int] = dict(rows)  # type: ignore[arg-type]
    axes = [(keys[made.file.handle], place, name) for made in plans for place, name in enumerate(made.file.axes)]
    insert_many(
        ProductOption,
        same={"shop": shelf.shop.pk},
        each=dict(zip(("product_id", "position", "name"), _columns(axes, 3), strict=True)),
    )
    live = [keys[handle] for handle in going_live if handle in keys]
    if live:
        Product.objects.filter(shop=shelf.shop, pk__in=live).update(status=Product.Status.LIVE, live_at=shelf.at)
    return keys


def _columns(rows: Sequence[tuple], width: int) -> list[list[Any]]:
    """Rows as columns, also where there is no row."""
    return [[row[place] for row in rows] for place in range(width)]


def _description(shelf: Shelf, file: FileProduct) -> str:
    return shelf.markdown(file.html) if file.html is not None else file.description or ""


def _change_products(shelf: Shelf, plans: Sequence[ProductPlan]) -> None:
    """New words for products that are there, in one UPDATE."""
    values: dict[int, dict[str, Any]] = {}
    for made in plans:
        known = made.known
        assert known is not None
        row: dict[str, Any] = {
            "name": known.name,
            "brand": known.brand,
            "kind_words": known.kind,
            "category_id": known.category_id,
            "description": known.description,
            "original_html": known.original_html,
        }
        row |= {name: after for name, (_before, after) in made.changes.items()}
        if "original_html" in made.changes:
            row["description"] = shelf.markdown(row["original_html"])
        values[known.id] = row | {"changed_at": shelf.at}
    update_many(Product, shelf.shop.pk, values, (*_PRODUCT_COLUMNS, "changed_at"))


# -- SKUs -------------------------------------------------------------------------------------------------------------


def _create_skus(shelf: Shelf, plans: Sequence[ProductPlan], products: Mapping[str, int]) -> list[Price]:
    """New SKUs with their stock; returns their prices."""
    rows = [
        (products[made.file.handle], made.file.handle, place, planned)
        for made in plans
        for place, planned in enumerate(
            (planned for planned in made.skus if planned.known is None), start=len(made.known.skus) if made.known else 0
        )
    ]
    variants = [planned.variant for _product, _handle, _place, planned in rows]
    codes = [planned.variant.code or listing.made_code(handle) for _product, handle, _place, planned in rows]
    made = insert_many(
        Sku,
        same={"shop": shelf.shop.pk, "created_at": shelf.at},
        each={
            "product_id": [product for product, _handle, _place, _planned in rows],
            "position": [place for _product, _handle, place, _planned in rows],
            "code": codes,
            "option_values": [variant.options for variant in variants],
            "price_minor": [variant.price_minor or 0 for variant in variants],
            **{name: [getattr(variant, name) for variant in variants] for name in _SKU_AS_GIVEN},
        },
        returning=("code", "id", "price_minor", "compare_at_minor"),
    )
    levels = dict(zip(codes, (planned.level or 0 for *_where, planned in rows), strict=True))
    stock.open_with(shop=shelf.shop, levels={key: levels[code] for code, key, *_prices in made}, **_journal(shelf))
    return [(key, price, compare_at) for _code, key, price, compare_at in made]


def _change_skus(shelf: Shelf, plans: Sequence[ProductPlan]) -> tuple[dict[int, int], list[Price]]:
    """New values for SKUs that are there, in one UPDATE; the levels to set, and the prices that changed."""
    values: dict[int, dict[str, Any]] = {}
    levels: dict[int, int] = {}
    priced: list[Price] = []
    for planned in (planned for made in plans for planned in made.skus):
        known = planned.known
        if known is None:
            continue
        if planned.level is not None:
            levels[known.id] = planned.level
        if not planned.changes:
            continue
        row = {name: getattr(known, name, None) for name in _SKU_COLUMNS}
        row |= {name: after for name, (_before, after) in planned.changes.items()}
        values[known.id] = row
        if {"price_minor", "compare_at_minor"} & set(planned.changes):
            priced.append((known.id, row["price_minor"], row["compare_at_minor"]))
    update_many(Sku, shelf.shop.pk, values, _SKU_COLUMNS)
    return levels, priced


# -- the rest ---------------------------------------------------------------------------------------------------------


def _write_pictures(shelf: Shelf, plans: Sequence[ProductPlan], products: Mapping[str, int]) -> None:
    rows = [
        (products[made.file.handle], position, url, made.alts.get(url, alt))
        for made in plans
        for url, alt, position in made.pictures
        if made.file.handle in products
    ]
    insert_many(
        PictureAddress,
        same={"shop": shelf.shop.pk, "recorded_at": shelf.at},
        each=dict(zip(("product_id", "position", "url", "alt"), _columns(rows, 4), strict=True)),
    )
    for made in plans:
        fresh = {url for url, _alt, _position in made.pictures}
        for url, alt in made.alts.items():
            if url not in fresh and made.known is not None:
                rows = PictureAddress.objects.filter(shop=shelf.shop, product_id=made.known.id, url=url)
                rows.update(alt=alt)


def _record(shelf: Shelf, plans: Sequence[ProductPlan], going_live: set[str]) -> None:
    """One line in the timeline of each product that the chunk touched."""
    touched = [
        (made.known.code if made.known else made.code, "new" if made.known is None else "changed", made.file.handle)
        for made in plans
        if made.creates or (made.known is not None and _touches(made))
    ]
    imported = [
        ("product", code, {"import_code": shelf.reference, "outcome": outcome}) for code, outcome, _handle in touched
    ]
    live: list[tuple[str, str, dict]] = [
        ("product", code, {}) for code, outcome, handle in touched if outcome == "new" and handle in going_live
    ]
    for kind, subjects in (("product.imported", imported), ("product.went_live", live)):
        if subjects:
            events.record_many(kind, shop=shelf.shop, by=shelf.by, at=shelf.at, subjects=subjects)


def _touches(made: ProductPlan) -> bool:
    return any(outcome in (NEW, "changed") for outcome in made.outcomes.values())
