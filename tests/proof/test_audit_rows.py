"""N1: whoever does something leaves one row that says so; who is refused leaves nothing done, and what is undone, nothing.

Every address of the site that takes a request which may change something is asked by somebody who may (INV19): seller,
applicant, buyer, member of staff, program, and whoever changes their own account (``tests/proof/senders/``). It leaves
one row of each kind, which names the shop and the person; or it stands in ``NO_ROW`` with the reason and with the
tables that it may write. What counts as a deed is seen in the statements.
"""

import copy
import dataclasses
import logging
import re
from collections.abc import Iterator

import pytest
from django.db import connection

from shops import events
from shops.models import ShopEvent
from tests.proof.probing import undone
from tests.proof.senders import Cast, Sending, Visitor, connected, make_cast, sendings, unsafe_routes
from tests.proof.twins import Twin

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("audit")]  # one worker builds the twins and walks the pages

#: How much was asked, and how much of it did something, when this was last widened (R7).
LEAST_ROUTES = 445
LEAST_DEEDS = 110
WRITES = re.compile(r'^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.I)
#: What any request may write: sessions, devices, counts of requests, the lock of a job's turn, history kept by triggers,
#: Django's own journal of the pages of staff.
NOTED = {
    *("django_session", "usersessions_usersession", "shops_knowndevice", "shops_guarded_count", "shops_guardedcount"),
    *("shops_idempotencykey", "pghistory_context", "shops_job", "otp_totp_totpdevice", "shops_shopevent"),
    "django_admin_log",
}


@dataclasses.dataclass(frozen=True)
class Reason:
    """Why an address leaves no row, and what it may write all the same."""

    words: str
    tables: frozenset[str] = frozenset()


def _own(*tables: str) -> Reason:
    return Reason("arranges what one person sees; nobody else's shop is changed", frozenset(tables))


SHOWS = Reason("shows something, whatever is sent to it")
PRINTS = Reason("shows or prints what would be done; nothing is done by it")
JOB = Reason(
    "asks for a job, which says itself what it did in the name of whoever asked", frozenset({"catalog_importrun"})
)
BASKET = Reason("nothing is ordered yet", frozenset({"storefront_basket", "storefront_basketline"}))
SESSION = Reason("begins, proves or ends a log-in; that is kept with the sessions and devices of the person")
ASKS_FIRST = Reason("sends a code only; the deed is done where the code is typed")
SIGNS_UP = Reason("somebody new, whom no shop knows", frozenset({"account_emailaddress", "shops_user"}))
#: Route, or an expression for routes → why it leaves no row.
NO_ROW: dict[str, Reason] = {
    "s/<str:shop>/home/order/": _own("analytics_homelayout"),
    "s/<str:shop>/home/standard/": _own("analytics_homelayout"),
    "s/<str:shop>/home/widgets/<slug:widget>/place/": _own("analytics_homelayout"),
    "s/<str:shop>/home/widgets/<slug:widget>/addition/": _own("analytics_homelayout"),
    "s/<str:shop>/home/widgets/<slug:widget>/removal/": _own("analytics_homelayout"),
    "s/<str:shop>/tour/start/": _own("analytics_tour"),
    "s/<str:shop>/notices/read/": _own("shops_notice"),
    "s/<str:shop>/inbox/<int:number>/quiet/": _own("shops_deadline"),
    "s/<str:shop>/lists/<slug:name>/columns/": _own("shops_membership"),
    "s/<str:shop>/lists/<slug:name>/views/": _own("shops_savedview"),
    "s/<str:shop>/lists/<slug:name>/views/<int:number>/removal/": _own("shops_savedview"),
    "s/<str:shop>/lists/<slug:name>/export/": PRINTS,
    "s/<str:shop>/imports/<str:code>/application/": JOB,
    "s/<str:shop>/imports/<str:code>/check/": JOB,
    "s/<str:shop>/orders/shipping/": PRINTS,
    "s/<str:shop>/orders/label-preview/": PRINTS,
    "s/<str:shop>/orders/label-sheets/": PRINTS,
    "s/<str:shop>/orders/slips/": PRINTS,
    "shop/<str:slug>/basket/": SHOWS,
    "shop/<str:slug>/basket/lines/": BASKET,
    "shop/<str:slug>/basket/quantity/": BASKET,
    "shop/<str:slug>/basket/coupon/": BASKET,
    "shop/<str:slug>/orders/<str:token>/": SHOWS,
    "theme/": Reason("is kept in a cookie"),
    "api/v1/": SHOWS,
    "api/v1/openapi.json": SHOWS,
    "account/login/": SESSION,
    "account/login/code/": SESSION,
    "account/login/code/confirm/": Reason(SESSION.words, frozenset({"shops_user"})),  # when it was, stands there
    "account/second-factor/": Reason(SESSION.words, frozenset({"shops_user"})),
    "account/security/check/": SESSION,
    "account/reauthenticate/": SESSION,
    "account/log-in-again/": SESSION,
    "account/logout/": SESSION,
    "account/sessions/": SESSION,
    "account/sessions/end/": SESSION,
    "account/sessions/<int:number>/end/": SESSION,
    "account/tiktok/login/": SESSION,
    # what a visit of TikTok may change, a connected account, is asked in tests/accounts/test_tiktok.py
    "account/tiktok/login/callback/": SESSION,
    "account/email/": ASKS_FIRST,
    "account/phone/change/": ASKS_FIRST,
    "account/password/reset/": ASKS_FIRST,
    "account/password/reset/confirm/": SESSION,
    "account/signup/": SIGNS_UP,
    "account/3rdparty/signup/": SIGNS_UP,
    "admin/(login|logout|password_change|password_change/done)/": SESSION,
    "admin/shops/shop/look-end/": SESSION,
    r"admin/(|autocomplete/|jsi18n/|r/.*|\^\(\?P.*|\(\?P.*)": SHOWS,
    r"admin/\w+/\w+/(desk/|compare/|<int:pk>/(document|content|standing)/)": SHOWS,
    r"admin/\w+/\w+/(|add/|<path:object_id>/(history|delete|change)/)": SHOWS,
}


def reason_of(route: str) -> Reason | None:
    found = NO_ROW.get(route)
    return found or next((one for pattern, one in NO_ROW.items() if re.fullmatch(pattern, route)), None)


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
    """What became of one request."""

    route: str
    visitor: Visitor
    path: str
    status: int
    written: frozenset[str]
    events: tuple[ShopEvent, ...]

    @property
    def is_deed(self) -> bool:
        return self.status < 400 and bool(self.events or self.written - NOTED)


def send(sending: Sending) -> Done:
    """Send it, look at what was written, and undo it."""
    client, written = sending.visitor.client, Written()
    cookies = copy.deepcopy(client.cookies)
    with undone():
        shot = sending.make()
        newest = ShopEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        with connection.execute_wrapper(written):
            status = shot.fire(client).status_code
        told = tuple(ShopEvent.objects.filter(pk__gt=newest).select_related("shop").order_by("pk"))
    client.cookies = cookies  # whoever logged out is still there: it has not happened
    return Done(sending.route, sending.visitor, shot.path, status, frozenset(written.tables), told)


@pytest.fixture(scope="module")
def cast(twins) -> Iterator[Cast]:
    logging.disable(logging.CRITICAL)
    with connected():
        yield make_cast(twins[0])


@pytest.fixture(scope="module")
def wanted(cast) -> list[Sending]:
    """Found by walking every page once."""
    return sendings(cast)


@pytest.fixture(scope="module")
def done(wanted) -> list[Done]:
    """All of it, sent once."""
    return [send(one) for one in wanted]


def faults(done: Done, other: Twin) -> list[str]:
    """What is wrong with the rows about it."""
    told, visitor, reason = done.events, done.visitor, reason_of(done.route)
    if done.status >= 400:
        return [f"refused with {done.status}, yet {one.kind}" for one in told]
    found = [f"{one.kind} is told of another shop" for one in told if not _may_be_told(one, visitor, other)]
    written = done.written - NOTED
    if not told and written and (reason is None or not written <= reason.tables):
        found.append(f"nothing says that {sorted(written)} were written")
    if told and visitor.person is not None and not any(one.by_id == visitor.person.pk for one in told):
        found.append(f"nobody is named by {[one.kind for one in told]}")
    if visitor.person is None and any(one.by_id for one in told):
        found.append(f"{[one.kind for one in told]} name a person, and there was none")
    if len({(one.shop_id, one.kind, one.subject_kind, one.subject_code) for one in told}) < len(told):
        found.append(f"told twice: {[one.kind for one in told]}")
    return found


def _may_be_told(event: ShopEvent, visitor: Visitor, other: Twin) -> bool:
    """Of the visitor's own shop, and of the marketplace's own; staff and newcomers of any but the other twin."""
    if event.shop_id == other.shop.pk:
        return False
    return event.shop_id == visitor.shop.pk or event.shop.is_platform or not visitor.at_home


def wrong(done: list[Done], other: Twin) -> list[tuple]:
    return [(one.route, one.visitor.name, fault) for one in done for fault in faults(one, other)]


def told_of(done: list[Done]) -> set[str]:
    """The routes at which somebody did something that left its row."""
    return {one.route for one in done if one.status < 400 and one.events}


def unaccounted(done: list[Done]) -> list[str]:
    """Routes that are neither done by anybody nor declared."""
    proven = told_of(done)
    return [
        f"{route}: nobody did it and left a row. Teach tests/proof/senders/ a request that succeeds, "
        "or declare in NO_ROW why it leaves none."
        for route in unsafe_routes()
        if route not in proven and reason_of(route) is None
    ]


def test_every_unsafe_route_leaves_one_row_or_says_why_it_leaves_none(twins, done, figure):
    _own_twin, other = twins
    routes = unsafe_routes()
    assert unaccounted(done) == []
    assert {one.route for one in done} >= set(routes)
    found = wrong(done, other)
    assert not found, "\n".join(map(str, found))
    assert [(one.route, one.path) for one in done if one.status >= 500] == []
    assert [route for route in NO_ROW if route in told_of(done)] == []  # declared, and left a row all the same
    assert [
        entry for entry in NO_ROW if not any(entry == route or re.fullmatch(entry, route) for route in routes)
    ] == []
    deeds = [one for one in done if one.is_deed]
    figure("N1", "unsafe routes", len(routes))
    figure("N1", "routes at which somebody left a row", len(told_of(done) & set(routes)))
    figure("N1", "routes declared to leave none", len(set(routes) - told_of(done)))
    figure("N1", "deeds", len(deeds))
    assert len(routes) >= LEAST_ROUTES
    assert len(told_of(done) & set(routes)) >= LEAST_DEEDS


def test_control_a_route_that_nobody_reaches_would_be_named(done):
    silent = [one for one in done if one.route != "s/<str:shop>/settings/contact/"]
    assert [one.partition(":")[0] for one in unaccounted(silent)] == ["s/<str"]


def test_control_a_route_that_is_declared_and_writes_something_else_would_be_found(twins, done, monkeypatch):
    declared = "s/<str:shop>/tour/start/"
    monkeypatch.setitem(NO_ROW, declared, SHOWS)
    assert [one[0] for one in wrong(done, twins[1])] == [declared]


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


@pytest.fixture(scope="module")
def some(wanted, done) -> list[Sending]:
    """Every second of what left a row, of everybody; what is prepared by verbs of its own is left aside."""
    return [sending for sending, one in zip(wanted, done, strict=True) if one.events and sending.plain][::2]


def test_control_without_a_transaction_of_its_own_a_broken_deed_would_leave_its_row(some, monkeypatch):
    """In the transaction of this test a deed opens none: the same break leaves the rows that are looked for."""
    break_after_the_row(monkeypatch)
    assert sum(bool(send(one).events) for one in some) >= len(some) - 3 > 15


def test_control_without_the_row_every_deed_would_be_found(twins, some, monkeypatch):
    monkeypatch.setattr(events, "record", lambda *_args, **_named: ShopEvent())
    monkeypatch.setattr(events, "record_many", lambda *_args, **_named: None)
    assert len(wrong([send(one) for one in some], twins[1])) >= len(some) - 3 > 15


def test_control_a_row_that_is_written_twice_or_by_nobody_would_be_found(twins, some, monkeypatch):
    def doubled(real):
        def twice(*args, **named):
            real(*args, **named)
            return real(*args, **named | {"by": None})

        return twice

    for name in ("record", "record_many"):
        monkeypatch.setattr(events, name, doubled(getattr(events, name)))
    assert len(wrong([send(one) for one in some], twins[1])) >= len(some) - 3 > 15
