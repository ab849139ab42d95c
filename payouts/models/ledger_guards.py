"""What PostgreSQL itself refuses in the ledger, whoever asks; ``docs/mechanisms/ledger.md`` gives the reasons.

* a transaction with fewer than two entries, or whose entries do not sum to zero per currency (checked at commit);
* an entry added to a transaction of an earlier database transaction (the seal);
* an entry whose position or running balance does not follow the account's entry before it;
* an account whose balance or count is not that of its newest entry, and entries the account does not count (at commit);
* any UPDATE, DELETE or TRUNCATE of transactions and entries; deleting or renaming an account.

The messages carry SQLSTATE 23514, so that Django raises ``IntegrityError`` as for a CHECK.
"""

from typing import Any

import pgtrigger
from django.db import models
from django.db.models import Func

from seller_center.kernel.tenancy import TenantFK


class XidField(models.Field):
    """PostgreSQL's ``xid8``: the number of a database transaction, never used again. Read as text."""

    description = "Number of a database transaction"

    def db_type(self, connection: Any) -> str:
        return "xid8"


class CurrentXid(Func):
    """The number of the database transaction we are in."""

    function = "pg_current_xact_id"
    output_field = XidField()
    arity = 0


class SameCurrencyFK(TenantFK):
    """A tenant key that carries the currency: an entry in dollars cannot lie on an account in pounds."""

    def _statement(self, model: type[models.Model], schema_editor: Any) -> Any:
        statement = super()._statement(model, schema_editor)
        reference = model._meta.get_field(self.field)
        target = reference.remote_field.model
        statement.parts["columns"].columns.append(model._meta.get_field("currency").column)
        statement.parts["to_columns"].columns.append(target._meta.get_field("currency").column)
        return statement


def _refuse(constraint: str, message: str, *values: str) -> str:
    """The statement that refuses in the name of a constraint; each ``%s`` of the message is one of ``values``."""
    text = f"format('{message}', {', '.join(values)})" if values else f"'{message}'"
    where = f"CONSTRAINT = '{constraint}', TABLE = TG_TABLE_NAME"
    return f"RAISE EXCEPTION USING ERRCODE = '23514', {where}, MESSAGE = {text};"


def _never(name: str, operation: Any) -> list[pgtrigger.Trigger]:
    """Rows that are only ever added."""
    return [
        pgtrigger.Protect(name=f"{name}_never_changed", operation=operation),
        pgtrigger.Trigger(
            name=f"{name}_never_truncated",
            operation=pgtrigger.Truncate,
            when=pgtrigger.Before,
            level=pgtrigger.Statement,
            func=_refuse(f"{name}_never_truncated", "the ledger only grows"),
        ),
    ]


_NOT_EMPTY = _refuse("account_born_empty", "an account begins empty")
_OFF_ITS_ENTRY = _refuse(
    "account_follows_entries",
    "account %s stands at %s, its entry %s at %s",
    "NEW.id",
    "now_balance",
    "now_count",
    "entry_balance",
)
_UNBALANCED = _refuse(
    "transaction_balances", "transaction %s has %s entries and does not sum to zero", "NEW.id", "entries"
)
_UNCOUNTED = _refuse("account_follows_entries", "transaction %s has entries that their accounts do not count", "NEW.id")
_SEALED = _refuse("transaction_sealed", "a transaction takes no entries after it was committed")
_OUT_OF_LINE = _refuse("entry_follows", "an entry does not follow the one before it on its account")

ACCOUNT_GUARDS = [
    *_never("account", pgtrigger.Delete | pgtrigger.UpdateOf("shop_id", "kind", "currency")),
    pgtrigger.Trigger(
        name="account_born_empty",
        operation=pgtrigger.Insert,
        when=pgtrigger.Before,
        func=f"""
            IF NEW.balance_minor <> 0 OR NEW.entry_count <> 0 THEN
                {_NOT_EMPTY}
            END IF;
            RETURN NEW;
        """,
    ),
    # At commit, so that the account may be written before or after its entries.
    pgtrigger.Trigger(
        name="account_follows_entries",
        operation=pgtrigger.UpdateOf("balance_minor", "entry_count"),
        when=pgtrigger.After,
        timing=pgtrigger.Deferred,
        condition=pgtrigger.Condition("OLD.* IS DISTINCT FROM NEW.*"),
        declare=[("now_count", "bigint"), ("now_balance", "bigint"), ("entry_balance", "bigint")],
        func=f"""
            SELECT entry_count, balance_minor INTO now_count, now_balance
            FROM payouts_account WHERE shop_id = NEW.shop_id AND id = NEW.id;
            SELECT balance_after_minor INTO entry_balance
            FROM payouts_entry WHERE shop_id = NEW.shop_id AND account_id = NEW.id AND position = now_count;
            IF entry_balance IS DISTINCT FROM now_balance THEN
                {_OFF_ITS_ENTRY}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - constants only
    ),
]

TRANSACTION_GUARDS = [
    *_never("transaction", pgtrigger.Update | pgtrigger.Delete),
    pgtrigger.Trigger(
        name="transaction_sealed",
        operation=pgtrigger.Insert,
        when=pgtrigger.Before,
        func="NEW.created_xid := pg_current_xact_id(); RETURN NEW;",
    ),
    # At commit: all entries are there by then.
    pgtrigger.Trigger(
        name="transaction_balances",
        operation=pgtrigger.Insert,
        when=pgtrigger.After,
        timing=pgtrigger.Deferred,
        declare=[("entries", "bigint"), ("off", "bigint"), ("uncounted", "bigint")],
        func=f"""
            SELECT coalesce(sum(n), 0), count(*) FILTER (WHERE total <> 0), coalesce(sum(ahead), 0)
            INTO entries, off, uncounted
            FROM (
                SELECT count(*) AS n, sum(e.amount_minor) AS total,
                       count(*) FILTER (WHERE e.position > a.entry_count) AS ahead
                FROM payouts_entry e
                JOIN payouts_account a ON a.shop_id = e.shop_id AND a.id = e.account_id
                WHERE e.shop_id = NEW.shop_id AND e.transaction_id = NEW.id
                GROUP BY e.currency
            ) AS sums;
            IF entries < 2 OR off > 0 THEN
                {_UNBALANCED}
            END IF;
            IF uncounted > 0 THEN
                {_UNCOUNTED}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - constants only
    ),
]

ENTRY_GUARDS = [
    *_never("entry", pgtrigger.Update | pgtrigger.Delete),
    # Per statement, so that a million entries cost one look.
    pgtrigger.Trigger(
        name="entry_follows",
        operation=pgtrigger.Insert,
        when=pgtrigger.After,
        level=pgtrigger.Statement,
        referencing=pgtrigger.Referencing(new="fresh"),
        func=f"""
            IF EXISTS (
                SELECT FROM fresh f
                JOIN payouts_transaction t ON t.shop_id = f.shop_id AND t.id = f.transaction_id
                WHERE t.created_xid <> pg_current_xact_id()
            ) THEN
                {_SEALED}
            END IF;
            IF EXISTS (
                SELECT FROM fresh f
                LEFT JOIN payouts_entry before ON before.shop_id = f.shop_id
                    AND before.account_id = f.account_id AND before.position = f.position - 1
                WHERE f.balance_after_minor IS DISTINCT FROM
                    CASE WHEN f.position = 1 THEN 0 ELSE before.balance_after_minor END + f.amount_minor
            ) THEN
                {_OUT_OF_LINE}
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - constants only
    ),
]
