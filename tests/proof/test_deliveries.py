"""E3: every reaction of the house, three times, by eight at once, in any order: the same state, and each mail once.

The registry is the list: a kind of event that gets a reaction is tried here with facts made up for it over one shop in
full life. Each way of delivering works on a copy of the database of its own; what they leave is compared, table by
table.
"""

import contextlib
import dataclasses
import datetime as dt
import itertools
import json
import random
import threading
import typing
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection, connections, transaction

from orders.models import ReturnRequest
from payouts.models import Payout, Statement
from seller_center.embedded import OWNER, SUPERUSER
from seller_center.kernel import clock
from seller_center.reactions import REACTIONS, deliver_all, resolve
from shops import events, reacting
from shops.event_kinds import KINDS
from shops.models import Document, ShopEvent
from shops.scope import scope
from tests import database
from tests.dice import SEED
from tests.factories import orders as trade
from tests.factories.payouts import make_available, make_batch, make_refund
from tests.factories.shops import make_application, make_staff
from tests.factories.standing import make_case
from tests.proof.twins import make_twin
from tests.storm import be_patient

pytestmark = pytest.mark.slow

TIMES, AT_ONCE = 3, 8
#: (kind, reaction) pairs at the last count.
LEAST_REACTIONS = 75
#: What may differ: numbers that rows get as they come, and by whom and when something was handed on.
FREE = {"id", "pgh_id", "pgh_obj_id", "pgh_created_at", "pgh_context_id", "created_xid", "handled_at", "xid"}
FREE |= {"delivered_at", "next_attempt_at", "attempts", "position", "balance_after_minor", "transaction_id"}
LEFT_OUT = {"django_session", "shops_tick", "pghistory_context"}


# -- one event of each kind ---------------------------------------------------------------------------------------------


def fact(name: str, kind: type, world: SimpleNamespace) -> object:
    """Something for a field of a kind's facts: what the shop has, or a word of the right type."""
    known = world.facts.get(name)
    if known is not None:
        return known
    day = world.at.date()
    if name.endswith(("_at", "_from", "_by", "until")) and kind is str:
        return (world.at + dt.timedelta(days=3)).isoformat()
    if name.endswith(("_on", "_day")):
        return day.isoformat()
    made: dict[object, object] = {str: "word", int: 1, bool: True}
    return made.get(kind, [] if typing.get_origin(kind) is list else None)


def subject_of(kind: str, world: SimpleNamespace) -> tuple[object, str]:
    """The shop and the number of what an event of this kind is about."""
    first = kind.partition(".")[0]
    if kind == "member.invited":
        return world.shop, str(world.rows.invitation.pk)
    if first in ("application", "document"):
        return world.applying, world.papers[first]
    return world.shop, world.subjects.get(first, world.shop.code)


def happen_all(world: SimpleNamespace) -> int:
    """One event of every kind that has a reaction."""
    made = 0
    for kind, handlers in REACTIONS.items():
        if not handlers:
            continue
        shop, code = subject_of(kind, world)
        about = kind.partition(".")[0].replace("payment", "order")
        fields = typing.get_type_hints(KINDS[kind].facts)
        facts = {one.name: fact(one.name, fields[one.name], world) for one in dataclasses.fields(KINDS[kind].facts)}
        with scope(shop, by=None):
            events.record(kind, shop=shop, subject_kind=about, subject_code=code, by=None, at=world.at, **facts)
        made += len(handlers)
    return made


@pytest.fixture(scope="module")
def happened(django_db_setup: None, django_db_blocker) -> Iterator[SimpleNamespace]:
    """A shop in full life in which everything has just happened and nothing has followed yet."""
    with django_db_blocker.unblock():
        try:
            with transaction.atomic():
                world = make_world()
                world.pairs = happen_all(world)
            yield world
        finally:
            database.empty_tables()


def make_world() -> SimpleNamespace:
    twin = make_twin("A")
    make_staff("support")
    make_available(twin.shop)
    make_batch(twin.shop)
    rows, at = twin.rows, clock.real_now()
    order = trade.fresh(rows.delivered)
    made = make_refund(order, trade.line_of(order), at=at - trade.DAY)
    application = make_application(at=at - 2 * trade.DAY, until="submitted")
    case = make_case(twin.shop, at=at - trade.DAY)
    paper = Document.objects.filter(application=application).first()
    person = twin.people["packing"]
    facts = {
        "order_code": order.code,
        "user_id": person.pk,
        "name": person.name,
        "currency": twin.shop.currency,
        "carrier": "sandbox",
        "deadline_kind": "order.ship_by",
        "month": "2026-09",
        "reason": "does_not_fit",
        "tier": twin.shop.tier,
        "stage": "due",
        "old_email": "old@example.com",
        "new_email": "new@example.com",
        "outcome": "eligible",
        "refunded_minor": 100,
        "coupon_budget_minor": 10_000,
        "offer_ends_at": (at + 30 * trade.DAY).isoformat(),
    }
    subjects = {
        "job": rows.job.code,
        "violation": case.code,
        "appeal": case.code,
        "product": rows.product.code,
        "order": order.code,
        "payment": order.code,
        "package": trade.package_of(order).code,
        "return": rows.asked.code,
        "refund": made.code,
        "payout": Payout.objects.get(shop=twin.shop).code,
        "statement": Statement.objects.get(shop=twin.shop).code,
        "ticket": rows.ticket.code,
        "message": rows.conversation.code,
        "review": rows.review.code,
        "deadline": rows.deadline.subject_code,
    }
    assert ReturnRequest.objects.filter(code=rows.asked.code).exists()
    return SimpleNamespace(
        shop=twin.shop,
        applying=application.shop,
        papers={"application": application.code, "document": paper.code},
        rows=rows,
        at=at,
        facts=facts,
        subjects=subjects,
    )


# -- ways of delivering -------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Delivery:
    """One message to a worker."""

    reaction: str
    event_id: int
    shop_id: int

    def arrive(self) -> None:
        """What the worker does with it."""
        resolve(self.reaction)(event_id=self.event_id, shop_id=self.shop_id)


def deliveries() -> list[Delivery]:
    """Every reaction to everything that has happened, in its order."""
    rows = ShopEvent.objects.filter(delivered_at=None).order_by("id")
    return [Delivery(name, row.pk, row.shop_id) for row in rows for name in reacting.handlers_of(row.kind)]


def once_each(messages: list[Delivery]) -> None:
    for message in messages:
        message.arrive()


def shuffled_thrice(messages: list[Delivery]) -> None:
    many = messages * TIMES
    random.Random(SEED).shuffle(many)
    once_each(many)


def by_eight_at_once(messages: list[Delivery]) -> None:
    """Each message to three of eight workers at the same time, each with an order of its own."""
    faults: list[BaseException] = []
    start = threading.Barrier(AT_ONCE)

    def work(number: int) -> None:
        mine = [one for place, one in enumerate(messages) if (place + number) % AT_ONCE < TIMES]
        random.Random(SEED + number).shuffle(mine)
        try:
            be_patient()
            start.wait(60)
            once_each(mine)
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not faults, faults[:1]


@contextlib.contextmanager
def a_copy() -> Iterator[None]:
    """The block works on a copy of the test's database; sessions that earlier tests left open there are ended."""
    original = connection.settings_dict["NAME"]
    name = f"{original}_copy"
    connections.close_all()
    with database.as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [original])
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original}" OWNER "{OWNER}"')
    role = connection.settings_dict["USER"]
    database._use(role, name)
    try:
        yield
    finally:
        database._use(role, original)
        with database.as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def state() -> dict[str, list[str]]:
    """What stands in every table, without what is free to differ."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if not model._meta.managed or model._meta.proxy or table in LEFT_OUT:
                continue
            cursor.execute(f'SELECT to_jsonb(t) FROM "{table}" t')
            rows = [row[0] if isinstance(row[0], dict) else json.loads(row[0]) for row in cursor.fetchall()]
            kept = ({name: value for name, value in row.items() if name not in FREE} for row in rows)
            found[table] = sorted(json.dumps(row, sort_keys=True) for row in kept)
    return found


def mails() -> list[tuple]:
    """Every mail that went out: by its number, to whom."""
    return sorted((one.extra_headers.get("Message-ID", one.subject), tuple(one.to)) for one in mail.outbox)


def after(how: Callable[[list[Delivery]], None]) -> tuple[dict[str, list[str]], list[tuple]]:
    """State and mails when everything was delivered in this way, and whatever followed from it as well."""
    mail.outbox.clear()
    with a_copy():
        how(deliveries())
        deliver_all(clock.now())
        return state(), mails()


@pytest.fixture
def still(monkeypatch, happened, mailoutbox) -> SimpleNamespace:
    """Time stands still, so that moments can be compared."""
    monkeypatch.setattr(clock, "now", lambda: happened.at)
    return happened


def test_every_reaction_leaves_the_same_however_often_and_by_how_many_it_is_delivered(still):
    print(f"SEED={SEED}")
    assert still.pairs == sum(map(len, REACTIONS.values())) >= LEAST_REACTIONS
    assert {one.reaction for one in deliveries()} == set(itertools.chain(*REACTIONS.values()))
    wanted, letters = after(once_each)
    assert len(letters) >= 30
    assert len(letters) == len(set(letters))
    for how in (shuffled_thrice, by_eight_at_once):
        found, written = after(how)
        for table in wanted:
            assert found[table] == wanted[table], f"{table} after {how.__name__}"
        assert written == letters, how.__name__


def test_control_without_the_mark_every_delivery_counts(still, monkeypatch):
    """The guard is off: a reaction runs each time. Mails go out three times, figures are counted three times."""
    wanted, letters = after(once_each)
    monkeypatch.setattr(reacting, "_mark", lambda event, name, at: True)
    found, written = after(shuffled_thrice)
    assert len(written) >= 2 * len(letters)
    assert found["analytics_hourlyfigure"] != wanted["analytics_hourlyfigure"]
