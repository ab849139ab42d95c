"""Living through time in minutes: the movable clock of demo, training and tests (DEC22)."""

import datetime as dt
import re
from collections.abc import Callable

from django.conf import settings
from django.db import transaction

from seller_center import inbox, reactions
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError, Invalid
from shops.models import ClockOffset

_SPAN = re.compile(r"^(\d+)([mhdw])$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

#: A step of the clock: sweeps run once per step, so that what was due first happens first.
STEP = dt.timedelta(hours=1)


class ClockStandsFast(DomainError):
    """Outside demo and tests nobody moves the clock."""


def parse_span(text: str) -> dt.timedelta:
    """``90m``, ``6h``, ``7d`` or ``2w`` as a length of time."""
    found = _SPAN.match(text.strip())
    if not found:
        raise Invalid(f"“{text}” is no length of time. Write for example 90m, 6h, 7d or 2w.", field="span")
    return dt.timedelta(**{_UNITS[found[2]]: int(found[1])})


def check_movable() -> None:
    """Raises ``ClockStandsFast`` where the clock may not move."""
    if not settings.CLOCK_MAY_MOVE:
        raise ClockStandsFast("The clock can be moved only in the demo (CLOCK_MAY_MOVE=1).")


def pass_time(span: dt.timedelta, *, each_step: Callable[[dt.datetime], None] = lambda at: None) -> dt.datetime:
    """Move the clock on by ``span``, hour by hour, letting at each hour happen what is due. Returns the new now.

    Raises ``ClockStandsFast`` where the clock may not move.
    """
    check_movable()
    left = span
    while left > dt.timedelta(0):
        step = min(STEP, left)
        advance(step)
        left -= step
        happen(clock.now())
        each_step(clock.now())
    return clock.now()


def advance(step: dt.timedelta) -> None:
    """Move the clock and the sandbox's on; what falls due meanwhile is left to the workers."""
    from seller_center import sandbox_clock

    with transaction.atomic():
        row, _made = ClockOffset.objects.select_for_update().get_or_create(id=1)
        row.seconds += int(step.total_seconds())
        row.save(update_fields=["seconds"])
    clock.forget()
    sandbox_clock.push_offset(row.seconds)


def happen(at: dt.datetime) -> None:
    """Everything that is due at this moment: reactions, deadlines, the clock's own work, and what those cause."""
    from seller_center.celery import run_due_at

    reactions.deliver_all(at)
    inbox.sweep(at)
    run_due_at(at)
    reactions.deliver_all(at)
