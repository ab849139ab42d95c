"""Rows in memory that go into PostgreSQL by COPY: a table at a time instead of a verb at a time, history included.

``change`` does what the history triggers would have done; the triggers themselves are off while the rows go in, so that
a row may arrive in the state in which its story left it. Who loads answers for the rows (``manage.py prove``).
"""

import contextlib
import datetime as dt
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import environ
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections, models
from django.db.models.fields import NOT_PROVIDED

from seller_center import roles

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _plain(value: Any) -> str:
    """A cell of COPY: text, number, moment or nothing."""
    if value is None:
        return "\\N"
    kind = type(value)
    if kind is str:
        if "\\" in value or "\n" in value or "\t" in value or "\r" in value:
            return value.translate(_ESCAPES)
        return value
    if kind is dt.datetime or kind is dt.date:
        return value.isoformat()
    return "t" if value is True else "f" if value is False else str(value)


def _document(value: Any) -> str:
    return "\\N" if value is None else json.dumps(value).translate(_ESCAPES)


def _array(value: Any) -> str:
    return "\\N" if value is None else "{" + ",".join(map(str, value)) + "}"


def _writer_of(field: models.Field) -> Callable[[Any], str]:
    if isinstance(field, models.JSONField):
        return _document
    return _array if isinstance(field, ArrayField) else _plain


class Row:
    """One row: its values by column attribute, and whether PostgreSQL has it already."""

    __slots__ = ("changed", "model", "there", "values")

    def __init__(self, model: type[models.Model], values: dict[str, Any], *, there: bool) -> None:
        self.model, self.values, self.there = model, values, there
        self.changed: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def id(self) -> int:
        return self.values["id"]


class _Table:
    """What is known of a model's table: its columns, the defaults of a new row, the table of its history."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.fields = [f for f in model._meta.concrete_fields if not f.generated and f.db_default is NOT_PROVIDED]
        self.key = model._meta.pk.attname
        self.columns = [f for f in self.fields if f.attname != "pgh_id"]
        self.cells = [(f.attname, _writer_of(f)) for f in self.columns]
        self.fixed: dict[str, Any] = {}
        self.made: dict[str, Any] = {}
        for field in self.columns:
            if field.has_default() and callable(field.default):
                self.made[field.attname] = field.default
            else:
                self.fixed[field.attname] = field.get_default()
        event = getattr(model, "pgh_event_model", None)
        self.history: type[models.Model] | None = event
        self.kept = [] if event is None else [f.attname for f in event._meta.concrete_fields]
        self.kept = [name for name in self.kept if not name.startswith("pgh_")]
        self.new: list[Row] = []
        self.last = 0

    def text(self, row: Row) -> str:
        """The row as a line of COPY."""
        values = row.values
        return "\t".join([write(values[name]) for name, write in self.cells])


#: So many keys of each table are ours; verbs that write meanwhile get later ones.
ROOM = 200_000


class Rows:
    """A heap of rows of many tables, with keys of their own: verbs may write in between."""

    def __init__(self) -> None:
        self._tables: dict[type[models.Model], _Table] = {}
        self._dirty: list[Row] = []

    def add(self, model: type[models.Model], **values: Any) -> Row:
        """A new row; columns that are not named take the model's default."""
        table = self._table(model)
        table.last += 1
        whole = {**table.fixed, **{name: make() for name, make in table.made.items()}, "id": table.last, **values}
        row = Row(model, whole, there=False)
        table.new.append(row)
        return row

    def adopt(self, instance: models.Model) -> Row:
        """A row that PostgreSQL has, to be changed here."""
        table = self._table(type(instance))
        values = {field.attname: getattr(instance, field.attname) for field in table.fields}
        return Row(type(instance), values, there=True)

    def change(self, row: Row, *, at: dt.datetime, who: dict[str, Any] | None = None, **changes: Any) -> None:
        """New values; where the model keeps a history, what the row was before goes into it, if any of that differs."""
        changed = {name: value for name, value in changes.items() if row.values[name] != value}
        if not changed:
            return
        table = self._table(row.model)
        if table.history is not None and not changed.keys().isdisjoint(table.kept):
            before = {name: row.values[name] for name in table.kept}
            marks = {"pgh_created_at": at, "pgh_label": "changed", "pgh_obj_id": row.id, "pgh_context": who}
            self._table(table.history).new.append(Row(table.history, {**before, **marks}, there=False))
        row.values.update(changed)
        if row.there:
            if not row.changed:
                self._dirty.append(row)
            row.changed |= changed.keys()

    def flush(self, *only: type[models.Model]) -> int:
        """Write everything (or these tables only) in one transaction. Returns how many rows went in.

        What was written may be changed further. Where foreign keys are checked (on a server that is not the embedded
        one), everything goes in always.
        """
        written = 0
        with writer() as (cursor, unchecked):
            tables = [self._table(model) for model in only] if only and unchecked else list(self._tables.values())
            for table in tables:
                written += self._copy(cursor, table)
            chosen = {table.model for table in tables}
            for row in self._dirty:
                if row.model in chosen:
                    _update(cursor, row)
            self._dirty = [row for row in self._dirty if row.changed]
        return written

    def _copy(self, cursor: Any, table: _Table) -> int:
        if not table.new:
            return 0
        stream = io.StringIO("".join(f"{table.text(row)}\n" for row in table.new))
        names = ", ".join(f'"{field.column}"' for field in table.columns)
        cursor.copy_expert(f'COPY "{table.model._meta.db_table}" ({names}) FROM STDIN', stream)
        written = len(table.new)
        for row in table.new:
            row.there = True
        table.new = []
        return written

    def _table(self, model: type[models.Model]) -> _Table:
        table = self._tables.get(model)
        if table is None:
            table = self._tables[model] = _Table(model)
            if table.key == "id":
                table.last = _reserve(model)
        return table


def _reserve(model: type[models.Model]) -> int:
    """Keep ``ROOM`` keys of a table for ourselves, whoever inserts at the same time; the last key before them."""
    name = model._meta.db_table
    with writer() as (cursor, _unchecked):
        cursor.execute(f'LOCK TABLE "{name}" IN SHARE ROW EXCLUSIVE MODE')
        cursor.execute(f"SELECT nextval(pg_get_serial_sequence('{name}', 'id')) - 1")
        last = cursor.fetchone()[0]
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), %s)", [last + ROOM])
    return last


def _update(cursor: Any, row: Row) -> None:
    """Write what was changed in a row that is there."""
    fields = {field.attname: field for field in row.model._meta.concrete_fields}
    names = sorted(row.changed)
    sets = ", ".join(f'"{fields[name].column}" = %s' for name in names)
    values = [fields[name].get_db_prep_save(row.values[name], connection) for name in names]
    cursor.execute(
        f'UPDATE "{row.model._meta.db_table}" SET {sets} WHERE id = %s',  # noqa: S608 (our own names)
        [*values, row.id],
    )
    row.changed.clear()


@contextlib.contextmanager
def writer() -> Iterator[tuple[Any, bool]]:
    """A cursor in a transaction in which triggers are off, and whether foreign keys are off, too.

    It is that of the embedded server's superuser, else of the tables' owner.
    """
    with contextlib.ExitStack() as stack:
        try:
            boss = stack.enter_context(roles.superuser())
            off, on = ["SET LOCAL session_replication_role = replica"], []
        except ImproperlyConfigured:
            boss = stack.enter_context(_owner())
            tables = sorted({model._meta.db_table for model in apps.get_models() if model._meta.managed})
            off = [f'ALTER TABLE "{table}" DISABLE TRIGGER USER' for table in tables]
            on = [f'ALTER TABLE "{table}" ENABLE TRIGGER USER' for table in tables]
        cursor = stack.enter_context(boss.cursor())
        cursor.execute("BEGIN")
        try:
            for statement in ["SET LOCAL synchronous_commit = off", *off]:
                cursor.execute(statement)
            yield cursor, not on
            for statement in on:
                cursor.execute(statement)
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")


@contextlib.contextmanager
def _owner() -> Iterator[Any]:
    """A connection of the tables' owner (MIGRATE_DATABASE_URL), for a demo on a server that is not the embedded one."""
    other = connections["default"].copy("default")
    config = environ.Env.db_url_config(settings.MIGRATE_DATABASE_URL)
    other.settings_dict = {**other.settings_dict, "USER": config["USER"], "PASSWORD": config["PASSWORD"]}
    try:
        yield other
    finally:
        other.close()
