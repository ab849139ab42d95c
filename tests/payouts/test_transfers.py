"""Each payout reaches the bank once, whatever the bank or the worker does (INV11, DEC14; rows D2–D4, D6)."""

import datetime as dt

import pytest
from django.db import transaction
from django.utils import timezone

from payouts import reconciliation, transfers
from payouts.bank import Transfer
from payouts.models import BankMovement, Payout, PayoutBatch, Transaction
from seller_center.kernel import failpoints
from shops.models import Deadline, ShopEvent
from tests.factories.payouts import PAYDAY_AT, Sold, balance, make_available, make_bank_account, make_batch, make_payout
from tests.factories.shops import make_shop
from tests.payouts import banks

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = dt.timedelta(hours=1)
TUESDAY = PAYDAY_AT + dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def world(settings):
    settings.BANK = "tests.payouts.banks.MemoryBank"
    banks.world = banks.World()
    yield banks.world
    failpoints.arm("")


@pytest.fixture
def payout(shop):
    return make_payout(shop, Sold(unit_minor=10_000))


def send(at=PAYDAY_AT):
    return transfers.send_released(at=at)


def fresh(payout):
    return Payout.objects.get(pk=payout.pk)


def test_it_sends_a_released_payout_and_hears_that_it_arrived(shop, payout, world):
    done = send()
    assert (done.accepted, world.submitted) == (1, [payout.key])
    assert fresh(payout).accepted_at == PAYDAY_AT
    assert PayoutBatch.objects.get().status == "sent"
    world.happen(payout.key, "settled")
    found = reconciliation.reconcile(at=TUESDAY)
    assert (found.heard, found.movements, found.batches) == (1, 1, 1)
    assert fresh(payout).status == "paid"
    assert (balance(shop, "in_flight"), balance(shop, "available")) == (0, 0)
    assert PayoutBatch.objects.get().status == "reconciled"


def test_it_asks_the_bank_outside_any_transaction(payout, world):
    send()
    assert world.in_transaction == [False]


def test_it_sends_nothing_that_is_not_released(shop, world):
    make_payout(shop, released=False)
    assert send().accepted == 0
    assert world.submitted == []


def test_it_sends_nothing_twice(payout, world):
    send()
    send()
    assert world.submitted == [payout.key]


def test_a_refusal_makes_the_money_available_again(shop, payout, world):
    world.manner["all"] = "refused"
    send()
    row = fresh(payout)
    assert (row.status, row.reason) == ("failed", "The account number is not valid.")
    assert balance(shop, "available") == 9_700
    assert balance(shop, "in_flight") == 0
    assert Transaction.objects.get(kind="payout_failed").reverses.kind == "payout"


def test_a_rejection_makes_the_money_available_again(shop, payout, world):
    world.manner["all"] = "rejected"
    send()
    assert fresh(payout).status == "failed"
    assert balance(shop, "available") == 9_700


def test_a_return_makes_the_money_available_again(shop, payout, world):
    send()
    world.happen(payout.key, "settled")
    world.happen(payout.key, "returned", code="R03")
    reconciliation.reconcile(at=TUESDAY)
    row = fresh(payout)
    assert (row.status, row.return_code) == ("returned", "R03")
    assert balance(shop, "available") == 9_700
    assert balance(shop, "in_flight") == 0
    assert PayoutBatch.objects.get().status == "reconciled"


def test_it_books_a_return_that_comes_before_the_settlement(shop, payout, world):
    send()
    world.happen(payout.key, "settled")
    world.happen(payout.key, "returned", code="R03")
    world.events.reverse()
    world.events = [banks.TransferEvent(e.id, n, e.type, e.at, e.transfer) for n, e in enumerate(world.events, start=1)]
    reconciliation.reconcile(at=TUESDAY)
    assert fresh(payout).status == "returned"
    kinds = list(Transaction.objects.filter(kind__startswith="payout").order_by("id").values_list("kind", flat=True))
    assert kinds == ["payout", "payout_paid", "payout_return"]
    assert balance(shop, "available") == 9_700


class TestUnknown:
    """No answer: never sent again, only the bank's word about the key decides."""

    def test_it_is_cleared_by_asking_when_the_bank_has_it(self, shop, payout, world):
        world.manner["all"] = "lost"
        assert send().unknown == 1
        assert fresh(payout).status == "unknown"
        send(PAYDAY_AT + HOUR)
        assert world.submitted == [payout.key]
        world.happen(payout.key, "settled")
        reconciliation.reconcile(at=TUESDAY)
        assert fresh(payout).status == "paid"
        assert balance(shop, "in_flight") == 0

    def test_it_stays_unknown_while_the_request_may_be_under_way(self, payout, world):
        world.manner["all"] = "never"
        send()
        reconciliation.reconcile(at=PAYDAY_AT + dt.timedelta(minutes=5))
        assert fresh(payout).status == "unknown"

    def test_it_has_failed_when_the_bank_never_got_it(self, shop, payout, world):
        world.manner["all"] = "never"
        send()
        reconciliation.reconcile(at=PAYDAY_AT + 2 * HOUR)
        assert fresh(payout).status == "failed"
        assert balance(shop, "available") == 9_700
        assert world.submitted == [payout.key]

    def test_it_believes_no_forgotten_key(self, payout, world):
        """After a day a bank may have forgotten the key: “unknown” is not “never got it”."""
        world.manner["all"] = "lost"
        send()
        world.forgets = True
        reconciliation.reconcile(at=PAYDAY_AT + 30 * HOUR)
        assert fresh(payout).status == "unknown"
        world.happen(payout.key, "settled")
        reconciliation.reconcile(at=PAYDAY_AT + 31 * HOUR)
        assert fresh(payout).status == "paid"

    def test_it_tells_staff_when_it_arrives_after_all(self, payout, world):
        world.manner["all"] = "never"
        send()
        reconciliation.reconcile(at=PAYDAY_AT + 2 * HOUR)
        late = Transfer(payout.key, "trf9", "settled", payout.amount_minor, "USD", "", "", None)
        assert not transfers.hear(payout=fresh(payout), transfer=late, at=TUESDAY)
        assert fresh(payout).status == "failed"
        assert ShopEvent.objects.filter(kind="payout.disagrees").count() == 1


class TestSilence:
    """The bank cannot be reached, or keeps silent."""

    def test_it_tries_again_what_never_left(self, payout, world):
        world.manner["all"] = "away"
        assert send().unreachable
        assert fresh(payout).status == "sending"
        world.manner["all"] = "ok"
        assert send(PAYDAY_AT + HOUR).accepted == 1
        assert world.submitted == [payout.key] * 2

    def test_it_does_not_try_again_for_ever(self, payout, world):
        world.manner["all"] = "away"
        send()
        assert send(PAYDAY_AT + 21 * HOUR).unknown == 1
        assert fresh(payout).status == "unknown"
        assert world.submitted == [payout.key]

    def test_staff_have_a_clock(self, payout, world):
        send()
        clock = Deadline.objects.get(kind="payout.bank_answer_by")
        assert clock.shop.is_platform
        with transaction.atomic():
            reconciliation.answer_overdue([clock], at=clock.due_at)
        assert Deadline.objects.get(pk=clock.pk).ended_as == "missed"
        assert ShopEvent.objects.filter(kind="payout.bank_silent").count() == 1

    def test_the_clock_ends_with_the_answer(self, payout, world):
        send()
        world.happen(payout.key, "settled")
        reconciliation.reconcile(at=TUESDAY)
        assert Deadline.objects.get(kind="payout.bank_answer_by").ended_as == "met"

    def test_it_asks_about_what_is_overdue_without_an_event(self, payout, world):
        send()
        world.happen(payout.key, "settled")
        world.events.clear()
        reconciliation.reconcile(at=TUESDAY + dt.timedelta(days=2))
        assert fresh(payout).status == "paid"


class TestHostileWords:
    """Repeated, reversed, wrong or foreign words of the bank move no money twice."""

    @pytest.mark.parametrize("times", [2, 3])
    def test_repeats_change_nothing(self, shop, payout, world, times):
        send()
        world.happen(payout.key, "settled")
        event = world.events[0]
        for _number in range(times):
            reconciliation.hear_event(event, at=TUESDAY)
        assert Transaction.objects.filter(kind="payout_paid").count() == 1
        world.happen(payout.key, "returned", code="R01")
        for _number in range(times):
            reconciliation.hear_event(world.events[1], at=TUESDAY)
            reconciliation.hear_event(event, at=TUESDAY)
        assert fresh(payout).status == "returned"
        assert balance(shop, "available") == 9_700

    def test_another_amount_moves_nothing(self, shop, payout, world):
        send()
        world.happen(payout.key, "settled", amount=9_701)
        reconciliation.hear_events(at=TUESDAY)
        assert fresh(payout).status == "sending"
        assert balance(shop, "in_flight") == 9_700
        assert ShopEvent.objects.filter(kind="payout.disagrees").count() == 1

    @pytest.mark.parametrize("key", ["payout:999999", "payout:x", "refund:1", "payout:", "payout:99999999999999999999"])
    def test_a_key_that_is_not_ours_is_left_alone(self, payout, world, key):
        send()
        stranger = Transfer(key, "trf", "settled", 9_700, "USD", "", "", None)
        event = banks.TransferEvent("e", 1, "transfer.settled", banks.MOMENT, stranger)
        assert not reconciliation.hear_event(event, at=TUESDAY)
        assert fresh(payout).status == "sending"

    def test_a_callback_is_only_a_hint(self, payout, world):
        send()
        lie = Transfer(payout.key, "trf1", "settled", payout.amount_minor, "USD", "", "", None)
        event = banks.TransferEvent("e", 1, "transfer.settled", banks.MOMENT, lie)
        assert not reconciliation.hear_callback(event, at=TUESDAY)
        assert fresh(payout).status == "sending"

    def test_the_statement_keeps_a_batch_open_that_does_not_agree(self, payout, world):
        send()
        world.happen(payout.key, "settled")
        world.movement(payout.key, -1)
        reconciliation.reconcile(at=TUESDAY)
        batch = PayoutBatch.objects.get()
        assert batch.status == "sent"
        [(row, why)] = reconciliation.differences(batch)
        assert (row.pk, why) == (payout.pk, "The bank's statement does not show it.")

    def test_lines_of_nobody_are_kept_for_staff(self, payout, world):
        send()
        world.movement("somebody-else", -77)
        reconciliation.reconcile(at=TUESDAY)
        reconciliation.reconcile(at=TUESDAY)
        [row] = BankMovement.objects.filter(payout=None)
        assert (row.amount_minor, row.shop.is_platform) == (-77, True)


POINTS = ("payout.after_claim", "payout.before_bank", "payout.after_bank", "payout.before_commit")


class TestEveryPoint:
    """A worker that dies anywhere: another one takes over, and the bank pays once (D2)."""

    @pytest.mark.parametrize("point", POINTS)
    def test_it_recovers(self, shop, payout, world, point):
        failpoints.arm(f"{point}=raise")
        with pytest.raises(failpoints.FailpointReached):
            send()
        failpoints.arm("")
        assert fresh(payout).status == "sending"
        assert send(PAYDAY_AT + HOUR).accepted == 0  # the lease of the dead one still runs
        Payout.objects.update(lease_until=timezone.now())
        send(PAYDAY_AT + HOUR)
        world.happen(payout.key, "settled")
        reconciliation.reconcile(at=TUESDAY)
        assert fresh(payout).status == "paid"
        assert len(world.transfers) == 1
        assert [one.amount_minor for one in world.movements] == [-9_700]

    def test_without_the_key_it_would_pay_twice(self, payout, world, monkeypatch):
        """The control: the same death, with a key that changes from attempt to attempt."""
        monkeypatch.setattr(Payout, "key", property(lambda self: f"payout:{self.pk}/{len(world.submitted)}"))
        failpoints.arm("payout.after_bank=raise")
        with pytest.raises(failpoints.FailpointReached):
            send()
        failpoints.arm("")
        Payout.objects.update(lease_until=timezone.now())
        send(PAYDAY_AT + HOUR)
        assert len(world.transfers) == 2

    def test_a_zombie_changes_nothing_when_it_wakes(self, shop, payout, world):
        """D3: the first worker slept past its lease; another has sent and heard; then the first one's answer comes."""
        first = transfers.claim(at=PAYDAY_AT, owner="first")
        Payout.objects.update(lease_until=timezone.now())
        second = transfers.claim(at=PAYDAY_AT, owner="second")
        assert first.pk == second.pk
        answer = banks.MemoryBank().submit(
            key=second.key, amount_minor=9_700, currency="USD", routing="x", account="y", name="z"
        )
        assert transfers.hear(payout=second, transfer=answer, at=PAYDAY_AT)
        assert not transfers.lose_track(payout=first, reason="ReadTimeout", at=PAYDAY_AT)
        assert not transfers.hear(payout=first, transfer=answer, at=PAYDAY_AT)
        assert fresh(payout).status == "sending"
        assert Transaction.objects.filter(kind="payout").count() == 1


def test_a_reissue_is_a_new_payout_of_a_later_payday(shop, payout, world):
    """D6: what failed is available again and goes out once more, under another name."""
    world.manner[payout.key] = "refused"
    send()
    make_batch(shop, on=dt.date(2026, 11, 2), at=PAYDAY_AT + dt.timedelta(days=7))
    again = Payout.objects.exclude(pk=payout.pk).get()
    assert again.amount_minor == payout.amount_minor
    send(PAYDAY_AT + dt.timedelta(days=7))
    assert world.submitted == [payout.key, again.key]


def test_it_sends_many_and_finishes_the_batch(world):
    shops = [make_shop(f"M{number:03d}") for number in range(5)]
    for shop in shops:
        make_bank_account(shop)
        make_available(shop)
    make_batch(*shops)
    assert send().accepted == 5
    assert len(set(world.submitted)) == 5
    assert PayoutBatch.objects.get().status == "sent"
