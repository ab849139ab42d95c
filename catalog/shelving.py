"""Writing many planned products at once: a handful of statements for a chunk of an import, whatever its size."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from catalog import listing, stock
from catalog.matching import NEW, ProductPlan, SkuPlan
from catalog.models import PictureAddress, Product, ProductOption, Sku
from seller_center.kernel.codes import new_code
from shops import events

_PRODUCT_COLUMNS = ("name", "brand", "kind_words", "category_id", "description", "original_html")
_SKU_COLUMNS = ("code", "price_minor", "compare_at_minor", "cost_minor", "barcode", "weight_grams", "retired_at")


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
    levels, priced = _create_skus(shelf, plans, products)
    more_levels, more_priced = _change_skus(shelf, changed)
    stock.set_levels(
        shop=shelf.shop,
        levels=levels | more_levels,
        by=shelf.by,
        at=shelf.at,
        why=stock.Why.IMPORTED,
        reference=shelf.reference,
    )
    listing.note_prices(shelf.shop, [*priced, *more_priced], by=shelf.by, at=shelf.at)
    _write_pictures(shelf, plans, products)
    _record(shelf, plans, going_live)


def _plan_anew() -> None:
    """Have PostgreSQL plan its key checks for tables as large as they are now.

    A session keeps the plan of a foreign key check from its first rows on. Made for empty tables, it may walk through
    all rows of the shop, and a long import would take the square of its length until the next ANALYZE.
    """
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


# -- products ---------------------------------------------------------------------------------------------------------


def _create_products(shelf: Shelf, plans: Sequence[ProductPlan], going_live: set[str]) -> dict[str, int]:
    rows = [_product(shelf, made, made.file.handle in going_live) for made in plans]
    Product.objects.bulk_create(rows)
    ProductOption.objects.bulk_create(
        ProductOption(shop=shelf.shop, product=row, position=place, name=name)
        for row, made in zip(rows, plans, strict=True)
        for place, name in enumerate(made.file.axes)
    )
    live = [row.pk for row in rows if row.status == Product.Status.IN_REVIEW]
    Product.objects.filter(shop=shelf.shop, pk__in=live).update(status=Product.Status.LIVE, live_at=shelf.at)
    for row, made in zip(rows, plans, strict=True):
        made.code = row.code
    return {row.slug: row.pk for row in rows}


def _product(shelf: Shelf, made: ProductPlan, goes_live: bool) -> Product:
    """A row that is born in review if it goes live with the next statement: nothing is born live."""
    file = made.file
    return Product(
        shop=shelf.shop,
        code=new_code(8),
        status=Product.Status.IN_REVIEW if goes_live else Product.Status.DRAFT,
        name=file.name,
        slug=file.handle,
        brand=file.brand,
        description=shelf.markdown(file.html) if file.html is not None else file.description or "",
        original_html=file.html or "",
        category_id=made.category_id,
        kind_words=file.kind,
        created_at=shelf.at,
        changed_at=shelf.at,
    )


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


def _create_skus(
    shelf: Shelf, plans: Sequence[ProductPlan], products: Mapping[str, int]
) -> tuple[dict[int, int], list[Sku]]:
    rows, levels = [], []
    for made in plans:
        fresh = [planned for planned in made.skus if planned.known is None]
        for place, planned in enumerate(fresh, start=len(made.known.skus) if made.known else 0):
            rows.append(_sku(shelf, made, planned, products[made.file.handle], place))
            levels.append(planned.level or 0)
    Sku.objects.bulk_create(rows)
    stock.open_items(shop=shelf.shop, sku_ids=[row.pk for row in rows])
    return {row.pk: level for row, level in zip(rows, levels, strict=True) if level}, rows


def _sku(shelf: Shelf, made: ProductPlan, planned: SkuPlan, product_id: int, place: int) -> Sku:
    variant = planned.variant
    return Sku(
        shop=shelf.shop,
        product_id=product_id,
        code=variant.code or listing.made_code(made.file.handle),
        option_values=list(variant.options),
        position=place,
        price_minor=variant.price_minor or 0,
        compare_at_minor=variant.compare_at_minor,
        cost_minor=variant.cost_minor,
        barcode=variant.barcode,
        weight_grams=variant.weight_grams,
        created_at=shelf.at,
    )


def _change_skus(shelf: Shelf, plans: Sequence[ProductPlan]) -> tuple[dict[int, int], list[Sku]]:
    """New values for SKUs that are there, in one UPDATE; the levels to set, and the SKUs whose price changed."""
    values: dict[int, dict[str, Any]] = {}
    levels: dict[int, int] = {}
    priced = []
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
            prices = {name: row[name] for name in ("price_minor", "compare_at_minor")}
            priced.append(Sku(shop=shelf.shop, pk=known.id, **prices))
    update_many(Sku, shelf.shop.pk, values, _SKU_COLUMNS)
    return levels, priced


# -- the rest ---------------------------------------------------------------------------------------------------------


def _write_pictures(shelf: Shelf, plans: Sequence[ProductPlan], products: Mapping[str, int]) -> None:
    PictureAddress.objects.bulk_create(
        PictureAddress(
            shop=shelf.shop,
            product_id=products[made.file.handle],
            position=position,
            url=url,
            alt=made.alts.get(url, alt),
            recorded_at=shelf.at,
        )
        for made in plans
        for url, alt, position in made.pictures
        if made.file.handle in products
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


def update_many(
    model: type[models.Model], shop_id: int, values: Mapping[int, Mapping[str, Any]], columns: Iterable[str]
) -> int:
    """Give rows of one shop (key → values) new values in one UPDATE over arrays. Returns how many were changed."""
    if not values:
        return 0
    fields: list[Any] = [model._meta.get_field(name.removesuffix("_id")) for name in columns]
    names = [connection.ops.quote_name(field.column) for field in fields]
    types = [field.rel_db_type(connection) if field.is_relation else field.db_type(connection) for field in fields]
    keys = sorted(values)
    arrays = [[values[key][name] for key in keys] for name in columns]
    sets = ", ".join(f"{name} = fresh.{name}" for name in names)
    unnested = ", ".join(f"%s::{kind}[]" for kind in ["bigint", *types])
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {connection.ops.quote_name(model._meta.db_table)} AS old SET {sets}"  # noqa: S608 (own names)
            f" FROM unnest({unnested}) AS fresh (id, {', '.join(names)})"
            " WHERE old.shop_id = %s AND old.id = fresh.id",
            [keys, *arrays, shop_id],
        )
        return cursor.rowcount
