"""The ledger's verb: once per event, balanced, never below zero, what is lacking becomes debt."""

import datetime as dt

import pytest
from django.db import connection, transaction

from payouts import ledger
from payouts.ledger import Line, NotEnoughMoney, Source, Unbalanced, cover
from payouts.models import Account, AccountKind, Entry, Part, Transaction, TransactionKind
from seller_center.kernel.lock_order import LockOrder
from tests.factories.payouts import balance
from tests.factories.shops import AT

pytestmark = pytest.mark.django_db


def capture(shop, code="X1", amount=1000, **fields):
    return ledger.post(
        shop=shop,
        kind=TransactionKind.CAPTURE,
        source=Source("order", code),
        at=AT,
        lines=[
            Line(AccountKind.BANK_CLEARING, -amount, Part.PAYMENT),
            Line(AccountKind.BUYER_PAYMENTS, amount, Part.PAYMENT),
        ],
        **fields,
    )


def earn(shop, code="P1", amount=1000, account=AccountKind.AVAILABLE, **fields):
    return ledger.post(
        shop=shop,
        kind=TransactionKind.DELIVERY,
        source=Source("package", code),
        at=AT,
        lines=[Line(AccountKind.BUYER_PAYMENTS, -amount, Part.PAYMENT), Line(account, amount, Part.GOODS)],
        **fields,
    )


def test_it_writes_transaction_entries_and_balances(shop):
    posted = capture(shop)
    assert posted.fresh
    entries = list(Entry.objects.filter(transaction=posted.transaction).order_by("id"))
    assert [(one.amount_minor, one.position, one.balance_after_minor) for one in entries] == [
        (-1000, 1, -1000),
        (1000, 1, 1000),
    ]
    assert balance(shop, "buyer_payments") == 1000
    assert balance(shop, "bank_clearing") == -1000


def test_it_posts_an_event_once(shop):
    first = capture(shop)
    again = capture(shop)
    assert not again.fresh
    assert again.transaction.pk == first.transaction.pk
    assert balance(shop, "buyer_payments") == 1000
    assert Transaction.objects.count() == 1


def test_it_counts_positions_and_running_balances(shop):
    for number in range(5):
        capture(shop, code=f"X{number}", amount=100 + number)
    account = Account.objects.get(shop=shop, kind="buyer_payments")
    entries = list(Entry.objects.filter(account=account).order_by("position"))
    assert [one.position for one in entries] == [1, 2, 3, 4, 5]
    assert entries[-1].balance_after_minor == account.balance_minor == sum(one.amount_minor for one in entries)
    assert account.entry_count == 5


def test_it_opens_the_accounts_in_the_order_of_the_chart(shop):
    capture(shop)
    kinds = Account.objects.filter(shop=shop).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == AccountKind.values


def test_it_refuses_lines_that_do_not_sum_to_zero(shop):
    with pytest.raises(Unbalanced):
        ledger.post(
            shop=shop,
            kind=TransactionKind.CAPTURE,
            source=Source("order", "X1"),
            at=AT,
            lines=[Line(AccountKind.BANK_CLEARING, -5, Part.PAYMENT), Line(AccountKind.TAX, 4, Part.TAX)],
        )


def test_it_posts_nothing_where_nothing_moves(shop):
    assert capture(shop, amount=0) is None
    assert not Transaction.objects.exists()


def test_it_refuses_to_take_more_than_is_there(shop):
    capture(shop, amount=100)
    with pytest.raises(NotEnoughMoney, match="Buyers"), transaction.atomic():
        earn(shop, amount=101)
    assert balance(shop, "buyer_payments") == 100


def test_it_turns_what_is_lacking_into_debt(shop):
    capture(shop, amount=500)
    earn(shop, amount=300)
    ledger.post(
        shop=shop,
        kind=TransactionKind.REFUND,
        source=Source("refund", "R1"),
        at=AT,
        lines=[Line(AccountKind.AVAILABLE, -450, Part.REFUND), Line(AccountKind.BANK_CLEARING, 450, Part.REFUND)],
        through_debt=True,
    )
    assert balance(shop, "available") == 0
    assert balance(shop, "debt") == -150


def test_it_pays_debt_first_when_money_comes(shop):
    test_it_turns_what_is_lacking_into_debt(shop)
    earn(shop, code="P2", amount=100, through_debt=True)
    assert balance(shop, "available") == 0
    assert balance(shop, "debt") == -50
    earn(shop, code="P3", amount=100, through_debt=True)
    assert balance(shop, "available") == 50
    assert balance(shop, "debt") == 0


def test_it_covers_pending_from_available_before_debt():
    lines = [Line(AccountKind.PENDING, -100, Part.REFUND), Line(AccountKind.BANK_CLEARING, 100, Part.REFUND)]
    found = cover(lines, {"pending": 30, "available": 50, "debt": 0})
    sums = {}
    for line in found:
        sums[line.account] = sums.get(line.account, 0) + line.amount_minor
    assert sums == {
        AccountKind.PENDING: -30,
        AccountKind.AVAILABLE: -50,
        AccountKind.DEBT: -20,
        AccountKind.BANK_CLEARING: 100,
    }


def test_it_keeps_shops_apart(shop, other_shop):
    capture(shop)
    capture(other_shop, amount=7)
    assert balance(shop, "buyer_payments") == 1000
    assert balance(other_shop, "buyer_payments") == 7


@pytest.mark.django_db(transaction=True)
def test_it_locks_accounts_in_key_order_and_costs_few_statements(shop, django_assert_max_num_queries):
    capture(shop)
    with LockOrder():
        earn(shop, amount=10)
    with django_assert_max_num_queries(8):  # with BEGIN, who acts, and COMMIT
        capture(shop, code="X2")


def test_it_survives_the_deferred_guards(shop):
    capture(shop)
    earn(shop, amount=300)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_it_says_when_and_who(shop, owner):
    later = AT + dt.timedelta(hours=1)
    posted = ledger.post(
        shop=shop,
        kind=TransactionKind.CAPTURE,
        source=Source("order", "X9"),
        at=later,
        by=owner,
        lines=[Line(AccountKind.BANK_CLEARING, -5, Part.PAYMENT), Line(AccountKind.BUYER_PAYMENTS, 5, Part.PAYMENT)],
    )
    row = Transaction.objects.get(pk=posted.transaction.pk)
    assert (row.at, row.by_id) == (later, owner.pk)
