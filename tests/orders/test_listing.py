"""The order list as a question: its indexes serve every tab in order, its counts are capped, its words are read once."""

import datetime as dt

import pytest
from django.db import connection

from catalog.models import Sku
from orders import listing
from orders.listing import Question
from orders.models import Hold, Order
from orders.shown import TABS, Shown, shown_status
from orders.views.order_list import ORDERS
from shops import lists
from tests.factories import orders as make
from tests.factories.catalog import make_product, sku_of
from tests.lists.first_pages import same_page

HOUR, DAY = make.HOUR, make.DAY


def plan_of(rows) -> str:
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        for name in ("seqscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{name} = off")
        cursor.execute(f"EXPLAIN {sql}", params)
        return "\n".join(row[0] for row in cursor.fetchall())


EVERY_ORDER = [
    (tab, sort)
    for tab in listing.TAB_NAMES
    if tab != "on_hold"
    for sort in (listing.DUE_SORTS if tab in listing.BY_DUE else listing.PLACED_SORTS)
    if not (tab == "late" and "placed" in sort)
]


@pytest.mark.parametrize(("tab", "sort"), EVERY_ORDER)
def test_it_has_an_index_that_gives_the_tab_in_its_order(shop, at, tab, sort):
    question = Question(tab=tab, sort=sort)
    rows = listing.rows(shop, question, at).order_by(*question.order)[:26]
    plan = plan_of(rows)
    assert "Sort" not in plan, plan
    assert "order_due" in plan if "due" in sort else "order_" in plan, plan


def test_it_finds_words_through_the_trigram_index(db):
    """Without the shop, of which a test has too few orders for the planner to prefer it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for rows in (
            Order.objects.found_by("waldemar"),
            Order.objects.filter(search_text__trigram_word_similar="WALDEMAR"),
        ):
            sql, params = rows.order_by().query.sql_with_params()
            cursor.execute(f"EXPLAIN {sql}", params)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "order_search" in plan, plan


def found(shop, at, words):
    return [order.external_number for order in listing.rows(shop, Question(words=words), at).order_by("id")]


def test_a_code_under_which_something_was_sold_finds_these_orders_only(shop, other_shop, at):
    mug, cup = make_product(shop, code="MUG-1-S", on_hand=9), make_product(shop, code="CUP-1-S", on_hand=9)
    make_product(other_shop, code="MUG-1-S", on_hand=9)
    first = make.make_order(shop, product=mug, at=at)
    second = make.make_order(shop, product=cup, name="Wants a MUG-1-S next time", at=at)
    other = make.make_order(other_shop, lines=[("MUG-1-S", 1)], at=at)
    assert found(shop, at, "MUG-1-S") == found(shop, at, " mug-1-s ") == [first.external_number]
    assert found(other_shop, at, "MUG-1-S") == [other.external_number]
    # Part of a code, or a code that was not sold, is looked for in all that the search looks at.
    assert found(shop, at, "MUG-1") == [first.external_number, second.external_number]
    Sku.objects.filter(pk=sku_of(mug).pk).update(code="MUG-1-M")
    assert found(shop, at, "MUG-1-S") == [first.external_number]  # as it was called when it was sold
    assert found(shop, at, "MUG-1-M") == []


def test_it_finds_a_sold_code_through_its_index(shop, at):
    make.make_order(shop, product=make_product(shop, code="MUG-1-S", on_hand=9), at=at)
    assert "order_line_under_code" in plan_of(listing.rows(shop, Question(words="MUG-1-S"), at))


def test_it_counts_what_asks_for_something_and_stops_at_ninety_nine(shop, at, monkeypatch):
    product = make_product(shop, on_hand=50)
    for _number in range(3):
        make.make_open_order(shop, product=product, at=at)
    make.make_order(shop, product=product, at=at)
    held = make.make_open_order(shop, product=product, at=at)
    Hold.objects.create(shop=shop, order=held, kind="staff", reason="X", placed_at=at)
    counts = listing.tab_counts(shop, at + 4 * DAY)
    assert counts == {
        "to_ship": 4,
        "late": 4,
        "on_hold": 1,
        "cooling_off": 0,
        "trouble": 0,
        "unpaid": 1,
    }
    monkeypatch.setattr(listing, "COUNT_CAP", 2)
    assert listing.tab_counts(shop, at + 4 * DAY)["to_ship"] == 3


def test_it_takes_both_days_of_a_span_in_the_shops_zone(shop, at):
    product = make_product(shop, on_hand=50)
    day = dt.date(2026, 10, 14)
    late_evening = dt.datetime(2026, 10, 15, 3, 30, tzinfo=dt.UTC)  # 23:30 in New York
    for moment in (late_evening, late_evening + HOUR):
        make.make_order(shop, product=product, at=moment)
    found = listing.rows(shop, Question(first=day, last=day), at)
    assert [order.placed_at for order in found] == [late_evening]


def test_it_shows_nothing_of_another_shop(shop, other_shop, at):
    make.make_open_order(other_shop, at=at)
    for tab in listing.TAB_NAMES:
        assert not listing.rows(shop, Question(tab=tab), at + 9 * DAY).exists()
    assert set(listing.tab_counts(shop, at + 9 * DAY).values()) == {0}


@pytest.mark.parametrize(
    ("state", "packages", "shown"),
    [
        ("unpaid", [], "unpaid"),
        ("cooling_off", [], "cooling_off"),
        ("open", ["awaiting_shipment"], "awaiting_shipment"),
        ("open", [], "awaiting_shipment"),
        ("open", ["awaiting_shipment", "in_transit"], "partly_shipped"),
        ("open", ["awaiting_shipment", "cancelled"], "awaiting_shipment"),
        ("open", ["awaiting_collection", "delivered"], "shipped"),
        ("open", ["delivered", "cancelled"], "delivered"),
        ("open", ["delivered", "lost"], "delivered"),
        ("open", ["lost"], "lost"),
        ("open", ["returned_to_sender"], "returned_to_sender"),
        ("completed", ["delivered"], "completed"),
        ("cancelled", ["cancelled"], "cancelled"),
    ],
)
def test_it_derives_what_is_shown(state, packages, shown):
    assert shown_status(state, packages) == shown


def test_it_has_a_tab_for_everything_that_is_shown():
    assert {status for statuses in TABS.values() for status in statuses} == set(Shown.values)
    assert set(Order.Status.values) <= {*Shown.values, "open"}


@pytest.mark.parametrize("words", ["", "buyer", "BUYER example", "a_b 50%"])
def test_the_prepared_first_page_is_the_page_that_is_worked_out(shop, other_shop, owner, at, monkeypatch, words):
    for place in (shop, other_shop):
        for hours in range(8):
            make.make_open_order(place, at=at + hours * HOUR)
        held = make.make_open_order(place, at=at)
        Hold.objects.create(shop=place, order=held, kind="staff", reason="looked at", placed_at=at)
        make.ship(make.make_open_order(place, at=at), at=at + HOUR)
        make.make_delivered_order(place, at=at)
        make.make_order(place, at=at)
    shown = 0
    for tab in ORDERS.tabs:
        for sort in ORDERS.sorts_of(tab):
            for columns in ("", "code,state,total", ",".join(column.key for column in ORDERS.columns)):
                asked = {"q": words, "tab": tab, "sort": sort, "columns": columns}
                later = at + 9 * DAY
                question, _form = lists.ask(ORDERS, asked, shop=shop, at=later, user=owner, areas=frozenset({"orders"}))
                shown += same_page(ORDERS, question, monkeypatch, size=5)
    assert shown or "50" in words


@pytest.mark.parametrize(
    "more", [{"channel": "api"}, {"first": "2026-01-01"}, {"last": "2026-01-01"}, {"q": "MUG-1-S"}]
)
def test_what_filters_the_list_further_is_worked_out(shop, owner, at, more):
    question, _form = lists.ask(ORDERS, more, shop=shop, at=at, user=owner, areas=frozenset({"orders"}))
    assert ORDERS.first(question, 6) is None
