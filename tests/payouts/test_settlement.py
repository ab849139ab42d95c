"""What was earned becomes available after its days, unless a case is open; in bulk as one by one."""

import datetime as dt

import pytest

from orders.models import ReturnRequest
from payouts import settlement, terms
from payouts.models import Earning, SettlementTerms, Transaction
from seller_center.kernel.errors import Invalid
from shops.models import EligibilityReview, ShopEvent
from shops.policy_book import policy_for, policy_version
from tests.factories.payouts import Sold, balance, keep, make_available, make_earned, make_refund
from tests.factories.shops import AT, make_shop, make_staff

pytestmark = pytest.mark.django_db
WEEK = dt.timedelta(days=7)


def settle(at=AT + WEEK, shop=None):
    return settlement.settle(at=at, shop=shop)


def test_it_makes_available_what_waited_seven_days(shop):
    make_earned(shop, Sold(unit_minor=10_000))
    assert settle(AT + WEEK - dt.timedelta(seconds=1)).earnings == 0
    done = settle()
    assert (done.earnings, done.shops, done.total_minor) == (1, 1, 9_700)
    assert balance(shop, "pending") == 0
    assert balance(shop, "available") == 9_700
    assert Earning.objects.get().settled_at == AT + WEEK


def test_it_does_it_once(shop):
    make_earned(shop)
    settle()
    assert settle().earnings == 0
    assert Transaction.objects.filter(kind="settlement").count() == 1


def test_it_works_over_many_shops_at_once():
    shops = [make_shop(f"S{number:03d}") for number in range(7)]
    for number, shop in enumerate(shops):
        for _order in range(number % 3 + 1):
            make_earned(shop, Sold(unit_minor=1_000 + number))
    done = settle()
    assert (done.earnings, done.shops) == (13, 7)
    for shop in shops:
        total = sum(Earning.objects.filter(shop=shop).values_list("net_minor", flat=True))
        assert balance(shop, "available") == total
    assert ShopEvent.objects.filter(kind="earning.settled").count() == 7


def test_it_goes_on_after_a_chunk(shop, monkeypatch):
    monkeypatch.setattr(settlement, "CHUNK", 2)
    for _number in range(5):
        make_earned(shop)
    assert settle().earnings == 5


def test_it_waits_while_a_return_is_open(shop):
    order = make_earned(shop)
    case = ReturnRequest.objects.create(
        shop=shop, order=order, code="RT1", kind="refund_only", reason="broken", fault="seller", requested_at=AT
    )
    assert settle().earnings == 0
    ReturnRequest.objects.filter(pk=case.pk).update(status="withdrawn", ended_at=AT)
    assert settle().earnings == 1


def test_it_settles_what_is_left_after_a_refund(shop):
    order = make_earned(shop, Sold(unit_minor=10_000, quantity=2))
    make_refund(order, quantity=1, at=AT + dt.timedelta(days=1))
    keep(order)
    left = balance(shop, "pending")
    assert settle().total_minor == left
    assert balance(shop, "available") == left


def test_it_settles_an_earning_of_which_nothing_is_left(shop):
    order = make_earned(shop, Sold(unit_minor=1))  # too little for a fee
    make_refund(order, at=AT + dt.timedelta(days=1))
    keep(order)
    done = settle()
    assert (done.earnings, done.total_minor) == (1, 0)
    assert not Transaction.objects.filter(kind="settlement").exists()


def test_it_pays_what_the_shop_owes_first(shop):
    old = make_available(shop, Sold(unit_minor=10_000))
    make_earned(shop, Sold(unit_minor=1_000), at=AT + dt.timedelta(days=50))
    make_earned(shop, Sold(unit_minor=20_000), at=AT + dt.timedelta(days=50))
    from payouts import ledger
    from payouts.ledger import Line, Source
    from payouts.models import AccountKind, Part, TransactionKind

    ledger.post(  # the balance went out by a payout
        shop=shop,
        kind=TransactionKind.PAYOUT,
        source=Source("test", "out"),
        at=AT,
        lines=[
            Line(AccountKind.AVAILABLE, -9_700, Part.PAYOUT),
            Line(AccountKind.IN_FLIGHT, 9_700, Part.PAYOUT),
        ],
    )
    make_refund(old, at=AT + dt.timedelta(days=45))
    keep(old)
    owed = -balance(shop, "debt")
    assert owed == 9_700 + 60
    settle(AT + dt.timedelta(days=58))
    assert balance(shop, "debt") == 0
    earned = sum(Earning.objects.filter(settled_at=AT + dt.timedelta(days=58)).values_list("net_minor", flat=True))
    assert balance(shop, "available") == earned - owed


def test_it_holds_a_reserve_back_and_releases_it(shop):
    reviewer = make_staff("finance")
    until = AT + dt.timedelta(days=30)
    terms.decide(
        shop=shop, introductory=False, reserve_level=1, reserve_until=until, reason="New risk", by=reviewer, at=AT
    )
    make_earned(shop, Sold(unit_minor=10_000))
    settle()
    assert balance(shop, "reserve") == 970
    assert balance(shop, "available") == 8_730
    settle(until)
    assert balance(shop, "reserve") == 0
    assert balance(shop, "available") == 9_700


def test_it_asks_for_reason_level_and_end(shop):
    given = {"shop": shop, "introductory": False, "by": None, "at": AT}
    with pytest.raises(Invalid, match="why"):
        terms.decide(reserve_level=0, reserve_until=None, reason=" ", **given)
    with pytest.raises(Invalid, match="levels"):
        terms.decide(reserve_level=3, reserve_until=None, reason="x", **given)
    with pytest.raises(Invalid, match="until when"):
        terms.decide(reserve_level=1, reserve_until=None, reason="x", **given)
    assert not SettlementTerms.objects.exists()


def test_it_replaces_the_terms_and_keeps_the_old_ones(shop):
    for reason in ("First", "Second"):
        terms.decide(shop=shop, introductory=True, reserve_level=0, reserve_until=None, reason=reason, by=None, at=AT)
    assert SettlementTerms.objects.count() == 2
    assert SettlementTerms.objects.standing().get().reason == "Second"


def review(shop, tenths):
    EligibilityReview.objects.create(
        shop=shop,
        month=dt.date(2026, 9, 1),
        eligible=True,
        criteria=[],
        scorecard={"sps_tenths": tenths},
        policy_version_id=policy_for("US", AT).version_id,
        reviewed_at=AT,
    )


@pytest.mark.parametrize(
    ("introductory", "eligible", "tenths", "expected"),
    [
        (False, False, None, ("standard", 7)),
        (True, True, 50, ("introductory", 31)),
        (False, True, None, ("accelerated", 5)),
        (False, True, 44, ("accelerated", 5)),
        (False, True, 45, ("express", 1)),
        (False, False, 50, ("standard", 7)),
    ],
)
def test_it_waits_as_long_as_the_shops_standing_says(shop, introductory, eligible, tenths, expected):
    if introductory:
        terms.decide(shop=shop, introductory=True, reserve_level=0, reserve_until=None, reason="New", by=None, at=AT)
    shop.programme_eligible = eligible
    shop.save(update_fields=["programme_eligible"])
    if tenths is not None:
        review(shop, tenths)
    found = settlement.terms_of(shop, policy_version(policy_for("US", AT).version_id))
    assert (found.name, found.days) == expected


def test_it_keeps_the_promised_day_when_the_terms_change(shop):
    make_earned(shop)
    terms.decide(shop=shop, introductory=True, reserve_level=0, reserve_until=None, reason="Risk", by=None, at=AT)
    assert settle().earnings == 1


def test_it_costs_the_same_number_of_queries_for_one_shop_and_for_many(django_assert_max_num_queries):
    for number in range(6):
        make_earned(make_shop(f"Q{number:03d}"))
    with django_assert_max_num_queries(70):
        settle()
