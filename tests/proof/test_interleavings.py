"""Two deeds at once, in every order in which their statements can meet: rows A3, A6 and C1 by the explorer.

Each schedule begins from the same scene. Its end is judged three ways: nothing broke, the auditor finds nothing, and
it is an end that the two deeds could have had one after the other. The controls take one guard away and must be found.
"""

import itertools
import random

import pytest
from django.db import transaction
from django.db.models import F

from catalog.models import StockItem
from orders import payments, unpaid
from orders.models import Order, Payment
from shops import events
from tests.catalog.test_stock_races import without_constraint
from tests.dice import SEED
from tests.factories import orders as make
from tests.faultkit.ileave import Deed, Report, Run, Stage, explore
from tests.faultkit.kept import Kept
from tests.figures import at_figures
from tests.proof.books import Auditor
from tests.proof.scene import DEEDS, LATER, NOW, Scene, SceneDeed, come_to_rest, make_scene, stands

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


class Theatre:
    """The scene, kept; the stage; and the judge."""

    def __init__(self, scene: Scene, kept: Kept, stage: Stage, cursor) -> None:
        self.scene, self.kept, self.stage, self.cursor = scene, kept, stage, cursor
        self.auditor = Auditor(cursor)

    def meet(self, first: str, second: str, *, most: int | None = None) -> Report:
        """Explore two deeds of the scene."""
        deeds = (DEEDS[first], DEEDS[second])
        chance = random.Random(f"{SEED}-{first}-{second}")
        calls = [self._bound(one) for one in deeds]
        return explore(*calls, stage=self.stage, kept=self.kept, judge=self._judge(deeds), most=most, chance=chance)

    def try_out(self, first: Deed, second: Deed, wrong) -> Report:
        """Explore two unguarded deeds until one schedule is at fault; ``wrong`` says what is wrong with an end."""
        return explore(first, second, stage=self.stage, kept=self.kept, judge=wrong, stop_at=1)

    def _bound(self, one: SceneDeed) -> Deed:
        return lambda: one.call(self.scene)

    def _judge(self, deeds: tuple[SceneDeed, SceneDeed]):
        ends: set = set()
        settled = LATER if any(one.order == "due" for one in deeds) else NOW

        def judge(run: Run) -> list[str]:
            come_to_rest(self.scene, *deeds)
            found = self.auditor.ask(settled)
            end = stands(self.cursor)
            if not run.schedule.preempted_after:
                ends.add(end)
            elif end not in ends:
                near = min((set(end) ^ set(other) for other in ends), key=len)
                found.append(f"an end that one after the other never gives: {sorted(near)}")
            return found

        return judge


@pytest.fixture
def theatre(transactional_db, owner_cursor, monkeypatch):
    monkeypatch.setattr(events, "nudge", lambda: None)  # no worker listens here
    scene = make_scene()
    with Kept() as kept, Stage() as stage:
        yield Theatre(scene, kept, stage, owner_cursor)


def explored(theatre: Theatre, wanted: dict[tuple[str, str], int]) -> dict[tuple[str, str], Report]:
    """``wanted``: the pairs, and how many schedules of each at most."""
    print(f"SEED={SEED}")
    reports, faults = {}, []
    for pair, most in wanted.items():
        report = reports[pair] = theatre.meet(*pair, most=most)
        print(f"{' × '.join(pair)}: {report.schedules} schedules, {report.left} left, {sorted(report.endings)}")
        if report.faults:
            faults.append("\n\n".join([" × ".join(pair), *report.faults]))
    assert not faults, "\n\n".join(faults)
    return reports


def total(reports: dict) -> int:
    return sum(report.schedules for report in reports.values())


# -- A3: pairs of real deeds ------------------------------------------------------------------------------------------

CRITICAL = (
    ("buy_two", "buy_two_elsewhere"),
    ("buy_two", "write_off"),
    ("buy_two", "take_off_sale"),
    ("buy_two", "change_price"),
    ("buy_two", "let_unpaid_expire"),
    ("buy_with_the_last_coupon", "buy_with_the_coupon_too"),
    ("buy_with_the_last_coupon", "cancel_unpaid"),
    ("buy_with_the_last_coupon", "pause_coupon"),
    ("pay", "cancel_unpaid"),
    ("let_unpaid_expire", "cancel_unpaid"),
    ("cancel_in_the_free_hour", "open_for_shipping"),
    ("ship", "ship"),
    ("ship", "cancel_by_seller"),
    ("ship", "cancel_a_unit"),
    ("ship", "cancel_forgotten"),
    ("ship", "hold"),
    ("deliver", "lose"),
    ("refund_return", "ask_for_another_return"),
    ("refund_return", "reject_return"),
    ("post_the_refund", "settle"),
    ("post_the_refund", "draft_payday"),
    ("settle", "draft_payday"),
    ("claim_payout", "claim_payout"),
    ("remove_the_other_owner", "remove_the_first_owner"),
)
#: Schedules of each pair in CI: both ways round, and so many drawn of those with a preemption or two. In the deep run
#: so many of each of these pairs, and of every other pair of deeds.
DRAWN, DRAWN_DEEP, DRAWN_OF_ALL = 12, 150, 16


def test_pairs_of_deeds_end_as_one_after_the_other_would(theatre, figure):
    reports = explored(theatre, dict.fromkeys(CRITICAL, DRAWN))
    assert len(reports) == len(CRITICAL) == 24
    figure("A3", "schedules", total(reports))
    assert total(reports) >= 24 * DRAWN - 60  # a pair that hardly meets has fewer schedules
    assert sum(report.waited for report in reports.values()) >= 20  # deeds did wait for each other


@pytest.mark.deep
def test_all_pairs_of_deeds_end_as_one_after_the_other_would(theatre, figure):
    others = {
        pair for pair in itertools.combinations_with_replacement(DEEDS, 2) if not {pair, pair[::-1]} & {*CRITICAL}
    }
    assert len(DEEDS) >= 30
    reports = explored(theatre, dict.fromkeys(CRITICAL, DRAWN_DEEP) | dict.fromkeys(sorted(others), DRAWN_OF_ALL))
    assert len(reports) == len(CRITICAL) + len(others) >= 465
    figure("A3", "pairs", len(reports))
    figure("A3", "schedules", total(reports))
    assert total(reports) >= 9_500


#: Deeds that are refused as the stock stands, and done once the other has given units back.
AFTER_A_WAIT = (
    ("buy_four", "let_unpaid_expire"),
    ("buy_four", "restock"),
    ("count_fewer", "cancel_unpaid"),
)


@at_figures("most", 16, deep=400)
def test_a_deed_that_waited_for_stock_sees_it_as_it_is_then(theatre, most):
    reports = explored(theatre, dict.fromkeys(AFTER_A_WAIT, most))
    assert total(reports) >= 36
    assert sum(report.waited for report in reports.values()) >= 6


def test_control_the_explorer_finds_a_reserve_that_looks_first(theatre, owner_cursor):
    """The same stock without its conditional write: some schedule promises what is not there."""

    def look_then_write() -> None:
        with transaction.atomic():
            item = StockItem.objects.get()
            if item.available < 2:
                return
            StockItem.objects.filter(pk=item.pk).update(reserved=F("reserved") + 2)

    def wrong(run: Run) -> list[str]:
        return ["oversold"] if StockItem.objects.get().available < 0 else []

    with without_constraint(owner_cursor, "catalog_stockitem", "stock_promised_lte_on_hand"):
        report = theatre.try_out(look_then_write, look_then_write, wrong)
        assert report.faults
        assert "preempted after (" in report.faults[0]  # never one after the other


def test_control_the_judge_finds_an_update_that_is_lost(theatre):
    """Writing back what was read earlier: each run is well by itself, and an end that no order gives is found."""

    def read_then_save() -> None:
        item = StockItem.objects.get()
        StockItem.objects.filter(pk=item.pk).update(on_hand=item.on_hand + 5)

    ends = set()

    def wrong(run: Run) -> list[str]:
        end = StockItem.objects.get().on_hand
        if not run.schedule.preempted_after:
            ends.add(end)
        return [] if end in ends else [f"{end} in hand"]

    assert theatre.try_out(read_then_save, read_then_save, wrong).faults


# -- A6: a reservation ends once --------------------------------------------------------------------------------------

ENDINGS_OF_A_RESERVATION = (("pay", "let_unpaid_expire"), ("let_unpaid_expire", "let_unpaid_expire"))


@at_figures("most", 80, deep=400)
def test_a_reservation_ends_once_in_every_order_of_paying_and_expiring(theatre, most, figure):
    reports = explored(theatre, dict.fromkeys(ENDINGS_OF_A_RESERVATION, most))
    figure("A6", "schedules", total(reports))
    assert total(reports) >= min(most, 80) + 8


def test_control_without_locks_paying_and_expiring_both_win(theatre, monkeypatch):
    """Neither looks at the order under its lock: in some schedule both go through, or one breaks halfway."""
    monkeypatch.setattr(payments, "lock_row", lambda rows: rows.get())
    monkeypatch.setattr(
        unpaid,
        "orders_of",
        lambda due, at: list(Order.objects.filter(code__in=[row.subject_code for row in due]).select_related("shop")),
    )
    pair = (DEEDS["pay"], DEEDS["let_unpaid_expire"])
    report = theatre.try_out(*map(theatre._bound, pair), theatre._judge(pair))
    assert report.faults


# -- C1: refunds, cancellations and returns of one order -------------------------------------------------------------

MONEY_BACK = (
    ("give_back_two_units", "give_back_two_units"),
    ("give_back_two_units", "cancel_by_seller"),
    ("give_back_two_units", "cancel_a_unit"),
    ("give_back_two_units", "cancel_forgotten"),
    ("cancel_by_seller", "cancel_a_unit"),
    ("refund_return", "give_back_all_that_arrived"),
)


@at_figures("most", 12, deep=400)
def test_money_goes_back_once_in_every_order_of_refund_cancellation_and_return(theatre, most, figure):
    reports = explored(theatre, dict.fromkeys(MONEY_BACK, most))
    assert len(reports) == 6
    figure("C1", "schedules", total(reports))
    assert total(reports) >= 6 * min(most, 40)
    both = reports["give_back_two_units", "give_back_two_units"]
    assert both.endings == {("done", "refund_above_paid"), ("refund_above_paid", "done")}  # exactly one of two wins


def test_control_a_refund_that_reads_first_gives_back_too_much(theatre, owner_cursor):
    order = theatre.scene.orders["open"]

    def read_then_write() -> None:
        with transaction.atomic():
            payment = Payment.objects.get(order=order)
            share = payment.captured_minor * 60 // 100
            if payment.refunded_minor + share > payment.captured_minor:
                return
            Payment.objects.filter(pk=payment.pk).update(refunded_minor=F("refunded_minor") + share)

    def wrong(run: Run) -> list[str]:
        payment = make.payment_of(theatre.scene.order("open"))
        return ["too much"] if payment.refunded_minor > payment.captured_minor else []

    with without_constraint(owner_cursor, "orders_payment", "payment_refunded_lte_captured"):
        assert theatre.try_out(read_then_write, read_then_write, wrong).faults
