"""What staff read in the admin: amounts as money, and moments with the zone in which they are told."""

import datetime as dt
import re

import pytest
from django.contrib import admin
from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.admin.utils import flatten
from django.db.models import IntegerField
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
from seller_center.templatetags.seller import staff_heads
from shops.admin.read_only import MOST_COUNTED, NUMBERED, CappedPaginator, ReadOnlyAdmin
from shops.batches import batch_run
from shops.models import User
from tests.factories.marketing import make_coupon
from tests.factories.orders import make_delivered_order, make_open_order
from tests.factories.payouts import keep
from tests.factories.shops import AT, log_in_staff, make_staff


@pytest.fixture
def staff(client, db):
    log_in_staff(client, make_staff("admin"))
    return client


def test_every_list_of_records_tells_amounts_as_money(db):
    """Its columns have no bare minor units, and each row knows its currency."""
    request = RequestFactory().get("/admin/")
    request.user = make_staff("admin")
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
        *("Shop", "Status", "Kind", "Uses so far", "Uses in all", "Given", "Budget"),
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
        "shops_shopevent": ("1 unit ordered by way of", "order.placed"),
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


# -- titles -----------------------------------------------------------------------------------------------------------

#: How a title begins or ends that is the name in the table and not a word: is staff, submitted at, row count, rate bp.
BARE = re.compile(r"^(is|has|by) |(^| )(at|on|minor|count|bp|bytes|pk|id|uuid)$|_", re.IGNORECASE)
#: Words that name nothing by themselves.
DARK = {"by", "to", "key", "user", "zone"}


@pytest.fixture
def everything(rf, db):
    boss = make_staff("admin")
    boss.is_superuser = True
    request = rf.get("/admin/")
    request.user = boss
    return request


def titles_of(one, request) -> tuple[list[str], list[str]]:
    """What a list calls its columns and its filters."""
    shown = one.get_changelist_instance(request)
    heads = staff_heads(shown, list(result_headers(shown)))
    return [
        str(head["text"]) for head, name in zip(heads, shown.list_display, strict=True) if name != "action_checkbox"
    ], [str(spec.title) for spec in shown.filter_specs]


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda one: one._meta.label)
def test_every_column_and_filter_is_called_by_words(model, everything):
    columns, filters = titles_of(admin.site._registry[model], everything)
    bare = [title for title in (*columns, *filters) if BARE.search(title) or title.lower() in DARK]
    assert bare == []
    assert all(title[:1].isupper() for title in (*columns, *filters))
    assert len(columns) == len(set(columns))


def test_bare_names_are_seen(everything, monkeypatch):
    """Control: without its titles a list of people says what the table says."""
    people = admin.site._registry[User]
    monkeypatch.setattr(type(people), "titles", {})
    monkeypatch.setattr("shops.admin.titles.TAILS", ())
    columns, filters = titles_of(people, everything)
    assert [title for title in (*columns, *filters) if BARE.search(title)] == ["Is staff", "Is active"] * 2


def test_a_filter_is_called_as_its_column_is(everything):
    told = 0
    for one in admin.site._registry.values():
        shown = one.get_changelist_instance(everything)
        heads = dict(zip(map(_name, shown.list_display), titles_of(one, everything)[0], strict=False))
        for spec in shown.filter_specs:
            if spec.field_path in heads and "action_checkbox" not in shown.list_display:
                assert spec.title == heads[spec.field_path], one
                told += 1
    assert told > 30


def _name(column) -> str:
    return getattr(column, "__name__", column)


def test_the_page_of_a_list_says_the_titles(staff, shop):
    page = staff.get(reverse("admin:shops_shop_changelist")).content.decode()
    assert "<summary>Platform shop</summary>" in page
    assert "is platform" not in page
    assert ">Approved</a>" in page
    record = staff.get(reverse("admin:shops_shop_change", args=[shop.pk])).content.decode()
    assert "<label>Approved:</label>" in record
    assert "Carries staff, policy and batch events" in record, "what explains a field stands below it as before"


# -- figures ----------------------------------------------------------------------------------------------------------


def test_figures_of_a_list_stand_right_and_are_grouped(staff, shop):
    make_coupon(shop, "RIDE10", budget_minor=123_456, limit_count=12_345)
    page = staff.get(reverse("admin:marketing_coupon_changelist")).content.decode()
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    figures = re.findall(r'<td data-label="([^"]+)" class="num [^"]*">([^<]*)<', body)
    assert figures[1:] == [("Uses in all", "12,345"), ("Given", "$0.00"), ("Budget", "$1,234.56")]
    heads = re.findall(r'<th scope="col" class="num [^"]*">.*?<a role="button"[^>]*>([^<]*)<', page, re.DOTALL)
    assert heads == ["Uses so far", "Uses in all", "Given", "Budget"]


def test_every_whole_number_of_a_list_is_a_figure_or_a_name(everything):
    """A new field with a number in a list cannot stand left and ungrouped by oversight."""
    found = 0
    for model, one in admin.site._registry.items():
        for column in one.get_list_display(everything):
            name = _name(column)
            field = next((field for field in model._meta.fields if field.name == name), None)
            kept = getattr(field, "output_field", field)
            if isinstance(kept, IntegerField) and not kept.choices and not kept.remote_field:
                assert getattr(column, "right", False) or name in NUMBERED, f"{model._meta.label}.{name}"
                found += 1
    assert found > 40


def test_rates_and_sizes_have_their_unit(staff, shop, at):
    keep(make_delivered_order(shop, at=at))
    page = staff.get(reverse("admin:payouts_feeline_changelist")).content.decode()
    assert re.search(r'data-label="Rate" class="num [^"]*">[\d.]+%<', page)


def test_the_count_of_a_list_is_grouped(staff, everything, monkeypatch):
    monkeypatch.setattr(CappedPaginator, "count", 2_229)
    page = staff.get(reverse("admin:orders_package_changelist") + "?q=x").content.decode()
    assert "2,229 results" in page
    assert "2,229 packages" in page
    assert not re.search(r"\b2229\b", page)
    assert "Select all" not in page
    monkeypatch.setattr(CappedPaginator, "count", MOST_COUNTED)
    assert "10,000 or more packages" in staff.get(reverse("admin:orders_package_changelist")).content.decode()


def test_a_filter_of_what_may_be_missing_says_so_in_words(staff, shop, at):
    page = staff.get(reverse("admin:orders_hold_changelist")).content.decode()
    assert re.search(r'<a href="\?released_at__isempty=1">Still held</a>', page)
    assert re.search(r'<a href="\?released_at__isempty=0">Released</a>', page)


def test_a_run_tells_its_counts_in_words(staff, db, at):
    with batch_run("tiers", "2026-11-30", at=at) as run:
        run.count("shops_looked_at", 1_234)
    page = staff.get(reverse("admin:shops_batchrun_changelist")).content.decode()
    assert ">Shops looked at: 1,234<" in page
