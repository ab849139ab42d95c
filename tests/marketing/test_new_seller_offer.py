"""The new-seller offer: a shop opens, and the marketplace pays for its first coupon, to the end of the budget."""

import datetime as dt

import pytest
from django.db import transaction

from marketing import coupons, redemption
from marketing.discounts import QuoteLine
from marketing.models import Coupon
from payouts.models import AccountKind, Earning, Entry
from seller_center import inbox, reactions
from shops import events
from shops.models import Deadline
from shops.policy_book import policy_for
from tests.factories.catalog import make_product
from tests.factories.orders import make_delivered_order
from tests.factories.shops import AT, make_shop


def opened(shop, *, budget: int = 100_000, days: int = 30) -> Coupon | None:
    """The shop opens; what follows, follows twice."""
    with transaction.atomic():
        events.record(
            "shop.opened",
            shop=shop,
            subject_kind="shop",
            subject_code=shop.code,
            by=None,
            at=AT,
            tier=shop.tier,
            offer_ends_at=(AT + dt.timedelta(days=days)).isoformat(),
            coupon_budget_minor=budget,
        )
    reactions.deliver_all(AT)
    return Coupon.objects.in_shop(shop).first()


def test_opening_brings_one_coupon_by_the_policy_and_it_ends_with_the_offer(shop, other_shop):
    coupon = opened(shop)
    offer = policy_for(shop, AT).new_seller_offer
    assert (coupon.status, coupon.funded_by, coupon.budget_minor) == ("live", "platform", 100_000)
    assert (coupon.percent, coupon.per_buyer_limit_count) == (offer.coupon_percent, offer.coupon_per_buyer)
    assert coupon.left_minor == 100_000
    again = coupons.grant_to_new_seller(shop=shop, budget_minor=1, ends_at=coupon.ends_at, at=AT)
    assert again == coupon
    assert opened(other_shop, budget=0) is None, "no budget, no coupon"
    assert Deadline.objects.running().get(kind="coupon.end").due_at == coupon.ends_at
    inbox.sweep(coupon.ends_at)
    coupon.refresh_from_db()
    assert coupon.status == Coupon.Status.ENDED


def test_the_marketplace_pays_and_the_seller_is_paid_in_full(db):
    sold = {}
    for code, used in (("GIVE", True), ("FULL", False)):
        shop = make_shop(code)
        coupon = opened(shop)
        more = {"coupon_code": coupon.code} if used else {}
        order = make_delivered_order(shop, product=make_product(shop), **more)
        reactions.deliver_all(AT + dt.timedelta(days=9))
        promotions = Entry.objects.filter(shop=shop, account__kind=AccountKind.PROMOTIONS)
        given = sum(promotions.values_list("amount_minor", flat=True))
        sold[code] = (order.platform_discount_minor, given, Earning.objects.get(shop=shop).net_minor)
        coupon.refresh_from_db()
        assert coupon.left_minor == 100_000 - order.platform_discount_minor
    discount, given, net = sold["GIVE"]
    assert discount > 0
    assert given == -discount, "the marketplace's promotions account bears it"
    assert net == sold["FULL"][2], "the seller gets what an order without a coupon brings"
    assert sold["FULL"][:2] == (0, 0)


def test_it_stops_at_its_budget_with_a_sentence_and_the_shop_cannot_stretch_it(shop):
    coupon = opened(shop, budget=150)
    for basket, refused in ((1_500, False), (1_510, True)):
        lines = [QuoteLine(1, None, basket)]
        if refused:
            with pytest.raises(redemption.CouponRefused, match="used up"):
                redemption.quote(shop=shop, code=coupon.code, lines=lines, buyer=redemption.BuyerFacts("b"), at=AT)
        else:
            assert (
                redemption.quote(
                    shop=shop, code=coupon.code, lines=lines, buyer=redemption.BuyerFacts("b"), at=AT
                ).total_minor
                == 150
            )
    for field, value in (("ends_at", None), ("limit_count", 1_000), ("budget_minor", 10**6)):
        with pytest.raises(coupons.NotYours, match="marketplace pays"):
            coupons.change(coupon=coupon, by=None, at=AT, **{field: value})
    assert coupons.change(coupon=coupon, by=None, at=AT, name="First orders").name == "First orders"


def test_marketing_shows_what_is_left_and_until_when(client, shop, owner):
    coupon = opened(shop)
    client.force_login(owner)
    Coupon.objects.filter(pk=coupon.pk).update(given_minor=12_345, redeemed_count=3)
    page = client.get(f"/s/{shop.code}/marketing/").content.decode()
    assert "$876.55 of $1,000.00 is left" in page
    assert f'datetime="{coupon.ends_at.isoformat()[:10]}' in page
    form = client.get(f"/s/{shop.code}/marketing/coupons/{coupon.code}/change/").content.decode()
    assert form.count(" disabled") >= 10
    Coupon.objects.filter(pk=coupon.pk).update(status="ended")
    over = client.get(f"/s/{shop.code}/marketing/").content.decode()
    assert "you were paid in full: $123.45 of $1,000.00 was given" in over
    assert "is left" not in over
