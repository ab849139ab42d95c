"""Parts of a line add up to the line, in whatever order it is delivered and refunded (C7, C8, INV6, INV13)."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from payouts.shares import PARTS, Amounts, Wish, delivered, taken_from_earned, taken_from_unearned
from shops.fees import ReferralRate

AMOUNT = st.integers(0, 100_000)
AMOUNTS = st.builds(
    Amounts,
    paid_goods=AMOUNT,
    seller_discount=AMOUNT,
    platform_discount=AMOUNT,
    shipping=AMOUNT,
    tax=st.integers(0, 9_000),
    tax_included=st.just(False),
)
RATE = ReferralRate(rule="referral", rate_bp=600, share_bp=5_000)


def whole_of(amounts: Amounts) -> Wish:
    return Wish(goods=amounts.paid_goods, shipping=amounts.shipping, tax=amounts.tax)


@settings(max_examples=1_000, deadline=None)
@given(total=AMOUNTS, of=st.integers(1, 12), seed=st.integers(0, 2**32))
def test_it_delivers_all_of_a_line_in_any_packages(total, of, seed):
    chance, gone, before = random.Random(seed), Amounts(), 0
    while before < of:
        quantity = chance.randint(1, of - before)
        part = delivered(total, gone=gone, before=before, quantity=quantity, of=of, last=before + quantity == of)
        assert all(getattr(part, name) >= 0 for name in PARTS)
        gone, before = gone.plus(part), before + quantity
    assert gone == total


@settings(max_examples=1_000, deadline=None)
@given(whole=AMOUNTS, seed=st.integers(0, 2**32))
def test_it_takes_back_everything_in_any_steps(whole, seed):
    chance = random.Random(seed)
    fee = RATE.fee_of(whole.fee_base)
    back, referral, seller = Amounts(), 0, 0
    for wish in _steps(whole_of(whole), chance):
        taken = taken_from_earned(whole, back=back, wish=wish, fee=fee)
        assert taken.seller >= 0
        back, referral, seller = back.plus(taken.amounts), referral + taken.referral, seller + taken.seller
        assert referral <= fee
    assert (back.paid_goods, back.shipping, back.tax) == (whole.paid_goods, whole.shipping, whole.tax)
    if whole.paid_goods or not whole.platform_discount:
        assert back == whole.minus(Amounts(seller_discount=0 if whole.paid_goods else whole.seller_discount))
        assert referral == (fee if whole.paid else 0)
        assert seller == whole.value - whole.tax - referral


@settings(max_examples=500, deadline=None)
@given(rest=AMOUNTS, seed=st.integers(0, 2**32))
def test_it_gives_unearned_money_back_with_its_discounts(rest, seed):
    chance, left = random.Random(seed), rest
    for wish in _steps(whole_of(rest), chance):
        taken = taken_from_unearned(left, wish=wish)
        left = left.minus(taken.amounts)
        assert all(getattr(left, name) >= 0 for name in PARTS)
    assert left.payment == 0
    assert not rest.paid_goods or left.platform_discount == 0


def test_it_never_takes_more_than_is_left():
    whole = Amounts(paid_goods=1_000, shipping=100, tax=50)
    taken = taken_from_earned(whole, back=Amounts(paid_goods=900), wish=Wish(goods=500, shipping=500, tax=500), fee=60)
    assert taken.amounts == Amounts(paid_goods=100, shipping=100, tax=50)


def test_it_says_who_bears_what():
    whole = Amounts(paid_goods=8_000, seller_discount=1_000, platform_discount=1_000, shipping=500, tax=600)
    assert (whole.goods, whole.payment, whole.value, whole.fee_base) == (10_000, 9_100, 10_100, 9_500)
    taken = taken_from_earned(whole, back=Amounts(), wish=whole_of(whole), fee=570)
    assert taken.seller == 9_500 - 570


def _steps(whole: Wish, chance: random.Random) -> list[Wish]:
    cuts = chance.randint(1, 5)
    columns = [_cut(amount, cuts, chance) for amount in (whole.goods, whole.shipping, whole.tax)]
    return [Wish(goods=g, shipping=s, tax=t) for g, s, t in zip(*columns, strict=True)]


def _cut(whole: int, count: int, chance: random.Random) -> list[int]:
    places = sorted(chance.randint(0, whole) for _number in range(count - 1))
    return [end - start for start, end in zip([0, *places], [*places, whole], strict=True)]
