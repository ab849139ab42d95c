"""A1, A4, A6 at the level of stock: real processes and threads against real PostgreSQL, each with its control (R1).

Every buyer has a connection of its own; a barrier over all processes lets them go at the same moment. Nothing sleeps.
"""

import datetime as dt
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, transaction

from catalog import publishing, stock
from catalog.models import Product, Reservation, Sku, StockItem
from tests import storm as storms
from tests.dice import SEED
from tests.factories.catalog import give_picture, item_of, make_product, sku_of
from tests.factories.shops import make_shop
from tests.figures import at_figures
from tests.storm import HANG_SECONDS

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PROCESSES, THREADS = 4, 16
HANG = HANG_SECONDS
SOON = dt.timedelta(minutes=30)
_fork = multiprocessing.get_context("fork")


@pytest.fixture
def shop(transactional_db):
    return make_shop("ACME")


def storm(work: Callable[[int], str], *, processes: int = PROCESSES, threads: int = THREADS) -> Counter:
    """Run ``work(number)`` in all threads of all processes at once; how often it answered what."""
    outcomes = storms.storm(work, processes=processes, threads=threads)
    for one in outcomes:
        if not one.done:
            print(one.message)
    return Counter(one.value if one.done else one.error for one in outcomes)


def buy(shop, wants: dict[int, int], number: int, at: dt.datetime) -> str:
    try:
        stock.reserve(shop=shop, wants=wants, subject_kind="order", subject_code=f"O{number}", until=at + SOON, at=at)
    except stock.OutOfStock:
        return "sold out"
    return "bought"


# -- A1: the last units -----------------------------------------------------------------------------------------------


@at_figures("rounds", 50, deep=1_000)
def test_it_sells_the_last_ten_units_to_exactly_ten_of_sixty_four(shop, at, rounds, figure):
    shelves = [sku_of(make_product(shop, on_hand=10)).pk for _round in range(rounds)]
    start = _fork.Barrier(PROCESSES * THREADS)

    def buy_in_each_round(number: int) -> str:
        answers = []
        for sku in shelves:
            start.wait(HANG)
            answers.append(buy(shop, {sku: 1}, number, at))
        return ",".join(answers)

    answers: Counter = Counter()
    for told, times in storm(buy_in_each_round).items():
        for answer in told.split(","):
            answers[answer] += times
    assert answers == {"bought": 10 * rounds, "sold out": 54 * rounds}
    for sku in shelves:
        item = StockItem.objects.get(sku=sku)
        assert (item.on_hand, item.reserved, item.available) == (10, 10, 0)
        assert Reservation.objects.running().filter(sku=sku).count() == 10
    figure("A1", "rounds of 64 buyers", rounds)


def test_it_leaves_nothing_while_somebody_got_sold_out(shop, at):
    """A2 in small: half of those who got a unit give it back; whoever comes then gets it."""
    sku = sku_of(make_product(shop, on_hand=10))

    def try_until_decided(number: int) -> str:
        answer = buy(shop, {sku.pk: 1}, number, at)
        if answer == "bought" and number % 2:
            mine = Reservation.objects.of_subject(shop, "order", f"O{number}")
            stock.release(shop=shop, reservations=mine, by=None, at=at, why="declined")
            return "declined"
        return answer

    answers = storm(try_until_decided)
    left = item_of(sku)
    assert left.reserved == answers["bought"] <= 10
    for number in range(left.available):
        assert buy(shop, {sku.pk: 1}, 1000 + number, at) == "bought"
    assert buy(shop, {sku.pk: 1}, 2000, at) == "sold out"


def test_control_an_unguarded_reserve_oversells(shop, at, owner_cursor):
    """Looking first and writing then, with the CHECK dropped: more than ten are sold, or the test proves nothing."""
    sku = sku_of(make_product(shop, on_hand=10))
    seen = _fork.Barrier(PROCESSES * THREADS)

    def look_then_write(number: int) -> str:
        with transaction.atomic():
            free = StockItem.objects.get(sku=sku).available
            seen.wait(HANG)
            if free < 1:
                return "sold out"
            with connection.cursor() as cursor:
                cursor.execute("UPDATE catalog_stockitem SET reserved = reserved + 1 WHERE sku_id = %s", [sku.pk])
        return "bought"

    with without_constraint(owner_cursor, "catalog_stockitem", "stock_promised_lte_on_hand"):
        answers = storm(look_then_write)
        assert answers["bought"] > 10
        assert item_of(sku).available < 0
        StockItem.objects.filter(sku=sku).update(reserved=0)


def test_control_the_check_stops_an_unguarded_reserve(shop, at):
    """The second wall: with the CHECK in place the same wrong code sells ten and crashes for the rest."""
    sku = sku_of(make_product(shop, on_hand=10))

    def write_blindly(number: int) -> str:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE catalog_stockitem SET reserved = reserved + 1 WHERE sku_id = %s", [sku.pk])
        return "bought"

    assert storm(write_blindly) == {"bought": 10, "IntegrityError": 54}


@contextmanager
def without_constraint(cursor, table: str, name: str):
    cursor.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass",
        [name, table],
    )
    [definition] = cursor.fetchone()
    cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


# -- A4: many lines in any order --------------------------------------------------------------------------------------

WORKERS, ORDERS, SKUS = 16, 40, 12


def baskets(worker: int, skus: list[int]) -> list[list[int]]:
    """The worker's orders: three to eight lines in random order, the same for the verb and for its control."""
    dice = random.Random(f"{SEED}-{worker}")
    return [dice.sample(skus, dice.randint(3, 8)) for _order in range(ORDERS)]


def test_it_places_orders_of_many_lines_in_any_order_without_a_deadlock(shop, at):
    print(f"seed {SEED}")
    skus = [sku_of(make_product(shop, on_hand=100_000)).pk for _ in range(SKUS)]

    def order_and_edit(worker: int) -> str:
        for number, basket in enumerate(baskets(worker, skus)):
            with transaction.atomic():
                made = stock.reserve(
                    shop=shop,
                    wants=dict.fromkeys(basket, 1),
                    subject_kind="order",
                    subject_code=f"W{worker}-{number}",
                    until=None,
                    at=at,
                )
            if number % 4 == 0:
                stock.consume(shop=shop, reservations=made.values(), by=None, at=at)
            elif number % 4 == 1:
                stock.release(shop=shop, reservations=made.values(), by=None, at=at, why="test")
            elif number % 8 == 2:  # a bulk stock edit, in another order
                stock.set_levels(shop=shop, levels=dict.fromkeys(reversed(basket), 100_000 + number), by=None, at=at)
        return "done"

    began = time.monotonic()
    assert storm(order_and_edit, processes=4, threads=WORKERS // 4) == {"done": WORKERS}
    print(f"{WORKERS * ORDERS} orders in {time.monotonic() - began:.1f} s")
    for item in StockItem.objects.in_shop(shop):
        claims = Reservation.objects.running().filter(item=item).values_list("quantity", flat=True)
        assert sum(claims) == item.reserved


def test_control_the_same_orders_line_by_line_unsorted_deadlock(shop, at):
    skus = [sku_of(make_product(shop, on_hand=100_000)).pk for _ in range(SKUS)]

    def line_by_line(worker: int) -> str:
        for basket in baskets(worker, skus):
            try:
                with transaction.atomic():
                    for sku in basket:
                        StockItem.objects.filter(sku_id=sku).update(reserved=1)
            except OperationalError as error:
                if "deadlock" in str(error):
                    return "deadlock"
                raise
        return "done"

    assert storm(line_by_line, processes=4, threads=WORKERS // 4)["deadlock"] > 0


# -- A6: a reservation ends once --------------------------------------------------------------------------------------


def test_it_ends_a_reservation_once_when_paying_expiry_and_cancelling_meet(shop, at):
    for number in range(12):
        sku = sku_of(make_product(shop, on_hand=5))
        made = stock.reserve(
            shop=shop, wants={sku.pk: 2}, subject_kind="order", subject_code=f"A{number}", until=at, at=at
        )

        def end(which: int, made=made) -> str:
            if which % 3 == 0:
                return f"expired {stock.expire_due(at)}"
            if which % 3 == 1:
                return f"released {stock.release(shop=shop, reservations=made.values(), by=None, at=at)}"
            try:
                stock.consume(shop=shop, reservations=made.values(), by=None, at=at)
            except stock.ReservationEnded:
                return "too late"
            return "sold"

        answers = storm(end, processes=2, threads=3)
        winners = answers["expired 1"] + answers["released 1"] + answers["sold"]
        assert winners == 1, answers
        item = item_of(sku)
        assert (item.reserved, item.on_hand) == (0, 3 if answers["sold"] else 5)


def test_control_ending_without_looking_gives_units_back_twice(shop, at, owner_cursor):
    sku = sku_of(make_product(shop, on_hand=5))
    stock.reserve(shop=shop, wants={sku.pk: 2}, subject_kind="order", subject_code="OTHER", until=None, at=at)
    [row] = stock.reserve(
        shop=shop, wants={sku.pk: 2}, subject_kind="order", subject_code="A", until=at, at=at
    ).values()
    seen = _fork.Barrier(2)

    def end_blindly(which: int) -> str:
        with transaction.atomic():
            running = not Reservation.objects.get(pk=row.pk).ended
            seen.wait(HANG)
            if running:
                StockItem.objects.filter(sku=sku).update(reserved=stock_reserved_minus(row.quantity))
        return "gave back"

    assert storm(end_blindly, processes=2, threads=1) == {"gave back": 2}
    assert item_of(sku).reserved == 0  # the other order's two units are gone as well


def stock_reserved_minus(quantity: int):
    from django.db.models import F

    return F("reserved") - quantity


def test_it_makes_one_warehouse_for_all_who_come_first(shop):
    def warehouse(number: int) -> str:
        return str(stock.default_warehouse(shop).pk)

    assert list(storm(warehouse, processes=2, threads=4).values()) == [8]
    assert Sku.objects.count() == 0


# -- the tier's limit of live products --------------------------------------------------------------------------------

ROOM = 3


def drafts(shop, at, monkeypatch) -> list[int]:
    """Twelve drafts that pass the pre-flight, in a shop with room for three."""
    monkeypatch.setattr(publishing, "room", lambda shop, at: (max(0, ROOM - live_count(shop)), ROOM))
    products = [make_product(shop, status="draft") for _ in range(12)]
    for product in products:
        give_picture(product, at=at)
    return [product.pk for product in products]


def live_count(shop) -> int:
    return Product.objects.in_shop(shop).live().count()


def submit(key: int, at: dt.datetime) -> str:
    try:
        publishing.submit(product=Product.objects.select_related("shop", "category").get(pk=key), by=None, at=at)
    except publishing.TierFull:
        return "full"
    return "live"


def test_it_puts_no_more_live_than_the_tier_allows_when_all_press_at_once(shop, at, monkeypatch):
    keys = drafts(shop, at, monkeypatch)
    assert storm(lambda number: submit(keys[number], at), processes=3, threads=4) == {"live": ROOM, "full": 9}
    assert live_count(shop) == ROOM


def test_control_without_the_listing_lock_more_go_live(shop, at, monkeypatch):
    keys = drafts(shop, at, monkeypatch)
    seen = _fork.Barrier(12)
    counted = publishing.room
    monkeypatch.setattr(publishing, "hold_listing", lambda shop: None)
    monkeypatch.setattr(publishing, "room", lambda shop, at: (counted(shop, at), seen.wait(HANG))[0])
    assert storm(lambda number: submit(keys[number], at), processes=3, threads=4)["live"] > ROOM
