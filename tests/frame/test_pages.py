"""Appearance, the installable app, the style guide and the error pages."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import RequestFactory
from django.test.signals import template_rendered

from seller_center import error_pages, frame_html, views

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.frame.urls")]


@pytest.fixture
def browser(client):
    """A client that gets error pages as people do."""
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_remembers_the_theme_and_goes_back(client, theme):
    answer = client.post("/theme/", {"theme": theme}, headers={"referer": "http://testserver/account/login/?next=/"})
    assert answer.cookies["theme"].value == theme
    assert answer["Location"] == "http://testserver/account/login/?next=/"
    assert f'data-bs-theme="{theme}"' in client.get("/styleguide/").content.decode()


def test_it_forgets_the_theme(client):
    client.cookies["theme"] = "dark"
    answer = client.post("/theme/", {"theme": ""})
    assert answer.cookies["theme"].value == ""


def test_it_does_not_send_people_elsewhere(client):
    answer = client.post("/theme/", {"theme": "dark"}, headers={"referer": "https://evil.example.org/"})
    assert answer["Location"] == "/"


def test_it_can_be_installed(client):
    answer = client.get("/manifest.webmanifest")
    manifest = json.loads(answer.content)
    assert answer["Content-Type"] == "application/manifest+json"
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    assert all(finders.find(icon["src"].removeprefix("/static/")) for icon in manifest["icons"])


def test_it_keeps_only_what_exists_and_nothing_private_for_offline(client):
    script = client.get("/service-worker.js").content.decode()
    kept = re.findall(r'^\s+"(/[^"]+)",$', script, re.MULTILINE)
    assert len(kept) >= 6
    assert all(finders.find(path.removeprefix("/static/")) for path in kept)


def test_it_shows_the_same_offline_page_to_everybody(client, owner):
    before = client.get("/offline/").content
    client.force_login(owner, backend="shops.backends.People")
    assert client.get("/offline/").content == before


def test_it_shows_the_style_guide(client):
    html = client.get("/styleguide/").content.decode()
    assert "Mark as shipped" in html
    assert client.get("/styleguide/storefront/").status_code == 200


def test_it_hides_the_style_guide_in_production_from_all_but_staff(client, owner, reviewer, settings):
    settings.LOCAL = settings.DEBUG = False
    for user in (None, owner):
        if user:
            client.force_login(user, backend="shops.backends.People")
        assert client.get("/styleguide/").status_code == 404
        assert client.get("/styleguide/storefront/").status_code == 404
    request = RequestFactory().get("/styleguide/")
    request.user = reviewer
    assert views.styleguide(request).status_code == 200


#: Templates that belong to one place and are seen there: the parts of a list, the number of an error, looking as staff.
ELSEWHERE = {"request_id", "staff_view", "list", "list_body", "list_row", "keys"}


def test_the_style_guide_shows_every_component_through_its_own_template(client):
    """A component that is written anew and not shown there is noticed."""
    seen: set[str] = set()

    def note(signal, sender, template, **more) -> None:
        seen.add(template.name)

    frame_html._component.cache_clear()  # what is remembered is not rendered again
    template_rendered.connect(note)
    try:
        for path in ("/styleguide/", "/styleguide/storefront/"):
            assert client.get(path).status_code == 200
    finally:
        template_rendered.disconnect(note)
    folder = Path(settings.BASE_DIR, "templates", "components")
    there = {path.stem for path in folder.glob("*.html")} - ELSEWHERE
    shown = {name.removeprefix("components/").removesuffix(".html") for name in seen if name.startswith("components/")}
    assert len(there) > 20
    assert there - shown == set()


def test_it_names_the_cache_after_the_page_in_it(client, monkeypatch):
    """Else a changed offline page would stay the old one for ever."""

    def name() -> str:
        return re.search(r'CACHE = "(offline-\w+)"', client.get("/service-worker.js").content.decode())[1]

    before = name()
    assert name() == before
    monkeypatch.setattr(views, "render_to_string", lambda *_args, **_more: "another page")
    assert name() != before


def test_it_breaks_without_telling_how(browser):
    answer = browser.get("/fails/")
    html = answer.content.decode()
    assert answer.status_code == 500
    assert "Something broke on our side" in html
    assert "secret of the house" not in html
    assert "Traceback" not in html
    number = re.search(r"<code>([0-9a-f-]{36})</code>", html)
    assert number, "the page does not say under which number the log knows it"


def test_it_answers_programs_in_json(browser):
    answer = browser.get("/api/fails/")
    assert answer.status_code == 500
    assert answer.json()["message"] == error_pages.WORDS[500]
    assert answer.json()["request_id"]


def test_it_asks_to_come_back_when_the_database_does_not_answer(browser):
    answer = browser.get("/database-gone/")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "server closed" not in answer.content.decode()


def test_it_says_what_is_not_there(browser, owner):
    browser.force_login(owner, backend="shops.backends.People")
    answer = browser.get("/nothing/")
    assert answer.status_code == 404
    assert b"There is nothing here" in answer.content


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/shop/mugs/p/gone/", "/shop/mugs/"),
        ("/shop/mugs/orders/half-a-lin/", "/shop/mugs/"),
        ("/shop/none/", "/shop/"),
        ('/shop/"x/p/', "/shop/%22x/"),
    ],
)
def test_it_leads_buyers_back_to_where_they_buy(rf, path, leads_to):
    page = error_pages.not_found(rf.get(path), Exception()).content.decode()
    assert f'href="{leads_to}"' in page
    assert "member of" not in page, "buyers are members of no shop"
    assert "member of" in error_pages.not_found(rf.get("/s/XYZ/"), Exception()).content.decode()


def test_it_gives_a_refused_method_a_page(browser):
    answer = browser.get("/deed/")
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert b"takes no such request" in answer.content


def test_it_refuses_what_is_too_large(browser, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = browser.post("/reads-body/", {"text": "x" * 200}, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (400, 413)
    answer = browser.post("/reads-body/", "text=" + "x" * 200, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert b"too large" in answer.content


def test_it_explains_a_form_that_grew_old(settings):
    from django.test import Client

    answer = Client(enforce_csrf_checks=True).post("/deed/")
    assert answer.status_code == 403
    assert b"too old" in answer.content


@pytest.mark.parametrize("status", sorted(error_pages.WORDS))
def test_it_has_a_page_for_every_status(rf, status):
    answer = error_pages.error_page(rf.get("/"), status)
    assert answer.status_code == status
    assert str(status).encode() in answer.content
    assert error_pages.error_page(rf.get("/api/v1/orders"), status).headers["Content-Type"] == "application/json"
