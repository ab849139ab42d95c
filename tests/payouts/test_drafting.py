"""Payday: everything available goes into one payout per shop, each cent into at most one (INV10)."""

import datetime as dt

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from payouts import drafting, releasing, settlement
from payouts.drafting import NotAPayday
from payouts.models import Entry, Payout, PayoutBatch, Statement, Transaction
from shops.models import BankAccount, BatchRun, Deadline, Market, Shop, ShopEvent
from tests.factories.payouts import (
    PAYDAY,
    PAYDAY_AT,
    Sold,
    balance,
    keep,
    make_available,
    make_bank_account,
    make_batch,
    make_earned,
    make_refund,
)
from tests.factories.shops import AT, make_shop, make_staff

pytestmark = pytest.mark.django_db
NEXT_WEEK = PAYDAY + dt.timedelta(days=7)


@pytest.fixture
def us(db):
    return Market.objects.get(pk="US")


def draft(us, on=PAYDAY, at=PAYDAY_AT, **fields):
    return drafting.draft(market=us, period_on=on, at=at, **fields)


def rich_shop(code="RICH", **sold):
    shop = make_shop(code)
    make_bank_account(shop)
    make_available(shop, Sold(**({"unit_minor": 10_000} | sold)))
    return shop


def test_it_pays_out_what_is_available(us):
    shop = rich_shop()
    done = draft(us)
    payout = Payout.objects.get()
    assert (payout.amount_minor, payout.status, payout.code) == (9_700, "ready", "RICH-P261026")
    assert balance(shop, "available") == 0
    assert balance(shop, "in_flight") == 9_700
    assert (done.payout_count, done.total_minor, done.batch.code) == (1, 9_700, "US-20261026-1")
    assert (done.batch.payout_count, done.batch.total_minor) == (1, 9_700)
    batch = PayoutBatch.objects.get()
    assert (batch.payout_count, batch.total_minor, batch.status) == (1, 9_700, "drafted")


def test_it_closes_a_statement_that_adds_up(us):
    shop = rich_shop()
    draft(us)
    statement = Statement.objects.get()
    assert (statement.opening_minor, statement.movements_minor, statement.paid_out_minor, statement.closing_minor) == (
        0,
        9_700,
        9_700,
        0,
    )
    entries = Entry.objects.filter(
        shop=shop,
        account=statement.account,
        position__gt=statement.after_position,
        position__lte=statement.to_position,
    )
    assert entries.aggregate(total=Sum("amount_minor"))["total"] == 0
    assert entries.order_by("-position")[0].balance_after_minor == statement.closing_minor


def test_it_drafts_nothing_twice(us):
    rich_shop()
    draft(us)
    again = draft(us)
    assert (again.payout_count, again.batch) == (0, None)
    assert Payout.objects.count() == Statement.objects.count() == PayoutBatch.objects.count() == 1


def test_it_takes_up_where_it_stopped(us, monkeypatch):
    """A run that dies between two chunks leaves whole chunks; the next one does the rest."""
    shops = [rich_shop(f"P{number:03d}") for number in range(5)]
    monkeypatch.setattr(drafting, "CHUNK", 2)
    kept = drafting._Payday._draft_chunk
    chunks = []

    def die_at_the_second(self, ids, run):
        chunks.append(ids)
        if len(chunks) == 2:
            raise RuntimeError("killed")
        kept(self, ids, run)

    monkeypatch.setattr(drafting._Payday, "_draft_chunk", die_at_the_second)
    with pytest.raises(RuntimeError):
        draft(us)
    assert Payout.objects.count() == 2
    BatchRun.objects.update(lease_until=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    monkeypatch.setattr(drafting._Payday, "_draft_chunk", kept)
    draft(us)
    assert Payout.objects.count() == 5
    assert {payout.shop_id for payout in Payout.objects.all()} == {shop.pk for shop in shops}
    assert Payout.objects.aggregate(total=Sum("amount_minor"))["total"] == 5 * 9_700


def test_it_leaves_out_whoever_cannot_be_paid_and_says_why(us):
    poor = make_shop("POOR")
    make_bank_account(poor)
    make_available(poor, Sold(unit_minor=100))
    make_available(make_shop("BANK"), Sold(unit_minor=10_000))
    changed = make_shop("CHNG")
    make_bank_account(changed, usable_from=PAYDAY_AT + dt.timedelta(hours=1))
    make_available(changed, Sold(unit_minor=10_000))
    done = draft(us)
    assert done.left_out == {"below_minimum": 1, "no_bank_account": 1, "bank_changed": 1}
    assert done.batch is None
    # their statements are published all the same, and the money is carried on
    assert Statement.objects.filter(paid_out_minor=0).count() == 3
    assert Statement.objects.get(shop=changed).closing_minor == 9_700


def test_it_carries_on_to_the_next_payday(us):
    shop = make_shop("LATE")
    make_available(shop, Sold(unit_minor=10_000))
    draft(us)
    make_bank_account(shop)
    draft(us, on=NEXT_WEEK, at=PAYDAY_AT + dt.timedelta(days=7))
    assert Payout.objects.get().amount_minor == 9_700
    first, second = Statement.objects.order_by("id")
    assert (first.closing_minor, second.opening_minor, second.movements_minor, second.paid_out_minor) == (
        9_700,
        9_700,
        0,
        9_700,
    )


def test_it_pays_every_second_week_only_then(us):
    shop = rich_shop()
    Shop.objects.filter(pk=shop.pk).update(payout_every_weeks=2)
    paid_on = [day for day in (PAYDAY, NEXT_WEEK) if draft(us, on=day, at=PAYDAY_AT + (day - PAYDAY)).payout_count]
    assert len(paid_on) == 1


def test_it_nets_what_is_owed_before_it_pays(us):
    shop = rich_shop()
    order = make_earned(shop, Sold(unit_minor=4_000), at=AT + dt.timedelta(days=30))
    draft(us)
    make_refund(order, at=AT + dt.timedelta(days=31))
    keep(order)  # the refund fee could not be taken: debt
    assert balance(shop, "debt") < 0
    make_available(shop, Sold(unit_minor=1_000), at=AT + dt.timedelta(days=30))
    draft(us, on=NEXT_WEEK, at=PAYDAY_AT + dt.timedelta(days=7))
    assert balance(shop, "debt") == 0
    assert Payout.objects.get(period_on=NEXT_WEEK).amount_minor < 970


def test_it_refuses_a_day_that_is_no_payday_or_has_not_come(us):
    with pytest.raises(NotAPayday):
        draft(us, on=PAYDAY + dt.timedelta(days=1))
    with pytest.raises(NotAPayday):
        draft(us, on=NEXT_WEEK)


def test_a_dry_run_changes_nothing(us):
    shop = rich_shop()
    done = draft(us, dry_run=True)
    assert (done.payout_count, done.total_minor, done.batch) == (1, 9_700, None)
    assert not Payout.objects.exists()
    assert not BatchRun.objects.exists()
    assert balance(shop, "available") == 9_700


def test_it_gives_staff_a_clock_and_tells_them(us):
    rich_shop()
    draft(us)
    clock = Deadline.objects.get(kind="payout_batch.release_by")
    assert clock.due_at == PAYDAY_AT + dt.timedelta(hours=24)
    assert clock.shop.is_platform
    assert ShopEvent.objects.filter(kind="payout_batch.drafted").count() == 1
    releasing.release_overdue([clock], at=clock.due_at)
    clock.refresh_from_db()
    assert clock.ended_as == "missed"
    assert ShopEvent.objects.filter(kind="payout_batch.overdue").count() == 1


def test_it_is_due_however_late(us):
    assert drafting.payday_of(us, PAYDAY_AT) == PAYDAY
    assert drafting.payday_of(us, PAYDAY_AT + dt.timedelta(days=3)) == PAYDAY
    assert drafting.payday_of(us, PAYDAY_AT - dt.timedelta(hours=10)) == PAYDAY - dt.timedelta(days=7)
    assert not drafting.is_done(us, PAYDAY)
    draft(us)
    assert drafting.is_done(us, PAYDAY)


def test_it_keeps_positions_across_paydays(us):
    shop = rich_shop()
    draft(us)
    make_available(shop, Sold(unit_minor=3_000), at=AT + dt.timedelta(days=14))
    settlement.settle(at=PAYDAY_AT + dt.timedelta(days=5), shop=shop)
    draft(us, on=NEXT_WEEK, at=PAYDAY_AT + dt.timedelta(days=7))
    first, second = Statement.objects.order_by("closes_on")
    assert first.to_position == second.after_position
    assert Payout.objects.count() == 2
    for payout in Payout.objects.all():
        statement = Statement.objects.get(payout=payout)
        assert statement.opening_minor + statement.movements_minor == payout.amount_minor


class TestReleasing:
    """Two people, a last look at changed accounts, and holds with a reason."""

    def test_it_takes_two_people(self, us):
        rich_shop()
        batch = draft(us).batch
        first, second = make_staff("finance"), make_staff("finance")
        releasing.approve(batch=batch, by=first, at=PAYDAY_AT)
        with pytest.raises(releasing.SamePerson):
            releasing.release(batch=batch, by=first, at=PAYDAY_AT)
        batch = releasing.release(batch=batch, by=second, at=PAYDAY_AT)
        assert (batch.status, batch.approved_by, batch.released_by) == ("released", first, second)
        assert len(batch.file_sha256) == 64
        assert Deadline.objects.get(kind="payout_batch.release_by").ended_as == "met"

    def test_it_holds_payouts_whose_account_was_changed_meanwhile(self, us):
        shop = rich_shop()
        stays = rich_shop("STAY")
        batch = draft(us).batch
        BankAccount.objects.filter(shop=shop).update(status="retired")
        new = make_bank_account(shop, usable_from=PAYDAY_AT + dt.timedelta(hours=72))
        releasing.approve(batch=batch, by=make_staff("finance"), at=PAYDAY_AT)
        batch = releasing.release(batch=batch, by=make_staff("finance"), at=PAYDAY_AT)
        held = Payout.objects.get(shop=shop)
        assert (held.status, held.hold, held.batch) == ("held", "bank", None)
        assert (batch.payout_count, batch.total_minor) == (1, 9_700)
        assert Payout.objects.get(shop=stays).batch_id == batch.pk
        # a week later the new account may be used: the same payout joins the next batch
        draft(us, on=NEXT_WEEK, at=PAYDAY_AT + dt.timedelta(days=7))
        held.refresh_from_db()
        assert (held.status, held.bank_account_id) == ("ready", new.pk)
        assert held.batch.payout_count == 1

    def test_it_refuses_to_release_nothing(self, us):
        shop = rich_shop()
        batch = draft(us).batch
        releasing.hold(
            payout=Payout.objects.get(shop=shop), reason="Fraud check", by=make_staff("finance"), at=PAYDAY_AT
        )
        releasing.approve(batch=batch, by=make_staff("finance"), at=PAYDAY_AT)
        with pytest.raises(releasing.NothingToRelease):
            releasing.release(batch=batch, by=make_staff("finance"), at=PAYDAY_AT)

    def test_it_holds_with_a_reason_and_puts_back(self, us):
        shop = rich_shop()
        batch = draft(us).batch
        payout = Payout.objects.get(shop=shop)
        by = make_staff("finance")
        with pytest.raises(Exception, match="why"):
            releasing.hold(payout=payout, reason=" ", by=by, at=PAYDAY_AT)
        releasing.hold(payout=payout, reason="Fraud check", by=by, at=PAYDAY_AT)
        batch.refresh_from_db()
        assert (batch.payout_count, batch.total_minor) == (0, 0)
        releasing.put_back(payout=payout, by=by, at=PAYDAY_AT)
        draft(us, on=NEXT_WEEK, at=PAYDAY_AT + dt.timedelta(days=7))
        payout.refresh_from_db()
        assert payout.batch.pays_on == NEXT_WEEK

    def test_it_holds_nothing_that_is_released(self, us):
        shop = rich_shop()
        make_batch(shop)
        with pytest.raises(Exception, match="released"):
            releasing.hold(payout=Payout.objects.get(), reason="Too late", by=make_staff("finance"), at=PAYDAY_AT)


def test_it_posts_one_transaction_per_shop_however_many_sales(us):
    shop = make_shop("MANY")
    make_bank_account(shop)
    for _number in range(6):
        make_available(shop)
    draft(us)
    assert Transaction.objects.filter(kind="payout").count() == 1


def test_it_costs_as_many_queries_for_one_shop_as_for_eight(us):
    counts = []
    for first, last, on in ((0, 1, PAYDAY), (1, 9, NEXT_WEEK)):
        for number in range(first, last):
            rich_shop(f"B{number:03d}")
        with CaptureQueriesContext(connection) as found:
            done = draft(us, on=on, at=PAYDAY_AT + (on - PAYDAY))
        assert done.payout_count == last - first
        counts.append(len(found))
    assert counts[0] == counts[1]
