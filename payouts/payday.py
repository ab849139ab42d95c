"""The calendar of payouts: which day is a payday, for which rhythm, and when the bank pays. Pure arithmetic.

A payday is one weekday of the market (policy ``payouts.weekday``, 0 = Monday). Every second week is counted from a
fixed Monday, so that no year's end shifts it and years of 53 weeks make neither a gap nor an overlap (reliability.md
L6).
"""

import datetime as dt

#: A Monday. Weeks are counted from here for ever.
ANCHOR = dt.date(1970, 1, 5)
RHYTHMS = (1, 2)


def week_number(day: dt.date) -> int:
    """How many whole weeks lie between the anchor and the week of this day."""
    return (day - ANCHOR).days // 7


def is_payday(day: dt.date, *, weekday: int, every_weeks: int = 1) -> bool:
    """Whether shops of this rhythm are paid on this day."""
    return day.weekday() == weekday and week_number(day) % every_weeks == 0


def rhythms_due(day: dt.date, *, weekday: int) -> tuple[int, ...]:
    """The rhythms whose shops are paid on this day; none if it is no payday."""
    return tuple(weeks for weeks in RHYTHMS if is_payday(day, weekday=weekday, every_weeks=weeks))


def last_payday(day: dt.date, *, weekday: int, every_weeks: int = 1) -> dt.date:
    """The newest payday that is not after this day."""
    return _search(day, -1, weekday, every_weeks)


def next_payday(day: dt.date, *, weekday: int, every_weeks: int = 1) -> dt.date:
    """The first payday after this day."""
    return _search(day + dt.timedelta(days=1), 1, weekday, every_weeks)


def bank_day_from(day: dt.date, *, holidays: frozenset[dt.date]) -> dt.date:
    """The day itself if banks work on it, else the first one after it on which they do."""
    while day.weekday() >= 5 or day in holidays:
        day += dt.timedelta(days=1)
    return day


def _search(day: dt.date, step: int, weekday: int, every_weeks: int) -> dt.date:
    while not is_payday(day, weekday=weekday, every_weeks=every_weeks):
        day += dt.timedelta(days=step)
    return day
