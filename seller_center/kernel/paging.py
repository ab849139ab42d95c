"""Keyset paging: the next page begins after the last row of this one. No COUNT, no OFFSET, no page numbers.

Any total order over columns that are never empty, in mixed directions. Where all directions agree the condition is
one row comparison, which PostgreSQL serves from an index on the same columns; else it is the expanded form with a
leading bound that an index can still use. A token carries the values of one row, unsigned: it is a place, not a
permission, and a wrong one leads to the first page.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import connections, models
from django.db.models import BooleanField, F, Func, Q, Value

MAX_SIZE = 500
_MAX_TOKEN = 2000


@dataclass(frozen=True, slots=True)
class KeysetPage[RowT]:
    """The rows of one page and the tokens of its neighbours; an empty token means that there is none."""

    rows: list[RowT]
    next_token: str = ""
    previous_token: str = ""

    def __iter__(self):
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def has_other_pages(self) -> bool:
        """Whether a list needs its paging bar at all."""
        return bool(self.next_token or self.previous_token)


def keyset_page(
    rows: "models.QuerySet", *, order: Sequence[str] = ("-placed_at", "-id"), token: str = "", size: int = 25
) -> KeysetPage:
    """One page of `rows` in `order`: names of fields or annotations, `-` for descending, the last one unique.

    A token from another order, a forged or a garbled one gives the first page. A page reached backwards that would be
    short is the first page. Raises `ValueError` for an order that is not total or over a column that may be empty.
    """
    if not 1 <= size <= MAX_SIZE:
        raise ValueError(f"a page has 1 to {MAX_SIZE} rows")
    keyset = _Keyset(rows, order)
    place = keyset.read(token)
    if place is None:
        return _first(keyset, size)
    if place.backward:
        return _before(keyset, place, size)
    return _after(keyset, place, size)


def first_page(rows: "models.QuerySet", *, order: Sequence[str], size: int = 25) -> KeysetPage:
    """The first page of `rows` that are in this order already, and cut behind one more than a page (a prepared question)."""
    return _beginning(_Keyset(rows, order), list(rows), size)


def _first(keyset: "_Keyset", size: int) -> KeysetPage:
    return _beginning(keyset, keyset.fetch(None, size + 1), size)


def _beginning(keyset: "_Keyset", found: list, size: int) -> KeysetPage:
    more = len(found) > size
    found = found[:size]
    return KeysetPage(found, keyset.write(found[-1], backward=False) if more else "", "")


def _after(keyset: "_Keyset", place: "_Place", size: int) -> KeysetPage:
    found = keyset.fetch(place, size + 1)
    more = len(found) > size
    found = found[:size]
    if not found:
        # Everything behind this place has gone: the way back begins with the row that stood here.
        return KeysetPage([], "", keyset.token(place.values, backward=True, inclusive=True))
    return KeysetPage(
        found, keyset.write(found[-1], backward=False) if more else "", keyset.write(found[0], backward=True)
    )


def _before(keyset: "_Keyset", place: "_Place", size: int) -> KeysetPage:
    found = keyset.fetch(place, size + 1)
    if len(found) < size:
        return _first(keyset, size)
    more = len(found) > size
    found = found[:size][::-1]
    # The row we came from lies behind, unless it went in the meantime; then the next page is empty and says so.
    return KeysetPage(
        found, keyset.write(found[-1], backward=False), keyset.write(found[0], backward=True) if more else ""
    )


@dataclass(frozen=True, slots=True)
class _Place:
    values: list[Any]
    backward: bool
    inclusive: bool


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    descending: bool
    field: models.Field | None


class _RowComparison(Func):
    """`(a, b) < (x, y)`: the form that PostgreSQL turns into one index condition."""

    output_field = BooleanField()

    def __init__(self, columns: Sequence[_Column], operator: str, values: Sequence[Any]) -> None:
        self.width, self.operator = len(columns), operator
        super().__init__(
            *(F(column.name) for column in columns),
            *(Value(value, output_field=column.field) for column, value in zip(columns, values, strict=True)),
        )

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list]:
        sqls, params = [], []
        for expression in self.source_expressions:
            sql, its_params = compiler.compile(expression)
            sqls.append(sql)
            params.extend(its_params)
        left, right = ", ".join(sqls[: self.width]), ", ".join(sqls[self.width :])
        return f"({left}) {self.operator} ({right})", params


class _Keyset:
    """An order over a query set: how to ask for what lies beyond a place in it."""

    def __init__(self, rows: "models.QuerySet", order: Sequence[str]) -> None:
        if not order:
            raise ValueError("a page needs an order")
        self.rows = rows
        self.order = tuple(order)
        self.columns = [self._column(name) for name in order]
        self._refuse_partial_order()

    def _column(self, name: str) -> _Column:
        bare = name.removeprefix("-")
        if bare == "pk":
            bare = self.rows.model._meta.pk.name
        return _Column(bare, name.startswith("-"), self._field(bare))

    def _field(self, name: str) -> models.Field | None:
        """The field behind a name, or the output field of an annotation; refuses what may be empty."""
        if name in self.rows.query.annotations:
            return self.rows.query.annotations[name].output_field
        model, field = self.rows.model, None
        for part in name.split("__"):
            try:
                field = model._meta.get_field(part)
            except FieldDoesNotExist:
                raise ValueError(f"no column {name!r} to order by") from None
            if field.null:
                raise ValueError(f"{name!r} may be empty and cannot carry an order")
            model = field.related_model
        return getattr(field, "target_field", field) if field.is_relation else field

    def _refuse_partial_order(self) -> None:
        last = self.columns[-1]
        model = self.rows.model
        single = last.name in {f.name for f in model._meta.concrete_fields if f.unique} | {model._meta.pk.attname}
        if not single:
            raise ValueError(f"the order {self.order} is not total: end it with the primary key")

    def fetch(self, place: _Place | None, limit: int) -> list:
        """Up to `limit` rows beyond the place, nearest first."""
        backward = place is not None and place.backward
        rows = self._carrying_keys() if place is None else self._carrying_keys().filter(self._beyond(place))
        names = [("-" if column.descending != backward else "") + column.name for column in self.columns]
        return list(rows.order_by(*names)[:limit])

    def _carrying_keys(self) -> "models.QuerySet":
        """The rows, annotated with keys that lie on joined tables, so that reading them costs no query."""
        joined = [column for column in self.columns if "__" in column.name]
        if not joined or self._rows_are_dicts():
            return self.rows
        return self.rows.annotate(**{_alias(column): F(column.name) for column in joined})

    def _rows_are_dicts(self) -> bool:
        return issubclass(self.rows._iterable_class, models.query.ValuesIterable)

    def _beyond(self, place: _Place) -> Any:
        directions = {column.descending for column in self.columns}
        if len(directions) == 1:
            less = directions.pop() != place.backward
            operator = ("<" if less else ">") + ("=" if place.inclusive else "")
            return Q(_RowComparison(self.columns, operator, place.values))
        return self._expanded(place)

    def _expanded(self, place: _Place) -> Q:
        """a ≤ x and (a < x or (a = x and (b > y or …))), from the inside out."""
        inner: Q | None = None
        for column, value in reversed(list(zip(self.columns, place.values, strict=True))):
            strict = "lt" if column.descending != place.backward else "gt"
            if inner is None:
                last = strict + ("e" if place.inclusive else "")
                inner = Q((f"{column.name}__{last}", value))
            else:
                tied = Q((column.name, value)) & inner
                inner = Q((f"{column.name}__{strict}e", value)) & (Q((f"{column.name}__{strict}", value)) | tied)
        assert inner is not None
        return inner

    def write(self, row: Any, *, backward: bool) -> str:
        """The token for what lies beyond a row."""
        return self.token([self._value(row, column) for column in self.columns], backward=backward)

    def _value(self, row: Any, column: _Column) -> Any:
        if isinstance(row, dict):
            value = row[column.name]
        else:
            value = getattr(row, _alias(column) if "__" in column.name else self._attribute(column))
        if value is None:
            raise ValueError(f"{column.name!r} is empty in a row and cannot carry an order")
        return value

    def _attribute(self, column: _Column) -> str:
        try:
            return self.rows.model._meta.get_field(column.name).attname
        except FieldDoesNotExist:
            return column.name

    def token(self, values: Sequence[Any], *, backward: bool, inclusive: bool = False) -> str:
        kind = ("p" if backward else "n") + ("i" if inclusive else "")
        content = [self._signature(), kind, *(_pack(value) for value in values)]
        return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")

    def read(self, token: str) -> _Place | None:
        """The place a token means, or None if it means none in this order."""
        if not token or len(token) > _MAX_TOKEN:
            return None
        try:
            content = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
            signature, kind, *packed = content
            if signature != self._signature() or kind not in {"n", "p", "ni", "pi"}:
                return None
            values = [self._unpack(column, text) for column, text in zip(self.columns, packed, strict=True)]
        except (binascii.Error, ValueError, TypeError, OverflowError, ArithmeticError, ValidationError):
            return None
        except RecursionError:
            return None
        return _Place(values, backward=kind.startswith("p"), inclusive=kind.endswith("i"))

    def _signature(self) -> str:
        told = f"{self.rows.model._meta.label_lower}:{','.join(self.order)}"
        return hashlib.blake2b(told.encode(), digest_size=4).hexdigest()

    def _unpack(self, column: _Column, text: Any) -> Any:
        """A value of the column's type from its text, within what PostgreSQL can hold; raises on anything else."""
        if not isinstance(text, str) or "\x00" in text:
            raise ValueError("not a key")
        text.encode()
        field = column.field
        value = field.to_python(text) if field is not None else text
        if value is None:
            raise ValueError("an empty key")
        if isinstance(value, datetime):
            return _whole_moment(value)
        if isinstance(value, float | Decimal) and value != value:
            raise ValueError("not a number")
        if isinstance(value, int) and not isinstance(value, bool) and field is not None:
            low, high = connections[self.rows.db].ops.integer_field_range(field.get_internal_type())
            if (low is not None and value < low) or (high is not None and value > high):
                raise ValueError("out of range")
        return value


def _alias(column: _Column) -> str:
    return f"key_{column.name}".replace("__", "_of_")


def _pack(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bool | int | str | Decimal | UUID | float):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} cannot carry an order")


def _whole_moment(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a moment knows its zone")
    return value.astimezone(UTC)
