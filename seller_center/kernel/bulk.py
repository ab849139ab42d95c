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
    key: Sequence[str] = (),
    once: Sequence[str] = (),
    returning: Sequence[str] = (),
) -> list[tuple]:
    """Insert rows in the order given: ``same`` is column → value of them all, ``each`` is column → value of each row.

    Every column must be named that has no default in the database. With a unique ``key``, a row that is there already
    gets the new values, and is left alone where those of ``each`` are what it has; with such a key as ``once`` it is left
    alone whatever they are. Returns the columns asked for of each row that was written; tell the rows apart by a key of
    their own.
    """
    if not next(iter(each.values())):
        return []
    fields = {name: _field(model, name) for name in (*same, *each)}
    quoted = {name: connection.ops.quote_name(field.column) for name, field in fields.items()}
    constants = [f"%s::{_kind(fields[name])}" for name in same]
    fresh = [f"fresh.c{number}::{_kind(fields[name])}" for number, name in enumerate(each)]
    columns = ", ".join(f"c{number}" for number in range(len(each)))
    table = connection.ops.quote_name(model._meta.db_table)
    sql = (
        f"INSERT INTO {table} AS old ({', '.join(quoted.values())})"  # noqa: S608 (own names)
        f" SELECT {', '.join([*constants, *fresh])}"
        f" FROM unnest({', '.join(_landing(fields[name]) for name in each)}) WITH ORDINALITY AS fresh ({columns}, place)"
        " ORDER BY place"
    )
    if key:
        sql += _instead([quoted[name] for name in key], list(quoted.values()), [quoted[name] for name in each])
    elif once:
        sql += f" ON CONFLICT ({', '.join(quoted[name] for name in once)}) DO NOTHING"
    if returning:
        sql += f" RETURNING {', '.join(map(connection.ops.quote_name, returning))}"
    values = [
        json.dumps(value) if isinstance(fields[name], models.JSONField) else value for name, value in same.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, *(_array(fields[name], values) for name, values in each.items())])
        return cursor.fetchall() if returning else []


def _instead(key: list[str], columns: list[str], told: list[str]) -> str:
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    before, after = (", ".join(f"{side}.{name}" for name in told if name not in key) for side in ("old", "excluded"))
    return f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sets} WHERE ({before}) IS DISTINCT FROM ({after})"


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


def _landing(field: Any) -> str:
    """Where a column's values arrive: arrays inside of the array as their texts, JSON as one list."""
    if isinstance(field, models.JSONField):
        return "ARRAY(SELECT value FROM jsonb_array_elements(%s::jsonb))"
    return "%s::text[]" if isinstance(field, ArrayField) else f"%s::{_kind(field)}[]"


def _array(field: Any, values: Sequence[Any]) -> Any:
    """Values of a column as PostgreSQL reads a list of them. A text costs a tenth of what the driver takes for a list."""
    if isinstance(field, models.JSONField):
        return json.dumps(list(values))
    if isinstance(field, ArrayField):
        return array_of([array_of(value) for value in values])
    if isinstance(field, (models.CharField, models.TextField)):
        return array_of(values)
    if isinstance(field, (models.IntegerField, models.ForeignKey)):
        return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"
    return list(values)


def array_of(texts: Sequence[str]) -> str:
    """Texts as PostgreSQL reads an array of them."""
    if not texts:
        return "{}"
    together = "".join(texts)
    if '"' in together or "\\" in together:
        texts = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return '{"' + '","'.join(texts) + '"}'
