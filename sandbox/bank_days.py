"""The bank's calendar: Federal Reserve holidays for dollars, weekends only for every other currency."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ZONES = {"USD": ZoneInfo("America/New_York"), "GBP": ZoneInfo("Europe/London")}
OPENS = time(8, 30)
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6


def zone(currency: str) -> ZoneInfo:
    return ZONES.get(currency, ZONES["USD"])


def local_day(at: float, currency: str) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(zone(currency)).date()


def opening(day: date, currency: str) -> float:
    """The moment at which that day's payments are settled."""
    return datetime.combine(day, OPENS, zone(currency)).timestamp()


def is_bank_day(day: date, currency: str) -> bool:
    return day.weekday() < SATURDAY and not (currency == "USD" and day in fed_holidays(day.year))


def bank_day_from(day: date, currency: str) -> date:
    """The day itself, or the first bank day after it."""
    while not is_bank_day(day, currency):
        day += timedelta(days=1)
    return day


def bank_day_after(day: date, currency: str, days: int = 1) -> date:
    for _ in range(days):
        day = bank_day_from(day + timedelta(days=1), currency)
    return day


@cache
def fed_holidays(year: int) -> frozenset[date]:
    """On a Sunday it is kept on the Monday; on a Saturday the banks are open on the Friday."""
    fixed = [date(year, *md) for md in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))]
    kept = {day + timedelta(days=day.weekday() == SUNDAY) for day in fixed}
    return frozenset(
        kept
        | {
            _nth(year, 1, MONDAY, 3),
            _nth(year, 2, MONDAY, 3),
            _nth(year, 6, MONDAY, 1) - timedelta(days=7),
            _nth(year, 9, MONDAY, 1),
            _nth(year, 10, MONDAY, 2),
            _nth(year, 11, THURSDAY, 4),
        }
    )


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
