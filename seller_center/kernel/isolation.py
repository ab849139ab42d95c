"""READ COMMITTED with explicit guards everywhere, and one snapshot for the reports that need it (DEC1).

Raising the isolation level does not replace a guard: a transaction in REPEATABLE READ that locks a row and then adds up
others adds up what stood there before it waited. So a connection refuses every statement that names an isolation level,
and a report that must see one moment asks here: ``with snapshot("prove"): …``, read-only.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

#: The jobs that read one moment of the whole database. They write nothing.
REPORTS = ("prove",)
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"


class IsolationRefused(RuntimeError):
    """A statement named an isolation level. Not a refusal for the screen: a mistake in the program."""


def guard(connection: BaseDatabaseWrapper) -> None:
    """Let this connection refuse isolation levels from now on; the roof says so of each new one."""
    if connection.vendor == "postgresql" and refuse_isolation not in connection.execute_wrappers:
        connection.execute_wrappers.append(refuse_isolation)


def refuse_isolation(execute: Any, sql: Any, params: Any, many: bool, context: dict) -> Any:
    """Django's hook around every statement: what names an isolation level does not reach the database."""
    text = sql if isinstance(sql, str) else str(sql)
    if ("solation" in text or "SOLATION" in text) and sql is not _SNAPSHOT and names_isolation(text):
        raise IsolationRefused(f"isolation levels are for the listed reports only (DEC1): {text[:100]}")
    return execute(sql, params, many, context)


def names_isolation(text: str) -> bool:
    """Whether a statement would set an isolation level: in SQL's words or by the name of the setting."""
    words = " ".join(text.upper().replace("_", " ").split())
    return "ISOLATION LEVEL" in words or "TRANSACTION ISOLATION" in words


@contextmanager
def snapshot(report: str, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """One read-only look at the database for a listed report: what happens meanwhile is not seen.

    Inside a transaction that is open already (a test's) it is an ordinary block.
    """
    if report not in REPORTS:
        raise IsolationRefused(f"{report!r} is not among the reports that may read a snapshot: {', '.join(REPORTS)}")
    connection = connections[using]
    outermost = not connection.in_atomic_block
    with transaction.atomic(using=using):
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute(_SNAPSHOT)
        yield
