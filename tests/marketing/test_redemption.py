"""Redeeming: limits hold in number, per buyer and in money; what is given back is given back once (B1–B4)."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from marketing import redemption
from marketing.discounts import QuoteLine
from marketing.models import BuyerUse, Coupon, Redemption
from marketing.redemption import BuyerFacts, CouponRefused
from shops.events import OutsideTransaction
from tests.factories.marketing import make_coupon
from tests.factories.shops import AT
from tests.storm import storm

BASKET = [QuoteLine(1, None, 2_000), QuoteLine(2, None, 1_000)]
BUYER = BuyerFacts("buyer-1")


def quote(shop, code="AUTUMN10", *, lines=BASKET, buyer=BUYER, at=AT):
    return redemption.quote(shop=shop, code=code, lines=lines, buyer=buyer, at=at)


def redeem(shop, order, *, code="AUTUMN10", buyer=BUYER, at=AT):
    with transaction.atomic():
        discount = quote(shop, code, buyer=buyer, at=at)
        return redemption.redeem(
            shop=shop, discount=discount, buyer=buyer, subject_kind="order", subject_code=order, at=at
        )


def test_it_lays_the_discount_on_the_lines_exactly(shop):
    make_coupon(shop)
    found = quote(shop)
    assert (found.total_minor, found.per_line, found.funded_by) == (300, (200, 100), "seller")


def test_it_takes_a_fixed_amount_but_never_more_than_the_goods_cost(shop):
    make_coupon(shop, "FIVE", kind=Coupon.Kind.FIXED, amount_minor=500)
    make_coupon(shop, "FIFTY", kind=Coupon.Kind.FIXED, amount_minor=5_000)
    assert quote(shop, "five").total_minor == 500
    assert quote(shop, "FIFTY").total_minor == 3_000


@pytest.mark.parametrize(
    ("fields", "moment", "sentence"),
    [
        ({"live": False}, AT, "There is no coupon"),
        ({"starts_at": AT + dt.timedelta(days=1)}, AT, "not valid yet"),
        ({"ends_at": AT + dt.timedelta(hours=1)}, AT + dt.timedelta(hours=1), "has ended"),
        ({"least_spend_minor": 3_001}, AT, "at least $30.01"),
        ({"audience": Coupon.Audience.NEW_BUYERS}, AT, "first orders only"),
    ],
)
def test_it_refuses_with_the_reason(shop, fields, moment, sentence):
    make_coupon(shop, **fields)
    with pytest.raises(CouponRefused, match=sentence.replace("$", r"\$")):
        quote(shop, buyer=BuyerFacts("buyer-1", order_count=1), at=moment)


def test_it_does_not_know_the_coupon_of_another_shop(shop, other_shop):
    make_coupon(other_shop)
    with pytest.raises(CouponRefused, match="no coupon"):
        quote(shop)


def test_it_holds_the_limit_when_redeeming_and_not_only_when_quoting(shop):
    coupon = make_coupon(shop, limit_count=1)
    early = quote(shop)
    redeem(shop, "ACME-1")
    with pytest.raises(CouponRefused, match="used up"), transaction.atomic():
        redemption.redeem(
            shop=shop, discount=early, buyer=BuyerFacts("buyer-2"), subject_kind="order", subject_code="ACME-2", at=AT
        )
    coupon.refresh_from_db()
    assert coupon.redeemed_count == Redemption.objects.count() == 1


def test_it_holds_the_limit_of_a_buyer(shop):
    make_coupon(shop, per_buyer_limit_count=1)
    redeem(shop, "ACME-1")
    with pytest.raises(CouponRefused, match="as often as it allows"):
        redeem(shop, "ACME-2")
    redeem(shop, "ACME-3", buyer=BuyerFacts("buyer-2"))
    assert Coupon.objects.get().redeemed_count == 2


def test_it_is_refused_with_the_quote_where_the_buyer_has_used_it_up(shop):
    make_coupon(shop, per_buyer_limit_count=2)
    redeem(shop, "ACME-1")
    assert quote(shop).total_minor > 0
    redeem(shop, "ACME-2")
    with pytest.raises(CouponRefused, match="as often as it allows"):
        quote(shop)


def test_it_stops_before_the_budget_is_passed(shop):
    make_coupon(shop, budget_minor=700)
    redeem(shop, "ACME-1")
    redeem(shop, "ACME-2")
    with pytest.raises(CouponRefused):
        redeem(shop, "ACME-3")
    assert Coupon.objects.get().given_minor == 600


def test_it_gives_back_exactly_once(shop):
    make_coupon(shop, per_buyer_limit_count=1)
    used = redeem(shop, "ACME-1")
    with transaction.atomic():
        assert redemption.give_back(shop=shop, redemption=used, at=AT) is True
        assert redemption.give_back(shop=shop, redemption=used, at=AT) is False
    coupon = Coupon.objects.get()
    assert (coupon.redeemed_count, coupon.given_minor, BuyerUse.objects.get().used_count) == (0, 0, 0)
    redeem(shop, "ACME-2")


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_redeem_outside_a_transaction(shop):
    make_coupon(shop)
    with pytest.raises(OutsideTransaction):
        redemption.redeem(
            shop=shop, discount=quote(shop), buyer=BUYER, subject_kind="order", subject_code="ACME-1", at=AT
        )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE marketing_coupon SET redeemed_count = 2",
        "UPDATE marketing_coupon SET given_minor = 1001",
        "UPDATE marketing_coupon SET given_minor = -1",
        "UPDATE marketing_coupon SET percent = 101",
        "UPDATE marketing_coupon SET amount_minor = 5",
        "UPDATE marketing_coupon SET status = 'draft'",
        "INSERT INTO marketing_redemption (shop_id, coupon_id, buyer_key, subject_kind, subject_code, discount_minor,"
        " currency, redeemed_at) SELECT o.id, c.id, 'b', 'order', 'X-1', 1, 'USD', now()"
        " FROM marketing_coupon c, shops_shop o WHERE o.code = 'ZEBR'",
    ],
)
def test_it_is_guarded_by_the_database_itself(shop, other_shop, sql):
    make_coupon(shop, limit_count=1, budget_minor=1_000)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def _try(shop, number: int, buyer: str) -> int:
    return redeem(shop, f"ACME-{number}", buyer=BuyerFacts(buyer)).pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(3))
def test_it_redeems_exactly_the_limit_in_a_storm(shop, _round):
    """B1: 64 buyers at once, ten uses."""
    make_coupon(shop, limit_count=10)
    outcomes = storm(lambda number: _try(shop, number, f"buyer-{number}"), processes=4, threads=16)
    assert sum(one.done for one in outcomes) == 10, [one for one in outcomes if not one.done][:1]
    assert {one.error for one in outcomes if not one.done} == {"CouponRefused"}
    assert Coupon.objects.get().redeemed_count == Redemption.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_it_redeems_once_per_buyer_in_a_storm(shop):
    """B2: one buyer, sixteen baskets, one use."""
    make_coupon(shop, per_buyer_limit_count=1)
    outcomes = storm(lambda number: _try(shop, number, "buyer-1"), processes=2, threads=8)
    assert sum(one.done for one in outcomes) == 1
    assert BuyerUse.objects.get().used_count == Coupon.objects.get().redeemed_count == 1


@pytest.mark.django_db(transaction=True)
def test_it_would_pass_the_limit_without_the_guard(shop, owner_cursor):
    """The negative control of B1: read, then write, with the CHECK dropped – the limit is passed."""
    coupon = make_coupon(shop, limit_count=10)
    owner_cursor.execute("ALTER TABLE marketing_coupon DROP CONSTRAINT coupon_redeemed_lte_limit")
    try:
        outcomes = storm(lambda number: _naive(coupon.pk), processes=4, threads=16)
        used = sum(bool(one.value) for one in outcomes)
        assert used > 10, "the unguarded way held the limit: this storm proves nothing"
    finally:
        owner_cursor.execute("UPDATE marketing_coupon SET redeemed_count = 0")
        owner_cursor.execute(
            "ALTER TABLE marketing_coupon ADD CONSTRAINT coupon_redeemed_lte_limit"
            " CHECK (limit_count IS NULL OR redeemed_count <= limit_count)"
        )


def _naive(pk: int) -> bool:
    """What everybody writes first: look, then count."""
    with transaction.atomic():
        coupon = Coupon.objects.get(pk=pk)
        if coupon.redeemed_count >= coupon.limit_count:
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.01)")  # the work between look and write, made visible
        coupon.redeemed_count += 1
        coupon.save(update_fields=["redeemed_count"])
    return True
