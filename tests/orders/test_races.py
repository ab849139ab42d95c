"""A1, A4, B2, C1, C9 for whole orders: real processes and threads on real PostgreSQL, each with its control (R1).

Every buyer has a connection of its own; a barrier over all processes lets them go at the same moment. Nothing sleeps.
"""

import contextlib
import json
import random
import time
from collections import Counter

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F
from django.test import Client

from catalog import stock
from catalog.models import Reservation, StockItem
from marketing.models import BuyerUse
from marketing.redemption import CouponRefused
from orders import cancellation, fulfilment, intake, payments, refunds, unpaid
from orders.models import Order, OrderLine, Package, Payment, Refund
from seller_center import inbox
from seller_center.kernel.errors import DomainError
from shops import api_keys
from shops.models import Deadline, ShopEvent
from tests.catalog.test_stock_races import HANG, PROCESSES, THREADS, _fork, storm, without_constraint
from tests.dice import SEED
from tests.factories import orders as make
from tests.factories.catalog import item_of, make_product, sku_of
from tests.factories.shops import make_shop
from tests.figures import at_figures
from tests.orders.test_intake import make_coupon

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

HOUR, DAY = make.HOUR, make.DAY
RACES = 200


@pytest.fixture
def shop(transactional_db):
    """A shop without a daily limit."""
    return make_shop("ACME", tier="pro")


def place(shop, at, lines, number, **more) -> Order:
    given = {
        "contact": intake.Contact("Buyer", f"buyer-{number}@example.com"),
        "address": make.ADDRESS,
        "channel": "storefront",
        "external_number": f"basket-{number}",
        **more,
    }
    return intake.place_order(shop=shop, lines=[intake.WantedLine(*line) for line in lines], at=at, by=None, **given)


def answers_of(counted: Counter) -> Counter:
    """Answers of rounds, told as one text per buyer, counted one by one."""
    found: Counter = Counter()
    for told, times in counted.items():
        for answer in told.split(","):
            found[answer] += times
    return found


# -- A1: the last units -----------------------------------------------------------------------------------------------

ROUNDS = 50


@pytest.mark.slow
def test_it_sells_the_last_ten_units_to_exactly_ten_of_sixty_four_buyers(shop, at):
    shelves = [make_product(shop, on_hand=10, name=f"Shelf {number}") for number in range(ROUNDS)]
    codes = [sku_of(product).code for product in shelves]
    start = _fork.Barrier(PROCESSES * THREADS)

    def buy_in_each_round(number: int) -> str:
        answers = []
        for turn, code in enumerate(codes):
            start.wait(HANG)
            try:
                place(shop, at, [(code, 1)], f"{turn}-{number}")
                answers.append("bought")
            except stock.OutOfStock:
                answers.append("sold out")
        return ",".join(answers)

    assert answers_of(storm(buy_in_each_round)) == {"bought": 10 * ROUNDS, "sold out": 54 * ROUNDS}
    assert Order.objects.count() == 10 * ROUNDS
    for product in shelves:
        item = item_of(product)
        assert (item.on_hand, item.reserved) == (10, 10)
    assert Payment.objects.count() == Deadline.objects.count() == 10 * ROUNDS


def test_control_an_order_that_looks_first_and_writes_then_oversells(shop, at, owner_cursor, monkeypatch):
    """The same intake over a stock that looks, waits for the others, and writes: more than ten are sold."""
    product = make_product(shop, on_hand=10)
    sku = sku_of(product)
    seen = _fork.Barrier(PROCESSES * THREADS)

    def unguarded(*, shop, wants, subject_kind, subject_code, until, at):
        free = StockItem.objects.get(sku=sku).available
        seen.wait(HANG)
        if free < 1:
            raise stock.OutOfStock(sku.code, 1, free)
        item = StockItem.objects.get(sku=sku)
        StockItem.objects.filter(pk=item.pk).update(reserved=F("reserved") + 1)
        made = Reservation.objects.create(
            shop=shop, item=item, sku=sku, quantity=1, subject_kind="order", subject_code=subject_code, made_at=at
        )
        return {sku.pk: made}

    monkeypatch.setattr(intake.stock, "reserve", unguarded)

    def buy(number: int) -> str:
        try:
            place(shop, at, [(sku.code, 1)], number)
        except stock.OutOfStock:
            return "sold out"
        return "bought"

    with without_constraint(owner_cursor, "catalog_stockitem", "stock_promised_lte_on_hand"):
        answers = storm(buy)
        assert answers["bought"] > 10
        assert item_of(product).available < 0
        StockItem.objects.update(reserved=0)


# -- A4: many lines in any order --------------------------------------------------------------------------------------

WORKERS, ORDERS, SKUS = 16, 40, 12


@pytest.mark.slow
@at_figures("orders", ORDERS, deep=1_250)
def test_it_places_640_orders_of_many_lines_without_a_deadlock(orders, shop, at, figure):
    print(f"seed {SEED}")
    codes = [sku_of(make_product(shop, on_hand=100_000)).code for _number in range(SKUS)]
    by_code = {code: sku.pk for code in codes for sku in [item_of_code(shop, code).sku]}

    def order_and_edit(worker: int) -> str:
        dice = random.Random(f"{SEED}-{worker}")
        for number in range(orders):
            basket = dice.sample(codes, dice.randint(3, 8))
            order = place(shop, at, [(code, dice.randint(1, 3)) for code in basket], f"{worker}-{number}")
            if number % 4 == 0:
                cancellation.cancel_by_buyer(order=order, reason="changed_mind", at=at)
            elif number % 4 == 1:
                payments.capture(order=order, at=at)
            elif number % 8 == 2:  # a bulk stock edit, in another order
                levels = {by_code[code]: 100_000 + number for code in reversed(basket)}
                stock.set_levels(shop=shop, levels=levels, by=None, at=at)
        return "done"

    began = time.monotonic()
    assert storm(order_and_edit, processes=4, threads=WORKERS // 4) == {"done": WORKERS}
    print(f"in {time.monotonic() - began:.1f} s")
    figure("A4", "orders of many lines", WORKERS * orders)
    assert Order.objects.count() == WORKERS * orders
    for item in StockItem.objects.all():
        claims = Reservation.objects.running().filter(item=item).values_list("quantity", flat=True)
        assert sum(claims) == item.reserved


def item_of_code(shop, code):
    return StockItem.objects.in_shop(shop).select_related("sku").get(sku__code=code)


def test_control_the_same_lines_one_by_one_unsorted_deadlock(shop, at):
    codes = [sku_of(make_product(shop, on_hand=100_000)).pk for _number in range(SKUS)]

    def line_by_line(worker: int) -> str:
        dice = random.Random(f"{SEED}-{worker}")
        for _number in range(ORDERS):
            try:
                with transaction.atomic():
                    for sku in dice.sample(codes, dice.randint(3, 8)):
                        StockItem.objects.filter(sku_id=sku).update(reserved=F("reserved") + 1)
            except OperationalError as error:
                if "deadlock" in str(error):
                    return "deadlock"
                raise
        return "done"

    assert storm(line_by_line, processes=4, threads=WORKERS // 4)["deadlock"] > 0


# -- the same order, the same buyer -----------------------------------------------------------------------------------


def test_it_is_one_order_when_the_same_number_comes_sixteen_times_at_once(shop, at):
    product = make_product(shop, on_hand=50)
    coupon = make_coupon(shop, at, limit_count=1)
    lines = [(sku_of(product).code, 2)]

    def place_it(number: int) -> str:
        return place(shop, at, lines, "same", coupon_code="SAVE10").code

    answers = storm(place_it, processes=4, threads=4)
    assert list(answers.values()) == [16]
    assert Order.objects.count() == 1
    coupon.refresh_from_db()
    assert (coupon.redeemed_count, item_of(product).reserved) == (1, 2)
    assert Order.objects.select_related("buyer").get().buyer.order_count == 1


def test_it_lets_the_same_new_buyer_redeem_once_of_sixteen_at_once(shop, at):
    product = make_product(shop, on_hand=50)
    make_coupon(shop, at, code="FIRST", audience="new_buyers", per_buyer_limit_count=1)
    contact = intake.Contact("Same", "same@example.com")

    def place_it(number: int) -> str:
        try:
            place(shop, at, [(sku_of(product).code, 1)], number, contact=contact, coupon_code="FIRST")
        except CouponRefused:
            return "refused"
        return "redeemed"

    assert storm(place_it, processes=4, threads=4) == {"redeemed": 1, "refused": 15}
    assert BuyerUse.objects.get().used_count == 1


# -- C1: refunds never exceed what was paid ---------------------------------------------------------------------------

RACES = 100


@pytest.mark.slow
def test_it_refunds_sixty_of_a_hundred_units_once_of_eight_times(shop, at):
    """8 × 60 on 100, a hundred races: exactly one wins, for each line, order and quantity (INV6)."""
    product = make_product(shop, price_minor=77, on_hand=100 * RACES)
    orders = [make.pay(make.make_order(shop, product=product, quantity=100, at=at), at=at) for _race in range(RACES)]
    lines = {order.pk: make.line_of(order).pk for order in orders}
    start = _fork.Barrier(8)

    def refund_in_each_race(number: int) -> str:
        answers = []
        for order in orders:
            start.wait(HANG)
            try:
                refunds.pay_back(
                    order=order, units={lines[order.pk]: 60}, reason="damaged", fault="seller", by=None, at=at
                )
                answers.append("refunded")
            except refunds.RefundAbovePaid:
                answers.append("refused")
        return ",".join(answers)

    answers = answers_of(storm(refund_in_each_race, processes=4, threads=2))
    assert answers == {"refunded": RACES, "refused": 7 * RACES}
    for order in orders:
        payment, line = make.payment_of(order), make.line_of(order)
        assert line.refunded_quantity == 60
        assert payment.refunded_minor == line.refunded_minor == Refund.objects.get(order=order).total_minor
        assert payment.refunded_minor <= payment.captured_minor


def test_it_gives_money_back_once_when_a_refund_and_a_cancellation_meet(shop, at):
    product = make_product(shop, on_hand=1000)
    orders = [make.make_open_order(shop, product=product, quantity=10, at=at) for _race in range(20)]
    start = _fork.Barrier(4)

    def act(number: int) -> str:
        for order in orders:
            line = make.line_of(order).pk
            start.wait(HANG)
            try:
                if number % 2:
                    refunds.pay_back(order=order, units={line: 6}, reason="damaged", fault="seller", by=None, at=at)
                else:
                    cancellation.cancel(order=order, reason="out_of_stock", by=None, at=at)
            except DomainError:
                pass
        return "done"

    storm(act, processes=2, threads=2)
    for order in orders:
        payment, line = make.payment_of(order), make.line_of(order)
        assert payment.refunded_minor == line.refunded_minor == order.total_minor
        assert make.fresh(order).status == "cancelled"
    assert item_of(product).reserved == 0


def test_control_reading_first_refunds_too_much(shop, at, owner_cursor):
    """Look, wait for the others, write: above what was paid once the CHECKs are gone, or the test proves nothing."""
    order = make.pay(make.make_order(shop, quantity=1, at=at), at=at)
    payment = make.payment_of(order)
    share = payment.captured_minor * 60 // 100
    seen = _fork.Barrier(8)

    def look_then_write(number: int) -> str:
        with transaction.atomic():
            now = Payment.objects.get(pk=payment.pk)
            seen.wait(HANG)
            if now.refunded_minor + share > now.captured_minor:
                return "refused"
            Payment.objects.filter(pk=payment.pk).update(refunded_minor=F("refunded_minor") + share)
        return "refunded"

    with without_constraint(owner_cursor, "orders_payment", "payment_refunded_lte_captured"):
        assert storm(look_then_write, processes=4, threads=2)["refunded"] > 1
        assert make.payment_of(order).refunded_minor > payment.captured_minor
        Payment.objects.update(refunded_minor=0)


def test_control_locking_in_repeatable_read_refunds_too_much(shop, at, owner_cursor):
    """DEC1: REPEATABLE READ with FOR UPDATE adds up what stood there before it waited for the lock."""
    order = make.pay(make.make_order(shop, quantity=1, at=at), at=at)
    captured = make.payment_of(order).captured_minor
    share = captured * 60 // 100
    owner_cursor.execute("CREATE TABLE refunds_by_hand (minor bigint)")
    owner_cursor.execute("GRANT SELECT, INSERT ON refunds_by_hand TO PUBLIC")
    seen = _fork.Barrier(8)

    def lock_then_add_up(number: int) -> str:
        with transaction.atomic():
            cursor = connection.connection.cursor()  # beside Django's, whose guard refuses this
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT 1 FROM refunds_by_hand")
            seen.wait(HANG)
            cursor.execute("SELECT 1 FROM orders_order WHERE id = %s FOR UPDATE", [order.pk])
            cursor.execute("SELECT coalesce(sum(minor), 0) FROM refunds_by_hand")
            if cursor.fetchone()[0] + share > captured:
                return "refused"
            cursor.execute("INSERT INTO refunds_by_hand VALUES (%s)", [share])
        return "refunded"

    try:
        assert storm(lock_then_add_up, processes=4, threads=2)["refunded"] > 1
        owner_cursor.execute("SELECT sum(minor) FROM refunds_by_hand")
        assert owner_cursor.fetchone()[0] > captured
    finally:
        owner_cursor.execute("DROP TABLE refunds_by_hand")


def test_control_the_check_stops_what_reads_first(shop, at):
    order = make.pay(make.make_order(shop, quantity=1, at=at), at=at)
    payment = make.payment_of(order)
    share = payment.captured_minor * 60 // 100

    def write_blindly(number: int) -> str:
        try:
            Payment.objects.filter(pk=payment.pk).update(refunded_minor=F("refunded_minor") + share)
        except IntegrityError:
            return "stopped"
        return "refunded"

    assert storm(write_blindly, processes=4, threads=2) == {"refunded": 1, "stopped": 7}


# -- C9: the same post, eight times -----------------------------------------------------------------------------------


def api_post(shop, text, body, key):
    answer = Client().post(
        "/api/v1/orders",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}", "Idempotency-Key": key},
    )
    return f"{answer.status_code} {json.loads(answer.content).get('code')}"


def api_body(product, number="X-1"):
    return {
        "external_number": number,
        "lines": [{"sku": sku_of(product).code, "quantity": 1}],
        "contact": {"name": "Buyer"},
        "address": {"line1": "1 Main Street", "city": "Austin", "region": "TX", "country": "US"},
    }


def test_it_has_one_effect_and_eight_equal_answers(shop, at):
    product = make_product(shop, on_hand=20)
    _key, text = api_keys.create(shop=shop, name="Hub", scopes=["orders:write"], by=None, at=at)
    answers = storm(lambda number: api_post(shop, text, api_body(product), "same-key"), processes=4, threads=2)
    assert list(answers.values()) == [8]
    assert next(iter(answers)).startswith("201 ACME")
    assert Order.objects.count() == 1
    assert item_of(product).reserved == 1


def test_control_eight_keys_and_numbers_have_eight_effects(shop, at):
    product = make_product(shop, on_hand=20)
    _key, text = api_keys.create(shop=shop, name="Hub", scopes=["orders:write"], by=None, at=at)
    answers = storm(
        lambda number: api_post(shop, text, api_body(product, f"X-{number}"), f"key-{number}"), processes=4, threads=2
    )
    assert len(answers) == Order.objects.count() == 8


def test_it_keeps_the_keys_of_two_shops_apart(shop, at):
    other = make_shop("ZEBR")
    product, foreign = make_product(shop, on_hand=5), make_product(other, on_hand=5)
    texts = [api_keys.create(shop=one, name="Hub", scopes=["orders:write"], by=None, at=at)[1] for one in (shop, other)]
    first = api_post(shop, texts[0], api_body(product), "same-key")
    second = api_post(other, texts[1], api_body(foreign), "same-key")
    assert first.startswith("201 ACME")
    assert second.startswith("201 ZEBR")


# -- time against people ----------------------------------------------------------------------------------------------


def test_it_expires_or_confirms_an_order_at_the_same_instant_never_both(shop, at):
    product = make_product(shop, on_hand=1000)
    orders = [make.make_order(shop, product=product, at=at) for _race in range(RACES)]
    start = _fork.Barrier(2)

    def act(number: int) -> str:
        for order in orders:
            start.wait(HANG)
            if number:
                payments.capture(order=order, at=at + HOUR)
            else:
                with transaction.atomic():
                    rows = Deadline.objects.filter(subject_code=order.code, kind="order.payment", ended_at=None)
                    due = list(rows.select_related("shop").select_for_update(of=("self",), skip_locked=True))
                    unpaid.expire(due, at=at + HOUR) if due else None
        return "done"

    assert storm(act, processes=2, threads=1) == {"done": 2}
    states = Counter()
    for order in orders:
        order, payment = make.fresh(order), make.payment_of(order)
        states[order.status] += 1
        assert payment.captured_minor == order.total_minor
        assert payment.refunded_minor == (order.total_minor if order.status == "cancelled" else 0)
    assert states.total() == RACES
    assert item_of(product).reserved == states["cooling_off"]
    assert Order.objects.filter(status="unpaid").count() == 0


def test_it_ships_or_cancels_at_the_same_instant_never_both(shop, at):
    product = make_product(shop, on_hand=1000)
    orders = [make.make_open_order(shop, product=product, quantity=2, at=at) for _race in range(16)]
    then = orders[0].auto_cancel_at
    numbers = {order.pk: make.tracking_number() for order in orders}
    start = _fork.Barrier(3)

    def act(number: int) -> str:
        start.wait(HANG)
        if number < 2:
            for order in orders if number else reversed(orders):
                package = make.package_of(order)
                with contextlib.suppress(fulfilment.NotShippable):
                    fulfilment.mark_shipped(
                        package=package, carrier="sandbox", tracking_number=numbers[order.pk], by=None, at=then
                    )
        else:
            for _round in range(4):
                inbox.sweep(then)
        return "done"

    assert storm(act, processes=3, threads=1) == {"done": 3}
    inbox.sweep(then + 2 * HOUR)
    shipped = 0
    for order in orders:
        order, package = make.fresh(order), make.package_of(order)
        assert (order.status, package.shipped) in (("cancelled", False), ("open", True))
        shipped += package.shipped
        assert make.payment_of(order).refunded_minor == (0 if package.shipped else order.total_minor)
    item = item_of(product)
    assert (item.on_hand, item.reserved) == (1000 - 2 * shipped, 0)
    assert ShopEvent.objects.filter(kind="package.shipped").count() == shipped


def test_it_marks_shipped_once_when_eight_people_click(shop, at):
    product = make_product(shop, on_hand=10)
    order = make.make_open_order(shop, product=product, quantity=2, at=at)
    package, number = make.package_of(order), make.tracking_number()

    def click(_number: int) -> str:
        fulfilment.mark_shipped(package=package, carrier="sandbox", tracking_number=number, by=None, at=at + 2 * HOUR)
        return "fine"

    assert storm(click, processes=4, threads=2) == {"fine": 8}
    assert (item_of(product).on_hand, item_of(product).reserved) == (8, 0)
    assert ShopEvent.objects.filter(kind="package.shipped").count() == 1
    assert OrderLine.objects.count() == Package.objects.count() == 1
