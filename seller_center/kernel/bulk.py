"""Many rows in one statement, without an object for each: columns go to the database as arrays."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models


def insert_many(
    model: type[models.Model],
    *,
    same: Mapping[str, Any],
    each: Mapping[str, Sequence[Any]],
    returning: Sequence[str] = (),
) -> list[tuple]:
    """Insert rows in the order given: ``same`` is column → value of them all, ``each`` is column → value of each row.

    Every column must be named that has no default in the database. Returns the columns asked for of each new row; tell
    the rows apart by a key of their own.
    """
    count = len(next(iter(each.values())))
    if not count:
        return []
    fields = {name: _field(model, name) for name in (*same, *each)}
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields.values())
    constants = [f"%s::{_kind(fields[name])}" for name in same]
    fresh = [f"fresh.c{number}::{_kind(fields[name])}" for number, name in enumerate(each)]
    unnested = ", ".join(f"%s::{_landed(fields[name])}[]" for name in each)
    columns = ", ".join(f"c{number}" for number in range(len(each)))
    told = f" RETURNING {', '.join(map(connection.ops.quote_name, returning))}" if returning else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({names})"  # noqa: S608 (own names)
            f" SELECT {', '.join([*constants, *fresh])} FROM unnest({unnested}) WITH ORDINALITY AS fresh ({columns}, place)"
            f" ORDER BY place{told}",
            [
                *(_adapted(fields[name], value) for name, value in same.items()),
                *([_adapted(fields[name], value) for value in values] for name, values in each.items()),
            ],
        )
        return cursor.fetchall() if returning else []


def update_many(
    model: type[models.Model], shop_id: int, values: Mapping[int, Mapping[str, Any]], columns: Iterable[str]
) -> int:
    """Give rows of one shop (key → values) new values in one UPDATE over arrays. Returns how many were changed."""
    if not values:
        return 0
    columns = list(columns)
    fields = [_field(model, name) for name in columns]
    names = [connection.ops.quote_name(field.column) for field in fields]
    keys = sorted(values)
    arrays = [[values[key][name] for key in keys] for name in columns]
    sets = ", ".join(f"{name} = fresh.{name}" for name in names)
    unnested = ", ".join(f"%s::{kind}[]" for kind in ["bigint", *map(_kind, fields)])
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {connection.ops.quote_name(model._meta.db_table)} AS old SET {sets}"  # noqa: S608 (own names)
            f" FROM unnest({unnested}) AS fresh (id, {', '.join(names)})"
            " WHERE old.shop_id = %s AND old.id = fresh.id",
            [keys, *arrays, shop_id],
        )
        return cursor.rowcount


def _field(model: type[models.Model], name: str) -> Any:
    return model._meta.get_field(name.removesuffix("_id"))


def _kind(field: Any) -> str:
    """The type of its column."""
    return field.rel_db_type(connection) if field.is_relation else field.db_type(connection)


def _landed(field: Any) -> str:
    """The type as which a value travels inside of an array: arrays and JSON as their texts."""
    return "text" if isinstance(field, (ArrayField, models.JSONField)) else _kind(field)


def _adapted(field: Any, value: Any) -> Any:
    if isinstance(field, models.JSONField):
        return json.dumps(value)
    if isinstance(field, ArrayField):
        return _array_text(value)
    return value


def _array_text(values: Iterable[str]) -> str:
    """Texts as PostgreSQL reads an array of them."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"
