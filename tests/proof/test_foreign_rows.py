"""F2: whatever names a row – a field of a form, a box of a bulk deed, a part of a question, a body of the API, a line of
a file, a cookie – a row of another shop is not found by it, and is as it was.

Each such input is tried with a row of one's own (it works), with the twin's, and with one that nothing has; the last
two must be answered alike. That no input is forgotten is asked of the forms and of the source.
"""

import ast
import importlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from catalog.models import Sku, StockItem
from seller_center import reactions
from seller_center.kernel import clock
from shops import api_keys, files, jobs
from shops.models import Role, StoredFile
from shops.models.owned import OwnedQuerySet
from storefront import baskets
from tests.factories import orders as trade
from tests.factories.catalog import sku_of
from tests.factories.shops import make_user
from tests.proof.probing import hushed, undone, unguarded
from tests.proof.test_tenants import anonymous, client_of
from tests.proof.twins import Twin, nothing_like

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("foreign-rows")]  # one worker builds the twins

ROOT = Path(__file__).resolve().parents[2]
#: R7: how many inputs name a row, and how many probes that made, when this was last widened.
LEAST_INPUTS = 39
LEAST_PROBES = 117


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with hushed():
        yield


@dataclass(frozen=True)
class Door:
    """One input that names a row. ``value``: the twin's row as this input names it; ``data``: what is sent with it."""

    what: str
    method: str
    path: Callable[[Twin], str]
    value: Callable[[Twin], object]
    data: Callable[[object], dict] = field(repr=False)
    name: str = ""
    asker: str = "owner"
    alike: bool = True
    """Are foreign and missing answered alike to the letter? A search for words that nothing holds shows similar ones."""
    works: Callable[[Twin, object, object], bool] = field(default=lambda twin, answer, value: True, repr=False)

    def send(self, own: Twin, value: object):
        """Ask as somebody of ``own`` for the row that ``value`` names."""
        client = self.client(own)
        data, path = self.data(value), self.path(own)
        if self.asker == "program":
            headers = {"Authorization": f"Bearer {own.key}", "Idempotency-Key": "F2"}
            body = {"data": json.dumps(data), "content_type": "application/json"} if self.method != "GET" else data
            return (
                client.generic(self.method, path, headers=headers, **body)
                if self.method != "GET"
                else client.get(path, data, headers=headers)
            )
        return client.get(path, data) if self.method == "GET" else client.post(path, data)

    def client(self, own: Twin) -> Client:
        if self.asker == "owner":
            return client_of(own.people["owner"])
        client = anonymous()
        if self.asker == "buyer":  # with a basket
            sku = _sku(own)
            client.post(f"/shop/{own.shop.slug}/basket/lines/", {"sku": sku.code, "quantity": 1})
        return client


def _sku(twin: Twin) -> Sku:
    return sku_of(twin.rows.product)


def _line(order):
    return trade.line_of(order).pk


def s(tail: str) -> Callable[[Twin], str]:
    """An address below the shop; ``{order}`` and the like are codes of one's own rows."""

    def path(twin: Twin) -> str:
        codes = {name: getattr(row, "code", None) for name, row in vars(twin.rows).items()}
        codes |= {"deadline": twin.rows.deadline.pk, "place": twin.rows.place.pk}
        return f"/s/{twin.shop.code}/" + tail.format(**codes)

    return path


def shop(tail: str, order: str = "") -> Callable[[Twin], str]:
    from orders import buyer_links

    def path(twin: Twin) -> str:
        token = buyer_links.token_of(getattr(twin.rows, order)) if order else ""
        return f"/shop/{twin.shop.slug}/" + tail.format(token=token)

    return path


def ok(twin: Twin, answer, value) -> bool:
    """It went through: shown, or led on to what was done."""
    return answer.status_code in (200, 201, 302)


def says(twin: Twin, answer, value) -> bool:
    """The answer shows the row."""
    return answer.status_code == 200 and str(value).encode() in answer.content


def code_of(name: str) -> Callable[[Twin], object]:
    return lambda twin: getattr(twin.rows, name).code


def custom_role(twin: Twin) -> int:
    """A role of this shop's own."""
    found = Role.objects.filter(shop=twin.shop).first()
    return (found or Role.objects.create(shop=twin.shop, code="own", name=f"{twin.canary}-role", areas={})).pk


def bought_label(twin: Twin) -> object:
    return twin.rows.shipped.code


API_ORDER = {
    "external_number": "F2-1",
    "contact": {"name": "Buyer"},
    "address": {"line1": "1 Main Street", "city": "Austin", "region": "TX", "country": "US"},
}
TICKET = {"topic": "order", "subject": "About", "body": "Where is it?"}
SHEET = "Handle,Title,Vendor,Variant SKU,Variant Price,Variant Inventory Qty\nf2,Taken,V,{},1.00,7\n"

DOORS = (
    # bulk deeds and the papers of the order list
    Door("orders to ship", "POST", s("orders/shipping/"), code_of("order"), lambda v: {"pick": v}, "pick", works=says),
    Door(
        "orders to label",
        "POST",
        s("orders/label-preview/"),
        code_of("order"),
        lambda v: {"pick": v},
        "pick",
        works=says,
    ),
    Door(
        "orders whose labels are bought", "POST", s("orders/labels/"), code_of("order"), lambda v: {"pick": v}, "pick"
    ),
    Door("packing slips", "POST", s("orders/slips/"), code_of("order"), lambda v: {"pick": v}, "pick", works=ok),
    Door("label sheets", "POST", s("orders/label-sheets/"), bought_label, lambda v: {"pick": v}, "pick"),
    Door(
        "packages to mark as shipped",
        "POST",
        s("orders/shipments/"),
        code_of("package"),
        lambda v: {f"number-{v}": "1Z999AA10123456784", f"carrier-{v}": "ups"},
        "number-*",
        works=ok,
    ),
    # deeds on the rows of any list, with and without the last word
    *(
        Door(
            f"{name}: {key}{' for good' if last else ''}",
            "POST",
            s(f"lists/{name}/deeds/{key}/"),
            value,
            lambda v, last=last: {"pick": v, **({"confirmed": "1"} if last else {})},
            "pick",
            works=ok,
        )
        for name, key, value in (
            ("products", "pause", code_of("product")),
            ("products", "archive", code_of("product")),
            ("coupons", "pause", code_of("coupon")),
            ("deadlines", "quiet", lambda twin: twin.rows.deadline.pk),
        )
        for last in (False, True)
    ),
    # fields of forms
    Door(
        "a SKU counted",
        "POST",
        s("stock/counts/"),
        lambda t: _sku(t).pk,
        lambda v: {"sku": v, "on_hand": 3},
        "sku",
        works=ok,
    ),
    Door(
        "the role in an invitation",
        "POST",
        s("team/invitations/new/"),
        custom_role,
        lambda v: {"email": "new@example.com", "role": v},
        "role",
        works=ok,
    ),
    Door("a member's new role", "POST", s("team/{place}/role/"), custom_role, lambda v: {"role": v}, "role", works=ok),
    Door(
        "who is responsible for a clock",
        "POST",
        s("inbox/{deadline}/person/"),
        lambda t: t.people["manager"].pk,
        lambda v: {"to": v},
        "to",
        works=ok,
    ),
    Door("clocks of a person", "GET", s("inbox/"), lambda t: t.people["manager"].pk, lambda v: {"person": v}, "person"),
    Door(
        "lines to cancel",
        "POST",
        s("orders/{order}/cancellation/"),
        lambda t: _line(t.rows.order),
        lambda v: {f"units-{v}": 1, "reason": "out_of_stock", "confirm": "1"},
        "units-*",
        works=ok,
    ),
    Door(
        "lines to refund",
        "POST",
        s("orders/{delivered}/refund/"),
        lambda t: _line(t.rows.delivered),
        lambda v: {f"units-{v}": 1, "reason": "defective", "confirm": "1"},
        "units-*",
    ),
    Door(
        "a line to refund, asked beforehand",
        "GET",
        s("orders/{delivered}/refund-preview/"),
        lambda t: _line(t.rows.delivered),
        lambda v: {"line": v, "goods": 1},
        "line",
        works=ok,
    ),
    Door(
        "what a ticket is about",
        "POST",
        s("support/tickets/new/"),
        code_of("order"),
        lambda v: {**TICKET, "about_code": v},
        "about_code",
        works=ok,
    ),
    Door(
        "a view to forget",
        "POST",
        lambda t: f"/s/{t.shop.code}/lists/products/views/",
        lambda t: t.rows.view.name,
        lambda v: {"name": v, "query": ""},
        "name",
    ),
    # words of questions
    Door("search over everything", "GET", s("search/"), code_of("order"), lambda v: {"q": v}, "q", works=ok),
    Door("orders by number", "GET", s("orders/"), code_of("order"), lambda v: {"q": v}, "q", works=says),
    Door("orders as a file", "GET", s("lists/orders/export/"), code_of("order"), lambda v: {"q": v}, "q", works=ok),
    Door(
        "products by name",
        "GET",
        s("products/"),
        lambda t: t.rows.product.name,
        lambda v: {"q": v},
        "q",
        alike=False,
        works=says,
    ),
    Door("the journal of a SKU", "GET", s("stock/journal/"), lambda t: _sku(t).code, lambda v: {"q": v}, "q", works=ok),
    # buyers
    Door(
        "a SKU for the basket",
        "POST",
        shop("basket/lines/"),
        lambda t: _sku(t).code,
        lambda v: {"sku": v, "quantity": 1},
        "sku",
        asker="nobody",
        works=ok,
    ),
    Door(
        "a line of the basket",
        "POST",
        shop("basket/quantity/"),
        lambda t: _sku(t).code,
        lambda v: {"sku": v, "quantity": 2},
        "sku",
        asker="buyer",
        works=ok,
    ),
    Door("a coupon", "POST", shop("basket/coupon/"), code_of("coupon"), lambda v: {"code": v}, "code", asker="buyer"),
    Door(
        "a line to return",
        "POST",
        shop("orders/{token}/return/", "delivered"),
        lambda t: _line(t.rows.delivered),
        lambda v: {"kind": "refund_only", "reason": "defective", f"units-{v}": 1},
        "units-*",
        asker="nobody",
    ),
    Door(
        "a return that is sent back",
        "POST",
        shop("orders/{token}/return/parcel/", "delivered"),
        code_of("asked"),
        lambda v: {"return": v, "carrier": "ups", "tracking_number": "1Z999AA10123456784"},
        "return",
        asker="nobody",
    ),
    Door(
        "a return that is withdrawn",
        "POST",
        shop("orders/{token}/return/withdrawal/", "delivered"),
        code_of("asked"),
        lambda v: {"return": v},
        "return",
        asker="nobody",
    ),
    Door(
        "a line to review",
        "POST",
        shop("orders/{token}/review/", "delivered"),
        lambda t: _line(t.rows.delivered),
        lambda v: {"line": v, "stars": 2, "body": "Hm"},
        "line",
        asker="nobody",
    ),
    # programs
    Door(
        "a SKU that was sold",
        "POST",
        lambda t: "/api/v1/orders",
        lambda t: _sku(t).code,
        lambda v: {**API_ORDER, "lines": [{"sku": v, "quantity": 1}]},
        "sku",
        asker="program",
        works=ok,
    ),
    Door(
        "a SKU that was sold, in a batch",
        "POST",
        lambda t: "/api/v1/orders/batch",
        lambda t: _sku(t).code,
        lambda v: {"orders": [{**API_ORDER, "key": "k", "lines": [{"sku": v, "quantity": 1}]}]},
        "sku",
        asker="program",
        works=lambda twin, answer, value: answer.json()["answers"][0]["status"] == 201,
    ),
    Door(
        "a level of stock",
        "PUT",
        lambda t: "/api/v1/stock",
        lambda t: _sku(t).code,
        lambda v: {"sku": v, "on_hand": 4},
        "sku",
        asker="program",
        works=ok,
    ),
    Door(
        "orders by number, as a program",
        "GET",
        lambda t: "/api/v1/orders",
        code_of("order"),
        lambda v: {"q": v},
        "q",
        asker="program",
        works=says,
    ),
)


@cache
def owned_tables() -> tuple[str, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'"
            " WHERE a.attname = 'shop_id' AND c.relnamespace = 'public'::regnamespace ORDER BY 1"
        )
        return tuple(name for (name,) in cursor.fetchall())


def rows_of(twin: Twin) -> dict[str, str]:
    """Table → number of this shop's rows and a sum over them."""
    parts = [
        f"SELECT '{table}', count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)"
        f' FROM "{table}" t WHERE shop_id = {int(twin.shop.pk)}'
        for table in owned_tables()
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return dict(cursor.fetchall())


def unlike(value: object) -> object:
    return nothing_like(value if isinstance(value, int) else str(value))


def masked(answer, *values: object) -> tuple[int, str, bytes]:
    """What is said, without the value that was asked for and what differs from one request to the next."""
    from tests.proof.probing import MASKS

    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    place = answer.headers.get("Location", "")
    for pattern, word in MASKS:
        body = pattern.sub(word, body)
    place = re.sub(r"/[A-Z0-9]{8,}/", "/CODE/", place)  # what was made has a code of its own
    for value in sorted(map(str, values), key=len, reverse=True):
        body, place = body.replace(str(value).encode(), b"ID"), place.replace(str(value), "ID")
    body = body.replace(b'<span class="code">ID</span>', b"ID")  # what was typed and could be a code is not broken
    return answer.status_code, place, body


def harm(door: Door, own: Twin, other: Twin, before: dict[str, str]) -> list[str]:
    """What is wrong with the answers to a foreign value, a missing one, and one's own."""
    found = []
    foreign = door.value(other)
    nothing = unlike(foreign)
    with undone():
        theirs = door.send(own, foreign)
        said = masked(theirs, foreign, nothing)
        if other.canary.encode() in said[2]:
            found.append("shows a word of the other shop")
        if rows_of(other) != before:
            found.append("changes a row of the other shop")
    with undone():
        missing = door.send(own, nothing)
        answered = masked(missing, foreign, nothing)
    if said[:2] != answered[:2] or (door.method == "GET" and door.alike and said[2] != answered[2]):
        found.append(f"tells foreign {said[:2]} from missing {answered[:2]}")
    with undone():
        mine = door.send(own, door.value(own))
        if not door.works(own, mine, door.value(own)):
            found.append(f"does not work for one's own: {mine.status_code} {mine.content[-300:]!r}")
    return found


def test_no_input_that_names_a_row_reaches_one_of_another_shop(twins):
    own, other = twins
    wrong, probes = {}, 0
    for twin in twins:
        custom_role(twin)
    before = rows_of(other)
    for door in DOORS:
        found = harm(door, own, other, before)
        probes += 3
        if found:
            wrong[door.what] = found
    assert wrong == {}
    print(f"{len(DOORS)} inputs, {probes} probes")
    assert (len(DOORS) >= LEAST_INPUTS, probes >= LEAST_PROBES) == (True, True)


def test_a_file_of_another_shops_skus_makes_rows_of_ones_own(twins):
    """A SKU code in a file names a SKU of the shop that loads it, or a new one; never the one next door."""
    own, other = twins
    before, taken = rows_of(other), _sku(other).code
    with undone():
        sheet = SimpleUploadedFile("f2.csv", SHEET.format(taken).encode(), "text/csv")
        answer = client_of(own.people["owner"]).post(f"/s/{own.shop.code}/imports/new/", {"file": sheet})
        assert answer.status_code == 302
        _work()
        code = answer["Location"].rstrip("/").rpartition("/")[2]
        client_of(own.people["owner"]).post(f"/s/{own.shop.code}/imports/{code}/application/")
        _work()
        assert Sku.objects.in_shop(own.shop).filter(code=taken).exists()
        assert rows_of(other) == before


def _work() -> None:
    """The worker takes what waits."""
    reactions.run_jobs(clock.real_now())


def test_a_basket_of_another_shop_is_no_basket_here(twins):
    """The cookie of the neighbour's basket, renamed: signed by us, and yet of nobody in this shop."""
    own, other = twins
    with undone():
        basket = baskets.start(shop=other.shop, at=clock.real_now(), visit_code="")
        baskets.put_in(basket=basket, sku=_sku(other), quantity=2, at=clock.real_now())
        before = rows_of(other)
        client = anonymous()
        client.post(f"/shop/{other.shop.slug}/basket/lines/", {"sku": _sku(other).code, "quantity": 1})
        before = rows_of(other)
        stolen = client.cookies[f"basket_{other.shop.code}"].value
        thief = anonymous()
        thief.cookies[f"basket_{own.shop.code}"] = stolen
        page = thief.get(f"/shop/{own.shop.slug}/basket/")
        assert other.canary.encode() not in page.content
        thief.post(f"/shop/{own.shop.slug}/basket/quantity/", {"sku": _sku(other).code, "remove": "1"})
        thief.post(f"/shop/{own.shop.slug}/basket/coupon/", {"code": other.rows.coupon.code})
        assert rows_of(other) == before


def test_control_queries_without_the_shop_reach_foreign_rows(twins, monkeypatch):
    """Control: with ``in_shop`` that asks for no shop, the same inputs show, change or betray rows of the neighbour."""
    own, other = twins
    for twin in twins:
        custom_role(twin)
    before = rows_of(other)
    unguarded(monkeypatch, OwnedQuerySet)
    wanted = {"a SKU counted", "orders to ship", "products: archive for good", "packing slips", "a SKU for the basket"}
    harmed = {}
    for door in DOORS:
        if door.what in wanted:
            with undone():
                try:
                    harmed[door.what] = harm(door, own, other, before)
                except Exception as error:  # a composite key or a missing row: the walls behind speak
                    harmed[door.what] = [repr(error)]
    assert {what for what, found in harmed.items() if found} == wanted


# -- that none is forgotten -------------------------------------------------------------------------------------------

#: Names of inputs that a case above tries.
NAMES_A_ROW = {
    "pick",
    "number-*",
    "units-*",
    "sku",
    "role",
    "to",
    "person",
    "line",
    "about_code",
    "name",
    "q",
    "code",
    "return",
}
#: Names that stand for a row which belongs to no shop, or to the person who asks.
OF_ALL = {
    "category": "categories are the marketplace's",
    "replay": "a signed form of the person who asks",
    "shop": "staff name the shop of a case",
    "evidence_code": "staff; looked up in the shop of the case",
    "about": "a word for the boxes of a ticket; looked at when it is sent",
    "market": "markets are the marketplace's",
    "trade_classes": "trade classes are the marketplace's",
    "agreement_version": "a version of the text",
    "version": "a version of the text",
}
#: Names that stand for no row: words, numbers, days, choices, places on a page.
WORDS_FOR_NO_ROW = """
    account_type action agreed alt amount audience axis back barcode body bank_name born_on budget business_type
    card carrier city channel column compare compare_at confirm confirmed contact correct cost country days
    description email ends_at evidence_kind expires_on family_name file files first given_name goods holder hours key
    issued_on justification kind last later least_spend limit_count line1 line2 login logo next note number on_hand
    order outcome page paper password password1 password2 oldpassword percent per_buyer_limit_count phone pictures
    place points postal_code price process quantity query reason region remember remove removed reply restock
    routing_number scopes seen service shared shipping show shown_total src starts_at stars status stock subject tab
    tax text theme topic track_record tracking_number usual utm_campaign utm_medium weight weight_grams shop_name
    brand who fee_class words restricted prohibited
"""
PLAIN = frozenset(WORDS_FOR_NO_ROW.split())


def names_in_forms() -> set[str]:
    """The fields of every form that people other than staff fill in."""
    found = set()
    for floor in settings.FLOORS:
        for module in (
            f"{floor}.forms",
            f"{floor}.forms.application",
            f"{floor}.forms.settings",
            f"{floor}.forms.standing",
        ):
            try:
                loaded = importlib.import_module(module)
            except ModuleNotFoundError:
                continue
            for one in vars(loaded).values():
                if isinstance(one, type) and issubclass(one, forms.BaseForm) and one.__module__.startswith(floor):
                    found |= set(one.base_fields)
    return found


def names_in_source() -> set[str]:
    """What views read from a request by its name."""
    found = set()
    for floor in (*settings.FLOORS, "seller_center"):
        for file in (ROOT / floor).rglob("*.py"):
            if {"migrations", "admin", "demo", "seeding"} & set(file.parts) or file.name in (
                "admin.py",
                "styleguide.py",
            ):
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                    source, name = node.func.value, node.args[0]
                elif isinstance(node, ast.Subscript):
                    source, name = node.value, node.slice
                elif isinstance(node, ast.Compare):
                    source, name = node.comparators[0], node.left
                else:
                    continue
                if (
                    isinstance(source, ast.Attribute)
                    and source.attr in ("POST", "GET")
                    and isinstance(name, ast.Constant)
                ):
                    found.add(name.value)
    return found


def test_every_input_is_tried_or_known_to_name_no_row():
    inputs = names_in_forms() | names_in_source()
    assert len(inputs) >= 100
    assert inputs - NAMES_A_ROW - set(OF_ALL) - PLAIN == set(), "an input that names a row belongs into DOORS"
    assert {door.name for door in DOORS} == NAMES_A_ROW


def test_every_part_of_the_api_that_names_a_row_is_tried():
    from seller_center.api import api

    schemas = api.get_openapi_schema()["components"]["schemas"]
    inputs = {name for schema, body in schemas.items() if schema.endswith("In") for name in body.get("properties", {})}
    plain = {
        "quantity", "name", "email", "phone", "line1", "line2", "city", "region", "postal_code", "country", "lines",
        "contact", "address", "sold", "expected_total_minor", "external_number", "carrier", "tracking_number", "orders",
        "on_hand", "note", "key",
    }  # fmt: skip
    assert inputs - plain == {"sku", "coupon_code"}


def test_a_coupon_of_another_shop_gives_nothing_to_a_program(twins):
    own, other = twins
    before = rows_of(other)
    with undone():
        told = []
        for code in (other.rows.coupon.code, "NOSUCH"):
            body = {**API_ORDER, "sold": False, "coupon_code": code, "lines": [{"sku": _sku(own).code, "quantity": 1}]}
            answer = anonymous().post(
                "/api/v1/orders",
                json.dumps(body),
                content_type="application/json",
                headers={"Authorization": f"Bearer {own.key}", "Idempotency-Key": code},
            )
            told.append((answer.status_code, answer.json().get("code")))
        assert told[0] == told[1]
        assert told[0][0] >= 400
        assert rows_of(other) == before


def test_what_a_saved_view_asks_is_asked_in_ones_own_shop(twins):
    """A view whose query names the neighbour's rows shows nothing of them, saved or opened."""
    own, other = twins
    with undone():
        client = client_of(own.people["owner"])
        query = f"q={other.rows.order.code}&category={other.rows.product.pk}"
        answer = client.post(f"/s/{own.shop.code}/lists/orders/views/", {"name": "Peek", "query": query}, follow=True)
        assert other.canary.encode() not in answer.content
        assert answer.status_code == 200


def test_a_key_is_made_for_the_shop_it_was_asked_in_and_a_job_stays_in_its_shop(twins):
    """Ids in tasks: a job's payload that names a list runs in the job's own shop, whatever the payload says."""
    from seller_center import lists

    own, other = twins
    with undone():
        payload = {"list": "orders", "query": f"q={other.rows.order.code}", "columns": [], "shop": other.shop.pk}
        job = jobs.start_job(
            shop=own.shop, kind="lists.export", by=own.people["owner"], at=clock.real_now(), payload=payload
        )
        claimed = jobs.claim(clock.real_now())
        assert claimed.pk == job.pk
        lists.export(claimed, at=clock.real_now())
        kept = StoredFile.objects.in_shop(own.shop).order_by("pk").last()
        assert kept.code in claimed.result_url
        assert other.canary.encode() not in files.read(kept)
        _key, text = api_keys.create(
            shop=own.shop, name="F2", scopes=["orders:read"], by=make_user(password=None), at=clock.real_now()
        )
        assert api_keys.find(text).shop_id == own.shop.pk
        assert StockItem.objects.in_shop(own.shop).exists()
