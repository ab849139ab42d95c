"""Writing listings."""

import datetime as dt

import pytest

from catalog import listing, stock
from catalog.listing import CodeTaken, Details, NotEditable, SkuLine
from catalog.models import Category, PriceHistory, Product, Sku
from seller_center.kernel.errors import Invalid, Stale
from seller_center.kernel.history import changes
from shops.models import ShopEvent
from tests.factories.catalog import item_of, make_product, set_status, sku_of

pytestmark = pytest.mark.django_db


def create(shop, at, *, axes=(), by=None, name="Walnut board", **line):
    details = Details(name=name, category=Category.objects.get(code="kitchen-tools"))
    return listing.create(
        shop=shop, details=details, line=SkuLine(**{"price_minor": 1999, **line}), axes=axes, by=by, at=at
    )


def choices(product) -> list[str]:
    return [sku.choice for sku in Sku.objects.offered().filter(product=product).in_order()]


def test_it_creates_a_draft_with_price_stock_and_history(shop, owner, at):
    product = create(shop, at, by=owner, code="WB-1", on_hand=7)
    sku = sku_of(product)
    assert (product.status, product.slug, sku.code, item_of(sku).on_hand) == ("draft", "walnut-board", "WB-1", 7)
    assert PriceHistory.objects.get(sku=sku).price_minor == 1999
    event = ShopEvent.objects.about(shop, "product", product.code).first()
    assert (event.kind, event.by) == ("product.created", owner)


def test_it_makes_a_sku_for_each_combination(shop, at):
    product = create(shop, at, axes=[("Size", ["S", "M"]), ("Colour", ["Red", "Blue", "Green"])], on_hand=2)
    assert choices(product) == ["S / Red", "S / Blue", "S / Green", "M / Red", "M / Blue", "M / Green"]
    assert len(set(Sku.objects.filter(product=product).values_list("code", flat=True))) == 6
    assert {item_of(sku).on_hand for sku in Sku.objects.filter(product=product)} == {2}


@pytest.mark.parametrize(
    "axes",
    [
        [("A", ["1"]), ("B", ["1"]), ("C", ["1"]), ("D", ["1"])],
        [("Size", ["S", "s"])],
        [("Size", ["S"]), ("size", ["M"])],
        [("Size", [])],
        [("", ["S"])],
        [("Size", [str(n) for n in range(101)])],
        [("Size", [str(n) for n in range(11)]), ("Colour", [str(n) for n in range(10)])],
    ],
)
def test_it_refuses_options_that_are_none_or_too_many(shop, at, axes):
    with pytest.raises(Invalid) as refused:
        create(shop, at, axes=axes)
    assert refused.value.field == "options"
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"price_minor": 760_001}, "price"),
        ({"compare_at_minor": 1999}, "compare_at"),
        ({"cost_minor": -1}, "cost"),
        ({"code": "x" * 51}, "code"),
    ],
)
def test_it_refuses_lines_outside_the_policy(shop, at, line, field):
    with pytest.raises(Invalid) as refused:
        create(shop, at, **line)
    assert refused.value.field == field


def test_it_gives_each_product_an_address_of_its_own(shop, other_shop, at):
    assert [create(place, at).slug for place in (shop, shop, other_shop)] == [
        "walnut-board",
        "walnut-board-2",
        "walnut-board",
    ]


def test_it_refuses_a_code_that_another_sku_has(shop, other_shop, at):
    create(shop, at, code="WB-1")
    create(other_shop, at, code="WB-1")
    with pytest.raises(CodeTaken, match="WB-1"):
        create(shop, at, code="WB-1")


def test_it_changes_words_and_keeps_their_history_with_the_person(shop, owner, at):
    product = make_product(shop, name="Old name")
    details = Details(name="New name", brand="Oak", category=product.category)
    listing.edit(product=product, details=details, seen=product.changed_at, by=owner, at=at + dt.timedelta(hours=1))
    assert product.name == "New name"
    told = {change.field: (change.before, change.after, change.user_id) for change in changes(product)}
    assert told["name"] == ("Old name", "New name", owner.pk)


def test_it_refuses_to_overwrite_what_somebody_else_has_changed(shop, owner, at):
    product = make_product(shop)
    seen = product.changed_at
    details = Details(name="First", category=product.category)
    listing.edit(product=product, details=details, seen=seen, by=owner, at=at + dt.timedelta(hours=1))
    with pytest.raises(Stale):
        listing.edit(product=product, details=Details(name="Second"), seen=seen, by=owner, at=at)
    product.refresh_from_db()
    assert product.name == "First"


@pytest.mark.parametrize("status", ["archived"])
def test_it_changes_nothing_in_the_archive(shop, owner, at, status):
    product = make_product(shop)
    set_status(product, status)
    with pytest.raises(NotEditable):
        listing.edit(product=product, details=Details(name="x"), by=owner, at=at)


def test_it_keeps_skus_whose_combination_is_still_wanted(shop, owner, at):
    product = create(shop, at, axes=[("Size", ["S", "M"])], on_hand=3)
    small = Sku.objects.get(product=product, option_values=["S"])
    listing.set_options(product=product, axes=[("Size", ["M", "L", "S"])], by=owner, at=at)
    assert choices(product) == ["M", "L", "S"]
    small.refresh_from_db()
    assert (small.position, small.retired_at, item_of(small).on_hand) == (2, None, 3)


def test_it_takes_a_combination_out_of_the_offer_and_back(shop, owner, at):
    product = create(shop, at, axes=[("Size", ["S", "M"])])
    medium = Sku.objects.get(product=product, option_values=["M"])
    listing.set_options(product=product, axes=[("Size", ["S"])], by=owner, at=at)
    medium.refresh_from_db()
    assert medium.retired_at == at
    listing.set_options(product=product, axes=[("Size", ["S", "M"])], by=owner, at=at)
    medium.refresh_from_db()
    assert medium.retired_at is None
    assert Sku.objects.filter(product=product).count() == 2


def test_it_lets_the_only_sku_become_the_first_combination(shop, owner, at):
    product = create(shop, at, code="WB-1", on_hand=5)
    listing.set_options(product=product, axes=[("Size", ["S", "M"])], by=owner, at=at)
    assert Sku.objects.get(product=product, code="WB-1").option_values == ["S"]
    assert choices(product) == ["S", "M"]


def test_it_changes_prices_with_history_event_and_stock(shop, owner, at):
    product = create(shop, at, code="WB-1", on_hand=5)
    sku = sku_of(product)
    line = SkuLine(code="WB-2", price_minor=2499, compare_at_minor=2999, on_hand=8)
    changed = listing.change_skus(product=product, lines={sku.pk: line}, by=owner, at=at)
    assert changed == ["code", "compare_at_minor", "on_hand", "price_minor"]
    assert list(PriceHistory.objects.filter(sku=sku).order_by("id").values_list("price_minor", flat=True)) == [
        1999,
        2499,
    ]
    sentences = [event.sentence for event in ShopEvent.objects.about(shop, "product", product.code)]
    assert "Price of WB-2: $19.99 → $24.99." in sentences
    assert "Stock of WB-2: 5 → 8." in sentences
    assert listing.change_skus(product=product, lines={sku.pk: line}, by=owner, at=at) == []


def test_it_changes_no_sku_of_another_product_or_shop(shop, other_shop, owner, at):
    product, other = create(shop, at), create(other_shop, at)
    with pytest.raises(Stale):
        listing.change_skus(product=product, lines={sku_of(other).pk: SkuLine(price_minor=1)}, by=owner, at=at)
    assert sku_of(other).price_minor == 1999


def test_it_changes_nothing_when_one_line_is_refused(shop, owner, at):
    product = create(shop, at, axes=[("Size", ["S", "M"])], on_hand=5)
    first, second = Sku.objects.filter(product=product).in_order()
    stock.reserve(shop=shop, wants={second.pk: 3}, subject_kind="order", subject_code="A", until=None, at=at)
    lines = {first.pk: SkuLine(price_minor=1), second.pk: SkuLine(price_minor=1, on_hand=2)}
    with pytest.raises(stock.BelowPromised):
        listing.change_skus(product=product, lines=lines, by=owner, at=at)


def test_it_knows_the_lowest_price_of_thirty_days(shop, owner, at):
    product = create(shop, at)
    sku = sku_of(product)
    for day, price in ((10, 1499), (20, 2999)):
        line = SkuLine(price_minor=price, code=sku.code)
        listing.change_skus(product=product, lines={sku.pk: line}, by=owner, at=at + dt.timedelta(days=day))
    lowest = PriceHistory.objects.lowest_between
    day = dt.timedelta(days=1)
    assert lowest(sku, at + 5 * day, at + 35 * day) == 1499
    assert lowest(sku, at + 20 * day, at + 50 * day) == 2999
    assert lowest(sku, at - 5 * day, at) is None
