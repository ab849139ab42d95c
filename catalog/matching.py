"""What a product file would change: each product of the file beside what the catalog knows of it. Pure arithmetic.

The dry run and the apply step ask the same function, so that what was shown is what is done – to the catalog as it
stands at that moment. A cell that is empty changes nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from catalog.diagnosis import Limits
from catalog.sheets import DRAFT, NOTE, REFUSES, FileProduct, FileVariant, Issue

NEW, CHANGED, UNCHANGED, REFUSED = "new", "changed", "unchanged", "refused"
OUTCOMES = (NEW, CHANGED, UNCHANGED, REFUSED)


@dataclass(frozen=True, slots=True)
class KnownSku:
    """A SKU as the catalog has it; ``promised`` units belong to orders, the stock cannot be set below them."""

    id: int
    code: str
    options: tuple[str, ...]
    price_minor: int
    compare_at_minor: int | None
    cost_minor: int | None
    barcode: str
    weight_grams: int | None
    on_hand: int
    promised: int
    retired: bool


@dataclass(slots=True)
class KnownProduct:
    """A product as the catalog has it, with the SKUs by their option values (offered ones win over retired ones)."""

    id: int
    code: str
    status: str
    name: str
    brand: str
    kind: str
    category_id: int | None
    description: str
    original_html: str
    axes: tuple[str, ...]
    skus: dict[tuple[str, ...], KnownSku] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    next_position: int = 0


@dataclass(slots=True)
class SkuPlan:
    """What becomes of a variant: ``known`` is None for a new one; ``changes`` is field → (before, after)."""

    variant: FileVariant
    known: KnownSku | None
    changes: dict[str, tuple[Any, Any]]
    level: int | None


@dataclass(slots=True)
class ProductPlan:
    """What becomes of one product of the file."""

    file: FileProduct
    known: KnownProduct | None
    category_id: int | None
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    skus: list[SkuPlan] = field(default_factory=list)
    pictures: list[tuple[str, str, int]] = field(default_factory=list)
    alts: dict[str, str] = field(default_factory=dict)
    outcomes: dict[int, str] = field(default_factory=dict)
    row_changes: dict[int, dict[str, list[Any]]] = field(default_factory=dict)
    code: str = ""

    @property
    def issues(self) -> dict[int, list[Issue]]:
        """What there is to say, by row."""
        return self.file.issues

    @property
    def creates(self) -> bool:
        """Is it a product that the catalog does not have, of which at least one row can be taken?"""
        return self.known is None and any(outcome != REFUSED for outcome in self.outcomes.values())

    @property
    def stays_draft(self) -> bool:
        """Is there something to say that keeps a new product from going live?"""
        return any(issue.weight == DRAFT for issues in self.issues.values() for issue in issues)


def plan(
    file: FileProduct,
    known: KnownProduct | None,
    *,
    category_id: int | None,
    taken_codes: dict[str, int],
    limits: Limits,
) -> ProductPlan:
    """Compare a product of the file with the catalog.

    ``category_id``: what the file's words mean, if anything. ``taken_codes``: SKU code → id of the SKU that has it, for
    the codes of this file. Every row of the product gets exactly one outcome. What exceeds a limit keeps a new product
    a draft; of a product that is there, which may be live, it is not taken.
    """
    made = ProductPlan(file, known, category_id)
    if known is not None:
        _refuse_other_axes(file, known)
        _refuse_beyond_limits(file, known, limits)
    refused = file.refused_rows()
    if known is not None:
        _compare_product(made, known, limits)
    for variant in file.variants:
        if variant.row not in refused:
            made.skus.append(_compare_variant(made, variant, known, taken_codes))
    _compare_pictures(made, known, refused, limits)
    _settle(made, file.refused_rows())
    return made


def _refuse_other_axes(file: FileProduct, known: KnownProduct) -> None:
    """The options of a product that is there are changed on its page, not by a file: old SKUs would hang in the air."""
    mine, theirs = [name.casefold() for name in known.axes], [name.casefold() for name in file.axes]
    if file.axes and mine != theirs:
        for variant in file.variants:
            facts = {"here": ", ".join(known.axes) or "–", "there": ", ".join(file.axes)}
            file.say(variant.row, "other_options", "", REFUSES, **facts)
    for variant in file.variants:
        if not file.axes and known.axes and len(variant.options) != len(known.axes):
            facts = {"here": ", ".join(known.axes), "there": "–"}
            file.say(variant.row, "other_options", "", REFUSES, **facts)


def _refuse_beyond_limits(file: FileProduct, known: KnownProduct, limits: Limits) -> None:
    """Prices out of bounds and more SKUs than a product may have."""
    offered = sum(not sku.retired for sku in known.skus.values())
    for variant in file.variants:
        sku = known.skus.get(variant.options)
        price = variant.price_minor if variant.price_minor is not None else (sku.price_minor if sku else 0)
        if price != (sku.price_minor if sku else None) and not _in_bounds(price, limits):
            facts = {"least_minor": limits.price_least_minor, "most_minor": limits.price_at_most_minor}
            file.say(variant.row, "price_outside", "", REFUSES, **facts)
        elif sku is None or sku.retired:
            offered += 1
            if offered > limits.skus_at_most:
                file.say(variant.row, "sku_over", "", REFUSES, most=limits.skus_at_most)


def _in_bounds(price: int, limits: Limits) -> bool:
    return limits.price_least_minor <= price <= limits.price_at_most_minor


def _compare_product(made: ProductPlan, known: KnownProduct, limits: Limits) -> None:
    file = made.file
    named = not any(issue.code == "no_name" for issues in file.issues.values() for issue in issues)
    if named:
        _note(made.changes, "name", known.name, file.name)
    _note(made.changes, "brand", known.brand, file.brand)
    _note(made.changes, "kind_words", known.kind, file.kind)
    if file.category or known.category_id is None:
        _note(made.changes, "category_id", known.category_id, made.category_id)
    _compare_description(made, known, limits)
    if file.status and file.status != known.status:
        row = file.rows[0]
        file.say(row, "status_kept", "", NOTE, here=known.status, there=file.status)


def _compare_description(made: ProductPlan, known: KnownProduct, limits: Limits) -> None:
    """HTML is compared with the HTML that came last: what the seller wrote since stays while the file's is the same."""
    file = made.file
    name, before, after = (
        ("original_html", known.original_html, file.html)
        if file.html is not None
        else ("description", known.description, file.description)
    )
    if not after or after == before:
        return
    if len(after) > limits.description_at_most:
        file.say(file.rows[0], "description_kept", "", NOTE, signs=len(after), most=limits.description_at_most)
        return
    made.changes[name] = (before, after)


def _note(changes: dict[str, tuple[Any, Any]], name: str, before: Any, after: Any) -> None:
    """Remember a change, unless the file says nothing (an empty cell) or the same."""
    if after not in (None, "") and after != before:
        changes[name] = (before, after)


def _compare_variant(
    made: ProductPlan, variant: FileVariant, known: KnownProduct | None, taken_codes: dict[str, int]
) -> SkuPlan:
    file = made.file
    sku = known.skus.get(variant.options) if known else None
    if variant.code and taken_codes.get(variant.code, sku.id if sku else None) != (sku.id if sku else None):
        file.say(variant.row, "code_taken", "", DRAFT, value=variant.code)
        variant.code = ""
    _mind_prices(file, variant, sku)
    if sku is None:
        return SkuPlan(variant, None, {}, variant.on_hand or 0)
    changes: dict[str, tuple[Any, Any]] = {}
    for name in ("code", "price_minor", "compare_at_minor", "cost_minor", "barcode", "weight_grams"):
        _note(changes, name, getattr(sku, name), getattr(variant, name))
    _drop_compare_at(file, variant, sku, changes)
    if sku.retired:
        changes["retired_at"] = ("retired", None)
    level = variant.on_hand if variant.on_hand is not None and variant.on_hand != sku.on_hand else None
    if level is not None and level < sku.promised:
        file.say(variant.row, "stock_promised", "", NOTE, wanted=level, promised=sku.promised)
        level = None
    return SkuPlan(variant, sku, changes, level)


def _mind_prices(file: FileProduct, variant: FileVariant, sku: KnownSku | None) -> None:
    """What a price cell can get wrong: missing, nothing, or a compare-at price that is none."""
    if variant.price_minor is None and sku is None:
        file.say(variant.row, "price_missing", "", DRAFT)
    elif variant.price_minor == 0:
        file.say(variant.row, "price_zero", "", DRAFT)
    price = variant.price_minor if variant.price_minor is not None else (sku.price_minor if sku else 0)
    if variant.compare_at_minor is not None and variant.compare_at_minor <= price:
        if variant.compare_at_minor:
            file.say(variant.row, "compare_at_low", "", NOTE)
        variant.compare_at_minor = None


def _drop_compare_at(
    file: FileProduct, variant: FileVariant, sku: KnownSku, changes: dict[str, tuple[Any, Any]]
) -> None:
    """A new price that reaches the old compare-at price takes it away."""
    if "price_minor" not in changes or "compare_at_minor" in changes or sku.compare_at_minor is None:
        return
    if changes["price_minor"][1] >= sku.compare_at_minor:
        changes["compare_at_minor"] = (sku.compare_at_minor, None)
        file.say(variant.row, "compare_at_gone", "", NOTE)


def _compare_pictures(made: ProductPlan, known: KnownProduct | None, refused: set[int], limits: Limits) -> None:
    there = dict(known.pictures) if known else {}
    position = known.next_position if known else 0
    with_variant = {variant.row for variant in made.file.variants}
    for picture in made.file.pictures:
        if picture.row in refused:
            continue
        if picture.url not in there and known is not None and len(there) >= limits.images_at_most:
            weight = NOTE if picture.row in with_variant else REFUSES
            made.file.say(picture.row, "picture_over", "", weight, most=limits.images_at_most)
        elif picture.url not in there:
            there[picture.url] = picture.alt
            made.pictures.append((picture.url, picture.alt, position))
            position += 1
            made.row_changes.setdefault(picture.row, {})["picture"] = ["", picture.url]
        elif picture.alt and picture.alt != there[picture.url]:
            made.row_changes.setdefault(picture.row, {})["picture_alt"] = [there[picture.url], picture.alt]
            there[picture.url] = made.alts[picture.url] = picture.alt


def _settle(made: ProductPlan, refused: set[int]) -> None:
    """Give each row its one outcome. What changes about the product itself is told by its first row that is taken."""
    if made.known is None:
        made.outcomes = {row: REFUSED if row in refused else NEW for row in made.file.rows}
        return
    by_row = {sku.variant.row: sku for sku in made.skus}
    taken = [row for row in made.file.rows if row not in refused]
    if not taken:
        made.changes = {}
    for row in made.file.rows:
        if row in refused:
            made.outcomes[row] = REFUSED
            continue
        changes = made.row_changes.setdefault(row, {})
        sku = by_row.get(row)
        if sku is not None:
            changes |= {name: list(pair) for name, pair in sku.changes.items()}
            if sku.known is not None and sku.level is not None:
                changes["on_hand"] = [sku.known.on_hand, sku.level]
        if row == taken[0]:
            changes |= {name: list(pair) for name, pair in made.changes.items()}
        is_new = "picture" in changes if sku is None else sku.known is None
        made.outcomes[row] = NEW if is_new else CHANGED if changes else UNCHANGED


def remarks_of(plans: Iterable[ProductPlan]) -> dict[str, int]:
    """How often each thing was said: ``remark:<code>`` → rows."""
    return dict(
        Counter(
            f"remark:{code}"
            for made in plans
            for issues in made.issues.values()
            for code in {issue.code for issue in issues}
        )
    )


PRODUCTS = ("products_new", "products_changed", "products_live")


def total(plans: Iterable[ProductPlan], live: Collection[str] = ()) -> dict[str, int]:
    """Rows by outcome and products by what becomes of them, over several plans. ``live``: handles that go on sale."""
    counted = dict.fromkeys((*OUTCOMES, *PRODUCTS), 0)
    for made in plans:
        for outcome in made.outcomes.values():
            counted[outcome] += 1
        if made.creates:
            counted["products_new"] += 1
            counted["products_live"] += made.file.handle in live
        elif made.known is not None and {NEW, CHANGED} & set(made.outcomes.values()):
            counted["products_changed"] += 1
    return counted
