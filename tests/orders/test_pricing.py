"""What an order costs and what goes back of it: exact to the cent, in any steps (INV5, INV6, C6, C7)."""

from hypothesis import given, settings
from hypothesis import strategies as some

from orders.pricing import LineMoney, TaxRule, Wanted, price, refund_share
from seller_center.kernel.money import allocate

US = TaxRule(625, "US-TX", included=False)
GB = TaxRule(2000, "GB", included=True)
SHIPPING = {"flat_minor": 599, "free_over_minor": 5000}


def test_it_adds_tax_on_top_and_shipping_below_the_threshold():
    found = price([Wanted(1000, 2)], **SHIPPING, tax=US)
    assert (found.goods_minor, found.shipping_minor, found.tax_minor) == (2000, 599, 125)
    assert found.total_minor == 2724


def test_it_takes_tax_out_of_prices_that_include_it():
    found = price([Wanted(1200, 1)], **SHIPPING, tax=GB)
    assert (found.tax_minor, found.total_minor) == (300, 1799)


def test_it_ships_for_free_from_the_threshold_on():
    assert price([Wanted(5000, 1)], **SHIPPING, tax=US).shipping_minor == 0
    assert price([Wanted(5000, 1)], discounts=[1], **SHIPPING, tax=US).shipping_minor == 599


def test_it_keeps_apart_who_pays_for_a_discount():
    by_shop = price([Wanted(1000, 1)], discounts=[100], **SHIPPING, tax=US)
    by_platform = price([Wanted(1000, 1)], discounts=[100], funded_by="platform", **SHIPPING, tax=US)
    assert (by_shop.seller_discount_minor, by_shop.platform_discount_minor, by_shop.tax_minor) == (100, 0, 56)
    assert (by_platform.seller_discount_minor, by_platform.platform_discount_minor, by_platform.tax_minor) == (
        0,
        100,
        63,
    )


wants = some.lists(some.builds(Wanted, some.integers(0, 100_000), some.integers(1, 20)), min_size=1, max_size=6)
taxes = some.builds(TaxRule, some.integers(0, 2_500), some.just("X"), some.booleans())


@settings(max_examples=300, deadline=None)
@given(wants, taxes, some.integers(0, 100), some.sampled_from(["seller", "platform"]), some.integers(0, 2_000))
def test_it_adds_up_whatever_the_basket(wants, tax, percent, funded_by, flat):
    goods = [want.goods_minor for want in wants]
    discount = sum(goods) * percent // 100
    shares = allocate(discount, goods) if discount else [0] * len(goods)
    found = price(wants, discounts=shares, funded_by=funded_by, flat_minor=flat, free_over_minor=5_000, tax=tax)
    assert found.goods_minor == sum(goods)
    assert found.seller_discount_minor + found.platform_discount_minor == discount
    assert found.shipping_minor in (0, flat)
    for line in found.lines:
        assert 0 <= line.seller_discount_minor + line.platform_discount_minor <= line.goods_minor
        assert min(line.shipping_minor, line.tax_minor) >= 0
    paid = found.goods_minor - discount + found.shipping_minor
    assert found.total_minor == paid + (0 if tax.included else found.tax_minor)
    assert not tax.included or found.tax_minor <= paid


@settings(max_examples=500, deadline=None)
@given(
    some.integers(1, 12),
    some.integers(0, 100_000),
    some.integers(0, 3_000),
    some.integers(0, 20_000),
    some.booleans(),
    some.data(),
)
def test_it_gives_back_exactly_everything_in_any_steps(quantity, goods, shipping, tax, included, data):
    if included:
        tax = min(tax, goods + shipping)
    done, back = 0, [0, 0, 0]
    while done < quantity:
        step = data.draw(some.integers(1, quantity - done))
        line = LineMoney(quantity, goods, shipping, tax, included, done, *back)
        share = refund_share(line, step, with_shipping=True)
        done += step
        back = [back[0] + share.goods_minor, back[1] + share.shipping_minor, back[2] + share.tax_minor]
        assert back[0] <= goods
        assert back[1] <= shipping
        assert back[2] <= tax
    assert back == [goods, shipping, tax]


@settings(max_examples=300, deadline=None)
@given(some.integers(1, 12), some.integers(0, 9_999), some.integers(0, 999), some.integers(0, 999), some.data())
def test_it_never_gives_back_more_whatever_parts_of_the_price_went_before(quantity, goods, shipping, tax, data):
    """A goodwill refund of a part of the price, then units one by one: no prefix exceeds what was paid."""
    back = [0, 0, 0]
    for done in range(quantity):
        line = LineMoney(quantity, goods, shipping, tax, False, done, *back)
        share = refund_share(line, 1, with_shipping=data.draw(some.booleans()))
        goods_back = data.draw(some.integers(0, share.goods_minor))
        back = [back[0] + goods_back, back[1] + share.shipping_minor, back[2] + share.tax_minor]
        assert back[0] <= goods
        assert back[1] <= shipping
        assert back[2] <= tax


def test_it_keeps_shipping_and_its_included_tax_where_shipping_stays():
    line = LineMoney(1, 1200, 600, 300, True, 0, 0, 0, 0)
    share = refund_share(line, 1, with_shipping=False)
    assert (share.goods_minor, share.shipping_minor, share.tax_minor, share.total_minor) == (1200, 0, 200, 1200)
