"""Keyset paging against OFFSET, under change, with forged tokens, and in the plan that PostgreSQL makes."""

import base64
import itertools
import json
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Length, Upper
from hypothesis import given, settings
from hypothesis import strategies as st

from seller_center.kernel import paging
from seller_center.kernel.paging import keyset_page
from tests.kernel.scratch.models import Line, Order

START = datetime(2026, 10, 14, 16, 0, tzinfo=UTC)


@pytest.fixture
def orders(acme):
    """57 orders with many ties: 5 moments, 4 notes in mixed case and script, 3 totals."""
    chance = random.Random(57)
    made = [
        Order(
            shop=acme,
            placed_at=START + timedelta(microseconds=chance.randrange(5)),
            note=chance.choice(["", "apple", "Äpfel", "zoo; drop"]),
            total_minor=chance.choice([-5, 0, 2**40]),
        )
        for __ in range(57)
    ]
    return Order.objects.bulk_create(made)


def forward(rows, order, size):
    """Every page from the first to the last."""
    pages, token = [], ""
    while True:
        page = keyset_page(rows, order=order, token=token, size=size)
        pages.append(page)
        if not page.next_token:
            return pages
        token = page.next_token


def ids(page):
    return [row.pk for row in page.rows]


COLUMNS = ["placed_at", "note", "total_minor", "doubled", "code"]
orders_of_columns = st.lists(st.sampled_from(COLUMNS), unique=True, max_size=3).flatmap(
    lambda names: st.tuples(*(st.sampled_from([name, f"-{name}"]) for name in [*names, "id"]))
)


def test_it_shows_what_offset_shows_forward_and_back(orders):
    compared = 0

    @settings(max_examples=60, deadline=None, database=None)
    @given(orders_of_columns, st.sampled_from([2, 5, 7, 19, 28, 56, 57, 58]))
    def compare(order, size):
        nonlocal compared
        expected = list(Order.objects.order_by(*order).values_list("pk", flat=True))
        pages = forward(Order.objects.all(), order, size)
        assert [pk for page in pages for pk in ids(page)] == expected
        assert all(len(page) == size for page in pages[:-1])
        assert not pages[0].previous_token
        for before, after in itertools.pairwise(pages):
            back = keyset_page(Order.objects.all(), order=order, token=after.previous_token, size=size)
            assert ids(back) == ids(before)
            again = keyset_page(Order.objects.all(), order=order, token=back.next_token, size=size)
            assert ids(again) == ids(after)
            assert bool(back.previous_token) == (before is not pages[0])
            compared += 1

    compare()
    assert compared >= 60


def test_it_filters_together_with_what_the_set_asks(orders, zebra):
    Order.objects.create(shop=zebra, placed_at=START)
    rows = Order.objects.filter(shop=orders[0].shop_id, note="apple")
    pages = forward(rows, ("-placed_at", "-id"), 4)
    assert [pk for page in pages for pk in ids(page)] == list(
        rows.order_by("-placed_at", "-id").values_list("pk", flat=True)
    )


@pytest.mark.parametrize("order", [("-placed_at", "-id"), ("-placed_at", "id"), ("note", "-placed_at", "pk")])
def test_it_asks_one_query_a_page_and_never_counts(orders, order, django_assert_num_queries):
    with django_assert_num_queries(1):
        first = keyset_page(Order.objects.all(), order=order, size=10)
    with django_assert_num_queries(1) as queries:
        keyset_page(Order.objects.all(), order=order, token=first.next_token, size=10)
    sql = queries[0]["sql"]
    assert "LIMIT 11" in sql
    assert "OFFSET" not in sql
    assert "COUNT" not in sql


def test_it_pages_over_joined_columns_without_more_queries(orders, acme, django_assert_num_queries):
    Line.objects.bulk_create(Line(shop=acme, order=order) for order in orders for __ in range(2))
    expected = list(Line.objects.order_by("order__note", "-order__placed_at", "id").values_list("pk", flat=True))
    seen, token = [], ""
    for __ in range(12):
        with django_assert_num_queries(1):
            page = keyset_page(
                Line.objects.all(), order=("order__note", "-order__placed_at", "id"), token=token, size=10
            )
        seen += ids(page)
        token = page.next_token
    assert seen == expected
    assert not token


def test_it_pages_over_annotations(orders):
    rows = Order.objects.annotate(size=Length("note"), shout=Upper("note"))
    pages = forward(rows, ("-size", "shout", "-id"), 7)
    expected = rows.order_by("-size", "shout", "-id").values_list("pk", flat=True)
    assert [pk for page in pages for pk in ids(page)] == list(expected)


def test_it_pages_over_dictionaries(orders):
    rows = Order.objects.values("id", "placed_at", "shop__name")
    pages = forward(rows, ("-placed_at", "-id"), 20)
    assert [row["id"] for page in pages for row in page] == list(
        Order.objects.order_by("-placed_at", "-id").values_list("pk", flat=True)
    )


def test_it_needs_no_paging_for_few_rows(orders):
    page = keyset_page(Order.objects.all(), order=("id",), size=100)
    assert (len(page), page.next_token, page.previous_token, page.has_other_pages) == (57, "", "", False)
    assert keyset_page(Order.objects.all(), order=("id",), size=57).next_token == ""
    assert keyset_page(Order.objects.all(), order=("id",), size=56).has_other_pages


def test_an_empty_set_is_an_empty_first_page(db):
    page = keyset_page(Order.objects.all())
    assert (page.rows, page.has_other_pages) == ([], False)


# -- while rows come and go -------------------------------------------------------------------------------------------


def test_a_row_that_comes_meanwhile_moves_nothing(orders, acme):
    """The control is OFFSET: there a new first row would show the last row of page one again."""
    first = keyset_page(Order.objects.all(), order=("-id",), size=10)
    Order.objects.create(shop=acme)
    second = keyset_page(Order.objects.all(), order=("-id",), token=first.next_token, size=10)
    assert not set(ids(first)) & set(ids(second))
    by_offset = list(Order.objects.order_by("-id").values_list("pk", flat=True)[10:20])
    assert set(by_offset) & set(ids(first))


def test_a_row_that_goes_meanwhile_moves_nothing(orders):
    first = keyset_page(Order.objects.all(), order=("-id",), size=10)
    expected = list(Order.objects.order_by("-id").values_list("pk", flat=True)[10:20])
    Order.objects.filter(pk__in=ids(first)[-2:]).delete()
    assert ids(keyset_page(Order.objects.all(), order=("-id",), token=first.next_token, size=10)) == expected


def test_a_page_that_has_emptied_leads_back(orders):
    pages = forward(Order.objects.all(), ("id",), 50)
    Order.objects.filter(pk__in=ids(pages[1])).delete()
    empty = keyset_page(Order.objects.all(), order=("id",), token=pages[0].next_token, size=50)
    assert (empty.rows, empty.next_token) == ([], "")
    back = keyset_page(Order.objects.all(), order=("id",), token=empty.previous_token, size=50)
    assert ids(back) == ids(pages[0]), "all of the page before, with the row at which it ended"


def test_a_short_page_reached_backwards_is_the_first_page(orders):
    pages = forward(Order.objects.all(), ("id",), 20)
    Order.objects.filter(pk__in=ids(pages[0])[:5]).delete()
    back = keyset_page(Order.objects.all(), order=("id",), token=pages[1].previous_token, size=20)
    assert len(back) == 20
    assert back.previous_token == ""


# -- tokens -----------------------------------------------------------------------------------------------------------


def forged(*content) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def signature(order=("-placed_at", "-id")):
    return paging._Keyset(Order.objects.all(), order)._signature()


GARBAGE = [
    "x",
    "!!!",
    "=",
    "AAAA",
    "é",
    "\x00",
    "a" * 5000,
    base64.urlsafe_b64encode(b"[" * 900).decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    forged(),
    forged("x", "n", "1", "2"),
    base64.urlsafe_b64encode(b"17").decode(),
    base64.urlsafe_b64encode(b"null").decode(),
    base64.urlsafe_b64encode(b'{"a": 1}').decode(),
]
WRONG_KEYS = [
    ("n",),
    ("n", "2026-10-14T16:00:00+00:00"),
    ("n", "2026-10-14T16:00:00+00:00", "1", "2"),
    ("x", "2026-10-14T16:00:00+00:00", "1"),
    ("n", "2026-10-14T16:00:00", "1"),  # no zone
    ("n", "0001-01-01T00:00:00+14:00", "1"),
    ("n", "9999-12-31T23:59:59-14:00", "1"),
    ("n", "not a date", "1"),
    ("n", "2026-10-14T16:00:00+00:00", "nan"),
    ("n", "2026-10-14T16:00:00+00:00", "1e3"),
    ("n", "2026-10-14T16:00:00+00:00", "9" * 40),
    ("n", "2026-10-14T16:00:00+00:00", "9" * 1200),
    ("n", "2026-10-14T16:00:00+00:00", "-9223372036854775809"),
    ("n", "2026-10-14T16:00:00+00:00", 1),
    ("n", "2026-10-14T16:00:00+00:00", None),
    ("n", None, "1"),
    ("n", ["2026"], "1"),
    ("n", "2026-10-14T16:00:00+00:00\x00", "1"),
    ("n", "2026-10-14T16:00:00+00:00", "1; DROP TABLE scratch_order"),
]


def first_page_ids():
    return ids(keyset_page(Order.objects.all(), size=5))


@pytest.mark.parametrize("token", GARBAGE)
def test_garbage_leads_to_the_first_page(orders, token):
    assert ids(keyset_page(Order.objects.all(), token=token, size=5)) == first_page_ids()


@pytest.mark.parametrize("content", WRONG_KEYS)
def test_a_forged_key_leads_to_the_first_page(orders, content):
    token = forged(signature(), *content)
    assert ids(keyset_page(Order.objects.all(), token=token, size=5)) == first_page_ids()


def test_a_well_formed_key_leads_to_its_place(orders):
    """The control: the signature used for the forgeries is right."""
    token = forged(signature(), "n", "1999-01-01T00:00:00+00:00", "1")
    assert keyset_page(Order.objects.all(), token=token, size=5).rows == []


@pytest.mark.parametrize("key", ["\x00", "\ud800", "a\x00b"])
def test_a_text_that_the_database_cannot_hold_leads_to_the_first_page(orders, key):
    token = forged(signature(("note", "id")), "n", key, "1")
    page = keyset_page(Order.objects.all(), order=("note", "id"), token=token, size=5)
    assert ids(page) == list(Order.objects.order_by("note", "id").values_list("pk", flat=True)[:5])


def test_a_token_of_another_order_leads_to_the_first_page(orders):
    token = keyset_page(Order.objects.all(), order=("id",), size=5).next_token
    assert token
    assert ids(keyset_page(Order.objects.all(), order=("-id",), token=token, size=5)) == [
        order.pk for order in reversed(orders[-5:])
    ]


@settings(max_examples=150, deadline=None, database=None)
@given(st.integers(0, 200), st.integers(0, 63))
def test_a_token_with_a_changed_sign_crashes_nothing(place, sign):
    """Read without a database: a changed token is a place or none."""
    keyset = paging._Keyset(Order.objects.all(), ("-placed_at", "note", "id"))
    token = keyset.token([START, "note", 7], backward=False)
    place %= len(token)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    keyset.read(token[:place] + alphabet[sign] + token[place + 1 :])


def test_a_token_is_fit_for_a_url(orders):
    for note in ("/?&=#%", "ü" * 10):
        Order.objects.update(note=note)
        token = keyset_page(Order.objects.all(), order=("note", "id"), size=5).next_token
        assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (START, "2026-10-14T16:00:00+00:00"),
        (date(2026, 10, 14), "2026-10-14"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (True, "True"),
        (1.5, "1.5"),
    ],
)
def test_it_packs_what_can_carry_an_order(value, text):
    assert paging._pack(value) == text


def test_it_packs_nothing_else():
    with pytest.raises(TypeError, match="bytes cannot carry"):
        paging._pack(b"x")


# -- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ((), "needs an order"),
        (("placed_at",), "not total"),
        (("id", "placed_at"), "not total"),
        (("tracking", "id"), "may be empty"),
        (("nothing", "id"), "no column"),
        (("shop__nothing", "id"), "no column"),
    ],
)
def test_it_refuses_an_order_that_is_none(db, order, why):
    with pytest.raises(ValueError, match=why):
        keyset_page(Order.objects.all(), order=order)


def test_it_refuses_a_column_of_a_table_that_may_be_missing(db):
    with pytest.raises(ValueError, match="'gift_of__id' may be empty"):
        keyset_page(Line.objects.all(), order=("gift_of__id", "id"))


def test_it_refuses_an_annotation_that_turns_out_empty(orders):
    rows = Order.objects.annotate(hollow=F("tracking"))
    with pytest.raises(ValueError, match="'hollow' is empty"):
        keyset_page(rows, order=("hollow", "id"), size=5)


@pytest.mark.parametrize("size", [0, -1, 501])
def test_it_refuses_a_page_without_measure(db, size):
    with pytest.raises(ValueError, match="1 to 500"):
        keyset_page(Order.objects.all(), order=("id",), size=size)


# -- the plan ---------------------------------------------------------------------------------------------------------


def plan(rows) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    return rows.explain()


def beyond(rows, order, size=5):
    keyset = paging._Keyset(rows, order)
    place = keyset.read(keyset_page(rows, order=order, size=size).next_token)
    names = [("-" if c.descending else "") + c.name for c in keyset.columns]
    return rows.filter(keyset._beyond(place)).order_by(*names)[:size]


@pytest.fixture
def index(db):
    def make(columns: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"CREATE INDEX keyset_test ON scratch_order ({columns})")

    return make


def test_one_direction_is_one_index_condition(orders, index):
    index("shop_id, placed_at DESC, id DESC")
    text = plan(beyond(Order.objects.filter(shop_id=orders[0].shop_id), ("-placed_at", "-id")))
    assert "Index Scan using keyset_test" in text or "Index Only Scan using keyset_test" in text
    assert "Index Cond: ((shop_id = " in text
    assert "ROW(placed_at, id) < ROW(" in text
    assert "Sort" not in text


def test_mixed_directions_begin_with_a_bound_in_the_index(orders, index):
    index("shop_id, placed_at DESC, note, id")
    text = plan(beyond(Order.objects.filter(shop_id=orders[0].shop_id), ("-placed_at", "note", "id")))
    assert "using keyset_test" in text
    condition = next(line for line in text.splitlines() if "Index Cond" in line)
    assert "placed_at <= " in condition
    assert "Sort" not in text


def test_a_constant_annotation_may_stand_in_front(orders):
    rows = Order.objects.annotate(rank=Value(1))
    pages = forward(rows, ("-rank", "-id"), 30)
    assert sum(len(page) for page in pages) == 57
