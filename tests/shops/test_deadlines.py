"""Deadlines: set, met, void; reminders; the sweep, its crashes and its bad rows."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from seller_center import inbox
from seller_center.kernel import failpoints
from shops import deadlines, events
from shops.models import Deadline, Notice, ShopEvent
from shops.scope import scope
from tests.factories.shops import make_shop
from tests.storm import storm

HOUR = dt.timedelta(hours=1)


def start(shop, at, *, code="D", hours=48, warn=(), **more):
    with scope(shop, by=None):
        return deadlines.set_deadline(
            shop=shop,
            kind="document.expiry",
            subject_kind="document",
            subject_code=code,
            due_at=at + hours * HOUR,
            at=at,
            warn_hours=warn,
            **more,
        )


@pytest.fixture
def ended(monkeypatch):
    """A verb that ends what is due and remembers its calls."""
    calls = []

    def verb(rows, *, at):
        calls.append([row.subject_code for row in rows])
        deadlines.end_all(rows, outcome=Deadline.Ended.MISSED, at=at)

    monkeypatch.setattr(inbox, "resolve", lambda name: verb)
    return calls


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_promise_outside_a_transaction(at):
    shop = make_shop()
    with pytest.raises(events.OutsideTransaction):
        deadlines.set_deadline(shop=shop, kind="document.expiry", subject_kind="x", subject_code="x", due_at=at, at=at)


@pytest.mark.django_db
def test_one_clock_of_a_kind_runs_per_subject(shop, other_shop, at):
    start(shop, at)
    start(other_shop, at)
    with pytest.raises(IntegrityError), transaction.atomic():
        start(shop, at)
    deadlines.meet(shop=shop, subject_kind="document", subject_code="D", at=at)
    start(shop, at)


@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"ended_as": "met"}, {"ended_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}])
def test_a_clock_ends_with_an_outcome_and_only_then_has_one(shop, at, values):
    row = start(shop, at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Deadline.objects.filter(pk=row.pk).update(**values)


@pytest.mark.django_db
def test_it_ends_only_clocks_of_this_shop_and_subject(shop, other_shop, at):
    start(shop, at, code="A")
    start(shop, at, code="B")
    start(other_shop, at, code="A")
    assert deadlines.void(shop=shop, subject_kind="document", subject_code="A", at=at) == 1
    assert deadlines.meet(shop=shop, subject_kind="document", subject_code="A", at=at) == 0
    assert Deadline.objects.running().count() == 2


@pytest.mark.django_db
def test_it_reminds_at_each_rung_once(shop, owner, at):
    start(shop, at, hours=48, warn=(24, 6, 1))
    for hours, told in ((23, 0), (24, 1), (25, 1), (42, 2), (47, 3), (47.5, 3)):
        inbox.sweep(at + hours * HOUR)
        assert ShopEvent.objects.filter(kind="deadline.approaching").count() == told, hours


@pytest.mark.django_db
def test_a_night_slept_through_is_one_reminder(shop, at):
    start(shop, at, hours=48, warn=(24, 6, 1))
    inbox.sweep(at + 47.5 * HOUR)
    assert ShopEvent.objects.get(kind="deadline.approaching").facts["hours"] == 1


@pytest.mark.django_db
def test_a_rung_that_has_passed_already_is_left_out(shop, at):
    assert start(shop, at, hours=3, warn=(24, 6, 1)).warn_hours == [1]


@pytest.mark.django_db
def test_snoozing_quietens_reminders_and_never_the_clock(shop, owner, at, ended):
    row = start(shop, at, hours=48, warn=(24,))
    deadlines.snooze(deadline=row, until=at + 100 * HOUR, by=owner, at=at)
    row.refresh_from_db()
    assert row.snoozed_until == row.due_at
    inbox.sweep(at + 25 * HOUR)
    assert not ShopEvent.objects.filter(kind="deadline.approaching").exists()
    inbox.sweep(at + 48 * HOUR)
    assert ended == [["D"]]


@pytest.mark.django_db
def test_waking_a_clock_brings_its_reminders_back(shop, owner, at):
    row = start(shop, at, hours=48, warn=(24, 6))
    deadlines.snooze(deadline=row, until=at + 47 * HOUR, by=owner, at=at)
    inbox.sweep(at + 25 * HOUR)
    assert not ShopEvent.objects.filter(kind="deadline.approaching").exists()
    deadlines.wake(deadline=row, by=owner)
    inbox.sweep(at + 43 * HOUR)
    assert ShopEvent.objects.get(kind="deadline.approaching").facts["hours"] == 6


@pytest.mark.django_db
def test_it_calls_the_verb_at_the_moment_and_not_before(shop, at, ended):
    start(shop, at)
    assert inbox.sweep(at + 48 * HOUR - dt.timedelta(microseconds=1)) == 0
    assert inbox.sweep(at + 48 * HOUR) == 1
    assert inbox.sweep(at + 480 * HOUR) == 0
    assert ended == [["D"]]


@pytest.mark.django_db
def test_one_bad_row_costs_only_itself(shop, at, monkeypatch):
    for code in ("A", "BAD", "C"):
        start(shop, at, code=code)

    def verb(rows, *, at):
        if any(row.subject_code == "BAD" for row in rows):
            raise ValueError("this one")
        deadlines.end_all(rows, outcome=Deadline.Ended.MISSED, at=at)

    monkeypatch.setattr(inbox, "resolve", lambda name: verb)
    due = at + 48 * HOUR
    inbox.sweep(due)
    left = Deadline.objects.running().get()
    assert left.subject_code == "BAD"
    assert left.next_check_at == due + inbox.LOOK_AGAIN
    assert inbox.sweep(due) == 0


@pytest.mark.django_db
def test_a_verb_that_leaves_a_row_alone_does_not_loop(shop, at, monkeypatch):
    start(shop, at)
    monkeypatch.setattr(inbox, "resolve", lambda name: lambda rows, *, at: None)
    assert inbox.sweep(at + 48 * HOUR) == 1


@pytest.mark.django_db(transaction=True)
def test_a_crash_in_the_sweep_undoes_it_whole(at, ended):
    start(make_shop(), at)
    failpoints.arm("sweep.before_commit=raise")
    try:
        with pytest.raises(failpoints.FailpointReached):
            inbox.sweep(at + 48 * HOUR)
        assert Deadline.objects.running().count() == 1
        inbox.sweep(at + 48 * HOUR)
    finally:
        failpoints.arm("")
    assert Deadline.objects.get().ended_as == "missed"


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_end_each_clock_once(at, monkeypatch):
    shop = make_shop()
    for number in range(60):
        start(shop, at, code=f"D{number}")
    monkeypatch.setattr(inbox, "CHUNK", 10)

    def verb(rows, *, at):
        with scope(shop, by=None):
            events.record_many(
                "document.expired",
                shop=shop,
                by=None,
                at=at,
                subjects=[("document", row.subject_code, {"document_kind": "x", "paper": "x"}) for row in rows],
            )
        deadlines.end_all(rows, outcome=Deadline.Ended.MISSED, at=at)

    monkeypatch.setattr(inbox, "resolve", lambda name: verb)
    outcomes = storm(lambda number: inbox.sweep(at + 48 * HOUR), processes=4, threads=2)
    assert [one.error for one in outcomes] == [""] * 8
    assert ShopEvent.objects.filter(kind="document.expired").count() == 60


@pytest.mark.django_db
def test_the_reminder_reaches_those_responsible(shop, owner, packer, at):
    from seller_center import reactions

    start(shop, at, label="Passport", warn=(24,))
    inbox.sweep(at + 24 * HOUR)
    reactions.deliver_all(at + 24 * HOUR)
    notice = Notice.objects.get()
    assert (notice.to, notice.title) == (owner, "24 hours left – Document expires: Passport")
