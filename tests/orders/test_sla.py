"""The clocks of an order: both readings of the promise, weekends, holidays, clock changes."""

import dataclasses
import datetime as dt

import pytest

from orders import sla
from shops.policy import parse

POLICY = parse({}, market="US")
NEW_YORK = {"market": "US", "zone": "America/New_York"}


def moment(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def business(days=2, cut_off="15:00"):
    return dataclasses.replace(POLICY.sla, reading="business_days", ship_business_days=days, ship_cut_off=cut_off)


def test_it_promises_72_hours_of_elapsed_time_over_a_clock_change():
    paid = moment("2026-10-30T16:00")  # clocks go back on November 1st
    assert sla.ship_by(POLICY.sla, paid, **NEW_YORK) == paid + dt.timedelta(hours=72)


@pytest.mark.parametrize(
    ("paid", "due"),
    [
        ("2026-10-14T16:00", "2026-10-17T04:00"),  # Wednesday noon: Friday's midnight
        ("2026-10-14T20:00", "2026-10-20T04:00"),  # Wednesday after the cut-off counts as Thursday: Monday's midnight
        ("2026-10-16T12:00", "2026-10-21T04:00"),  # Friday: Tuesday's midnight
        ("2026-11-25T14:00", "2026-12-01T05:00"),  # the day before Thanksgiving: Monday's midnight
    ],
)
def test_it_promises_working_days_with_a_cut_off(paid, due):
    assert sla.ship_by(business(), moment(paid), **NEW_YORK) == moment(due)


def test_it_gives_all_clocks_of_an_order_at_once():
    paid = moment("2026-10-14T16:00")
    found = sla.clocks(POLICY.sla, paid, **NEW_YORK)
    assert found.cooling_off_until == paid + dt.timedelta(hours=1)
    assert found.auto_cancel_at == found.ship_by + dt.timedelta(days=7)


def test_it_gives_more_time_to_inspect_dear_goods():
    received = moment("2026-10-14T16:00")
    cheap = sla.inspect_by(POLICY.returns, received, worth_minor=10_000, **NEW_YORK)
    dear = sla.inspect_by(POLICY.returns, received, worth_minor=10_001, **NEW_YORK)
    assert cheap == moment("2026-10-17T04:00")
    assert dear == moment("2026-10-21T04:00")
