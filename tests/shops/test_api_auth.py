"""API keys at the door: no key, wrong key, wrong scope, foreign shop, revoked."""

import pytest
from ninja import NinjaAPI, Router
from ninja.testing import TestClient

from seller_center.api import api
from shops import api_keys
from shops.api_auth import ApiKeyAuth, scope_of
from shops.models import ApiKey, Shop

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def door():
    """A small API of its own behind the same auth and the same refusals."""
    router = Router()

    @router.get("/mine", auth=ApiKeyAuth("orders:read"))
    def mine(request):
        return {"shop": request.shop.code, "key": request.api_key.name}

    small = NinjaAPI(urls_namespace="test_api_auth")
    small._exception_handlers = api._exception_handlers
    small.add_router("", router)
    return TestClient(small)


def ask(door, text):
    return door.get("/mine", headers={"Authorization": f"Bearer {text}"} if text is not None else {})


def test_a_key_opens_its_own_shop(door, shop, owner, at):
    key, text = api_keys.create(shop=shop, name="Till", scopes=["orders:read"], by=owner, at=at)
    answer = ask(door, text)
    assert (answer.status_code, answer.json()) == (200, {"shop": "ACME", "key": "Till"})
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert text.split("_", 2)[2] not in repr(ApiKey.objects.values().get())


@pytest.mark.parametrize("harm", ["none", "empty", "word", "prefix", "secret", "cut", "revoked"])
def test_anything_else_is_401(door, shop, owner, at, harm):
    key, text = api_keys.create(shop=shop, name="Till", scopes=["orders:read"], by=owner, at=at)
    if harm == "revoked":
        api_keys.revoke(key=key, by=owner, at=at)
    wrong = {
        "none": None,
        "empty": "",
        "word": "password",
        "prefix": text.replace(key.prefix, "AAAAAAAAAA"),
        "secret": text[:-1] + ("a" if text[-1] != "a" else "b"),
        "cut": text[:20],
        "revoked": text,
    }[harm]
    answer = ask(door, wrong)
    assert (answer.status_code, answer.json()["code"]) == (401, "no_key")


def test_a_key_without_the_scope_is_403(door, shop, owner, at):
    _key, text = api_keys.create(shop=shop, name="Till", scopes=["products:read"], by=owner, at=at)
    answer = ask(door, text)
    assert answer.status_code == 403
    assert "orders:read" in answer.json()["message"]


def test_a_key_of_a_shop_that_is_not_open_is_403(door, shop, owner, at):
    _key, text = api_keys.create(shop=shop, name="Till", scopes=["orders:read"], by=owner, at=at)
    Shop.objects.filter(pk=shop.pk).update(status="closed", approved_at=None)
    assert ask(door, text).status_code == 403


def test_secrets_with_underscores_work(shop, owner, at, monkeypatch):
    monkeypatch.setattr(api_keys.secrets, "token_urlsafe", lambda size: "a_b_-c" * 7)
    key, text = api_keys.create(shop=shop, name="Till", scopes=["orders:read"], by=owner, at=at)
    assert api_keys.find(text) == key


@pytest.mark.parametrize("scopes", [[], ["everything"], ["orders:read", "nothing"]])
def test_it_makes_no_key_without_known_scopes(shop, owner, at, scopes):
    with pytest.raises(api_keys.WrongScopes):
        api_keys.create(shop=shop, name="Till", scopes=scopes, by=owner, at=at)


def test_it_makes_twenty_keys_at_most(shop, owner, at):
    for number in range(20):
        api_keys.create(shop=shop, name=f"Key {number}", scopes=["orders:read"], by=owner, at=at)
    with pytest.raises(api_keys.TooManyKeys):
        api_keys.create(shop=shop, name="One more", scopes=["orders:read"], by=owner, at=at)


def test_every_route_of_the_api_asks_for_a_scope():
    """A route without a declared scope would be open to every key, or to everybody (DEC16)."""
    for _prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                assert scope_of(operation) in api_keys.SCOPES, path


def test_the_description_is_there_and_needs_no_log_in(client):
    assert client.get("/api/v1/openapi.json").status_code == 200
    assert client.get("/api/v1/docs").status_code in (302, 404)
