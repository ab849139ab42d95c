"""N1: whoever does something leaves one row that says so; who is refused leaves nothing done, and what is undone, nothing.

Every form that any page of the shop shows is filled in and sent as the owner (INV19). What counts as a deed is seen in
the statements: rows of the shop were written. The row must name the shop and the person, and each kind stands once.
"""

import dataclasses
import logging
import re
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import resolve

from shops import events
from shops.models import ShopEvent
from tests.factories import papers
from tests.proof.filled_forms import Form, Forms
from tests.proof.probing import undone
from tests.proof.test_tenants import client_of, shop_addresses
from tests.proof.twins import Twin

pytestmark = pytest.mark.slow

#: How many addresses were reached by a form, and how many of them did something, when this was last widened (R7).
LEAST_ADDRESSES = 45
LEAST_DEEDS = 25
WRITES = re.compile(r'^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.I)
#: What any request may write: sessions, devices, counts of requests, the lock of a job's turn, history kept by triggers.
NOTED = {
    *("django_session", "usersessions_usersession", "shops_knowndevice", "shops_guarded_count", "shops_guardedcount"),
    *("shops_idempotencykey", "pghistory_context", "shops_job", "otp_totp_totpdevice", "shops_shopevent"),
}
#: Deeds without an event, each for a reason: they arrange what one person sees, and nobody else's shop is changed.
OWN_ARRANGEMENT = re.compile(
    r"/(home|tour|views|columns|notices)/|/inbox/\d+/quiet/|/lists/\w+/(views|columns|export)/"
)


#: Asks for a job only, which says itself what it did, in the name of whoever asked (import.checked, import.applied).
ASKS_FOR_A_JOB = re.compile(r"/imports/\w+/(application|check)/$")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class Written:
    """The tables that statements of a block write to."""

    def __init__(self) -> None:
        self.tables: set[str] = set()

    def __call__(self, execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if (hit := WRITES.match(sql)) and context["cursor"].rowcount != 0:
            self.tables.add(hit[2])
        return result


@dataclasses.dataclass(frozen=True)
class Done:
    """What became of one form."""

    route: str
    path: str
    status: int
    written: frozenset[str]
    events: tuple[ShopEvent, ...]

    @property
    def is_deed(self) -> bool:
        return self.status < 400 and bool(self.written - NOTED)


def forms_of(twin: Twin, client: Client) -> list[Form]:
    """One form for each address that some page posts to: the first that is seen."""
    found: dict[str, Form] = {}
    for address in shop_addresses():
        path = address.path(address.of(twin))
        with undone():
            answer = client.get(path)
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            for form in Forms(path, answer.content.decode()).found:
                if form.path.startswith(f"/s/{twin.shop.code}/"):
                    found.setdefault(resolve(form.path).route, form)
    return list(found.values())


@pytest.fixture(scope="module")
def forms(twins) -> list[Form]:
    logging.disable(logging.CRITICAL)
    return forms_of(twins[0], client_of(twins[0].people["owner"]))


def send(client: Client, form: Form) -> Done:
    """Send it, look at what was written, and undo it."""
    newest = ShopEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    written, values = Written(), {name: one[0] if len(one) == 1 else one for name, one in form.values.items()}
    values |= {name: SimpleUploadedFile("paper.jpg", papers.passport(), "image/jpeg") for name in form.files}
    with undone():
        with connection.execute_wrapper(written):
            status = client.post(form.path, values).status_code
        told = tuple(ShopEvent.objects.filter(pk__gt=newest).order_by("pk"))
    return Done(resolve(form.path).route, form.path, status, frozenset(written.tables), told)


def faults(done: Done, twin: Twin, person) -> list[str]:
    """What is wrong with the rows about it."""
    told = [one for one in done.events if one.shop_id == twin.shop.pk]
    found = [f"{one.kind} is told of another shop" for one in done.events if one.shop_id not in _known(twin)]
    if done.status >= 400:
        return [f"refused with {done.status}, yet {one.kind}" for one in told]
    if not done.is_deed:
        return found
    if not told and not OWN_ARRANGEMENT.search(done.path) and not ASKS_FOR_A_JOB.search(done.path):
        found.append(f"nothing says that {sorted(done.written - NOTED)} were written")
    if told and not any(one.by_id == person.pk for one in told):
        found.append(f"nobody is named by {[one.kind for one in told]}")
    twice = {(one.kind, one.subject_kind, one.subject_code) for one in told}
    if len(twice) < len(told):
        found.append(f"told twice: {[one.kind for one in told]}")
    return found


def _known(twin: Twin) -> set[int]:
    """The shop itself, and the marketplace's own, which keeps clocks of staff."""
    from payouts.drafting import platform_shop

    return {twin.shop.pk, platform_shop(twin.shop.market).pk}


def all_done(twin: Twin, forms: list[Form]) -> list[Done]:
    client = client_of(twin.people["owner"])
    return [send(client, form) for form in forms]


def wrong(twin: Twin, done: list[Done]) -> list[tuple]:
    return [(one.route, fault) for one in done for fault in faults(one, twin, twin.people["owner"])]


def test_every_deed_leaves_one_row_and_no_refusal_does(twins, forms, figure):
    own, _other = twins
    done = all_done(own, forms)
    found = wrong(own, done)
    assert not found, "\n".join(map(str, found))
    assert [one for one in done if one.status == 500] == []  # 503: no carrier is connected here
    deeds = [one for one in done if one.is_deed]
    figure("N1", "addresses reached by a form", len(done))
    figure("N1", "deeds", len(deeds))
    assert len(done) >= LEAST_ADDRESSES
    assert len(deeds) >= LEAST_DEEDS


class Broken(Exception):
    """Something after the row was written."""


def break_after_the_row(monkeypatch) -> list:
    """Each deed writes its row and breaks then; what was written is collected."""
    broken: list = []

    def breaking(real):
        def then_breaks(*args, **named):
            broken.append(real(*args, **named))
            raise Broken

        return then_breaks

    for name in ("record", "record_many"):
        monkeypatch.setattr(events, name, breaking(getattr(events, name)))
    return broken


def test_control_without_a_transaction_of_its_own_a_broken_deed_would_leave_its_row(twins, forms, monkeypatch):
    """In the transaction of this test a deed opens none: the same break leaves the rows that are looked for."""
    own, _other = twins
    break_after_the_row(monkeypatch)
    assert sum(bool(one.events) for one in all_done(own, forms)) >= LEAST_DEEDS - 5


def test_control_without_the_row_every_deed_would_be_found(twins, forms, monkeypatch):
    own, _other = twins
    monkeypatch.setattr(events, "record", lambda *_args, **_named: ShopEvent())
    monkeypatch.setattr(events, "record_many", lambda *_args, **_named: None)
    assert len(wrong(own, all_done(own, forms))) >= LEAST_DEEDS - 5


def test_control_a_row_that_is_written_twice_or_by_nobody_would_be_found(twins, forms, monkeypatch):
    own, _other = twins

    def doubled(real):
        def twice(*args, **named):
            real(*args, **named)
            return real(*args, **named | {"by": None})

        return twice

    for name in ("record", "record_many"):
        monkeypatch.setattr(events, name, doubled(getattr(events, name)))
    assert len(wrong(own, all_done(own, forms[::2]))) >= (LEAST_DEEDS - 5) // 2
