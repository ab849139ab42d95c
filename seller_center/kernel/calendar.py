"""Calendars: zones, working days and hours, holidays, cut-off, half-open periods. No Django but the refusal.

Moments are aware datetimes and come back in UTC; what is counted in hours is elapsed time, so that a night with
daylight saving is neither skipped nor counted twice; what is counted in days is counted in days of the zone.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays as holiday_library
from django.utils.translation import gettext_lazy as _

from .errors import Invalid

MONDAY_TO_FRIDAY = frozenset(range(5))
END_OF_DAY = time(0)

#: A calendar without a working day within ten years is a mistake.
_HORIZON_DAYS = 3653


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span of time: `start` belongs to it, `end` does not, so that periods join without gap or overlap."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if _aware(self.end) < _aware(self.start):
            raise ValueError("a period does not end before it starts")

    def __contains__(self, at: datetime) -> bool:
        return self.start <= _aware(at) < self.end

    @property
    def duration(self) -> timedelta:
        """Elapsed time: 23 or 25 hours for the day on which clocks change."""
        return self.end - self.start

    def overlaps(self, other: "Period") -> bool:
        """Whether the two share an instant."""
        return max(self.start, other.start) < min(self.end, other.end)


def hours_from(at: datetime, hours: float) -> datetime:
    """The moment `hours` of elapsed time after `at`, in UTC: "72 hours from payment"."""
    return _aware(at).astimezone(UTC) + timedelta(hours=hours)


def instant(day: date, clock: time, zone: str | ZoneInfo) -> datetime:
    """The moment, in UTC, at which the clocks of a zone show `clock` on `day`.

    Where they show it twice, the first time; where they skip it, the moment of the jump plus what was skipped over,
    as if they had not jumped.
    """
    return datetime.combine(day, clock, tzinfo=_zone(zone)).astimezone(UTC)


def day_of(at: datetime, zone: str | ZoneInfo) -> date:
    """The day it is in a zone."""
    return _aware(at).astimezone(_zone(zone)).date()


def day_period(day: date, zone: str | ZoneInfo) -> Period:
    """The day of a zone, from midnight to midnight."""
    return days_period(day, day + timedelta(days=1), zone)


def days_period(first: date, end: date, zone: str | ZoneInfo) -> Period:
    """From the start of the day `first` to the start of the day `end`, which does not belong to it."""
    return Period(instant(first, time(0), zone), instant(end, time(0), zone))


def week_period(day: date, zone: str | ZoneInfo) -> Period:
    """The week, Monday to Sunday, in which a day lies."""
    monday = day - timedelta(days=day.weekday())
    return days_period(monday, monday + timedelta(days=7), zone)


def month_period(year: int, month: int, zone: str | ZoneInfo) -> Period:
    """The month of a zone, from the first midnight to the midnight that begins the next."""
    return days_period(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1), zone)


def parse_month(text: str) -> tuple[int, int]:
    """Year and month of a text like `2026-10`; anything else raises `Invalid`."""
    found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", text.strip())
    if not found or not 1900 <= int(found[1]) < 2200:
        raise Invalid(_("A month is written like 2026-10."), code="not_a_month")
    return int(found[1]), int(found[2])


@dataclass(frozen=True)
class WorkCalendar:
    """When somebody works: zone, days of the week (Monday is 0), holidays, opening hours, cut-off.

    `closes=END_OF_DAY` (midnight) means until the day ends. `cut_off` is the time of day from which work arriving
    counts as of the next working day; without one, closing time.
    """

    zone: str
    holidays: frozenset[date] = frozenset()
    working_days: frozenset[int] = MONDAY_TO_FRIDAY
    opens: time = time(0)
    closes: time = END_OF_DAY
    cut_off: time | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "holidays", frozenset(self.holidays))
        object.__setattr__(self, "working_days", frozenset(self.working_days))
        if not self.working_days or not self.working_days <= frozenset(range(7)):
            raise ValueError("working days are some of 0 (Monday) to 6")
        if self.closes != END_OF_DAY and self.closes <= self.opens:
            raise ValueError("a working day closes after it opens")
        _zone(self.zone)

    def is_business_day(self, day: date) -> bool:
        """Whether people work on that day."""
        return day.weekday() in self.working_days and day not in self.holidays

    def is_open(self, at: datetime) -> bool:
        """Whether people work at that moment."""
        return at in self.working_hours(day_of(at, self.zone))

    def working_hours(self, day: date) -> Period:
        """The hours worked on a day; an empty period at its start where nobody works."""
        opens = instant(day, self.opens, self.zone)
        if not self.is_business_day(day):
            return Period(opens, opens)
        return Period(opens, max(opens, self._closing(day)))

    def business_days_from(self, at: datetime, days: int) -> datetime:
        """The closing moment of the `days`-th working day after the one on which `at` counts, in UTC.

        A moment at or after the cut-off, or on a day off, counts as of the next working day. Zero days is the
        closing moment of the day on which it counts.
        """
        if days < 0:
            raise ValueError("business days are counted forward")
        counted = self._days_worked(self._counts_as_of(at))
        day = next(counted)
        for __ in range(days):
            day = next(counted)
        return max(self._closing(day), instant(day, self.opens, self.zone))

    def business_hours_from(self, at: datetime, hours: float | timedelta) -> datetime:
        """The moment at which `hours` of working time have passed since `at`, in UTC.

        Work that ends exactly at closing time ends then, not at the next opening. Zero hours is `at` itself in working
        hours, else the next opening.
        """
        left = hours if isinstance(hours, timedelta) else timedelta(hours=hours)
        if left < timedelta(0):
            raise ValueError("business hours are counted forward")
        at = _aware(at).astimezone(UTC)
        for day in self._days_worked(day_of(at, self.zone)):
            span = self.working_hours(day)
            begins = max(span.start, at)
            if begins < span.end:
                if left <= span.end - begins:
                    return begins + left
                left -= span.end - begins
        raise AssertionError("unreachable")

    def business_hours_between(self, start: datetime, end: datetime) -> timedelta:
        """The working time that passed from `start` to `end`; nothing if `end` is not later."""
        worked = timedelta(0)
        day, last = day_of(start, self.zone), day_of(end, self.zone)
        while day <= last:
            span = self.working_hours(day)
            worked += max(timedelta(0), min(span.end, end) - max(span.start, start))
            day += timedelta(days=1)
        return worked

    def next_business_day(self, day: date) -> date:
        """The first working day after `day`."""
        return next(self._days_worked(day + timedelta(days=1)))

    def _counts_as_of(self, at: datetime) -> date:
        """The day, perhaps not a working one, from which on a moment counts."""
        day = day_of(at, self.zone)
        counts_until = self._closing(day) if self.cut_off is None else instant(day, self.cut_off, self.zone)
        return day if at < counts_until else day + timedelta(days=1)

    def _closing(self, day: date) -> datetime:
        if self.closes == END_OF_DAY:
            return instant(day + timedelta(days=1), time(0), self.zone)
        return instant(day, self.closes, self.zone)

    def _days_worked(self, day: date) -> Iterator[date]:
        idle = 0
        while idle < _HORIZON_DAYS:
            if self.is_business_day(day):
                idle = 0
                yield day
            else:
                idle += 1
            day += timedelta(days=1)
        raise ValueError("this calendar has no working day for ten years")


@lru_cache(maxsize=256)
def public_holidays(name: str, years: tuple[int, ...]) -> frozenset[date]:
    """Holidays given as data: `US` (federal), `US-FED` (Federal Reserve, bank days), `GB-ENG` (bank holidays)."""
    sources = {
        "US": lambda: holiday_library.country_holidays("US", years=years),
        "US-FED": lambda: holiday_library.financial_holidays("FED", years=years),
        "GB-ENG": lambda: holiday_library.country_holidays("GB", subdiv="ENG", years=years),
    }
    if name not in sources:
        raise ValueError(f"no holidays known for {name!r}; known are {', '.join(sources)}")
    return frozenset(sources[name]())


def holidays_of(name: str, years: Iterable[int]) -> frozenset[date]:
    """`public_holidays` for any iterable of years."""
    return public_holidays(name, tuple(sorted(set(years))))


@lru_cache(maxsize=64)
def _zone_named(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _zone(zone: str | ZoneInfo) -> ZoneInfo:
    return zone if isinstance(zone, ZoneInfo) else _zone_named(zone)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment knows its zone")
    return at
