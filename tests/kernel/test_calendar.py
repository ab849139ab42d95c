"""The calendar: golden tables, and an oracle that counts days one by one and minutes one by one."""

import itertools
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seller_center.kernel.calendar import (
    END_OF_DAY,
    Period,
    WorkCalendar,
    day_of,
    day_period,
    days_period,
    holidays_of,
    hours_from,
    instant,
    month_period,
    parse_month,
    week_period,
)
from seller_center.kernel.errors import Invalid

NEW_YORK = "America/New_York"
YEARS = range(2015, 2030)


def moment(text: str, zone: str = NEW_YORK) -> datetime:
    """`2026-11-25 14:00` on the clocks of a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def shown(at: datetime, zone: str = NEW_YORK) -> str:
    assert at.tzinfo is UTC
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


# -- periods ----------------------------------------------------------------------------------------------------------


def test_a_period_is_half_open():
    month = month_period(2026, 10, NEW_YORK)
    assert month.start in month
    assert month.end not in month
    assert month.end - timedelta(microseconds=1) in month
    assert month.end == month_period(2026, 11, NEW_YORK).start


def test_a_month_lies_in_its_zone():
    assert month_period(2026, 10, NEW_YORK) == Period(moment("2026-10-01 00:00"), moment("2026-11-01 00:00"))
    assert month_period(2026, 12, "Asia/Tokyo").end == datetime(2026, 12, 31, 15, tzinfo=UTC)


def test_a_period_does_not_run_backwards_and_wants_a_zone():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert now not in Period(now, now)
    with pytest.raises(ValueError, match="before it starts"):
        Period(now, now - timedelta(seconds=1))
    with pytest.raises(ValueError, match="zone"):
        Period(datetime(2026, 1, 1), now)
    with pytest.raises(ValueError, match="zone"):
        _ = datetime(2026, 1, 1) in Period(now, now)


def test_periods_overlap_only_in_an_instant_of_both():
    first, second, third = (day_period(date(2026, 10, d), NEW_YORK) for d in (1, 2, 3))
    both = Period(first.start, second.end)
    assert both.overlaps(first)
    assert both.overlaps(second)
    assert not both.overlaps(third)
    assert not first.overlaps(second)


def test_a_day_of_changing_clocks_has_23_or_25_hours():
    assert day_period(date(2026, 3, 8), NEW_YORK).duration == timedelta(hours=23)
    assert day_period(date(2026, 11, 1), NEW_YORK).duration == timedelta(hours=25)
    assert day_period(date(2026, 11, 2), NEW_YORK).duration == timedelta(hours=24)


def test_a_day_that_a_zone_left_out_is_empty():
    """Apia went from the 29th to the 31st of December 2011."""
    left_out = day_period(date(2011, 12, 30), "Pacific/Apia")
    assert left_out.duration == timedelta(0)
    assert left_out.end == day_period(date(2011, 12, 31), "Pacific/Apia").start


def test_a_day_may_begin_after_midnight():
    """Where clocks jump at midnight the day begins at one o'clock, at the moment of the jump."""
    assert day_period(date(2018, 11, 4), "America/Sao_Paulo").start == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_a_week_begins_on_monday():
    for day in range(12, 19):
        assert week_period(date(2026, 10, day), NEW_YORK) == days_period(
            date(2026, 10, 12), date(2026, 10, 19), NEW_YORK
        )


def test_it_reads_a_month():
    assert parse_month("2026-10") == (2026, 10)
    assert parse_month(" 2026-01 ") == (2026, 1)


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026-1", "26-10", "2026-10-01", "٢٠٢٦-١٠", "9999-12"]
)
def test_it_refuses_what_is_no_month(text):
    with pytest.raises(Invalid, match="A month is written like"):
        parse_month(text)


ZONES = [
    *(
        "America/New_York",
        "America/St_Johns",
        "America/Sao_Paulo",
        "America/Havana",
        "America/Asuncion",
        "Europe/London",
    ),
    *("Europe/Berlin", "Europe/Lisbon", "Africa/Casablanca", "Africa/Cairo", "Asia/Tehran", "Asia/Beirut", "Asia/Gaza"),
    *("Asia/Kathmandu", "Asia/Kolkata", "Asia/Tokyo", "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Apia"),
    *("Pacific/Kiritimati", "Pacific/Chatham", "America/Santiago", "Atlantic/Azores", "UTC"),
]


@pytest.mark.parametrize("zone", ZONES)
def test_days_and_months_join_without_gap_or_overlap(zone):
    """24 zones × 10 years (L3, L5): each instant is in exactly one day, and a month is its days."""
    day, last = date(2016, 1, 1), date(2026, 1, 1)
    total = timedelta(0)
    while day < last:
        period = day_period(day, zone)
        assert period.end == day_period(day + timedelta(days=1), zone).start
        assert period.duration == timedelta(0) or day_of(period.start, zone) == day
        assert timedelta(hours=22) < period.duration < timedelta(hours=26)
        total += period.duration
        day += timedelta(days=1)
    months = [month_period(year, month, zone) for year in range(2016, 2026) for month in range(1, 13)]
    assert all(a.end == b.start for a, b in itertools.pairwise(months))
    assert sum((month.duration for month in months), timedelta(0)) == total


# -- elapsed hours ----------------------------------------------------------------------------------------------------


def test_72_hours_are_elapsed_hours():
    assert hours_from(moment("2026-10-14 12:00"), 72) == moment("2026-10-17 12:00")
    # Clocks go back on 1 November: 72 hours later they show an hour less.
    assert shown(hours_from(moment("2026-10-30 12:00"), 72)) == "2026-11-02 11:00"
    assert shown(hours_from(moment("2026-03-07 12:00"), 72)) == "2026-03-10 13:00"


def test_hours_keep_order_through_every_change_of_clocks():
    at = moment("2026-10-31 22:00")
    due = [hours_from(at + timedelta(minutes=minute), 72) for minute in range(600)]
    assert due == sorted(set(due))


def test_hours_want_a_zone():
    with pytest.raises(ValueError, match="zone"):
        hours_from(datetime(2026, 1, 1), 72)


# -- business days: golden --------------------------------------------------------------------------------------------

US = WorkCalendar(NEW_YORK, holidays_of("US", YEARS), opens=time(9), closes=time(18), cut_off=time(14))

GOLDEN = [
    # (arrives, days, due) — written down by hand from wall calendars
    ("2026-10-14 13:59", 0, "2026-10-14 18:00"),  # a Wednesday, before the cut-off
    ("2026-10-14 13:59", 2, "2026-10-16 18:00"),
    ("2026-10-14 14:00", 2, "2026-10-19 18:00"),  # at the cut-off it counts as of Thursday; the weekend passes
    ("2026-10-14 14:00", 0, "2026-10-15 18:00"),
    ("2026-10-16 15:00", 1, "2026-10-20 18:00"),  # Friday afternoon counts as of Monday
    ("2026-10-17 10:00", 1, "2026-10-20 18:00"),  # Saturday counts as of Monday
    ("2026-10-10 10:00", 1, "2026-10-14 18:00"),  # Monday the 12th is Columbus Day
    ("2026-11-25 10:00", 1, "2026-11-27 18:00"),  # Thanksgiving between
    ("2026-12-24 15:00", 1, "2026-12-29 18:00"),  # Christmas on a Friday, then a weekend
    ("2026-07-02 10:00", 1, "2026-07-06 18:00"),  # Independence Day on a Saturday is kept on Friday
    ("2026-12-31 10:00", 1, "2027-01-04 18:00"),
    ("2026-03-06 10:00", 1, "2026-03-09 18:00"),  # clocks went forward on the Sunday between
    ("2026-10-30 10:00", 1, "2026-11-02 18:00"),  # and back
]


@pytest.mark.parametrize(("arrives", "days", "due"), GOLDEN)
def test_business_days_agree_with_wall_calendars(arrives, days, due):
    assert shown(US.business_days_from(moment(arrives), days)) == due


def test_without_a_cut_off_closing_time_decides():
    plain = WorkCalendar(NEW_YORK, closes=time(18))
    assert shown(plain.business_days_from(moment("2026-10-14 17:59"), 1)) == "2026-10-15 18:00"
    assert shown(plain.business_days_from(moment("2026-10-14 18:00"), 1)) == "2026-10-16 18:00"


def test_without_closing_time_a_day_ends_with_the_day():
    plain = WorkCalendar(NEW_YORK)
    assert plain.closes == END_OF_DAY
    assert shown(plain.business_days_from(moment("2026-10-14 23:59"), 1)) == "2026-10-16 00:00"
    assert shown(plain.business_days_from(moment("2026-10-15 00:00"), 1)) == "2026-10-17 00:00"


def test_a_moment_of_another_zone_counts_by_the_calendars_clocks():
    tokyo = datetime(2026, 10, 15, 2, 0, tzinfo=timezone(timedelta(hours=9)))  # Wednesday 13:00 in New York
    assert shown(US.business_days_from(tokyo, 0)) == "2026-10-14 18:00"


KNOWN_HOLIDAYS = {
    "US": "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
    "US-FED": "01-01 01-19 02-16 05-25 06-19 09-07 10-12 11-11 11-26 12-25",  # the Fed works on 3 July 2026
    "GB-ENG": "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
}


@pytest.mark.parametrize("name", KNOWN_HOLIDAYS)
def test_working_days_off_in_2026_are_the_published_ones(name):
    off = {f"{day:%m-%d}" for day in holidays_of(name, [2026]) if day.weekday() < 5}
    assert off == set(KNOWN_HOLIDAYS[name].split())


def test_it_knows_no_other_holidays():
    with pytest.raises(ValueError, match="no holidays known for 'XX'"):
        holidays_of("XX", [2026])


# -- business days: the oracle ----------------------------------------------------------------------------------------

MARKETS = {
    "US": (NEW_YORK, "US"),
    "US-FED": (NEW_YORK, "US-FED"),
    "GB-ENG": ("Europe/London", "GB-ENG"),
}


def oracle(calendar: WorkCalendar, at: datetime, days: int) -> datetime:
    """Step day by day on wall clocks, with nothing but the definition."""
    wall = at.astimezone(ZoneInfo(calendar.zone)).replace(tzinfo=None)
    day = wall.date()
    if wall.time() >= calendar.cut_off:
        day += timedelta(days=1)
    while day.weekday() >= 5 or day in calendar.holidays:
        day += timedelta(days=1)
    for __ in range(days):
        day += timedelta(days=1)
        while day.weekday() >= 5 or day in calendar.holidays:
            day += timedelta(days=1)
    return datetime.combine(day, calendar.closes, tzinfo=ZoneInfo(calendar.zone)).astimezone(UTC)


def test_business_days_agree_with_the_oracle_on_50_000_pairs():
    """L1: 15 years × 3 markets × every day, at hours round the cut-off."""
    pairs = 0
    for zone, name in MARKETS.values():
        calendar = WorkCalendar(zone, holidays_of(name, YEARS), opens=time(9), closes=time(18), cut_off=time(14))
        day = date(2015, 1, 1)
        while day < date(2029, 12, 1):
            for clock, days in ((time(13, 59), 2), (time(14), 0), (time(23, 30), 3), (time(0), 1)):
                at = datetime.combine(day, clock, tzinfo=ZoneInfo(zone)).astimezone(UTC)
                assert calendar.business_days_from(at, days) == oracle(calendar, at, days), (name, at, days)
                pairs += 1
            day += timedelta(days=1)
    assert pairs >= 50_000


@pytest.mark.parametrize("day", ["2026-03-06", "2026-03-08", "2026-10-30", "2026-11-01", "2026-11-25", "2026-12-31"])
def test_every_minute_round_the_cut_off_agrees_with_the_oracle(day):
    """L2: ±3 hours round the cut-off, on days of changing clocks, before holidays, at the year's end."""
    noon = moment(f"{day} 11:00")
    for minute in range(6 * 60):
        at = noon + timedelta(minutes=minute)
        assert US.business_days_from(at, 2) == oracle(US, at, 2)


def test_the_oracle_would_find_a_missing_holiday():
    """The control."""
    forgetful = WorkCalendar(NEW_YORK, opens=time(9), closes=time(18), cut_off=time(14))
    assert any(
        forgetful.business_days_from(moment(arrives), days) != oracle(US, moment(arrives), days)
        for arrives, days, __ in GOLDEN
    )


# -- business hours ---------------------------------------------------------------------------------------------------

OFFICE = WorkCalendar(NEW_YORK, holidays_of("US", YEARS), opens=time(9), closes=time(17))

HOURS = [
    ("2026-10-14 10:00", 4, "2026-10-14 14:00"),
    ("2026-10-14 15:00", 2, "2026-10-14 17:00"),  # ends at closing time, not at the next opening
    ("2026-10-14 15:00", 2.5, "2026-10-15 09:30"),
    ("2026-10-14 20:00", 1, "2026-10-15 10:00"),
    ("2026-10-14 05:00", 0, "2026-10-14 09:00"),
    ("2026-10-14 10:00", 0, "2026-10-14 10:00"),
    ("2026-10-16 16:00", 3, "2026-10-19 11:00"),
    ("2026-11-25 16:00", 8, "2026-11-27 16:00"),  # over Thanksgiving
    ("2026-10-14 10:00", 80, "2026-10-28 10:00"),
]


@pytest.mark.parametrize(("at", "hours", "due"), HOURS)
def test_business_hours_agree_with_wall_calendars(at, hours, due):
    assert shown(OFFICE.business_hours_from(moment(at), hours)) == due
    assert OFFICE.business_hours_from(moment(at), timedelta(hours=hours)) == moment(due)


def test_business_hours_count_elapsed_time_while_clocks_change():
    always = WorkCalendar(NEW_YORK, working_days=frozenset(range(7)))
    assert shown(always.business_hours_from(moment("2026-03-07 12:00"), 24)) == "2026-03-08 13:00"
    assert shown(always.business_hours_from(moment("2026-10-31 12:00"), 24)) == "2026-11-01 11:00"


def test_it_measures_business_hours():
    assert OFFICE.business_hours_between(moment("2026-10-16 16:00"), moment("2026-10-19 11:00")) == timedelta(hours=3)
    assert OFFICE.business_hours_between(moment("2026-10-17 10:00"), moment("2026-10-18 10:00")) == timedelta(0)
    assert OFFICE.business_hours_between(moment("2026-10-19 11:00"), moment("2026-10-16 16:00")) == timedelta(0)


def test_it_knows_when_people_work():
    assert OFFICE.is_open(moment("2026-10-14 09:00"))
    assert not OFFICE.is_open(moment("2026-10-14 17:00"))
    assert not OFFICE.is_open(moment("2026-10-17 12:00"))
    assert not OFFICE.is_open(moment("2026-11-26 12:00"))
    assert OFFICE.next_business_day(date(2026, 11, 25)) == date(2026, 11, 27)


some_moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(
    lambda wall: wall.replace(second=0, microsecond=0, tzinfo=UTC)
)


@settings(max_examples=300, deadline=None, database=None)
@given(some_moments, st.integers(0, 40 * 60), st.sampled_from([NEW_YORK, "Europe/London", "Australia/Lord_Howe"]))
def test_what_is_counted_forward_is_what_is_measured(at, minutes, zone):
    calendar = WorkCalendar(zone, holidays_of("US", YEARS), opens=time(1, 30), closes=time(3, 30))
    due = calendar.business_hours_from(at, timedelta(minutes=minutes))
    assert calendar.business_hours_between(at, due) == timedelta(minutes=minutes)
    assert due >= at


@settings(max_examples=40, deadline=None, database=None)
@given(some_moments, st.integers(1, 5 * 60))
def test_business_hours_agree_with_counting_minutes(at, minutes):
    """The oracle ticks minute by minute and asks each time whether the office is open."""
    left, tick = minutes, at
    while left:
        local = tick.astimezone(ZoneInfo(NEW_YORK))
        if local.weekday() < 5 and local.date() not in OFFICE.holidays and 9 <= local.hour < 17:
            left -= 1
        tick += timedelta(minutes=1)
    assert OFFICE.business_hours_from(at, timedelta(minutes=minutes)) == tick


@settings(max_examples=200, deadline=None, database=None)
@given(some_moments, st.integers(0, 600), st.integers(0, 5), st.sampled_from(ZONES))
def test_later_arrival_is_never_due_earlier(at, later, days, zone):
    calendar = WorkCalendar(zone, opens=time(2), closes=time(3), cut_off=time(2, 30))
    after = at + timedelta(minutes=later)
    assert calendar.business_days_from(at, days) <= calendar.business_days_from(after, days)
    assert calendar.business_hours_from(at, days) <= calendar.business_hours_from(after, days)


# -- what makes no sense ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"working_days": frozenset()},
        {"working_days": frozenset({7})},
        {"opens": time(9), "closes": time(9)},
        {"opens": time(9), "closes": time(8)},
    ],
)
def test_it_refuses_a_calendar_that_makes_no_sense(options):
    with pytest.raises(ValueError, match="working day"):
        WorkCalendar(NEW_YORK, **options)


def test_it_refuses_a_zone_that_does_not_exist():
    with pytest.raises(KeyError):
        WorkCalendar("Mars/Olympus")


def test_it_counts_forward_only():
    for count in (US.business_days_from, US.business_hours_from):
        with pytest.raises(ValueError, match="forward"):
            count(moment("2026-10-14 12:00"), -1)


def test_it_gives_up_on_a_calendar_without_working_days():
    first = date(2026, 1, 1)
    idle = WorkCalendar(NEW_YORK, frozenset(first + timedelta(days=n) for n in range(4000)))
    for count in (idle.business_days_from, idle.business_hours_from):
        with pytest.raises(ValueError, match="no working day"):
            count(moment("2026-01-02 12:00"), 1)


def test_a_clock_that_shows_a_time_twice_means_the_first():
    assert instant(date(2026, 11, 1), time(1, 30), NEW_YORK) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_time_that_clocks_skip_lies_after_the_jump():
    assert shown(instant(date(2026, 3, 8), time(2, 30), NEW_YORK)) == "2026-03-08 03:30"
