"""The statement explains every cent: its rows, its summary, the ledger and the bank agree (D10, INV12)."""

import csv
import dataclasses
import datetime as dt
import io
import itertools
import random

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from orders.models import OrderLine
from payouts import drafting, ledger, reconciliation, settlement, statement_lines, terms, tie_out, transfers
from payouts.ledger import Line, Source
from payouts.models import AccountKind, Earning, Entry, Part, Payout, Reversal, Statement, TransactionKind
from shops.models import Market
from tests.factories.payouts import (
    PAYDAY,
    PAYDAY_AT,
    Sold,
    balance,
    keep,
    make_available,
    make_bank_account,
    make_batch,
    make_delivered,
    make_earned,
    make_paid_order,
    make_refund,
)
from tests.factories.shops import AT, make_shop
from tests.payouts import banks, nacha_reader

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def close(shop, on=PAYDAY):
    drafting.draft(market=shop.market, period_on=on, at=PAYDAY_AT + (on - PAYDAY))
    return Statement.objects.get(shop=shop, closes_on=on)


def read(statement):
    text = b"".join(statement_lines.csv_file(statement)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def agree(statement):
    """Rows, summary, CSV and ledger of a statement say the same."""
    rows = [row for row in statement_lines.rows(statement) if row.kind != "payout"]
    sums = tie_out.add_up(statement, PAYDAY_AT)
    summary = sums.lines
    assert sum(row.amount for row in rows) == statement.movements_minor == summary.total
    assert sum(row.goods for row in rows if row.kind == "sale") == summary.goods
    assert sum(row.referral_fee for row in rows if row.kind == "sale") == summary.referral_fee
    assert sum(row.amount - row.refund_fee for row in rows if row.kind == "refund") == summary.refunds
    assert sum(row.refund_fee for row in rows) == summary.refund_fee
    assert sum(row.amount for row in rows if row.kind.startswith("reserve")) == summary.reserve
    assert not [row for row in rows if row.kind == "other"]
    assert not [check for check in tie_out.checks(statement, sums) if not check.agrees and not check.waits]
    table = read(statement)
    assert {"\n".join(line) for line in (table[0].keys(),)} == {"\n".join(statement_lines.COLUMNS)}
    total = sum(int(line["amount"].replace(".", "")) for line in table)
    assert total == statement.closing_minor - statement.opening_minor
    parts = ("goods", "discount", "shipping", "tax_in_price", "referral_fee", "refund_fee", "other")
    for line in table:
        assert int(line["amount"].replace(".", "")) == sum(int(line[name].replace(".", "")) for name in parts)


def test_it_explains_a_sale_down_to_the_fee(shop):
    make_bank_account(shop)
    order = make_available(shop, Sold(unit_minor=10_000, seller_discount_minor=1_000, shipping_minor=500))
    statement = close(shop)
    sale, payout = read(statement)
    [line] = OrderLine.objects.of_order(order)
    assert sale == {
        "statement": "ACME-S261026",
        "date": "2026-11-23 16:00:00",
        "kind": "sale",
        "reference": Earning.objects.get().package_code,
        "order": order.code,
        "package": Earning.objects.get().package_code,
        "sku": line.sku_code,
        "title": line.title,
        "quantity": "1",
        "goods": "100.00",
        "discount": "-10.00",
        "shipping": "5.00",
        "tax_in_price": "0.00",
        "referral_fee": "-2.85",
        "refund_fee": "0.00",
        "other": "0.00",
        "amount": "92.15",
        "currency": "USD",
    }
    assert (payout["kind"], payout["amount"]) == ("payout", "-92.15")
    agree(statement)


def test_it_shows_what_went_back_before_and_after_settlement(shop):
    make_bank_account(shop)
    early = make_earned(shop, Sold(unit_minor=10_000, quantity=2))
    make_refund(early, quantity=1, at=AT + DAY)
    keep(early)
    late = make_earned(shop, Sold(unit_minor=5_000, quantity=2))
    settlement.settle(at=AT + 8 * DAY, shop=shop)
    make_refund(late, quantity=1, at=AT + 9 * DAY)
    keep(late)
    statement = close(shop)
    kinds = [line["kind"] for line in read(statement)]
    assert sorted(kinds) == ["payout", "refund", "refund", "refund_fee", "sale", "sale"]
    assert kinds[-3:] == ["refund", "refund_fee", "payout"]
    agree(statement)


def test_it_shows_reserve_debt_and_returned_payouts(shop):
    make_bank_account(shop)
    terms.decide(
        shop=shop, introductory=False, reserve_level=2, reserve_until=AT + 90 * DAY, reason="Risk", by=None, at=AT
    )
    order = make_earned(shop, Sold(unit_minor=10_000))
    settlement.settle(at=AT + 8 * DAY, shop=shop)
    first = close(shop)
    agree(first)
    make_refund(order, at=AT + 10 * DAY)
    keep(order)  # more than is there: debt
    make_earned(shop, Sold(unit_minor=50_000), at=AT + 10 * DAY)
    settlement.settle(at=AT + 17 * DAY, shop=shop)
    payout = Payout.objects.get()
    ledger.post(
        shop=shop,
        kind=TransactionKind.PAYOUT_RETURN,
        source=Source("payout", payout.code),
        at=AT + 18 * DAY,
        lines=[
            Line(AccountKind.BANK_CLEARING, -payout.amount_minor, Part.PAYOUT),
            Line(AccountKind.AVAILABLE, payout.amount_minor, Part.PAYOUT),
        ],
        through_debt=True,
    )
    second = close(shop, PAYDAY + 7 * DAY)
    kinds = {line["kind"] for line in read(second)}
    assert {"sale", "reserve", "debt", "payout_return", "payout"} <= kinds
    agree(second)
    assert first.closing_minor == second.opening_minor


@pytest.mark.parametrize("market", ["US", "GB"])
@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_after_any_month(seed, market):
    """Random sales, deliveries and refunds over three paydays: every statement agrees with itself and the ledger."""
    chance = random.Random(f"{seed}{market}")
    shop = make_shop(f"{market}{seed:02d}", market=market)
    make_bank_account(shop)
    us, moment, orders = Market.objects.get(pk=market), AT, []
    for week in range(3):
        for _number in range(chance.randint(1, 4)):
            order = make_paid_order(
                shop,
                *[
                    Sold(
                        unit_minor=chance.randint(1, 9_999),
                        quantity=chance.randint(1, 3),
                        platform_discount_minor=chance.choice([0, 1]),
                        shipping_minor=chance.choice([0, 499]),
                        tax_minor=chance.choice([0, 1]),
                    )
                    for _line in range(chance.randint(1, 3))
                ],
                paid_at=moment,
            )
            make_delivered(order, at=moment)
            keep(order)
            orders.append(order)
        for order in chance.sample(orders, min(2, len(orders))):
            line = chance.choice(list(OrderLine.objects.of_order(order)))
            if line.refundable_quantity:
                make_refund(order, line, quantity=1, at=moment + 2 * DAY)
                keep(order)
        moment += 7 * DAY
        on = PAYDAY + week * 7 * DAY
        settlement.settle(at=moment + DAY, shop=shop)
        drafting.draft(market=us, period_on=on, at=PAYDAY_AT + week * 7 * DAY)
    statements = list(Statement.objects.filter(shop=shop).order_by("closes_on"))
    assert statements
    for statement in statements:
        agree(statement)
    for earlier, later in itertools.pairwise(statements):
        assert earlier.closing_minor == later.opening_minor
        assert earlier.to_position == later.after_position
    paid = Payout.objects.filter(shop=shop).aggregate(total=Sum("amount_minor"))["total"] or 0
    entries = Entry.objects.filter(shop=shop, account__kind="available").exclude(transaction__kind="payout")
    assert (entries.aggregate(total=Sum("amount_minor"))["total"] or 0) == paid + balance(shop, "available")


def test_it_reads_a_long_statement_in_chunks(shop, monkeypatch, django_assert_max_num_queries):
    make_bank_account(shop)
    for _number in range(7):
        make_available(shop)
    order = make_available(shop, Sold(quantity=2))
    make_refund(order, quantity=1, at=AT + 50 * DAY)
    keep(order)
    statement = close(shop)
    whole = list(statement_lines.rows(statement))
    monkeypatch.setattr(statement_lines, "CHUNK", 3)
    assert list(statement_lines.rows(statement)) == whole
    monkeypatch.undo()
    with django_assert_max_num_queries(5):
        list(statement_lines.rows(statement))


def test_it_ties_out_where_a_fee_took_of_an_earning_what_a_refund_needs(shop):
    make_bank_account(shop)
    make_available(shop, Sold(unit_minor=30_000))
    order = make_earned(shop, Sold(unit_minor=10_000, quantity=2))
    for day in (1, 2):
        make_refund(order, quantity=1, at=AT + day * DAY)
        keep(order)
    statement = close(shop)
    agree(statement)
    assert tie_out.add_up(statement, PAYDAY_AT).lines.refund_fee < 0


def test_it_ties_out_where_one_refund_takes_of_a_settled_parcel_and_of_one_that_fees_used_up(shop):
    make_bank_account(shop)
    order = make_paid_order(shop, Sold(unit_minor=50, quantity=2), Sold(unit_minor=10_000))
    cheap, dear = OrderLine.objects.of_order(order)
    make_delivered(order, {cheap.pk: 1}, at=AT)
    keep(order)
    settlement.settle(at=AT + 40 * DAY, shop=shop)
    make_delivered(order, {cheap.pk: 1, dear.pk: 1}, at=AT + 40 * DAY)
    keep(order)
    make_refund(order, dear, at=AT + 41 * DAY)
    keep(order)
    [settled, used_up] = Earning.objects.order_by("pk")
    assert settled.left_minor > 0 == used_up.left_minor, "the fee took what the cheap unit had brought"
    refund = make_refund(order, cheap, quantity=2, at=AT + 42 * DAY)
    keep(order)
    assert Reversal.objects.filter(refund=refund, seller_minor__gt=0).count() == 2
    make_available(shop, Sold(unit_minor=30_000))
    agree(close(shop, PAYDAY + 56 * DAY))


def test_it_is_equal_to_the_bank_file_and_the_banks_statement(shop, settings):
    settings.BANK = "tests.payouts.banks.MemoryBank"
    banks.world = banks.World()
    make_bank_account(shop)
    make_available(shop, Sold(unit_minor=10_000))
    batch = make_batch(shop)
    statement = Statement.objects.get()
    from payouts import bank_file

    [entry] = nacha_reader.read(bank_file.render(batch)).entries
    assert entry.amount == statement.paid_out_minor
    waiting = [check for check in tie_out.checks(statement, tie_out.sums_of(statement, PAYDAY_AT)) if check.waits]
    assert [str(check.name) for check in waiting] == ["Left for your bank"]
    transfers.send_released(at=PAYDAY_AT)
    banks.world.happen(Payout.objects.get().key, "settled")
    reconciliation.reconcile(at=PAYDAY_AT + DAY)
    found = tie_out.checks(
        statement, tie_out.sums_of(statement, PAYDAY_AT)
    )  # the sums are remembered, not the bank's side
    assert len(found) == 5
    assert all(check.agrees for check in found)


def test_it_shows_a_difference_and_hides_none(shop):
    make_bank_account(shop)
    make_available(shop, Sold(unit_minor=10_000))
    statement = close(shop)
    Earning.objects.all()  # the lines are untouched; the statement is made to disagree in memory only
    statement.movements_minor += 1
    wrong = [check for check in tie_out.checks(statement, tie_out.add_up(statement, PAYDAY_AT)) if not check.agrees]
    assert [check.difference for check in wrong if not check.waits] == [-1, -1]


def added_up(statement):
    """The sums, and whether the entries were added up for them."""
    with CaptureQueriesContext(connection) as asked:
        sums = tie_out.sums_of(statement, PAYDAY_AT)
    return sums, any("payouts_entry" in query["sql"] for query in asked)


def test_it_adds_up_once_what_ties_out_and_anew_what_does_not(shop):
    make_bank_account(shop)
    make_available(shop, Sold(unit_minor=10_000))
    statement = close(shop)
    statement.movements_minor += 1
    for _time in range(2):
        sums, anew = added_up(statement)
        assert anew
        assert not all(check.agrees or check.waits for check in tie_out.checks(statement, sums))
    statement.movements_minor -= 1
    first, anew = added_up(statement)
    assert anew
    again, anew = added_up(statement)
    assert not anew
    assert again == first == dataclasses.replace(tie_out.add_up(statement, PAYDAY_AT), added_up_at=first.added_up_at)


def test_it_escapes_formulas_in_titles(shop):
    make_bank_account(shop)
    order = make_available(shop)
    OrderLine.objects.filter(order=order).update(title="=HYPERLINK(1)")
    assert read(close(shop))[0]["title"].startswith("'=")
