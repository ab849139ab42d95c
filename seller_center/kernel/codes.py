"""Human codes: short, random, easy to read out loud. A code finds a row; it never authorises anything.

The alphabet has no look-alikes (0 O, 1 I L, 2 Z, 5 S, 8 B, U beside V) and no vowels, so that no words arise.
Eight of its 22 signs give 5.4·10¹⁰ codes; codes are unique within a shop, and whoever inserts one
draws again on a collision.
"""

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

ALPHABET = "34679CDFGHJKMNPQRTVWXY"

_source: ContextVar[random.Random | None] = ContextVar("code_source", default=None)


def new_code(length: int = 8) -> str:
    """A fresh random code of `length` signs, from the operating system's randomness unless a source is in use."""
    if length < 1:
        raise ValueError("a code has at least one sign")
    if (source := _source.get()) is not None:
        return "".join(source.choice(ALPHABET) for _ in range(length))
    return "".join(_drawn(min(_AT_ONCE, length - done)) for done in range(0, length, _AT_ONCE))


_AT_ONCE = 8


def _drawn(length: int) -> str:
    """Signs from one number of the operating system's: asking for each sign costs ten times as much."""
    number, signs = secrets.randbelow(len(ALPHABET) ** length), []
    for _place in range(length):
        number, sign = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[sign])
    return "".join(signs)


def read_code(typed: str) -> str:
    """The code that a person meant: without spaces and hyphens, in capitals. It need not exist."""
    return "".join(typed.replace("-", " ").split()).upper()


def random_source() -> random.Random:
    """The source in use: the seeded one inside `use_source`, else the operating system's."""
    return _source.get() or secrets.SystemRandom()


@contextmanager
def use_source(source: random.Random | None) -> Iterator[None]:
    """Draw codes from `source` inside the block, so that the same seed gives the same demo.

    Never in production: seeded codes can be predicted. None restores the operating system's randomness.
    """
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)
