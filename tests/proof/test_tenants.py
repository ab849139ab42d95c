"""F1, F3, F7: a shop's rows exist for its members only, whatever address, method or id is tried (INV16, INV17).

An answer about somebody else's row and one about a row that does not exist are the same: status, body, query count.
"""

import itertools
import logging
from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from orders.models import Order
from shops import access
from shops.access import for_shop
from shops.models import Membership
from tests.factories.accounts import password_client, verified_client
from tests.factories.catalog import make_product
from tests.factories.shops import make_member
from tests.proof.probing import (
    METHODS,
    PART,
    UNSAFE,
    Address,
    Answer,
    ask,
    checksums,
    near_values,
    patterns,
    twice,
    undone,
)
from tests.proof.twins import ROLES, Twin, nothing_like

pytestmark = pytest.mark.slow

#: How many questions were asked when these tests were last widened (R7): fewer means that something is not asked.
LEAST_SHOP_ADDRESSES = 123
LEAST_STRANGER_PROBES = 1_600
LEAST_NEAR_PROBES = 1_100
LEAST_READER_PROBES = 350
LEAST_ROLE_PROBES = 1_590
LEAST_PAGES_READ = 150

#: Deeds that a reader may do: they concern the reader alone, or change nothing. The view says ``post="view"``.
READERS_OWN = {
    "s/<str:shop>/orders/label-sheets/",
    "s/<str:shop>/orders/slips/",
    "s/<str:shop>/orders/views/",
    "s/<str:shop>/orders/views/<int:number>/removal/",
    "s/<str:shop>/notices/read/",
    "s/<str:shop>/home/order/",
    "s/<str:shop>/home/standard/",
    "s/<str:shop>/home/widgets/<slug:widget>/place/",
    "s/<str:shop>/home/widgets/<slug:widget>/addition/",
    "s/<str:shop>/home/widgets/<slug:widget>/removal/",
    "s/<str:shop>/tour/start/",
    "s/<str:shop>/inbox/<int:number>/person/",
    "s/<str:shop>/inbox/<int:number>/quiet/",
    "s/<str:shop>/jobs/<str:code>/cancellation/",
}
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of refusals would be thousands of lines."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def addresses(*beginnings: str) -> list[Address]:
    """The addresses below these beginnings; those that the twins cannot fill in fail in one test, with a sentence."""
    found = [Address(route, entry) for route, entry in patterns() if route.startswith(beginnings)]
    return [one for one in found if not one.unknown() or one.route.startswith("admin/")]


def shop_addresses() -> list[Address]:
    return addresses("s/<str:shop>/")


def client_of(user, *, verified: bool = True) -> Client:
    client = verified_client(user) if verified else password_client(user)
    client.raise_request_exception = False
    return client


def anonymous() -> Client:
    return Client(raise_request_exception=False)


def test_it_knows_what_every_part_of_an_address_names():
    found = [Address(route, entry) for route, entry in patterns() if route.startswith(("s/", "shop/", "api/"))]
    unknown = {(one.route, tuple(one.unknown())) for one in found if one.unknown()}
    assert unknown == set(), "teach tests/proof/twins.py what these parts name"


def test_it_opens_every_address_to_the_owner(twins):
    """The other side (R4): a site that always answers 404 would pass every test below."""
    own, _other = twins
    client, applicant = client_of(own.people["owner"]), client_of(own.applicant)
    closed = []
    for address in shop_addresses():
        asker = applicant if address.route.startswith("s/<str:shop>/application/") else client
        answer = ask(asker, "GET", address.path(address.of(own)))
        if answer.status not in (200, 302, 405, 409):  # 409: there is no label yet
            closed.append((address.route, answer.status))
    assert len(shop_addresses()) >= LEAST_SHOP_ADDRESSES
    assert closed == []


# -- the stranger -----------------------------------------------------------------------------------------------------


def as_stranger(client: Client, other: Twin, where: list[Address]) -> tuple[int, list[tuple]]:
    """Ask for everything of a shop one is not a member of, beside a shop that does not exist."""
    probes, leaks = 0, []
    for address in where:
        theirs = address.of(other)
        nowhere = {part: nothing_like(value) for part, value in theirs.items()}
        for method in METHODS:
            for options in ({}, HTMX) if method in ("GET", "POST") else ({},):
                there, not_there = twice(client, method, address, theirs, nowhere, **options)
                probes += 2
                if there.status not in (404, 405) or there != not_there:
                    leaks.append((method, address.route, *difference(there, not_there)))
    return probes, leaks


def difference(there: Answer, not_there: Answer) -> tuple:
    """What a finding needs to be understood."""
    return there.status, not_there.status, there.queries, not_there.queries, there.location, there.body[-200:]


def test_it_tells_a_stranger_nothing(twins):
    own, other = twins
    client = client_of(own.people["owner"])
    before = checksums()
    probes, leaks = as_stranger(client, other, shop_addresses())
    assert leaks == []
    print(f"{probes} probes")
    assert probes >= LEAST_STRANGER_PROBES
    assert changed(before) <= ALWAYS_MOVING


#: What any request may touch: sessions, and the moment at which a device was last used.
ALWAYS_MOVING = {"django_session", "shops_knowndevice", "usersessions_usersession"}


def changed(before: dict[str, str]) -> set[str]:
    after = checksums()
    return {table for table in before if before[table] != after[table]}


def test_it_tells_strangers_nothing_without_the_guard_is_seen(twins, monkeypatch):
    """Control: with the question for membership out of the way the same probe finds the shop wide open."""
    own, other = twins

    def anybody(user, shop_code: str) -> Membership:
        found = Membership.objects.filter(shop__code=shop_code.upper()).select_related("shop", "role").first()
        if found is None:
            raise access.Http404
        return found

    monkeypatch.setattr(access, "membership_of", anybody)
    with undone():
        _probes, leaks = as_stranger(client_of(own.people["owner"]), other, shop_addresses()[::6])
    assert len(leaks) >= 10


def test_it_asks_somebody_who_is_not_logged_in_to_log_in_and_tells_nothing(twins):
    _own, other = twins
    client, probes, leaks = anonymous(), 0, []
    for address in shop_addresses():
        theirs = address.of(other)
        nowhere = {part: nothing_like(value) for part, value in theirs.items()}
        for method in METHODS:
            there, not_there = twice(client, method, address, theirs, nowhere)
            probes += 2
            asked = there.status == 302 and there.location.startswith("/account/login/")
            if there != not_there or not (asked or there.status in (404, 405)):
                leaks.append((method, address.route, there.status, not_there.status, there.location))
    assert leaks == []
    print(f"{probes} probes")
    assert probes >= LEAST_STRANGER_PROBES // 2


# -- the neighbour: a member of a shop asks it for another shop's rows ------------------------------------------------


def as_neighbour(client: Client, own: Twin, other: Twin, where: list[Address]) -> tuple[int, list[tuple]]:
    """Below one's own shop, ask for the other's rows by their ids, beside ids that nothing has."""
    probes, leaks = 0, []
    for address in where:
        for foreign, nothing in near_values(address, own, other):
            for method in METHODS:
                for options in ({}, HTMX) if method in ("GET", "POST") else ({},):
                    with undone():
                        there, not_there = twice(client, method, address, foreign, nothing, **options)
                    probes += 2
                    if there.status not in (403, 404, 405) or there != not_there:
                        leaks.append((method, address.route, *difference(there, not_there)))
    return probes, leaks


def test_it_finds_no_row_of_another_shop_by_its_id(twins):
    own, other = twins
    probes, leaks = as_neighbour(client_of(own.people["owner"]), own, other, shop_addresses())
    assert leaks == []
    print(f"{probes} probes")
    assert probes >= LEAST_NEAR_PROBES


@for_shop(area="orders", may="view")
def order_of_whomever(request, shop, code: str) -> HttpResponse:
    """What must never be written: the shop is asked about, the row is not."""
    return HttpResponse(Order.objects.get(code=code).contact_name)


class urls_with_a_hole:
    """The site with one view that forgot ``in_shop``."""

    urlpatterns = [
        path("s/<str:shop>/holes/orders/<str:code>/", order_of_whomever),
        path("", include("seller_center.urls")),
    ]
    handler404 = "seller_center.error_pages.not_found"


def test_it_finds_rows_without_the_guard_is_seen(twins):
    """Control: a view that looks an id up without ``in_shop`` is found by the same probe."""
    own, other = twins
    with override_settings(ROOT_URLCONF=urls_with_a_hole):
        holes = addresses("s/<str:shop>/holes/")
        _probes, leaks = as_neighbour(client_of(own.people["owner"]), own, other, holes)
    assert ("GET", "s/<str:shop>/holes/orders/<str:code>/", 200) in {leak[:3] for leak in leaks}


def test_it_answers_ids_that_no_table_can_hold(twins):
    own, _other = twins
    client, broken, probes = client_of(own.people["owner"]), [], 0
    for address in shop_addresses():
        for part in address.objects:
            mine = address.of(own)
            numbers = isinstance(mine[part], int)
            for odd in (2**63, 10**30, 0) if numbers else ("%00", "x" * 300, "%F0%9F%92%A3", "..%2f..", "'--"):
                for method in ("GET", "POST"):
                    with undone():
                        answer = ask(client, method, address.path(mine | {part: odd}))
                    probes += 1
                    if answer.status not in (400, 403, 404, 405):
                        broken.append((method, address.route, odd, answer.status))
    assert broken == []
    print(f"{probes} probes")
    assert probes >= 300


def test_it_answers_questions_that_make_no_sense(twins):
    """Filters, words, days and tokens stand in the address, where anybody may write anything: never an error of ours."""
    own, _other = twins
    client, broken, probes = client_of(own.people["owner"]), [], 0
    names = (
        "q",
        "page",
        "tab",
        "sort",
        "code",
        "sku",
        "first",
        "last",
        "channel",
        "category",
        "status",
        "month",
        "kind",
    )
    for address in (*shop_addresses(), *addresses("shop/<str:slug>/")):
        for odd in ("%00", "x" * 300, "2026-13-45", "-1", "%F0%9F%92%A3", "9" * 40):
            answer = ask(client, "GET", address.path(address.of(own)) + "?" + "&".join(f"{one}={odd}" for one in names))
            probes += 1
            if answer.status >= 500:
                broken.append((address.route, odd, answer.status))
    assert broken == []
    print(f"{probes} probes")
    assert probes >= 700


# -- rights -----------------------------------------------------------------------------------------------------------


def test_it_lets_a_reader_change_nothing(twins):
    own, _other = twins
    client, probes, allowed = client_of(own.people["analyst"]), 0, []
    before = checksums()
    for address in shop_addresses():
        for method in UNSAFE:
            if address.route in READERS_OWN:
                continue
            answer = ask(client, method, address.path(address.of(own)))
            probes += 1
            if answer.status not in (403, 404, 405) or (
                method == "POST" and answer.status == 404 and not hidden(address)
            ):
                allowed.append((method, address.route, answer.status))
    assert allowed == []
    assert changed(before) <= ALWAYS_MOVING
    print(f"{probes} probes")
    assert probes >= LEAST_READER_PROBES


def hidden(address: Address) -> bool:
    """Addresses below the shop of the applicant, whose member the reader is not."""
    return address.route.startswith("s/<str:shop>/application/")


def test_it_lets_a_reader_change_nothing_without_the_guard_is_seen(twins, monkeypatch):
    """Control: with a role that may do everything, the same probe meets no refusal and changes rows."""
    own, _other = twins
    monkeypatch.setattr(Membership, "may", lambda self, area, may: True)
    client = client_of(own.people["analyst"])
    with undone():
        before = checksums()
        statuses = {ask(client, "POST", one.path(one.of(own))).status for one in shop_addresses()}
        assert statuses - {403, 404, 405}
        assert changed(before) - ALWAYS_MOVING


def test_it_lets_a_reader_touch_nothing_of_others(twins):
    """The deeds that readers may do, tried on rows of the owner: views, notices, deadlines, jobs stay as they are."""
    own, _other = twins
    client = client_of(own.people["analyst"])
    before = checksums()
    for address in shop_addresses():
        if address.route in READERS_OWN:
            ask(client, "POST", address.path(address.of(own)))
    assert changed(before) <= ALWAYS_MOVING


def test_it_names_the_deeds_of_readers():
    """The list above is the whole of it: a new deed open to readers is noticed."""
    open_to_readers = {one.route for one in shop_addresses() if one.pattern.callback.declared["post"] == "view"}
    assert open_to_readers == READERS_OWN


@pytest.mark.parametrize("role", ROLES)
def test_it_grants_each_role_what_is_declared_and_nothing_else(twins, role):
    """F7: roles × addresses × methods from what the views declare; who may is never told 403, who may not always."""
    own, _other = twins
    user = own.people[role]
    client = client_of(user)
    place = Membership.objects.select_related("role").get(shop=own.shop, user=user)
    wrong, probes = [], 0
    for address in shop_addresses():
        if hidden(address):
            continue
        declared = address.pattern.callback.declared
        for method, needed in (("GET", declared["may"]), ("POST", declared["post"])):
            with undone():
                answer = ask(client, method, address.path(address.of(own)))
            probes += 1
            may = (
                needed is not None
                and place.may(declared["area"], declared["may"])
                and place.may(declared["area"], needed)
            )
            may = may and (place.role.is_owner or not declared["owner_only"])
            if answer.status == 405:
                continue
            if (answer.status == 403) == may and (address.route, method) not in JUDGED_INSIDE:
                wrong.append((method, address.route, answer.status, needed))
    assert wrong == []
    print(f"{probes} probes")
    assert probes * len(ROLES) >= LEAST_ROLE_PROBES


#: Where the row itself decides who may, beyond the area: the view asks again.
JUDGED_INSIDE = {
    ("s/<str:shop>/jobs/<str:code>/cancellation/", "POST"),  # whoever asked for it, or may change its area
    ("s/<str:shop>/inbox/<int:number>/person/", "POST"),  # whoever may change the area of the deadline
    ("s/<str:shop>/inbox/<int:number>/quiet/", "POST"),
    ("s/<str:shop>/orders/<str:code>/money/", "GET"),  # a panel of the order's page, for those who may see finance
}


def test_it_takes_rights_away_with_the_next_request(twins):
    """INV17: nothing of a membership is remembered between two requests."""
    own, _other = twins
    address = next(one for one in shop_addresses() if one.route == "s/<str:shop>/orders/")
    with undone():
        user = make_member(own.shop, "packing")
        client = client_of(user)
        assert ask(client, "GET", address.path(address.of(own))).status == 200
        Membership.objects.filter(user=user).delete()
        assert ask(client, "GET", address.path(address.of(own))).status == 404


# -- other doors ------------------------------------------------------------------------------------------------------


def test_it_opens_an_order_to_its_buyer_only(twins):
    """The storefront: at one shop's address there is no order, product or basket of another."""
    own, other = twins
    client, leaks, probes, opened = anonymous(), [], 0, 0
    for address in addresses("shop/<str:slug>/"):
        opened += ask(client, "GET", address.path(address.of(own))).status == 200
        for foreign, nothing in near_values(address, own, other):
            for method in METHODS:
                with undone():
                    there, not_there = twice(client, method, address, foreign, nothing)
                probes += 2
                if there.status not in (404, 405) or (there.status, there.body) != (not_there.status, not_there.body):
                    leaks.append((method, address.route, there.status, not_there.status))
    assert leaks == []
    assert opened >= 4
    print(f"{probes} probes")
    assert probes >= 100


def test_it_takes_a_key_for_its_own_shop_only(twins):
    """The partner API: foreign and missing are the same 404; no key is 401, a key without the scope 403."""
    own, other = twins
    client, leaks, probes = anonymous(), [], 0
    mine = {"HTTP_AUTHORIZATION": f"Bearer {own.key}"}
    body = {"data": '{"carrier": "ups", "tracking_number": "X"}', "content_type": "application/json"}
    routes = [one for one in addresses("api/v1/") if one.pattern.name not in ("openapi-json", "api-root")]
    for address in routes:
        for method in METHODS:
            with undone():
                no_key = ask(client, method, address.path(address.of(own)), **body)
            probes += 1
            if no_key.status not in (401, 405):
                leaks.append((method, address.route, "no key", no_key.status))
            for foreign, nothing in near_values(address, own, other):
                with undone():
                    there, not_there = twice(client, method, address, foreign, nothing, **mine, **body)
                probes += 2
                if there.status not in (404, 405) or there != not_there:
                    leaks.append((method, address.route, *difference(there, not_there)))
    assert leaks == []
    print(f"{probes} probes")
    assert probes >= 40
    weak = {"HTTP_AUTHORIZATION": f"Bearer {own.weak_key}"}
    assert ask(client, "GET", "/api/v1/orders", **mine).status == 200
    assert ask(client, "GET", "/api/v1/orders", **weak).status == 403


OPEN_IN_ADMIN = ("admin/login/", "admin/logout/", "admin/jsi18n/")


def test_it_closes_the_admin_to_everybody_but_staff(twins):
    """Nobody without a desk learns which rows exist: everything leads to the log-in, or is refused."""
    own, other = twins
    askers = client_of(own.people["owner"]), anonymous()
    open_pages, probes = [], 0
    for address in addresses("admin/"):
        if "(?P" in address.route or address.route in OPEN_IN_ADMIN:
            continue
        for asker, method in itertools.product(askers, ("GET", "POST")):
            there, not_there = (
                ask(asker, method, "/" + PART.sub(str(pk), address.route), ids=[pk]) for pk in (other.shop.pk, 10**12)
            )
            probes += 2
            sent_away = there.status == 302 and "/log" in there.location
            if there != not_there or not (sent_away or there.status in (403, 404, 405)):
                open_pages.append((method, address.route, *difference(there, not_there)))
    assert open_pages == []
    print(f"{probes} probes")
    assert probes >= 700


# -- the canary -------------------------------------------------------------------------------------------------------


def read_everything(twin: Twin) -> Iterator[tuple[str, bytes]]:
    """Every page that this twin can open: as owner, as applicant, as buyer, as program."""
    askers = [
        (client_of(twin.people["owner"]), addresses("s/<str:shop>/"), {}),
        (client_of(twin.applicant), addresses("s/<str:shop>/application/"), {}),
        (anonymous(), addresses("shop/<str:slug>/"), {}),
        (anonymous(), addresses("api/v1/orders"), {"HTTP_AUTHORIZATION": f"Bearer {twin.key}"}),
    ]
    for client, where, options in askers:
        for address in where:
            url = address.path(address.of(twin))
            for query in ("", "?q=TENANT&tab=all", "?tab=late"):
                answer = ask(client, "GET", url + query, **options)
                if answer.status == 200:
                    yield url + query, answer.body


def test_it_shows_no_word_of_another_shop(twins):
    """F3: everything that one twin can open holds its own canary often and the other's never."""
    own, other = twins
    pages = list(read_everything(own))
    assert [url for url, body in pages if other.canary.encode() in body] == []
    assert sum(own.canary.encode() in body for _url, body in pages) >= len(pages) // 2
    print(f"{len(pages)} pages")
    assert len(pages) >= LEAST_PAGES_READ


def test_it_shows_words_without_the_guard_is_seen(twins):
    """Control: one planted word is found."""
    own, other = twins
    with undone():
        make_product(own.shop, name=f"{other.canary}-planted")
        assert [url for url, body in read_everything(own) if other.canary.encode() in body]
