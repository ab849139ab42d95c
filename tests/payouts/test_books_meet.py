"""The books of two orders of a shop are kept at once, in every order in which their statements can meet (DEC4)."""

import random

import pytest

from orders.models import Order
from payouts import earning, ledger
from payouts.models import Transaction
from shops import events
from tests.dice import SEED
from tests.factories import orders as make
from tests.factories.catalog import make_product
from tests.factories.shops import make_shop
from tests.faultkit.ileave import Report, Run, Stage, explore
from tests.faultkit.kept import Kept
from tests.proof.scene import DAY, LATER, NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def order(pk: int) -> Order:
    return Order.objects.select_related("shop__market").get(pk=pk)


def keep_both() -> Report:
    """Both orders have arrived. Of one nothing is posted yet, of the other that it was paid: it begins elsewhere."""
    shop = make_shop("ACME", tier="pro")
    product = make_product(shop, price_minor=2_000, on_hand=10)
    orders = [
        make.make_delivered_order(shop=shop, product=product, at=NOW - 9 * DAY, name=f"Buyer {number}").pk
        for number in range(2)
    ]
    earning.keep_books(order=order(orders[1]), at=NOW - 8 * DAY)

    def keep(pk: int):
        return lambda: earning.keep_books(order=order(pk), at=LATER)

    def judge(run: Run) -> list[str]:
        posted = Transaction.objects.in_shop(shop).values_list("order", "kind")
        wanted = {(order, kind) for order in orders for kind in ("capture", "delivery")}
        return [] if sorted(posted) == sorted(wanted) else [f"{sorted(posted)}"]

    with Kept() as kept, Stage() as stage:
        return explore(*map(keep, orders), stage=stage, kept=kept, judge=judge, most=40, chance=random.Random(SEED))


@pytest.fixture(autouse=True)
def _no_worker(transactional_db, monkeypatch):
    monkeypatch.setattr(events, "nudge", lambda: None)


def test_the_books_of_two_orders_never_wait_for_each_other_crosswise():
    report = keep_both()
    assert not report.faults, report.faults[0]
    assert report.schedules >= 20
    assert report.waited


def test_control_postings_that_lock_as_they_come_do(monkeypatch):
    monkeypatch.setattr(ledger, "hold_accounts", lambda shop, currency: None)
    assert any("deadlock" in fault for fault in keep_both().faults)
