"""The partner API of orders: keys, idempotency, holds instead of refusals, sentences."""

import json

import pytest
import time_machine
from django.test import Client

from catalog.models import Reservation
from orders.models import Hold, Order
from seller_center.urls import urlpatterns
from shops import api_keys
from shops.models import ApiKey
from tests.factories import orders as make
from tests.factories.catalog import item_of, make_product, sku_of

HOUR = make.HOUR


@pytest.fixture(autouse=True)
def now(at):
    with time_machine.travel(at + 5 * HOUR, tick=False):
        yield at + 5 * HOUR


@pytest.fixture
def call(client, shop, at):
    """Call the API with a key that may do everything with orders."""
    _key, text = api_keys.create(shop=shop, name="Hub", scopes=["orders:read", "orders:write"], by=None, at=at)
    return caller(client, text)


def caller(client, text):
    def ask(method, path, body=None, **headers):
        given = {
            "Authorization": f"Bearer {text}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(client, method)(f"/api/v1{path}", headers=given, **content)

    return ask


def order_body(product, number="X-1", quantity=1, **more):
    return {
        "external_number": number,
        "lines": [{"sku": sku_of(product).code, "quantity": quantity}],
        "contact": {"name": "Buyer One", "email": "buyer@example.com"},
        "address": {
            "line1": "1 Main Street",
            "city": "Austin",
            "region": "TX",
            "country": "US",
            "postal_code": "73301",
        },
        **more,
    }


def test_it_is_mounted():
    assert any("api/v1" in str(pattern.pattern) for pattern in urlpatterns)


def test_it_takes_an_order_that_was_sold_and_is_paid_at_once(call, shop):
    product = make_product(shop, on_hand=5)
    answer = call("post", "/orders", order_body(product, quantity=2), Idempotency_Key="k1")
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["status"], told["on_hold"]) == ("cooling_off", [])
    assert told["lines"][0]["quantity"] == 2
    assert item_of(product).reserved == 2
    assert Reservation.objects.get().until is None


def test_it_answers_a_repeat_with_the_same_words_and_does_nothing(call, shop):
    product = make_product(shop, on_hand=5)
    first = call("post", "/orders", order_body(product), Idempotency_Key="k1")
    again = call("post", "/orders", order_body(product), Idempotency_Key="k1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert Order.objects.count() == 1


def test_it_knows_the_order_by_its_number_under_another_key(call, shop):
    product = make_product(shop, on_hand=5)
    first = call("post", "/orders", order_body(product), Idempotency_Key="k1")
    again = call("post", "/orders", order_body(product), Idempotency_Key="k2")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["code"] == again.json()["code"]
    assert item_of(product).reserved == 1


def test_it_refuses_the_same_key_with_another_body(call, shop):
    product = make_product(shop, on_hand=5)
    call("post", "/orders", order_body(product), Idempotency_Key="k1")
    other = call("post", "/orders", order_body(product, number="X-2"), Idempotency_Key="k1")
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json()["message"]


def test_it_refuses_the_same_number_with_other_lines(call, shop):
    product = make_product(shop, on_hand=5)
    call("post", "/orders", order_body(product), Idempotency_Key="k1")
    other = call("post", "/orders", order_body(product, quantity=2), Idempotency_Key="k2")
    assert other.status_code == 409
    assert other.json()["code"] == "number_taken"


def test_it_wants_an_idempotency_key(call, shop):
    answer = call("post", "/orders", order_body(make_product(shop)))
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["message"]


def test_it_holds_what_was_sold_beyond_the_stock_and_refuses_what_was_not(call, shop):
    product = make_product(shop, on_hand=1)
    sold = call("post", "/orders", order_body(product, quantity=3), Idempotency_Key="k1")
    assert sold.status_code == 201
    assert sold.json()["on_hold"] == [f"Only 1 of {sku_of(product).code} is left."]
    assert Hold.objects.get().kind == "stock"
    assert item_of(product).reserved == 0
    unsold = call("post", "/orders", order_body(product, number="X-2", quantity=3, sold=False), Idempotency_Key="k2")
    assert unsold.status_code == 409
    assert unsold.json()["code"] == "out_of_stock"
    assert Order.objects.count() == 1


def test_it_says_that_the_price_has_changed_or_holds(call, shop):
    product = make_product(shop, price_minor=6000, on_hand=5)
    body = order_body(product, expected_total_minor=100, sold=False)
    refused = call("post", "/orders", body, Idempotency_Key="k1")
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")
    held = call("post", "/orders", order_body(product, expected_total_minor=100), Idempotency_Key="k2")
    assert held.status_code == 201
    assert "Sold for $1.00" in held.json()["on_hold"][0]


def test_it_says_in_words_what_is_wrong_with_the_form(call, shop):
    product = make_product(shop)
    bad = order_body(product)
    bad["lines"][0]["quantity"] = 0
    answer = call("post", "/orders", bad, Idempotency_Key="k1")
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    unknown = {**order_body(product), "lines": [{"sku": "NO-SUCH", "quantity": 1}]}
    answer = call("post", "/orders", unknown, Idempotency_Key="k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_for_sale")
    abroad = order_body(product)
    abroad["address"]["country"] = "FR"
    answer = call("post", "/orders", abroad, Idempotency_Key="k1")
    assert (answer.status_code, answer.json()["field"]) == (422, "country")


def test_it_lists_orders_by_cursor_and_reads_one(call, shop, at):
    product = make_product(shop, on_hand=50)
    codes = {make.make_open_order(shop, at=at, product=product).code for _one in range(5)}
    seen, cursor = [], ""
    for _page in range(3):
        answer = call("get", f"/orders?limit=2&tab=to_ship&cursor={cursor}").json()
        seen += [row["code"] for row in answer["orders"]]
        cursor = answer["next"]
    assert len(seen) == 5
    assert set(seen) == codes
    assert cursor == ""
    told = call("get", f"/orders/{seen[0]}").json()
    assert told["packages"][0]["lines"] == [{"sku": sku_of(product).code, "quantity": 1}]


def test_it_reports_a_shipment_by_the_same_verb(call, shop, at):
    order = make.make_open_order(shop, at=at)
    place = f"/orders/{order.code}/packages/{order.code}-1/shipment"
    number = make.tracking_number()
    for _repeat in range(2):
        answer = call("post", place, {"carrier": "sandbox", "tracking_number": number})
        assert (answer.status_code, answer.json()["status"]) == (200, "shipped")
    other = call("post", place, {"carrier": "sandbox", "tracking_number": make.tracking_number()})
    assert (other.status_code, other.json()["code"]) == (409, "already_shipped")
    bad = call("post", place, {"carrier": "ups", "tracking_number": "HELLO"})
    assert (bad.status_code, bad.json()["code"]) == (422, "implausible_number")


def test_the_history_of_a_row_names_the_key_that_changed_it_and_the_next_request_does_not(call, shop, owner, at):
    order, other = make.make_open_order(shop, at=at), make.make_open_order(shop, at=at)
    place = f"/orders/{order.code}/packages/{order.code}-1/shipment"
    assert call("post", place, {"carrier": "sandbox", "tracking_number": make.tracking_number()}).status_code == 200
    key = ApiKey.objects.get(shop=shop)
    assert who_changed(order) == [{"user": None, "shop": shop.pk, "api_key": key.pk}]
    seller = Client()
    seller.force_login(owner)
    form = {"carrier": "sandbox", "tracking_number": make.tracking_number()}
    answer = seller.post(f"/s/{shop.code}/packages/{other.code}-1/shipment/", form)
    assert answer.status_code == 302
    assert who_changed(other) == [{"user": owner.pk, "shop": shop.pk}]


def who_changed(order: Order) -> list[dict]:
    """Who changed the package of an order last, as its history has it."""
    package = make.package_of(order)
    last = type(package).pgh_event_model.objects.filter(pgh_obj_id=package.pk).order_by("-pgh_id")[:1]
    return [{name: value for name, value in one.pgh_context.items() if name != "request_id"} for one in last]


def test_it_shows_a_key_nothing_of_another_shop(client, call, shop, other_shop, at):
    order = make.make_open_order(shop, at=at)
    _key, text = api_keys.create(shop=other_shop, name="Other", scopes=["orders:read", "orders:write"], by=None, at=at)
    foreign = caller(client, text)
    assert call("get", f"/orders/{order.code}").status_code == 200
    assert foreign("get", f"/orders/{order.code}").status_code == 404
    assert foreign("get", "/orders").json()["orders"] == []
    body = {"carrier": "sandbox", "tracking_number": make.tracking_number()}
    assert foreign("post", f"/orders/{order.code}/packages/{order.code}-1/shipment", body).status_code == 404
    assert make.package_of(order).in_house


def test_it_lets_a_reading_key_read_only(client, shop, at):
    _key, text = api_keys.create(shop=shop, name="Reader", scopes=["orders:read"], by=None, at=at)
    reader = caller(client, text)
    assert reader("get", "/orders").status_code == 200
    assert reader("post", "/orders", order_body(make_product(shop)), Idempotency_Key="k").status_code == 403
    assert caller(client, "sc_nonsense")("get", "/orders").status_code == 401
