"""E1: what was committed has its effects, once each, whoever dies on the way and whatever the broker forgets (INV23).

Real processes die here: the one that commits, before and after; the one that delivers, at every step; a Celery worker
in the middle of its work; and Valkey with all messages. What counts is compared with what was committed.
"""

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction

from seller_center import reactions
from seller_center.kernel import clock, failpoints
from shops import events, jobs, reacting
from shops.models import ClockOffset, EventHandled, Notice, Shop, ShopEvent, User
from shops.notifying import notify
from shops.scope import scope
from tests.dice import SEED
from tests.factories.shops import make_member, make_shop
from tests.faultkit.pgctl import Broker
from tests.ground.processes import ROOT, eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.alone]

KIND = "job.finished"
HANDLER = "tests.proof.leave_a_notice"
FAULTS = 200
DIED = failpoints.EXIT_STATUS


def leave_a_notice(event: ShopEvent) -> None:
    """An effect that shows how often it happened."""
    notify(shop=event.shop, kind="test", title=event.subject_code, at=event.at, users=[event.by])


@pytest.fixture
def effects(monkeypatch) -> Callable[[], list[str]]:
    """The subjects whose effect happened, once for each time."""
    monkeypatch.setitem(reacting._handlers, HANDLER, leave_a_notice)
    monkeypatch.setitem(reacting._table, KIND, (HANDLER,))
    monkeypatch.setattr(reactions, "resolve", lambda name: None)
    return lambda: sorted(Notice.objects.filter(kind="test").values_list("title", flat=True))


@pytest.fixture
def people() -> tuple[Shop, User]:
    shop = make_shop()
    return shop, make_member(shop)


def in_a_process(deed: Callable[[], object], *, kill_after: float | None = None) -> int:
    """Do it in a process of its own; how that ended (its status, or the signal that killed it, negative)."""
    connection.close()
    child = os.fork()
    if not child:
        status = 1
        try:
            deed()
            connection.close()
            status = 0
        finally:
            os._exit(status)
    if kill_after is not None:
        time.sleep(kill_after)  # when it strikes, not what it waits for
        os.kill(child, signal.SIGKILL)
    _pid, how = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(how)


def die(*_args: object, **_more: object) -> None:
    """As a kill would: no cleaning up, no goodbye."""
    os._exit(DIED)


def happen(people: tuple[Shop, User], code: str, at: dt.datetime) -> None:
    """A deed of the house, as a view would do it."""
    shop, person = people
    with scope(shop, by=person):
        facts = {"job_kind": "x.y", "status": "succeeded"}
        events.record(KIND, shop=shop, subject_kind="job", subject_code=code, by=person, at=at, **facts)


# -- who dies -----------------------------------------------------------------------------------------------------------


def web_before_commit(people, code: str, at: dt.datetime, chance: random.Random) -> int:
    def deed() -> None:
        with transaction.atomic():
            happen(people, code, at)
            die()

    return in_a_process(deed)


def web_before_nudge(people, code: str, at: dt.datetime, chance: random.Random) -> int:
    def deed() -> None:
        events.nudge = die
        happen(people, code, at)

    return in_a_process(deed)


def worker_after_claim(people, code: str, at: dt.datetime, chance: random.Random) -> int:
    happen(people, code, at)

    def work() -> None:
        reacting.run_reaction = die
        reactions.deliver(at, inline=True)

    return in_a_process(work)


def worker_before_commit(people, code: str, at: dt.datetime, chance: random.Random) -> int:
    for number in range(3):
        happen(people, f"{code}-{number}", at)

    def work() -> None:
        failpoints.arm(f"reaction.before_commit=exit:{chance.randint(1, 3)}")
        reactions.deliver(at, inline=True)

    return in_a_process(work)


def worker_after_commit(people, code: str, at: dt.datetime, chance: random.Random) -> int:
    happen(people, code, at)

    def work() -> None:
        reacting._finish = die
        reactions.deliver(at, inline=True)

    return in_a_process(work)


def worker_anywhere(people, code: str, at: dt.datetime, chance: random.Random) -> int:
    for number in range(10):
        happen(people, f"{code}-{number}", at)

    def work() -> None:
        reactions.deliver(at, inline=True)
        signal.pause()  # done before it struck: it is killed all the same

    return in_a_process(work, kill_after=chance.uniform(0.0, 0.12))


DEATHS = (
    web_before_commit,
    web_before_nudge,
    worker_after_claim,
    worker_before_commit,
    worker_after_commit,
    worker_anywhere,
)


def committed() -> list[str]:
    return sorted(ShopEvent.objects.filter(kind=KIND).values_list("subject_code", flat=True))


def under_faults(people, at: dt.datetime, faults: int = FAULTS, deaths=DEATHS) -> dt.datetime:
    """Let processes die one after the other, and a healthy one come by after each; the moment when all is over."""
    chance = random.Random(SEED)
    print(f"SEED={SEED}")
    for number in range(faults):
        death = deaths[number % len(deaths)]
        status = death(people, f"{death.__name__}-{number}", at, chance)
        assert status in (DIED, -signal.SIGKILL), f"{death.__name__} ended with {status}"
        at += dt.timedelta(minutes=1)  # past the lease of whoever died
        assert in_a_process(lambda: reactions.deliver(at, inline=True)) == 0  # noqa: B023 (called at once)
    return at


def test_it_has_every_effect_once_through_two_hundred_deaths(people, effects, at, figure):
    under_faults(people, at)
    figure("E1", "deaths", FAULTS)
    figure("E1", "events committed", len(committed()))
    assert effects() == committed()
    assert EventHandled.objects.count() == len(committed())
    assert not [code for code in committed() if code.startswith("web_before_commit")]  # rolled back: no effect either
    assert not ShopEvent.objects.filter(delivered_at=None).exists()
    assert len(committed()) >= FAULTS * 2


def test_it_would_lose_effects_without_the_guard(people, effects, at, monkeypatch):
    """Control: an effect that is started after the commit, and by nothing else, dies with the process."""
    shop, person = people
    monkeypatch.setattr(reacting, "claim", lambda at, limit=100: [])  # no outbox: nobody looks for what was missed

    def plain(people, code: str, at: dt.datetime, chance: random.Random) -> int:
        def deed() -> None:
            with transaction.atomic():
                happen(people, code, at)
                transaction.on_commit(lambda: die() if chance.random() < 0.5 else None)
                transaction.on_commit(lambda: notify(shop=shop, kind="test", title=code, at=at, users=[person]))
            die()

        return in_a_process(deed)

    chance_of_each = 12
    for number in range(chance_of_each):
        plain(people, f"plain-{number}", at, random.Random(SEED + number))
    assert len(committed()) == chance_of_each
    assert 0 < len(effects()) < chance_of_each


def test_it_would_double_effects_without_the_guard(people, effects, at, monkeypatch):
    """Control: with the mark in a transaction of its own, a death between the two makes the effect happen again."""

    def two_transactions(name: str, *, event_id: int, shop_id: int, at: dt.datetime) -> bool:
        event = ShopEvent.objects.select_related("shop").get(pk=event_id)
        if EventHandled.objects.filter(event=event).exists():
            return False
        with transaction.atomic():
            reacting._handlers[name](event)
        failpoints.failpoint("reaction.before_commit")
        with transaction.atomic():
            reacting._mark(event, name, at)
        reacting._finish(event, at)
        return True

    monkeypatch.setattr(reacting, "run_reaction", two_transactions)
    under_faults(people, at, faults=4, deaths=(worker_before_commit,))
    assert len(effects()) > len(committed())
    assert set(effects()) == set(committed())


# -- a broker that forgets, a worker that dies ------------------------------------------------------------------------------


@pytest.fixture
def broker(tmp_path, monkeypatch) -> Iterator[Broker]:
    found = Broker(tmp_path / "valkey")
    monkeypatch.setattr(reacting, "current_app", found.app)
    yield found
    found.close()


class Worker:
    """A real Celery worker on the test's database and broker."""

    def __init__(self, broker: Broker, failpoints_armed: str = "") -> None:
        server, mark, options = os.environ["DATABASE_URL"].partition("?")
        environment = os.environ | {
            "DATABASE_URL": f"{server.rpartition('/')[0]}/{connection.settings_dict['NAME']}{mark}{options}",
            "REDIS_URL": broker.url,
            "FAILPOINTS": failpoints_armed,
        }
        words = ["worker", "-P", "solo", "-Q", "celery", "-l", "error", "--without-mingle", "--without-gossip"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "seller_center", *words], cwd=ROOT, env=environment
        )

    def died(self) -> bool:
        return self.process.poll() == DIED

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def finish_jobs(people, number: int, at: dt.datetime) -> None:
    """So many deeds whose reaction is a real one: whoever asked for a job hears of its end."""
    shop, person = people
    for _one in range(number):
        jobs.start_job(shop=shop, kind="catalog.export", by=person, at=at)
        jobs.finish(jobs.claim(at), at=at, result={})


def pass_minutes(minutes: int) -> None:
    """The marketplace's clock goes on, and the leases of the dead run out."""
    row, _made = ClockOffset.objects.get_or_create(pk=1)
    ClockOffset.objects.update(seconds=row.seconds + 60 * minutes)
    clock.forget()


def told() -> int:
    return Notice.objects.filter(kind=KIND).count()


def test_it_loses_nothing_with_a_broker_that_forgets_and_a_worker_that_dies(people, broker):
    at = clock.now()
    finish_jobs(people, 3, at)
    assert broker.forget_everything() >= 1  # the nudges are gone
    broker.kill()
    began = time.monotonic()
    finish_jobs(people, 3, at)  # with no broker at all a deed is still done, and nobody waits for long
    assert time.monotonic() - began < 30
    broker.start()
    reacting.current_app = broker.app

    dying = Worker(broker, "reaction.before_commit=exit:3")
    try:
        reacting.nudge()
        assert eventually(dying.died, within=120)
    finally:
        dying.kill()
    assert 0 < told() < 6
    broker.forget_everything()  # what it had taken and not acknowledged is forgotten as well

    healthy, before = Worker(broker), told()
    try:
        finish_jobs(people, 2, at)
        assert eventually(lambda: told() >= before + 2, within=120)  # it is up

        def swept() -> bool:
            """What beat does every few seconds, after the leases of the dead."""
            pass_minutes(40)
            reacting.nudge()
            return eventually(lambda: told() == 8, within=3)

        assert eventually(swept, within=120)
        assert eventually(lambda: not ShopEvent.objects.filter(kind=KIND, delivered_at=None).exists())
    finally:
        healthy.kill()
    assert told() == ShopEvent.objects.filter(kind=KIND).count() == EventHandled.objects.count() == 8
