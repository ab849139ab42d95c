"""L3, L4: clocks that change lose and double nothing; a clock that is due ends once, whoever looks.

The sweep under load stands in tests/shops/test_deadlines.py; its control is here.
"""

import datetime as dt
import multiprocessing
from datetime import UTC
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from seller_center.kernel.calendar import day_of, day_period, hours_from
from shops import events
from shops.models import Deadline, ShopEvent
from shops.scope import scope
from tests.factories.shops import make_shop
from tests.kernel.test_calendar import ZONES
from tests.shops.test_deadlines import HOUR, start
from tests.storm import HANG_SECONDS, storm

MINUTE = dt.timedelta(minutes=1)
YEARS = range(2020, 2030)
LEAST_TRANSITIONS = 200


@cache
def changes(zone: str) -> list[dt.datetime]:
    """The hours of ten years in which the clocks of a zone change."""
    found = []
    place, at = ZoneInfo(zone), dt.datetime(YEARS[0], 1, 1, tzinfo=UTC)
    before, end = at.astimezone(place).utcoffset(), dt.datetime(YEARS[-1] + 1, 1, 1, tzinfo=UTC)
    while at < end:
        at += HOUR
        after = at.astimezone(place).utcoffset()
        if after != before:
            found.append(at)
        before = after
    return found


def minutes_round(change: dt.datetime) -> list[dt.datetime]:
    return [change + minute * MINUTE for minute in range(-120, 121)]


def test_nothing_is_lost_or_doubled_while_clocks_change():
    """24 zones, ten years, each minute two hours before and after: order stays, each moment is in one day."""
    seen = 0
    for zone in ZONES:
        for change in changes(zone):
            seen += 1
            moments = minutes_round(change)
            due = [hours_from(moment, 72) for moment in moments]
            assert due == sorted(set(due)), (zone, change)
            days = [day_of(moment, zone) for moment in moments]
            assert days == sorted(days), (zone, change)
            assert all(moment in day_period(day, zone) for moment, day in zip(moments, days, strict=True))
    print(f"{seen} changes of clocks in {len(ZONES)} zones")
    assert len(ZONES) >= 24
    assert seen >= LEAST_TRANSITIONS


def test_control_adding_to_what_a_wall_clock_shows_would_double_and_lose_order():
    """Three days later by the hands of the clock, as a naive program counts: two moments fall on one."""
    wrong = 0
    for zone in ZONES:
        place = ZoneInfo(zone)
        for change in changes(zone):
            walls = [moment.astimezone(place).replace(tzinfo=None, fold=0) for moment in minutes_round(change)]
            due = [(wall + dt.timedelta(hours=72)).replace(tzinfo=place).astimezone(UTC) for wall in walls]
            wrong += due != sorted(set(due))
    assert wrong >= LEAST_TRANSITIONS // 3


@pytest.mark.django_db(transaction=True)
def test_control_a_sweep_that_looks_without_locking_would_end_a_clock_many_times(at):
    shop = make_shop()
    start(shop, at, code="D1")
    seen = multiprocessing.get_context("fork").Barrier(8)

    def look_then_act(number: int) -> int:
        with transaction.atomic():
            rows = list(Deadline.objects.to_check(at + 48 * HOUR))
            seen.wait(HANG_SECONDS)
            with scope(shop, by=None):
                events.record_many(
                    "document.expired",
                    shop=shop,
                    by=None,
                    at=at,
                    subjects=[("document", row.subject_code, {"document_kind": "x", "paper": "x"}) for row in rows],
                )
        return len(rows)

    outcomes = storm(look_then_act, processes=4, threads=2)
    assert all(one.done for one in outcomes), [one.message for one in outcomes if not one.done][:1]
    assert ShopEvent.objects.filter(kind="document.expired").count() > 1
