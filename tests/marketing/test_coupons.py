"""Running coupons: drafts, schedules, pauses, ends, and what may no longer change."""

import datetime as dt

import pytest

from marketing import coupons
from marketing.models import Coupon
from seller_center import inbox
from seller_center.kernel.errors import Invalid, Stale
from shops.models import Deadline, ShopEvent
from tests.factories.marketing import make_coupon
from tests.factories.shops import AT

HOUR = dt.timedelta(hours=1)


def kinds(coupon) -> list[str]:
    return list(ShopEvent.objects.about(coupon.shop, "coupon", coupon.code).values_list("kind", flat=True))


def test_it_goes_live_at_once_when_its_start_has_come(shop):
    coupon = make_coupon(shop)
    assert coupon.status == Coupon.Status.LIVE
    assert kinds(coupon) == ["coupon.created", "coupon.went_live"]


def test_it_goes_live_and_ends_by_the_sweep(shop):
    coupon = make_coupon(shop, starts_at=AT + HOUR, ends_at=AT + 3 * HOUR)
    assert coupon.status == Coupon.Status.SCHEDULED
    inbox.sweep(AT + HOUR - dt.timedelta(seconds=1))
    coupon.refresh_from_db()
    assert coupon.status == Coupon.Status.SCHEDULED
    inbox.sweep(AT + HOUR)
    coupon.refresh_from_db()
    assert coupon.status == Coupon.Status.LIVE
    inbox.sweep(AT + 3 * HOUR)
    coupon.refresh_from_db()
    assert coupon.status == Coupon.Status.ENDED
    assert kinds(coupon) == ["coupon.created", "coupon.scheduled", "coupon.went_live", "coupon.ended"]
    assert not Deadline.objects.running().exists()


def test_it_stops_its_clocks_while_paused(shop):
    coupon = make_coupon(shop, ends_at=AT + HOUR)
    coupons.pause(coupon=coupon, by=None, at=AT)
    inbox.sweep(AT + 2 * HOUR)
    coupon.refresh_from_db()
    assert coupon.status == Coupon.Status.PAUSED
    with pytest.raises(Invalid, match="later end"):
        coupons.start(coupon=coupon, by=None, at=AT + 2 * HOUR)


def test_it_changes_only_name_end_and_quantity_after_going_live(shop):
    coupon = make_coupon(shop)
    changed = coupons.change(coupon=coupon, by=None, at=AT, name="New name", limit_count=5, ends_at=AT + HOUR)
    assert (changed.name, changed.limit_count) == ("New name", 5)
    with pytest.raises(coupons.NotChangeable) as refused:
        coupons.change(coupon=coupon, by=None, at=AT, percent=20)
    assert refused.value.field == "percent"
    coupon.refresh_from_db()
    assert coupon.percent == 10


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"percent": 91}, "percent"),
        ({"code": "TEN OFF"}, "code"),
        ({"code": "A" * 21}, "code"),
        ({"percent": None}, ""),
        ({"ends_at": AT - dt.timedelta(days=2)}, ""),
    ],
)
def test_it_refuses_what_breaks_a_rule_and_names_the_field(shop, fields, field):
    with pytest.raises(Invalid) as refused:
        make_coupon(shop, **fields)
    assert refused.value.field == field
    assert not Coupon.objects.exists()


def test_it_refuses_a_code_twice_in_a_shop_and_allows_it_in_another(shop, other_shop):
    make_coupon(shop)
    make_coupon(other_shop)
    with pytest.raises(Invalid, match="already has a coupon"):
        make_coupon(shop, "autumn10")


def test_it_says_when_it_was_ended_by_hand(shop):
    ran = make_coupon(shop)
    coupons.end(coupon=ran, by=None, at=AT + HOUR)
    ran.refresh_from_db()
    assert ran.ends_at == AT + HOUR
    draft = coupons.create(shop=shop, code="NEVER", name="N", kind="percent", percent=5, starts_at=AT, by=None, at=AT)
    drafted = coupons.end(coupon=draft, by=None, at=AT + HOUR)
    drafted.refresh_from_db()
    assert drafted.ends_at is None


def test_it_asks_twice_before_it_ends_for_good(client, shop, owner):
    client.force_login(owner)
    coupon = make_coupon(shop)
    page = client.get(f"/s/{shop.code}/marketing/coupons/{coupon.code}/").content.decode()
    assert (
        page.index('<details class="fold"><summary>')
        < page.index("cannot be started again")
        < page.index("End this coupon")
    )


def test_it_does_not_start_an_ended_coupon(shop):
    coupon = coupons.end(coupon=make_coupon(shop), by=None, at=AT)
    with pytest.raises(Stale, match="Ended"):
        coupons.start(coupon=coupon, by=None, at=AT)
