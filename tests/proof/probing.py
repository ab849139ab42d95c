"""Asking every address of the site, as whoever, with whatever ids, and comparing the answers."""

import contextlib
import dataclasses
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic import RedirectView

from seller_center.kernel.prepared import Prepared
from tests.proof.twins import OBJECTS, SHOPS, WORDS, Twin, nothing_like

SAFE = ("GET", "HEAD", "OPTIONS")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
METHODS = SAFE + UNSAFE
HTMX = {"HTTP_HX_REQUEST": "true"}
#: Method and headers: every way to ask for an address.
WAYS = [*((method, {}) for method in METHODS), ("GET", HTMX), ("POST", HTMX)]
PART = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
MASKS = (
    (re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"'), b"CSRF"),
    (re.compile(rb'"X-CSRFToken": ?"[^"]*"'), b"CSRF"),
    (re.compile(rb'<p class="error-id">.*?</p>', re.S), b"REQUEST"),
    (re.compile(rb'"request_id": ?"[^"]*"'), b"REQUEST"),
    (re.compile(rb'nonce="[^"]*"'), b"NONCE"),
)


@dataclass(frozen=True)
class Size:
    """How much is asked: of everything something before a merge, everything of everything in the deep run."""

    name: str
    deep: bool

    def share(self, wanted: Sequence, place: int = 0, of: int = 7) -> list:
        """All of them, or every seventh, beginning elsewhere for every ``place``: together the places leave none out."""
        return list(wanted) if self.deep else list(wanted[place % of :: of])


QUICK, DEEP = Size("quick", deep=False), Size("deep", deep=True)
#: For ``parametrize("size", SIZES)``.
SIZES = (pytest.param(QUICK, id="quick"), pytest.param(DEEP, id="deep", marks=pytest.mark.deep))


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Thousands of refusals would be thousands of lines."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def unguarded(patch: pytest.MonkeyPatch, querysets: type) -> None:
    """These querysets ask for no shop. Prepared questions are worked out anew for it, and stand as before afterwards."""
    patch.setattr(querysets, "in_shop", lambda self, shop: self.all())
    for question in Prepared.all:
        patch.setattr(question, "known", {})


def patterns(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every pattern of the site with its whole route."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, route)
        else:
            yield route, entry


def unsafe_methods(callback: Callable) -> frozenset[str]:
    """The methods by which a view may be asked to change something: what it declares, or all of them if it says nothing.

    A view of a shop whose declaration grants no unsafe method to anybody takes none, and a redirect neither.
    """
    declared = getattr(callback, "declared", None)
    if declared is not None and declared["post"] is None:
        return frozenset()
    found, seen, waiting = frozenset(UNSAFE), set(), [callback]
    while waiting:
        view = waiting.pop()
        if id(view) in seen:
            continue
        seen.add(id(view))
        shown = getattr(view, "view_class", None)
        if shown is not None:
            changes = {name for name in UNSAFE if hasattr(shown, name.lower())}
            found &= frozenset() if issubclass(shown, RedirectView) else changes
            continue
        waiting += [one for one in (getattr(view, "__wrapped__", None), getattr(view, "func", None)) if one is not None]
        plain = getattr(view, "__func__", view)
        for name, cell in zip(_names_of(plain), plain.__closure__ or (), strict=False) if _names_of(plain) else ():
            held = cell.cell_contents
            if name == "request_method_list":
                found &= frozenset(held)
            elif hasattr(held, "operations"):  # the partner API keeps the methods of an address in one object
                found &= {method for one in held.operations for method in one.methods}
            elif callable(held) and not isinstance(held, type):
                waiting.append(held)
    return found


def _names_of(view: Callable) -> tuple[str, ...]:
    return getattr(getattr(view, "__code__", None), "co_freevars", ())


@dataclass(frozen=True)
class Part:
    """One variable part of an address: the fixed word before it, and its name."""

    after: str
    name: str

    @property
    def key(self) -> tuple[str, str]:
        return self.after, self.name


@dataclass(frozen=True)
class Address:
    """A route whose variable parts are known by what they name."""

    route: str
    pattern: URLPattern = field(compare=False)

    @property
    def parts(self) -> list[Part]:
        found, last = [], ""
        for piece in self.route.split("/"):
            hit = PART.search(piece)
            if hit is None:
                last = piece
            else:
                found.append(Part(last, hit["name"]))
        return found

    @property
    def objects(self) -> list[Part]:
        """The parts that name a row of a shop."""
        return [part for part in self.parts if part.key in OBJECTS]

    def unknown(self) -> list[Part]:
        """Parts about which the twins know nothing: teach ``tests/proof/twins.py``."""
        return [part for part in self.parts if part.key not in {**OBJECTS, **SHOPS, **WORDS}]

    def path(self, values: dict[Part, object]) -> str:
        """The address with these values."""
        pieces, last = [], ""
        for piece in self.route.split("/"):
            hit = PART.search(piece)
            if hit is None:
                last = piece
                pieces.append(piece)
            else:
                pieces.append(PART.sub(str(values[Part(last, hit["name"])]), piece))
        return "/" + "/".join(pieces)

    def of(self, twin: Twin) -> dict[Part, object]:
        """The values that lead to this twin's own rows."""
        found: dict[Part, object] = {}
        for part in self.parts:
            if part.key in SHOPS:
                applying = self.route.startswith("s/<str:shop>/application/")
                found[part] = twin.applying.code if applying else SHOPS[part.key](twin)
            elif part.key in WORDS:
                found[part] = WORDS[part.key](twin)
            else:
                found[part] = OBJECTS[part.key](twin)
        return found


@dataclass(frozen=True)
class Answer:
    """What came back, without what differs between two askings of the same thing."""

    status: int
    body: bytes = field(repr=False)
    kind: str
    location: str
    queries: int

    @property
    def found(self) -> bool:
        """Whether there was something."""
        return self.status != 404


class Counted:
    """Counts the queries of a block; what opens and closes savepoints is none."""

    def __init__(self) -> None:
        self.queries = 0

    def __call__(self, execute, sql, params, many, context):
        self.queries += "SAVEPOINT" not in sql
        return execute(sql, params, many, context)


def ask(client: Client, method: str, path: str, *, ids: list[object] = (), **options) -> Answer:  # type: ignore[assignment]
    """One request. ``ids``: what is masked wherever it appears."""
    counted = Counted()
    with connection.execute_wrapper(counted):
        response = client.generic(method, path, **options)
        body = b"".join(response.streaming_content) if response.streaming else response.content
    for pattern, word in MASKS:
        body = pattern.sub(word, body)
    location = response.headers.get("Location", "")
    for number in sorted({str(one) for one in ids}, key=len, reverse=True):
        body = body.replace(number.encode(), b"ID")
        location = location.replace(number, "ID")
    return Answer(response.status_code, body, response.headers.get("Content-Type", ""), location, counted.queries)


def twice(client: Client, method: str, address: Address, one: dict, other: dict, **options) -> tuple[Answer, Answer]:
    """The same request for two sets of values; what differs between the sets is masked in both answers.

    Some query is asked by the first of two requests only (a key's "last used", a cache of the worker): where nothing
    but the number of queries differs, the two are asked again the other way round.
    """
    ids = [value for part, value in (*one.items(), *other.items()) if one[part] != other[part]]
    first, second = (ask(client, method, address.path(values), ids=ids, **options) for values in (one, other))
    if first != second and dataclasses.replace(first, queries=second.queries) == second:
        second, first = (ask(client, method, address.path(values), ids=ids, **options) for values in (other, one))
    return first, second


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside has not happened afterwards."""
    point = transaction.savepoint_create()
    try:
        yield
    finally:
        if connection.in_atomic_block:
            transaction.set_rollback(False)  # what broke in there is undone with the rest
        transaction.savepoint_rollback(point)


def checksums(wanted: Callable[[str], bool] = lambda table: True) -> dict[str, str]:
    """Table → number of rows and a sum over all their values: equal if and only if nothing changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        tables = sorted(name for (name,) in cursor.fetchall() if wanted(name))
        found = {}
        for table in tables:
            cursor.execute(f'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM "{table}" t')
            found[table] = "{}:{}".format(*cursor.fetchone())
    return found


def near_values(address: Address, own: Twin, other: Twin) -> Iterator[tuple[dict, dict]]:
    """Below one's own shop: each row's id replaced by one of the other shop, and by one that nothing has."""
    mine = address.of(own)
    theirs = address.of(other)
    for replaced in ([part] for part in address.objects):
        foreign = mine | {part: theirs[part] for part in replaced}
        nothing = mine | {part: nothing_like(theirs[part]) for part in replaced}
        yield foreign, nothing
    if len(address.objects) > 1:
        yield (
            mine | {part: theirs[part] for part in address.objects},
            mine | {part: nothing_like(theirs[part]) for part in address.objects},
        )
