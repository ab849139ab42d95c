"""D2, D3: whoever sends a payout dies, fails or falls asleep at every single point of it: one transfer, one posting.

A point is the moment before and after each statement, each commit and each call of the bank. The one that sends it is
killed there (a process of its own), has an exception there, or is stopped there until another has taken over, and then
goes on as if nothing had happened. The control does the same without the key of the transfer and must pay twice.
"""

import contextlib
import datetime as dt
import itertools
import os
import random
import signal
from collections.abc import Callable, Iterator

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Sum

from payouts import reconciliation, transfers
from payouts.models import Payout, PayoutBatch, Transaction
from seller_center.kernel import clock
from seller_center.kernel.failpoints import EXIT_STATUS, FailpointReached
from shops import policy_book
from tests.dice import SEED
from tests.faultkit.chaos import Forked
from tests.ground.processes import eventually
from tests.payouts.test_kills import bank_lines, release_batch
from tests.sandbox.fixtures import SECRET, own_sandbox

__all__ = ["own_sandbox"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

#: Points of sending one payout at the last count: fewer would mean that the sweep looks past some.
LEAST_POINTS = 34
ZOMBIES = 50


@pytest.fixture
def bank(own_sandbox, settings):
    settings.SANDBOX_URL, settings.SANDBOX_SECRET, settings.HTTP_ALLOW_LOCAL = own_sandbox.url, SECRET, True
    return own_sandbox


def release(count: int) -> PayoutBatch:
    """So many payouts, released, beside one that is sent already, so that everything is warm."""
    batch = release_batch(clock.real_now(), count + 1)
    send_one()
    return batch


class Once:
    """A clock by which one payout is sent, and then the time is over."""

    def __init__(self) -> None:
        self.looks = iter([0, 0])

    def monotonic(self) -> float:
        return next(self.looks, 9)


def send_one() -> None:
    """What the worker's task does, for one payout."""
    policy_book.forget_versions()
    before, transfers.time = transfers.time, Once()
    try:
        transfers.send_released(at=clock.real_now(), seconds=1)
    finally:
        transfers.time = before


# -- points -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def passing(point: Callable[[str], None]) -> Iterator[None]:
    """Within the block ``point`` is called before and after every statement, commit and call of the bank."""
    commit, failpoint = connection._commit, transfers.failpoint

    def around(execute, sql, params, many, context):
        words = " ".join(str(sql).split()[:3])
        point(f"before {words}")
        result = execute(sql, params, many, context)
        point(f"after {words}")
        return result

    def committing() -> None:
        point("before the commit")
        commit()
        point("after the commit")

    connection._commit, transfers.failpoint = committing, point
    try:
        with connection.execute_wrapper(around):
            yield
    finally:
        connection._commit, transfers.failpoint = commit, failpoint


def points() -> list[str]:
    """The points of sending one payout, in their order."""
    found: list[str] = []
    with passing(found.append):
        send_one()
    return found


def send_and(deed: Callable[[], None], *, at_point: int) -> None:
    """Send one payout and do something at that point of it."""
    numbers = itertools.count()

    def point(_name: str) -> None:
        if next(numbers) == at_point:
            deed()

    with passing(point):
        send_one()


def die() -> None:
    os._exit(EXIT_STATUS)


def fall_asleep() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def fail() -> None:
    raise FailpointReached("planted")


def expire_leases() -> None:
    """Time goes on past the lease of whoever is silent (a row in an open transaction has none yet)."""
    with transaction.atomic():
        silent = Payout.objects.filter(status="sending", accepted_at=None)
        found = [payout.pk for payout in silent.select_for_update(skip_locked=True, no_key=True)]
        Payout.objects.filter(pk__in=found).update(lease_until=clock.real_now())


def next_one() -> int:
    return Payout.objects.filter(status="ready").order_by("id").values_list("id", flat=True).first()


def handed_over(payout: int) -> bool:
    """Another worker comes by; whether this payout is with the bank then."""
    if Payout.objects.filter(pk=payout).exclude(accepted_at=None).exists():
        return True
    expire_leases()
    with transaction.atomic():
        free = Payout.objects.filter(pk=payout).select_for_update(skip_locked=True, no_key=True).exists()
    if (
        free
    ):  # else a transaction holds it: of one that sleeps, or of one that was killed and is about to be rolled back
        send_one()
    return Payout.objects.filter(pk=payout).exclude(accepted_at=None).exists()


def die_there(at_point: int) -> None:
    assert Forked(lambda: send_and(die, at_point=at_point)).wait() == EXIT_STATUS


def fail_there(at_point: int) -> None:
    """An exception, as when the connection breaks there: within a commit it takes the connection with it."""
    with pytest.raises((FailpointReached, DatabaseError)) as found:
        send_and(fail, at_point=at_point)
    assert isinstance(found.value, FailpointReached) or "planted" in repr(found.value.__context__.__context__)
    connection.close()


def in_time_for(deed: Callable[[int], None], at_point: int) -> None:
    """Let it happen at a point of the next payout, and another worker come by afterwards."""
    payout = next_one()
    deed(at_point)
    assert eventually(lambda: handed_over(payout)), f"payout {payout} is stuck after point {at_point}"


def sleep_there(at_point: int) -> None:
    """The zombie: it stands there past its lease, another takes over, and it wakes up."""
    payout = next_one()
    zombie = Forked(lambda: send_and(fall_asleep, at_point=at_point))
    try:
        zombie.until_stopped()
        holds_rows = not eventually(lambda: handed_over(payout), within=0.2)
        zombie.go_on()
        assert zombie.wait() == 0
        # one that slept inside a transaction held the rows; nobody could and nobody needed to take over before it woke
        assert not holds_rows or eventually(lambda: handed_over(payout))
    finally:
        zombie.end()


# -- what must hold -----------------------------------------------------------------------------------------------------


def settle_everything(bank, batch: PayoutBatch) -> None:
    """The rest is sent, the bank settles, the books are closed."""
    at = clock.real_now()
    expire_leases()
    transfers.send_released(at=at, seconds=60)
    bank.pass_time(days=5)
    later = at + dt.timedelta(days=5)
    transfers.finish_batches(at=later)
    reconciliation.reconcile(at=later)


def assert_paid_once(bank, batch: PayoutBatch) -> None:
    settle_everything(bank, batch)
    count, total = batch.payout_count, batch.total_minor
    lines = bank_lines(bank)
    assert len(lines) == len({line["key"] for line in lines}) == count
    assert -sum(line["amount_minor"] for line in lines) == total
    paid = Payout.objects.filter(status="paid").aggregate(number=Count("pk"), total=Sum("amount_minor"))
    assert paid == {"number": count, "total": total}
    assert Transaction.objects.filter(kind="payout_paid").count() == count
    assert PayoutBatch.objects.get().status == "reconciled"


def test_whoever_dies_or_fails_at_any_point_leaves_one_payment_and_one_posting(bank):
    batch = release(80)
    names = points()
    assert len(names) >= LEAST_POINTS, names
    assert {"payout.after_claim", "payout.before_bank", "payout.after_bank", "payout.before_commit"} <= set(names)
    assert sum("the commit" in name for name in names) >= 4
    probes = 0
    for number, deed in itertools.product(range(len(names)), (die_there, fail_there)):
        in_time_for(deed, number)
        probes += 1
    print(f"{len(names)} points, {probes} probes")
    assert probes == 2 * len(names)
    assert Payout.objects.aggregate(most=Sum("attempts"))["most"] > batch.payout_count / 2
    assert_paid_once(bank, batch)


@pytest.mark.parametrize("rounds", [1, pytest.param(6, marks=pytest.mark.deep)])
def test_a_worker_that_wakes_up_after_its_lease_pays_and_posts_nothing_again(bank, rounds, figure):
    print(f"SEED={SEED}")
    chance = random.Random(SEED)
    batch = release((ZOMBIES + 20) * rounds)  # one that slept before its claim takes another when it wakes
    names = points()
    places = list(range(len(names))) * 2 * rounds
    chance.shuffle(places)
    assert len(places) >= ZOMBIES * rounds
    figure("D3", "workers that slept past their lease", ZOMBIES * rounds)
    for number in places[: ZOMBIES * rounds]:
        sleep_there(number)
    assert Payout.objects.filter(attempts__gt=1).count() >= 10 * rounds  # others did take over
    assert_paid_once(bank, batch)


def test_control_without_the_key_the_same_deaths_pay_twice(bank, monkeypatch):
    batch = release(12)
    monkeypatch.setattr(Payout, "key", property(lambda self: f"payout:{self.pk}:{self.lease_owner}"))
    names = points()
    after = names.index("payout.after_bank")
    in_time_for(die_there, after)
    in_time_for(fail_there, after)
    sleep_there(after)
    settle_everything(bank, batch)
    lines = bank_lines(bank)
    assert len(lines) == batch.payout_count + 3
