"""Orders pushed in a batch: the same rows as one by one, an answer for each, and nothing twice."""

import json
import threading

import pytest
import time_machine
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from catalog.models import Reservation
from orders import intake_many
from orders.models import Buyer, Hold, Order, OrderLine, Payment
from shops import api_keys
from shops.models import Deadline, IdempotencyKey, Shop, ShopEvent
from tests.factories import orders as make
from tests.factories.catalog import item_of, make_product, sku_of
from tests.factories.shops import make_shop
from tests.orders.test_api import caller, order_body


@pytest.fixture(autouse=True)
def now(at):
    with time_machine.travel(at + 5 * make.HOUR, tick=False):
        yield at + 5 * make.HOUR


pytestmark = pytest.mark.django_db


def caller_of(client, shop, at):
    """A caller for a shop without a daily limit: one with a limit counts each order under a lock."""
    Shop.objects.filter(pk=shop.pk).update(tier=Shop.Tier.PRO)
    _key, text = api_keys.create(shop=shop, name="Hub", scopes=["orders:read", "orders:write"], by=None, at=at)
    return caller(client, text)


def orders_of(products, count=6):
    """Different buyers, lines and quantities; the last two are of one buyer."""
    return [
        order_body(products[number % 2], number=f"X-{number}", quantity=1 + number % 3)
        | {"contact": {"name": f"Buyer {number}", "email": f"buyer{min(number, count - 2)}@example.com"}}
        for number in range(count)
    ]


def push(call, orders, prefix="k"):
    answer = call(
        "post", "/orders/batch", {"orders": [{"key": f"{prefix}-{n}", **one} for n, one in enumerate(orders)]}
    )
    assert answer.status_code == 200, answer.content
    return answer.json()["answers"]


def rows_of(shop):
    """Everything that orders of a shop leave behind, without keys and codes."""
    codes = dict(Order.objects.in_shop(shop).values_list("code", "external_number"))
    unseen = {"id", "shop", "code", "order", "buyer", "reservation", "item", "sku", "search_text"}

    def plain(model, **given):
        names = [
            field.name
            for field in model._meta.concrete_fields
            if field.name not in unseen and not field.primary_key and field.name not in given.get("leave", ())
        ]
        found = []
        for row in model.objects.filter(shop=shop).order_by("id"):
            cells = {name: getattr(row, name) for name in names}
            if cells.get("subject_code") in codes:
                cells["subject_code"] = codes[cells["subject_code"]]
            for name in ("label", "summary"):
                if cells.get(name) in codes:
                    cells[name] = codes[cells[name]]
            found.append(json.dumps(cells, sort_keys=True, default=str))
        return sorted(found)

    return {
        "orders": plain(Order),
        "lines": plain(OrderLine),
        "payments": plain(Payment),
        "deadlines": plain(Deadline),
        "events": [one for one in plain(ShopEvent) if '"order.' in one],
        "reservations": plain(Reservation),
        "buyers": plain(Buyer),
    }


def test_it_leaves_the_same_rows_as_one_by_one(client, at):
    singly, together = make_shop(code="ONES"), make_shop(code="MANY")
    told = {}
    for shop in (singly, together):
        products = [make_product(shop, price_minor=price, on_hand=50, name="A mug of clay") for price in (2000, 3550)]
        for number, product in enumerate(products):  # the same words in both shops
            sku = sku_of(product)
            type(sku).objects.filter(pk=sku.pk).update(code=f"MUG-{number}")
            product.refresh_from_db()
        call, orders = caller_of(client, shop, at), orders_of(products)
        if shop is singly:
            told[shop.pk] = [
                call("post", "/orders", one, Idempotency_Key=f"k-{n}").json() for n, one in enumerate(orders)
            ]
        else:
            answers = push(call, orders)
            assert [one["status"] for one in answers] == [201] * 6
            told[shop.pk] = [one["order"] for one in answers]
        assert [item_of(product).reserved for product in products] == [6, 6]
    first, second = rows_of(singly), rows_of(together)
    for name in first:
        assert first[name] == second[name], name
    for one, other in zip(told[singly.pk], told[together.pk], strict=True):
        assert {**one, "code": ""} == {**other, "code": ""}


def test_each_order_has_an_answer_of_its_own_and_a_repeat_changes_nothing(client, shop, at):
    product = make_product(shop, on_hand=5)
    call = caller_of(client, shop, at)
    plain = order_body(product, number="A")
    batch = [
        plain,
        order_body(product, number="B"),
        order_body(product, number="C", quantity=9),  # beyond the stock: stored under a hold
        {**order_body(product, number="D"), "lines": [{"sku": "NO-SUCH", "quantity": 1}]},
        {"external_number": "E"},
        order_body(product, number="A", quantity=2),  # the number of the first one, with other lines
        order_body(product, number="F", sold=False, quantity=9),
    ]
    first = push(call, batch)
    assert [one["status"] for one in first] == [201, 201, 201, 409, 422, 409, 409]
    assert [one.get("refused", {}) and one["refused"]["code"] for one in first[3:]] == [
        "not_for_sale",
        "malformed",
        "number_taken",
        "out_of_stock",
    ]
    assert (Order.objects.count(), Hold.objects.count(), item_of(product).reserved) == (3, 1, 2)
    again = push(call, batch)
    assert again == first
    assert (Order.objects.count(), item_of(product).reserved) == (3, 2)
    other = push(call, [order_body(product, number="Z"), *batch[1:2]])
    assert [one["status"] for one in other] == [422, 201]  # the first key was used for another order
    assert "Idempotency-Key" in other[0]["refused"]["message"]
    assert push(call, [plain], prefix="new")[0]["status"] == 200


def test_its_queries_do_not_grow_with_the_orders(client, shop, at):
    product = make_product(shop, on_hand=500)
    call = caller_of(client, shop, at)
    asked = []
    for count in (3, 3, 12):  # the first one warms up
        orders = [order_body(product, number=f"{len(asked)}-{n}") for n in range(count)]
        with CaptureQueriesContext(connection) as queries:
            assert {one["status"] for one in push(call, orders, prefix=f"{len(asked)}")} == {201}
        asked.append(len(queries))
    assert asked[2] <= asked[1] + 1 <= 22, asked  # the list of policies is read anew every few seconds


def test_it_takes_one_by_one_what_somebody_else_was_faster_at(client, shop, at, monkeypatch):
    """The units go between the look without locks and the taking: nothing of the attempt stands, each goes alone."""
    product = make_product(shop, on_hand=2)
    call = caller_of(client, shop, at)
    real = intake_many._plain

    def slower(*given):
        found = real(*given)
        item = item_of(product)
        type(item).objects.filter(pk=item.pk).update(on_hand=1)
        return found

    monkeypatch.setattr(intake_many, "_plain", slower)
    answers = push(call, [order_body(product, number="A"), order_body(product, number="B")])
    assert [one["status"] for one in answers] == [201, 201]
    assert [bool(one["order"]["on_hold"]) for one in answers] == [False, True]
    assert (Order.objects.count(), Payment.objects.count(), item_of(product).reserved) == (2, 2, 1)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_the_same_batch_place_each_order_once(client, shop, at):
    product = make_product(shop, on_hand=50)
    call = caller_of(client, shop, at)
    orders, barrier, answers = orders_of([product, product]), threading.Barrier(2), []

    def work():
        try:
            barrier.wait(10)
            answers.append(push(call, orders))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers[0] == answers[1]
    assert (Order.objects.count(), IdempotencyKey.objects.count(), Payment.objects.count()) == (6, 6, 6)
    assert item_of(product).reserved == sum(1 + number % 3 for number in range(6))
