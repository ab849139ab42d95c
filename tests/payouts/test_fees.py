"""Fees to the cent: rates by class, half price for new sellers, reversals that add up in any steps (C6, C8, INV13)."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seller_center.kernel.money import basis_points
from shops import fees
from shops.policy import parse

POLICY = parse({}, market="US")
MINOR = st.integers(0, 10_000_000)


def test_it_takes_six_percent_of_what_counts_as_paid():
    base = fees.fee_base(
        goods_minor=10_000, seller_discount_minor=1_000, shipping_minor=500, tax_minor=0, tax_included=False
    )
    assert base == 9_500
    assert fees.referral_rate(POLICY.fees, fee_class="standard").fee_of(base) == 570


def test_it_takes_tax_out_of_prices_that_include_it():
    base = fees.fee_base(
        goods_minor=12_000, seller_discount_minor=0, shipping_minor=0, tax_minor=2_000, tax_included=True
    )
    assert base == 10_000


def test_it_takes_five_percent_of_jewellery_and_names_the_rule():
    rate = fees.referral_rate(POLICY.fees, fee_class="jewellery")
    assert (rate.rule, rate.rate_bp, rate.fee_of(10_000)) == ("referral.jewellery", 500, 500)


def test_it_halves_the_fee_in_the_offer_and_rounds_once():
    rate = fees.referral_rate(POLICY.fees, fee_class="standard", offer_share_bp=5_000)
    assert rate.fee_of(9_999) == 300  # 299.97
    # Rounding the fee and then its half would give 17: 6 % of 566 is 33.96 → 34, half 17; at once it is 16.98 → 17;
    # 6 % of 550 is 33, half 16.5 → 17; of 542 it is 32.52 → 33 → 17, at once 16.26 → 16.
    assert rate.fee_of(542) == 16


def test_it_caps_the_refund_fee_per_line_over_all_its_refunds():
    terms = {"share_bp": POLICY.fees.refund_admin_share_bp, "at_most_minor": POLICY.fees.refund_admin_at_most_minor}
    assert fees.refund_admin_fee(1_000, before_minor=0, **terms) == 200
    assert fees.refund_admin_fee(9_000, before_minor=0, **terms) == 500
    first = fees.refund_admin_fee(2_000, before_minor=0, **terms)
    second = fees.refund_admin_fee(7_000, before_minor=2_000, **terms)
    assert (first, second) == (400, 100)


def test_it_gives_nothing_back_of_a_fee_on_nothing():
    assert fees.given_back(0, refunded_minor=0, paid_minor=0) == 0


@settings(max_examples=2_000, deadline=None)
@given(fee=MINOR, paid=st.integers(1, 10_000_000), seed=st.integers(0, 2**32))
def test_it_gives_back_exactly_the_fee_however_the_refund_is_cut(fee, paid, seed):
    fee = min(fee, paid)
    back, before = 0, 0
    for step in _cut(paid, random.Random(seed)):
        back += fees.given_back(fee, refunded_minor=step, paid_minor=paid, before_minor=before)
        before += step
        assert 0 <= back <= fee
    assert back == fee


def test_rounding_each_refund_alone_would_not_add_up():
    """The control: the naive reversal misses in more than a tenth of the cases."""
    chance, wrong = random.Random(7), 0
    for _number in range(500):
        paid, rate = chance.randint(100, 100_000), chance.choice([300, 500, 600, 900])
        fee = basis_points(paid, rate)
        naive = sum(basis_points(step, rate) for step in _cut(paid, chance))
        wrong += naive != fee
    assert wrong > 50


def _cut(whole: int, chance: random.Random) -> list[int]:
    """The whole in one to six random steps."""
    places = sorted(chance.randint(0, whole) for _number in range(chance.randint(0, 5)))
    return [end - start for start, end in zip([0, *places], [*places, whole], strict=True)]


@pytest.mark.parametrize("share", [0, 5_000, 10_000])
@settings(max_examples=300, deadline=None)
@given(base=MINOR, rate=st.integers(0, 10_000))
def test_it_never_takes_more_than_the_base(share, base, rate):
    assert 0 <= fees.ReferralRate(rule="referral", rate_bp=rate, share_bp=share).fee_of(base) <= base
