"""Money: amounts, allocation (C6), cumulative shares (C7), and how amounts are written."""

import random
import time
from decimal import Decimal
from fractions import Fraction

import pytest
from babel.numbers import format_currency
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seller_center.kernel import money
from seller_center.kernel.money import (
    CurrencyMismatch,
    Money,
    allocate,
    basis_points,
    cumulative_share,
    exponent,
    format_money,
)

#: The 20,000 cases that C6 and C7 ask for, and the deep run's million, are drawn in tests/proof/test_sums.py.
thoroughly = settings(max_examples=2_000, deadline=None, database=None)

# -- the value --------------------------------------------------------------------------------------------------------


def test_it_adds_subtracts_multiplies_and_compares():
    ten, three = Money(1000, "USD"), Money(300, "USD")
    assert ten + three == Money(1300, "USD")
    assert ten - three == Money(700, "USD")
    assert -three == Money(-300, "USD") == three * -1 == -1 * three
    assert abs(-three) == three
    assert ten > three >= three > -three
    assert three < ten <= ten
    assert sum([ten, three]) == Money(1300, "USD")
    assert not Money(0, "USD")
    assert str(ten) == "$10.00"
    assert ten.decimal == Decimal("10.00")


@pytest.mark.parametrize("minor", [1.0, Decimal(1), "1", None, True])
def test_it_counts_in_whole_minor_units(minor):
    with pytest.raises(TypeError):
        Money(minor, "USD")


@pytest.mark.parametrize("currency", ["usd", "US", "DOLLAR", "U$D", "", "ÜSD"])
def test_it_knows_a_currency_by_its_code(currency):
    with pytest.raises(ValueError, match="not a currency"):
        Money(1, currency)


@pytest.mark.parametrize(
    "mix",
    [
        lambda usd, eur: usd + eur,
        lambda usd, eur: usd - eur,
        lambda usd, eur: usd < eur,
        lambda usd, eur: usd <= eur,
        lambda usd, eur: usd > eur,
        lambda usd, eur: usd >= eur,
        lambda usd, eur: sum([usd, eur]),
    ],
)
def test_it_does_not_mix_currencies(mix):
    with pytest.raises(CurrencyMismatch):
        mix(Money(1, "USD"), Money(1, "EUR"))


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda m: m + 1,
        lambda m: 1 + m,
        lambda m: m - 1,
        lambda m: m * 1.5,
        lambda m: m * True,
        lambda m: m * m,
        lambda m: m / 2,
        lambda m: m // 2,
        lambda m: m < 1,
        lambda m: float(m),
        lambda m: int(m),
    ],
)
def test_it_does_no_arithmetic_that_means_nothing(nonsense):
    with pytest.raises(TypeError):
        nonsense(Money(100, "USD"))


def test_it_is_equal_only_in_amount_and_currency():
    assert Money(0, "USD") != Money(0, "EUR")
    assert Money(1, "USD") != 1
    assert len({Money(1, "USD"), Money(1, "USD"), Money(1, "EUR")}) == 2


def test_it_knows_minor_units():
    assert [exponent(c) for c in ("USD", "EUR", "GBP", "JPY", "KRW", "KWD", "CLF")] == [2, 2, 2, 0, 0, 3, 4]
    assert Money(1234, "KWD").decimal == Decimal("1.234")
    assert Money(1234, "JPY").decimal == Decimal(1234)


# -- allocation (C6) --------------------------------------------------------------------------------------------------

lines = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


@thoroughly
@given(lines, st.integers(0, 10**12), st.integers(0, 2**16))
@example([1, 1, 1], 100, 0)
@example([0, 0, 5], 3, 0)
def test_it_splits_to_the_last_unit(weights, total, seed):
    whole = sum(weights)
    if whole == 0:
        return
    chance = random.Random(seed)
    totals = [total, 0, 1, whole, whole - 1, whole // 2, whole + 1, len(weights) - 1]
    for each in [*totals, chance.randrange(whole + 1), chance.randrange(100 * whole)]:
        parts = allocate(each, weights)
        assert sum(parts) == each
        for part, weight in zip(parts, weights, strict=True):
            assert part >= 0
            assert abs(part * whole - each * weight) < whole, "less than one unit from the exact share"
            assert part == 0 or weight > 0
            assert part <= weight or each > whole
        order = chance.sample(range(len(weights)), len(weights))
        again = allocate(each, [weights[i] for i in order])
        told, retold = zip(weights, parts, strict=True), ((weights[i], p) for i, p in zip(order, again, strict=True))
        assert sorted(told) == sorted(retold)
        assert allocate(-each, weights) == [-part for part in parts]


@settings(max_examples=300, deadline=None, database=None)
@given(st.sampled_from(["JPY", "USD", "KWD"]), lines, st.integers(0, 100))
def test_a_discount_never_exceeds_a_line_in_any_currency(currency, weights, percent):
    whole = sum(weights)
    discount = basis_points(whole, percent * 100)
    parts = Money(discount, currency).allocate(weights) if whole else []
    assert all(Money(0, currency) <= part <= Money(w, currency) for part, w in zip(parts, weights, strict=False))
    assert sum(part.minor for part in parts) == discount


def test_a_naive_split_would_lose_a_unit():
    """The control: rounding each part by itself does not add up."""
    assert sum(round(100 * w / 3) for w in (1, 1, 1)) == 99
    assert sum(allocate(100, [1, 1, 1])) == 100


def test_a_split_by_position_alone_would_depend_on_the_order():
    """The control for permutation: equal remainders of unequal weights go to the larger weight, not to the first."""
    assert dict(zip([1, 3], allocate(2, [1, 3]), strict=True)) == dict(zip([3, 1], allocate(2, [3, 1]), strict=True))


def test_it_gives_ties_between_equals_to_the_first():
    assert allocate(1, [5, 5, 5]) == [1, 0, 0]


def test_it_refuses_to_split_by_nothing():
    assert allocate(0, []) == []
    assert allocate(0, [0, 0]) == [0, 0]
    for weights in ([], [0], [0, 0]):
        with pytest.raises(ValueError, match="nothing to split by"):
            allocate(1, weights)
    with pytest.raises(ValueError, match="not negative"):
        allocate(1, [1, -1])
    with pytest.raises(TypeError):
        allocate(1, [0.5, 0.5])
    with pytest.raises(TypeError):
        allocate(1.0, [1])


# -- cumulative shares (C7) -------------------------------------------------------------------------------------------


@thoroughly
@given(st.integers(-(10**9), 10**9), st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(0, 2**16))
def test_shares_add_up_in_any_steps_and_never_run_ahead(whole, steps, seed):
    chance = random.Random(seed)
    for each in [whole, -whole, 1, -1, 99, *(chance.randrange(-(10**6), 10**6) for __ in range(5))]:
        chance.shuffle(steps)
        of, done, paid = sum(steps), 0, 0
        for step in steps:
            share = cumulative_share(each, done + step, of) - cumulative_share(each, done, of)
            done, paid = done + step, paid + share
            assert share * each >= 0
            assert abs(paid) <= abs(each)
            assert 2 * abs(paid * of - each * done) <= of, "at most half a unit from the exact share"
        assert paid == each


def test_naive_shares_would_not_add_up():
    """The control: rounding the share of each unit by itself repays 99 of 100."""
    assert sum(round(100 / 3) for __ in range(3)) == 99
    assert [cumulative_share(100, n, 3) for n in range(4)] == [0, 33, 67, 100]


@pytest.mark.parametrize(("done", "of"), [(1, 0), (0, 0), (-1, 3), (4, 3), (0, -1)])
def test_it_refuses_units_that_cannot_be(done, of):
    with pytest.raises(ValueError, match="units"):
        cumulative_share(100, done, of)


# -- basis points -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minor", "bp", "expected"),
    [(1999, 600, 120), (50, 100, 1), (49, 100, 0), (-50, 100, -1), (10_000, 1, 1), (0, 600, 0), (1, 10_000, 1)],
)
def test_it_rounds_half_away_from_zero(minor, bp, expected):
    assert basis_points(minor, bp) == expected


@given(st.integers(-(10**12), 10**12), st.integers(0, 10_000))
def test_what_is_taken_back_is_what_was_taken(minor, bp):
    assert basis_points(-minor, bp) == -basis_points(minor, bp)
    assert abs(basis_points(minor, bp) - Fraction(minor * bp, 10_000)) <= Fraction(1, 2)


def test_basis_points_want_integers():
    with pytest.raises(TypeError):
        basis_points(100, 6.0)


# -- how amounts are written ------------------------------------------------------------------------------------------


def test_it_writes_as_people_do():
    assert format_money(123456, "USD") == "$1,234.56"
    assert format_money(-5, "USD") == "−$0.05"
    assert format_money(123456, "USD", "en-us") == "$1,234.56"
    assert format_money(123456, "JPY") == "¥123,456"
    assert format_money(123456, "KWD") == "KWD123.456"
    assert format_money(123456, "EUR", "de_DE") == "1.234,56\u00a0€"
    assert format_money(12345678, "INR", "en_IN") == "₹1,23,456.78"


LOCALES = [
    *("en_US", "en_GB", "en_IN", "en_AU", "de_DE", "de_CH", "fr_FR", "fr_CA", "es_ES", "es_MX", "pt_BR", "pt_PT"),
    *("it_IT", "nl_NL", "sv_SE", "pl_PL", "ru_RU", "uk_UA", "tr_TR", "ja_JP", "zh_CN", "ko_KR", "hi_IN", "vi_VN"),
    *("th_TH", "id_ID", "cs_CZ", "hu_HU", "fi_FI", "da_DK", "nb_NO", "ro_RO", "el_GR", "bg_BG"),
]
# Where ISO 4217 and CLDR agree on the minor unit.
CURRENCIES = ["USD", "EUR", "GBP", "JPY", "KWD", "CHF", "INR", "BRL", "KRW", "CAD"]


@settings(max_examples=1_000, deadline=None, database=None)
@given(st.integers(-(10**11), 10**11), st.sampled_from(CURRENCIES), st.sampled_from(LOCALES))
def test_it_writes_what_babel_writes_but_with_a_minus_sign(minor, currency, locale):
    babel = format_currency(Money(minor, currency).decimal, currency, locale=locale)
    assert format_money(minor, currency, locale) == (babel.replace("-", money.MINUS) if minor < 0 else babel)


def test_it_is_cheap_enough_for_a_list():
    """Called 25 times a page. Babel itself takes tens of microseconds; the bound here is a hang limit."""
    format_money(1, "USD")
    began = time.perf_counter()
    for minor in range(10_000):
        format_money(minor, "USD")
    assert time.perf_counter() - began < 1.0


def test_it_works_a_style_out_once():
    money._style.cache_clear()
    for minor in range(50):
        format_money(minor, "USD")
    assert money._style.cache_info().misses == 1


def test_it_refuses_what_is_not_money():
    with pytest.raises(TypeError):
        format_money(1.5, "USD")
    with pytest.raises(ValueError, match="not a currency"):
        format_money(1, "dollars")
