"""Workers are killed at random while they pay: nothing is lost, nothing is paid twice (INV10, INV11; row D1).

Real processes against the real sandbox bank. The control does the same without the idempotency key and must pay twice.
"""

import datetime as dt
import os
import random
import signal
import time
import traceback
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Sum

from payouts import drafting, reconciliation, releasing, transfers
from payouts.models import BankMovement, Entry, Payout, PayoutBatch, Transaction
from seller_center.kernel import clock, failpoints
from shops.models import Market
from tests.dice import SEED
from tests.factories.payouts import make_rich_shops
from tests.factories.shops import make_staff
from tests.figures import at_figures
from tests.sandbox.fixtures import SECRET, own_sandbox
from tests.storm import HANG_SECONDS, be_patient

__all__ = ["own_sandbox"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.alone]

#: For each death as many payouts as a life takes at most, and some that are left over in the end.
KILLS, PAYOUTS_PER_KILL = 200, 3.1
KILLS_OF_CONTROL, PAYOUTS_OF_CONTROL = 50, 160
WORKERS = 3
#: Where a worker's life may end by itself, and after how many payouts at most.
MINES = ("payout.after_claim", "payout.before_bank", "payout.after_bank", "payout.before_commit")
LONGEST_LIFE = 3


@pytest.fixture
def bank(own_sandbox, settings, monkeypatch):
    """A bank of the test's own, and a lease so short that a killed worker's payout is soon taken over."""
    settings.SANDBOX_URL, settings.SANDBOX_SECRET, settings.HTTP_ALLOW_LOCAL = own_sandbox.url, SECRET, True
    monkeypatch.setattr(transfers, "LEASE", dt.timedelta(milliseconds=150))
    return own_sandbox


def release_batch(at, count: int) -> PayoutBatch:
    make_rich_shops(count)
    us = Market.objects.get(pk="US")
    batch = drafting.draft(market=us, period_on=drafting.payday_of(us, at), at=at).batch
    releasing.approve(batch=batch, by=make_staff("finance"), at=at)
    return releasing.release(batch=batch, by=make_staff("finance"), at=at)


def start_worker(at, mine: str, told: Path) -> int:
    """A process that sends until nothing is left, or until it steps on its mine."""
    connection.close()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        be_patient()
        failpoints.arm(mine)
        while transfers.send_released(at=at, seconds=60).unreachable:
            pass
        status = 0
    except BaseException:
        told.write_text(traceback.format_exc())
    finally:
        os._exit(status)


def work_left() -> int:
    left = Payout.objects.filter(status__in=("ready", "sending"), accepted_at=None).count()
    connection.close()
    return left


def send_under_fire(at, kills: int, told: Path) -> int:
    """Send all of it with workers that die; how many deaths there were.

    They are killed from outside at random moments. How many of those come in time depends on the machine, so each
    worker also carries a mine at a random place: it dies there at its first to third payout, as by a kill.
    """
    chance = random.Random(SEED)
    print(f"SEED={SEED}")
    died, until = 0, time.monotonic() + HANG_SECONDS

    def another() -> int:
        mine = f"{chance.choice(MINES)}=exit:{chance.randint(1, LONGEST_LIFE)}" if died < kills else ""
        return start_worker(at, mine, told)

    workers = [another() for _number in range(WORKERS)]
    while work_left():
        assert time.monotonic() < until, "the workers are stuck"
        time.sleep(chance.uniform(0.005, 0.06))  # when it strikes, not what it waits for
        victim = chance.randrange(WORKERS)
        if died < kills:
            os.kill(workers[victim], signal.SIGKILL)  # one that has ended already stays what it is until waited for
        for place, worker in enumerate(workers):
            done, status = os.waitpid(worker, 0 if place == victim and died < kills else os.WNOHANG)
            if done:
                died += was_killed(status, told)
                workers[place] = another()
    for worker in workers:
        died += was_killed(os.waitpid(worker, 0)[1], told)
    return died


def was_killed(status: int, told: Path) -> bool:
    """Whether a worker died, by us or by its mine; False when it found nothing left. All else is a fault."""
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL, failpoints.EXIT_STATUS), f"a worker failed on its own:\n{told.read_text()}"
    return code != 0


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


@at_figures("kills", KILLS, deep=1_500)
def test_kills_lose_nothing_and_pay_nothing_twice(kills, bank, tmp_path, figure):
    at, payouts = clock.real_now(), round(kills * PAYOUTS_PER_KILL)
    batch = release_batch(at, payouts)
    assert batch.payout_count == payouts
    died = send_under_fire(at, kills, tmp_path / "told")
    figure("D1", "workers killed", died)
    assert died >= kills
    assert Payout.objects.aggregate(most=Sum("attempts"))["most"] > payouts  # some were taken over

    bank.pass_time(days=5)
    later = at + dt.timedelta(days=5)
    transfers.finish_batches(at=later)
    reconciliation.reconcile(at=later)
    assert Payout.objects.filter(accepted_at=None).count() == 0
    total = batch.total_minor
    lines = bank_lines(bank)
    assert len(lines) == len({line["key"] for line in lines}) == payouts
    assert -sum(line["amount_minor"] for line in lines) == total
    assert Payout.objects.filter(status="paid").aggregate(total=Sum("amount_minor"))["total"] == total
    paid = Entry.objects.filter(transaction__kind="payout_paid", account__kind="bank_clearing")
    assert paid.aggregate(total=Sum("amount_minor"))["total"] == total
    assert Transaction.objects.filter(kind="payout_paid").count() == payouts
    assert -BankMovement.objects.aggregate(total=Sum("amount_minor"))["total"] == total
    assert PayoutBatch.objects.get().status == "reconciled"


def test_without_the_key_kills_pay_twice(bank, monkeypatch, tmp_path):
    """The control: a key of each worker's own, so that a taken-over payout is another transfer to the bank."""
    at = clock.real_now()
    monkeypatch.setattr(Payout, "key", property(lambda self: f"payout:{self.pk}:{self.lease_owner}"))
    release_batch(at, PAYOUTS_OF_CONTROL)
    assert send_under_fire(at, KILLS_OF_CONTROL, tmp_path / "told") >= KILLS_OF_CONTROL
    bank.pass_time(days=5)
    assert len(bank_lines(bank)) > PAYOUTS_OF_CONTROL
