"""Log-in with TikTok against a provider that lies, fails and is slow (reliability.md G6)."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.tiktok.views import TikTokOAuth2Adapter
from django.core import mail
from django.test import Client

from seller_center.kernel import http
from shops.models import ShopEvent, User
from tests.factories.accounts import code_of, mailed_code, make_authenticator
from tests.factories.shops import PASSWORD, make_member, make_user
from tests.faultkit.proxy import Proxy

pytestmark = pytest.mark.django_db

START, BACK, SIGNUP = "/account/tiktok/login/", "/account/tiktok/login/callback/", "/account/3rdparty/signup/"
CONFIRM = "/account/confirm-email/"


class Provider:
    """What the false TikTok answers; ``codes`` are good once."""

    def __init__(self) -> None:
        self.codes = {"good": "person-1"}
        self.more: dict[str, str] = {}
        self.fails = ""
        self.asked: list[str] = []


@pytest.fixture
def provider(monkeypatch, settings):
    state = Provider()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args) -> None:
            pass

        def answer(self, status: int, body: dict) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            state.asked.append("token")
            person = state.codes.pop(form["code"][0], "")
            if state.fails == "token" or not person or not form.get("code_verifier"):
                return self.answer(400, {"error": "invalid_grant"})
            return self.answer(200, {"access_token": person, "expires_in": 3600, "open_id": person})

        def do_GET(self) -> None:
            state.asked.append("profile")
            if state.fails == "profile":
                return self.answer(500, {})
            person = self.headers["Authorization"].removeprefix("Bearer ")
            told = {"open_id": person, "display_name": "Owner One", "username": "owner.one", **state.more}
            return self.answer(200, {"data": {"user": told}})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(TikTokOAuth2Adapter, "access_token_url", f"{address}/token/")
    monkeypatch.setattr(TikTokOAuth2Adapter, "profile_url", f"{address}/profile/")
    app = {"client_id": "key", "secret": "secret"}
    settings.SOCIALACCOUNT_PROVIDERS = {"tiktok": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    yield state
    server.shutdown()
    server.server_close()


def is_in(client: Client) -> bool:
    return client.get("/account/security/").status_code == 200


def begin(client: Client, query: str = "") -> str:
    """Go to TikTok; returns the state that must come back."""
    page = client.get(START + query).content.decode()
    link = page.split('href="https://www.tiktok.com/')[1].split('"')[0].replace("&amp;", "&")
    assert parse_qs(urlsplit(link).query)["code_challenge_method"] == ["S256"]
    return parse_qs(urlsplit(link).query)["state"][0]


def come_back(client: Client, state: str, code: str = "good"):
    return client.get(BACK, {"state": state, "code": code})


def sign_up(client: Client, email: str = "tok@example.com") -> User:
    assert come_back(client, begin(client))["Location"] == SIGNUP
    client.post(SIGNUP, {"email": email})
    client.post(CONFIRM, {"code": mailed_code(email)})
    return User.objects.get(email=email)


def test_it_is_hidden_until_configured(client, settings):
    settings.SOCIALACCOUNT_PROVIDERS = {"tiktok": {"APPS": []}}
    assert client.get(START).status_code == 404
    assert client.get(BACK).status_code == 404
    for page in ("/", "/account/login/", "/account/signup/"):
        assert b"TikTok" not in client.get(page).content


def test_it_is_offered_once_configured(client, provider):
    for page in ("/", "/account/login/", "/account/signup/"):
        assert b"Log in with TikTok" in client.get(page).content


def test_it_asks_for_an_address_and_confirms_it(client, provider):
    user = sign_up(client)
    assert is_in(client)
    assert SocialAccount.objects.get(user=user).uid == "person-1"
    assert not user.has_usable_password()
    client.post("/account/logout/")
    provider.codes["again"] = "person-1"
    come_back(client, begin(client), "again")
    assert is_in(client)


def test_it_lets_nobody_in_before_the_address_is_confirmed(client, provider):
    come_back(client, begin(client))
    client.post(SIGNUP, {"email": "tok@example.com"})
    assert not is_in(client)
    client.get("/account/3rdparty/signup/")
    assert not is_in(client)


def test_it_asks_for_the_second_factor(client, provider):
    device = make_authenticator(sign_up(client))
    client.post("/account/logout/")
    provider.codes["again"] = "person-1"
    assert come_back(client, begin(client), "again")["Location"] == "/account/second-factor/"
    assert not is_in(client)
    client.post("/account/second-factor/", {"code": code_of(device)})
    assert is_in(client)


@pytest.mark.parametrize(
    "claims", [{"email": "victim@example.com"}, {"email": "victim@example.com", "email_verified": "true"}]
)
def test_it_believes_no_address_of_the_provider(client, provider, claims):
    make_user("victim@example.com", name="Owner One")
    provider.more = claims
    assert come_back(client, begin(client))["Location"] == SIGNUP
    assert b"victim@example.com" not in client.get(SIGNUP).content
    assert not is_in(client)


def test_it_links_nothing_by_an_address_that_is_typed(client, provider):
    victim = make_user("victim@example.com")
    come_back(client, begin(client))
    client.post(SIGNUP, {"email": "victim@example.com"})
    assert not is_in(client)
    assert not SocialAccount.objects.filter(user=victim).exists()
    assert "already" in mail.outbox[-1].body


def test_it_links_nothing_by_name(client, provider):
    make_user("victim@example.com", name="Owner One")
    sign_up(client)
    assert SocialAccount.objects.get().user.email == "tok@example.com"


@pytest.mark.parametrize("state", ["", "forged", None])
def test_it_refuses_a_state_that_is_not_ours(client, provider, state):
    begin(client)
    answer = client.get(BACK, {"code": "good"} if state is None else {"code": "good", "state": state})
    assert b"did not work" in answer.content
    assert provider.asked == []


def test_it_refuses_a_state_of_another_browser(client, provider):
    """Log-in CSRF: the attacker's code and state in the victim's browser."""
    attacker = Client()
    state = begin(attacker)
    assert b"did not work" in come_back(client, state).content
    assert not is_in(client)


def test_it_takes_a_state_once(client, provider):
    state = begin(client)
    come_back(client, state)
    provider.codes["second"] = "person-2"
    assert b"did not work" in come_back(client, state, "second").content


def test_it_takes_a_code_once(client, provider):
    sign_up(client)
    client.post("/account/logout/")
    assert b"did not work" in come_back(client, begin(client)).content
    assert not is_in(client)


@pytest.mark.parametrize("part", ["token", "profile"])
def test_it_survives_a_provider_that_fails(client, provider, part):
    provider.fails = part
    answer = come_back(client, begin(client))
    assert b"did not work" in answer.content
    assert not is_in(client)


@pytest.fixture
def way_to_tiktok(provider, monkeypatch):
    """A line to the false TikTok that can be broken."""
    proxy = Proxy(("127.0.0.1", urlsplit(TikTokOAuth2Adapter.access_token_url).port))
    for name in ("access_token_url", "profile_url"):
        path = urlsplit(getattr(TikTokOAuth2Adapter, name)).path
        monkeypatch.setattr(TikTokOAuth2Adapter, name, f"http://127.0.0.1:{proxy.port}{path}")
    yield proxy
    proxy.close()


@pytest.mark.parametrize("fault", ["down", "black hole", "reset", "garbage", "slow"])
def test_a_broken_way_to_tiktok_costs_that_log_in_only_and_is_said(client, provider, way_to_tiktok, fault, monkeypatch):
    """Row TikTok of the resiliency matrix: a page with a way on, nobody is in, and it works again afterwards."""
    state = begin(client)
    with (
        {
            "down": way_to_tiktok.down,
            "black hole": lambda: way_to_tiktok.broken(black_hole=True),
            "reset": lambda: way_to_tiktok.broken(reset=True),
            "garbage": lambda: way_to_tiktok.broken(garbage=b"\0?!"),
            "slow": lambda: way_to_tiktok.broken(latency=1.0),
        }[fault](),
        monkeypatch.context() as patch,
    ):
        patch.setattr(http, "READ_SECONDS", 0.5)
        answer = come_back(client, state)
    assert b"did not work" in answer.content
    assert not User.objects.exists()
    assert not is_in(client)
    assert client.get("/account/login/").status_code == 200
    provider.codes["good"] = "person-1"  # where only the answer was lost, the code is spent
    sign_up(client)
    assert is_in(client)


def test_it_goes_back_quietly_when_the_person_refuses(client, provider):
    answer = client.get(BACK, {"state": begin(client), "error": "access_denied"}, follow=True)
    assert b"Nothing was changed" in answer.content


def test_it_connects_only_after_a_proof(client, provider, time_machine):
    import time

    user = make_user("owner@example.com")
    client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    time_machine.move_to(time.time() + 3600)
    assert client.get(f"{START}?process=connect")["Location"].startswith("/account/reauthenticate/")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    come_back(client, begin(client, "?process=connect"))
    assert SocialAccount.objects.get().user == user
    assert mail.outbox[-1].subject == "A TikTok account was connected"
    told = ShopEvent.objects.get(kind="account.login_connected")
    assert (told.by, told.shop.is_platform) == (user, True)


def test_what_is_connected_and_taken_away_stands_in_the_shops_of_the_person(client, provider, shop):
    user = make_member(shop, "owner", user=make_user("owner@example.com"))
    client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    come_back(client, begin(client, "?process=connect"))
    client.post("/account/3rdparty/", {"account": SocialAccount.objects.get().pk})
    assert not SocialAccount.objects.exists()
    told = ShopEvent.objects.filter(kind__startswith="account.login_").order_by("pk")
    assert [(one.kind, one.shop, one.by) for one in told] == [
        ("account.login_connected", shop, user),
        ("account.login_removed", shop, user),
    ]


def test_signing_up_by_tiktok_changes_no_account_that_there_was(client, provider):
    sign_up(client)
    assert not ShopEvent.objects.exists()


def test_it_takes_no_account_from_somebody_else(client, provider):
    owner = Client()
    sign_up(owner, "first@example.com")
    other = make_user("second@example.com")
    client.post("/account/login/", {"login": other.email, "password": PASSWORD})
    provider.codes["again"] = "person-1"
    come_back(client, begin(client, "?process=connect"), "again")
    assert SocialAccount.objects.get().user.email == "first@example.com"


def test_it_connects_nothing_for_a_stranger(client, provider):
    assert client.get(f"{START}?process=connect")["Location"] == "/account/login/"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_it_leads_to_no_other_site(client, provider, target):
    sign_up(client)
    client.post("/account/logout/")
    provider.codes["again"] = "person-1"
    assert come_back(client, begin(client, f"?next={target}"), "again")["Location"] == "/"


def test_it_sends_nobody_away_without_a_click(client, provider):
    answer = client.get(START)
    assert answer.status_code == 200
    assert b"http-equiv" not in answer.content
