"""J5: limits of the partner API hold exactly, also for a burst that comes at once, and say when to come back."""

import datetime as dt
import json
import uuid
from collections import Counter

import pytest
import time_machine
from django.core.cache import cache, caches
from django.test import Client

from orders.models import Order
from shops import api_keys, api_limits
from tests.factories.catalog import make_product, sku_of
from tests.factories.shops import AT, make_shop
from tests.storm import storm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = dt.datetime(2026, 10, 14, 16, 0, 20, tzinfo=dt.UTC)
BURST = {"processes": 4, "threads": 16}
SCOPES = ["orders:read", "orders:write", "products:write"]


@pytest.fixture(autouse=True)
def limits(settings):
    """Small limits, counters of this test alone, and real time that stands still 20 seconds into a minute."""
    patient = {**settings.CACHES["default"]["OPTIONS"], "socket_timeout": 30, "socket_connect_timeout": 30}
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex, "OPTIONS": patient}}
    settings.API_RATE_LIMITS = {"key": (20, 60), "shop": (30, 60), "wrong": (10, 60)}
    caches.close_all()
    with time_machine.travel(NOW, tick=False):
        yield
    caches.close_all()


def key_of(shop, name: str = "Hub") -> str:
    return api_keys.create(shop=shop, name=name, scopes=SCOPES, by=None, at=AT)[1]


def call(text: str, path: str = "/api/v1/orders", method: str = "get", body: str | None = None, **extra):
    content = {} if body is None else {"data": body, "content_type": "application/json"}
    client = Client(raise_request_exception=False)
    return getattr(client, method)(path, headers={"Authorization": f"Bearer {text}"}, **content, **extra)


def told(answer) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("Retry-After", "")


def burst(ask) -> Counter:
    outcomes = storm(ask, **BURST)
    assert [one.message for one in outcomes if one.error] == []
    return Counter(one.value for one in outcomes)


def test_a_key_passes_exactly_as_often_as_its_limit_in_a_burst_of_64():
    text = key_of(make_shop("ACME"))
    assert burst(lambda number: told(call(text))) == {(200, ""): 20, (429, "40"): 44}
    with time_machine.travel(NOW + dt.timedelta(seconds=39), tick=False):
        assert told(call(text)) == (429, "1")
    with time_machine.travel(NOW + dt.timedelta(seconds=40), tick=False):
        assert told(call(text)) == (200, "")


def test_the_keys_of_a_shop_share_its_limit_and_no_other_shop_feels_it():
    shop = make_shop("ACME")
    texts, other = [key_of(shop, f"Key {number}") for number in range(4)], key_of(make_shop("ZEBR"))
    assert burst(lambda number: told(call(texts[number % 4]))) == {(200, ""): 30, (429, "40"): 34}
    assert told(call(other)) == (200, "")


def test_an_address_guesses_few_keys_whatever_it_says_of_itself_and_others_go_on():
    text = key_of(make_shop("ACME"))

    def guess(number: int):
        wrong = f"sc_{number:010d}_guess"
        return told(call(wrong, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}", REMOTE_ADDR="203.0.113.5"))

    assert burst(guess) == {(401, ""): 10, (429, "40"): 54}
    assert told(call(text, REMOTE_ADDR="203.0.113.5")) == (200, ""), "a key that exists is not in this count"
    assert told(call("sc_x_y", REMOTE_ADDR="203.0.113.6")) == (401, "")


def test_control_counting_without_the_counter_lets_more_through(monkeypatch):
    """Control: a count that is read, then written, is passed by those who read at the same moment."""
    text = key_of(make_shop("ACME"))

    def read_then_write(name: str, seconds: int) -> int:
        number = cache.get(name, 0) + 1
        cache.set(name, number, seconds)
        return number

    monkeypatch.setattr(api_limits, "_counted", read_then_write)
    assert burst(lambda number: told(call(text)))[(200, "")] > 20


def test_without_the_cache_nobody_is_shut_out(settings):
    """The limits spare the servers; a cache that is away must not close the API."""
    from seller_center.kernel.steady_cache import SteadyCache

    text = key_of(make_shop("ACME"))
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/1"}}
    caches.close_all()
    try:
        assert [told(call(text)) for _number in range(25)] == [(200, "")] * 25
    finally:
        SteadyCache.down_until = 0.0


# -- sizes ------------------------------------------------------------------------------------------------------------


def order(product, number: int, **more) -> dict:
    return {
        "key": f"key-{number}",
        "external_number": f"X-{number}",
        "lines": [{"sku": sku_of(product).code, "quantity": 1}],
        "contact": {"name": "Buyer"},
        "address": {"line1": "1 Main Street", "city": "Austin", "region": "TX", "country": "US"},
        **more,
    }


def test_a_batch_a_page_and_a_body_end_exactly_where_the_description_says():
    shop = make_shop("ACME")
    text, product = key_of(shop), make_product(shop, on_hand=500)
    batch = [order(product, number) for number in range(101)]
    answer = call(text, "/api/v1/orders/batch", "post", json.dumps({"orders": batch}))
    assert (answer.status_code, Order.objects.count()) == (422, 0)
    answer = call(text, "/api/v1/orders/batch", "post", json.dumps({"orders": batch[:100]}))
    assert (answer.status_code, Order.objects.count()) == (200, 100)
    assert [call(text, f"/api/v1/orders?limit={most}").status_code for most in (0, 1, 200, 201)] == [422, 200, 200, 422]
    lines = [{"sku": sku_of(product).code, "quantity": 1}] * 51
    assert call(text, "/api/v1/orders", "post", json.dumps(order(product, 200, lines=lines))).status_code == 422
    assert Order.objects.count() == 100


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (json.dumps({"external_number": "X" * (5 * 1024 * 1024)}), 413),
        ("[" * 200_000, 400),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, 400),
        ("{", 400),
        ("\x00", 400),
        ("1e999999", 422),
    ],
    ids=["5 MiB", "deep arrays", "deep objects", "half", "nothing", "a number"],
)
def test_a_body_that_is_too_much_is_refused_in_words(body, status):
    answer = call(key_of(make_shop("ACME")), "/api/v1/orders", "post", body)
    assert answer.status_code == status
    assert answer.json()["message"]
    assert not Order.objects.exists()
