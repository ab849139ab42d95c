"""Nobody breaks the books by SQL (C4): the application's role is refused, and succeeds once the named guard is off."""

import contextlib

import pytest
from django.db import Error, connection, transaction

from orders.models import Order
from payouts.models import Account, Earning, EarningLine, Entry, FeeLine, Statement, Transaction
from shops.models import BankAccount
from tests.factories.payouts import Sold, make_bank_account, make_earned, make_paid_order, make_payout
from tests.factories.payouts import keep as keep_books
from tests.payouts.attacks import LEDGER, MONEY, PROPER, Attack

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
LEAST_ATTACKS = 70


@pytest.fixture
def rows(shop, other_shop):
    """Two shops with money, a released payout, and the numbers by which the attacks name them."""
    payout = make_payout(shop, Sold(unit_minor=5000, platform_discount_minor=100, tax_minor=300))
    make_earned(shop)
    keep_books(make_paid_order(other_shop))
    make_bank_account(other_shop)
    earning = Earning.objects.filter(shop=shop, status="available").get()
    line = EarningLine.objects.get(earning=earning)
    old = Transaction.objects.get(shop=shop, kind="capture", order=earning.order)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payouts_account (shop_id, kind, currency, balance_minor, entry_count)"
            " VALUES (%s, 'available', 'GBP', 0, 0), (%s, 'pending', 'EUR', 0, 0)",
            [shop.pk, shop.pk],
        )
    kinds = {one.kind: one.pk for one in Account.objects.filter(shop=shop, currency="USD")}
    return {
        "shop": shop.pk,
        "other": other_shop.pk,
        "old": old.pk,
        "entry": Entry.objects.filter(transaction=old).order_by("id")[0].pk,
        "foreign_tx": Transaction.objects.get(shop=other_shop).pk,
        "foreign_order": Order.objects.get(shop=other_shop).pk,
        "foreign": Account.objects.get(shop=other_shop, kind="available").pk,
        "foreign_bank": BankAccount.objects.get(shop=other_shop).pk,
        "available": kinds["pending"],  # an account of the seller's with money on it
        "bank": kinds["bank_clearing"],
        "buyers": kinds["buyer_payments"],
        "huge": kinds["fees"],
        **{name: kinds[name] for name in ("commission", "promotions", "debt", "tax")},
        "pounds": Account.objects.get(shop=shop, currency="GBP").pk,
        "fresh": Account.objects.get(shop=shop, currency="EUR").pk,
        "done_code": old.source_code,
        "payout": payout.pk,
        "batch": payout.batch_id,
        "statement": Statement.objects.get(shop=shop).pk,
        "earning": earning.pk,
        "earning_line": line.pk,
        "fee": FeeLine.objects.get(earning_line=line).pk,
    }


def run(cursor, attack_statements, rows) -> None:
    for statement in attack_statements:
        if statement.startswith("COPY "):
            copy_row(cursor, statement, rows)
        else:
            cursor.execute(statement, rows)
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def copy_row(cursor, statement, rows) -> None:
    """``COPY table which column=value …``: a row like that one."""
    _copy, table, which, *pairs = statement.split(" ", 3) + [""] * 0
    changed = dict(pair.split("=", 1) for pair in parse_pairs(pairs[0] if pairs else ""))
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'",
        [f"payouts_{table}"],
    )
    names = [name for (name,) in cursor.fetchall()]
    values = [changed.get(name, name) for name in names]
    select = f"SELECT {', '.join(values)} FROM payouts_{table} WHERE id = %s"
    cursor.execute(f"INSERT INTO payouts_{table} ({', '.join(names)}) {select}", [rows[which]])


def parse_pairs(text: str) -> list[str]:
    """``a=1 b=c + 5`` into its pairs."""
    found: list[str] = []
    for word in text.split(" "):
        if "=" in word:
            found.append(word)
        elif word:
            found[-1] += f" {word}"
    return found


def refused(attack: Attack, rows) -> bool:
    """Whether the application's role is refused."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            run(cursor, attack.statements, rows)
            transaction.set_rollback(True)
    except Error:
        return True
    return False


@contextlib.contextmanager
def unguarded(cursor, attack: Attack):
    """A transaction of the superuser's in which the attack's guards are off, acting as the application's role."""
    cursor.execute("BEGIN")
    try:
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO seller_app")
        for guard in attack.guards:
            if guard.startswith("TRIGGER "):
                _word, table, name = guard.split(" ")
                cursor.execute(
                    "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE %s",
                    [f"payouts_{table}", f"pgtrigger_{name}_%"],
                )
                (trigger,) = cursor.fetchone()
                cursor.execute(f"ALTER TABLE payouts_{table} DISABLE TRIGGER {trigger}")
            else:
                cursor.execute(guard)
        if not attack.as_superuser:
            cursor.execute("SET LOCAL ROLE seller_app")
        yield
    finally:
        cursor.execute("ROLLBACK")


def test_it_takes_a_posting_as_it_should_be(rows):
    with connection.cursor() as cursor, transaction.atomic():
        run(cursor, PROPER, rows)
    assert Transaction.objects.filter(source_code="good").exists()


@pytest.mark.parametrize("attacks", [LEDGER, MONEY], ids=["ledger", "money"])
def test_it_refuses_every_attack(rows, attacks):
    broken = [attack.name for attack in attacks if not refused(attack, rows)]
    assert broken == []
    assert len(LEDGER) + len(MONEY) >= LEAST_ATTACKS


@pytest.mark.parametrize("attacks", [LEDGER, MONEY], ids=["ledger", "money"])
def test_every_attack_succeeds_without_its_guard(rows, attacks, owner_cursor):
    """The control: the guard that is named is the one that refuses, and the attack is a real one."""
    connection.close()
    harmless = {}
    for attack in attacks:
        if attack.inherent:
            continue
        try:
            with unguarded(owner_cursor, attack):
                run(owner_cursor, attack.statements, rows)
        except Error as error:
            harmless[attack.name] = str(error).splitlines()[0]
    assert not harmless, "\n".join(f"{name}: {error}" for name, error in harmless.items())
