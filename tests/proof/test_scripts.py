"""K1: what anybody writes is shown and never run, whatever it is, in whichever field, on every page.

The texts of both twins are written through the verbs, as attacks; then every text column that the application may write
is overwritten by more of them, and every page of seller, applicant, buyer and staff is read by a parser. A handful of
pages is opened in Chromium, with the policy and without it: there the escaping alone must hold.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.contrib.admin import site as plain_site
from django.contrib.staticfiles import finders
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from django.template import engines
from django.test import Client
from django.urls import reverse

from seller_center import admin_site
from tests import plugin
from tests.factories.shops import make_user
from tests.figures import at_figures
from tests.proof.payloads import PAYLOADS, Alive, filling
from tests.proof.probing import undone
from tests.proof.test_tenants import addresses, anonymous, client_of
from tests.proof.twins import Twin

pytestmark = pytest.mark.slow

LEAST_PAYLOADS = 120
LEAST_COLUMNS = 60
LEAST_PAGES = 150
#: Columns that programs read: their values are chosen, made or counted, never written by people.
MADE = (
    *("code", "slug", "status", "kind", "state", "currency", "email", "password", "username", "prefix", "digest"),
    *(
        "path",
        "sha256",
        "key",
        "token",
        "market_id",
        "country",
        "language",
        "zone",
        "timezone",
        "media_type",
        "carrier",
    ),
    *("tier", "channel", "provider", "topic", "reason", "audience", "funded_by", "phone", "session_key", "list_name"),
    *("query", "route", "task", "area", "step", "service", "business_type", "paper", "codename", "app_label", "model"),
    *("domain", "app", "last_four", "tax_id_last_four", "tax_id_kind", "account_type", "version", "agreement_version"),
    *("subject_kind", "subject_code", "source_kind", "source_code", "owner_kind", "buyer_key", "person_code", "seal"),
    *(
        "number",
        "number_index",
        "tax_id",
        "tax_id_index",
        "encoding",
        "separator",
        "shape",
        "check_job",
        "apply_job",
        "logo",
    ),
    *("external_number", "tracking_number", "channel_ref", "provider_ref", "decline_code", "event_kind", "group"),
)
LEFT_ALONE = (
    "django_",
    "pghistory_",
    "auth_",
    "otp_",
    "account_",
    "socialaccount_",
    "usersessions_",
    "shops_market",
    "shops_shopkey",
    "shops_datakey",
)
TEXT_COLUMNS = """
SELECT c.relname, a.attname, CASE WHEN a.atttypmod > 4 THEN a.atttypmod - 4 ELSE 12000 END
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
  AND a.atttypid IN ('text'::regtype, 'varchar'::regtype) AND a.attgenerated = ''
  AND has_column_privilege(c.oid, a.attnum, 'UPDATE') AND NOT a.attname = ANY(%s)
ORDER BY 1, 2
"""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def plant(turn: int, *, but: tuple[str, ...] = (), words: str = "") -> int:
    """Write payloads (or ``words``) over every text column that holds anything; returns how many columns took them."""
    with connection.cursor() as cursor:
        cursor.execute(TEXT_COLUMNS, [[*MADE, *but]])
        columns = [
            one for one in cursor.fetchall() if not one[0].startswith(LEFT_ALONE) and not one[0].endswith("event")
        ]
        planted = 0
        for place, (table, column, room) in enumerate(columns):
            text = words[:room] or filling((turn * len(PAYLOADS) // 3 + place * 7) % len(PAYLOADS), room)
            if not text:
                continue
            try:
                with transaction.atomic():
                    cursor.execute(f'UPDATE "{table}" SET "{column}" = %s WHERE "{column}" IS NOT NULL', [text])
                    written = cursor.rowcount
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            except DatabaseError:
                continue  # a constraint says what may stand there
            planted += written > 0
        return planted


@dataclass(frozen=True)
class Page:
    """An answer to somebody."""

    who: str
    path: str
    answer: HttpResponse

    @property
    def is_html(self) -> bool:
        return self.answer.headers.get("Content-Type", "").startswith("text/html")

    @property
    def text(self) -> str:
        return self.answer.content.decode()


def askers(twin: Twin) -> dict[str, tuple[Client, list[str]]]:
    """Everybody who sees something of this twin, and the paths of what they see."""
    boss = make_user(name="Boss", is_staff=True, is_superuser=True)
    where = {
        "owner": (client_of(twin.people["owner"]), addresses("s/<str:shop>/")),
        "applicant": (client_of(twin.applicant), addresses("s/<str:shop>/application/")),
        "buyer": (anonymous(), addresses("shop/<str:slug>/")),
    }
    found = {who: (client, [one.path(one.of(twin)) for one in some]) for who, (client, some) in where.items()}
    found["owner"][1].extend(f"/s/{twin.shop.code}/search/?q={word}" for word in ("xss", "script", "%3Cxss-a%3E"))
    found["buyer"][1].append(f"/shop/{twin.shop.slug}/?q=%22%3E%3Cxss-a%3E")
    found["staff"] = (client_of(boss), list(admin_paths()))
    return found


def admin_paths() -> Iterator[str]:
    """The list and the newest row of every model that staff may see."""
    site = getattr(admin_site, "site", plain_site)
    for model in (one for one in apps.get_models() if one in site._registry):
        name = f"{site.name}:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        newest = model._default_manager.order_by("-pk").first()
        if newest is not None:
            yield reverse(f"{name}_change", args=[newest.pk])


def read_all(twin: Twin) -> list[Page]:
    """Every page of everybody who sees something of this twin."""
    return [Page(who, path, client.get(path)) for who, (client, paths) in askers(twin).items() for path in paths]


def alive_on(pages: list[Page]) -> list[tuple]:
    """Where something came to life, and answers that are no answer."""
    found = [(page.who, page.path, alive) for page in pages if page.is_html and (alive := Alive(page.text).found[:2])]
    return found + [(page.who, page.path, page.answer.status_code) for page in pages if page.answer.status_code >= 500]


@at_figures("turns", 1, deep=9)
def test_no_text_comes_to_life_on_any_page(twins, figure, turns):
    own, _other = twins
    assert len(set(PAYLOADS)) >= LEAST_PAYLOADS
    pages: list[Page] = []
    for turn in range(turns):
        with undone():
            columns = plant(turn)
            pages += read_all(own)
        assert columns >= LEAST_COLUMNS
    assert alive_on(pages) == []
    html = [page for page in pages if page.is_html and page.answer.status_code == 200]
    assert sum("xss" in page.text for page in html) >= len(html) // 2, "what was written is shown"
    figure("K1", "columns written over", columns)
    figure("K1", "pages read", len(html))
    assert len(html) >= LEAST_PAGES * turns


def test_control_without_escaping_the_texts_would_come_to_life(twins, monkeypatch):
    own, _other = twins
    monkeypatch.setattr(engines["django"].engine, "autoescape", False)
    with undone():
        plant(0)
        client, paths = askers(own)["owner"]
        pages = [Page("owner", path, client.get(path)) for path in paths[::4]]
    assert len(alive_on(pages)) >= 10


def test_control_every_payload_that_is_markup_would_be_seen():
    """The parser finds what it must find: in text, in an attribute, in a script."""
    markup = [one for one in PAYLOADS if "<" in one]
    seen = [one for one in markup if Alive(f"<p>{one}</p>").found or Alive(f'<p title="{one}">').found]
    assert len(seen) >= len(markup) * 9 // 10
    assert Alive("<a href=' java\tscript:xss(1)'>").found
    assert Alive("<script>var a = ''; xss(1)</script>").found
    assert not Alive('<script type="application/json">"xss(1)"</script><p title="xss(1)">xss(1)</p>').found


# -- Chromium ---------------------------------------------------------------------------------------------------------

SITE = "http://site.example"
LISTEN = (
    "document.addEventListener('securitypolicyviolation', (e) => reported(e.violatedDirective + ' ' + e.sourceFile))"
)
#: Pages with the most written by others: lists, details, conversations, what buyers see.
SHOWN = ("/orders/", "/products/", "/returns/", "/support/", "/marketing/", "/team/", "/home/", "/settings/")


class Window:
    """A browser that is given what the test client got, so that nothing is committed or sent anywhere."""

    def __init__(self, chromium, *, policy: bool) -> None:
        self.ran, self.shown, self.reports, self.policy = 0, 0, [], policy
        self.path, self.answer = "", HttpResponse()
        self.page = chromium.new_page()
        self.page.on("dialog", lambda dialog: (self._run(), dialog.dismiss()))
        self.page.expose_function("xss", self._run)
        self.page.expose_function("reported", lambda told: self.reports.append(told))
        self.page.add_init_script(LISTEN)
        self.page.route("**/*", self._fulfill)

    def _run(self, *_args) -> None:
        self.ran += 1

    def _fulfill(self, route) -> None:
        """The page that was asked for, and what lies in files; nothing else is there."""
        parts = urlsplit(route.request.url)
        file = finders.find(parts.path.removeprefix("/static/")) if parts.path.startswith("/static/") else None
        if file:
            route.fulfill(path=file)
        elif route.request.url == SITE + self.path:
            names = ("Content-Type", "Content-Security-Policy") if self.policy else ("Content-Type",)
            headers = {name: self.answer.headers[name] for name in names if name in self.answer.headers}
            route.fulfill(status=self.answer.status_code, headers=headers, body=self.answer.content)
        else:
            route.abort()

    def open(self, client: Client, path: str) -> None:
        answer = client.get(path)
        assert answer.status_code == 200, path
        self.show(path, answer)

    def show(self, path: str, answer: HttpResponse) -> None:
        self.path, self.answer = path, answer
        self.page.goto(SITE + path, wait_until="load")
        self.shown += "xss" in self.page.content()
        for _step in range(3):
            self.page.keyboard.press("Tab")  # what runs when it is focused
        self.page.mouse.move(300, 300)


@pytest.fixture(scope="module", autouse=True)
def browser_first(request: pytest.FixtureRequest) -> None:
    """Before the twins are built: once a browser's driver runs, Django keeps other connections than before."""
    if plugin.chromium():
        request.getfixturevalue("chromium")


@pytest.fixture(scope="module")
def shown(twins) -> list[tuple[str, str]]:
    """(who, path) of the pages of seller, applicant and buyer that hold what others have written."""
    logging.disable(logging.CRITICAL)
    with undone():
        everybody = {who: one for who, one in askers(twins[0]).items() if who != "staff"}
        pages = [
            Page(who, path, client.get(path))
            for who, (client, paths) in everybody.items()
            for path in paths
            if who != "owner" or any(word in path for word in SHOWN)
        ]
    return [(page.who, page.path) for page in pages if page.is_html and page.answer.status_code == 200]


def walk(window: Window, twin: Twin, pages: list[tuple[str, str]]) -> int:
    clients = {who: client for who, (client, _paths) in askers(twin).items()}
    for who, path in pages:
        window.open(clients[who], path)
    window.page.close()
    return len(pages)


@pytest.mark.browser
@at_figures("every", 7, deep=1)
def test_chromium_runs_nothing_with_the_policy_and_nothing_without_it(twins, shown, chromium, figure, every):
    own, _other = twins
    with undone():
        plant(1)
        strict, bare = Window(chromium, policy=True), Window(chromium, policy=False)
        opened = walk(strict, own, shown[::every]) + walk(bare, own, shown[::every])
    assert (strict.ran, strict.reports) == (0, [])
    assert bare.ran == 0
    assert strict.shown + bare.shown >= opened // 2
    figure("K1", "pages in Chromium", opened)
    assert opened >= 12


@pytest.mark.browser
def test_control_chromium_would_run_the_payloads_where_they_stand_bare(chromium):
    """The same windows over a page that escapes nothing: one runs them, the other's policy stops and reports them."""
    page = HttpResponse(f"<body><p>{filling(0, 20_000)}</p>", headers={"Content-Security-Policy": "default-src 'self'"})
    strict, bare = Window(chromium, policy=True), Window(chromium, policy=False)
    for window in (strict, bare):
        window.show("/bare/", page)
        window.page.close()
    assert bare.ran > 0
    assert strict.ran == 0
    assert strict.reports
