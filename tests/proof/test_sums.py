"""C6, C7, C8: twenty thousand drawn cases each; parts add up to the last unit, and the obvious way of doing it does not.

Drawn by a seed and not by hypothesis, whose two thousand cases with their shrinking stand beside the code.
"""

import random
from collections.abc import Iterator

from orders.pricing import LineMoney, TaxRule, Wanted, price, refund_share
from seller_center.kernel.money import Money, allocate, basis_points, exponent
from shops import fees
from tests.dice import SEED
from tests.figures import at_figures

CASES = 20_000
CURRENCIES = ("JPY", "USD", "GBP", "KWD")


def chances(name: str, cases: int = CASES) -> Iterator[random.Random]:
    """A source of chance for each case, so that a failing one is replayed alone."""
    print(f"SEED={SEED}")
    for number in range(cases):
        yield random.Random(f"{name}-{SEED}-{number}")


def steps_of(whole: int, chance: random.Random) -> list[int]:
    """Units in steps of any size."""
    done, steps = 0, []
    while done < whole:
        steps.append(chance.randint(1, whole - done))
        done += steps[-1]
    return steps


# -- C6: what an order consists of ------------------------------------------------------------------------------------


def drawn_order(chance: random.Random) -> tuple[str, list[Wanted], int, TaxRule]:
    currency = chance.choice(CURRENCIES)
    unit = 10 ** exponent(currency)
    wants = [Wanted(chance.randrange(300 * unit), chance.randint(1, 9)) for _line in range(chance.randint(1, 8))]
    return currency, wants, chance.randint(0, 100), TaxRule(chance.randrange(2_600), "T", chance.random() < 0.5)


@at_figures("cases", CASES, deep=1_000_000)
def test_every_part_of_an_order_adds_up_in_any_currency(cases, figure):
    figure("C6", "cases drawn", cases)
    for chance in chances("C6", cases):
        currency, wants, percent, tax = drawn_order(chance)
        goods = [want.goods_minor for want in wants]
        discount = basis_points(sum(goods), percent * 100)
        shares = allocate(discount, goods) if discount else [0] * len(goods)
        assert sum(shares) == discount
        assert all(0 <= share <= line for share, line in zip(shares, goods, strict=True))
        order = chance.sample(range(len(goods)), len(goods))
        again = allocate(discount, [goods[at] for at in order]) if discount else [0] * len(goods)
        told, retold = zip(goods, shares, strict=True), zip((goods[at] for at in order), again, strict=True)
        assert sorted(told) == sorted(retold), "the order of the lines decides"
        if discount:
            assert sum(Money(discount, currency).allocate(goods), Money(0, currency)) == Money(discount, currency)
        funded_by = chance.choice(["seller", "platform"])
        flat = chance.randrange(2_000)
        found = price(wants, discounts=shares, funded_by=funded_by, flat_minor=flat, free_over_minor=5_000, tax=tax)
        for part in ("goods", "seller_discount", "platform_discount", "shipping", "tax"):
            assert sum(getattr(line, f"{part}_minor") for line in found.lines) == getattr(found, f"{part}_minor"), part
        paid = found.goods_minor - discount + found.shipping_minor
        assert found.total_minor == paid + (0 if tax.included else found.tax_minor)


def test_control_a_naive_split_would_miss_often():
    wrong = 0
    for chance in chances("C6"):
        _currency, wants, percent, _tax = drawn_order(chance)
        goods = [want.goods_minor for want in wants]
        discount = basis_points(sum(goods), percent * 100)
        wrong += sum(basis_points(line, percent * 100) for line in goods) != discount
    assert wrong > CASES // 10


# -- C7: what goes back, unit by unit ---------------------------------------------------------------------------------


def drawn_line(chance: random.Random) -> tuple[int, int, int, int, bool]:
    quantity, goods, shipping = chance.randint(1, 12), chance.randrange(100_000), chance.randrange(3_000)
    included = chance.random() < 0.5
    tax = chance.randrange(goods + shipping + 1 if included else 20_000)
    return quantity, goods, shipping, tax, included


@at_figures("cases", CASES, deep=200_000)
def test_units_go_back_in_any_order_and_bring_exactly_what_was_paid(cases, figure):
    figure("C7", "cases drawn", cases)
    for chance in chances("C7", cases):
        quantity, goods, shipping, tax, included = drawn_line(chance)
        done, back = 0, (0, 0, 0)
        for step in steps_of(quantity, chance):
            share = refund_share(
                LineMoney(quantity, goods, shipping, tax, included, done, *back), step, with_shipping=True
            )
            done += step
            back = (back[0] + share.goods_minor, back[1] + share.shipping_minor, back[2] + share.tax_minor)
            assert min(share.goods_minor, share.shipping_minor, share.tax_minor) >= 0
            assert all(given <= paid for given, paid in zip(back, (goods, shipping, tax), strict=True)), (
                "above what was paid"
            )
        assert back == (goods, shipping, tax)


def test_control_the_rounded_price_of_a_unit_would_miss_often():
    wrong = 0
    for chance in chances("C7"):
        quantity, goods, *_rest = drawn_line(chance)
        unit = (2 * goods + quantity) // (2 * quantity)
        wrong += unit * quantity != goods
    assert wrong > CASES // 10


# -- C8: the commission goes back with the money ----------------------------------------------------------------------


def drawn_fee(chance: random.Random) -> tuple[int, int, list[int], int]:
    paid, rate = chance.randint(1, 200_000), chance.choice([300, 500, 600, 900])
    places = sorted(chance.randint(0, paid) for _cut in range(chance.randint(0, 6)))
    steps = [end - start for start, end in zip([0, *places], [*places, paid], strict=True)]
    return paid, basis_points(paid, rate), steps, chance.choice([300, 500, 600, 900])


@at_figures("cases", CASES, deep=200_000)
def test_a_whole_refund_leaves_no_commission_whatever_the_rate_became(cases, figure):
    figure("C8", "cases drawn", cases)
    for chance in chances("C8", cases):
        paid, fee, steps, _later_rate = drawn_fee(chance)
        back, before = 0, 0
        for step in steps:
            given = fees.given_back(fee, refunded_minor=step, paid_minor=paid, before_minor=before)
            back, before = back + given, before + step
            assert given >= 0
            assert back <= fee
        assert back == fee


def test_control_the_rate_of_the_day_would_miss_often():
    """Each refund's commission by itself, at the rate of its own day: what a program without a memory does."""
    wrong = 0
    for chance in chances("C8"):
        _paid, fee, steps, later_rate = drawn_fee(chance)
        wrong += sum(basis_points(step, later_rate) for step in steps) != fee
    assert wrong > CASES // 10
