"""Addresses for the rows of a page: what ``reverse`` gives, found out once for each place and then only filled in."""

import re
from functools import lru_cache

from django.urls import NoReverseMatch, get_urlconf, reverse

#: Values that stand in an address as they are.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+\Z")


def address(name: str, /, **parts: str | int) -> str:
    """The address of a place, like ``reverse(name, kwargs=parts)``; NoReverseMatch where there is none.

    A page of a list has a hundred of them, and ``reverse`` costs ten times as much.
    """
    kinds = tuple([(key, type(value)) for key, value in parts.items()])
    pieces = _pieces(get_urlconf(), name, kinds)
    values = [str(value) for value in parts.values()]
    if pieces is None or not all(map(_PLAIN.match, values)):
        return reverse(name, kwargs=parts)
    return "".join([piece if isinstance(piece, str) else values[piece] for piece in pieces])


@lru_cache(maxsize=1024)
def _pieces(urlconf: str | None, name: str, kinds: tuple[tuple[str, type], ...]) -> list[str | int] | None:
    """The address in pieces, with the number of a value where it belongs; None where stand-ins do not fit."""
    marks = {
        key: 918_273_000 + number if kind is int else f"Stand-In-{number}-Stands"
        for number, (key, kind) in enumerate(kinds)
    }
    try:
        whole = reverse(name, urlconf=urlconf, kwargs=marks)
    except NoReverseMatch:
        return None
    numbers = {str(mark): number for number, mark in enumerate(marks.values())}
    if not numbers:
        return [whole]
    words = re.split(f"({'|'.join(map(re.escape, numbers))})", whole)
    return [numbers.get(word, word) for word in words]
