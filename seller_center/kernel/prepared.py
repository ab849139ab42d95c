"""Questions that every page asks, with their SQL worked out once.

To turn a query of the ORM into SQL costs more processor time than PostgreSQL needs to answer it, and pages ask the same
few questions with other values. So a question is written as usual, as a function that gives a query, and ``prepared``
has it compiled the first time only; afterwards the values are put in where they belong.

    @prepared
    def _newest(shop: int) -> QuerySet[Notice]:
        return Notice.objects.filter(shop=shop).order_by("-at")[:5]

    rows = list(_newest(shop=shop.pk))

What differs between two requests is given by name, and reaches the statement as it is (words also as what is contained,
or what something begins with): numbers, words, moments, days, and lists of them. What changes the statement itself is
given by place, and is part of what is remembered. Nothing else may flow into the query: no clock, no policy, no person. A
value that does not arrive in the statement is refused.
"""

import copy
import datetime as dt
import functools
import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import QuerySet

Value = int | str | dt.datetime | dt.date
_EPOCH = dt.datetime(1901, 1, 1, tzinfo=dt.UTC)
_STEPS = ((7_001, 1), (9_001, 3))
"""Two sets of stand-ins for the values; what is equal in both statements is a constant of the question."""
MOST_FORMS = 256
"""Statements of one question that are remembered (each length of a list is one); the oldest makes room."""


class Prepared:
    """A question: called like the function it was made from, it gives a query that needs no more working out."""

    all: list["Prepared"] = []
    """Every question of the program, for the test that looks for what they must not depend on."""

    def __init__(self, question: Callable[..., QuerySet]):
        self.question = question
        self.known: dict[Hashable, _Statement] = {}
        functools.update_wrapper(self, question)
        Prepared.all.append(self)

    def __call__(self, *shape: Hashable, **values: Value | Sequence[Value]) -> QuerySet:
        """The rows for these values.

        Raises TypeError for a value of a kind that cannot be put in (None changes the statement: it is part of the
        shape), ValueError where a value does not reach the statement as it is.
        """
        form = (shape, tuple((name, _kind(name, value)) for name, value in values.items()))
        statement = self.known.get(form)
        if statement is None:
            statement = _Statement(self.question, shape, values)
            if len(self.known) >= MOST_FORMS:
                self.known.pop(next(iter(self.known)), None)
            self.known[form] = statement
        return statement.rows(values)

    def anew(self) -> Iterator[tuple[str, str]]:
        """Each statement that is remembered, and the same worked out now: equal, unless something else flowed in."""
        for statement in self.known.values():
            yield statement.sign, _Statement(self.question, statement.shape, statement.like).sign


prepared = Prepared


def several[KeyT: (int, str)](keys: Iterable[KeyT]) -> list[KeyT]:
    """Keys for a question that asks for any of them, the last repeated up to a power of two: each length of list is a
    statement of its own, and there are to be few of them."""
    found = sorted(set(keys))
    return found + found[-1:] * ((1 << (len(found) - 1).bit_length()) - len(found))


class _Slot(NamedTuple):
    """What stands at one place of a statement: a constant, or a value (of a list: its number), perhaps within ``%``."""

    constant: Any = None
    name: str = ""
    number: int | None = None
    before: str = ""
    after: str = ""

    def fill(self, values: dict[str, Any]) -> Any:
        """The parameter for these values."""
        if not self.name:
            return self.constant
        value = values[self.name] if self.number is None else values[self.name][self.number]
        return f"{self.before}{_escaped(value)}{self.after}" if self.before or self.after else value


class _Statement:
    """One form of a question: its SQL, and which value goes where."""

    def __init__(self, question: Callable[..., QuerySet], shape: tuple, values: dict[str, Any]):
        self.shape, self.like = shape, values
        marked = [_marks(values, first, step) for first, step in _STEPS]
        asked = [question(*shape, **marks) for marks in marked]
        compilers = [query.query.get_compiler(using=query.db) for query in asked]
        (self.sql, one), (sql, other) = (compiler.as_sql() for compiler in compilers)
        places = [_places(marks) for marks in marked]
        self.slots = [_slot(question, *pair, places) for pair in zip(one, other, strict=True)]
        missing = set(places[0].values()) - {(slot.name, slot.number) for slot in self.slots}
        if self.sql != sql or missing:
            raise ValueError(f"{question.__qualname__}: {sorted(map(str, missing)) or 'its SQL'} depends on the values")
        self.query, self.compiler = asked[0], compilers[0]
        selected = [column for column, _sql, _alias in self.compiler.select[: self.compiler.col_count]]
        self.converters = self.compiler.get_converters(selected)

    @property
    def sign(self) -> str:
        """The statement and its constants."""
        return f"{self.sql} {self.slots}"

    def rows(self, values: dict[str, Any]) -> QuerySet:
        """A query that asks this statement with these values."""
        params = tuple([slot.fill(values) for slot in self.slots])
        rows = self.query._chain()  # type: ignore[attr-defined]
        rows.query.get_compiler = functools.partial(self._compiler, params)
        return rows

    def _compiler(self, params: tuple, using: str, **_more: Any) -> Any:
        """The compiler that has compiled already, for this thread's connection."""
        compiler = copy.copy(self.compiler)
        compiler.connection = connections[using]
        compiler.as_sql = lambda *_args, **_kwargs: (self.sql, params)
        compiler.get_converters = lambda _expressions: self.converters
        return compiler


def _kind(name: str, value: Any) -> Hashable:
    """What kind of value it is, as far as the statement depends on it: a list by its length."""
    if isinstance(value, (list, tuple)):
        return (len(value), *(_kind(name, one) for one in value[:1]))
    if isinstance(value, bool) or not isinstance(value, (int, str, dt.date)):
        raise TypeError(f"{name}={value!r} cannot be put into a prepared question")
    return "moment" if isinstance(value, dt.datetime) else "day" if isinstance(value, dt.date) else type(value).__name__


def _marks(values: dict[str, Any], first: int, step: int) -> dict[str, Any]:
    """Stand-ins for the values, each of its kind and each different."""
    numbers = itertools.count(first, step)
    return {
        name: [_mark(one, next(numbers)) for one in value]
        if isinstance(value, (list, tuple))
        else _mark(value, next(numbers))
        for name, value in values.items()
    }


def _mark(value: Value, number: int) -> Value:
    if isinstance(value, dt.datetime):
        return _EPOCH + dt.timedelta(days=number)
    if isinstance(value, dt.date):
        return (_EPOCH + dt.timedelta(days=number)).date()
    return f"MARK{number}" if isinstance(value, str) else number


def _places(marks: dict[str, Any]) -> dict[Any, tuple[str, int | None]]:
    """Which value, and which of a list, a stand-in stands for."""
    places: dict[Any, tuple[str, int | None]] = {}
    for name, mark in marks.items():
        if isinstance(mark, list):
            places |= {(type(one), one): (name, number) for number, one in enumerate(mark)}
        else:
            places[type(mark), mark] = (name, None)
    return places


def _slot(question: Callable, one: Any, other: Any, places: list[dict]) -> _Slot:
    """What stands here, told from what the two sets of stand-ins gave."""
    first, second = (_found(param, found) for param, found in zip((one, other), places, strict=True))
    if first is not None and first == second:
        return first
    if first is None and second is None and one == other:
        return _Slot(one)
    raise ValueError(f"{question.__qualname__}: {one!r} and {other!r} stand where a constant or a value should")


def _found(param: Any, places: dict[Any, tuple[str, int | None]]) -> _Slot | None:
    """The value of which this is the stand-in: as it is, or as a pattern of LIKE."""
    if not isinstance(param, Hashable):
        return None
    if place := places.get((type(param), param)):
        return _Slot(None, *place)
    if isinstance(param, str) and (place := places.get((str, param.strip("%")))):
        before, after = "%" * param.startswith("%"), "%" * param.endswith("%")
        return _Slot(None, *place, before, after) if param == f"{before}{param.strip('%')}{after}" else None
    return None


def _escaped(value: str) -> str:
    """The words themselves, whatever signs of a pattern are in them (as Django writes them for ``contains``)."""
    return value.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
