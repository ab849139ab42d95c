"""Loading many rows as the owner: triggers off, foreign keys and indexes dropped and built anew, defaults of models."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import NOT_PROVIDED, Field, Model

#: Rows may be loaded into every table of these apps.
FLOORS = settings.FLOORS


#: Of the load's transaction. Two workers build an index; a sort in memory is worth its size.
SETTINGS = (
    "maintenance_work_mem = '512MB'",
    "max_parallel_maintenance_workers = 2",
    "work_mem = '128MB'",
    "temp_buffers = '256MB'",
    "synchronous_commit = off",
)


def tables() -> list[str]:
    """The tables of all floors."""
    found = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in FLOORS and model._meta.managed and not model._meta.proxy
    }
    return sorted(found)


class Loaded:
    """What was loaded: rows by table."""

    def counts(self) -> dict[str, int]:
        counted = {}
        with connection.cursor() as cursor:
            for table in tables():
                cursor.execute(f'SELECT count(*) FROM "{table}"')
                counted[table] = cursor.fetchone()[0]
        return {table: number for table, number in counted.items() if number}


@contextmanager
def bulk_load(step: Callable[[str], None]) -> Iterator[Loaded]:
    """Within it rows go in quickly; at its end everything is as it was, and PostgreSQL has validated every key.

    Needs a transaction of the tables' owner. CHECKs hold throughout; uniqueness and keys are proved at the end.
    """
    names = tables()
    with connection.cursor() as cursor:
        for setting in SETTINGS:
            cursor.execute(f"SET LOCAL {setting}")
        keys, unique, indexes = _foreign_keys(cursor, names), _unique(cursor, names), _indexes(cursor, names)
        for table, name, _definition in (*keys, *unique):
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        for table in names:
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        _begin_empty(cursor, names)
    yield Loaded()
    with connection.cursor() as cursor:
        for table in names:
            cursor.execute(f'ANALYZE "{table}"')
        for table, name, definition in unique:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        for _name, definition in indexes:
            cursor.execute(definition)
        _move_sequences(cursor, names)
        step("indexes built")
        for table, name, definition in keys:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        step("foreign keys validated")
        for table in names:
            cursor.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


def _begin_empty(cursor: Any, names: Sequence[str]) -> None:
    """Give tables without rows new files: a server with ``wal_level=minimal`` then writes no log of what comes in."""
    cursor.execute(
        "SELECT relname FROM pg_class WHERE oid = ANY(%(names)s::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint"
        " WHERE contype = 'f' AND confrelid = pg_class.oid AND conrelid <> ALL(%(names)s::regclass[]))",
        {"names": list(names)},
    )
    for (table,) in cursor.fetchall():
        cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
        if not cursor.fetchone()[0]:
            cursor.execute(f'TRUNCATE "{table}"')


def _foreign_keys(cursor: Any, names: Sequence[str]) -> list[tuple[str, str, str]]:
    cursor.execute(
        """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'f' AND conrelid = ANY(%s::regclass[]) ORDER BY 1, 2
        """,
        [list(names)],
    )
    return cursor.fetchall()


def _unique(cursor: Any, names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Primary keys and unique constraints, but of tables to which others point that are not ours to load."""
    cursor.execute(
        """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype IN ('p', 'u') AND conrelid = ANY(%(names)s::regclass[])
            AND conrelid NOT IN (SELECT confrelid FROM pg_constraint
                WHERE contype = 'f' AND conrelid <> ALL(%(names)s::regclass[]))
        ORDER BY contype, 1, 2
        """,
        {"names": list(names)},
    )
    return cursor.fetchall()


def _indexes(cursor: Any, names: Sequence[str]) -> list[tuple[str, str]]:
    """Those that belong to no constraint."""
    cursor.execute(
        """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid = ANY(%s::regclass[])
            AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
        ORDER BY 1
        """,
        [list(names)],
    )
    return cursor.fetchall()


def _move_sequences(cursor: Any, names: Sequence[str]) -> None:
    """Keys were given by us: the next one that PostgreSQL gives must be a new one."""
    cursor.execute(
        "SELECT name FROM unnest(%s::text[]) AS name WHERE EXISTS (SELECT FROM pg_attribute"
        " WHERE attrelid = name::regclass AND attname = 'id' AND attidentity <> '')",
        [list(names)],
    )
    for (table,) in cursor.fetchall():
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(max(id), 1), max(id) IS NOT NULL)"
            f' FROM "{table}"'
        )


def insert(model: type[Model], values: Mapping[str, str], source: str, params: Mapping[str, Any] | None = None) -> int:
    """INSERT … SELECT: column → SQL expression, from ``source`` (what follows FROM). Other columns take their default.

    Returns how many rows.
    """
    columns, expressions, given = [], [], dict(params or {})
    known = {field.column for field in model._meta.concrete_fields}
    if unknown := set(values) - known:
        raise TypeError(f"{model.__name__} has no column {min(unknown)}.")
    for field in model._meta.concrete_fields:
        if field.column in values:
            expressions.append(values[field.column])
        elif field.primary_key or field.generated or field.db_default is not NOT_PROVIDED or not _must(field):
            continue
        else:
            given[f"default_{field.column}"] = field.get_db_prep_save(field.get_default(), connection)
            expressions.append(f"%(default_{field.column})s")
        columns.append(f'"{field.column}"')
    statement = (
        f'INSERT INTO "{model._meta.db_table}" ({", ".join(columns)}) SELECT {", ".join(expressions)} FROM {source}'
    )
    return run(statement, given)


def _must(field: Field) -> bool:
    """Does the table want a value where none is given?"""
    return not field.null or field.has_default()


def run(statement: str, params: Mapping[str, Any] | None = None) -> int:
    """One statement; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params or {})
        return cursor.rowcount


def analyze(connection: Any) -> None:
    """Visibility and statistics, as autovacuum would have made them by and by. Outside a transaction."""
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        for table in tables():
            cursor.execute(f'VACUUM (ANALYZE) "{table}"')
