"""Postings of many shops at once, in set-based SQL: what ``ledger.post`` does for one event, for a whole batch.

The caller gives a SELECT of lines; positions and running balances are counted by window functions, balances written by
one UPDATE per account kind in the order of the chart (DEC4, DEC8). No ``FOR UPDATE`` spans shops, so that the
statements stay possible on a distributed database; two such batches keep apart by an advisory lock.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection

from payouts.models import AccountKind, TransactionKind
from seller_center.kernel.locking import LockKind, advisory_lock

#: What the caller's SELECT gives: one row per entry. ``place`` orders the entries of one transaction.
COLUMNS = "shop_id, currency, source_code, step, order_id, account_kind, amount_minor, part, place"


def alone() -> None:
    """Keep two batches that post for many shops apart until the transaction ends."""
    advisory_lock(LockKind.PAYOUT_BATCH, 0)


def hold(kind: AccountKind, shop_ids: Sequence[int]) -> None:
    """Lock one kind of account of these shops, by an UPDATE that changes nothing. Call it in the order of the chart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE payouts_account SET entry_count = entry_count WHERE kind = %s AND shop_id = ANY(%s)",
            [kind.value, list(shop_ids)],
        )


def temporary(name: str, definition: str) -> None:
    """A table of this transaction only."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({definition}) ON COMMIT DROP")


def post_many(
    *,
    kind: TransactionKind,
    source_kind: str,
    lines_sql: str,
    params: Sequence[Any],
    at: dt.datetime,
    by=None,
) -> int:
    """Write the postings that ``lines_sql`` (giving ``COLUMNS``) describes; how many transactions are new.

    Events that have their posting already are left out. Needs a transaction; raises ``IntegrityError`` where an account
    would fall below zero: callers decide amounts after ``hold``.
    """
    temporary(
        "ledger_lines",
        "shop_id bigint, currency text, source_code text, step int, order_id bigint, account_kind text,"
        " amount_minor bigint, part text, place int",
    )
    temporary("ledger_fresh", "id bigint, shop_id bigint, source_code text, step int")
    temporary(
        "ledger_moved",
        "id bigint, shop_id bigint, currency text, kind text, balance_before bigint, count_before bigint",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO ledger_lines ({COLUMNS}) SELECT {COLUMNS} FROM ({lines_sql}) AS given"  # noqa: S608
            " WHERE amount_minor <> 0",
            list(params),
        )
        cursor.execute("ANALYZE ledger_lines")
        fresh = _insert_transactions(cursor, kind, source_kind, at, by)
        if fresh:
            cursor.execute("ANALYZE ledger_fresh")
            for account_kind in AccountKind.values:
                _move_balances(cursor, account_kind)
            _insert_entries(cursor)
    return fresh


def _insert_transactions(cursor: Any, kind: str, source_kind: str, at: dt.datetime, by: Any) -> int:
    cursor.execute(
        """
        WITH fresh AS (
            INSERT INTO payouts_transaction (shop_id, kind, source_kind, source_code, step, order_id, at, by_id)
            SELECT shop_id, %s, %s, source_code, step, min(order_id), %s, %s
            FROM ledger_lines GROUP BY shop_id, source_code, step ORDER BY shop_id, source_code, step
            ON CONFLICT (shop_id, kind, source_kind, source_code, step) DO NOTHING
            RETURNING id, shop_id, source_code, step
        )
        INSERT INTO ledger_fresh SELECT id, shop_id, source_code, step FROM fresh
        """,
        [kind, source_kind, at, getattr(by, "pk", None)],
    )
    return cursor.rowcount


def _move_balances(cursor: Any, account_kind: str) -> None:
    cursor.execute(
        """
        WITH sums AS (
            SELECT l.shop_id, l.currency, sum(l.amount_minor)::bigint AS total, count(*) AS entries
            FROM ledger_lines l JOIN ledger_fresh f USING (shop_id, source_code, step)
            WHERE l.account_kind = %s
            GROUP BY l.shop_id, l.currency
        ), moved AS (
            UPDATE payouts_account a
            SET balance_minor = a.balance_minor + sums.total, entry_count = a.entry_count + sums.entries
            FROM sums
            WHERE a.shop_id = sums.shop_id AND a.currency = sums.currency AND a.kind = %s
            RETURNING a.id, a.shop_id, a.currency, a.kind,
                a.balance_minor - sums.total AS balance_before, a.entry_count - sums.entries AS count_before
        )
        INSERT INTO ledger_moved SELECT id, shop_id, currency, kind, balance_before, count_before FROM moved
        """,
        [account_kind, account_kind],
    )


def _insert_entries(cursor: Any) -> None:
    cursor.execute(
        """
        INSERT INTO payouts_entry
            (shop_id, transaction_id, account_id, currency, amount_minor, part, position, balance_after_minor)
        SELECT l.shop_id, f.id, m.id, l.currency, l.amount_minor, l.part,
            m.count_before + row_number() OVER account_entries,
            m.balance_before + (sum(l.amount_minor) OVER account_entries)::bigint
        FROM ledger_lines l
        JOIN ledger_fresh f USING (shop_id, source_code, step)
        JOIN ledger_moved m ON m.shop_id = l.shop_id AND m.currency = l.currency AND m.kind = l.account_kind
        WINDOW account_entries AS (PARTITION BY m.id ORDER BY f.id, l.place ROWS UNBOUNDED PRECEDING)
        """
    )
