"""The partner API of the catalog."""

import pytest

from catalog import stock
from catalog.models import StockMovement
from shops import api_keys
from tests.factories.catalog import item_of, make_choices, make_product, sku_of

pytestmark = pytest.mark.django_db
SCOPES = ["products:read", "products:write"]


@pytest.fixture(autouse=True)
def moment(at, monkeypatch):
    monkeypatch.setattr("seller_center.kernel.clock.now", lambda: at)


def call(client, method: str, path: str, secret: str, body=None, key: str = "k1"):
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key}
    more = {"data": body, "content_type": "application/json"} if body is not None else {}
    return getattr(client, method)(f"/api/v1/{path}", headers=headers, **more)


@pytest.fixture
def secret(shop, owner, at):
    return api_keys.create(shop=shop, name="Warehouse", scopes=SCOPES, by=owner, at=at)[1]


def test_it_lists_and_reads_products_with_their_skus(client, shop, other_shop, secret):
    board = make_choices(shop, {"Size": ["S", "M"]}, name="Board", on_hand=3)
    make_product(shop, name="Cup", status="draft")
    foreign = make_product(other_shop, name="Foreign")
    rows = call(client, "get", "products", secret).json()["products"]
    assert [row["name"] for row in rows] == ["Cup", "Board"]
    assert [row["name"] for row in call(client, "get", "products?status=live&q=boa", secret).json()["products"]] == [
        "Board"
    ]
    told = call(client, "get", f"products/{board.code}", secret).json()
    assert [(sku["options"], sku["available"]) for sku in told["skus"]] == [({"Size": "S"}, 3), ({"Size": "M"}, 3)]
    assert "cost_minor" not in told["skus"][0]
    assert call(client, "get", f"products/{foreign.code}", secret).status_code == 404


def test_it_pages_to_the_end(client, shop, secret):
    codes = {make_product(shop).code for _ in range(5)}
    seen, cursor = set(), ""
    while True:
        page = call(client, "get", f"products?limit=2&cursor={cursor}", secret).json()
        seen |= {row["code"] for row in page["products"]}
        cursor = page["next"]
        if not cursor:
            break
    assert seen == codes


def test_it_sets_stock_once_for_each_key(client, shop, secret):
    sku = sku_of(make_product(shop, on_hand=10, code="A/1 x"))
    body = {"sku": "A/1 x", "on_hand": 4}
    for _repeat in range(3):
        answer = call(client, "put", "stock", secret, body)
        assert (answer.status_code, answer.json()) == (200, {"sku": "A/1 x", "before": 10, "after": 4})
    assert StockMovement.objects.filter(sku=sku, reference="API").count() == 1
    assert call(client, "put", "stock", secret, {**body, "on_hand": 5}).status_code == 422  # the same key, another body
    assert call(client, "put", "stock", secret, {**body, "on_hand": 5}, key="k2").status_code == 200
    assert item_of(sku).on_hand == 5
    levels = call(client, "get", "stock?sku=A/1 x", secret).json()["levels"]
    assert levels == [{"sku": "A/1 x", "on_hand": 5, "reserved": 0, "locked": 0, "available": 5}]


def test_it_refuses_with_the_sentences_of_the_screen(client, shop, other_shop, secret, at):
    sku = sku_of(make_product(shop, on_hand=10))
    stock.reserve(shop=shop, wants={sku.pk: 4}, subject_kind="order", subject_code="A", until=None, at=at)
    answer = call(client, "put", "stock", secret, {"sku": sku.code, "on_hand": 3})
    assert (answer.status_code, answer.json()["code"]) == (409, "below_promised")
    assert "4 units" in answer.json()["message"]
    foreign = sku_of(make_product(other_shop, code="FOREIGN"))
    assert call(client, "put", "stock", secret, {"sku": "FOREIGN", "on_hand": 3}, key="k2").status_code == 404
    assert item_of(foreign).on_hand == 10
    for bad in (-1, 10**7, "x", None):
        assert call(client, "put", "stock", secret, {"sku": sku.code, "on_hand": bad}, key="k3").status_code == 422
    assert call(client, "put", "stock", secret, {"sku": sku.code, "on_hand": 5}, key="").status_code == 422


def test_it_asks_for_a_key_with_the_right_scope(client, shop, owner, at, secret):
    assert client.get("/api/v1/products").status_code == 401
    assert call(client, "get", "products", "sc_X_nonsense").status_code == 401
    reader = api_keys.create(shop=shop, name="Reader", scopes=["products:read"], by=owner, at=at)[1]
    assert call(client, "get", "stock", reader).status_code == 200
    assert call(client, "put", "stock", reader, {"sku": "A", "on_hand": 1}).status_code == 403
    orders = api_keys.create(shop=shop, name="Orders", scopes=["orders:read"], by=owner, at=at)[1]
    assert call(client, "get", "products", orders).status_code == 403
