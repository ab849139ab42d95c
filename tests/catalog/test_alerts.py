"""Low-stock alerts."""

import datetime as dt
from types import SimpleNamespace

import pytest
from django.core import mail
from django.core.management import call_command

from catalog import alerts, stock, telling
from catalog.models import LowStockAlert, Product
from seller_center import reactions
from shops.models import BatchRun, Notice, Shop, ShopEvent
from tests.factories.catalog import make_choices, make_product, sku_of
from tests.factories.shops import make_member, make_shop

pytestmark = pytest.mark.django_db


def sell(product, units: int, at) -> None:
    sku = sku_of(product)
    made = stock.reserve(
        shop=product.shop, wants={sku.pk: units}, subject_kind="order", subject_code="A", until=None, at=at
    )
    stock.consume(shop=product.shop, reservations=made.values(), by=None, at=at)


def days(number: float) -> dt.timedelta:
    return dt.timedelta(days=number)


def test_it_raises_by_quantity_and_by_days_of_supply(shop, at):
    few = make_product(shop, on_hand=5)
    soon = make_product(shop, on_hand=100)
    sell(soon, 70, at - days(3))
    plenty = make_product(shop, on_hand=100)
    sell(plenty, 7, at - days(3))
    assert alerts.alert_all(at=at) == {"skus": 2, "shops": 1}

    raised = {alert.sku.product_id: alert for alert in LowStockAlert.objects.all()}
    assert set(raised) == {few.pk, soon.pk}
    one = raised[few.pk]
    assert (one.why, one.available, one.days_left, one.reorder_count) == ("quantity", 5, None, 1)
    two = raised[soon.pk]
    assert (two.why, two.available, two.sold_count, two.window_days, two.days_left) == ("supply", 30, 70, 7, 3)
    assert two.reorder_count == 14 * 10 - 30
    assert plenty.pk not in raised


def test_it_counts_the_fastest_window(shop, at):
    product = make_product(shop, on_hand=120)
    sell(product, 60, at - days(25))
    sell(product, 14, at - days(10))
    sell(product, 14, at - days(2))
    alerts.alert_all(at=at)
    alert = LowStockAlert.objects.get()
    # 14 in 7 days, 28 in 14 days: 2 a day; 88 in 30 days: 2.9 a day, so the month decides.
    assert (alert.window_days, alert.sold_count, alert.available, alert.days_left) == (30, 88, 32, 10)


def test_it_raises_each_sku_at_most_once_a_day(shop, at):
    make_product(shop, on_hand=3)
    assert alerts.alert_all(at=at)["skus"] == 1
    assert alerts.alert_all(at=at)["skus"] == 0
    assert alerts.alert_all(at=at + dt.timedelta(hours=6))["skus"] == 0
    late_in_new_york = dt.datetime(2026, 10, 15, 3, 59, tzinfo=dt.UTC)
    assert alerts.alert_all(at=late_in_new_york)["skus"] == 0
    assert alerts.alert_all(at=late_in_new_york + dt.timedelta(minutes=1))["skus"] == 1
    assert LowStockAlert.objects.count() == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda product, at: Product.objects.filter(pk=product.pk).update(status="paused"),
        lambda product, at: stock.mark_off_sale(
            shop=product.shop, sku_ids=[sku_of(product).pk], off_sale=True, by=None
        ),
        lambda product, at: product.skus.update(retired_at=at),
        lambda product, at: Shop.objects.filter(pk=product.shop_id).update(status="closed"),
    ],
)
def test_it_is_silent_about_what_is_not_for_sale(shop, at, spoil):
    product = make_product(shop, on_hand=3)
    spoil(product, at)
    assert alerts.alert_all(at=at) == {"skus": 0, "shops": 0}


def test_it_writes_nothing_in_a_dry_run(shop, other_shop, at):
    for place in (shop, other_shop):
        make_product(place, on_hand=3)
    assert alerts.alert_all(at=at, dry_run=True) == {"skus": 2, "shops": 2}
    assert not LowStockAlert.objects.exists()
    assert not BatchRun.objects.exists()
    assert alerts.alert_all(at=at) == {"skus": 2, "shops": 2}
    assert alerts.alert_all(at=at, dry_run=True) == {"skus": 0, "shops": 0}


def test_it_takes_as_many_queries_for_many_shops_as_for_one(shop, at, monkeypatch, django_assert_max_num_queries):
    for number in range(6):
        place = make_shop(f"SH{number}A")
        make_choices(place, {"Size": ["S", "M", "L"]}, on_hand=2)
    make_product(shop, on_hand=2)
    with django_assert_max_num_queries(22):  # the policy is read again every few seconds
        assert alerts.alert_all(at=at) == {"skus": 19, "shops": 7}
    monkeypatch.setattr(alerts, "CHUNK_SHOPS", 2)
    assert alerts.alert_all(at=at + days(1)) == {"skus": 19, "shops": 7}


def test_it_tells_those_who_see_the_products_once(shop, at, owner):
    packer, finance = make_member(shop, "packing"), make_member(shop, "finance")
    for _ in range(2):
        make_product(shop, on_hand=3, name="Walnut board")
    alerts.alert_all(at=at)
    reactions.deliver_all(at)
    reactions.deliver_all(at)
    told = set(Notice.objects.filter(kind="stock.low").values_list("to", flat=True))
    assert told == {owner.pk, packer.pk}
    assert finance.pk not in told
    assert [sent.to for sent in mail.outbox] == [[owner.email], [packer.email]]
    assert mail.outbox[0].subject == "2 SKUs are running low – Acme Shop"
    assert "Walnut board" in mail.outbox[0].body
    assert ShopEvent.objects.filter(kind="stock.low").count() == 1


def test_it_lists_what_runs_low_the_most_urgent_first(shop, other_shop, at):
    make_product(other_shop, on_hand=1)
    few = make_product(shop, on_hand=4)
    soon = make_product(shop, on_hand=100)
    sell(soon, 90, at - days(1))
    rows = alerts.running_low(shop, at=at)
    assert [row.product_code for row in rows] == [soon.code, few.code]
    assert alerts.running_low(shop, at=at, most=1) == rows[:1]


def test_the_command_tells_what_it_did(shop, at, capsys, monkeypatch):
    monkeypatch.setattr("seller_center.kernel.clock.now", lambda: at)
    make_product(shop, on_hand=3)
    call_command("alert_low_stock", "--dry-run")
    call_command("alert_low_stock")
    call_command("alert_low_stock")
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "Dry run: 1 SKUs in 1 shops would be alerted.",
        "1 SKUs in 1 shops alerted.",
        "0 SKUs in 0 shops alerted.",
    ]


def test_the_command_lets_reservations_expire(shop, at, capsys, monkeypatch):
    monkeypatch.setattr("seller_center.kernel.clock.now", lambda: at)
    sku = sku_of(make_product(shop))
    stock.reserve(shop=shop, wants={sku.pk: 2}, subject_kind="order", subject_code="A", until=at, at=at)
    call_command("expire_reservations", "--dry-run")
    call_command("expire_reservations")
    assert capsys.readouterr().out.splitlines() == [
        "Dry run: 1 reservations would expire.",
        "1 reservations expired.",
    ]
    assert Product.objects.count() == 1


def test_its_mail_and_notice_group_large_counts(shop, owner, at, monkeypatch):
    sku = sku_of(make_product(shop, name="Bolt", on_hand=1))
    alerts.alert_all(at=at)
    large = {"available": 1_234, "sold_count": 98_765, "window_days": 7, "days_left": None, "reorder_count": 100_000}
    monkeypatch.setattr(alerts, "raised_on", lambda shop, day, *, most: [SimpleNamespace(sku=sku, **large)])
    event = ShopEvent.objects.get(kind="stock.low")
    event.facts = {**event.facts, "count": 4_321}
    telling.low_stock(event)
    [message] = mail.outbox
    assert message.subject.startswith("4,321 SKUs are running low")
    for words in ("1,234 available", "98,765 sold in 7 days", "Reorder 100,000.", "and 4,320 more"):
        assert words in message.body, words
    notice = Notice.objects.get()
    assert notice.title == "4,321 SKUs are running low"
    assert notice.body.endswith(": 1,234")
