"""C3: several processes trade in one shop and are killed on the way; what is committed is always whole.

Each process draws the deeds of ``tests.proof.trading`` by chance, on the orders of all, and steps on a mine somewhere
inside a verb (a failpoint that ends it as a kill would); another takes its place. In the end the world comes to rest and
everything must add up.
"""

import multiprocessing
import multiprocessing.connection
import os
import random
import traceback
from pathlib import Path

import pytest
from django.db import connection, connections
from django.db.models import F, Sum

from marketing.models import Coupon
from orders import intake
from orders.models import Order, Payment
from payouts.models import Account
from seller_center.kernel import failpoints
from shops import events
from tests.dice import SEED
from tests.figures import at_figures
from tests.proof.books import Auditor
from tests.proof.trading import DAY, START, STOCK, Trade, open_shop
from tests.storm import HANG_SECONDS, be_patient

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

PROCESSES = 3
MINES = (
    "intake.order_written",
    "intake.before_commit",
    "payment.before_commit",
    "refund.before_commit",
    "fulfilment.before_commit",
    "stock.consumed",
    "return.before_commit",
    "tracking.before_commit",
    "payday.before_commit",
)
#: A life that meets no mine ends by itself after so many deeds, and another begins with another mine.
LONGEST_LIFE = 60
_fork = multiprocessing.get_context("fork")


def step(trade: Trade, chance: random.Random, number: str) -> None:
    """One deed, drawn; on one of the newer orders of whoever made it."""
    known = trade.numbers()[-8:]
    if not known or chance.random() < 0.15:
        wanted = [(sku, chance.randint(1, 3)) for sku in STOCK if chance.random() < 0.8] or [("FIRST", 1)]
        trade.buy(number, chance.choice("abc"), wanted, chance.choice(["", "", "OWN", "GIFT"]))
        return
    order, place, units = chance.choice(known), chance.randint(0, 1), chance.randint(1, 2)
    deeds = {
        "pay": lambda: trade.pay(order),
        "open": lambda: trade.open(order),
        "ship": lambda: trade.ship(order),
        "deliver": lambda: trade.deliver(order),
        "cancel_by_buyer": lambda: trade.cancel_by_buyer(order),
        "cancel": lambda: trade.cancel(order, chance.choice([None, {place: units}])),
        "expire": lambda: trade.expire(order),
        "refund": lambda: trade.refund(order, place, units, shipping=True),
        "ask_return": lambda: trade.ask_return(order, {place: units}, reason="damaged"),
        "end_return": lambda: trade.end_return(order, chance.choice(["reject", "restock", "withdraw"])),
        "keep_books": lambda: trade.keep_books_of(order),
        "restock": lambda: trade.restock(chance.choice(list(STOCK)), 4),
        "settle": trade.settle,
        "draft": trade.draft,
        "release": trade.release,
    }
    often = {"pay": 5, "open": 4, "ship": 4, "deliver": 4, "keep_books": 4, "restock": 2, "refund": 2, "ask_return": 2}
    names = list(deeds)
    [name] = chance.choices(names, [often.get(one, 1) for one in names])
    deeds[name]()


def trade_on(shop_id: int, seed: str, mine: str, taken, wanted: int, told: Path) -> None:
    """The life of a process: deeds until enough were taken by all, or until it steps on its mine."""
    try:
        be_patient()
        failpoints.arm(mine)
        chance, trade = random.Random(seed), Trade(shop_id)
        lived = 0
        while lived < LONGEST_LIFE if mine else taken.value < wanted:
            lived += 1
            with taken.get_lock():
                taken.value += 1
                number = taken.value
            trade.now = START + number * DAY / 50
            step(trade, chance, f"basket-{number}")
    except BaseException:
        told.write_text(traceback.format_exc())
        os._exit(1)
    os._exit(0)


def trade_under_fire(shop_id: int, wanted: int, kills: int, told: Path) -> int:
    """Let processes trade; each that dies is followed by another. Returns how many died."""
    chance, taken, died, lives = random.Random(SEED), _fork.Value("i", 0), 0, 0
    print(f"SEED={SEED}")

    def another():
        nonlocal lives
        lives += 1
        mine = f"{chance.choice(MINES)}=exit:{chance.randint(1, 3)}" if died < kills else ""
        connections.close_all()
        life = _fork.Process(target=trade_on, args=(shop_id, f"{SEED}-{lives}", mine, taken, wanted, told))
        life.start()
        return life

    running = [another() for _number in range(PROCESSES)]
    while running:
        ended = multiprocessing.connection.wait([life.sentinel for life in running], HANG_SECONDS)
        assert ended, "the processes are stuck"
        for life in [life for life in running if life.sentinel in ended]:
            life.join()
            assert life.exitcode in (0, failpoints.EXIT_STATUS), told.read_text()
            running.remove(life)
            died += life.exitcode == failpoints.EXIT_STATUS
            if died < kills or taken.value < wanted:
                running.append(another())
    return died


def come_to_rest(shop_id: int) -> Trade:
    trade = Trade(shop_id, now=START + 400 * DAY)
    for number in trade.numbers():
        trade.keep_books_of(number)
    return trade


@pytest.fixture
def shop(transactional_db, monkeypatch):
    monkeypatch.setattr(events, "nudge", lambda: None)
    return open_shop()


@at_figures("steps", 1_000, deep=5_000)
def test_processes_that_are_killed_leave_nothing_half_done(shop, owner_cursor, tmp_path, figure, steps):
    kills = steps // 40
    died = trade_under_fire(shop.pk, steps, kills, tmp_path / "told")
    assert died >= kills
    figure("C3", "steps", steps)
    figure("C3", "deaths", died)
    trade = come_to_rest(shop.pk)
    assert Auditor(owner_cursor).ask(trade.now + DAY) == []
    assert Order.objects.count() >= 10
    for order in Order.objects.filter(status="cancelled").prefetch_related("payments"):
        [payment] = order.payments.all()
        assert payment.refunded_minor == payment.captured_minor  # whoever paid has it all back
    sums = Payment.objects.aggregate(came=Sum("captured_minor"), went=Sum("refunded_minor"))
    assert Account.objects.get(kind="bank_clearing").balance_minor == sums["went"] - sums["came"]
    assert Account.objects.aggregate(total=Sum("balance_minor"))["total"] == 0
    for coupon in Coupon.objects.all():
        assert (
            coupon.redeemed_count == Order.objects.filter(redemption__coupon=coupon).exclude(status="cancelled").count()
        )
    assert not Payment.objects.filter(refunded_minor__gt=F("captured_minor")).exists()


def test_control_a_deed_that_is_committed_halfway_is_found(shop, owner_cursor, monkeypatch):
    """The same death, of a program that commits as it goes: the order stands there without its lines."""

    def commit_and_die(name: str) -> None:
        if name == "intake.order_written":
            connection.connection.commit()
            os._exit(failpoints.EXIT_STATUS)

    monkeypatch.setattr(intake, "failpoint", commit_and_die)
    connections.close_all()
    child = _fork.Process(target=lambda: Trade(shop.pk).buy("half", "a", [("FIRST", 1)], ""))
    child.start()
    child.join(HANG_SECONDS)
    assert child.exitcode == failpoints.EXIT_STATUS
    assert any("order.is_its_lines" in finding for finding in Auditor(owner_cursor).ask(START + DAY))
