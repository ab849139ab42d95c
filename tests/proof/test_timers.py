"""L4: what is due is done once, as of the state it is in, though those who do it are killed and start late.

Unpaid orders expire: a real verb with real effects (the order is cancelled, its units go back to the offer). The sweeps
run in processes of their own, two at a time, and die: by a kill from outside, or by a mine just before a commit.
"""

import datetime as dt
import random
import time

import pytest
from django.db import transaction

from catalog.models import StockItem
from orders.models import Order
from seller_center import inbox
from seller_center.kernel import failpoints
from shops import events
from shops.models import Deadline, ShopEvent
from shops.scope import scope
from tests.dice import SEED
from tests.factories import orders as make
from tests.factories.catalog import make_product, sku_of
from tests.factories.shops import make_shop
from tests.faultkit.chaos import Forked
from tests.storm import HANG_SECONDS, be_patient

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LATE = dt.timedelta(hours=12)
CHUNK = 1
ENDED = (0, -9, failpoints.EXIT_STATUS)


def sweep_and_die(at: dt.datetime, mine: str) -> Forked:
    """A worker that sweeps until nothing is due, or until it steps on its mine."""

    def work() -> None:
        be_patient()
        failpoints.arm(mine)
        inbox.sweep(at)

    return Forked(work)


def left(at: dt.datetime) -> int:
    return Deadline.objects.to_check(at).count()


def under_fire(at: dt.datetime, kills: int) -> int:
    """Sweep with two workers at a time until nothing is due, killing them; how many died."""
    print(f"SEED={SEED}")
    chance = random.Random(SEED)
    died, until = 0, time.monotonic() + HANG_SECONDS
    while left(at):
        assert time.monotonic() < until, "the sweeps are stuck"
        armed = died < kills
        pair = [
            sweep_and_die(at, f"sweep.before_commit=exit:{chance.randint(1, 2)}" if armed else "") for _one in range(2)
        ]
        if armed and chance.random() < 0.5:
            time.sleep(chance.uniform(0, 0.05))  # when it strikes, not what it waits for
            status = pair[0].kill()
            assert status in ENDED
        for worker in pair:
            status = worker.wait()
            assert status in ENDED, f"a sweep failed on its own with {status}"
            died += status != 0
    return died


@pytest.mark.parametrize(("orders", "kills"), [(75, 50), pytest.param(900, 400, marks=pytest.mark.deep)])
def test_what_is_due_is_done_once_though_its_workers_are_killed_and_late(at, monkeypatch, figure, orders, kills):
    monkeypatch.setattr(inbox, "CHUNK", CHUNK)
    shop = make_shop(tier="pro")
    product = make_product(shop, on_hand=orders + 10)
    placed = [make.make_order(shop, product=product, at=at) for _number in range(orders)]
    paid = placed[:10]
    for order in paid:
        make.pay(order, at=at)  # an action before the deadline wins, however late the sweep comes
    due = at + dt.timedelta(days=1)
    assert left(due + LATE) >= orders - len(paid)

    died = under_fire(due + LATE, kills)
    figure("L4", "workers killed", died)
    assert died >= kills

    expired = {order.code for order in placed[10:]}
    cancelled = list(ShopEvent.objects.filter(kind="order.cancelled").values_list("subject_code", flat=True))
    assert sorted(cancelled) == sorted(expired)
    assert set(Order.objects.filter(status="cancelled").values_list("code", flat=True)) == expired
    assert not Order.objects.filter(code__in=[order.code for order in paid], status="cancelled").exists()
    item = StockItem.objects.get(sku=sku_of(product))
    assert (item.on_hand, item.reserved) == (orders + 10, 10)
    rows = Deadline.objects.filter(kind="order.payment").exclude(ended_at=None)
    assert sorted(rows.values_list("subject_code", flat=True)) == sorted(order.code for order in placed)
    assert rows.filter(ended_as="met").count() == len(paid)


def test_control_an_effect_in_a_transaction_of_its_own_happens_again_after_a_death(at, monkeypatch):
    """The deed is committed, the worker dies, and only then the clock would have been ended: the next does it again."""
    shop = make_shop(tier="pro")
    make.make_order(shop, product=make_product(shop), at=at)
    due = at + dt.timedelta(days=1)

    def two_transactions(at: dt.datetime) -> int:
        rows = list(Deadline.objects.to_check(at).filter(kind="order.payment"))
        for row in rows:
            with scope(shop, by=None):
                events.record(
                    "document.expired",
                    shop=shop,
                    subject_kind="order",
                    subject_code=row.subject_code,
                    by=None,
                    at=at,
                    document_kind="x",
                    paper="x",
                )
            failpoints.failpoint("sweep.before_commit")
            with transaction.atomic():
                Deadline.objects.filter(pk=row.pk).update(ended_at=at, ended_as="missed")
        return len(rows)

    monkeypatch.setattr(inbox, "_sweep_chunk", two_transactions)
    assert sweep_and_die(due, "sweep.before_commit=exit:1").wait() == failpoints.EXIT_STATUS
    assert sweep_and_die(due, "").wait() == 0
    assert ShopEvent.objects.filter(kind="document.expired").count() == 2
