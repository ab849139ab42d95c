"""From payment to refund: each event has one posting, in whatever order and however often the news comes (C5, INV9)."""

import datetime as dt
import random

import pytest
from django.db import connection
from django.db.models import Sum

from orders.models import Order, OrderLine
from payouts import earning, settlement
from payouts.books import OrderBooks, RefundAbovePayment
from payouts.models import Account, Earning, EarningLine, Entry, FeeLine, Reversal, Transaction
from shops.models import ShopEvent
from tests.factories.payouts import (
    Sold,
    balance,
    keep,
    make_available,
    make_delivered,
    make_earned,
    make_paid_order,
    make_refund,
)
from tests.factories.shops import AT, make_shop

pytestmark = pytest.mark.django_db


def all_balances(shop):
    return {
        kind: amount
        for kind, amount in Account.objects.filter(shop=shop).values_list("kind", "balance_minor")
        if amount
    }


@pytest.fixture
def old_shop(db):
    """A shop whose new-seller offer is over: it pays the whole fee."""
    return make_shop("OLDS", approved_at=AT - dt.timedelta(days=100), offer_ends_at=AT - dt.timedelta(days=70))


def test_it_books_the_payment(shop):
    order = make_paid_order(shop, Sold(unit_minor=5_000, platform_discount_minor=500, tax_minor=300))
    assert keep(order) == 1
    assert all_balances(shop) == {"bank_clearing": -4_800, "promotions": -500, "buyer_payments": 5_300}


def test_it_earns_at_delivery_what_is_left_after_the_fee(old_shop):
    make_earned(
        old_shop,
        Sold(
            unit_minor=10_000,
            seller_discount_minor=1_000,
            platform_discount_minor=1_000,
            shipping_minor=500,
            tax_minor=600,
        ),
    )
    # base 10000 − 1000 + 500 = 9500, fee 570
    assert all_balances(old_shop) == {
        "bank_clearing": -9_100,
        "promotions": -1_000,
        "pending": 8_930,
        "commission": 570,
        "tax": 600,
    }


def test_it_halves_the_fee_in_the_new_seller_offer(shop):
    make_earned(shop, Sold(unit_minor=10_000))
    fee = FeeLine.objects.get()
    assert (fee.rule, fee.base_minor, fee.rate_bp, fee.share_bp, fee.amount_minor) == (
        "referral",
        10_000,
        600,
        5_000,
        300,
    )
    assert fee.decided_at == AT
    assert balance(shop, "pending") == 9_700


def test_it_takes_the_offer_of_the_payment_and_not_of_the_delivery(shop):
    order = make_paid_order(shop, Sold(unit_minor=10_000))
    make_delivered(order, at=AT + dt.timedelta(days=45))
    keep(order)
    assert FeeLine.objects.get().share_bp == 5_000


def test_it_charges_each_line_by_its_fee_class(old_shop):
    make_earned(old_shop, Sold(unit_minor=10_000, fee_class="jewellery"), Sold(unit_minor=10_000))
    assert sorted(FeeLine.objects.values_list("rule", "amount_minor")) == [
        ("referral", 600),
        ("referral.jewellery", 500),
    ]


def test_it_takes_tax_out_of_british_prices(db):
    shop = make_shop(
        "BRIT", market="GB", approved_at=AT - dt.timedelta(days=100), offer_ends_at=AT - dt.timedelta(days=70)
    )
    make_earned(shop, Sold(unit_minor=12_000, tax_minor=2_000))
    # base 10000, 9 %
    assert all_balances(shop) == {"bank_clearing": -12_000, "tax": 2_000, "commission": 900, "pending": 9_100}


def test_it_earns_package_by_package_and_leaves_nothing_behind(old_shop):
    order = make_paid_order(old_shop, Sold(unit_minor=333, quantity=3, tax_minor=71, shipping_minor=100))
    [line] = OrderLine.objects.of_order(order)
    make_delivered(order, {line.pk: 1}, at=AT)
    keep(order)
    assert balance(old_shop, "buyer_payments") > 0
    make_delivered(order, {line.pk: 2}, at=AT + dt.timedelta(hours=2))
    keep(order)
    assert balance(old_shop, "buyer_payments") == 0
    assert balance(old_shop, "tax") == 71
    assert Earning.objects.count() == 2


def test_it_is_available_seven_days_after_delivery(shop):
    make_earned(shop)
    row = Earning.objects.get()
    assert (row.available_from, row.terms) == (AT + dt.timedelta(days=7), "standard")


def test_it_gives_an_unearned_refund_back_from_the_buyers_payments(shop):
    order = make_paid_order(shop, Sold(unit_minor=2_000, quantity=2, platform_discount_minor=300, tax_minor=100))
    make_refund(order, quantity=1)
    keep(order)
    assert balance(shop, "commission") == 0
    assert balance(shop, "fees") == 0
    assert balance(shop, "promotions") == -150
    make_refund(order, quantity=1)
    keep(order)
    assert all_balances(shop) == {}


def test_it_takes_an_earned_refund_from_pending_and_gives_the_fee_back(old_shop):
    order = make_earned(old_shop, Sold(unit_minor=10_000, tax_minor=600))
    make_refund(order, at=AT + dt.timedelta(days=1))
    keep(order)
    # the referral fee of 600 went back; the refund administration fee is a fifth of it, and the earning is used up
    assert all_balances(old_shop) == {"fees": 120, "debt": -120}
    assert Earning.objects.get().left_minor == 0
    fee = FeeLine.objects.get()
    assert fee.reversed_minor == fee.amount_minor == 600


def test_it_takes_the_refund_fee_from_what_is_left_of_the_earning(old_shop):
    order = make_earned(old_shop, Sold(unit_minor=10_000, quantity=2))
    make_refund(order, quantity=1, at=AT + dt.timedelta(days=1))
    keep(order)
    assert balance(old_shop, "pending") == 18_800 - 9_400 - 120
    assert balance(old_shop, "fees") == 120
    assert balance(old_shop, "debt") == 0


def test_what_a_fee_took_of_an_earning_is_missing_once_when_the_rest_goes_back(old_shop):
    order = make_earned(old_shop, Sold(unit_minor=10_000, quantity=2))
    for day in (1, 2):
        make_refund(order, quantity=1, at=AT + dt.timedelta(days=day))
        keep(order)
    assert Earning.objects.get().left_minor == 0
    assert all_balances(old_shop) == {"fees": 240, "debt": -240}


def test_it_takes_a_late_refund_from_available_and_the_rest_becomes_debt(old_shop):
    order = make_available(old_shop, Sold(unit_minor=10_000))
    assert balance(old_shop, "available") == 9_400
    make_refund(order, at=AT + dt.timedelta(days=45))
    keep(order)
    assert all_balances(old_shop) == {"fees": 120, "debt": -120}


def test_it_books_a_refund_once(old_shop):
    order = make_earned(old_shop)
    make_refund(order, at=AT + dt.timedelta(days=1))
    keep(order)
    before = all_balances(old_shop)
    assert keep(order) == 0
    assert all_balances(old_shop) == before


def test_it_refuses_a_refund_above_the_payment(shop):
    order = make_earned(shop, Sold(unit_minor=2_000))
    with pytest.raises(RefundAbovePayment):
        earning.refund_preview(order=order, line_id=None, goods_minor=2_001, shipping_minor=0, tax_minor=0, at=AT)


def test_it_previews_exactly_what_it_posts(old_shop):
    order = make_earned(old_shop, Sold(unit_minor=10_000, quantity=2, platform_discount_minor=1_000, tax_minor=800))
    [line] = OrderLine.objects.of_order(order)
    order = Order.objects.select_related("shop__market").get(pk=order.pk)
    plan = earning.refund_preview(
        order=order, line_id=line.pk, goods_minor=9_500, shipping_minor=0, tax_minor=400, at=AT
    )
    before = balance(old_shop, "pending")
    make_refund(order, quantity=1, at=AT + dt.timedelta(days=1))
    keep(order)
    assert plan.buyer_minor == 9_900
    assert before - balance(old_shop, "pending") == plan.seller_minor + plan.fee_minor
    assert not Reversal.objects.filter(refund=None).exists()


def test_it_gives_an_unused_platform_discount_back_when_a_free_order_is_cancelled(shop):
    order = make_paid_order(shop, Sold(unit_minor=1_000, platform_discount_minor=1_000))
    Order.objects.filter(pk=order.pk).update(status="cancelled", cancelled_at=AT)
    keep(order)
    assert all_balances(shop) == {}


def test_it_waits_for_the_payment(shop):
    order = make_paid_order(shop)
    assert earning.keep_books(order=order, at=AT - dt.timedelta(seconds=1)) == 0
    assert not Transaction.objects.exists()


def test_it_tells_the_orders_timeline(old_shop):
    order = make_earned(old_shop)
    make_refund(order, at=AT + dt.timedelta(days=1))
    keep(order)
    told = ShopEvent.objects.about(old_shop, "order", order.code).values_list("kind", flat=True)
    assert list(told) == ["earning.booked", "earning.reversed"]
    sentences = [one.sentence for one in ShopEvent.objects.about(old_shop, "order", order.code)]
    assert sentences[0].startswith("$18.80 earned with package")


def happened(order, chance):
    """Deliver and refund an order's lines in a random history, without keeping books."""
    moment = AT
    lines = list(OrderLine.objects.of_order(order))
    left = {line.pk: line.quantity for line in lines}
    refundable = dict(left)
    for _step in range(chance.randint(1, 7)):
        moment += dt.timedelta(hours=1)
        deed = chance.choice(["deliver", "deliver", "refund"])
        if deed == "deliver" and any(left.values()):
            taken = {pk: chance.randint(0, most) for pk, most in left.items()}
            if any(taken.values()):
                make_delivered(order, taken, at=moment)
                left = {pk: most - taken[pk] for pk, most in left.items()}
        elif deed == "refund":
            line = chance.choice(lines)
            if refundable[line.pk]:
                quantity = chance.randint(1, refundable[line.pk])
                make_refund(order, OrderLine.objects.get(pk=line.pk), quantity=quantity, at=moment)
                refundable[line.pk] -= quantity


def prove_order(shop, order):
    """What must hold of an order's books at any moment."""
    for account in Account.objects.filter(shop=shop):
        total = Entry.objects.filter(account=account).aggregate(total=Sum("amount_minor"))["total"] or 0
        assert total == account.balance_minor
    for fee in FeeLine.objects.filter(shop=shop):
        assert 0 <= fee.reversed_minor <= fee.amount_minor
    for line in OrderBooks(Order.objects.select_related("shop__market").get(pk=order.pk)).lines.values():
        assert line.unearned.payment >= 0
    pending = sum(one.left_minor for one in Earning.objects.filter(shop=shop, status="pending_settlement"))
    assert pending == balance(shop, "pending")


@pytest.mark.parametrize("seed", range(30))
def test_it_ends_the_same_however_the_news_comes(seed):
    """The same history told at once, or event by event with repeats, gives the same books."""
    chance = random.Random(seed)
    shop = make_shop(f"S{seed:03d}", offer_ends_at=None)
    sold = [
        Sold(
            unit_minor=chance.randint(1, 5_000),
            quantity=chance.randint(1, 4),
            seller_discount_minor=chance.choice([0, 1]),
            shipping_minor=chance.choice([0, 599]),
            tax_minor=chance.choice([0, 77]),
        )
        for _number in range(chance.randint(1, 3))
    ]
    order = make_paid_order(shop, *sold)
    happened(order, chance)
    keep(order)
    for _again in range(3):
        assert keep(order) == 0
    prove_order(shop, order)


def test_it_keeps_pace_event_by_event_as_it_does_at_once():
    """The same deeds, with the books kept after each one or only at the end, end in the same balances."""
    found = []
    for code, eager in (("EAGE", True), ("LAZY", False)):
        shop = make_shop(code, offer_ends_at=None)
        order = make_paid_order(shop, Sold(unit_minor=999, quantity=3, tax_minor=50, platform_discount_minor=100))
        [line] = OrderLine.objects.of_order(order)
        deeds = [
            lambda order=order, line=line: make_delivered(order, {line.pk: 1}, at=AT),
            lambda order=order: make_refund(order, quantity=1, at=AT + dt.timedelta(hours=1)),
            lambda order=order, line=line: make_delivered(order, {line.pk: 2}, at=AT + dt.timedelta(hours=2)),
            lambda order=order: make_refund(order, quantity=2, at=AT + dt.timedelta(hours=3)),
        ]
        for deed in deeds:
            deed()
            if eager:
                keep(order)
        keep(order)
        found.append(all_balances(shop))
    assert found[0] == found[1]


def test_every_event_has_exactly_one_posting_of_its_kind(old_shop):
    order = make_earned(old_shop, Sold(quantity=2))
    make_refund(order, at=AT + dt.timedelta(days=1))
    for _again in range(3):
        keep(order)
    kinds = sorted(Transaction.objects.filter(order=order).values_list("kind", flat=True))
    assert kinds == ["capture", "delivery", "refund", "refund_fee"]


def test_it_settles_and_then_refunds_without_mixing_the_pots(old_shop):
    order = make_earned(old_shop, Sold(unit_minor=10_000, quantity=2))
    settlement.settle(at=AT + dt.timedelta(days=8), shop=old_shop)
    make_refund(order, quantity=1, at=AT + dt.timedelta(days=9))
    keep(order)
    assert balance(old_shop, "pending") == 0
    assert balance(old_shop, "available") == 18_800 - 9_400 - 120


def test_all_guards_hold_at_commit(old_shop):
    order = make_earned(old_shop, Sold(unit_minor=777, quantity=3, platform_discount_minor=100, tax_minor=13))
    for quantity in (1, 2):
        make_refund(order, quantity=quantity, at=AT + dt.timedelta(days=quantity))
    keep(order)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert EarningLine.objects.get().refunded_minor == 777 * 3 - 100
