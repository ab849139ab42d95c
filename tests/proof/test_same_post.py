"""C9: a post that moves stock or money has one effect for one key, however often, and of however many at once.

The list of such posts is taken from the API's own description: a route that takes an ``Idempotency-Key`` is tried, and
one that changes something takes a key or is known to be harmless when it is repeated.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.test import Client

from catalog.models import StockItem
from orders.models import Order
from seller_center.api import api
from seller_center.kernel import failpoints
from shops import api_keys, idempotency
from shops.models import IdempotencyKey
from tests.factories.catalog import make_product, sku_of
from tests.factories.shops import AT, make_shop
from tests.storm import storm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
FEW = {"processes": 4, "threads": 2}


@dataclass(frozen=True)
class Post:
    """A request with a key: its body for a SKU and a number, and what it has done."""

    method: str
    path: str
    body: Callable[[str, str, int], dict]
    effect: Callable[[], object]
    key_inside: bool = False


def _order(sku: str, key: str, quantity: int) -> dict:
    return {
        "external_number": "C9",
        "lines": [{"sku": sku, "quantity": quantity}],
        "contact": {"name": "Buyer"},
        "address": {"line1": "1 Main Street", "city": "Austin", "region": "TX", "country": "US"},
    }


def _orders() -> tuple:
    """Orders, and how many units they hold."""
    return Order.objects.count(), sum(StockItem.objects.values_list("reserved", flat=True))


POSTS = (
    Post("post", "/orders", _order, _orders),
    Post("post", "/orders/batch", lambda sku, key, n: {"orders": [{"key": key, **_order(sku, key, n)}]}, _orders, True),
    Post(
        "put",
        "/stock",
        lambda sku, key, n: {"sku": sku, "on_hand": 30 + n},
        lambda: sum(StockItem.objects.values_list("on_hand", flat=True)),
    ),
)
#: Unsafe routes without a key, and why a repeat does no harm.
HARMLESS = {("post", "/orders/{code}/packages/{package}/shipment"): "the same number again is fine, another is refused"}


def test_every_unsafe_route_takes_a_key_or_is_harmless_when_repeated():
    keyed, bare = set(), set()
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method, told in operations.items():
            if method == "get":
                continue
            names = {one["name"] for one in told.get("parameters", ())}
            (keyed if "Idempotency-Key" in names else bare).add((method, path.removeprefix("/api/v1")))
    inside = {(one.method, one.path) for one in POSTS if one.key_inside}
    assert keyed | inside == {(one.method, one.path) for one in POSTS}
    assert bare - inside == set(HARMLESS)


@pytest.fixture
def ground():
    """Two shops with a key for programs and a SKU of the same code each."""
    found = []
    for code in ("ACME", "ZEBR"):
        shop = make_shop(code)
        product = make_product(shop, on_hand=20)
        scopes = ["orders:read", "orders:write", "products:write"]
        found.append((sku_of(product).code, api_keys.create(shop=shop, name="Hub", scopes=scopes, by=None, at=AT)[1]))
    return found


def send(one: Post, sku: str, text: str, *, key: str = "same", quantity: int = 1) -> tuple[int, str]:
    answer = getattr(Client(raise_request_exception=False), one.method)(
        f"/api/v1{one.path}",
        json.dumps(one.body(sku, key, quantity)),
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}", "Idempotency-Key": key},
    )
    return answer.status_code, answer.content.decode()


def status_of(one: Post, answer: tuple[int, str]) -> int:
    """Of the one order in a batch, or of the request."""
    return json.loads(answer[1])["answers"][0]["status"] if one.key_inside and answer[0] == 200 else answer[0]


@pytest.mark.parametrize("one", POSTS, ids=lambda one: one.path)
def test_eight_at_once_with_one_key_have_one_effect_and_equal_answers(ground, one):
    (sku, text), (foreign_sku, foreign) = ground
    before = one.effect()
    outcomes = storm(lambda number: send(one, sku, text), **FEW)
    assert [outcome.message for outcome in outcomes if outcome.error] == []
    answers = Counter(outcome.value for outcome in outcomes)
    assert list(answers.values()) == [8]
    assert status_of(one, next(iter(answers))) in (200, 201)
    after = one.effect()
    assert after != before
    assert IdempotencyKey.objects.count() == 1
    # the same key with another body, afterwards and at once
    assert {status_of(one, send(one, sku, text, quantity=2)) for _number in range(2)} == {422}
    assert one.effect() == after
    # the same key of another shop is another key
    assert status_of(one, send(one, foreign_sku, foreign)) in (200, 201)
    assert one.effect() != after
    assert IdempotencyKey.objects.count() == 2


@pytest.mark.parametrize("one", POSTS, ids=lambda one: one.path)
def test_two_bodies_at_once_under_one_key_have_the_effect_of_one(ground, one):
    (sku, text), _other = ground
    outcomes = storm(lambda number: send(one, sku, text, quantity=1 + number % 2), **FEW)
    statuses = Counter(status_of(one, outcome.value) for outcome in outcomes)
    assert statuses[422] == 4
    assert sum(statuses.values()) == 8
    assert set(statuses) <= {200, 201, 422}
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.parametrize("one", POSTS, ids=lambda one: one.path)
def test_a_post_that_broke_off_leaves_no_key_and_may_be_sent_again(ground, one, monkeypatch):
    """The process dies after the deed and before its answer is kept: nothing of it stands, and the repeat does it."""
    (sku, text), _other = ground
    before = one.effect()
    real = idempotency._insert

    def breaks(*args):
        real(*args)
        raise failpoints.FailpointReached("after the key")

    monkeypatch.setattr(idempotency, "_insert", breaks)
    assert send(one, sku, text)[0] == 500
    monkeypatch.undo()
    assert (one.effect(), IdempotencyKey.objects.count()) == (before, 0)
    assert status_of(one, send(one, sku, text)) in (200, 201)
    assert one.effect() != before


@pytest.mark.parametrize("one", POSTS, ids=lambda one: one.path)
def test_control_without_the_key_the_answers_of_eight_differ(ground, one, monkeypatch):
    """Control: were the key not kept, the eight would act or find what another did, and say different things."""
    (sku, text), _other = ground
    monkeypatch.setattr(idempotency, "_insert", lambda *args: True)
    answers = Counter(outcome.value for outcome in storm(lambda number: send(one, sku, text), **FEW))
    assert len(answers) > 1


@pytest.mark.parametrize("name", ["intake.order_written", "intake.before_commit"])
def test_an_order_that_breaks_off_at_any_point_may_be_pushed_again(ground, name):
    one, ((sku, text), _other) = POSTS[0], ground
    before = one.effect()
    failpoints.arm(f"{name}=raise")
    try:
        assert send(one, sku, text)[0] == 500
    finally:
        failpoints.arm("")
    assert (one.effect(), IdempotencyKey.objects.count()) == (before, 0)
    assert send(one, sku, text)[0] == 201
