"""Many at once: the books of an order, a payday, a release and a payout are each done once (C5, D5, INV9)."""

import datetime as dt

import pytest
from django.db import transaction

from orders.models import Order
from payouts import drafting, earning, ledger, releasing, settlement
from payouts.ledger import Line, Source
from payouts.models import AccountKind, Earning, Part, Payout, PayoutBatch, Statement, Transaction, TransactionKind
from shops.models import Market
from tests.factories.payouts import (
    PAYDAY,
    PAYDAY_AT,
    Sold,
    balance,
    keep,
    make_available,
    make_bank_account,
    make_batch,
    make_delivered,
    make_earned,
    make_paid_order,
    make_refund,
)
from tests.factories.shops import AT, make_shop, make_staff
from tests.storm import storm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DAY = dt.timedelta(days=1)
LATER = AT + 365 * DAY


def test_eight_at_once_keep_the_books_of_an_order_once(shop):
    order = make_paid_order(shop, Sold(unit_minor=10_000, quantity=2, tax_minor=100))
    make_delivered(order)
    make_refund(order, quantity=1, at=AT + DAY)

    def keep_books(number):
        return earning.keep_books(order=Order.objects.select_related("shop__market").get(pk=order.pk), at=LATER)

    outcomes = storm(keep_books, processes=4, threads=2)
    assert all(outcome.done for outcome in outcomes), [outcome.message for outcome in outcomes if not outcome.done]
    assert sorted(outcome.value for outcome in outcomes) == [0] * 7 + [4]
    assert Transaction.objects.filter(order=order).count() == 4
    assert Earning.objects.count() == 1


def test_without_the_lock_the_database_still_refuses_a_second_posting(shop, monkeypatch):
    """The control: unlocked, twins collide on the unique event instead of posting twice; somebody fails."""
    order = make_paid_order(shop, Sold(unit_minor=10_000))
    make_delivered(order)
    monkeypatch.setattr(earning, "advisory_lock", lambda *given: None)

    def keep_books(number):
        return earning.keep_books(order=Order.objects.select_related("shop__market").get(pk=order.pk), at=LATER)

    outcomes = storm(keep_books, processes=4, threads=2)
    assert [outcome for outcome in outcomes if not outcome.done], "nobody collided: the control proves nothing"
    assert Transaction.objects.filter(order=order, kind="delivery").count() == 1


def test_eight_at_once_post_an_event_once(shop):
    def post(number):
        done = ledger.post(
            shop=shop,
            kind=TransactionKind.CAPTURE,
            source=Source("order", "X1"),
            at=AT,
            lines=[
                Line(AccountKind.BANK_CLEARING, -5, Part.PAYMENT),
                Line(AccountKind.BUYER_PAYMENTS, 5, Part.PAYMENT),
            ],
        )
        return done.fresh

    outcomes = storm(post, processes=4, threads=2)
    assert [outcome.value for outcome in outcomes].count(True) == 1
    assert balance(shop, "buyer_payments") == 5


def test_many_postings_of_a_shop_at_once_lose_no_cent(shop):
    def post(number):
        for part in range(5):
            ledger.post(
                shop=shop,
                kind=TransactionKind.CAPTURE,
                source=Source("order", f"X{number}", part),
                at=AT,
                lines=[
                    Line(AccountKind.BANK_CLEARING, -7, Part.PAYMENT),
                    Line(AccountKind.BUYER_PAYMENTS, 7, Part.PAYMENT),
                ],
            )

    outcomes = storm(post, processes=4, threads=4)
    assert all(outcome.done for outcome in outcomes), outcomes
    assert balance(shop, "buyer_payments") == 16 * 5 * 7


def test_settlement_and_refunds_at_once_agree(shop):
    orders = [make_earned(shop, Sold(unit_minor=1_000, quantity=2)) for _number in range(8)]
    for order in orders:
        make_refund(order, quantity=1, at=AT + DAY)

    def act(number):
        if number % 2:
            return settlement.settle(at=AT + 8 * DAY, shop=shop).earnings
        return keep(orders[number // 2])

    outcomes = storm(act, processes=4, threads=4)
    assert all(outcome.done for outcome in outcomes), [outcome.message for outcome in outcomes if not outcome.done]
    for order in orders:
        keep(order)
    settlement.settle(at=AT + 8 * DAY, shop=shop)
    assert balance(shop, "pending") == 0
    # each order: 2000 sold, half went back; fee 3 %, refund fee a fifth of what was given back
    assert balance(shop, "available") == 8 * (1_000 - 30 - 6)


def test_eight_clicks_on_a_payday_draft_it_once(db):
    us = Market.objects.get(pk="US")
    for number in range(3):
        one = make_shop(f"D{number:03d}")
        make_bank_account(one)
        make_available(one)

    def draft(number):
        return drafting.draft(market=us, period_on=PAYDAY, at=PAYDAY_AT).payout_count

    outcomes = storm(draft, processes=4, threads=2)
    assert {outcome.error for outcome in outcomes if not outcome.done} <= {"AlreadyRunning"}
    assert Payout.objects.count() == Statement.objects.count() == 3
    assert sum(outcome.value or 0 for outcome in outcomes) == 3


def test_only_one_of_two_second_releases_wins(shop):
    make_bank_account(shop)
    make_available(shop)
    batch = make_batch(shop, released=False)
    releasing.approve(batch=batch, by=make_staff("finance"), at=PAYDAY_AT)
    others = [make_staff("finance") for _number in range(8)]

    def release(number):
        return releasing.release(batch=PayoutBatch.objects.get(), by=others[number], at=PAYDAY_AT).status

    outcomes = storm(release, processes=4, threads=2)
    assert [outcome.done for outcome in outcomes].count(True) == 1
    assert {outcome.error for outcome in outcomes if not outcome.done} == {"Stale"}


def test_a_refund_during_the_payday_is_either_before_it_or_after_it(shop):
    make_bank_account(shop)
    orders = [make_available(shop, Sold(unit_minor=2_000)) for _number in range(6)]
    for order in orders:
        make_refund(order, at=AT + 45 * DAY)
    us = shop.market

    def act(number):
        if number == 0:
            return drafting.draft(market=us, period_on=PAYDAY, at=PAYDAY_AT).total_minor
        return keep(orders[number - 1]) if number <= 6 else None

    outcomes = storm(act, processes=4, threads=2)
    assert all(outcome.done for outcome in outcomes), [outcome.message for outcome in outcomes if not outcome.done]
    for order in orders:
        keep(order)
    paid = sum(Payout.objects.values_list("amount_minor", flat=True))
    with transaction.atomic():
        assert balance(shop, "in_flight") == paid
        assert balance(shop, "available") + paid + balance(shop, "debt") == -6 * 12  # only the refund fees are left
