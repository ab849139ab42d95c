"""The auditor finds what is wrong, names the row, and finds nothing in a clean database (C12)."""

import datetime as dt
import io
import re

import pytest
from django.core.management import CommandError, call_command

from orders import cancellation
from payouts import reconciliation, transfers
from payouts.models import Payout
from seller_center import proof, reactions
from shops.models import ShopEvent
from tests.factories import orders as make
from tests.factories.catalog import make_product
from tests.factories.marketing import make_coupon
from tests.factories.payouts import (
    PAYDAY_AT,
    Sold,
    keep,
    make_available,
    make_bank_account,
    make_batch,
    make_earned,
    make_refund,
)
from tests.factories.shops import AT
from tests.payouts import banks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DAY = dt.timedelta(days=1)
LATER = AT + 60 * DAY


@pytest.fixture
def market(shop, other_shop, settings):
    """Two shops that sold, refunded, cancelled and were paid; the orders of one went through the real verbs."""
    settings.BANK = "tests.payouts.banks.MemoryBank"
    banks.world = banks.World()
    coupon = make_coupon(shop, code="TEN", per_buyer_limit_count=5)
    product = make_product(shop, price_minor=5_000, on_hand=20)
    delivered = make.make_delivered_order(shop, product=product, quantity=2, coupon_code=coupon.code)
    cancelled = make.make_open_order(shop, product=product)
    cancellation.cancel(order=cancelled, reason="out_of_stock", by=None, at=AT + DAY)
    make.make_order(shop, product=product)
    reactions.deliver_all(AT + 6 * DAY)
    for one in (shop, other_shop):
        make_bank_account(one)
        order = make_available(one, Sold(unit_minor=9_000, quantity=3, platform_discount_minor=300, tax_minor=200))
        make_refund(order, quantity=1, at=AT + 2 * DAY)
        keep(order)
        make_refund(make_earned(one, Sold(unit_minor=700)), at=AT + 3 * DAY)
    for event in ShopEvent.objects.filter(kind="earning.booked"):
        keep(make.fresh(make.Order.objects.get(code=event.subject_code)))
    make_batch(shop, other_shop)
    transfers.send_released(at=PAYDAY_AT)
    for payout in Payout.objects.all():
        banks.world.happen(payout.key, "settled")
    reconciliation.reconcile(at=PAYDAY_AT + 2 * DAY)
    make_earned(shop)
    return {"delivered": delivered, "product": product, "coupon": coupon}


def found():
    return {answer.check.name: answer for answer in proof.prove(at=LATER) if answer.count}


def test_it_finds_nothing_in_a_clean_database(market):
    answers = list(proof.prove(at=LATER))
    assert [str(finding) for answer in answers for finding in answer.findings] == []
    assert len(answers) >= 120
    names = [answer.check.name for answer in answers]
    assert len(set(names)) == len(names)


#: What a superuser does behind everybody's back, and the check that must find it.
CORRUPTIONS = [
    ("UPDATE catalog_stockitem SET on_hand = on_hand + 1 WHERE reserved > 0", "stock.on_hand_is_the_journal"),
    ("UPDATE catalog_stockitem SET reserved = reserved - 1 WHERE reserved > 0", "stock.reserved_is_the_claims"),
    ("UPDATE catalog_stockmovement SET quantity = quantity - 50 WHERE why = 'sold'", "stock.sold_were_received"),
    ("UPDATE marketing_coupon SET redeemed_count = redeemed_count + 1", "coupon.counts_its_uses"),
    ("UPDATE marketing_buyeruse SET used_count = used_count + 1", "coupon.counts_each_buyer"),
    ("UPDATE orders_orderline SET tax_minor = tax_minor + 1", "order.is_its_lines"),
    (
        "UPDATE orders_orderline SET refunded_minor = refunded_minor - 1 WHERE refunded_minor > 0",
        "order.lines_count_their_refunds",
    ),
    (
        "UPDATE orders_payment SET refunded_minor = 1 WHERE refunded_minor = 0 AND captured_minor > 0",
        "payment.counts_its_refunds",
    ),
    (
        "UPDATE payouts_entry SET amount_minor = amount_minor + 1 WHERE part = 'referral_fee'",
        "ledger.transactions_balance",
    ),
    (
        "UPDATE payouts_account SET balance_minor = balance_minor + 5 WHERE kind = 'available'",
        "ledger.balances_are_the_entries",
    ),
    (
        "UPDATE payouts_entry SET balance_after_minor = balance_after_minor - 1 WHERE position = 2",
        "ledger.entries_follow_each_other",
    ),
    ("DELETE FROM payouts_entry WHERE part = 'settlement' AND amount_minor > 0", "ledger.transactions_balance"),
    ("DELETE FROM payouts_transaction WHERE kind = 'capture'", "ledger.every_event_is_posted"),
    ("DELETE FROM payouts_reversal WHERE refund_fee_minor > 0", "ledger.every_event_is_posted"),
    (
        "UPDATE orders_payment SET captured_minor = captured_minor - 1 WHERE captured_minor > 0",
        "ledger.buyers_payments_are_unearned",
    ),
    (
        "UPDATE payouts_earning SET net_minor = net_minor + 1 WHERE status = 'pending_settlement'",
        "ledger.pending_is_the_earnings",
    ),
    (
        "UPDATE payouts_feeline SET reversed_minor = reversed_minor - 1 WHERE reversed_minor > 0",
        "ledger.fees_are_the_fee_lines",
    ),
    ("UPDATE payouts_payout SET amount_minor = amount_minor + 1", "payout.is_its_posting"),
    ("UPDATE payouts_payout SET status = 'sending'", "ledger.in_flight_is_the_payouts"),
    (
        "UPDATE payouts_statement SET closing_minor = 7, movements_minor = movements_minor + 7",
        "statement.is_its_entries",
    ),
    ("UPDATE payouts_statement SET payout_id = NULL, paid_out_minor = 0", "statement.pays_its_payout"),
    (
        "INSERT INTO payouts_bankmovement (shop_id, payout_id, number, day, at, kind, key, reference, amount_minor, currency)"
        " SELECT shop_id, payout_id, number + 1000, day, at, kind, key, reference, amount_minor, currency"
        " FROM payouts_bankmovement",
        "payout.left_the_bank_once",
    ),
    ("UPDATE payouts_payoutbatch SET total_minor = total_minor + 1", "payout_batch.is_its_payouts"),
    (
        "UPDATE payouts_earningline SET shop_id = (SELECT max(id) FROM shops_shop WHERE NOT is_platform)"
        " WHERE id = (SELECT min(id) FROM payouts_earningline)",
        "payouts_earningline.earning_same_shop",
    ),
    ("UPDATE payouts_payout SET status = 'lost'", "payouts_payout.status_known"),
    (
        "UPDATE payouts_payoutevent SET status = 'returned' WHERE status = 'ready'",
        "payouts_payout.status_moved_as_declared",
    ),
    ("UPDATE shops_bankaccount SET number = '12345678'", "bank_account.number_is_sealed"),
    ("UPDATE catalog_stockitem SET locked = on_hand + 1", "stock.promised_is_there"),
    ("UPDATE marketing_coupon SET limit_count = 0 WHERE redeemed_count > 0", "coupon.within_its_limits"),
    ("UPDATE orders_order SET total_minor = total_minor + 1", "order.total_is_its_parts"),
    (
        "UPDATE orders_payment SET captured_minor = captured_minor - 1 WHERE captured_minor > 0",
        "order.paid_is_captured",
    ),
    ("UPDATE orders_packageline SET quantity = quantity + 5", "package.holds_what_was_ordered"),
    (
        "UPDATE shops_shopevent SET delivered_at = NULL, attempts = 5, last_error = 'x' WHERE kind = 'order.paid'",
        "events.dead_letters",
    ),
]
LEAST = 32


def test_it_finds_every_planted_corruption_and_names_the_row(market, owner_cursor, shop):
    """Each is planted alone by the superuser, with triggers off, and taken back afterwards."""
    missed, nameless = [], []
    for statement, expected in CORRUPTIONS:
        owner_cursor.execute("BEGIN")
        owner_cursor.execute("SET LOCAL session_replication_role = replica")
        drop_checks(owner_cursor, statement)
        owner_cursor.execute(statement)
        assert owner_cursor.rowcount, f"nothing to corrupt: {statement}"
        rows = rows_of(owner_cursor, expected)
        owner_cursor.execute("ROLLBACK")
        if not rows:
            missed.append(f"{expected}: {statement}")
        nameless += [row for row in rows if row[0] is None or not row[1]]
    assert not missed, "\n".join(missed)
    assert nameless == []
    assert len(CORRUPTIONS) >= LEAST


def drop_checks(cursor, statement: str) -> None:
    """CHECKs would refuse most corruptions even to a superuser: the table loses them until the rollback."""
    table = re.search(r"(?:UPDATE|INTO|FROM) (\w+)", statement)[1]
    cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'", [table])
    for (name,) in cursor.fetchall():
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def rows_of(cursor, name):
    """What one check finds, seen by the superuser inside its own transaction."""
    [check] = [check for check in proof.all_checks() if check.name == name]
    cursor.execute(check.sql, {"settled": LATER})
    return cursor.fetchall()


def test_the_command_says_what_it_found_and_fails(market, owner_cursor):
    told = io.StringIO()
    call_command("prove", stdout=told)
    assert "nothing found" in told.getvalue()
    owner_cursor.execute("SET session_replication_role = replica")
    owner_cursor.execute("UPDATE payouts_account SET balance_minor = balance_minor + 5 WHERE kind = 'available'")
    told = io.StringIO()
    with pytest.raises(CommandError, match=r"findings in 1 of"):
        call_command("prove", "--only", "ledger.balances", stdout=told)
    assert "ACME account available USD: stands at" in told.getvalue()
    with pytest.raises(CommandError, match="No check"):
        call_command("prove", "--only", "nonsense")


def test_it_changes_nothing(market, django_assert_max_num_queries):
    before = {check.name: check.sql for check in proof.all_checks()}
    assert not [
        name
        for name, sql in before.items()
        if any(f" {word} " in f" {' '.join(sql.split())} " for word in ("UPDATE", "DELETE", "INSERT"))
    ]
