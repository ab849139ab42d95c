"""F1, F3, F7: a shop's rows exist for its members only, whatever address, method or id is tried (INV16, INV17).

An answer about somebody else's row and one about a row that does not exist are the same: status, body, query count, and
no word of the other shop is in it. Every address is asked by every method; the deep run does so as every role.
"""

import functools
import itertools
from collections.abc import Iterator

import pytest
from django.core import mail
from django.db import connection
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path

from orders.models import Order
from seller_center import reactions
from seller_center.kernel import clock
from shops import access, second_factor
from shops.access import SAFE_METHODS, for_shop
from shops.models import Membership
from shops.reference import ROLES as PRESETS
from tests.factories.accounts import password_client, verified_client
from tests.factories.catalog import make_product
from tests.factories.shops import make_member
from tests.proof.probing import (
    METHODS,
    PART,
    QUICK,
    SIZES,
    UNSAFE,
    WAYS,
    Address,
    Answer,
    Size,
    ask,
    checksums,
    hushed,
    near_values,
    patterns,
    twice,
    undone,
)
from tests.proof.twins import ROLES, Twin, nothing_like

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("tenants")]  # one worker builds the twins

#: How many questions were asked when these tests were last widened (R7): fewer means that something is not asked.
LEAST_SHOP_ADDRESSES = 148
LEAST_STRANGER_PROBES = 2_664
LEAST_NEAR_PROBES = {"quick": 1_314, "deep": 9_198}
LEAST_READER_PROBES = {"quick": 260, "deep": 520}
LEAST_ROLE_CHECKS = 4_089
LEAST_ROLE_PAGES = {"quick": 40, "deep": 282}
LEAST_PAGES_READ = {"quick": 900, "deep": 2_000}

#: Deeds that a reader may do: they concern the reader alone, or change nothing. The view says ``post="view"``.
READERS_OWN = {
    "s/<str:shop>/agreement/",
    "s/<str:shop>/orders/label-sheets/",
    "s/<str:shop>/orders/slips/",
    "s/<str:shop>/lists/<slug:name>/export/",
    "s/<str:shop>/lists/<slug:name>/views/",
    "s/<str:shop>/lists/<slug:name>/views/<int:number>/removal/",
    "s/<str:shop>/lists/<slug:name>/columns/",
    "s/<str:shop>/lists/<slug:name>/deeds/<slug:key>/",  # asks again for the list's own area
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
#: What such a deed keeps for the reader alone.
READERS_TABLES = {"analytics_homelayout", "analytics_tour", "shops_agreementacceptance", "shops_membership"}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with hushed():
        yield


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
        for method, options in WAYS:
            there, not_there = twice(client, method, address, theirs, nowhere, **options)
            probes += 2
            if there.status not in (404, 405) or there != not_there or other.canary.encode() in there.body:
                leaks.append((method, address.route, *difference(there, not_there)))
    return probes, leaks


def difference(there: Answer, not_there: Answer) -> tuple:
    """What a finding needs to be understood."""
    return there.status, not_there.status, there.queries, not_there.queries, there.location, there.body[-200:]


def test_it_tells_a_stranger_nothing(twins, figure):
    own, other = twins
    client = client_of(own.people["owner"])
    before = checksums()
    probes, leaks = as_stranger(client, other, shop_addresses())
    assert leaks == []
    figure("F1", "probes of a stranger", probes)
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


def test_it_asks_somebody_who_is_not_logged_in_to_log_in_and_tells_nothing(twins, figure):
    _own, other = twins
    client, probes, leaks = anonymous(), 0, []
    for address in shop_addresses():
        theirs = address.of(other)
        nowhere = {part: nothing_like(value) for part, value in theirs.items()}
        for method, options in WAYS:
            there, not_there = twice(client, method, address, theirs, nowhere, **options)
            probes += 2
            asked = there.status == 302 and there.location.startswith("/account/login/")
            if there != not_there or not (asked or there.status in (404, 405)):
                leaks.append((method, address.route, there.status, not_there.status, there.location))
    assert leaks == []
    figure("F1", "probes of nobody", probes)
    assert probes >= LEAST_STRANGER_PROBES


# -- the neighbour: a member of a shop asks it for another shop's rows ------------------------------------------------


def as_neighbour(client: Client, own: Twin, other: Twin, where: list[Address]) -> tuple[int, list[tuple]]:
    """Below one's own shop, ask for the other's rows by their ids, beside ids that nothing has."""
    probes, leaks = 0, []
    for address in where:
        for foreign, nothing in near_values(address, own, other):
            for method, options in WAYS:
                with undone():
                    there, not_there = twice(client, method, address, foreign, nothing, **options)
                probes += 2
                if there.status not in (403, 404, 405) or there != not_there or other.canary.encode() in there.body:
                    leaks.append((method, address.route, *difference(there, not_there)))
    return probes, leaks


@pytest.mark.parametrize("size", SIZES)
def test_it_finds_no_row_of_another_shop_by_its_id(twins, size, figure):
    own, other = twins
    clients = {role: client_of(own.people[role]) for role in (ROLES if size.deep else ("owner",))}
    before, probes = checksums(), 0
    for role, client in clients.items():
        asked, leaks = as_neighbour(client, own, other, shop_addresses())
        assert leaks == [], role
        probes += asked
    figure("F1", "probes of a neighbour", probes)
    assert probes >= LEAST_NEAR_PROBES[size.name]
    assert changed(before) <= ALWAYS_MOVING


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


@pytest.mark.parametrize("size", SIZES)
def test_it_answers_ids_that_no_table_can_hold(twins, size):
    own, _other = twins
    client, broken, probes = client_of(own.people["owner"]), [], 0
    for place, address in enumerate(shop_addresses()):
        for part in address.objects:
            mine = address.of(own)
            odd_ones = (2**63, 10**30, 0) if isinstance(mine[part], int) else TEXTS
            for odd in size.share(odd_ones, place, of=3):
                for method in ("GET", "POST"):
                    with undone():
                        answer = ask(client, method, address.path(mine | {part: odd}))
                    probes += 1
                    if answer.status not in (400, 403, 404, 405):
                        broken.append((method, address.route, odd, answer.status))
    assert broken == []
    print(f"{probes} probes")
    assert probes >= (400 if size.deep else 130)


#: Codes as nobody would write them by accident.
TEXTS = ("%00", "x" * 300, "%F0%9F%92%A3", "..%2f..", "'--")


@pytest.mark.parametrize("size", SIZES)
def test_it_answers_questions_that_make_no_sense(twins, size):
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
    nonsense = ("%00", "x" * 300, "2026-13-45", "-1", "%F0%9F%92%A3", "9" * 40)
    for place, address in enumerate((*shop_addresses(), *addresses("shop/<str:slug>/"))):
        for odd in size.share(nonsense, place, of=3):
            answer = ask(client, "GET", address.path(address.of(own)) + "?" + "&".join(f"{one}={odd}" for one in names))
            probes += 1
            if answer.status >= 500:
                broken.append((address.route, odd, answer.status))
    assert broken == []
    print(f"{probes} probes")
    assert probes >= (800 if size.deep else 270)


# -- rights -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_it_lets_a_reader_change_nothing(twins, size):
    own, _other = twins
    client, probes, allowed = client_of(own.people["analyst"]), 0, []
    before = checksums()
    for place, address in enumerate(shop_addresses()):
        for method in UNSAFE if size.deep else ("POST", UNSAFE[1 + place % 3]):
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
    assert probes >= LEAST_READER_PROBES[size.name]


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
        statuses = {ask(client, "POST", one.path(one.of(own))).status for one in shop_addresses()[::3]}
        assert statuses - {403, 404, 405}
        assert changed(before) - ALWAYS_MOVING


def test_it_lets_a_reader_touch_nothing_of_others(twins):
    """The deeds that readers may do, tried on rows of the owner: views, notices, deadlines, jobs stay as they are."""
    own, _other = twins
    reader = own.people["analyst"]
    client = client_of(reader)
    with undone():
        before, others = checksums(), rows_of_others(reader)
        for address in shop_addresses():
            if address.route in READERS_OWN:
                ask(client, "POST", address.path(address.of(own)))
        assert changed(before) <= ALWAYS_MOVING | READERS_TABLES
        assert rows_of_others(reader) == others


def rows_of_others(user) -> list[tuple]:
    """What the tables of people's own choices hold of everybody else."""
    found = []
    with connection.cursor() as cursor:
        for table in sorted(READERS_TABLES):
            cursor.execute(f"SELECT t::text FROM {table} t WHERE user_id <> %s ORDER BY 1", [user.pk])
            found += cursor.fetchall()
    return found


def test_it_names_the_deeds_of_readers():
    """The list above is the whole of it: a new deed open to readers is noticed."""
    open_to_readers = {one.route for one in shop_addresses() if one.pattern.callback.declared["post"] == "view"}
    assert open_to_readers == READERS_OWN


#: How far each word of a right goes.
FAR = {"none": 0, "view": 1, "edit": 2}


def granted(role: str, declared: dict, method: str) -> bool:
    """F7: what the one table says – the areas of the shipped role (``shops/reference.py``) × what the view declares."""
    areas, owner = next((areas, owner) for code, _name, areas, owner in PRESETS if code == role)
    held = FAR[areas[declared["area"]]]
    needed = FAR["none" if declared["post"] is None else declared["post"]] if method not in SAFE_METHODS else 1
    if needed == 0 or (declared["owner_only"] and not owner):
        return False
    return held >= max(needed, FAR[declared["may"]])


@pytest.fixture
def only_gates(monkeypatch) -> Iterator[list]:
    """Every view behind a gate is replaced by one that says “in”; the gates themselves are as they are.

    Who is a member is asked of the database once per person and shop here: that it is asked with each request is proven
    elsewhere, and thousands of equal questions would be most of the time.
    """
    monkeypatch.setattr(access, "membership_of", functools.cache(access.membership_of))
    monkeypatch.setattr(second_factor, "ask_for_fresh_factor", lambda request: None)
    held = []
    for address in shop_addresses():
        gate = _gate_of(address.pattern.callback)
        cell = gate.__closure__[gate.__code__.co_freevars.index("view")]
        held.append((cell, cell.cell_contents))
        cell.cell_contents = lambda request, shop, **parts: HttpResponse("in")
    yield [address for address in shop_addresses() if not hidden(address)]
    for cell, view in held:
        cell.cell_contents = view


def _gate_of(callback):
    """The gate in front of a view, whatever else is wrapped around it."""
    while "owner_only" not in callback.__code__.co_freevars:
        callback = callback.__wrapped__
    return callback


def at_the_gate(user, shop, address: Address, method: str) -> str:
    """What the gate of this address says to this person: in, refused, or that there is nothing."""
    request = RequestFactory().generic(method, "/")
    request.user, request.session = user, {}
    try:
        answer = _gate_of(address.pattern.callback)(request, shop=shop.code)
    except access.PermissionDenied:
        return "refused"
    except Http404:
        return "nothing"
    return "in" if answer.content == b"in" else f"{answer.status_code}"


def asked_at_every_gate(twin: Twin, where: list[Address]) -> tuple[int, list[tuple]]:
    """Roles × addresses × methods."""
    checks, wrong = 0, []
    for role, address, method in itertools.product(ROLES, where, ("GET", "POST", "PUT", "DELETE")):
        said = at_the_gate(twin.people[role], twin.shop, address, method)
        checks += 1
        if said != ("in" if granted(role, address.pattern.callback.declared, method) else "refused"):
            wrong.append((role, method, address.route, said))
    return checks, wrong


def test_it_opens_each_gate_to_the_roles_of_the_table_and_to_nobody_else(twins, only_gates, figure):
    own, other = twins
    checks, wrong = asked_at_every_gate(own, only_gates)
    assert wrong == []
    for address in only_gates:
        assert at_the_gate(other.people["owner"], own.shop, address, "GET") == "nothing"
        checks += 1
    figure("F7", "roles × addresses × methods", checks)
    assert checks >= LEAST_ROLE_CHECKS


def test_it_opens_gates_to_everybody_without_the_guard_is_seen(twins, only_gates, monkeypatch):
    """Control: with a membership that may do everything the same table finds hundreds of open gates."""
    monkeypatch.setattr(Membership, "may", lambda self, area, may: True)
    _checks, wrong = asked_at_every_gate(twins[0], only_gates[::5])
    assert len(wrong) >= 100


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("role", ROLES)
def test_it_grants_each_role_what_is_declared_and_nothing_else(twins, role, size, figure):
    """The same through the whole site: who may is never told 403, who may not always. In CI the roles share the pages."""
    own, _other = twins
    client = client_of(own.people[role])
    wrong, probes = [], 0
    for address in size.share([one for one in shop_addresses() if not hidden(one)], ROLES.index(role)):
        for method in ("GET", "POST"):
            with undone():
                answer = ask(client, method, address.path(address.of(own)))
            probes += 1
            if answer.status == 405 or (address.route, method) in JUDGED_INSIDE:
                continue
            if (answer.status == 403) == granted(role, address.pattern.callback.declared, method):
                wrong.append((method, address.route, answer.status))
    assert wrong == []
    figure("F7", f"pages as {role}", probes)
    assert probes >= LEAST_ROLE_PAGES[size.name]


#: Where the row itself decides who may, beyond the area: the view asks again.
JUDGED_INSIDE = {
    ("s/<str:shop>/jobs/<str:code>/cancellation/", "POST"),  # whoever asked for it, or may change its area
    ("s/<str:shop>/inbox/<int:number>/person/", "POST"),  # whoever may change the area of the deadline
    ("s/<str:shop>/inbox/<int:number>/quiet/", "POST"),
    ("s/<str:shop>/lists/<slug:name>/deeds/<slug:key>/", "POST"),  # whoever may change what the list shows
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
            for method in ("GET", "POST", "DELETE"):
                with undone():
                    there, not_there = twice(client, method, address, foreign, nothing)
                probes += 2
                if there.status not in (404, 405) or (there.status, there.body) != (not_there.status, not_there.body):
                    leaks.append((method, address.route, there.status, not_there.status))
    assert leaks == []
    assert opened >= 4
    print(f"{probes} probes")
    assert probes >= 48


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


def test_it_closes_the_admin_to_everybody_but_staff(twins, figure):
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
    figure("F1", "probes of the admin", probes)
    assert probes >= 2_900


# -- the canary -------------------------------------------------------------------------------------------------------


def read_everything(twin: Twin, size: Size = QUICK) -> Iterator[tuple[str, bytes]]:
    """Every page that this twin can open: as each role, as applicant, as buyer, as program.

    With every question as the owner and whoever else has pages of their own; in the deep run as everybody.
    """
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {twin.key}"}
    askers = [
        *((client_of(twin.people[role]), shop_addresses(), {}) for role in ROLES),
        (client_of(twin.applicant), addresses("s/<str:shop>/application/"), {}),
        (anonymous(), addresses("shop/<str:slug>/"), {}),
        (anonymous(), addresses("api/v1/"), bearer),
    ]
    queries = (
        "",
        "?q=TENANT&tab=all",
        "?tab=late",
        "?page=2&sort=name",
        "?status=live&first=2026-01-01",
        "?days=90&sort=-placed",
        "?columns=code,added",
    )
    for number, (client, where, options) in enumerate(askers):
        shares_pages = 0 < number < len(ROLES)
        for address in where:
            url = address.path(address.of(twin))
            for query in queries[:1] if shares_pages and not size.deep else queries:
                answer = ask(client, "GET", url + query, **options)
                if answer.status == 200:
                    yield url + query, answer.body
                elif "Location" in answer.location:
                    assert twin.canary not in answer.location


@pytest.mark.parametrize("size", SIZES)
def test_it_shows_no_word_of_another_shop(twins, size, figure):
    """F3: everything that one twin can open holds its own canary often and the other's never."""
    own, other = twins
    pages = list(read_everything(own, size))
    assert [url for url, body in pages if other.canary.encode() in body] == []
    assert sum(own.canary.encode() in body for _url, body in pages) >= len(pages) // 2
    figure("F3", "pages", len(pages))
    assert len(pages) >= LEAST_PAGES_READ[size.name]


def rows_that_say(word: str, *, shop) -> dict[str, int]:
    """Table → how many rows of this shop hold the word, in any column."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'"
            " WHERE a.attname = 'shop_id' AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE shop_id = %s AND t::text LIKE %s', [shop.pk, f"%{word}%"]
            )
            found[table] = cursor.fetchone()[0]
    return found


def test_it_tells_nobody_a_word_of_another_shop(twins):
    """F3: what is written and sent by itself – events, notices, figures, history, mails – after all reactions ran."""
    own, other = twins
    with undone():
        mail.outbox = []
        reactions.deliver_all(clock.real_now())
        for one, neighbour in ((own, other), (other, own)):
            assert {table for table, count in rows_that_say(neighbour.canary, shop=one.shop).items() if count} == set()
            tables = [table for table, count in rows_that_say(one.canary, shop=one.shop).items() if count]
            assert len(tables) >= 20, tables
        said = [f"{one.subject} {one.body} {one.to}" for one in mail.outbox]
        assert [text for text in said if own.canary in text and other.canary in text] == []
        assert sum(own.canary in text for text in said) >= 5


def test_it_shows_words_without_the_guard_is_seen(twins):
    """Control: one planted word is found, on the pages and in the tables."""
    own, other = twins
    with undone():
        make_product(own.shop, name=f"{other.canary}-planted")
        assert rows_that_say(other.canary, shop=own.shop)["catalog_product"] == 1
        asked = (f"/s/{own.shop.code}/products/", f"/s/{own.shop.code}/search/?q=planted", f"/shop/{own.shop.slug}/")
        client = client_of(own.people["owner"])
        assert [url for url in asked if other.canary.encode() in ask(client, "GET", url).body] == list(asked)
