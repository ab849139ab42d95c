"""Attacks on the ledger in plain SQL: what each tries, and the guard that must be switched off for it to succeed."""

from dataclasses import dataclass

#: The transaction inserted last in this session.
LATEST = "currval(pg_get_serial_sequence('payouts_transaction', 'id'))"


@dataclass(frozen=True)
class Attack:
    """SQL that must be refused. ``guards``: what a superuser takes away so that it succeeds (the control)."""

    name: str
    statements: tuple[str, ...]
    guards: tuple[str, ...]
    as_superuser: bool = False  # the guard is the role itself
    inherent: bool = False  # the guard is the type of the column: there is no database without it


def begin(
    code: str = "evil", *, shop: str = "%(shop)s", kind: str = "refund", source: str = "test", **more: str
) -> str:
    columns = "".join(f", {name}" for name in more)
    values = "".join(f", {value}" for value in more.values())
    return (
        f"INSERT INTO payouts_transaction (shop_id, kind, source_kind, source_code, step, at{columns})"
        f" VALUES ({shop}, '{kind}', '{source}', {code if code.startswith('%') else repr(code)}, 0, now(){values})"
    )


def move(account: str, amount: int) -> str:
    return (
        f"UPDATE payouts_account SET balance_minor = balance_minor + ({amount}), entry_count = entry_count + 1"
        f" WHERE id = %({account})s"
    )


def enter(
    account: str,
    amount: int,
    *,
    shop: str = "%(shop)s",
    transaction: str = LATEST,
    currency: str = "USD",
    part: str = "refund",
    position: str = "",
    after: str = "",
) -> str:
    stands = f"(SELECT %s FROM payouts_account WHERE id = %({account})s)"
    return (
        "INSERT INTO payouts_entry"
        " (shop_id, transaction_id, account_id, currency, amount_minor, part, position, balance_after_minor)"
        f" VALUES ({shop}, {transaction}, %({account})s, '{currency}', {amount}, '{part}',"
        f" {position or stands.replace('%s', 'entry_count', 1)}, {after or stands.replace('%s', 'balance_minor', 1)})"
    )


def account(kind: str, currency: str, *, balance: int = 0) -> tuple[str, ...]:
    """A new account of the shop."""
    return (
        "INSERT INTO payouts_account (shop_id, kind, currency, balance_minor, entry_count)"
        f" VALUES (%(shop)s, '{kind}', '{currency}', {balance}, 0)",
    )


def ahead(account: str, column: str, by: int) -> str:
    """A number of an account as it would be after one more entry."""
    return f"(SELECT {column} + ({by}) FROM payouts_account WHERE id = %({account})s)"


#: A posting as it should be: it must be possible, else everything that follows proves nothing.
PROPER = (
    begin("good"),
    move("available", -5),
    move("bank", 5),
    enter("available", -5),
    enter("bank", 5),
)


def off(trigger: str, table: str) -> str:
    """A trigger of pgtrigger's by the name it was declared under."""
    return f"TRIGGER {table} {trigger}"


def drop(constraint: str, table: str) -> str:
    """A constraint by its name."""
    return f"ALTER TABLE payouts_{table} DROP CONSTRAINT {constraint} CASCADE"


def drop_index(name: str) -> str:
    return f"DROP INDEX {name}"


BALANCES = off("transaction_balances", "transaction")
FOLLOWS = off("entry_follows", "entry")
ACCOUNT = off("account_follows_entries", "account")


def pair(first: str, second: str, amount: int, **fields) -> tuple[str, ...]:
    return (begin(), move(first, -amount), move(second, amount), enter(first, -amount), enter(second, amount, **fields))


LEDGER = [
    # transactions that are not what they claim
    Attack(
        "an unbalanced transaction",
        (begin(), move("bank", 5), enter("bank", 5), move("available", -4), enter("available", -4)),
        (BALANCES,),
    ),
    Attack("a transaction of one entry", (begin(), move("bank", 5), enter("bank", 5)), (BALANCES,)),
    Attack("an empty transaction", (begin(),), (BALANCES,)),
    Attack(
        "balanced only across currencies",
        (begin(), move("available", -5), move("pounds", 5), enter("available", -5), enter("pounds", 5, currency="GBP")),
        (BALANCES,),
    ),
    Attack(
        "entries for a transaction of yesterday",
        (
            move("available", -5),
            move("bank", 5),
            enter("available", -5, transaction="%(old)s"),
            enter("bank", 5, transaction="%(old)s"),
        ),
        (FOLLOWS,),
    ),
    Attack("the same event twice", (*PROPER, *PROPER), (drop("transaction_once_per_event", "transaction"),)),
    Attack(
        "an event that has its posting",
        (begin("%(done_code)s", kind="capture", source="order"), *PROPER[1:]),
        (drop("transaction_once_per_event", "transaction"),),
    ),
    Attack(
        "one transaction reversed twice",
        (
            begin("r1", reverses_id="%(old)s"),
            *PROPER[1:],
            begin("r2", reverses_id="%(old)s"),
            *PROPER[1:],
        ),
        (drop("transaction_reversed_once", "transaction"),),
    ),
    Attack(
        "reversing another shop's transaction",
        (begin(reverses_id="%(foreign_tx)s"), *PROPER[1:]),
        (drop("payouts_transaction_reverses_same_shop", "transaction"),),
    ),
    Attack(
        "for another shop's order",
        (begin(order_id="%(foreign_order)s"), *PROPER[1:]),
        (drop("payouts_transaction_order_same_shop", "transaction"),),
    ),
    Attack("of an unknown kind", (begin(kind="gift"), *PROPER[1:]), (drop("transaction_kind_known", "transaction"),)),
    Attack(
        "changing what a transaction is",
        ("UPDATE payouts_transaction SET kind = 'payout' WHERE id = %(old)s",),
        (off("transaction_never_changed", "transaction"),),
    ),
    Attack(
        "changing when it was",
        ("UPDATE payouts_transaction SET at = now() WHERE id = %(old)s",),
        (off("transaction_never_changed", "transaction"),),
    ),
    Attack(
        "breaking its seal",
        ("UPDATE payouts_transaction SET created_xid = pg_current_xact_id() WHERE id = %(old)s",),
        (off("transaction_never_changed", "transaction"),),
    ),
    Attack(
        "deleting a transaction",
        ("DELETE FROM payouts_transaction WHERE id = %(old)s",),
        (off("transaction_never_changed", "transaction"), drop("payouts_entry_transaction_same_shop", "entry")),
    ),
    Attack(
        "emptying the transactions",
        ("TRUNCATE payouts_transaction CASCADE",),
        (off("transaction_never_truncated", "transaction"), off("entry_never_truncated", "entry")),
    ),
    # entries
    Attack(
        "changing an entry's amount",
        ("UPDATE payouts_entry SET amount_minor = 1 WHERE id = %(entry)s",),
        (off("entry_never_changed", "entry"),),
    ),
    Attack(
        "moving an entry to another account",
        ("UPDATE payouts_entry SET account_id = %(tax)s, position = 99 WHERE id = %(entry)s",),
        (off("entry_never_changed", "entry"),),
    ),
    Attack(
        "changing a running balance",
        ("UPDATE payouts_entry SET balance_after_minor = 0 WHERE id = %(entry)s",),
        (off("entry_never_changed", "entry"),),
    ),
    Attack(
        "deleting an entry", ("DELETE FROM payouts_entry WHERE id = %(entry)s",), (off("entry_never_changed", "entry"),)
    ),
    Attack("emptying the entries", ("TRUNCATE payouts_entry",), (off("entry_never_truncated", "entry"),)),
    Attack(
        "an entry over nothing",
        (*PROPER, enter("bank", 0, position=ahead("bank", "entry_count", 1))),
        (drop("entry_moves_something", "entry"), BALANCES),
    ),
    Attack(
        "an entry in another currency than its account",
        pair("available", "bank", 5, currency="GBP"),
        (drop("payouts_entry_account_same_shop", "entry"), BALANCES),
    ),
    Attack(
        "an entry on another shop's account",
        pair("available", "foreign", 5),
        (drop("payouts_entry_account_same_shop", "entry"), BALANCES, ACCOUNT),
    ),
    Attack(
        "an entry of another shop in this transaction",
        (
            *PROPER[:4],
            enter(
                "foreign",
                5,
                shop="%(other)s",
                position=ahead("foreign", "entry_count", 1),
                after=ahead("foreign", "balance_minor", 5),
            ),
        ),
        (drop("payouts_entry_transaction_same_shop", "entry"), BALANCES, ACCOUNT),
    ),
    Attack(
        "an entry of no transaction",
        (
            enter(
                "bank",
                5,
                transaction="NULL",
                position=ahead("bank", "entry_count", 1),
                after=ahead("bank", "balance_minor", 5),
            ),
        ),
        ("ALTER TABLE payouts_entry ALTER transaction_id DROP NOT NULL", FOLLOWS),
    ),
    Attack(
        "an entry of an unknown part", pair("available", "bank", 5, part="bribe"), (drop("entry_part_known", "entry"),)
    ),
    Attack(
        "an entry at position zero",
        pair("available", "huge", 5, position="0", after="5"),
        (drop("entry_position_from_one", "entry"), FOLLOWS, ACCOUNT),
    ),
    Attack(
        "an entry that leaves a gap",
        pair("available", "bank", 5, position=ahead("bank", "entry_count", 1)),
        (FOLLOWS, BALANCES, ACCOUNT),
    ),
    Attack(
        "an entry at a position that is taken",
        pair("available", "bank", 5, position="1"),
        (drop_index("entry_position_once"), FOLLOWS, ACCOUNT),
    ),
    Attack("an entry with a wrong running balance", pair("available", "bank", 5, after="77"), (FOLLOWS, ACCOUNT)),
    Attack("an amount that no integer holds", pair("available", "bank", 9223372036854775808), (), inherent=True),
    Attack("a balance that no integer holds", pair("bank", "huge", 9223372036854775000), (), inherent=True),
    # accounts
    Attack(
        "entries that the accounts do not count",
        (
            begin(),
            enter(
                "available",
                -5,
                position=ahead("available", "entry_count", 1),
                after=ahead("available", "balance_minor", -5),
            ),
            enter(
                "bank",
                5,
                position=ahead("bank", "entry_count", 1),
                after=ahead("bank", "balance_minor", 5),
            ),
        ),
        (BALANCES,),
    ),
    Attack(
        "a balance out of nothing",
        ("UPDATE payouts_account SET balance_minor = balance_minor + 100000 WHERE id = %(available)s",),
        (ACCOUNT,),
    ),
    Attack(
        "a balance put back to an earlier entry",
        ("UPDATE payouts_account SET balance_minor = 0, entry_count = 0 WHERE id = %(available)s",),
        (ACCOUNT,),
    ),
    Attack(
        "a count out of nothing",
        ("UPDATE payouts_account SET entry_count = entry_count + 1 WHERE id = %(available)s",),
        (ACCOUNT,),
    ),
    Attack(
        "a negative count",
        ("UPDATE payouts_account SET entry_count = -1 WHERE id = %(available)s",),
        (drop("account_entries_counted_up", "account"), ACCOUNT),
    ),
    Attack(
        "more from available than lies on it",
        pair("available", "bank", 100_000),
        (drop("account_not_below_zero", "account"),),
    ),
    Attack(
        "more from the buyers' payments than came in",
        pair("buyers", "bank", 100_000),
        (drop("account_not_below_zero", "account"),),
    ),
    Attack(
        "more commission back than was taken",
        pair("commission", "bank", 100_000),
        (drop("account_not_below_zero", "account"),),
    ),
    Attack(
        "a debt of the marketplace to the seller", pair("bank", "debt", 5), (drop("account_not_above_zero", "account"),)
    ),
    Attack(
        "discounts that earn money", pair("bank", "promotions", 100_000), (drop("account_not_above_zero", "account"),)
    ),
    Attack(
        "deleting an account",
        ("DELETE FROM payouts_account WHERE id = %(fresh)s",),
        (off("account_never_changed", "account"),),
    ),
    Attack(
        "emptying the accounts",
        ("TRUNCATE payouts_account CASCADE",),
        (off("account_never_truncated", "account"), off("entry_never_truncated", "entry")),
    ),
    Attack(
        "making it another kind of account",
        ("UPDATE payouts_account SET kind = 'reserve' WHERE id = %(pounds)s",),
        (off("account_never_changed", "account"),),
    ),
    Attack(
        "making dollars of pounds",
        ("UPDATE payouts_account SET currency = 'EUR' WHERE id = %(pounds)s",),
        (off("account_never_changed", "account"),),
    ),
    Attack(
        "giving an account to another shop",
        ("UPDATE payouts_account SET shop_id = %(other)s WHERE id = %(pounds)s",),
        (off("account_never_changed", "account"),),
    ),
    Attack(
        "an account that begins rich",
        account("available", "EUR", balance=100),
        (off("account_born_empty", "account"),),
    ),
    Attack(
        "a second account of the kind",
        account("available", "USD"),
        (drop("account_once_per_kind_and_currency", "account"),),
    ),
    Attack(
        "an account that is not in the chart",
        account("pocket", "USD"),
        (drop("account_kind_in_chart", "account"),),
    ),
    # the guards themselves
    Attack("switching the guards off", ("ALTER TABLE payouts_entry DISABLE TRIGGER ALL",), (), as_superuser=True),
    Attack(
        "dropping a constraint",
        ("ALTER TABLE payouts_account DROP CONSTRAINT account_not_below_zero",),
        (),
        as_superuser=True,
    ),
    Attack("pretending to be a replica", ("SET LOCAL session_replication_role = replica",), (), as_superuser=True),
]


def change(table: str, what: str, which: str) -> tuple[str, ...]:
    return (f"UPDATE payouts_{table} SET {what} WHERE id = %({which})s",)


def copy(table: str, which: str, **changed: str) -> tuple[str, ...]:
    """Insert a row like another one, with some columns changed."""
    return (f"COPY {table} {which} " + " ".join(f"{name}={value}" for name, value in changed.items()),)


MONEY = [
    Attack(
        "a payout of nothing", change("payout", "amount_minor = 0", "payout"), (drop("payout_above_zero", "payout"),)
    ),
    Attack(
        "a second payout of the payday",
        copy("payout", "payout", code="'TWIN'"),
        (drop("payout_once_per_period", "payout"),),
    ),
    Attack(
        "two payouts of one name",
        copy("payout", "payout", period_on="'2031-01-06'"),
        (drop("payout_code_once", "payout"),),
    ),
    Attack(
        "paying without sending",
        change("payout", "status = 'paid', first_sent_at = now()", "payout"),
        (off("payout_status_moves", "payout"),),
    ),
    Attack(
        "sending what is in no batch",
        change("payout", "status = 'sending', batch_id = NULL, first_sent_at = now()", "payout"),
        (drop("payout_sent_in_a_batch", "payout"),),
    ),
    Attack(
        "holding without a reason",
        change("payout", "status = 'held'", "payout"),
        (drop("payout_held_for_a_reason", "payout"),),
    ),
    Attack(
        "a payout to another shop's account",
        change("payout", "bank_account_id = %(foreign_bank)s", "payout"),
        (drop("payouts_payout_bank_account_same_shop", "payout"),),
    ),
    Attack(
        "a batch released by one person",
        change("payoutbatch", "released_by_id = approved_by_id", "batch"),
        (drop("payout_batch_two_people", "payoutbatch"),),
    ),
    Attack(
        "a batch released by nobody",
        change("payoutbatch", "released_by_id = NULL", "batch"),
        (drop("payout_batch_released_by_somebody", "payoutbatch"),),
    ),
    Attack(
        "a batch taken back",
        change("payoutbatch", "status = 'drafted'", "batch"),
        (off("payout_batch_status_moves", "payoutbatch"),),
    ),
    Attack(
        "a statement that does not add up",
        copy(
            "statement",
            "statement",
            code="'S2'",
            closes_on="'2031-01-06'",
            payout_id="NULL",
            paid_out_minor="0",
            after_position="to_position + 5",
            to_position="to_position + 9",
        ),
        (drop("statement_adds_up", "statement"),),
    ),
    Attack(
        "a cent on two statements",
        copy(
            "statement",
            "statement",
            code="'S2'",
            closes_on="'2031-01-06'",
            payout_id="NULL",
            paid_out_minor="0",
            opening_minor="0",
            movements_minor="0",
            closing_minor="0",
        ),
        (drop("statement_ranges_apart", "statement"),),
    ),
    Attack("changing a statement", change("statement", "closes_on = '2031-01-06'", "statement"), ()),
    Attack(
        "taking more back than was earned",
        change("earning", "taken_minor = net_minor + 1", "earning"),
        (drop("earning_taken_lte_net", "earning"),),
    ),
    Attack(
        "making pending what is available",
        change("earning", "status = 'pending_settlement', settled_at = NULL", "earning"),
        (off("earning_status_moves", "earning"),),
    ),
    Attack(
        "two earnings of one package",
        copy("earning", "earning", status="'pending_settlement'", settled_at="NULL"),
        (drop("earning_once_per_package", "earning"), drop("earning_once_per_package_code", "earning")),
    ),
    Attack(
        "refunding more than was paid",
        change("earningline", "refunded_minor = 1000000", "earning_line"),
        (drop("earning_line_refunded_lte_paid", "earningline"),),
    ),
    Attack(
        "giving back more of a fee than was taken",
        change("feeline", "reversed_minor = amount_minor + 1", "fee"),
        (drop("fee_reversed_lte_taken", "feeline"),),
    ),
    Attack(
        "a fee above its base",
        change("feeline", "amount_minor = base_minor + 1", "fee"),
        (drop("fee_lte_base", "feeline"),),
    ),
    Attack("the same fee twice", copy("feeline", "fee"), (drop("fee_once_per_line_and_kind", "feeline"),)),
]
