"""Keeping figures by the hour: each reaction adds what one event changed, exactly once."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import TruncDate

from analytics.models import HourlyFigure
from orders.models import Order, OrderLine, Refund
from seller_center.kernel.calendar import Period, day_period
from seller_center.kernel.prepared import prepared

COLUMNS = (
    "order_count",
    "unit_count",
    "gross_minor",
    "discount_minor",
    "cancelled_count",
    "cancelled_minor",
    "refunded_count",
    "refunded_minor",
    "visit_count",
)


def add(shop_id: int, at: dt.datetime, **amounts: int) -> None:
    """Add amounts to the hour of ``at``, in one statement that needs no row to exist."""
    unknown = set(amounts) - set(COLUMNS)
    if unknown:
        raise TypeError(f"There is no figure {min(unknown)}.")
    values = [amounts.get(name, 0) for name in COLUMNS]
    names = ", ".join(COLUMNS)
    places = ", ".join(["%s"] * len(COLUMNS))
    sums = ", ".join(f"{name} = f.{name} + excluded.{name}" for name in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO analytics_hourlyfigure AS f (shop_id, hour, {names}) VALUES (%s, %s, {places})"  # noqa: S608
            f" ON CONFLICT (shop_id, hour) DO UPDATE SET {sums}",
            [shop_id, hour_of(at), *values],
        )


def hour_of(at: dt.datetime) -> dt.datetime:
    """The beginning of the clock hour (UTC) in which a moment lies."""
    return at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def count_paid(event) -> None:
    """An order was paid: it counts in the hour of the payment."""
    order = Order.objects.in_shop(event.shop).of_code(event.subject_code).get()
    units = OrderLine.objects.in_shop(event.shop).filter(order=order).aggregate(units=Sum("quantity"))["units"] or 0
    add(
        event.shop_id,
        event.at,
        order_count=1,
        unit_count=units,
        gross_minor=order.goods_minor,
        discount_minor=order.seller_discount_minor + order.platform_discount_minor,
    )


def count_cancelled(event) -> None:
    """A paid order was cancelled: its goods count as cancelled in the hour of the cancellation."""
    order = Order.objects.in_shop(event.shop).of_code(event.subject_code).get()
    if order.paid_at is None:
        return
    discount = order.seller_discount_minor + order.platform_discount_minor
    add(event.shop_id, event.at, cancelled_count=1, cancelled_minor=order.goods_minor - discount)


def count_refund(event) -> None:
    """Goods were refunded after delivery (a refund of a cancelled order counts as cancelled only)."""
    refund = Refund.objects.in_shop(event.shop).of_code(event.subject_code).select_related("order").get()
    if refund.order.status == Order.Status.CANCELLED:
        return
    add(event.shop_id, event.at, refunded_count=1, refunded_minor=refund.goods_minor)


@dataclasses.dataclass
class Figures:
    """The sum of some hours of a shop; amounts in minor units of its currency."""

    order_count: int = 0
    unit_count: int = 0
    gross_minor: int = 0
    discount_minor: int = 0
    cancelled_count: int = 0
    cancelled_minor: int = 0
    refunded_count: int = 0
    refunded_minor: int = 0
    visit_count: int = 0

    @property
    def net_minor(self) -> int:
        """Sales less discounts, cancelled and refunded goods."""
        return self.gross_minor - self.discount_minor - self.cancelled_minor - self.refunded_minor

    @property
    def average_order_minor(self) -> int | None:
        """Sales less discounts per order; None without orders."""
        return (self.gross_minor - self.discount_minor) // self.order_count if self.order_count else None

    @property
    def conversion_bp(self) -> int | None:
        """Orders per visit in basis points; None without visits."""
        return self.order_count * 10_000 // self.visit_count if self.visit_count else None

    def plus(self, row: "Figures") -> "Figures":
        """This and another, summed."""
        return Figures(*(getattr(self, name) + getattr(row, name) for name in COLUMNS))


def within(shop, period: Period) -> Figures:
    """The sum over a period."""
    row = HourlyFigure.objects.in_shop(shop).within(period).aggregate(**{name: Sum(F(name)) for name in COLUMNS})
    return Figures(**{name: row[name] or 0 for name in COLUMNS})


def hours_of(period: Period, rows: dict[dt.datetime, Figures]) -> list[Figures]:
    """The hours of a period (a day has 23 to 25 of them, since clocks change), those without a row as nothing."""
    return [rows.get(moment) or Figures() for moment in _moments(period)]


def hour_names(period: Period, zone: str) -> list[str]:
    """What the clock on the shop's wall says at the beginning of each hour."""
    return [f"{moment.astimezone(ZoneInfo(zone)).hour}:00" for moment in _moments(period)]


def _moments(period: Period) -> Iterator[dt.datetime]:
    moment = period.start.astimezone(dt.UTC)
    while moment < period.end:
        yield moment
        moment += dt.timedelta(hours=1)


def by_day(shop, days: Iterable[dt.date]) -> dict[dt.date, Figures]:
    """Consecutive days of the shop's own zone, summed by the database in one query."""
    wanted = list(days)
    if not wanted:
        return {}
    whole = Period(day_period(wanted[0], shop.zone).start, day_period(wanted[-1], shop.zone).end)
    found = {day: Figures() for day in wanted}
    for day, *sums in _sums_by_day(ZoneInfo(shop.zone), shop=shop.pk, start=whole.start, end=whole.end):
        found[day] = Figures(**dict(zip(COLUMNS, sums, strict=True)))
    return found


@prepared
def _sums_by_day(zone: ZoneInfo, *, shop: int, start: dt.datetime, end: dt.datetime) -> QuerySet:
    """The day, then the sums of ``COLUMNS``."""
    hours = HourlyFigure.objects.in_shop(shop).within(Period(start, end)).order_by()
    days = hours.annotate(day=TruncDate("hour", tzinfo=zone)).values_list("day")
    return days.annotate(**{f"sum_{name}": Sum(name) for name in COLUMNS})
