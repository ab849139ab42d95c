"""What holds a listing back, and what would make it better. Pure arithmetic over the facts of one product.

A finding that ``blocks`` keeps a product from going live; the others are advice. Sentences stand in
``catalog.remarks``, so that they can be translated; here are codes and the facts that go into them.
"""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shops.policy import Catalog as Limits


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about a listing. ``field`` is the part of the product that it is about."""

    code: str
    field: str
    blocks: bool
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(slots=True)
class ListingFacts:
    """What the diagnosis looks at. ``description_signs`` counts the text as it was given."""

    name: str
    description: str
    description_signs: int
    has_category: bool
    category_prohibited: bool
    category_restricted: bool
    axis_count: int
    prices_minor: Sequence[int]
    wrong_barcodes: Sequence[str]
    picture_count: int
    #: Where an import said that pictures are, of a product that has none of its own.
    address_count: int
    stock_total: int


#: What a finding takes from the score of 100.
BLOCKING_POINTS, ADVICE_POINTS = 20, 5

_PROMOTION = re.compile(
    r"\b(?:best price|free shipping|sale|discount|buy now|cheap|hot deal|limited time|\d{1,2} ?% off)\b", re.I
)
_LINK = re.compile(r"https?://|\bwww\.", re.I)
_LETTERS_TO_SHOUT = 8


def diagnose(listing: ListingFacts, limits: Limits) -> list[Finding]:
    """Everything there is to say about a listing, what blocks it first."""
    return [*hindrances(listing, limits), *_advice(listing, limits)]


def hindrances(listing: ListingFacts, limits: Limits) -> list[Finding]:
    """Only what keeps the product from going live; an import asks for every row and has no use for advice."""
    found = [*_name(listing, limits), *_description(listing, limits), *_category(listing)]
    return [*found, *_skus(listing, limits), *_pictures(listing, limits)]


def blocking(findings: Sequence[Finding]) -> list[Finding]:
    """Only what keeps the product from going live."""
    return [finding for finding in findings if finding.blocks]


def score(findings: Sequence[Finding]) -> int:
    """0 to 100: a hundred less twenty for what blocks and five for each piece of advice."""
    return max(0, 100 - sum(BLOCKING_POINTS if finding.blocks else ADVICE_POINTS for finding in findings))


# -- what blocks ------------------------------------------------------------------------------------------------------


def _name(listing: ListingFacts, limits: Limits):
    if not listing.name.strip():
        yield Finding("name_missing", "name", True)
    signs = len(listing.name.strip())
    if signs > limits.name_at_most:
        yield Finding("name_long", "name", True, {"signs": signs, "most": limits.name_at_most})


def _description(listing: ListingFacts, limits: Limits):
    signs = listing.description_signs
    if signs > limits.description_at_most:
        yield Finding("description_long", "description", True, {"signs": signs, "most": limits.description_at_most})


def _category(listing: ListingFacts):
    if not listing.has_category:
        yield Finding("category_missing", "category", True)
    elif listing.category_prohibited:
        yield Finding("category_prohibited", "category", True)
    elif listing.category_restricted:
        yield Finding("category_restricted", "category", True)


def _skus(listing: ListingFacts, limits: Limits):
    count = len(listing.prices_minor)
    if not count:
        yield Finding("no_sku", "skus", True)
    if count > limits.skus_at_most:
        yield Finding("too_many_skus", "skus", True, {"count": count, "most": limits.skus_at_most})
    if listing.axis_count > limits.option_axes_at_most:
        facts = {"count": listing.axis_count, "most": limits.option_axes_at_most}
        yield Finding("too_many_options", "options", True, facts)
    low = sum(price < limits.price_least_minor for price in listing.prices_minor)
    if low:
        yield Finding("price_low", "price", True, {"count": low, "least_minor": limits.price_least_minor})
    high = sum(price > limits.price_at_most_minor for price in listing.prices_minor)
    if high:
        yield Finding("price_high", "price", True, {"count": high, "most_minor": limits.price_at_most_minor})
    for barcode in listing.wrong_barcodes[:3]:
        yield Finding("barcode_wrong", "barcode", True, {"value": barcode})


def _pictures(listing: ListingFacts, limits: Limits):
    count = _pictures_given(listing, limits)
    if not count and listing.address_count:
        yield Finding("pictures_elsewhere", "pictures", True, {"count": listing.address_count})
    elif not count:
        yield Finding("no_picture", "pictures", True)
    count = count or listing.address_count
    if count > limits.images_at_most:
        yield Finding("too_many_pictures", "pictures", True, {"count": count, "most": limits.images_at_most})


def _pictures_given(listing: ListingFacts, limits: Limits) -> int:
    return listing.picture_count or (listing.address_count if limits.picture_addresses_suffice else 0)


# -- advice -----------------------------------------------------------------------------------------------------------


def _advice(listing: ListingFacts, limits: Limits):
    yield from _name_advice(listing.name.strip(), limits)
    yield from _description_advice(listing, limits)
    count = listing.picture_count or listing.address_count
    if 0 < count < limits.images_advised and count <= limits.images_at_most:
        yield Finding("few_pictures", "pictures", False, {"count": count, "advised": limits.images_advised})
    if listing.prices_minor and listing.stock_total < limits.stock_advised:
        yield Finding("stock_low", "stock", False, {"count": listing.stock_total})


def _name_advice(name: str, limits: Limits):
    if name and len(name) < limits.name_advised:
        yield Finding("name_short", "name", False, {"signs": len(name), "advised": limits.name_advised})
    if sum(sign.isalpha() for sign in name) >= _LETTERS_TO_SHOUT and name.upper() == name:
        yield Finding("name_shouts", "name", False)
    if word := _PROMOTION.search(name):
        yield Finding("name_promotes", "name", False, {"word": word[0]})


def _description_advice(listing: ListingFacts, limits: Limits):
    signs = listing.description_signs
    if signs < limits.description_advised_least:
        yield Finding("description_missing", "description", False, {"advised": limits.description_advised})
    elif signs < limits.description_advised and signs <= limits.description_at_most:
        facts = {"signs": signs, "advised": limits.description_advised}
        yield Finding("description_short", "description", False, facts)
    if _LINK.search(listing.description):
        yield Finding("description_links", "description", False)
