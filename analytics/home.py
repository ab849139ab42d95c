"""What the Home page shows: today against yesterday, what waits, what is due. Bounded queries, no table is counted."""

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

from analytics import figures
from catalog.models import StockItem
from orders.models import Order
from shops.models import Deadline
from shops.policy_book import policy_for

#: Lists on Home show this many rows; what is more is said as "more" and opens to the whole list.
ROWS = 5
#: Counts on Home stop here.
CAP = 99


@dataclasses.dataclass(frozen=True)
class Today:
    """Sales of today, hour by hour, beside yesterday's. Hours of today that have not begun are None."""

    hours: list[str]
    today: list[int | None]
    yesterday: list[int]
    sum_today: figures.Figures
    sum_yesterday: figures.Figures
    sum_yesterday_so_far: figures.Figures


def sales_today(shop, at: dt.datetime) -> Today:
    """Sales before discounts, by the hour of payment, in the shop's own zone (two queries)."""
    local = at.astimezone(ZoneInfo(shop.zone))
    today = figures.by_hour(shop, local.date())
    yesterday = figures.by_hour(shop, local.date() - dt.timedelta(days=1))
    begun = local.hour + 1
    return Today(
        hours=[f"{hour}:00" for hour in range(len(today))],
        today=[row.gross_minor if number < begun else None for number, row in enumerate(today)],
        yesterday=[row.gross_minor for row in yesterday],
        sum_today=total(today),
        sum_yesterday=total(yesterday),
        sum_yesterday_so_far=total(yesterday[:begun]),
    )


def total(rows: list[figures.Figures]) -> figures.Figures:
    """All of them together."""
    result = figures.Figures()
    for row in rows:
        result = result.plus(row)
    return result


def to_ship(shop) -> list[Order]:
    """The most urgent orders with something still to ship."""
    return list(Order.objects.in_shop(shop).awaiting_shipment()[:ROWS])


def count_to_ship(shop) -> int:
    """How many wait for shipment, up to the cap."""
    return len(Order.objects.in_shop(shop).awaiting_shipment().values_list("pk")[: CAP + 1])


def due_soon(shop, at: dt.datetime, areas: set[str]) -> list[Deadline]:
    """Clocks that end within a day, or have ended unnoticed, in the areas this member sees."""
    running = Deadline.objects.in_shop(shop).running().filter(area__in=areas)
    return list(running.filter(due_at__lt=at + dt.timedelta(hours=24))[:ROWS])


def running_low(shop, at: dt.datetime) -> list[StockItem]:
    """SKUs on sale whose stock is at or below the policy's limit, emptiest first."""
    limit = policy_for(shop, at).stock.low_quantity
    rows = StockItem.objects.in_shop(shop).offered().low(limit).filter(sku__product__status="live")
    return list(rows.select_related("sku", "sku__product").order_by("available", "id")[:ROWS])
