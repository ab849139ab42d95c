"""G8: no address that somebody writes into a link leads to another site, and no host of a request gets into a mail."""

import itertools
import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from seller_center import views
from shops import step_up
from tests.factories.accounts import code_of, make_authenticator, make_stale, verified_client
from tests.factories.shops import make_member, make_shop, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

HERE = "testserver"
EVIL = ("evil.example", "testserver.evil.example", "evil.example:443", "0x7f.1", "[::1]", "ev\u0131l.example")
#: How an address can say another host, so that a browser goes there. ``{}``: the host.
SHAPES = (
    "http://{}", "https://{}/x", "//{}", "///{}", "////{}/", "/\\{}", "\\/{}", "\\\\{}", "/\t/{}", "\t//{}", "/\n/{}",
    "\n//{}", " //{}", "\x00//{}", "\x1f//{}", "http:{}", "http:/{}", "http:///{}", "https:\\\\{}", "HTTP://{}",
    "hTtPs:/\\{}", "http://testserver@{}", "http://testserver:80@{}", "//testserver@{}", "http://{}#testserver",
    "http://{}?testserver", "http://{}/testserver", "http://{}\\@testserver/", "//{}%2f..", "//{}\u3002x", "/%09/{}",
    "/%5c{}", "//%5c{}", "/.//{}", "/..//{}", "//;@{}", "https://{}%00.testserver", "https://{}%0a.testserver",
    "///\\;@{}", "http://testserver.{}", "ftp://{}/x", "ws://{}/", "javascript://{}/%0aalert(1)", "x:{}", "//{}@", "http://{}:@{}",
    "\ufeff//{}", "\u2028//{}", "https:{}/x", "//{}/%2e%2e",
)  # fmt: skip
SCRIPTS = (
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "\tjavascript:alert(1)", "javascript&colon;alert(1)",
    "data:text/html,<script>alert(1)</script>", "vbscript:msgbox(1)", "file:///etc/passwd", "blob:http://evil.example/x",
    "mailto:x@evil.example",
)  # fmt: skip
PAYLOADS = tuple(
    dict.fromkeys((*(shape.replace("{}", host) for shape, host in itertools.product(SHAPES, EVIL)), *SCRIPTS))
)


def leads_to(location: str) -> str:
    """The host to which a browser goes from here (WHATWG URL): empty for this site, the scheme for one that is no web page."""
    text = re.sub(r"[\t\n\r]", "", location.strip("".join(map(chr, range(33))))).replace("\\", "/")
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*):", text)
    if scheme and scheme[1].lower() not in ("http", "https"):
        return scheme[1]
    if scheme:
        rest = text[scheme.end() :]
        if not rest.startswith("//") and scheme[1].lower() == "http":
            return "" if not rest.startswith("//") and not rest.startswith("/") else _host(rest)
        return _host(rest)
    return _host(text) if text.startswith("//") else ""


def _host(text: str) -> str:
    host = re.split(r"[/?#]", text.lstrip("/"), maxsplit=1)[0].rpartition("@")[2]
    return "" if host in (HERE, f"{HERE}:80") else host


def test_the_judge_knows_where_a_browser_goes():
    for location, host in (
        ("/account/", ""),
        ("http://testserver/x", ""),
        ("?next=//evil.example", ""),
        ("//evil.example", "evil.example"),
        ("/\\evil.example", "evil.example"),
        ("\t/\n/evil.example", "evil.example"),
        ("http://testserver@evil.example/", "evil.example"),
        ("https:evil.example", "evil.example"),
        ("JavaScript:alert(1)", "JavaScript"),
    ):
        assert leads_to(location) == host, location
    assert len(PAYLOADS) >= 300


class Doors:
    """Every way by which an address in a link or form becomes the place where one goes on."""

    def __init__(self, user) -> None:
        self.user, self.client = user, verified_client(user)
        self.anybody = Client()

    def after_log_in(self, target: str):
        """Whoever is logged in already goes on at once."""
        return self.client.get("/account/login/", {"next": target})

    def after_sign_up(self, target: str):
        return self.client.get("/account/signup/", {"next": target})

    def after_the_theme(self, target: str):
        """Light or dark leads back to the page one says one came from."""
        return self.anybody.post(reverse("theme"), {"theme": "dark"}, headers={"Referer": _printable(target)})

    def after_the_question(self, target: str):
        """The second factor was given a moment ago."""
        return self.client.get("/account/security/check/", {"next": target})

    def from_a_page(self, target: str):
        """The page somebody says they came from, when a deed asks for the factor."""
        return self.client.get(
            "/account/email/", headers={"HX-Request": "true", "HX-Current-URL": _printable(target), "Referer": "/"}
        )

    @property
    def all(self) -> dict:
        return {name: getattr(self, name) for name in dir(self) if name.startswith(("after", "from"))}


def _printable(text: str) -> str:
    """As much of it as a header can hold."""
    return text.encode("latin-1", "ignore").decode("latin-1").replace("\n", "").replace("\r", "").replace("\x00", "")


def off_site(doors: Doors, targets=PAYLOADS) -> tuple[int, list[tuple]]:
    probes, led = 0, []
    for target, (name, door) in itertools.product(targets, doors.all.items()):
        answer = door(target)
        probes += 1
        places = [answer.headers.get(header, "") for header in ("Location", "HX-Redirect", "HX-Location", "Refresh")]
        if answer.status_code >= 500 or any(leads_to(place) for place in places):
            led.append((name, target, answer.status_code, places))
    return probes, led


def test_no_address_in_a_link_leads_to_another_site():
    doors = Doors(make_user(password=None))
    probes, led = off_site(doors)
    assert led == []
    print(f"{probes} probes")
    assert probes >= 1_500


def test_addresses_of_our_own_are_followed():
    """The other side (R4)."""
    doors = Doors(make_user(password=None))
    for door in (doors.after_log_in, doors.after_sign_up, doors.after_the_theme):
        assert door("/account/email/")["Location"] == "/account/email/", door


def test_a_code_that_is_given_leads_to_no_other_site():
    """The step that is posted: one payload of each shape."""
    user = make_user(password=None)
    device = make_authenticator(user)
    client = make_stale(verified_client(user))
    answer = client.post("/account/security/check/", {"code": code_of(device), "next": PAYLOADS[0]})
    assert answer["Location"] == "/"


def test_control_without_the_question_for_the_host_they_lead_away(monkeypatch):
    monkeypatch.setattr(views, "url_has_allowed_host_and_scheme", lambda *args, **options: True)
    monkeypatch.setattr(step_up, "_is_ours", lambda request, target: True)
    _probes, led = off_site(Doors(make_user(password=None)), PAYLOADS[::6])
    assert len([one for one in led if one[0] == "after_the_theme"]) >= 25


# -- the host of a request --------------------------------------------------------------------------------------------

POISONS = (
    {"host": "evil.example"},
    {"host": "evil.example:8000"},
    {"host": "evil.example."},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Host": "evil.example", "X-Forwarded-Server": "evil.example", "X-HTTP-Host-Override": "evil.example"},
    {"Forwarded": "host=evil.example;proto=https", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "444"},
    {"Referer": "https://evil.example/", "Origin": "https://evil.example", "X-Original-URL": "https://evil.example/"},
)


@pytest.fixture
def senders():
    """What makes a mail go out: (who asks, address, what is posted)."""
    shop = make_shop("ACME")
    owner = make_member(shop, "owner", user=make_user("owner@example.com", password=None))
    inviting = verified_client(owner)
    return lambda number: (
        (Client(), "/account/login/code/", {"contact": f"nobody{number}@example.com"}),
        (Client(), "/account/password/reset/", {"email": f"nobody{number}@example.com"}),
        (Client(), "/account/signup/", {"contact": f"new{number}@example.com", "password1": "long words of mine"}),
        (inviting, f"/s/{shop.code}/team/invitations/new/", {"email": f"help{number}@example.com", "role": _role()}),
    )


def _role() -> int:
    from shops.reference import preset_role

    return preset_role("packing").pk


def poisoned(senders) -> tuple[int, list[str]]:
    """How many mails were sent, and those that hold the host of the request."""
    from seller_center import reactions
    from seller_center.kernel import clock

    mail.outbox = []
    for number, headers in enumerate(POISONS):
        for client, path, data in senders(number):
            client.post(path, data, headers=headers)
    reactions.deliver_all(clock.now())
    said = [f"{one.subject}\n{one.body}\n{one.alternatives}\n{one.extra_headers}" for one in mail.outbox]
    return len(said), [text for text in said if "evil.example" in text]


def test_no_host_of_a_request_gets_into_a_mail(senders, settings):
    """Even where every host is allowed, links begin with the address of the installation."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.ACCOUNT_RATE_LIMITS = False
    sent, found = poisoned(senders)
    assert found == []
    assert sent >= 24
    assert sum(settings.PUBLIC_URL in f"{one.body}" for one in mail.outbox) >= 12


def test_an_unknown_host_is_refused(settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client(raise_request_exception=False)
    for headers in POISONS[:3]:
        assert client.get("/account/login/", headers=headers).status_code == 400
    assert client.get("/account/login/").status_code == 200


def test_control_a_mail_that_held_the_host_is_found_without_the_setting(senders, settings):
    settings.ALLOWED_HOSTS, settings.ACCOUNT_RATE_LIMITS = ["*"], False
    settings.PUBLIC_URL = "https://evil.example"
    _sent, found = poisoned(senders)
    assert len(found) >= 12
