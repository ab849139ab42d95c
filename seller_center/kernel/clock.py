"""The only reader of time. Doors call `now()` and hand the moment down as `at=`; nothing below a door asks.

With `settings.CLOCK_MAY_MOVE` (demo and tests; production refuses to start with it) an offset is added to real
time, read through the function that floor 1 registers. Sessions, one-time codes and leases stay on real time:
they use `real_now()`.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from .errors import DomainError

#: Seconds for which one process may answer with the offset it read last.
CACHE_SECONDS = 1.0

OffsetReader = Callable[[], timedelta]


class ClockDoesNotMove(DomainError):
    """Somebody asked to move a clock that must not move."""

    code = "clock_does_not_move"

    def __init__(self) -> None:
        super().__init__(_("The clock of this installation does not move: CLOCK_MAY_MOVE is off."))


class _Offset:
    """The offset as read last and when that was, on the monotonic clock of the process."""

    reader: OffsetReader | None = None
    value = timedelta(0)
    read_at: float | None = None


def real_now() -> datetime:
    """The real moment, aware, in UTC, never moved: for sessions, one-time codes and leases."""
    return datetime.now(UTC)


def now() -> datetime:
    """The moment it is for the marketplace, aware, in UTC: real time plus the offset, if the clock may move."""
    moment = real_now()
    return moment + _offset() if may_move() else moment


def may_move() -> bool:
    """Whether this installation allows the marketplace's time to differ from real time."""
    return bool(getattr(settings, "CLOCK_MAY_MOVE", False))


def refuse_unless_movable() -> None:
    """Raise `ClockDoesNotMove` where the clock is fixed: the first line of every verb that moves it."""
    if not may_move():
        raise ClockDoesNotMove


def use_offset(reader: OffsetReader | None) -> None:
    """Register the function that reads the offset (floor 1 does, from its row); None unregisters."""
    _Offset.reader = reader
    forget()


def forget() -> None:
    """Read the offset afresh at the next `now()`: called by whoever has just moved the clock."""
    _Offset.read_at = None


def _offset() -> timedelta:
    if _Offset.reader is None:
        return timedelta(0)
    tick = time.monotonic()
    if _Offset.read_at is None or not 0 <= tick - _Offset.read_at < CACHE_SECONDS:
        _Offset.value = _Offset.reader()
        _Offset.read_at = tick
    return _Offset.value
