"""The clocks of an order, from the policy's service level: when to ship, when it is over. Pure arithmetic.

Two readings of the dispatch promise (rulebook §4): so many hours after payment, or so many working days with a cut-off.
All moments are aware and come back in UTC.
"""

import datetime as dt
from dataclasses import dataclass

from seller_center.kernel.calendar import WorkCalendar, holidays_of, hours_from

#: Whose public holidays a market's working days know.
HOLIDAYS = {"US": "US", "GB": "GB-ENG"}


@dataclass(frozen=True, slots=True)
class Clocks:
    """What is promised for an order from the moment it is paid."""

    cooling_off_until: dt.datetime
    ship_by: dt.datetime
    auto_cancel_at: dt.datetime


def clocks(sla, paid_at: dt.datetime, *, market: str, zone: str) -> Clocks:
    """The clocks of an order paid at this moment, under ``policy.sla``, for a shop in this market and zone."""
    due = ship_by(sla, paid_at, market=market, zone=zone)
    return Clocks(
        cooling_off_until=paid_at + dt.timedelta(minutes=sla.cooling_off_minutes),
        ship_by=due,
        auto_cancel_at=due + dt.timedelta(days=sla.auto_cancel_days),
    )


def ship_by(sla, paid_at: dt.datetime, *, market: str, zone: str) -> dt.datetime:
    """Until when an order paid at this moment is to be shipped."""
    if sla.reading == "hours":
        return hours_from(paid_at, sla.ship_hours)
    return work_calendar(market, zone, paid_at, cut_off=sla.ship_cut_off).business_days_from(
        paid_at, sla.ship_business_days
    )


def inspect_by(returns, received_at: dt.datetime, *, worth_minor: int, market: str, zone: str) -> dt.datetime:
    """Until when a return that arrived at this moment is to be inspected: longer for dear goods."""
    dear = worth_minor > returns.dear_above_minor
    days = returns.inspect_business_days_dear if dear else returns.inspect_business_days
    return work_calendar(market, zone, received_at).business_days_from(received_at, days)


def work_calendar(market: str, zone: str, at: dt.datetime, *, cut_off: str = "") -> WorkCalendar:
    """Monday to Friday without the market's public holidays; ``cut_off`` like ``15:00``."""
    years = range(at.year, at.year + 2)
    return WorkCalendar(
        zone=zone,
        holidays=holidays_of(HOLIDAYS.get(market, "US"), years),
        cut_off=dt.time.fromisoformat(cut_off) if cut_off else None,
    )


def collect_by(sla, due: dt.datetime, shipped_at: dt.datetime) -> dt.datetime:
    """Until when the carrier should have collected a package: 48 h after it was due, or after it left if later."""
    return hours_from(max(due, shipped_at), sla.collect_hours)


def deliver_by(sla, shipped_at: dt.datetime) -> dt.datetime:
    """Until when a package shipped at this moment should have arrived."""
    return shipped_at + dt.timedelta(days=sla.deliver_days)
