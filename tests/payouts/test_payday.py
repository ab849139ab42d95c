"""The calendar of payouts: no gap, no overlap, over year ends and 53-week years (L6)."""

import datetime as dt
import itertools

import pytest

from payouts import payday
from seller_center.kernel.calendar import holidays_of

MONDAY = 0


@pytest.mark.parametrize("weeks", payday.RHYTHMS)
def test_it_has_a_payday_every_so_many_weeks_for_ten_years(weeks):
    day, paydays = dt.date(2024, 1, 1), []
    while day < dt.date(2034, 1, 1):
        if payday.is_payday(day, weekday=MONDAY, every_weeks=weeks):
            paydays.append(day)
        day += dt.timedelta(days=1)
    gaps = {(later - earlier).days for earlier, later in itertools.pairwise(paydays)}
    assert gaps == {7 * weeks}


def test_every_second_weeks_payday_is_also_a_weekly_one():
    day = payday.last_payday(dt.date(2026, 12, 31), weekday=MONDAY, every_weeks=2)
    assert payday.rhythms_due(day, weekday=MONDAY) == (1, 2)
    assert payday.rhythms_due(day + dt.timedelta(days=7), weekday=MONDAY) == (1,)
    assert payday.rhythms_due(day + dt.timedelta(days=1), weekday=MONDAY) == ()


def test_last_and_next_meet():
    day = dt.date(2026, 10, 26)
    assert day.weekday() == MONDAY
    assert payday.last_payday(day, weekday=MONDAY) == day
    assert payday.next_payday(day, weekday=MONDAY) == day + dt.timedelta(days=7)
    for offset in range(30):
        here = day + dt.timedelta(days=offset)
        assert payday.last_payday(here, weekday=MONDAY) <= here < payday.next_payday(here, weekday=MONDAY)


def test_it_waits_for_the_bank():
    holidays = holidays_of("US-FED", [2026])
    assert payday.bank_day_from(dt.date(2026, 10, 10), holidays=holidays) == dt.date(2026, 10, 13)  # Columbus Day
    assert payday.bank_day_from(dt.date(2026, 10, 14), holidays=holidays) == dt.date(2026, 10, 14)
