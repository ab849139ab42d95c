"""Tiers: judged purely, moved upward every night for many shops at once, and shown with what is left."""

import dataclasses
import datetime as dt
import io

import pytest
from django.core.management import call_command
from django.urls import reverse

from analytics import probation
from analytics.models import Score
from seller_center import reactions
from seller_center.kernel import clock
from seller_center.kernel.errors import Invalid
from shops import tiers
from shops.event_kinds.declaring import TIERS
from shops.models import BatchRun, Market, Notice, Shop, ShopEvent, TierReview
from shops.policy import parse
from tests.factories.catalog import make_product
from tests.factories.orders import make_delivered_order
from tests.factories.shops import make_shop

POLICY = parse({}, market="US")
DAY = dt.date(2026, 10, 13)
FULL = tiers.Measures(
    shop_id=1,
    live_listings=10,
    delivered_orders=300,
    buyers=10,
    sps_tenths=30,
    late_dispatch_bp=400,
    seller_cancel_bp=250,
)


def climbed(card=FULL, *, start="beginner", days=60, violations=0) -> str:
    return tiers.climb(start, card, days=days, violations=violations, policy=POLICY).tier


def test_it_climbs_as_far_as_everything_is_met():
    assert climbed() == "pro"


@pytest.mark.parametrize(
    ("change", "given", "reached"),
    [
        ({"live_listings": 9}, {}, "beginner"),
        ({}, {"violations": 5}, "beginner"),
        ({}, {"violations": 4}, "pro"),
        ({"sps_tenths": 24}, {}, "beginner"),
        ({"sps_tenths": None}, {}, "standard"),
        ({"sps_tenths": 29}, {}, "standard"),
        ({"delivered_orders": 99}, {}, "standard"),
        ({"buyers": 9}, {}, "standard"),
        ({}, {"days": 29}, "standard"),
        ({}, {"days": 59}, "premium"),
        ({"delivered_orders": 299}, {}, "premium"),
        ({"late_dispatch_bp": 401}, {}, "premium"),
        ({"late_dispatch_bp": None}, {}, "pro"),
        ({"seller_cancel_bp": 251}, {}, "premium"),
    ],
)
def test_each_criterion_holds_it_back_by_itself(change, given, reached):
    assert climbed(dataclasses.replace(FULL, **change), **given) == reached


def test_it_never_goes_down():
    nothing = tiers.Measures(shop_id=1)
    assert climbed(nothing, start="premium", days=0, violations=9) == "premium"


@pytest.fixture
def market(db):
    return Market.objects.get(pk="US")


@pytest.fixture
def grown(shop, at):
    """A shop with what the second tier asks for."""
    for _number in range(10):
        make_product(shop)
    make_delivered_order(shop, at=at - dt.timedelta(days=9))
    return shop


def move(market, at, **given):
    return probation.move_tiers(market=market, day=DAY, at=at, **given)


def test_it_moves_up_once_and_says_so(market, grown, other_shop, owner, at):
    assert move(market, at, dry_run=True) == {"raised": 1, "unchanged": 1}
    assert not TierReview.objects.exists()
    assert move(market, at) == {"raised": 1, "unchanged": 1}
    assert BatchRun.objects.get(kind="tiers").counts == {"raised": 1, "unchanged": 1}
    assert move(market, at) == {"raised": 0, "unchanged": 0}
    grown.refresh_from_db()
    other_shop.refresh_from_db()
    assert (grown.tier, other_shop.tier) == ("standard", "beginner")
    told = ShopEvent.objects.get(kind="shop.tier_raised")
    assert {told.facts["tier_before"], told.facts["tier"]} <= set(Shop.Tier.values) == set(TIERS)
    assert (
        told.sentence
        == f"The shop moved up from tier {TIERS[told.facts['tier_before']]} to {TIERS[told.facts['tier']]}."
    )
    [look] = TierReview.objects.filter(shop=grown)
    assert {one["code"]: one["value"] for one in look.criteria} == {
        "days": 0,
        "delivered_orders": 1,
        "buyers": 1,
        "violations": 0,
        "sps": None,
    }
    reactions.deliver_all(at)
    assert Notice.objects.filter(to=owner, kind="shop.tier_raised").count() == 1


def test_it_leaves_alone_who_is_at_the_top_closed_or_came_later(market, at):
    make_shop("PROO", tier="pro")
    gone = make_shop("GONE")
    Shop.objects.filter(pk=gone.pk).update(status="closed")
    make_shop("LATE", approved_at=at)
    assert move(market, at) == {"raised": 0, "unchanged": 0}


def test_it_reads_the_days_score_and_only_rates_with_enough_orders(market, grown, at):
    def score(shop, due):
        part = {"measured": {"counted": 9, "due": due, "value": 3_000}}
        return Score.objects.create(
            shop=shop,
            day=DAY,
            sps_tenths=20,
            delivered_count=40,
            metrics={"late_dispatch": part},
            measured_at=at,
            policy_version_id=market_version(),
        )

    few = make_shop("FEWW")
    score(grown, 30)
    score(few, 29)
    until = dt.datetime(2026, 10, 14, 4, tzinfo=dt.UTC)
    cards = {c.shop_id: c for c in probation.measure([grown.pk, few.pk], day=DAY, until=until, policy=POLICY)}
    assert (cards[grown.pk].late_dispatch_bp, cards[few.pk].late_dispatch_bp) == (3_000, None)
    assert move(market, at)["raised"] == 0  # a score of 2.0 holds it back


def market_version() -> int:
    from shops.models import PolicyVersion

    return PolicyVersion.objects.filter(market_id="US").values_list("pk", flat=True)[0]


def test_it_asks_no_more_queries_for_more_shops(market, at, django_assert_max_num_queries):
    for number in range(3):
        make_shop(f"AB{number}C")
    with django_assert_max_num_queries(40) as few:
        move(market, at)
    for number in range(12):
        make_shop(f"CD{number:02}"[:4])
    with django_assert_max_num_queries(len(few)) as _many:
        move(market, at)


def test_the_command_does_the_same_and_refuses_a_day_that_has_not_ended(market, grown, at, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: at)
    out = io.StringIO()
    call_command("move_tiers", "--dry-run", stdout=out)
    assert "Dry run: US 2026-10-13: 1 raised" in out.getvalue()
    call_command("move_tiers", "--day", "2026-10-13", stdout=out)
    assert Shop.objects.get(pk=grown.pk).tier == "standard"
    with pytest.raises(Invalid, match="has not ended"):
        probation.move_tiers(market=market, day=at.date(), at=at)


def test_the_health_page_shows_what_is_left(
    client, market, grown, owner, at, monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(clock, "now", lambda: at)
    client.force_login(owner)
    page = reverse("analytics:health", kwargs={"shop": grown.code})
    before = client.get(page).content.decode()
    assert "The next look is tonight" in before
    assert before.count("looked at tonight") == before.count("≥") + before.count("≤") > 2, (
        "what is asked is known already"
    )
    assert "to go" not in before
    move(market, at)
    with django_assert_max_num_queries(20):
        shown = client.get(page).content.decode()
    assert "What is left to the next tier" in shown
    assert "99 to go" in shown
    assert "last for Oct 13, 2026" in shown
