"""The frame: menu, counts, shops, and the memory of its finished parts."""

import datetime as dt

import pytest
from django.template import engines

from seller_center.frame import COUNT_CAP, COUNTS, Frame, counts_event
from seller_center.kernel import clock
from shops.models import Deadline, Notice
from tests.factories.shops import make_member, make_shop, membership

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.frame.urls")]

DASHBOARD = '{% extends "dashboard.html" %}{% load seller %}{% block title %}Here{% endblock %}'


@pytest.fixture
def visit(rf):
    """A request of a member on a page of a shop, as ``for_shop`` leaves it."""

    def make(shop, user, path: str = "orders/"):
        request = rf.get(f"/s/{shop.code}/{path}")
        request.user, request.shop, request.membership = user, shop, membership(shop, user)
        return request

    return make


def html_of(request, source: str = DASHBOARD, **context) -> str:
    """A dashboard page around nothing."""
    return engines["django"].from_string(source).render({"frame": Frame(request), **context}, request)


def keys(frame: Frame) -> list[str]:
    """The entries of the menu."""
    return [item.key for group in frame.menu for item in group]


def notify(shop, user, number: int = 1) -> None:
    Notice.objects.bulk_create(
        Notice(shop=shop, to=user, kind="test", title=f"Notice {n}", at=clock.now()) for n in range(number)
    )


def test_it_shows_only_what_exists(visit, shop, owner):
    assert keys(Frame(visit(shop, owner))) == ["orders", "finance", "settings"]


def test_it_shows_only_what_the_member_may_see(visit, shop, packer):
    frame = Frame(visit(shop, packer))
    seen = {key for key in ("orders", "finance", "settings") if membership(shop, packer).may(key, "view")}
    assert set(keys(frame)) == seen
    assert "finance" not in seen, "the packer sees everything: this test would prove nothing"


def test_it_shows_only_the_application_before_the_shop_is_opened(visit, shop, owner):
    shop.status = "applying"
    assert keys(Frame(visit(shop, owner))) in ([], ["application"])


def test_it_asks_the_database_once_for_everything(visit, shop, owner, django_assert_num_queries):
    notify(shop, owner, 3)
    request = visit(shop, owner)
    with django_assert_num_queries(1):
        html = html_of(request)
    assert ">3<" in html


def test_it_stops_counting_at_the_cap(visit, shop, owner):
    notify(shop, owner, COUNT_CAP)
    assert Frame(visit(shop, owner)).unread == str(COUNT_CAP)
    notify(shop, owner, 2)
    assert Frame(visit(shop, owner)).unread == f"{COUNT_CAP}+"


def test_it_counts_neither_what_was_read_nor_what_others_got(visit, shop, owner, packer):
    notify(shop, owner, 2)
    notify(shop, packer, 5)
    Notice.objects.filter(to=owner).first().__class__.objects.filter(
        pk=Notice.objects.filter(to=owner).first().pk
    ).update(read_at=clock.now())
    assert Frame(visit(shop, owner)).unread == "1"


def test_it_counts_what_is_due_before_midnight_in_the_shops_zone(visit, shop, owner, monkeypatch):
    noon = dt.datetime(2026, 10, 14, 16, 0, tzinfo=dt.UTC)  # noon in New York
    monkeypatch.setattr(clock, "now", lambda: noon)
    for number, hours in enumerate((-2, 11.9, 12.1)):  # over, 23:54 and 00:06 in New York
        Deadline.objects.create(
            shop=shop,
            kind="order.ship_by",
            subject_kind="package",
            subject_code=f"P{number}",
            due_at=noon + dt.timedelta(hours=hours),
            next_check_at=noon,
            set_at=noon,
        )
    assert Frame(visit(shop, owner)).due_today == "2"


def test_it_offers_the_persons_shops_and_no_other(visit, shop, owner, other_shop):
    second = make_shop("MINE")
    make_member(second, "owner", user=owner)
    found = Frame(visit(shop, owner)).shops
    assert {one.code for one in found} == {shop.code, "MINE"}
    assert [one.here for one in found if one.code == shop.code] == [True]


def test_it_marks_where_one_is(visit, shop, owner):
    assert Frame(visit(shop, owner, "packages/ACMEXXXX/")).section == "orders"
    html = html_of(visit(shop, owner, "packages/ACMEXXXX/"))
    assert html.count('aria-current="page"') == 3, "side menu, phone bar, its sheet"


def test_it_lets_a_page_say_where_it_belongs(visit, shop, owner):
    source = DASHBOARD + "{% block section %}settings{% endblock %}"
    html = html_of(visit(shop, owner, "somewhere/"), source)
    assert f'<a href="/s/{shop.code}/settings/" aria-current="page">' in html


def test_it_repeats_the_title_as_heading(visit, shop, owner):
    html = html_of(visit(shop, owner))
    assert "<title>Here · " in html
    assert "<h1>Here</h1>" in html


def test_it_forgets_a_part_when_a_count_changes(visit, shop, owner):
    none = 'data-count="notices" hidden>'
    assert none in html_of(visit(shop, owner))
    notify(shop, owner)
    html = html_of(visit(shop, owner))
    assert none not in html
    assert 'data-count="notices">1<' in html


def test_a_done_deed_tells_the_page_its_badges(visit, shop, owner, rf):
    notify(shop, owner)
    told = counts_event(visit(shop, owner))["frame-counts"]
    assert told == {name: "1" if name == "notices" else "" for name in COUNTS}
    assert counts_event(rf.get("/")) == {}


def test_it_keeps_what_differs_from_request_to_request_out_of_the_memory(visit, shop, owner):
    first, second = visit(shop, owner), visit(shop, owner)
    second.path = f"/s/{shop.code}/search/"  # on a list the words are the list's own
    second.GET = {"q": 'red "bicycle" <b>'}
    one, two = html_of(first), html_of(second)
    tokens = [html.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0] for html in (one, two)]
    assert all(len(token) == 64 for token in tokens)
    assert tokens[0] != tokens[1]
    assert 'value="red &quot;bicycle&quot; &lt;b&gt;"' in two
    assert "bicycle" not in one
    assert "@@" not in one + two


def test_it_never_shows_one_person_the_frame_of_another(visit, shop, owner, packer):
    notify(shop, owner, 7)
    mine, theirs = html_of(visit(shop, owner)), html_of(visit(shop, packer))
    assert str(owner) in mine
    assert str(owner) not in theirs
    assert "/finance/" in mine
    assert "/finance/" not in theirs


def test_it_escapes_the_names_of_shops(visit, shop, owner):
    shop.name = "<script>alert(1)</script>"
    assert "<script>alert" not in html_of(visit(shop, owner))


def test_it_takes_the_theme_from_its_cookie_and_nothing_else(rf):
    request = rf.get("/")
    for said, shown in (("dark", "dark"), ("light", "light"), ('"><script>', ""), ("", "")):
        request.COOKIES["theme"] = said
        assert Frame(request).theme == shown
