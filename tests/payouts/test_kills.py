"""Workers are killed at random while they pay: nothing is lost, nothing is paid twice (INV10, INV11; row D1).

Real processes against the real sandbox bank. The control does the same without the idempotency key and must pay twice.
"""

import datetime as dt
import os
import random
import signal
import time

import pytest
from django.db import connection
from django.db.models import Sum

from payouts import drafting, reconciliation, releasing, transfers
from payouts.models import BankMovement, Entry, Payout, PayoutBatch, Transaction
from seller_center.kernel import clock
from shops.models import Market
from tests.factories.payouts import make_rich_shops
from tests.factories.shops import make_staff
from tests.sandbox.fixtures import SECRET, own_sandbox

__all__ = ["own_sandbox"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PAYOUTS = 300
KILLS = 50
WORKERS = 3
SEED = int(os.environ.get("SEED", "20261026"))


@pytest.fixture
def bank(own_sandbox, settings, monkeypatch):
    """A bank of the test's own, and a lease so short that a killed worker's payout is soon taken over."""
    settings.SANDBOX_URL, settings.SANDBOX_SECRET, settings.HTTP_ALLOW_LOCAL = own_sandbox.url, SECRET, True
    monkeypatch.setattr(transfers, "LEASE", dt.timedelta(milliseconds=150))
    return own_sandbox


def release_batch(at) -> PayoutBatch:
    make_rich_shops(PAYOUTS)
    us = Market.objects.get(pk="US")
    batch = drafting.draft(market=us, period_on=drafting.payday_of(us, at), at=at).batch
    releasing.approve(batch=batch, by=make_staff("finance"), at=at)
    return releasing.release(batch=batch, by=make_staff("finance"), at=at)


def start_worker(at) -> int:
    """A process that sends until nothing is left."""
    connection.close()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        while transfers.send_released(at=at, seconds=60).unreachable:
            pass
        status = 0
    finally:
        os._exit(status)


def work_left() -> int:
    left = Payout.objects.filter(status__in=("ready", "sending"), accepted_at=None).count()
    connection.close()
    return left


def send_under_fire(at, kills: int) -> int:
    """Send all of it with workers, killing one at a time at random moments; how many were killed at work."""
    chance = random.Random(SEED)
    print(f"SEED={SEED}")
    workers, killed, until = [start_worker(at) for _number in range(WORKERS)], 0, time.monotonic() + 100
    while work_left():
        assert time.monotonic() < until, "the workers are stuck"
        time.sleep(chance.uniform(0.005, 0.06))  # when it strikes, not what it waits for
        victim = chance.randrange(WORKERS)
        done, status = os.waitpid(workers[victim], os.WNOHANG)
        assert status == 0, "a worker failed on its own"
        if not done and killed < kills:
            os.kill(workers[victim], signal.SIGKILL)
            os.waitpid(workers[victim], 0)
            killed += 1
            done = True
        if done:
            workers[victim] = start_worker(at)
    for worker in workers:
        os.waitpid(worker, 0)
    return killed


def bank_lines(bank) -> list[dict]:
    """Everything that left the bank, by its own statement."""
    found = []
    for ahead in range(8):
        day = (clock.real_now() + dt.timedelta(days=ahead)).date()
        after, more = 0, True
        while more:
            page = bank.get(f"/bank/statement?day={day}&after={after}")[1]
            found += page["movements"]
            after, more = page["next"], page["more"]
    return found


def test_fifty_kills_lose_nothing_and_pay_nothing_twice(bank):
    at = clock.real_now()
    batch = release_batch(at)
    assert batch.payout_count == PAYOUTS
    assert send_under_fire(at, KILLS) == KILLS
    assert Payout.objects.filter(accepted_at=None).count() == 0
    assert Payout.objects.aggregate(most=Sum("attempts"))["most"] > PAYOUTS  # some were taken over

    bank.pass_time(days=5)
    later = at + dt.timedelta(days=5)
    transfers.finish_batches(at=later)
    reconciliation.reconcile(at=later)
    total = batch.total_minor
    lines = bank_lines(bank)
    assert len(lines) == len({line["key"] for line in lines}) == PAYOUTS
    assert -sum(line["amount_minor"] for line in lines) == total
    assert Payout.objects.filter(status="paid").aggregate(total=Sum("amount_minor"))["total"] == total
    paid = Entry.objects.filter(transaction__kind="payout_paid", account__kind="bank_clearing")
    assert paid.aggregate(total=Sum("amount_minor"))["total"] == total
    assert Transaction.objects.filter(kind="payout_paid").count() == PAYOUTS
    assert -BankMovement.objects.aggregate(total=Sum("amount_minor"))["total"] == total
    assert PayoutBatch.objects.get().status == "reconciled"


def test_without_the_key_kills_pay_twice(bank, monkeypatch):
    """The control: a key of each worker's own, so that a taken-over payout is another transfer to the bank."""
    at = clock.real_now()
    monkeypatch.setattr(Payout, "key", property(lambda self: f"payout:{self.pk}:{self.lease_owner}"))
    release_batch(at)
    send_under_fire(at, KILLS)
    bank.pass_time(days=5)
    assert len(bank_lines(bank)) > PAYOUTS
