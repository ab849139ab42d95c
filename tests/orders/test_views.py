"""The doors of the order desk in the browser: who gets in, what is shown, how refusals look, how many queries."""

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from orders import refunds, returns
from orders.models import Order, Package, ReturnRequest
from tests.factories import orders as make
from tests.factories.catalog import make_product, sku_of
from tests.factories.shops import make_member

HOUR, DAY = make.HOUR, make.DAY


@pytest.fixture(autouse=True)
def fixed_clock(settings):
    """The clock does not ask the database for its offset: that is one query a second, whichever page it hits."""
    settings.CLOCK_MAY_MOVE = False


@pytest.fixture
def as_packer(client, packer):
    client.force_login(packer)
    return client


@pytest.fixture
def late(at):
    """Real time stands still, a week after the orders were placed."""
    with time_machine.travel(at + 7 * DAY, tick=False):
        yield at + 7 * DAY


@pytest.fixture
def soon(at):
    """Real time stands still, five hours after the orders were placed."""
    with time_machine.travel(at + 5 * HOUR, tick=False):
        yield at + 5 * HOUR


def url(name, shop, **kwargs):
    return reverse(f"orders:{name}", kwargs={"shop": shop.code, **kwargs})


def make_return(shop, at, **more):
    order = make.make_delivered_order(shop, at=at, **more)
    return returns.request(
        order=order, kind="return_and_refund", reason="defective", units={make.line_of(order).pk: 1}, at=at + 6 * DAY
    )


PLACES = [
    ("order_list", "", "get"),
    ("ship_preview", "", "post"),
    ("ship_many", "", "post"),
    ("label_preview", "", "post"),
    ("buy_labels", "", "post"),
    ("label_sheets", "", "post"),
    ("slip_sheets", "", "post"),
    ("order", "order", "get"),
    ("order_cancel", "order", "post"),
    ("order_refund", "order", "post"),
    ("package", "package", "get"),
    ("package_slip", "package", "get"),
    ("package_label", "package", "get"),
    ("package_shipment", "package", "post"),
    ("package_buy_label", "package", "post"),
    ("package_number", "package", "post"),
    ("return_list", "", "get"),
    ("return", "return", "get"),
    ("return_approval", "return", "post"),
    ("return_refusal", "return", "post"),
    ("return_receipt", "return", "post"),
    ("return_refund", "return", "post"),
    ("return_release", "return", "post"),
    ("return_rejection", "return", "post"),
]
FOR_READERS = ("label_sheets", "slip_sheets")


@pytest.fixture
def things(shop, at):
    found = make_return(shop, at)
    return {"order": found.order, "package": Package.objects.get(), "return": found}


def address(name, shop, kind, things):
    return url(name, shop, **({"code": things[kind].code} if kind else {}))


@pytest.mark.parametrize(("name", "kind", "method"), PLACES)
def test_it_is_404_to_a_stranger_and_closed_to_nobody_else(name, kind, method, shop, stranger, client, things, late):
    place = address(name, shop, kind, things)
    assert getattr(client, method)(place).status_code == 302  # to the log-in
    client.force_login(stranger)
    assert getattr(client, method)(place).status_code == 404


@pytest.mark.parametrize(("name", "kind", "method"), PLACES)
def test_it_shows_readers_everything_and_lets_them_change_nothing(
    name, kind, method, shop, analyst, client, things, late
):
    client.force_login(analyst)
    answer = getattr(client, method)(address(name, shop, kind, things))
    if method == "get":
        assert answer.status_code in (200, 409)
    elif name in FOR_READERS:
        assert answer.status_code == 302
    else:
        assert answer.status_code == 403


@pytest.mark.parametrize(("name", "kind", "method"), [place for place in PLACES if place[1]])
def test_it_is_404_for_a_thing_of_another_shop(name, kind, method, other_shop, stranger, client, things, late):
    client.force_login(stranger)  # the owner of the other shop, under its own address
    assert getattr(client, method)(address(name, other_shop, kind, things)).status_code == 404


def test_it_lists_orders_of_every_state(as_packer, shop, at, late):
    make.make_order(shop, at=at, name="Unpaid Buyer")
    make.make_open_order(shop, at=at, name="Waiting Buyer")
    make.make_delivered_order(shop, at=at, name="Happy Buyer")
    page = as_packer.get(url("order_list", shop)).content.decode()
    for name in ("Unpaid Buyer", "Waiting Buyer", "Happy Buyer"):
        assert name in page
    to_ship = as_packer.get(url("order_list", shop) + "?tab=to_ship").content.decode()
    assert "Waiting Buyer" in to_ship
    assert "Happy Buyer" not in to_ship


@pytest.mark.parametrize("tab", ["all", "to_ship", "late", "on_hold", "shipped", "completed", "nonsense"])
def test_it_answers_every_tab(as_packer, shop, at, tab, late):
    make.make_open_order(shop, at=at)
    assert as_packer.get(url("order_list", shop), {"tab": tab, "first": "2026-10-01", "last": "x"}).status_code == 200


def test_it_finds_an_order_by_number_name_sku_and_slip_of_the_finger(as_packer, shop, at, late):
    product = make_product(shop, code="BIKE-RED-54")
    order = make.make_order(shop, at=at, product=product, name="Waldemar Buyer")
    make.make_order(shop, at=at, name="Someone Else")
    for words in (order.code, order.code.lower()[3:9], "waldemar", "bike-red", "waldemar bike", "valdemar"):
        page = as_packer.get(url("order_list", shop), {"q": words}).content.decode()
        assert order.code in page, words
        assert "Someone Else" not in page, words
    assert "Nothing fits these filters" in as_packer.get(url("order_list", shop), {"q": "xyzzyqk"}).content.decode()


@pytest.mark.parametrize("tab", ["all", "to_ship"])
def test_it_reads_a_page_in_the_same_few_queries_however_many_rows(
    as_packer, shop, at, tab, django_assert_max_num_queries, late
):
    product = make_product(shop, on_hand=100)
    counted = []
    for orders, rows in ((2, 2), (28, 25)):
        for number in range(orders):
            make.make_open_order(shop, at=at + number * dt.timedelta(minutes=1), product=product)
        as_packer.get(url("order_list", shop), {"tab": tab})  # the frame notes its new counts
        with django_assert_max_num_queries(8) as queries:
            page = as_packer.get(url("order_list", shop), {"tab": tab})
        counted.append(len(queries))
        assert page.content.decode().count("data-row") == rows
    assert counted[0] == counted[1]


def test_it_walks_the_list_by_keyset_and_finds_each_order_once(as_packer, shop, at, late):
    product = make_product(shop, on_hand=100)
    codes = {make.make_open_order(shop, at=at, product=product).code for _one in range(30)}
    for tab in ("all", "to_ship"):
        seen, token = [], ""
        while True:
            answer = as_packer.get(url("order_list", shop), {"tab": tab, "page": token})
            seen += [row["code"] for row in answer.context["list"].rows]
            token = answer.context["list"].page.next_token
            if not token:
                break
        assert len(seen) == len(set(seen)) == 30
        assert set(seen) == codes


def test_it_shows_an_order_with_everything_in_at_most_twelve_queries(
    as_packer, shop, at, django_assert_max_num_queries, late
):
    found = make_return(shop, at, quantity=3)
    returns.grant(
        order=found.order, reason="damaged", units={make.line_of(found.order).pk: 1}, by=None, at=at + 6 * DAY
    )
    for _warm in range(2):  # the frame notes its new counts
        as_packer.get(url("order", shop, code=found.order.code))
    with django_assert_max_num_queries(12):
        page = as_packer.get(url("order", shop, code=found.order.code)).content.decode()
    for words in (found.order.code, found.code, "Delivered", "Timeline", "1 Main Street", f"{found.order.code}-F1"):
        assert words in page


def test_a_line_of_an_order_leads_to_its_product_for_who_may_see_it(client, shop, packer, at, soon):
    order = make.make_open_order(shop, at=at)
    line = make.line_of(order)
    link = f'<a href="/s/{shop.code}/products/{line.sku.product.code}/">{line.title}</a>'
    for person, leads in ((packer, True), (make_member(shop, "finance"), False)):
        client.force_login(person)
        page = client.get(url("order", shop, code=order.code)).content.decode()
        assert line.title in page
        assert (link in page) is leads, person


def test_it_ships_from_the_order_page_with_and_without_javascript(as_packer, shop, at, soon):
    number = make.tracking_number()
    order = make.make_open_order(shop, at=at)
    place = url("package_shipment", shop, code=f"{order.code}-1")
    given = {"carrier": "sandbox", "tracking_number": number, "back": "order"}
    answer = as_packer.post(place, given)
    assert answer.status_code == 302
    assert answer.url == url("order", shop, code=order.code)
    again = as_packer.post(place, given, headers={"HX-Request": "true"})
    assert again.status_code == 200
    assert 'id="order"' in again.content.decode()
    assert "<html" not in again.content.decode()
    assert make.package_of(order).tracking_number == number


def test_it_says_why_a_number_is_refused_and_changes_nothing(as_packer, shop, at, soon):
    order = make.make_open_order(shop, at=at)
    place = url("package_shipment", shop, code=f"{order.code}-1")
    given = {"carrier": "ups", "tracking_number": "HELLO", "back": "order"}
    for headers in ({}, {"HX-Request": "true"}):
        answer = as_packer.post(place, given, headers=headers)
        assert answer.status_code == 422
        assert "is not a tracking number of UPS" in answer.content.decode()
    assert make.package_of(order).in_house


def test_no_reason_is_chosen_beforehand_for_the_score_is_made_of_it(as_packer, shop, at, late):
    found = make_return(shop, at)
    open_one, arrived = make.make_open_order(shop, at=at + 6 * DAY), make.make_delivered_order(shop, at=at)
    for place in (url("order", shop, code=open_one.code), url("order", shop, code=arrived.code)):
        assert '<option value="" selected>Choose</option>' in as_packer.get(place).content.decode(), place
    assert (
        '<option value="" selected>Choose</option>'
        in as_packer.get(url("return", shop, code=found.code)).content.decode()
    )
    units = {f"units-{make.line_of(open_one).pk}": "1", "reason": ""}
    answer = as_packer.post(url("order_cancel", shop, code=open_one.code), units)
    assert answer.status_code == 422
    assert "Reason</a>: This field is required." in answer.content.decode()


def test_it_says_which_line_the_effects_are_of_where_there_are_several(as_packer, shop, at, soon):
    products = [make_product(shop, name=name, price_minor=2000) for name in ("Walnut board", "Oak board")]
    order = make.make_open_order(shop, at=at, lines=[(sku_of(one).code, 1) for one in products])
    given = {f"units-{line.pk}": "1" for line in order.lines.all()} | {"reason": "out_of_stock"}
    preview = as_packer.post(url("order_cancel", shop, code=order.code), given).content.decode()
    assert "Reason: Out of stock" in preview
    for name in ("Walnut board", "Oak board"):
        assert f"<h3>Of 1 × {name}</h3>" in preview
    one = as_packer.post(url("order_cancel", shop, code=order.code), dict(list(given.items())[1:])).content.decode()
    assert "<h3>" not in one


def test_it_shows_the_effects_before_it_cancels(as_packer, shop, at, soon):
    product = make_product(shop, price_minor=2000)
    order = make.make_open_order(shop, at=at, product=product, quantity=2)
    line = make.line_of(order)
    given = {f"units-{line.pk}": "1", "reason": "out_of_stock"}
    preview = as_packer.post(url("order_cancel", shop, code=order.code), given)
    assert preview.status_code == 200
    assert "The buyer gets" in preview.content.decode()
    back = f'<a class="btn btn-quiet" href="{url("order", shop, code=order.code)}">Back to the order</a>'
    assert back in preview.content.decode(), "one may think better of it"
    assert make.line_of(order).cancelled_quantity == 0
    answer = as_packer.post(url("order_cancel", shop, code=order.code), {**given, "confirm": "1"})
    assert answer.status_code == 302
    assert make.line_of(order).cancelled_quantity == 1


def test_it_previews_bulk_shipping_and_names_each_row(as_packer, shop, at, soon):
    product = make_product(shop, on_hand=10)
    good, bad = (make.make_open_order(shop, at=at, product=product) for _one in range(2))
    unpaid = make.make_order(shop, at=at, product=product)
    picked = {"pick": [good.code, bad.code, unpaid.code]}
    page = as_packer.post(url("ship_preview", shop), picked).content.decode()
    assert f"number-{good.code}-1" in page
    assert "Not paid yet." in page
    given = {
        f"carrier-{good.code}-1": "sandbox",
        f"number-{good.code}-1": make.tracking_number(),
        f"carrier-{bad.code}-1": "ups",
        f"number-{bad.code}-1": "NONSENSE",
    }
    page = as_packer.post(url("ship_many", shop), given).content.decode()
    assert "1 done, 1 not" in page
    assert "is not a tracking number of UPS" in page
    assert [make.package_of(order).in_house for order in (good, bad)] == [False, True]


def test_it_decides_a_return_on_its_page(as_packer, shop, at, late):
    found = make_return(shop, at)
    page = as_packer.get(url("return", shop, code=found.code)).content.decode()
    assert "If it is refunded" in page
    refused = as_packer.post(url("return_refusal", shop, code=found.code), {"reason": "used", "justification": "no"})
    assert refused.status_code == 422
    assert "Say in a sentence why" in refused.content.decode()
    done = as_packer.post(url("return_approval", shop, code=found.code), headers={"HX-Request": "true"})
    assert done.status_code == 200
    assert ReturnRequest.objects.get().status == "awaiting_return"
    again = as_packer.post(url("return_approval", shop, code=found.code), headers={"HX-Request": "true"})
    assert again.status_code == 409
    assert "is now “Awaiting return”" in again.content.decode()


def test_it_opens_a_return_whose_money_went_back_meanwhile(as_packer, shop, at, late, packer):
    order = make.make_delivered_order(shop, at=at, quantity=2)
    line = make.line_of(order).pk
    asked = returns.request(order=order, kind="return_and_refund", reason="defective", units={line: 1}, at=late)
    returns.approve(return_request=asked, by=packer, at=late)
    refunds.pay_back(order=make.fresh(order), units={line: 2}, reason="damaged", fault="seller", by=packer, at=late)
    page = as_packer.get(url("return", shop, code=asked.code))
    assert page.status_code == 200
    assert "the money for these units has gone back already" in page.text
    for deed in ("return_receipt", "return_refund"):
        assert as_packer.post(url(deed, shop, code=asked.code)).status_code == 302
    asked.refresh_from_db()
    assert asked.status == "refunded"
    assert "did not go back again" in as_packer.get(url("return", shop, code=asked.code)).text


def test_the_key_of_a_preview_answers_its_own_form_only(as_packer, shop, at, late):
    """The same form again is told the same; with other values nothing is done, and nothing is said to be done."""
    order, other = (
        make.make_open_order(shop, at=at, product=make_product(shop, on_hand=9), quantity=3) for _one in range(2)
    )
    given = {"reason": "out_of_stock", "confirm": "1", "key": "ABCDEFGHJKLMNPQR"}

    def cancel(which: Order, units: int):
        return as_packer.post(
            url("order_cancel", shop, code=which.code), {**given, f"units-{make.line_of(which).pk}": units}
        )

    def cancelled() -> list[int]:
        return [make.line_of(which).cancelled_quantity for which in (order, other)]

    assert [cancel(order, 1).status_code for _time in range(2)] == [302, 302]
    assert cancelled() == [1, 0]
    for mixed_up in (cancel(order, 2), cancel(other, 1)):
        assert mixed_up.status_code == 422
        assert "sent before with other values" in mixed_up.content.decode()
    assert cancelled() == [1, 0]


def test_it_lists_returns_with_their_clocks_in_few_queries(as_packer, shop, at, django_assert_max_num_queries, late):
    for _one in range(3):
        make_return(shop, at)
    as_packer.get(url("return_list", shop))
    with django_assert_max_num_queries(9):
        page = as_packer.get(url("return_list", shop), {"tab": "to_decide"}).content.decode()
    assert page.count("data-row") == 3


def test_it_prints_a_packing_slip_and_says_when_there_is_no_label(as_packer, shop, at, soon):
    order = make.make_open_order(shop, at=at, name="Zoë Łukasz")
    slip = as_packer.get(url("package_slip", shop, code=f"{order.code}-1"))
    assert slip["Content-Type"] == "application/pdf"
    assert slip.content.startswith(b"%PDF")
    label = as_packer.get(url("package_label", shop, code=f"{order.code}-1"))
    assert label.status_code == 409
    assert "No label has been bought" in label.content.decode()


def test_it_shows_nothing_of_an_order_that_does_not_exist(as_packer, shop, late):
    assert as_packer.get(url("order", shop, code="ACMEXXXXXXXX")).status_code == 404
    assert not Order.objects.exists()
