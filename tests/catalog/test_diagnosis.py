"""What holds a listing back."""

import dataclasses

import pytest

from catalog.diagnosis import ListingFacts, blocking, diagnose, score
from shops.policy import parse

LIMITS = parse({}, market="US").catalog
GOOD = ListingFacts(
    name="Walnut bread board with handle",
    description="x" * 600,
    description_signs=600,
    has_category=True,
    category_prohibited=False,
    category_restricted=False,
    axis_count=1,
    prices_minor=[1999, 2999],
    wrong_barcodes=[],
    picture_count=5,
    address_count=0,
    stock_total=20,
)


def codes(**changes) -> set[str]:
    return {finding.code for finding in diagnose(dataclasses.replace(GOOD, **changes), LIMITS)}


def test_it_has_nothing_to_say_about_a_good_listing():
    assert diagnose(GOOD, LIMITS) == []
    assert score([]) == 100


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("name_missing", {"name": "  "}),
        ("name_long", {"name": "x" * 256}),
        ("description_long", {"description_signs": 10_001}),
        ("category_missing", {"has_category": False}),
        ("category_prohibited", {"category_prohibited": True}),
        ("category_restricted", {"category_restricted": True}),
        ("no_sku", {"prices_minor": []}),
        ("too_many_skus", {"prices_minor": [100] * 101}),
        ("too_many_options", {"axis_count": 4}),
        ("price_low", {"prices_minor": [0]}),
        ("price_high", {"prices_minor": [760_001]}),
        ("barcode_wrong", {"wrong_barcodes": ["123"]}),
        ("no_picture", {"picture_count": 0}),
        ("too_many_pictures", {"picture_count": 10}),
    ],
)
def test_it_blocks(code, changes):
    findings = diagnose(dataclasses.replace(GOOD, **changes), LIMITS)
    assert code in {finding.code for finding in blocking(findings)}
    assert score(findings) <= 80


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("name_short", {"name": "Board"}),
        ("name_shouts", {"name": "WALNUT BREAD BOARD"}),
        ("name_promotes", {"name": "Walnut board, best price of the year"}),
        ("description_missing", {"description_signs": 49}),
        ("description_short", {"description_signs": 499}),
        ("description_links", {"description": "See https://example.com"}),
        ("few_pictures", {"picture_count": 4}),
        ("stock_low", {"stock_total": 4}),
    ],
)
def test_it_advises_without_blocking(code, changes):
    assert code in codes(**changes)
    assert not blocking(diagnose(dataclasses.replace(GOOD, **changes), LIMITS))


def test_it_holds_at_the_edges():
    edge = {"name": "x" * 255, "description_signs": 10_000, "picture_count": 9, "prices_minor": [1, 760_000]}
    assert not blocking(diagnose(dataclasses.replace(GOOD, **edge), LIMITS))


def test_it_never_scores_below_zero():
    empty = ListingFacts("", "", 0, False, False, False, 9, [], ["1", "2"], 0, 0, 0)
    assert score(diagnose(empty, LIMITS)) == 0
