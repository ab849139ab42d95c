"""Writing listings: create a product, change its words, its options, its SKUs. States are in ``catalog.publishing``."""

import datetime as dt
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from catalog import stock
from catalog.models import Category, PriceHistory, Product, ProductOption, Sku
from catalog.sheets import handle_of
from seller_center.kernel.bulk import insert_many
from seller_center.kernel.codes import new_code
from seller_center.kernel.errors import DomainError, Invalid, Stale
from seller_center.kernel.locking import lock_row
from seller_center.kernel.money import format_money
from seller_center.kernel.text import counted
from shops import events
from shops.policy_book import policy_for
from shops.scope import scope

Axes = Sequence[tuple[str, Sequence[str]]]

#: How much of a product's address stands in a code that we make: what fits a column of a table beside the eight signs.
MADE_WORDS = 16


class NotEditable(DomainError):
    """The product cannot be changed in the state it is in."""

    code = "not_editable"


class CodeTaken(Invalid):
    """Another SKU of the shop has this code."""

    code = "code_taken"


@dataclass(frozen=True, kw_only=True)
class Details:
    """The words of a listing."""

    name: str
    brand: str = ""
    description: str = ""
    category: Category | None = None


@dataclass(frozen=True, kw_only=True)
class SkuLine:
    """One line of the table of SKUs. ``on_hand`` None: leave the stock as it is; an empty ``code``: make one."""

    price_minor: int
    code: str = ""
    compare_at_minor: int | None = None
    cost_minor: int | None = None
    barcode: str = ""
    weight_grams: int | None = None
    on_hand: int | None = None


# -- the product ------------------------------------------------------------------------------------------------------


def create(*, shop, details: Details, line: SkuLine, axes: Axes = (), by, at: dt.datetime) -> Product:
    """A new draft with a SKU for each combination of its options, all with the given line's price and stock."""
    limits = policy_for(shop, at).catalog
    _check_details(details, limits)
    wanted = _choices(axes, limits)
    _check_line(line, limits)
    with scope(shop, by=by):
        product = Product.objects.create(
            shop=shop,
            code=new_code(8),
            name=details.name,
            slug=free_slug(shop, details.name),
            brand=details.brand,
            description=details.description,
            category=details.category,
            created_at=at,
            changed_at=at,
        )
        _write_axes(product, axes)
        add_skus(product, wanted, line, by=by, at=at)
        _record(product, "product.created", by, at, name=product.name)
    return product


def edit(*, product: Product, details: Details, seen: dt.datetime | None = None, by, at: dt.datetime) -> Product:
    """Change the words. ``seen`` is the moment of change that the form showed: ``Stale`` if it has changed since."""
    _check_details(details, policy_for(product.shop, at).catalog)
    with scope(product.shop, by=by):
        row = _editable(product)
        if seen is not None and row.changed_at != seen:
            raise Stale(_("Somebody else has changed this product meanwhile. Look at it again before you save."))
        _check_category(row, details.category)
        changed = [name for name in ("name", "brand", "description") if getattr(row, name) != getattr(details, name)]
        if row.category_id != getattr(details.category, "pk", None):
            changed.append("category")
        if changed:
            Product.objects.filter(shop=row.shop, pk=row.pk).update(
                name=details.name,
                brand=details.brand,
                description=details.description,
                category=details.category,
                changed_at=at,
            )
            _record(row, "product.edited", by, at, fields=changed)
    product.refresh_from_db()
    return product


def free_slug(shop, name: str) -> str:
    """A place in the shop's public address for this name that no product has yet."""
    base = handle_of(name)[:240].rstrip("-_") or "product"
    taken = set(Product.objects.in_shop(shop).filter(slug__startswith=base).values_list("slug", flat=True))
    numbers = (f"{base}-{number}" for number in itertools.count(2))
    return base if base not in taken else next(slug for slug in numbers if slug not in taken)


# -- options ----------------------------------------------------------------------------------------------------------


def set_options(*, product: Product, axes: Axes, by, at: dt.datetime) -> None:
    """Give the product these options and one SKU for each combination.

    A SKU whose values are still wanted stays; one whose product got a further option takes its first value; the
    others are no longer offered. New ones take price and weight of the first SKU and start without stock.
    """
    limits = policy_for(product.shop, at).catalog
    wanted = _choices(axes, limits)
    with scope(product.shop, by=by):
        row = _editable(product)
        known = list(Sku.objects.in_shop(row.shop).filter(product=row).in_order())
        kept = _match(known, wanted)
        going = [sku.pk for sku in known if sku.retired_at is None and sku.pk not in kept]
        Sku.objects.filter(shop=row.shop, pk__in=going).update(retired_at=at)
        # Out of the way first: the new values of one may still be the old values of another.
        Sku.objects.filter(shop=row.shop, pk__in=kept).update(retired_at=at)
        for sku in known:
            if sku.pk in kept:
                place = wanted.index(kept[sku.pk])
                Sku.objects.filter(shop=row.shop, pk=sku.pk).update(
                    option_values=list(kept[sku.pk]), position=place, retired_at=None
                )
        _write_axes(row, axes)
        missing = [choice for choice in wanted if choice not in kept.values()]
        if missing:
            add_skus(row, missing, _line_like(known), by=by, at=at, position=lambda choice: wanted.index(choice))
        _touch(row, at)
        _record(row, "product.edited", by, at, fields=["options"])


def _match(known: Sequence[Sku], wanted: Sequence[tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    """SKU → the combination it stands for from now on: offered ones first, each combination once."""
    kept: dict[int, tuple[str, ...]] = {}
    for sku in sorted(known, key=lambda sku: (sku.retired_at is not None, sku.position, sku.pk)):
        values = tuple(sku.option_values)
        free = (choice for choice in wanted if choice not in kept.values() and choice[: len(values)] == values)
        choice = next(free, None)
        if choice is not None and (len(choice) == len(values) or sku.retired_at is None):
            kept[sku.pk] = choice
    return kept


def _line_like(known: Sequence[Sku]) -> SkuLine:
    first = next((sku for sku in known if sku.retired_at is None), known[0] if known else None)
    if first is None:
        return SkuLine(price_minor=0)
    return SkuLine(
        price_minor=first.price_minor, compare_at_minor=first.compare_at_minor, weight_grams=first.weight_grams
    )


def _choices(axes: Axes, limits) -> list[tuple[str, ...]]:
    """Every combination of the options' values, checked against the limits."""
    if len(axes) > limits.option_axes_at_most:
        words = {"most": limits.option_axes_at_most}
        raise Invalid(_("A product has at most %(most)d options.") % words, field="options")
    names = [name.casefold() for name, _values in axes]
    if len(set(names)) != len(names):
        raise Invalid(_("Two options have the same name."), field="options")
    for name, values in axes:
        if not name or not values:
            raise Invalid(_("Give each option a name and at least one value."), field="options")
        if len({value.casefold() for value in values}) != len(values):
            raise Invalid(_("The option “%(name)s” has a value twice.") % {"name": name}, field="options")
    wanted = list(itertools.product(*(values for _name, values in axes)))
    if len(wanted) > limits.skus_at_most:
        words = {"count": counted(len(wanted), "SKUs"), "most": limits.skus_at_most}
        raise Invalid(_("That makes %(count)s; a product has at most %(most)d.") % words, field="options")
    return wanted


def _write_axes(product: Product, axes: Axes) -> None:
    ProductOption.objects.filter(shop=product.shop, product=product).delete()
    ProductOption.objects.bulk_create(
        [
            ProductOption(shop=product.shop, product=product, position=place, name=name)
            for place, (name, _values) in enumerate(axes)
        ]
    )


# -- SKUs -------------------------------------------------------------------------------------------------------------


def add_skus(
    product: Product, choices: Sequence[tuple[str, ...]], line: SkuLine, *, by, at: dt.datetime, position=None
) -> list[Sku]:
    """SKUs for these combinations with the same line; the code is the line's own where there is only one."""
    alone = len(choices) == 1
    rows = [
        Sku(
            shop=product.shop,
            product=product,
            code=line.code if alone and line.code else made_code(product.slug),
            option_values=list(choice),
            position=position(choice) if position else place,
            price_minor=line.price_minor,
            compare_at_minor=line.compare_at_minor,
            cost_minor=line.cost_minor,
            barcode=line.barcode if alone else "",
            weight_grams=line.weight_grams,
            created_at=at,
        )
        for place, choice in enumerate(choices)
    ]
    try:
        with transaction.atomic():
            Sku.objects.bulk_create(rows)
    except IntegrityError as error:
        raise _code_taken(error, line.code) from error
    stock.open_items(shop=product.shop, sku_ids=[row.pk for row in rows])
    if line.on_hand:
        stock.set_levels(shop=product.shop, levels={row.pk: line.on_hand for row in rows}, by=by, at=at)
    note_prices(product.shop, [price_of(row) for row in rows], by=by, at=at)
    return rows


def made_code(slug: str) -> str:
    """A code for a SKU whose seller gave none: words of its product to know it by, then signs that no other has."""
    words = slug if len(slug) <= MADE_WORDS else slug[: MADE_WORDS + 1].rpartition("-")[0] or slug[:MADE_WORDS]
    return f"{words.rstrip('-_')}-{new_code(8)}"


def change_skus(*, product: Product, lines: dict[int, SkuLine], by, at: dt.datetime) -> list[str]:
    """Change SKUs of the product (id → line). Returns what was changed, as field names; nothing where all is the same.

    Raises ``CodeTaken``, ``Invalid`` for a price outside the policy, ``stock.BelowPromised``.
    """
    limits = policy_for(product.shop, at).catalog
    with scope(product.shop, by=by):
        row = _editable(product)
        for line in lines.values():
            _check_line(line, limits, for_sale=row.was_live)
        skus = {sku.pk: sku for sku in Sku.objects.in_shop(row.shop).filter(product=row, pk__in=lines)}
        if len(skus) != len(lines):
            raise Stale(_("One of these SKUs is no longer there. Look at the product again."))
        changed: set[str] = set()
        for key in sorted(lines):
            changed |= _change_sku(skus[key], lines[key], by, at)
        changed |= _change_levels(row, skus, lines, by, at)
        if changed:
            _touch(row, at)
            if rest := sorted(changed - {"price_minor", "on_hand"}):
                _record(row, "product.edited", by, at, fields=rest)
    return sorted(changed)


def _change_sku(sku: Sku, line: SkuLine, by, at: dt.datetime) -> set[str]:
    fields = ("code", "price_minor", "compare_at_minor", "cost_minor", "barcode", "weight_grams")
    wanted: dict[str, Any] = {name: getattr(line, name) for name in fields}
    wanted["code"] = wanted["code"] or sku.code
    changed = {name: value for name, value in wanted.items() if getattr(sku, name) != value}
    if not changed:
        return set()
    before = sku.price_minor
    try:
        with transaction.atomic():
            Sku.objects.filter(shop_id=sku.shop_id, pk=sku.pk).update(**changed)
    except IntegrityError as error:
        raise _code_taken(error, wanted["code"]) from error
    for name, value in changed.items():
        setattr(sku, name, value)
    if {"price_minor", "compare_at_minor"} & set(changed):
        note_prices(sku.shop, [price_of(sku)], by=by, at=at)
    if "price_minor" in changed:
        currency = sku.shop.currency
        prices = {"before": format_money(before, currency), "after": format_money(sku.price_minor, currency)}
        _record(sku.product, "sku.priced", by, at, sku_code=sku.code, **prices)
    return set(changed)


def _change_levels(product: Product, skus: dict[int, Sku], lines: dict[int, SkuLine], by, at: dt.datetime) -> set[str]:
    levels = {key: line.on_hand for key, line in lines.items() if line.on_hand is not None}
    found = stock.set_levels(shop=product.shop, levels=levels, by=by, at=at)
    for key, level in sorted(found.items()):
        if level.refused:
            raise stock.below_promised(skus[key].code, level.promised)
        if level.after != level.before:
            stock.record_change(skus[key], level.before, level.after, stock.Why.COUNTED, by, at)
    return {"on_hand"} if any(level.after != level.before for level in found.values()) else set()


#: Key of a SKU, its price, its compare-at price.
Price = tuple[int, int, int | None]


def price_of(sku: Sku) -> Price:
    return sku.pk, sku.price_minor, sku.compare_at_minor


def note_prices(shop, prices: Sequence[Price], *, by, at: dt.datetime) -> None:
    """Write what SKUs cost from now on into the history."""
    insert_many(
        PriceHistory,
        same={"shop": shop.pk, "since": at, "by": getattr(by, "pk", None)},
        each={
            "sku_id": [key for key, _price, _compare_at in prices],
            "price_minor": [price for _key, price, _compare_at in prices],
            "compare_at_minor": [compare_at for _key, _price, compare_at in prices],
        },
    )


# -- checks -----------------------------------------------------------------------------------------------------------


def _check_details(details: Details, limits) -> None:
    if not details.name.strip():
        raise Invalid(_("Give the product a name."), field="name")
    if len(details.name) > limits.name_at_most:
        raise Invalid(_("A name has at most %(most)d characters.") % {"most": limits.name_at_most}, field="name")
    if len(details.description) > limits.description_at_most:
        words = {"most": limits.description_at_most}
        raise Invalid(_("A description has at most %(most)d characters.") % words, field="description")
    category = details.category
    if category is not None and (category.prohibited or not category.is_leaf_category):
        raise Invalid(_("Nothing can be sold in this category. Choose another."), field="category")


def _check_category(product: Product, category: Category | None) -> None:
    """What is or was live cannot slip into a category for which the shop is not qualified, or out of all."""
    if not product.was_live or (category is not None and product.category_id == category.pk):
        return
    if category is None:
        raise Invalid(_("A product on sale needs a category."), field="category")
    if category.restricted:
        raise Invalid(_("This category needs a qualification that your shop does not have yet."), field="category")


def _check_line(line: SkuLine, limits, *, for_sale: bool = False) -> None:
    """What never may stand in a SKU. A price of 0 is a draft's price: what is or was live asks for more."""
    if line.price_minor > limits.price_at_most_minor:
        raise Invalid(_("The price is higher than the marketplace allows."), field="price")
    if line.price_minor < (limits.price_least_minor if for_sale else 0):
        raise Invalid(_("The price is lower than the marketplace allows."), field="price")
    if len(line.code) > limits.seller_code_at_most:
        words = {"most": limits.seller_code_at_most}
        raise Invalid(_("A SKU code has at most %(most)d characters.") % words, field="code")
    if line.compare_at_minor is not None and line.compare_at_minor <= line.price_minor:
        raise Invalid(_("The compare-at price must be higher than the price."), field="compare_at")
    if line.cost_minor is not None and line.cost_minor < 0:
        raise Invalid(_("A cost cannot be below zero."), field="cost")


def _editable(product: Product) -> Product:
    """The product, locked as it stands now; refuses states in which it cannot be changed."""
    row = lock_row(Product.objects.filter(shop_id=product.shop_id, pk=product.pk))
    if not row.editable:
        state = row.get_status_display().lower()
        raise NotEditable(_("This product is %(state)s and cannot be changed now.") % {"state": state})
    return row


def _touch(product: Product, at: dt.datetime) -> None:
    Product.objects.filter(shop_id=product.shop_id, pk=product.pk).update(changed_at=at)


def _code_taken(error: IntegrityError, code: str) -> DomainError:
    if "sku_code_once" in str(error):
        return CodeTaken(_("Another SKU of your shop has the code “%(code)s”.") % {"code": code}, field="code")
    raise error


def _record(product: Product, kind: str, by, at: dt.datetime, **facts: Any) -> None:
    events.record(kind, shop=product.shop, subject_kind="product", subject_code=product.code, by=by, at=at, **facts)
