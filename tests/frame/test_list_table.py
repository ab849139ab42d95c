"""The table of a list from plain values."""

import datetime as dt
from decimal import Decimal

import pytest

from seller_center.list_table import KINDS, TEXTS, export_cells, export_head, list_row, list_table
from shops.lists import Column, Value, told

NOW = dt.datetime(2026, 10, 14, 16, 0, tzinfo=dt.UTC)
PLACE = {"now": NOW, "zone": "America/New_York", "market": "US"}
COLUMNS = ({"label": "Order", "as": "main"}, {"label": "State", "as": "tag"}, {"label": "Total", "as": "end"})
EVIL = '<img src=x onerror=alert(1)>"'


def row(**changes):
    given = {
        "code": "ACME1234",
        "id": "order-ACME1234",
        "url": "/s/ACME/orders/ACME1234/",
        "cells": (("two", "ACME1234", "Buyer One"), ("state", "delivered"), ("money", 1250, "USD")),
    }
    return {**given, **changes}


def test_it_writes_heads_cells_and_the_box_to_pick():
    html = list_table(COLUMNS, [row()], PLACE)
    assert '<th scope="col" class="num">Total</th>' in html
    assert '<a href="/s/ACME/orders/ACME1234/" data-open>ACME1234</a><small>Buyer One</small>' in html
    assert '<td data-label="Total" class="num cell-end">$12.50</td>' in html
    assert 'name="pick" value="ACME1234" form="bulk"' in html


def test_it_keeps_codes_in_one_piece_wherever_they_stand():
    """A code that breaks before its "-1" is read as two. What a seller calls a SKU may be long and breaks as it likes."""
    code, kept = "ACME3467CDFG-1", '<span class="code">ACME3467CDFG-1</span>'
    columns = [{"label": "One", "as": "main"}, *({"label": "More"} for _ in range(3))]
    cells = (("two", code, f"of {code}"), code, ("link", code, f"/{code}/"), "HELMET-BLUE-XL-1")
    html = list_table(columns, [row(cells=cells)], PLACE)
    assert html.count(kept) == 4
    assert f'href="/{code}/"' in html
    assert '<td data-label="More">HELMET-BLUE-XL-1</td>' in html


def test_it_writes_a_row_alone_as_it_stands_in_the_table():
    assert list_row(COLUMNS, row(), PLACE) in list_table(COLUMNS, [row()], PLACE)


def test_it_has_no_boxes_where_nothing_can_be_picked():
    assert 'type="checkbox"' not in list_table(COLUMNS, [row(code=None)], PLACE)


def test_it_leaves_hidden_columns_out_of_head_and_rows():
    columns = (COLUMNS[0], {**COLUMNS[1], "hide": True}, COLUMNS[2])
    html = list_table(columns, [row()], PLACE)
    assert "State" not in html
    assert "Delivered" not in html


def test_it_refuses_a_row_with_the_wrong_number_of_cells():
    with pytest.raises(ValueError, match="zip"):
        list_table(COLUMNS, [row(cells=("one",))], PLACE)


def test_it_escapes_everything_people_wrote():
    columns = [{"label": EVIL, "as": "main"}, *({"label": EVIL} for _ in range(4))]
    cells = (("picture", EVIL, EVIL, EVIL), EVIL, ("link", EVIL, EVIL), ("due", NOW, EVIL), ("state", EVIL))
    html = list_table(columns, [row(code=EVIL, id=EVIL, url=EVIL, cells=cells)], PLACE)
    assert "<img src=x" not in html
    assert html.count("&lt;img src=x") >= 8


def test_it_knows_every_kind_of_cell():
    kinds = {"money", "state", "moment", "due", "deadline", "two", "link", "mark", "until", "number", "choose", "told"}
    assert set(KINDS) == kinds
    assert set(TEXTS) == kinds | {"picture"}


def test_it_groups_the_digits_of_a_count_on_the_screen_and_never_in_a_file():
    columns = [Column("what", "What", None, "main"), Column("units", "Units", None, "num")]
    cells = ("A 2026", 12_345)
    html = list_table([{"label": "What", "as": "main"}, {"label": "Units", "as": "num"}], [row(cells=cells)], PLACE)
    assert '<td data-label="Units" class="num">12,345</td>' in html
    assert "A 2026" in html
    assert export_cells(columns, cells, PLACE, "USD") == ["A 2026", 12_345]


def test_what_it_says_in_words_is_plain_numbers_in_a_file():
    numbers = (Value("Price", money=True), Value("Units"))
    column = told("offer", "Offer", lambda one, beside: one, lambda beside, *one: f"{one[1]} for $5.00", values=numbers)
    cells = (column.cell((500, -3), None), column.cell((None, 0), None))
    assert '<td data-label="Offer">-3 for $5.00</td>' in list_row([{"label": "Offer"}], row(cells=cells[:1]), PLACE)
    assert export_cells([column, column], cells, PLACE, "USD") == [Decimal("5.00"), -3, None, 0]
    assert export_head([column], "USD") == ["Price (USD)", "Units"]


def test_a_refused_choice_says_what_is_wrong_with_it_in_its_row():
    cell = ("choose", "/give/", "to", (("", "Everybody"), ("7", "Ann")), "7", "Responsible", "Give", None, "Not Ann.")
    html = list_table(COLUMNS, [row(cells=("A", cell, "B"))], PLACE)
    assert 'aria-invalid="true" aria-describedby="wrong-to"' in html
    assert 'role="alert" id="wrong-to"' in html
    assert '<option value="7" selected>Ann</option>' in html
    assert "aria-invalid" not in list_table(COLUMNS, [row(cells=("A", cell[:-1], "B"))], PLACE)
