"""B1, B2, B3: coupons of a hundred uses, each fought over by 32 buyers with 416 tries; one use per buyer of sixteen
baskets; budgets that do not divide.

Real processes and threads on real PostgreSQL. The control of B1 is in tests/marketing/test_redemption.py.
"""

import multiprocessing
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from marketing import redemption
from marketing.models import BuyerUse, Coupon, Redemption
from marketing.redemption import BuyerFacts, CouponRefused
from tests.factories.marketing import make_coupon
from tests.factories.shops import make_shop
from tests.figures import at_figures
from tests.marketing.test_redemption import redeem
from tests.storm import HANG_SECONDS, Outcome, storm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

BUYERS, TRIES, LIMIT = 32, 13, 100


def attempt(shop, code: str, number: str, buyer: str) -> bool:
    try:
        redeem(shop, number, code=code, buyer=BuyerFacts(buyer))
    except CouponRefused:
        return False
    return True


@at_figures("rounds", 20, deep=500)
def test_it_redeems_each_of_twenty_coupons_exactly_a_hundred_times(rounds, figure):
    shop = make_shop("ACME")
    codes = [f"ROUND{number}" for number in range(rounds)]
    for code in codes:
        make_coupon(shop, code, limit_count=LIMIT, per_buyer_limit_count=None)
    start = multiprocessing.get_context("fork").Barrier(BUYERS)

    def try_all(number: int) -> list[int]:
        won = []
        for code in codes:
            start.wait(HANG_SECONDS)
            tries = [attempt(shop, code, f"{code}-{number}-{turn}", f"buyer-{number}") for turn in range(TRIES)]
            won.append(sum(tries))
        return won

    outcomes = storm(try_all, processes=4, threads=BUYERS // 4)
    assert all(one.done for one in outcomes), [one.message for one in outcomes if not one.done][:1]
    assert [sum(one.value[at] for one in outcomes) for at in range(rounds)] == [LIMIT] * rounds
    assert set(Coupon.objects.values_list("redeemed_count", flat=True)) == {LIMIT}
    assert Redemption.objects.count() == LIMIT * rounds
    figure("B1", "coupons of a hundred uses", rounds)


@at_figures("rounds", 50, deep=500)
def test_it_redeems_once_per_buyer_of_sixteen_baskets_at_once(rounds, figure):
    """B2: every round has a coupon of its own, and in every other round the buyer orders for the first time."""
    shop = make_shop("ACME")
    codes = [f"MINE{number}" for number in range(rounds)]
    for number, code in enumerate(codes):
        audience = Coupon.Audience.NEW_BUYERS if number % 2 else Coupon.Audience.ALL
        make_coupon(shop, code, per_buyer_limit_count=1, audience=audience)
    outcomes = each_round(codes, lambda turn, number: attempt(shop, codes[turn], f"{turn}-{number}", f"buyer-{turn}"))
    assert [sum(one.value[turn] for one in outcomes) for turn in range(rounds)] == [1] * rounds
    assert set(BuyerUse.objects.values_list("used_count", flat=True)) == {1}
    assert BuyerUse.objects.count() == Redemption.objects.count() == rounds
    figure("B2", "rounds of sixteen baskets", rounds)


def test_control_a_use_per_buyer_that_is_read_first_is_passed(monkeypatch):
    """Look, wait for the others, count: several of sixteen baskets of one buyer get the discount."""
    shop = make_shop("ACME")
    make_coupon(shop, "MINE", per_buyer_limit_count=1)
    seen = multiprocessing.get_context("fork").Barrier(16)

    def look_then_count(coupon: Coupon, buyer: BuyerFacts) -> None:
        used = BuyerUse.objects.filter(shop=shop, coupon=coupon, buyer_key=buyer.key).exists()
        seen.wait(HANG_SECONDS)
        if used:
            raise CouponRefused("used")

    monkeypatch.setattr(redemption, "_count_buyer", look_then_count)
    monkeypatch.setattr(redemption, "_count_use", lambda *_: None)  # its row would make them come one by one
    outcomes = each_round(["MINE"], lambda _turn, number: attempt(shop, "MINE", f"M-{number}", "buyer-1"))
    assert sum(one.value[0] for one in outcomes) > 1
    assert Redemption.objects.count() > 1


def each_round(codes: list[str], call: Callable[[int, int], bool]) -> list[Outcome]:
    """Sixteen at once, round by round."""
    start = multiprocessing.get_context("fork").Barrier(16)

    def take_part(number: int) -> list[bool]:
        answers = []
        for turn in range(len(codes)):
            start.wait(HANG_SECONDS)
            answers.append(call(turn, number))
        return answers

    outcomes = storm(take_part, processes=4, threads=4)
    assert all(one.done for one in outcomes), [one.message for one in outcomes if not one.done][:1]
    return outcomes


def test_it_spends_a_budget_that_does_not_divide_and_never_more():
    shop = make_shop("ACME")
    coupon = make_coupon(shop, "BUDGET", budget_minor=1_999, per_buyer_limit_count=None)
    outcomes = storm(lambda number: attempt(shop, "BUDGET", f"B-{number}", f"buyer-{number}"), processes=4, threads=8)
    assert all(one.done for one in outcomes), [one.message for one in outcomes if not one.done][:1]
    coupon.refresh_from_db()
    given = list(Redemption.objects.values_list("discount_minor", flat=True))
    assert sum(given) == coupon.given_minor <= 1_999
    assert sum(given) >= 1_999 - max(given)
    assert len(given) == sum(one.value for one in outcomes) < len(outcomes)


def test_control_a_budget_that_is_read_first_is_passed(owner_cursor):
    shop = make_shop("ACME")
    coupon = make_coupon(shop, "BUDGET", budget_minor=100, per_buyer_limit_count=None)
    seen = multiprocessing.get_context("fork").Barrier(32)

    def look_then_spend(number: int) -> bool:
        with transaction.atomic():
            spent = Coupon.objects.get(pk=coupon.pk).given_minor
            seen.wait(HANG_SECONDS)
            if spent + 60 > 100:
                return False
            with connection.cursor() as cursor:
                cursor.execute("UPDATE marketing_coupon SET given_minor = given_minor + 60 WHERE id = %s", [coupon.pk])
        return True

    owner_cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname LIKE 'coupon_given_lte_budget'"
    )
    [(name, definition)] = owner_cursor.fetchall()
    owner_cursor.execute(f"ALTER TABLE marketing_coupon DROP CONSTRAINT {name}")
    try:
        assert sum(bool(one.value) for one in storm(look_then_spend, processes=4, threads=8)) > 1
        coupon.refresh_from_db()
        assert coupon.given_minor > 100
    finally:
        owner_cursor.execute("UPDATE marketing_coupon SET given_minor = 0")
        owner_cursor.execute(f"ALTER TABLE marketing_coupon ADD CONSTRAINT {name} {definition}")
