"""D4: five hundred payouts to a bank that misbehaves in every way at every moment (INV10, INV11, DEC14).

Each payout draws how the bank answers when it is sent and what the bank says afterwards: late, twice, out of order,
for another amount, currency or seller, or nothing because it has pruned its keys. Whatever it does: what was left
unknown is never sent again, each payout ends as paid or as money given back and never as both, and the ledger agrees.
"""

import datetime as dt
import random

import pytest
from django.db.models import Sum

from payouts import drafting, reconciliation, releasing, transfers
from payouts.bank import Transfer, TransferEvent
from payouts.models import Account, Payout, Transaction
from seller_center.kernel import failpoints
from shops.models import Market, ShopEvent
from tests.dice import SEED
from tests.factories.payouts import PAYDAY, PAYDAY_AT, make_rich_shops
from tests.factories.shops import make_staff
from tests.payouts import banks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

RUNS = 500
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
#: How the bank answers when a payout is handed over.
MANNERS = ("ok", "lost", "never", "away", "refused", "rejected")
#: What it says afterwards. The first three are honest.
AFTERWARDS = ("settled", "settled_then_returned", "silent", "twice", "returned_first", "wrong_amount", "other_currency")
FORGERIES = ("other_seller", "unknown_key", "old_word")


@pytest.fixture
def world(settings):
    settings.BANK = "tests.payouts.banks.MemoryBank"
    banks.world = banks.World()
    yield banks.world
    failpoints.arm("")


def release(runs: int) -> list[Payout]:
    make_rich_shops(runs)
    batch = drafting.draft(market=Market.objects.get(pk="US"), period_on=PAYDAY, at=PAYDAY_AT).batch
    releasing.approve(batch=batch, by=make_staff("finance"), at=PAYDAY_AT)
    releasing.release(batch=batch, by=make_staff("finance"), at=PAYDAY_AT)
    return list(Payout.objects.order_by("id"))


def say(world, key: str, state: str, *, amount: int | None = None, currency: str | None = None, keeps: bool) -> None:
    """An event of the bank; ``keeps``: the bank means it, so that its answers and its statement say so too."""
    if keeps:
        world.happen(key, state, code="R03" if state == "returned" else "")
        return
    known = world.transfers[key]
    told = Transfer(
        key,
        known.reference,
        state,
        known.amount_minor if amount is None else amount,
        currency or known.currency,
        "",
        "",
        known.settles_on,
    )
    number = len(world.events) + 1
    world.events.append(TransferEvent(f"evt{number}", number, f"transfer.{state}", banks.MOMENT, told))


def misbehave(world, key: str, how: str, others: list[str], chance: random.Random) -> None:
    """What the bank says about one transfer that it has."""
    if how in ("settled", "settled_then_returned", "twice"):
        say(world, key, "settled", keeps=True)
    if how == "settled_then_returned":
        say(world, key, "returned", keeps=True)
    if how == "twice":
        say(world, key, "settled", keeps=False)
        say(world, key, "accepted", keeps=False)
    if how == "returned_first":  # the return is told before the settlement, the statement has both
        say(world, key, "returned", keeps=False)
        say(world, key, "settled", keeps=True)
        say(world, key, "returned", keeps=True)
    if how == "wrong_amount":
        say(world, key, "settled", amount=world.transfers[key].amount_minor * 10, keeps=False)
        say(world, key, "returned", amount=1, keeps=False)
    if how == "other_currency":
        say(world, key, "settled", currency="GBP", keeps=False)
    if how == "other_seller":  # the word about one transfer under the key of another
        say(world, chance.choice(others), "settled", amount=world.transfers[key].amount_minor + 1, keeps=False)
    if how == "old_word":
        say(world, key, "accepted", keeps=False)
    if how == "unknown_key":
        number = len(world.events) + 1
        stranger = Transfer("payout:999999999", "trf0", "settled", 5, "USD", "", "", None)
        world.events.append(TransferEvent(f"evt{number}", number, "transfer.settled", banks.MOMENT, stranger))


def live_through(world, runs: int = RUNS) -> dict[str, tuple[str, str]]:
    """Send and hear for three days; what was drawn for each key."""
    chance = random.Random(SEED)
    print(f"SEED={SEED}")
    drawn = {}
    for payout in release(runs):
        drawn[payout.key] = (chance.choice(MANNERS), chance.choice(AFTERWARDS + FORGERIES))
        world.manner[payout.key] = drawn[payout.key][0]
    # "away" ends a round; it answers by and by.
    for _round in range(runs):
        if not transfers.send_released(at=PAYDAY_AT).unreachable:
            break
        away = next(key for key in drawn if world.manner[key] == "away" and key in world.submitted)
        world.manner[away] = "ok"
    else:
        raise AssertionError("sending does not end")
    known = list(world.transfers)
    for key in chance.sample(known, len(known)):
        if world.transfers[key].state == "accepted":
            misbehave(world, key, drawn[key][1], known, chance)
    chance.shuffle(world.events)
    world.events = [
        TransferEvent(one.id, place, one.type, one.at, one.transfer) for place, one in enumerate(world.events, 1)
    ]
    world.forgets = chance.random() < 0.5  # the first time it is asked, its memory is gone
    for later in (HOUR / 2, 2 * HOUR, DAY, 2 * DAY, 3 * DAY):
        reconciliation.reconcile(at=PAYDAY_AT + later)
        transfers.send_released(at=PAYDAY_AT + later)
        world.forgets = False
        for event in list(world.events):  # callbacks: again, late, out of order
            if chance.random() < 0.2:
                reconciliation.hear_callback(event, at=PAYDAY_AT + later)
                reconciliation.hear_event(event, at=PAYDAY_AT + later)
    return drawn


def sent_more_than_once(world) -> list[str]:
    """Keys handed over again after the bank might have had them."""
    return [key for key in set(world.submitted) if world.submitted.count(key) > 1]


def test_it_ends_each_payout_once_whatever_the_bank_does(world):
    drawn = live_through(world)
    assert len(drawn) == RUNS
    assert {one for pair in drawn.values() for one in pair} == {*MANNERS, *AFTERWARDS, *FORGERIES}
    resent = {key for key in sent_more_than_once(world) if drawn[key][0] != "away"}
    assert resent == set(), "what might have arrived was sent again"
    kinds = ("payout_paid", "payout_failed", "payout_return")
    ended = {kind: set(Transaction.objects.filter(kind=kind).values_list("shop_id", flat=True)) for kind in kinds}
    for kind in kinds:
        assert Transaction.objects.filter(kind=kind).count() == len(ended[kind])
    assert not ended["payout_paid"] & ended["payout_failed"], "both paid and given back"
    assert ended["payout_return"] <= ended["payout_paid"]
    for payout in Payout.objects.select_related("shop"):
        left = -sum(move.amount_minor for move in world.movements if move.key == payout.key)
        available = Account.objects.get(shop=payout.shop, kind="available").balance_minor
        in_flight = Account.objects.get(shop=payout.shop, kind="in_flight").balance_minor
        paid = payout.status == "paid"
        assert available + in_flight + (payout.amount_minor if paid else 0) == payout.amount_minor
        assert (left == payout.amount_minor) == paid, (payout.status, drawn[payout.key])
        assert in_flight == (payout.amount_minor if payout.status in ("sending", "unknown") else 0)
        if drawn[payout.key][0] in ("refused", "rejected", "never"):
            assert payout.status == "failed"
    wrong = [key for key, (_manner, how) in drawn.items() if how in ("wrong_amount", "other_currency")]
    told = {key for key in wrong if key in world.transfers and world.transfers[key].state == "accepted"}
    assert ShopEvent.objects.filter(kind="payout.disagrees").count() >= len(told) > 0
    assert Account.objects.filter(balance_minor__lt=0, kind__in=("available", "in_flight")).count() == 0
    assert Account.objects.aggregate(total=Sum("balance_minor"))["total"] == 0


def test_control_a_program_that_believes_every_word_loses_its_books(world, monkeypatch):
    """Without comparing amount and currency, what the bank says wrongly is booked as paid though nothing left it."""
    real = transfers.hear

    def believe(*, payout, transfer, at):
        told = Transfer(
            payout.key,
            transfer.reference,
            transfer.state,
            payout.amount_minor,
            payout.currency,
            transfer.reason,
            transfer.return_code,
            transfer.settles_on,
        )
        return real(payout=payout, transfer=told, at=at)

    monkeypatch.setattr(transfers, "hear", believe)
    live_through(world, runs=60)
    moved = {move.key for move in world.movements if move.amount_minor < 0}
    assert [payout for payout in Payout.objects.filter(status="paid") if payout.key not in moved]
