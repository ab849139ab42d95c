"""E2: real Celery workers and their children are killed in the middle of their work: nothing is lost or done twice.

A reaction that kills every worker that touches it ends as a dead letter and holds up nobody. The control lets the
broker deliver such a one again by itself: it then kills without an end.
"""

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from seller_center.kernel import clock
from shops import jobs, reacting
from shops.models import EventHandled, Notice, ShopEvent
from tests.factories.shops import make_member, make_shop
from tests.faultkit.chaos import Chaos
from tests.faultkit.pgctl import Broker
from tests.ground.processes import eventually
from tests.proof.test_outbox import KIND, pass_minutes
from tests.storm import HANG_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CHILDREN = 2
_names = itertools.count(1)


@pytest.fixture
def broker(tmp_path, monkeypatch) -> Iterator[Broker]:
    found = Broker(tmp_path / "valkey")
    monkeypatch.setattr(reacting, "current_app", found.app)
    yield found
    found.close()


@pytest.fixture
def start(broker, tmp_path) -> Iterator[Callable[..., str]]:
    """Start a worker with two children; its name."""
    server, mark, options = os.environ["DATABASE_URL"].partition("?")
    environment = os.environ | {
        "DATABASE_URL": f"{server.rpartition('/')[0]}/{connection.settings_dict['NAME']}{mark}{options}",
        "REDIS_URL": broker.url,
        "FAULT_FOLDER": str(tmp_path),
    }
    words = ["worker", "-P", "prefork", "-c", str(CHILDREN), "-Q", "celery", "-l", "error"]
    words += ["--without-mingle", "--without-gossip"]
    with Chaos(tmp_path) as chaos:

        def start(**more: str) -> str:
            name = f"worker-{next(_names)}"
            program = ["-m", "celery", "-A", "tests.faultkit.poisoned", *words, "-n", f"{name}@test"]
            chaos.start(name, [sys.executable, *program], environment | more)
            return name

        start.chaos = chaos
        yield start
        (tmp_path / "go").touch()  # an orphan that still waits may end


def finish_jobs(people, number: int, deed: str = "") -> list[str]:
    """So many jobs that end, and whose end is told by a reaction; their codes."""
    shop, person = people
    at, codes = clock.now(), []
    for _one in range(number):
        job = jobs.start_job(shop=shop, kind="catalog.export", by=person, at=at, payload={"deed": deed} if deed else {})
        jobs.finish(jobs.claim(at), at=at, result={})
        codes.append(job.code)
    return codes


def told() -> int:
    return Notice.objects.filter(kind=KIND).count()


def seen(folder: Path, deed: str, code: str) -> list[int]:
    """Which processes have begun with this reaction."""
    file = folder / f"{deed}-{code}"
    return [int(word) for word in file.read_text().split()] if file.exists() else []


def standing(start, name: str, folder: Path) -> list[int]:
    """The children of the worker that stand in the middle of a reaction."""
    begun = {int(word) for file in folder.glob("wait-*") for word in file.read_text().split()}
    return [child for child in start.chaos.children(name) if child in begun]


def swept(done: Callable[[], bool], *, minutes: int = 40) -> Callable[[], bool]:
    """What beat does while time passes: the leases of the dead run out, and somebody looks."""

    def look() -> bool:
        if done():
            return True
        pass_minutes(minutes)
        reacting.nudge()
        return eventually(done, within=1)

    return look


@pytest.fixture
def people() -> tuple:
    shop = make_shop()
    return shop, make_member(shop)


@pytest.mark.parametrize(("children", "workers"), [(20, 4), pytest.param(20, 20, marks=pytest.mark.deep)])
def test_nothing_is_lost_or_told_twice_when_workers_and_children_are_killed(
    people, start, tmp_path, figure, children, workers
):
    chaos, name = start.chaos, start()
    killed: set[int] = set()

    def kill_children() -> None:
        for child in set(standing(start, name, tmp_path)) - killed:
            chaos.kill_child(name, child)
            killed.add(child)

    def one_stands() -> bool:
        return bool(set(standing(start, name, tmp_path)) - killed)

    def others_go_on() -> bool:
        kill_children()
        return told() == 5

    for _number in range(children):
        finish_jobs(people, 1, "wait")
        assert eventually(one_stands, within=HANG_SECONDS), chaos.said(name)
        kill_children()
    finish_jobs(people, 5)
    assert eventually(others_go_on, within=HANG_SECONDS)
    for _number in range(workers):
        finish_jobs(people, 1, "wait")
        # A nudge may die with the worker before, whose connection its children keep open for a moment: somebody looks.
        assert eventually(swept(one_stands, minutes=0), within=HANG_SECONDS), chaos.said(name)
        chaos.kill(name)
        name = start()
    assert len(killed) >= children
    figure("E2", "children killed", len(killed))
    figure("E2", "workers killed", workers)
    (tmp_path / "go").touch()
    events = children + 5 + workers
    assert eventually(swept(lambda: told() == events), within=HANG_SECONDS), chaos.said(name)
    assert eventually(lambda: not ShopEvent.objects.filter(kind=KIND, delivered_at=None).exists())
    assert told() == ShopEvent.objects.filter(kind=KIND).count() == EventHandled.objects.count() == events
    assert not reacting.dead_letters().exists()


def test_what_kills_its_worker_every_time_becomes_a_dead_letter_and_holds_up_nobody(people, start, tmp_path):
    name = start()
    [deadly], [failing] = finish_jobs(people, 1, "die"), finish_jobs(people, 1, "fail")
    finish_jobs(people, 5)
    assert eventually(swept(lambda: reacting.dead_letters().count() == 2 and told() == 5), within=HANG_SECONDS)
    pass_minutes(600)
    finish_jobs(people, 1)
    assert eventually(swept(lambda: told() == 6), within=HANG_SECONDS), start.chaos.said(name)
    assert len(seen(tmp_path, "die", deadly)) == len(seen(tmp_path, "fail", failing)) == reacting.MOST_ATTEMPTS


def test_control_a_broker_that_delivers_again_by_itself_kills_without_end(people, start, tmp_path):
    start(BROKER_DELIVERS_AGAIN="1")
    [deadly] = finish_jobs(people, 1, "die")
    assert eventually(lambda: len(seen(tmp_path, "die", deadly)) > reacting.MOST_ATTEMPTS, within=HANG_SECONDS)
    assert ShopEvent.objects.get(kind=KIND).attempts == 1  # and nobody counts it
