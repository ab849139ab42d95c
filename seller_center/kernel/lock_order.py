"""The test wrapper for the one order of locks: records what each transaction locks and fails on an inversion.

    with LockOrder():
        fulfilment.mark_shipped(…)

Judged are the tables of `locking.LOCK_ORDER`: a later table before an earlier one, primary keys of one table out of
order, and a locking SELECT of several rows without ORDER BY its primary key.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from .locking import LOCK_ORDER

_LOCKING_SELECT = re.compile(r'\bSELECT\b.*?\bFROM "(?P<table>[^"]+)".*\bFOR (?:NO KEY )?UPDATE\b', re.S | re.I)
_UPDATE = re.compile(r'\bUPDATE "(?P<table>[^"]+)"\s+SET\b', re.I)
_ADVISORY = re.compile(r"\bpg_(?:try_)?advisory_xact_lock\b", re.I)
_BY_KEY = re.compile(r'"id" = (?:%s|(?P<literal>\d+))', re.I)
_ENDED = re.compile(r"^\s*(?:RELEASE|ROLLBACK TO) SAVEPOINT\b", re.I)


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock as asked for: the table (or `advisory`) and the primary key, if the statement names one."""

    table: str
    key: int | None = None


class LockOrderViolation(AssertionError):
    """A transaction asked for locks in an order that another may ask for the other way round."""


class LockOrder:
    """Context manager; `transactions` lists the locks of every transaction seen. Raises at the offending statement.

    In a test that runs inside a transaction of its own (`db`), each outermost atomic block of the code under test
    counts as a transaction.
    """

    def __init__(self, order: Sequence[str] = LOCK_ORDER, *, using: str = DEFAULT_DB_ALIAS) -> None:
        self.rank = {table: place for place, table in enumerate(order)}
        self.connection = connections[using]
        self.transactions: list[list[Lock]] = []
        self._open = False

    def __enter__(self) -> "LockOrder":
        self._base = len(self.connection.savepoint_ids)
        self._hook = self.connection.execute_wrapper(self._watch)
        self._hook.__enter__()
        self._endings = {name: getattr(self.connection, name) for name in ("commit", "rollback")}
        for name, ending in self._endings.items():
            setattr(self.connection, name, self._ending(ending))
        return self

    def __exit__(self, *failure: Any) -> None:
        for name in self._endings:
            delattr(self.connection, name)
        self._hook.__exit__(*failure)

    def _ending(self, ending: Any) -> Any:
        def end() -> None:
            self._open = False
            ending()

        return end

    def _watch(self, execute: Any, sql: Any, params: Any, many: bool, context: dict) -> Any:
        statement = sql.decode() if isinstance(sql, bytes) else str(sql)
        if _ENDED.search(statement):
            # Django has taken the savepoint off its list by now: as deep as at the start means that the deed is over.
            self._open = self._open and len(self.connection.savepoint_ids) > self._base
        elif lock := _lock_of(statement, params):
            self._record(lock, statement)
        return execute(sql, params, many, context)

    def _record(self, lock: Lock, statement: str) -> None:
        if not self._open:
            self.transactions.append([])
        self._open = self.connection.in_atomic_block
        held = self.transactions[-1]
        self._judge(held, lock, statement)
        held.append(lock)

    def _judge(self, held: list[Lock], lock: Lock, statement: str) -> None:
        if lock.table not in self.rank or lock in held:
            return
        for earlier in held:
            if self.rank.get(earlier.table, -1) > self.rank[lock.table]:
                raise LockOrderViolation(f"{lock.table} is locked after {earlier.table}: {statement}")
            same = earlier.table == lock.table != "advisory"
            if same and earlier.key is not None and lock.key is not None and earlier.key > lock.key:
                raise LockOrderViolation(f"{lock.table} {lock.key} is locked after {earlier.key}")
        ordered = re.search(rf'ORDER BY "{re.escape(lock.table)}"\."id" ASC', statement)
        if lock.key is None and "FOR " in statement and lock.table != "advisory" and not ordered:
            raise LockOrderViolation(f"rows of {lock.table} are locked in no order: {statement}")


def _lock_of(statement: str, params: Any) -> Lock | None:
    if _ADVISORY.search(statement):
        return Lock("advisory")
    found = _LOCKING_SELECT.search(statement) or _UPDATE.search(statement)
    return Lock(found["table"], _key(statement, found["table"], params)) if found else None


def _key(statement: str, table: str, params: Any) -> int | None:
    """The primary key that the WHERE names, if it names one."""
    place = statement.upper().rfind(" WHERE ")
    by_key = re.compile(rf'"{re.escape(table)}"\.{_BY_KEY.pattern}', re.I).search(statement, max(place, 0))
    if place < 0 or by_key is None:
        return None
    if by_key["literal"]:
        return int(by_key["literal"])
    value = (params or ())[statement[: by_key.start()].count("%s")]
    return value if isinstance(value, int) else None
