"""Commands, tasks and the bank's callback: doors that make one call, may run twice, and have a dry run."""

import datetime as dt
import io

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse

from payouts import bank, reconciliation, tasks
from payouts.models import BankFeed, Earning, Payout, PayoutBatch, Statement
from seller_center import reactions
from shops.models import Notice
from tests.factories import orders as make
from tests.factories.payouts import (
    PAYDAY_AT,
    balance,
    make_available,
    make_bank_account,
    make_earned,
    make_payout,
)
from tests.factories.shops import AT, make_shop
from tests.payouts import banks
from tests.sandbox.fixtures import connected_sandbox, sandbox_server

__all__ = ["connected_sandbox", "sandbox_server"]
pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def payday(settings):
    settings.BANK = "tests.payouts.banks.MemoryBank"
    banks.world = banks.World()
    with time_machine.travel(PAYDAY_AT, tick=False):
        yield


def run(name, *args, **options):
    told = io.StringIO()
    call_command(name, *args, stdout=told, stderr=told, **options)
    return told.getvalue()


def test_settle_has_a_dry_run_and_may_be_repeated(shop):
    make_earned(shop)
    assert "1 package with $19.40 would become available." in run("settle", dry_run=True)
    assert Earning.objects.get().status == "pending_settlement"
    assert "1 package of 1 shop became available." in run("settle")
    assert "0 packages" in run("settle")


def test_run_payouts_drafts_once_and_says_what_it_left_out(shop):
    make_available(shop)
    other = make_shop("POOR")
    make_bank_account(other)
    make_available(other)
    assert "US 2026-10-26: 1 payout of $19.40 would be drafted.\n" in run("run_payouts", dry_run=True)
    told = run("run_payouts")
    assert "US 2026-10-26: 1 payout of $19.40 is drafted in batch US-20261026-1.\n" in told
    assert "1 shop left out: no bank account is known." in told
    assert "GB 2026-10-26: no shop is paid.\n" in told
    assert "US 2026-10-26: no shop is paid.\n" in run("run_payouts")
    assert "US 2026-10-26: no shop would be paid.\n" in run("run_payouts", dry_run=True)
    assert Payout.objects.count() == 1


def test_run_payouts_speaks_of_many_in_sentences_too(shop):
    make_available(shop)
    other = make_shop("RICH")
    make_available(other)
    for one in (shop, other):
        make_bank_account(one)
    assert "US 2026-10-26: 2 payouts of $38.80 in all would be drafted.\n" in run("run_payouts", dry_run=True)
    assert "2 payouts of $38.80 in all are drafted in batch US-20261026-1.\n" in run("run_payouts")


def test_run_payouts_fails_for_a_day_that_is_no_payday(shop):
    with pytest.raises(CommandError):
        run("run_payouts", on=dt.date(2026, 10, 27))
    assert "US 2026-10-19: no shop is paid." in run("run_payouts", on=dt.date(2026, 10, 19), market="US")


def test_send_and_reconcile_by_hand(shop):
    payout = make_payout(shop)
    assert "1 payout would be sent" in run("send_payouts", dry_run=True)
    assert "1 sent, 0 refused, 0 unknown." in run("send_payouts")
    assert "waiting for the bank's word: 1 payout, 1 batch." in run("reconcile_bank", dry_run=True)
    banks.world.happen(payout.key, "settled")
    with time_machine.travel(PAYDAY_AT + DAY, tick=False):
        assert "1 news, 0 cleared by asking, 1 lines of statement, 1 batches reconciled." in run("reconcile_bank")


def test_they_fail_politely_when_no_bank_is_there(shop, settings):
    make_payout(shop)
    settings.BANK, settings.SANDBOX_URL = "payouts.bank.SandboxBank", ""
    with pytest.raises(CommandError, match="cannot be reached"):
        run("send_payouts")
    with pytest.raises(CommandError, match="cannot be reached"):
        run("reconcile_bank")
    assert Payout.objects.get().status == "sending"
    settings.BANK = "tests.payouts.banks.MemoryBank"
    assert "1 sent" in run("send_payouts")


def test_the_clock_runs_a_payday_once_however_often_it_ticks(shop):
    make_bank_account(shop)
    make_earned(shop)
    tasks.settle()
    tasks.run_payouts()
    tasks.run_payouts()
    assert PayoutBatch.objects.count() == 1
    make_available(shop, at=AT - 40 * DAY)
    tasks.run_payouts()
    assert Payout.objects.count() == 1, "a payday that was run is not run again by the clock"


def test_the_clock_sends_and_hears(shop):
    payout = make_payout(shop)
    tasks.send_payouts()
    banks.world.happen(payout.key, "settled")
    tasks.reconcile_bank()
    assert Payout.objects.get().status == "paid"
    assert BankFeed.objects.get().cursor == 1


def test_a_sale_through_all_floors_ends_on_the_bank_account(shop, owner):
    """The thread: bought, shipped, delivered, settled, paid, told; every step by its event."""
    make_bank_account(shop)
    order = make.make_delivered_order(shop, at=AT)
    reactions.deliver_all(AT + 5 * DAY)
    assert balance(shop, "pending") > 0
    told = [one.sentence for one in make.fresh(order).shop and _events(shop, order)]
    assert any("earned with package" in sentence for sentence in told)
    with time_machine.travel(AT + 13 * DAY, tick=False):
        tasks.settle()
    assert balance(shop, "available") > 0
    paid = balance(shop, "available")
    with time_machine.travel(PAYDAY_AT + 7 * DAY, tick=False):
        tasks.run_payouts()
    from payouts import releasing
    from tests.factories.shops import make_staff

    batch = PayoutBatch.objects.get()
    releasing.approve(batch=batch, by=make_staff("finance"), at=PAYDAY_AT + 7 * DAY)
    releasing.release(batch=batch, by=make_staff("finance"), at=PAYDAY_AT + 7 * DAY)
    with time_machine.travel(PAYDAY_AT + 7 * DAY, tick=False):
        tasks.send_payouts()
    banks.world.happen(Payout.objects.get().key, "settled")
    with time_machine.travel(PAYDAY_AT + 8 * DAY, tick=False):
        tasks.reconcile_bank()
        reactions.deliver_all(PAYDAY_AT + 8 * DAY)
    payout = Payout.objects.get()
    assert (payout.status, payout.amount_minor) == ("paid", paid)
    titles = set(Notice.objects.filter(shop=shop, to=owner).values_list("title", flat=True))
    assert {f"Statement {Statement.objects.get().code} is ready"} <= titles
    assert any("arrived on your bank account" in title for title in titles)
    assert [one.subject for one in mail.outbox if "arrived on your bank account" in one.subject]


def _events(shop, order):
    from shops.models import ShopEvent

    return list(ShopEvent.objects.about(shop, "order", order.code))


def test_mails_name_the_bank_and_the_reason_when_it_failed(shop, owner):
    payout = make_payout(shop)
    banks.world.manner["all"] = "refused"
    tasks.send_payouts()
    reactions.deliver_all(PAYDAY_AT)
    [told] = [one for one in mail.outbox if "did not arrive" in one.subject]
    assert "The account number is not valid." in told.body
    assert payout.code in told.body


class TestCallback:
    """The bank calls: signed by it, else refused; and only a hint to ask."""

    def post(self, client, body=b"{}", **headers):
        return client.post(
            reverse("payouts:bank_callback"), body, content_type="application/json", headers=headers or None
        )

    def test_it_refuses_what_is_not_signed(self, client, shop, connected_sandbox, settings):
        settings.BANK = "payouts.bank.SandboxBank"
        answer = self.post(client, **{"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,xx"})
        assert answer.status_code == 422
        assert answer.json()["error"] == "callback_refused"

    def test_it_asks_the_bank_about_what_is_signed(self, client, shop, monkeypatch):
        payout = make_payout(shop)
        tasks.send_payouts()
        banks.world.happen(payout.key, "settled")
        monkeypatch.setattr(banks.MemoryBank, "read_callback", lambda self, body, headers: banks.world.events[0])
        assert self.post(client).json() == {"taken": True}
        assert Payout.objects.get().status == "paid"
        assert self.post(client).json() == {"taken": False}

    def test_it_survives_a_bank_that_is_away(self, client, shop, monkeypatch):
        payout = make_payout(shop)
        tasks.send_payouts()
        banks.world.happen(payout.key, "settled")
        monkeypatch.setattr(banks.MemoryBank, "read_callback", lambda self, body, headers: banks.world.events[0])

        def away(key):
            raise bank.Unreachable("ReadTimeout", sent=True)

        monkeypatch.setattr(banks.MemoryBank, "status", lambda self, key: away(key))
        assert self.post(client).json() == {"taken": False}
        assert Payout.objects.get().status == "sending"

    def test_it_takes_posts_only(self, client):
        assert client.get(reverse("payouts:bank_callback")).status_code == 405


def test_hearing_goes_on_after_a_page_of_events(shop, monkeypatch):
    payout = make_payout(shop)
    tasks.send_payouts()
    banks.world.happen(payout.key, "settled")
    banks.world.happen(payout.key, "returned", code="R02")
    pages = []
    whole = banks.MemoryBank.events

    def one_at_a_time(self, since):
        found = whole(self, since).events[:1]
        pages.append(since)
        return bank.TransferEvents(found, found[-1].number if found else since, more=bool(found))

    monkeypatch.setattr(banks.MemoryBank, "events", one_at_a_time)
    assert reconciliation.hear_events(at=PAYDAY_AT + DAY) == 2
    assert pages == [0, 1, 2]
    assert Payout.objects.get().status == "returned"
