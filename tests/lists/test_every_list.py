"""Every list of the seller: one door, one component, and the same rows on the screen, in a file and for a colleague."""

import csv
import datetime as dt
import io
import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
import time_machine
from django.urls import reverse
from django.utils.html import strip_tags

from catalog import stock
from catalog.models import Sku
from orders import returns
from seller_center import list_table, reactions
from seller_center import lists as roof
from seller_center.kernel import clock
from seller_center.kernel.money import format_money
from shops import lists
from shops.models import AREAS, Deadline, Membership
from tests.factories import orders as make
from tests.factories.catalog import make_product
from tests.factories.shops import make_member

DAY = make.DAY


@pytest.fixture(autouse=True)
def fixed_clock(settings, at):
    """Real time stands still nine days after the orders; the clock does not ask the database for its offset."""
    settings.CLOCK_MAY_MOVE = False
    with time_machine.travel(at + 9 * DAY, tick=False):
        yield


@pytest.fixture
def filled(shop, owner, at):
    """A shop with something in every list, and with names that want to be formulas and markup."""
    from marketing import coupons
    from shops import deadlines
    from shops.scope import scope
    from support import desk, inbox

    product = make_product(shop, name="=cmd|' /C calc'!A0 <b>Bell</b>", code="BELL-1", on_hand=500, brand="Ding")
    for number in range(3):
        make.make_open_order(shop, product=product, at=at + number * dt.timedelta(minutes=7), name=f"Buyer {number}")
    delivered = make.make_delivered_order(shop, product=product, at=at, name="=1+1 Ltd & Søn")
    units = {make.line_of(delivered).pk: 1}
    returns.request(order=delivered, kind="return_and_refund", reason="defective", units=units, at=at + 6 * DAY)
    coupons.create(
        shop=shop,
        by=owner,
        at=at,
        code="TENOFF",
        name="@Ten",
        kind="percent",
        percent=10,
        amount_minor=None,
        starts_at=at,
        ends_at=None,
    )
    desk.open_ticket(shop=shop, topic="other", subject="-Where is it?", body="Tell me", by=owner, at=at)
    inbox.ask(shop=shop, buyer=delivered.buyer, order=delivered, body="When?", at=at)
    with scope(shop, by=owner):
        deadlines.set_deadline(
            shop=shop,
            kind="document.expiry",
            subject_kind="document",
            subject_code="D1",
            due_at=at + 30 * DAY,
            at=at,
            label="=Passport",
        )
    quiet = Deadline.objects.filter(kind="return.decide").first() or Deadline.objects.get(label="=Passport")
    Deadline.objects.filter(pk=quiet.pk).update(snoozed_until=at + 10 * DAY)
    reactions.deliver_all(at + 9 * DAY)
    return shop


class Table(HTMLParser):
    """The rows of a list's table as a person reads them: a moment by its exact instant, each line of a cell apart."""

    def __init__(self, html: str):
        super().__init__()
        self.heads, self.rows, self.cell, self.skip = [], [], None, 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and "pick-cell" not in (given.get("class") or ""):
            self.cell = [""]
        if self.cell is None:
            return
        if tag == "small":
            self.cell.append("")
        if tag == "time":
            self.cell[-1] += given["datetime"]
            self.skip += 1
        if tag == "input" and given.get("type") == "number":
            self.cell[-1] += given["value"]
        if tag == "select":
            self.skip += 1
        if tag == "option" and "selected" in given:
            self.cell[-1] = "\0"
        if tag == "button":
            self.skip += 1

    def handle_endtag(self, tag):
        if self.cell is not None and tag in ("time", "select", "button"):
            self.skip -= 1
        if tag in ("td", "th") and self.cell is not None:
            self.rows[-1].append([part.strip() for part in self.cell])
            self.cell = None

    def handle_data(self, data):
        if self.cell is None:
            return
        if self.cell[-1] == "\0":
            self.cell[-1] = data
        elif not self.skip:
            self.cell[-1] += data


def page(client, shop, name, **query):
    answer = client.get(roof.find(name).place(shop), query)
    assert answer.status_code == 200, (name, answer.status_code)
    return answer


def table(answer) -> tuple[list, list]:
    html = answer.content.decode()
    body = html[html.index('<table class="table list-table">') : html.index("</table>")]
    head, *rows = Table(body).rows
    return [cell[0] for cell in head], rows


def file(client, shop, name, **query):
    answer = client.get(reverse("list_export", kwargs={"shop": shop.code, "name": name}), query)
    assert answer.status_code == 200, (name, answer.status_code)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def said(cell: str) -> str:
    """What a file's cell says, its formula escape taken away."""
    return cell[1:] if cell.startswith("'") else cell


PLAIN = re.compile(r"(-?\d+(\.\d+)?)?")


def said_again(which, column, numbers: list[str], shop, query) -> str:
    """What the screen would say of the numbers that a file has for a column."""
    question, _form = lists.ask(which, query, shop=shop, at=clock.now(), user=None, areas=frozenset(AREAS))
    plain = [
        None if not text else int(Decimal(text) * 100 if one.money else Decimal(text))
        for one, text in zip(column.values, numbers, strict=True)
    ]
    place = {"now": clock.now(), "zone": shop.zone, "market": shop.market_id}
    return strip_tags(list_table._value(column.say(which.beside(question, []), *plain), place))


def shown_as(cell: list[str], value: str, head: str, currency: str) -> bool:
    """Does the screen say what the file says?"""
    if f"({currency})" in head and value:
        minor = round(float(value) * 100)
        return cell[0] == format_money(minor, currency)
    return " · ".join(part for part in cell if part not in ("", "—")) == value.replace("—", "")


FULL = [name for name in roof.LISTS if name not in ("imports", "statements", "payouts")]


@pytest.mark.parametrize("columns", ["usual", "all"])
def test_an_exported_row_says_what_the_shown_row_says(client, owner, filled, columns):
    client.force_login(owner)
    for name in FULL:
        which = roof.find(name)
        keys = [column.key for column in which.columns] if columns == "all" else which.usual
        compare(client, filled, which, {"columns": ",".join(keys)} if columns == "all" else {}, which.choose(keys))


def compare(client, shop, which, query, columns):
    """The rows of the screen and of the file side by side, cell by cell; and nothing in the file is a formula."""
    heads, rows = table(page(client, shop, which.name, **query))
    file_heads, *lines = file(client, shop, which.name, **query)
    assert len(rows) == len(lines) > 0, which.name
    assert heads == [str(column.label) for column in columns]
    for row, line in zip(rows, lines, strict=True):
        place = 0
        for column, cell in zip(columns, row, strict=True):
            value, head = said(line[place]), file_heads[place]
            if column.values:
                numbers = line[place : place + len(column.values)]
                assert all(PLAIN.fullmatch(number) for number in numbers), (head, numbers)
                assert said_again(which, column, numbers, shop, query) == cell[0], (head, cell, numbers)
                place += len(column.values)
                continue
            if column.below:
                below = cell[1] if len(cell) > 1 else ""
                assert (cell[0], below) == (value, said(line[place + 1])), (head, cell, line)
                place += 2
                continue
            assert shown_as(cell, value, head, shop.currency), (head, cell, value)
            place += 1
        assert place == len(line)
    for cell in (cell for line in lines for cell in line):
        assert cell[:1] not in ("=", "@", "\t"), cell
        assert not re.search(r"[$€£] ?\d", cell), cell
        assert cell[:1] != "-" or _number(cell), cell


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_a_file_has_numbers_where_the_screen_has_words(client, owner, filled):
    """Prices from and to, units that are left, a coupon's percent and uses, and what went out of stock, below zero."""
    client.force_login(owner)
    costly = Sku.objects.in_shop(filled).get(code="BELL-1")
    stock.write_off(sku=costly, quantity=3, why="Fell down", by=owner, at=clock.now())
    answer = client.get(reverse("list_export", kwargs={"shop": filled.code, "name": "journal"}))
    assert b",-3," in b"".join(answer.streaming_content), "a number is a number: no quotes, no apostrophe"
    products, coupons = (
        [dict(zip(head, line, strict=True)) for line in lines]
        for head, *lines in (file(client, filled, name) for name in ("products", "coupons"))
    )
    assert {"Available", "Price (USD)", "Highest price (USD)"} <= set(products[0])
    assert products[0]["Price (USD)"] == f"{costly.price_minor / 100:.2f}"
    assert [(one["Gives, %"], one["Gives (USD)"], one["Used"], one["Of"]) for one in coupons] == [("10", "", "0", "")]


def test_a_word_in_place_of_a_number_is_seen(client, owner, filled, monkeypatch):
    """Control: a column that hands its words to the file as well does not pass."""
    client.force_login(owner)
    which = roof.find("products")
    price = next(column for column in which.columns if column.key == "price")
    words = replace(price, cell=lambda one, beside: ("told", "$105.00", ("$105.00", None)))
    monkeypatch.setattr(type(which), "columns", (which.columns[0], words))
    monkeypatch.setattr(list_table, "Money", lambda amount, currency: SimpleNamespace(decimal=amount))
    with pytest.raises(AssertionError):
        compare(client, filled, which, {"columns": "product,price"}, which.columns)


def test_the_file_is_filtered_and_ordered_like_the_screen(client, owner, filled, at):
    client.force_login(owner)
    for query in ({"tab": "to_ship"}, {"q": "buyer"}, {"q": "buuyer"}, {"sort": "placed", "tab": "to_ship"}):
        _heads, rows = table(page(client, filled, "orders", **query))
        _file_heads, *lines = file(client, filled, "orders", **query)
        assert [row[0][0] for row in rows] == [line[0] for line in lines], query
        assert len(lines) > 0, query
    newest = [line[0] for line in file(client, filled, "orders")[1:]]
    assert [line[0] for line in file(client, filled, "orders", sort="placed")[1:]] == newest[::-1]


@pytest.mark.parametrize("name", roof.LISTS)
def test_it_is_404_to_strangers_and_to_who_may_not_see_the_area(client, shop, stranger, name):
    which = roof.find(name)
    doors = [
        ("list_export", {}, "get"),
        ("list_view", {}, "post"),
        ("list_view_removal", {"number": 1}, "post"),
        ("list_columns", {}, "post"),
        ("list_deed", {"key": next((deed.key for deed in which.deeds if deed.verb), "none")}, "post"),
    ]
    areas = dict.fromkeys(AREAS, "edit") | {which.area: "none"}
    outsider = make_member(shop, "owner") if which.area == "home" else _member(shop, areas)
    for user, status in ((stranger, {404}), (outsider, {404} if which.area != "home" else None)):
        client.force_login(user)
        for door, more, method in doors:
            answer = getattr(client, method)(reverse(door, kwargs={"shop": shop.code, "name": name, **more}))
            assert status is None or answer.status_code in status, (door, answer.status_code)


def _member(shop, areas):
    from shops.models import Role

    user = make_member(shop, "analyst")
    role = Role.objects.create(shop=shop, code="custom", name="Custom", areas=areas)
    Membership.objects.filter(shop=shop, user=user).update(role=role)
    return user


def test_who_may_only_look_does_no_deed_on_many(client, shop, analyst, filled):
    client.force_login(analyst)
    for name in roof.LISTS:
        for deed in roof.find(name).deeds:
            if deed.verb:
                door = reverse("list_deed", kwargs={"shop": shop.code, "name": name, "key": deed.key})
                assert client.post(door, {"pick": "X"}).status_code in (403, 404), (name, deed.key)
    assert 'class="pick"' not in page(client, shop, "products").content.decode()
