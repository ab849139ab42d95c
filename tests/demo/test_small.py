"""A small demo: it keeps every promise, is the same for the same seed and moment, and goes on living."""

import datetime as dt
import hashlib
import multiprocessing
import random
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import resolve

from analytics.models import HourlyFigure, Visit
from orders.models import Order, Package, ReturnRequest
from payouts.models import Payout, PayoutBatch, Statement
from seller_center import demo, embedded, inbox, proof, reactions, simulating
from seller_center.demo import afterwards
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops import deadlines, policy_book
from shops.models import Deadline, Job, Notice, Shop
from support.models import Conversation, Review, Ticket

NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)


def broken(at: dt.datetime) -> list[str]:
    """What the auditor finds."""
    return [f"{answer.check.name}: {answer.findings[:3]}" for answer in proof.prove(at=at) if answer.count]


def fingerprint() -> str:
    """What a visitor would see of the orders, in order."""
    rows = Order.objects.order_by("placed_at", "code").values_list(
        "code", "external_number", "fulfilment_status", "total_minor", "placed_at", "contact_name"
    )
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_small_demo_keeps_every_promise_and_lives_on(connected_sandbox, settings, monkeypatch):
    shop = demo.load(NOW, size=demo.SMALL)
    job = demo.ask_for_rest(NOW, size=demo.SMALL)
    with monkeypatch.context() as patch:
        patch.setitem(multiprocessing.current_process()._config, "daemon", True)  # as in a worker: no children
        assert reactions.run_jobs(NOW) == 1, "the rest is a worker's job"
    job.refresh_from_db()
    assert (job.status, job.error) == (Job.Status.SUCCEEDED, "")
    reactions.deliver_all(NOW)
    assert Notice.objects.in_shop(shop).filter(kind="job.finished", to=job.by).count() == 1
    assert broken(NOW) == []
    shown = set(Order.objects.in_shop(shop).values_list("fulfilment_status", flat=True))
    assert {"completed", "delivered", "shipped", "unpaid"} <= shown
    doors = Order.objects.in_shop(shop)
    assert 0 < doors.filter(channel="api").count() < doors.filter(channel="storefront").count() / 4
    assert PayoutBatch.objects.filter(status="reconciled").count() >= 10, "a batch was paid for most weeks"
    settled = Statement.objects.in_shop(shop).order_by("closed_at").values_list("closed_at", flat=True)
    assert len({moment.date() for moment in settled}) == len(settled) >= 10, "each in its own week"
    assert not Payout.objects.exclude(status="paid").exclude(batch__status__in=("drafted", "approved_once")).exists()
    seen = Visit.objects.in_shop(shop).exclude(product=None).values_list("landing", "product__slug").distinct()
    assert seen
    assert all(resolve(landing).kwargs.get("product") == slug for landing, slug in seen), "pages that there are"
    assert Review.objects.exists()
    assert ReturnRequest.objects.exists()
    assert Conversation.objects.exists()
    assert Ticket.objects.filter(status="open").exists()
    assert Deadline.objects.running().filter(kind="order.ship_by", due_at__gt=NOW).exists()
    assert list(demo.load_rest(NOW, size=demo.SMALL)) == ["Scores and evaluations."], "what is there is left out"
    _goes_on_living(shop, monkeypatch)


def _goes_on_living(shop: Shop, monkeypatch) -> None:
    moment = [NOW]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    monkeypatch.setattr(simulating, "ORDERING", 1_000)
    monkeypatch.setattr(simulating.passing, "advance", lambda step: moment.__setitem__(0, moment[0] + step))
    orders, figures = (
        Order.objects.count(),
        HourlyFigure.objects.in_shop(shop).filter(hour__gte=NOW - demo.HOUR).count(),
    )
    found = simulating.market(shops=1, seed=3)
    hours = []
    for at, counts in simulating.live(
        found, span=4 * demo.HOUR, speed=10**9, now=lambda: moment[0], wait=lambda seconds: False, alone=True
    ):
        hours.append((at, counts))
    total = sum((counts for _at, counts in hours), hours[0][1].__class__())
    assert len(hours) >= 4
    assert total["visits"] > 0
    assert total["paid"] > 0
    assert total["scans delivered"] + total["scans in_transit"] + total["scans accepted"] > 0
    assert Order.objects.count() == orders + total["orders"]
    assert HourlyFigure.objects.in_shop(shop).filter(hour__gte=NOW - demo.HOUR).count() > figures
    assert Package.objects.in_shop(shop).filter(status="delivered", delivered_at__gt=NOW).exists()
    assert broken(moment[0]) == []


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_same_seed_and_moment_give_the_same_orders():
    size = demo.Size(orders=6, goods=1, visits=2, returned=0, asked=0, neighbours=False, paydays=False)
    seen = []
    for seed in (1, 1, 2):
        demo.load(NOW, seed=seed, size=size)
        seen.append(fingerprint())
        _empty()
    assert seen[0] == seen[1]
    assert seen[0] != seen[2], "another seed, another market"


def _empty() -> None:
    from seller_center.demo.rows import writer

    with writer() as (cursor, _unchecked):
        cursor.execute(
            "SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c WHERE relkind = 'r'"
            " AND c.relnamespace = 'public'::regnamespace AND c.relname <> ALL"
            " (ARRAY['django_migrations', 'django_content_type', 'auth_permission'])"
        )
        cursor.execute(f"TRUNCATE {cursor.fetchone()[0]} RESTART IDENTITY CASCADE")
    connection.close()
    policy_book.forget_versions()


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["postgres://ours", ""])
def test_a_demo_that_is_interrupted_leaves_a_mark_on_our_own_server(url, settings, monkeypatch, tmp_path):
    settings.DATA_DIR = tmp_path
    mark, seen = tmp_path / embedded.UNFINISHED_DEMO, []
    monkeypatch.setenv("SUPERUSER_DATABASE_URL", url)

    def load(*given, **names):
        seen.append(mark.exists())
        if len(seen) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(demo, "load", load)
    with pytest.raises(KeyboardInterrupt):
        call_command("demo", part="shop")
    assert mark.exists() is bool(url)
    call_command("demo", part="shop")
    assert seen == [bool(url)] * 2
    assert not mark.exists(), "what is whole carries none"


@pytest.mark.django_db
def test_a_simulation_is_refused_where_real_people_buy(settings):
    settings.LOCAL = False
    with pytest.raises(DomainError, match="demo only"):
        simulating.market(shops=1, seed=1)
    with pytest.raises(CommandError, match="demo only"):
        call_command("simulate_market", speed=1)
    with pytest.raises(CommandError, match="LOCAL=1 only"):
        call_command("demo")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("hidden", [True, pytest.param(False, id="control: nothing is hidden")])
def test_no_clock_strikes_between_two_handfuls_of_the_story(shop, owner, monkeypatch, hidden):
    """The workers sweep every ten seconds while the past is told."""
    struck = []
    monkeypatch.setattr(inbox, "_call", lambda kind, rows, at: struck.append(kind))
    monkeypatch.setattr(afterwards, "HANDFUL", 1)
    if not hidden:
        monkeypatch.setattr(afterwards.Story, "_hide", lambda self: None)
    promise = {"kind": "document.expiry", "subject_kind": "document", "subject_code": "D"}
    story = afterwards.Story(shop, owner, owner, owner, NOW, random.Random(1))
    due = NOW - demo.HOUR / 2
    story.then(NOW - 3 * demo.HOUR, lambda at: deadlines.set_deadline(shop=shop, due_at=due, at=at, **promise))
    story.then(NOW - demo.HOUR, lambda at: deadlines.meet(shop=shop, at=at, **promise))
    for _left in story.live():
        inbox.sweep(NOW, most_chunks=1)
    assert struck == ([] if hidden else ["document.expiry"])
    assert Deadline.objects.in_shop(shop).get().ended_as == "met"


@pytest.mark.django_db
def test_a_simulation_stops_between_two_steps_when_it_is_told_to(monkeypatch):
    ended, steps = threading.Event(), []
    found = simulating.Market([], 1)
    monkeypatch.setattr(simulating, "_step", lambda *_given: steps.append(1))

    def wait(seconds: float) -> bool:
        if len(steps) == 2:
            ended.set()
        return ended.is_set()

    list(simulating.live(found, span=demo.DAY, speed=1, now=lambda: NOW, wait=wait))
    assert len(steps) == 2
