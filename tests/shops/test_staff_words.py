"""What staff read in the admin: amounts as money, and moments with the zone in which they are told."""

import datetime as dt
import re

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten
from django.template import Context
from django.test import RequestFactory
from django.urls import resolve, reverse
from django.utils.formats import localize

from catalog.models import Category
from marketing.models import Coupon
from orders import cancellation
from orders.models import Payment
from payouts.models import Earning
from seller_center import display, reactions
from seller_center.frame import place_of
from seller_center.kernel.money import format_money
from shops.admin.read_only import ReadOnlyAdmin
from tests.factories.marketing import make_coupon
from tests.factories.orders import make_delivered_order, make_open_order
from tests.factories.shops import AT, log_in_staff, make_staff


@pytest.fixture
def staff(client, db):
    log_in_staff(client, make_staff("admin"))
    return client


def test_every_list_of_records_tells_amounts_as_money():
    """Its columns have no bare minor units, and each row knows its currency."""
    request = RequestFactory().get("/admin/")
    checked = 0
    for model, one in admin.site._registry.items():
        named = [name for name in flatten(one.list_display) if isinstance(name, str) and name.endswith("_minor")]
        fields = {field.name for field in model._meta.fields}
        if not any(name.endswith("_minor") for name in fields):
            continue
        assert isinstance(one, ReadOnlyAdmin), model
        assert {"currency", "shop"} & fields, model
        assert not [name for name in one.get_list_display(request) if str(name).endswith("_minor")], model
        checked += len(named)
    assert checked >= 20


def test_a_list_and_a_record_show_money_with_its_sign(staff, shop):
    make_coupon(shop, "RIDE10", budget_minor=123_456, least_spend_minor=2_000)
    coupon = Coupon.objects.get()
    page = staff.get(reverse("admin:marketing_coupon_changelist")).content.decode()
    assert "$1,234.56" in page
    assert "123456" not in page
    record = staff.get(reverse("admin:marketing_coupon_change", args=[coupon.pk])).content.decode()
    assert "$1,234.56" in record
    assert "Budget" in record
    assert "123456" not in record


def test_a_record_on_which_nothing_can_be_typed_has_nothing_to_save(staff, shop, at):
    """Control: where something can be, as of a category, it can be saved."""
    order = make_open_order(shop, at=at)
    record = staff.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    assert format_money(order.total_minor, "USD") in record
    assert "otal minor" not in record
    assert 'name="_save"' not in record
    category = Category.objects.order_by("pk").first()
    assert 'name="_save"' in staff.get(reverse("admin:catalog_category_change", args=[category.pk])).content.decode()


def test_each_cell_of_a_list_says_of_which_column_it_is(staff, shop):
    """On a phone a row is a card: the name of the column stands before each value but the first."""
    make_coupon(shop, "RIDE10")
    page = staff.get(reverse("admin:marketing_coupon_changelist")).content.decode()
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert re.findall(r'<td data-label="([^"]+)"', body) == [
        *("Shop", "Status", "Kind", "Redeemed count", "Uses in all", "Given", "Budget"),
    ]


def test_a_record_says_in_which_zone_its_times_are_told(staff, shop, at):
    order = make_open_order(shop, at=at)
    payment = Payment.objects.get(order=order)
    record = staff.get(reverse("admin:orders_payment_change", args=[payment.pk])).content.decode()
    assert f"{localize(payment.captured_at.astimezone(dt.UTC))}" in record
    assert localize(payment.captured_at.astimezone(dt.UTC)).endswith(" UTC")
    assert shop.zone != "UTC"


def test_a_desk_tells_times_in_utc_and_says_so_even_where_a_shop_is_shown(shop, rf):
    """Control: the same moment on the shop's own page is told in the shop's zone, without a word for it."""
    words = {}
    for address in (reverse("admin:index"), f"/s/{shop.code}/"):
        request = rf.get(address)
        request.resolver_match = resolve(address)
        request.shop = shop
        place = place_of(Context({"request": request, "shop": shop}))
        words[address[:4]] = display.moment(AT, **place).rpartition("</time>")[0].rpartition(">")[2]
    assert words["/adm"] == f"{AT:%b} {AT.day}, {AT:%I:%M %p} UTC".replace(" 0", " ")
    assert words["/s/A"].endswith(("AM", "PM"))


def test_our_own_words_are_said_as_words_in_lists_records_and_filters(staff, shop, at):
    order = make_delivered_order(shop, at=at)
    cancelled = make_open_order(shop, at=at)
    cancellation.cancel(order=cancelled, reason="fraud", by=None, at=at + dt.timedelta(hours=3), who="staff")
    reactions.deliver_all(at + dt.timedelta(days=9))
    assert Earning.objects.get().status == "pending_settlement"
    said = {
        "payouts_earning": ("Not settled yet", "pending_settlement"),
        "shops_deadline": ("Ship by", "order.ship_by"),
        "shops_shopevent": ("Package shipped", "package.shipped"),
        "orders_package": ("Sandbox", ">sandbox<"),
        "orders_trackingevent": ("Delivered", ">delivered<"),
        "orders_refund": ("Suspected fraud", ">fraud<"),
    }
    for name, (words, code) in said.items():
        page = staff.get(reverse(f"admin:{name}_changelist")).content.decode()
        told = page.partition("<main")[2]
        cells = " ".join(re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", told, re.S))
        assert words in cells, name
        assert code not in f">{cells}<", name
    filters = staff.get(reverse("admin:shops_deadline_changelist")).content.decode().partition("changelist-filter")[2]
    assert re.search(r"kind(__exact)?=order\.ship_by", filters)
    assert re.search(r">\s*Ship by\s*<", filters)
    record = staff.get(reverse("admin:orders_package_change", args=[order.packages.get().pk])).content.decode()
    assert ">Sandbox" in record
