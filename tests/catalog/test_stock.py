"""Stock verbs: what they do, what they refuse, and what PostgreSQL refuses behind them."""

import datetime as dt

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import stock
from catalog.models import Reservation, Sku, StockItem, StockMovement, Warehouse
from seller_center.kernel.errors import Invalid
from tests.factories.catalog import item_of, make_product, make_sku, sku_of

pytestmark = pytest.mark.django_db
SOON = dt.timedelta(minutes=30)


def reserve(shop, wants, at, code="ACMEORDER1", until=SOON):
    return stock.reserve(
        shop=shop, wants=wants, subject_kind="order", subject_code=code, until=at + until if until else None, at=at
    )


@pytest.fixture
def sku(shop):
    return sku_of(make_product(shop, on_hand=10))


# -- reserve ----------------------------------------------------------------------------------------------------------


def test_it_sets_units_aside(shop, sku, at):
    made = reserve(shop, {sku.pk: 3}, at)

    row = made[sku.pk]
    assert Reservation.objects.get() == row
    assert (row.quantity, row.until, row.ended) == (3, at + SOON, False)
    item = item_of(sku)
    assert (item.on_hand, item.reserved, item.available) == (10, 3, 7)


def test_it_names_what_is_short_and_how_many_are_left(shop, sku, at):
    with pytest.raises(stock.OutOfStock) as refused:
        reserve(shop, {sku.pk: 11}, at)

    assert (refused.value.sku_code, refused.value.left) == (sku.code, 10)
    assert refused.value.message == f"Only 10 of {sku.code} are left."


def test_it_takes_all_or_nothing_even_if_the_caller_goes_on(shop, sku, at):
    """The refusal is inside the statement: nothing to undo for whoever catches it."""
    short = sku_of(make_product(shop, on_hand=1))
    with transaction.atomic():
        with pytest.raises(stock.OutOfStock) as refused:
            reserve(shop, {sku.pk: 2, short.pk: 2}, at)
        assert refused.value.sku_code == short.code
    assert item_of(sku).reserved == 0
    assert not Reservation.objects.exists()


def test_it_takes_several_skus_in_one_statement(shop, sku, at, django_assert_num_queries):
    more = [sku_of(make_product(shop)) for _ in range(5)]
    wants = {row.pk: 2 for row in [sku, *more]}
    with transaction.atomic(), django_assert_num_queries(2):  # who acts, and the deed
        made = reserve(shop, wants, at)
    assert set(made) == set(wants)
    assert {item_of(row).reserved for row in [sku, *more]} == {2}


@pytest.mark.parametrize("quantity", [0, -1, stock.MOST_UNITS + 1])
def test_it_refuses_quantities_that_are_none(shop, sku, at, quantity):
    with pytest.raises(Invalid):
        reserve(shop, {sku.pk: quantity}, at)
    with pytest.raises(Invalid):
        reserve(shop, {}, at)


def test_it_has_nothing_of_another_shops_sku(shop, other_shop, at):
    foreign = sku_of(make_product(other_shop))
    with pytest.raises(stock.OutOfStock) as refused:
        reserve(shop, {foreign.pk: 1}, at)
    assert foreign.code not in refused.value.message
    assert item_of(foreign).reserved == 0


def test_it_sells_nothing_that_is_marked_out_of_stock(shop, sku, at):
    stock.mark_off_sale(shop=shop, sku_ids=[sku.pk], off_sale=True, by=None)
    assert item_of(sku).available == 0
    with pytest.raises(stock.OutOfStock, match="out of stock"):
        reserve(shop, {sku.pk: 1}, at)

    stock.mark_off_sale(shop=shop, sku_ids=[sku.pk], off_sale=False, by=None)
    assert item_of(sku).available == 10
    reserve(shop, {sku.pk: 1}, at)


# -- the ends of a reservation ----------------------------------------------------------------------------------------


def test_it_consumes_what_was_reserved_and_writes_the_journal(shop, sku, owner, at):
    made = reserve(shop, {sku.pk: 3}, at)
    stock.consume(shop=shop, reservations=made.values(), by=owner, at=at)

    item = item_of(sku)
    assert (item.on_hand, item.reserved, item.available) == (7, 0, 7)
    line = StockMovement.objects.get(why="sold")
    assert (line.quantity, line.on_hand_after, line.reference, line.by) == (-3, 7, "ACMEORDER1", owner)
    assert (line.came_from, line.went_to) == ("main", "buyer")
    assert Reservation.objects.get().ended_as == "sold"


def test_it_consumes_several_orders_of_one_sku_at_once(shop, sku, at):
    first = reserve(shop, {sku.pk: 2}, at, code="ONE")
    second = reserve(shop, {sku.pk: 3}, at, code="TWO")
    stock.consume(shop=shop, reservations=[*first.values(), *second.values()], by=None, at=at)

    lines = StockMovement.objects.filter(why="sold").order_by("id")
    assert [(line.quantity, line.on_hand_after, line.reference) for line in lines] == [(-2, 8, "ONE"), (-3, 5, "TWO")]


def test_it_consumes_nothing_twice(shop, sku, at):
    made = reserve(shop, {sku.pk: 3}, at)
    stock.consume(shop=shop, reservations=made.values(), by=None, at=at)
    with pytest.raises(stock.ReservationEnded, match="sold"):
        stock.consume(shop=shop, reservations=made.values(), by=None, at=at)
    assert item_of(sku).on_hand == 7


def test_it_releases_units_and_a_second_release_does_nothing(shop, sku, at):
    made = reserve(shop, {sku.pk: 3}, at)
    assert stock.release(shop=shop, reservations=made.values(), by=None, at=at, why="cancelled") == 1
    assert stock.release(shop=shop, reservations=made.values(), by=None, at=at, why="cancelled") == 0
    assert item_of(sku).available == 10
    assert Reservation.objects.get().ended_why == "cancelled"


def test_it_lets_unpaid_reservations_expire_and_keeps_paid_ones(shop, sku, at):
    reserve(shop, {sku.pk: 2}, at, code="UNPAID")
    paid = reserve(shop, {sku.pk: 3}, at, code="PAID")
    stock.keep(shop=shop, reservations=paid.values(), at=at)

    assert stock.expire_due(at + SOON - dt.timedelta(seconds=1)) == 0
    assert stock.expire_due(at + SOON) == 1
    assert stock.expire_due(at + SOON) == 0
    item = item_of(sku)
    assert (item.reserved, item.available) == (3, 7)


def test_it_cannot_keep_what_has_expired(shop, sku, at):
    made = reserve(shop, {sku.pk: 2}, at)
    stock.expire_due(at + SOON)
    with pytest.raises(stock.ReservationEnded, match="expired"):
        stock.keep(shop=shop, reservations=made.values(), at=at + SOON)


def test_it_expires_many_shops_in_chunks(shop, other_shop, at, monkeypatch):
    monkeypatch.setattr(stock, "EXPIRE_CHUNK", 3)
    for place in (shop, other_shop):
        sku = sku_of(make_product(place, on_hand=20))
        for number in range(7):
            reserve(place, {sku.pk: 1}, at, code=f"ORDER{number}")
    assert stock.expire_due(at + SOON) == 14
    assert set(StockItem.objects.values_list("reserved", flat=True)) == {0}


def test_it_splits_a_reservation_without_touching_the_stock(shop, sku, at):
    [row] = reserve(shop, {sku.pk: 5}, at).values()
    part = stock.split(shop=shop, reservation=row, quantity=2)
    assert (row.quantity, part.quantity, part.subject_code) == (3, 2, row.subject_code)
    stock.consume(shop=shop, reservations=[part], by=None, at=at)
    item = item_of(sku)
    assert (item.on_hand, item.reserved) == (8, 3)
    with pytest.raises(Invalid):
        stock.split(shop=shop, reservation=row, quantity=3)


# -- levels -----------------------------------------------------------------------------------------------------------


def test_it_counts_receives_restocks_and_writes_off(shop, sku, owner, at):
    stock.receive(sku=sku, quantity=5, by=owner, at=at, reference="DELIVERY 7")
    stock.restock(sku=sku, quantity=1, by=owner, at=at, reference="ACMEORDER1")
    stock.write_off(sku=sku, quantity=2, by=owner, at=at, why="Broken")
    level = stock.count(sku=sku, quantity=20, by=owner, at=at)

    assert (level.before, level.after) == (14, 20)
    lines = StockMovement.objects.filter(sku=sku).order_by("id").values_list("why", "quantity", "came_from", "went_to")
    assert list(lines)[1:] == [
        ("received", 5, "supplier", "main"),
        ("returned", 1, "buyer", "main"),
        ("written_off", -2, "main", "scrap"),
        ("counted", 6, "", "main"),
    ]


def test_it_refuses_to_count_below_what_is_promised(shop, sku, owner, at):
    reserve(shop, {sku.pk: 4}, at)
    with pytest.raises(stock.BelowPromised, match="4 units"):
        stock.count(sku=sku, quantity=3, by=owner, at=at)
    with pytest.raises(stock.BelowPromised):
        stock.write_off(sku=sku, quantity=7, by=owner, at=at)
    assert item_of(sku).on_hand == 10
    stock.count(sku=sku, quantity=4, by=owner, at=at)


def test_it_writes_no_journal_line_for_a_count_that_finds_what_is_there(shop, sku, owner, at):
    before = StockMovement.objects.count()
    stock.count(sku=sku, quantity=10, by=owner, at=at)
    assert StockMovement.objects.count() == before


def test_it_sets_many_levels_at_once_and_says_which_it_left_alone(shop, sku, at, django_assert_num_queries):
    other = sku_of(make_product(shop, on_hand=5))
    reserve(shop, {other.pk: 5}, at)
    with transaction.atomic(), django_assert_num_queries(2):
        levels = stock.set_levels(shop=shop, levels={sku.pk: 0, other.pk: 1}, by=None, at=at)
    assert (levels[sku.pk].after, levels[sku.pk].refused) == (0, False)
    assert (levels[other.pk].after, levels[other.pk].refused) == (5, True)


def test_new_skus_get_their_place_with_what_lies_there_and_a_line_for_each(shop, sku, owner, at):
    fresh = [
        Sku.objects.create(
            shop=shop, product=sku.product, code=code, option_values=[code], price_minor=1, created_at=at
        )
        for code in ("A", "B")
    ]
    levels = {fresh[0].pk: 7, fresh[1].pk: 0}
    told = {"by": owner, "at": at, "why": stock.Why.IMPORTED, "reference": "IMPORT"}
    stock.open_with(shop=shop, levels=levels, **told)
    assert [item_of(one).available for one in fresh] == [7, 0]
    [line] = StockMovement.objects.of_sku(fresh[0])
    assert (line.quantity, line.on_hand_after, line.why, line.went_to, line.came_from, line.reference, line.by) == (
        *(7, 7, "imported", "main", "", "IMPORT"),
        owner,
    )
    assert not StockMovement.objects.of_sku(fresh[1]).exists()
    with pytest.raises(IntegrityError, match="stock_item_once"), transaction.atomic():
        stock.open_with(shop=shop, levels={fresh[0].pk: 8}, **told)
    with pytest.raises(Invalid):
        stock.open_with(shop=shop, levels={fresh[1].pk: -1}, **told)
    assert item_of(fresh[0]).on_hand == 7


def test_it_makes_one_default_warehouse(shop):
    assert stock.default_warehouse(shop) == stock.default_warehouse(shop)
    with pytest.raises(IntegrityError), transaction.atomic():
        Warehouse.objects.create(shop=shop, code="second", name="Second", is_default=True)


# -- the invariants, by raw SQL as the application's role -------------------------------------------------------------

ATTACKS = {
    "on hand below zero": "UPDATE catalog_stockitem SET on_hand = -1",
    "reserved below zero": "UPDATE catalog_stockitem SET reserved = -1",
    "locked below zero": "UPDATE catalog_stockitem SET locked = -1",
    "more reserved than on hand": "UPDATE catalog_stockitem SET reserved = on_hand + 1",
    "reserved and locked more than on hand": "UPDATE catalog_stockitem SET locked = on_hand",
    "a second item of a SKU": "INSERT INTO catalog_stockitem (shop_id, sku_id, warehouse_id, on_hand, reserved, locked,"
    " off_sale) SELECT shop_id, sku_id, warehouse_id, 0, 0, 0, false FROM catalog_stockitem",
    "a reservation of nothing": "UPDATE catalog_reservation SET quantity = 0 WHERE ended_at IS NULL",
    "an end without an outcome": "UPDATE catalog_reservation SET ended_at = now() WHERE ended_at IS NULL",
    "an outcome without an end": "UPDATE catalog_reservation SET ended_as = 'sold' WHERE ended_at IS NULL",
    "a second end": "UPDATE catalog_reservation SET ended_as = 'released' WHERE ended_at IS NOT NULL",
    "an end taken back": "UPDATE catalog_reservation SET ended_at = NULL, ended_as = '' WHERE ended_at IS NOT NULL",
    "a reservation deleted": "DELETE FROM catalog_reservation",
    "a journal line changed": "UPDATE catalog_stockmovement SET quantity = 99",
    "a journal line deleted": "DELETE FROM catalog_stockmovement",
    "a journal line of nothing": "INSERT INTO catalog_stockmovement (shop_id, item_id, sku_id, quantity, on_hand_after,"
    " why, came_from, went_to, reference, note, at) SELECT shop_id, id, sku_id, 0, 0, 'counted', '', '', '', '', now()"
    " FROM catalog_stockitem",
    "a price below zero": "UPDATE catalog_sku SET price_minor = -1",
    "a compare-at price below the price": "UPDATE catalog_sku SET compare_at_minor = price_minor",
    "a price history changed": "UPDATE catalog_pricehistory SET price_minor = 1",
    "a product out of nowhere live": "UPDATE catalog_product SET status = 'refused'",
    "stock of another shop's SKU": "UPDATE catalog_stockitem SET sku_id = (SELECT id FROM catalog_sku"
    " WHERE shop_id <> catalog_stockitem.shop_id LIMIT 1)",
    "a SKU of another shop's product": "UPDATE catalog_sku SET product_id = (SELECT id FROM catalog_product AS p"
    " WHERE p.shop_id <> catalog_sku.shop_id LIMIT 1)",
    "a category of no tree": "UPDATE catalog_product SET category_id = 0",
}


@pytest.fixture
def a_little_of_everything(shop, other_shop, at):
    from catalog.models import PriceHistory

    for place in (shop, other_shop):
        sku = sku_of(make_product(place))
        reserve(place, {sku.pk: 2}, at, code="RUNNING")
        stock.consume(shop=place, reservations=reserve(place, {sku.pk: 1}, at, code="ENDED").values(), by=None, at=at)
        PriceHistory.objects.create(shop=place, sku=sku, price_minor=1999, since=at)


@pytest.mark.parametrize("name", ATTACKS)
def test_it_cannot_be_broken_by_sql(a_little_of_everything, name):
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        attack(ATTACKS[name])
    # An integrity rule, a missing right or a trigger – not a slip in the attack's own SQL.
    assert refused.value.__cause__.pgcode[:2] == "23" or refused.value.__cause__.pgcode in ("42501", "P0001")


def attack(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sql)
        assert cursor.rowcount, "the attack touched nothing and proves nothing"


# -- carts of every shape (A5) ----------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    carts=st.lists(
        st.dictionaries(st.integers(0, 3), st.integers(1, 6), min_size=1, max_size=4), min_size=1, max_size=6
    ),
    ends=st.lists(st.sampled_from(["consume", "release", "split", "leave"]), min_size=6, max_size=6),
)
def test_it_never_promises_more_than_there_is(shelf, at, carts, ends):
    shop, skus = shelf
    with transaction.atomic():
        for number, (cart, end) in enumerate(zip(carts, ends, strict=False)):
            try:
                made = list(
                    reserve(shop, {skus[key].pk: units for key, units in cart.items()}, at, str(number)).values()
                )
            except stock.OutOfStock:
                continue
            if end == "consume":
                stock.consume(shop=shop, reservations=made, by=None, at=at)
            elif end == "release":
                stock.release(shop=shop, reservations=made, by=None, at=at, why="test")
            elif end == "split" and made[0].quantity > 1:
                made.append(stock.split(shop=shop, reservation=made[0], quantity=1))
                stock.consume(shop=shop, reservations=made[-1:], by=None, at=at)
            agree(shop)
        transaction.set_rollback(True)


@pytest.fixture
def shelf(shop):
    product = make_product(shop, on_hand=8)
    return shop, [sku_of(product), *(make_sku(product, on_hand=8, option_values=[str(n)]) for n in range(3))]


def agree(shop) -> None:
    """INV1 of every item: the journal adds up to what is on hand, the running claims to what is reserved."""
    for item in StockItem.objects.in_shop(shop):
        claims = Reservation.objects.running().filter(item=item)
        assert sum(row.quantity for row in claims) == item.reserved
        assert sum(StockMovement.objects.filter(item=item).values_list("quantity", flat=True)) == item.on_hand
        assert 0 <= item.reserved + item.locked <= item.on_hand
        assert item.available == item.on_hand - item.reserved - item.locked
