"""Locks in one order: advisory → order → coupon → stock by primary key → account by primary key.

Only transaction-scoped locks, so that nothing survives a commit and a pooler in transaction mode is welcome.
`lock_order.LockOrder` is the test wrapper that records what each transaction locks and fails on an inversion.
"""

import hashlib
from collections.abc import Sequence
from enum import IntEnum, unique
from typing import Any, cast

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.transaction import TransactionManagementError
from django.utils.translation import gettext_lazy as _

from .errors import Stale


@unique
class LockKind(IntEnum):
    """The permanent registry of advisory locks. Append; never renumber, never use a number again."""

    CLOCK = 1
    TICK = 2
    BATCH_RUN = 3
    EVENT_SEAL = 4
    DEMO = 5
    PAYOUT_BATCH = 6
    KEY_ROTATION = 7
    IMPORT_RUN = 8
    CODE_ISSUE = 9
    ORDER_BOOKS = 10
    LISTING = 11
    ORDER_CAP = 12


#: DEC4: tables in the order in which a transaction locks them. Names only; unlisted tables are not judged.
LOCK_ORDER: tuple[str, ...] = (
    "advisory",
    "orders_order",
    "marketing_coupon",
    "catalog_stockitem",
    "payouts_account",
)


def lock_rows[ModelT: models.Model](rows: "models.QuerySet[ModelT]", *, skip_locked: bool = False) -> list[ModelT]:
    """Lock the rows in primary key order and return them as they stand now. Needs a transaction.

    FOR NO KEY UPDATE, so that inserts of referring rows do not wait; only the rows of the set's own table are locked,
    whatever it joins. Rows deleted meanwhile, or that no longer match, are not in the list.
    """
    _need_transaction(rows.db)
    return list(rows.order_by("pk").select_for_update(no_key=True, of=("self",), skip_locked=skip_locked))


def lock_row[ModelT: models.Model](rows: "models.QuerySet[ModelT]") -> ModelT:
    """Lock the one row of the set and return it; raises the model's DoesNotExist or MultipleObjectsReturned."""
    found, model = lock_rows(rows), cast(Any, rows.model)
    if not found:
        raise model.DoesNotExist(f"no {model._meta.object_name} to lock")
    if len(found) > 1:
        raise model.MultipleObjectsReturned(f"{len(found)} rows where one was to be locked")
    return found[0]


def advisory_lock(kind: LockKind | str, *keys: int, using: str = DEFAULT_DB_ALIAS) -> None:
    """Wait for the lock of `kind` on `keys` and hold it until the transaction ends. Needs a transaction."""
    _advisory("pg_advisory_xact_lock", kind, keys, using)


def try_advisory_lock(kind: LockKind | str, *keys: int, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Take the lock if it is free, without waiting; whether it was taken. Needs a transaction."""
    return _advisory("pg_try_advisory_xact_lock", kind, keys, using)


def must_update_one(count: int, message: Any = None) -> None:
    """Raise `Stale` unless a conditional UPDATE changed exactly one row: `must_update_one(qs.update(…), "…")`."""
    if count > 1:
        raise AssertionError(f"a conditional write meant for one row changed {count}")
    if count == 0:
        raise Stale(message or _("Somebody else was faster; this has changed in the meantime."))


def _need_transaction(using: str) -> None:
    if not connections[using].in_atomic_block:
        raise TransactionManagementError("a lock outside a transaction protects nothing")


def _advisory(function: str, kind: LockKind | str, keys: Sequence[int], using: str) -> Any:
    _need_transaction(using)
    kind = LockKind[kind.upper()] if isinstance(kind, str) else LockKind(kind)
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [int(kind), advisory_number(keys)])
        return cursor.fetchone()[0]


def advisory_number(keys: Sequence[int]) -> int:
    """The 32-bit number of some keys. Two sets of keys may share one, which costs a wait and nothing else."""
    if len(keys) == 1 and -(2**31) <= keys[0] < 2**31:
        return keys[0]
    digest = hashlib.blake2b(",".join(str(int(key)) for key in keys).encode(), digest_size=4).digest()
    return int.from_bytes(digest, signed=True)
