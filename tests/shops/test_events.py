"""Events and reactions: written with the deed, delivered at least once, effective exactly once (DEC10, E1)."""

import dataclasses
import datetime as dt
import string

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from seller_center import reactions
from seller_center.kernel import failpoints
from shops import event_kinds, events, reacting
from shops.models import EventHandled, Notice, ShopEvent
from shops.notifying import notify
from shops.scope import scope
from tests.factories.shops import make_member, make_shop
from tests.storm import storm

KIND = "job.finished"
FACTS = {"job_kind": "x.y", "status": "succeeded"}
HANDLER = "tests.reaction"


def record(shop, at, **facts):
    return events.record(KIND, shop=shop, subject_kind="job", subject_code="J1", by=None, at=at, **{**FACTS, **facts})


@pytest.fixture
def handled(monkeypatch):
    """A reaction that leaves one notice for each time it runs."""

    def leave_a_notice(event):
        for person in [*event.shop_members]:
            notify(shop=event.shop, kind="test", title="done", at=event.at, users=[person])

    def handler(event):
        event.shop_members = [event.by] if event.by else []
        leave_a_notice(event)

    monkeypatch.setitem(reacting._handlers, HANDLER, handler)
    monkeypatch.setitem(reacting._table, KIND, (HANDLER,))
    monkeypatch.setattr(reactions, "resolve", lambda name: None)
    return handler


def happened(shop, person, at):
    with scope(shop, by=person):
        return events.record(KIND, shop=shop, subject_kind="job", subject_code="J1", by=person, at=at, **FACTS)


# -- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_record_outside_a_transaction(at):
    with pytest.raises(events.OutsideTransaction):
        record(make_shop(), at)


@pytest.mark.django_db(transaction=True)
def test_an_event_goes_with_its_deed(at):
    shop = make_shop()
    with pytest.raises(RuntimeError), scope(shop, by=None):  # noqa: PT012
        record(shop, at)
        raise RuntimeError("the deed fails")
    assert not ShopEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("facts", [{"status": "x", "more": 1}, {}])
def test_it_refuses_facts_that_do_not_fit(shop, at, facts):
    with pytest.raises(TypeError), scope(shop, by=None):
        events.record(KIND, shop=shop, subject_kind="job", subject_code="J", by=None, at=at, **facts)


@pytest.mark.django_db
def test_it_refuses_a_kind_nobody_declared(shop, at):
    with pytest.raises(KeyError), scope(shop, by=None):
        events.record("nothing.happened", shop=shop, subject_kind="x", subject_code="x", by=None, at=at)


@pytest.mark.django_db
def test_it_writes_many_in_one_statement(shop, other_shop, at, django_assert_num_queries):
    subjects = [("job", f"J{number}", FACTS) for number in range(50)]
    owners = [shop.pk, other_shop.pk] * 25
    with scope(shop, by=None), django_assert_num_queries(1):
        events.record_many(KIND, by=None, at=at, subjects=subjects, shop_ids=owners)
    assert ShopEvent.objects.in_shop(other_shop).count() == 25


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"kind": "x"}, {"facts": {}}, {"audience": "staff"}, {"at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}]
)
def test_what_happened_is_never_changed(shop, at, change):
    with scope(shop, by=None):
        event = record(shop, at)
    with pytest.raises(DatabaseError), transaction.atomic():
        ShopEvent.objects.filter(pk=event.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        ShopEvent.objects.filter(pk=event.pk)._raw_delete("default")
    ShopEvent.objects.filter(pk=event.pk).update(attempts=3)  # the control: what belongs to delivery may change


@pytest.mark.parametrize("kind", event_kinds.KINDS.values(), ids=lambda kind: kind.name)
def test_each_sentence_uses_facts_that_exist(kind):
    known = {field.name for field in dataclasses.fields(kind.facts)} | {"code"}
    used = {name for _text, name, _spec, _how in string.Formatter().parse(kind.sentence) if name}
    if "currency" in known:  # amounts read as money under their name without the unit
        known |= {name.removesuffix("_minor") for name in known if name.endswith("_minor")}
    assert used <= known
    assert kind.audience in ("seller", "staff")


@pytest.mark.django_db
def test_an_older_row_without_a_fact_reads_as_a_dash(shop, at):
    with scope(shop, by=None):
        event = record(shop, at)
    event.facts = {}
    assert event.sentence == "Work J1 ended: –."
    event.kind = "gone.kind"
    assert event.sentence == "gone.kind"


# -- delivering -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_it_is_effective_once_however_often_it_is_delivered(handled, at):
    shop = make_shop()
    event = happened(shop, make_member(shop), at)
    for _time in range(3):
        reacting.run_reaction(HANDLER, event_id=event.pk, shop_id=shop.pk, at=at)
    assert Notice.objects.count() == 1
    event.refresh_from_db()
    assert event.delivered_at == at


@pytest.mark.django_db(transaction=True)
def test_thirty_two_twins_at_once_have_one_effect(handled, at):
    shop = make_shop()
    event = happened(shop, make_member(shop), at)

    def deliver(_number):
        return reacting.run_reaction(HANDLER, event_id=event.pk, shop_id=shop.pk, at=at)

    outcomes = storm(deliver)
    assert [one.error for one in outcomes] == [""] * 32
    assert sum(one.value for one in outcomes) == 1
    assert Notice.objects.count() == 1
    assert EventHandled.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_mark_the_twins_have_many_effects(handled, at, monkeypatch):
    """The control: the same storm with the mark taken away."""
    shop = make_shop()
    event = happened(shop, make_member(shop), at)
    monkeypatch.setattr(reacting, "_mark", lambda event, name, at: True)
    storm(lambda number: reacting.run_reaction(HANDLER, event_id=event.pk, shop_id=shop.pk, at=at))
    assert Notice.objects.count() == 32


@pytest.mark.django_db(transaction=True)
def test_an_effect_that_fails_leaves_no_mark_and_is_tried_again(handled, at, monkeypatch):
    shop = make_shop()
    event = happened(shop, make_member(shop), at)
    failpoints.arm("reaction.before_commit=raise")
    try:
        with pytest.raises(failpoints.FailpointReached):
            reacting.run_reaction(HANDLER, event_id=event.pk, shop_id=shop.pk, at=at)
        assert not Notice.objects.exists()
        assert not EventHandled.objects.exists()
        assert reacting.run_reaction(HANDLER, event_id=event.pk, shop_id=shop.pk, at=at)
        assert Notice.objects.count() == 1
    finally:
        failpoints.arm("")


@pytest.mark.django_db(transaction=True)
def test_a_crash_after_the_effect_only_costs_the_note_that_it_is_delivered(handled, at, monkeypatch):
    shop = make_shop()
    event = happened(shop, make_member(shop), at)
    monkeypatch.setattr(reacting, "_finish", lambda event, at: None)
    reacting.run_reaction(HANDLER, event_id=event.pk, shop_id=shop.pk, at=at)
    monkeypatch.undo()
    monkeypatch.setitem(reacting._table, KIND, (HANDLER,))
    assert not reacting.run_reaction(HANDLER, event_id=event.pk, shop_id=shop.pk, at=at)
    event.refresh_from_db()
    assert event.delivered_at is not None
    assert Notice.objects.count() == 1


@pytest.mark.django_db
def test_a_reaction_that_always_fails_is_a_dead_letter_and_holds_up_nobody(shop, owner, handled, at, monkeypatch):
    poison, fine = happened(shop, owner, at), happened(shop, owner, at)
    healthy = reacting._handlers[HANDLER]

    def handler(event):
        if event.pk == poison.pk:
            raise ValueError("poison")
        healthy(event)

    monkeypatch.setitem(reacting._handlers, HANDLER, handler)
    moment = at
    for _time in range(12):
        reactions.deliver(moment, inline=True)
        moment += dt.timedelta(minutes=20)
    poison.refresh_from_db()
    fine.refresh_from_db()
    assert fine.delivered_at is not None
    assert (poison.attempts, poison.delivered_at) == (reacting.MOST_ATTEMPTS, None)
    assert "poison" in poison.last_error
    assert list(reacting.dead_letters()) == [poison]
    monkeypatch.setitem(reacting._handlers, HANDLER, healthy)  # mended, and the operator says: again
    assert reacting.revive(moment) == 1
    reactions.deliver(moment, inline=True)
    assert not reacting.dead_letters().exists()
    assert Notice.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_claim_at_once_get_different_events(handled, at):
    shop = make_shop()
    person = make_member(shop)
    for _number in range(40):
        happened(shop, person, at)
    outcomes = storm(lambda number: [event.pk for event in reacting.claim(at, limit=10)], processes=4, threads=2)
    taken = [pk for one in outcomes for pk in one.value]
    assert len(taken) == len(set(taken)) == 40


@pytest.mark.django_db
def test_a_claimed_event_is_left_to_its_worker_for_a_while(shop, owner, handled, at):
    happened(shop, owner, at)
    assert len(reacting.claim(at)) == 1
    assert reacting.claim(at + dt.timedelta(seconds=29)) == []
    assert len(reacting.claim(at + dt.timedelta(seconds=31))) == 1


@pytest.mark.django_db
def test_an_event_nobody_reacts_to_counts_as_delivered(shop, at):
    with scope(shop, by=None):
        event = events.record(
            "application.claimed", shop=shop, subject_kind="application", subject_code="A", by=None, at=at
        )
    assert event.delivered_at == at


@pytest.mark.django_db
def test_a_timeline_is_in_order_and_sellers_do_not_read_what_staff_do(shop, owner, at):
    with scope(shop, by=owner):
        for number, kind in enumerate(("application.started", "application.claimed", "application.withdrawn")):
            facts = {"market": "US", "business_type": "individual"} if kind == "application.started" else {}
            events.record(
                kind,
                shop=shop,
                subject_kind="application",
                subject_code="A",
                by=owner,
                at=at + dt.timedelta(hours=number),
                **facts,
            )
    rows = ShopEvent.objects.about(shop, "application", "A")
    assert [row.kind for row in rows] == ["application.started", "application.claimed", "application.withdrawn"]
    assert [row.kind for row in rows.for_sellers()] == ["application.started", "application.withdrawn"]


@pytest.mark.django_db
def test_a_mark_of_another_shop_is_refused(shop, other_shop, at):
    with scope(shop, by=None):
        event = record(shop, at)
    with pytest.raises(IntegrityError), transaction.atomic():
        EventHandled.objects.create(shop=other_shop, event=event, handler="x", handled_at=at)


@pytest.mark.django_db
def test_an_event_whose_reactions_were_taken_away_is_no_dead_letter(shop, owner, handled, at, monkeypatch):
    event = happened(shop, owner, at)
    monkeypatch.setitem(reacting._table, KIND, ())
    assert reacting.claim(at) == []
    event.refresh_from_db()
    assert event.delivered_at == at
