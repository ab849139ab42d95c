"""The pages of Finance: who gets in, what they say, how many queries they cost, with and without htmx."""

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from orders.models import OrderLine, ReturnRequest
from payouts import finance, ledger
from payouts.models import Earning, Payout, Statement, Transaction
from seller_center.kernel.calendar import day_of
from tests.factories.payouts import (
    Sold,
    keep,
    make_available,
    make_earned,
    make_payout,
    make_refund,
)
from tests.factories.shops import AT, make_member

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def now():
    """Real time stands still, two days after what was sold was delivered."""
    with time_machine.travel(AT + 2 * DAY, tick=False):
        yield AT + 2 * DAY


@pytest.fixture
def as_owner(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def world(shop):
    """A shop with a payout, a statement, a pending sale and a refund."""
    make_payout(shop, Sold(unit_minor=10_000, platform_discount_minor=500))
    order = make_earned(shop, Sold(unit_minor=6_000, quantity=2))
    make_refund(order, quantity=1, at=AT + DAY)
    keep(order)
    return order


def url(name, shop, **kwargs):
    return reverse(f"payouts:{name}", kwargs={"shop": shop.code, **kwargs})


def addresses(shop, order):
    made = Transaction.objects.filter(shop=shop, kind="delivery").order_by("-id")[0]
    return {
        "finance": url("finance", shop),
        "ledger": url("ledger", shop),
        "transaction": url("transaction", shop, kind=made.kind, source=made.source_code, step=0),
        "statement_list": url("statement_list", shop),
        "statement": url("statement", shop, code=Statement.objects.get(shop=shop).code),
        "statement_csv": url("statement_csv", shop, code=Statement.objects.get(shop=shop).code),
        "payout_list": url("payout_list", shop),
        "payout": url("payout", shop, code=Payout.objects.get(shop=shop).code),
        "order_money": url("order_money", shop, code=order.code),
        "refund_preview": url("refund_preview", shop, code=order.code)
        + f"?line={OrderLine.objects.of_order(order)[0].pk}&goods=100&tax=0&shipping=0",
    }


def text(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return content.decode()


def test_they_open_to_the_owner_and_to_no_stranger(shop, world, as_owner, stranger, client, django_user_model, now):
    found = addresses(shop, world)
    assert len(found) == 10
    for name, address in found.items():
        assert as_owner.get(address).status_code == 200, name
    client.force_login(stranger)
    for name, address in found.items():
        assert client.get(address).status_code == 404, name
    client.logout()
    for name, address in found.items():
        assert client.get(address).status_code == 302, name


def test_they_are_closed_to_roles_without_money(shop, world, client, packer, analyst, now):
    found = addresses(shop, world)
    client.force_login(packer)
    for name in found.keys() - {"order_money", "refund_preview"}:
        assert client.get(found[name]).status_code == 403, name
    assert client.get(found["refund_preview"]).status_code == 200
    assert client.get(found["order_money"]).status_code == 403
    assert text(client.get(found["order_money"], headers=HTMX)) == ""  # the panel in the order page stays empty
    client.force_login(analyst)
    for name, address in found.items():
        assert client.get(address).status_code == 200, name


def test_nothing_can_be_posted_to_them(shop, world, as_owner, now):
    for name, address in addresses(shop, world).items():
        assert as_owner.post(address).status_code == 405, name


@pytest.mark.parametrize("name", ["transaction", "statement", "payout", "order_money", "refund_preview"])
def test_what_does_not_exist_or_belongs_to_others_is_not_found(shop, other_shop, world, as_owner, now, name):
    foreign = make_earned(other_shop)
    made = Transaction.objects.filter(shop=other_shop, kind="delivery").get()
    wrong = {
        "transaction": [
            {"kind": made.kind, "source": made.source_code, "step": 0},
            {"kind": "x", "source": "y", "step": 9},
        ],
        "statement": [{"code": "NOPE"}],
        "payout": [{"code": "NOPE"}],
        "order_money": [{"code": foreign.code}],
        "refund_preview": [{"code": foreign.code}],
    }
    for kwargs in wrong[name]:
        assert as_owner.get(url(name, shop, **kwargs)).status_code == 404


def test_finance_says_where_the_money_is_and_when_the_rest_comes(shop, world, as_owner, now):
    page = text(as_owner.get(url("finance", shop)))
    assert "$57.84" in page  # pending: half of 12000 less 3 %, less the refund fee of 36 cents
    assert "Oct 21" in page  # becomes available seven days after delivery
    assert "On its way" in page
    assert "$97.00" in page  # the payout under way: 10000 less 3 %
    assert "Example Bank ••••" in page


def test_finance_says_why_nothing_is_paid(shop, as_owner, now):
    assert "Payouts begin at $1.00" in text(as_owner.get(url("finance", shop)))
    make_available(shop)
    assert "Add a bank account to be paid." in text(as_owner.get(url("finance", shop)))


def test_an_empty_shop_is_told_what_will_happen(shop, as_owner, now):
    assert "The first sale appears here" in text(as_owner.get(url("finance", shop)))
    assert "No statement yet" in text(as_owner.get(url("statement_list", shop)))
    assert "No payout yet" in text(as_owner.get(url("payout_list", shop)))
    assert "No movement of this kind" in text(as_owner.get(url("ledger", shop)))


def test_a_transaction_is_told_in_plain_words(shop, world, as_owner, now):
    page = text(as_owner.get(addresses(shop, world)["transaction"]))
    assert "The parcel arrived, so the sale is yours" in page
    assert "6% of $120.00, of which 50% is charged (new-seller offer)" in page
    assert "given back" in page
    assert "The other side" in page


def test_a_statement_ties_out_on_the_page(shop, world, as_owner, now):
    page = text(as_owner.get(addresses(shop, world)["statement"]))
    for words in ("Opening balance", "Referral fees", "Paid out", "Closing balance", "Does it tie out?"):
        assert words in page
    assert "not reported yet" in page  # the bank
    assert "fact-bad" not in page


def test_a_statement_is_downloaded_as_a_file(shop, world, as_owner, now):
    answer = as_owner.get(addresses(shop, world)["statement_csv"])
    assert answer["Content-Disposition"] == 'attachment; filename="statement-acme-s261026.csv"'
    assert answer["Cache-Control"] == "private, no-store"
    assert text(answer).startswith("\ufeff")


def test_the_order_panel_explains_each_fee(shop, world, as_owner, now):
    page = text(as_owner.get(url("order_money", shop, code=world.code), headers=HTMX))
    assert page.lstrip().startswith('<div id="order-money"')
    assert "Referral fee" in page
    assert "4 entries in the ledger" in page


def test_the_refund_panel_says_what_would_happen(shop, world, as_owner, now):
    [line] = OrderLine.objects.of_order(world)
    address = url("refund_preview", shop, code=world.code)
    page = text(as_owner.get(f"{address}?line={line.pk}&goods=6000&shipping=0&tax=0", headers=HTMX))
    assert "$60.00" in page  # to the buyer
    assert "−$58.20" in page  # from the seller, the fee of 1.80 given back
    assert "−$0.36" in page  # the refund administration fee
    before = Transaction.objects.count()
    refused = text(as_owner.get(f"{address}?line={line.pk}&goods=6001&shipping=0&tax=0", headers=HTMX))
    assert "More would be refunded than the buyer paid" in refused
    assert "Say what would be refunded" in text(as_owner.get(f"{address}?line=x"))
    assert Transaction.objects.count() == before


def test_the_ledger_filters_by_kind_and_pages(shop, world, as_owner, now):
    page = text(as_owner.get(f"{url('ledger', shop)}?kind=refund"))
    assert page.count("data-row") == 1
    for _number in range(30):
        make_earned(shop)
    first = as_owner.get(f"{url('ledger', shop)}?kind=delivery")
    assert text(first).count("data-row") == 25
    assert as_owner.get(f"{url('ledger', shop)}?kind=delivery&page=garbage").status_code == 200


LIMITS = {
    "finance": 12,
    "ledger": 8,
    "transaction": 11,
    "statement_list": 7,
    "statement": 12,
    "payout_list": 7,
    "payout": 9,
    "order_money": 12,
    "refund_preview": 12,
}


def test_they_cost_the_same_queries_for_few_and_for_many(shop, world, as_owner, now, django_assert_max_num_queries):
    found = addresses(shop, world)
    for _turn in ("few", "many"):
        for name, most in LIMITS.items():
            as_owner.get(found[name])  # what is read once every few seconds (policy, clock) is fresh now
            with django_assert_max_num_queries(most, info=name):
                assert as_owner.get(found[name]).status_code == 200, name
        for _number in range(12):
            make_available(shop, Sold(unit_minor=3_000, quantity=2))


def test_a_manager_sees_it_too(shop, world, client, now):
    client.force_login(make_member(shop, "finance"))
    assert client.get(url("finance", shop)).status_code == 200


def test_the_calendar_gives_each_sale_its_day_and_takes_what_is_due_for_today(shop):
    for days, price in enumerate((10_000, 6_000, 3_000)):
        make_earned(shop, Sold(unit_minor=price), at=AT + days * DAY)
    first, second, third = Earning.objects.in_shop(shop).order_by("available_from")
    at = second.available_from - dt.timedelta(seconds=1)  # the first was due a day ago
    today = day_of(at, shop.zone)
    assert day_of(first.available_from, shop.zone) < today
    lands = [one for one in finance.calendar(shop, at, ledger.balances(shop)) if one.count]
    assert [(one.day, one.count, one.minor) for one in lands] == [
        (today, 2, first.left_minor + second.left_minor),
        (day_of(third.available_from, shop.zone), 1, third.left_minor),
    ]


@pytest.mark.parametrize("held", [0, 1, 2])
def test_what_waits_for_an_open_return_is_in_no_day_of_the_calendar(shop, held):
    for days, price in enumerate((10_000, 6_000, 3_000)):
        make_earned(shop, Sold(unit_minor=price), at=AT + days * DAY)
    earnings = list(Earning.objects.in_shop(shop).order_by("available_from"))
    for number in (1, 2):  # two returns of one order hold it once
        ReturnRequest.objects.create(
            shop=shop, order=earnings[held].order, code=f"R-{number}", reason="damaged", fault="seller", requested_at=AT
        )
    at = earnings[1].available_from - dt.timedelta(seconds=1)
    lands = finance.calendar(shop, at, ledger.balances(shop))
    assert sum(one.count for one in lands) == 2
    assert sum(one.minor for one in lands) == sum(one.left_minor for one in earnings if one != earnings[held])
    assert all(one.count or one.pays_minor for one in lands)
