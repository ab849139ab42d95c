"""Charts with their table twins, as the chart component takes them."""

from django.utils.translation import gettext as _

from analytics.definitions import DEFINITIONS
from seller_center.kernel.money import format_money


def sales_by_hour(today, currency: str) -> dict:
    """Today's sales by hour beside yesterday's."""

    def money(minor: int | None) -> str:
        return "–" if minor is None else format_money(minor, currency)

    hours = max(len(today.today), len(today.yesterday))
    labels = [f"{hour}:00" for hour in range(hours)]
    now = [*today.today, *[None] * (hours - len(today.today))]
    before = [*today.yesterday, *[0] * (hours - len(today.yesterday))]
    return {
        "id": "sales-today",
        "title": _("Sales today by hour"),
        "kind": "line",
        "labels": labels,
        "unit": currency,
        "series": [
            {"name": _("Today"), "values": now},
            {"name": _("Yesterday"), "values": before, "compare": True},
        ],
        "columns": [_("Hour"), _("Today"), _("Yesterday")],
        "rows": [[label, money(a), money(b)] for label, a, b in zip(labels, now, before, strict=True)],
        "note": str(DEFINITIONS["sales"]),
    }


def sales_by_day(days: dict, before: dict, currency: str, csv_url: str) -> dict:
    """Sales of a range of days beside the range before it."""
    rows = [
        [
            day.strftime("%a %d %b"),
            row.order_count,
            format_money(row.gross_minor, currency),
            format_money(row.net_minor, currency),
        ]
        for day, row in days.items()
    ]
    return {
        "id": "sales-by-day",
        "title": _("Sales by day"),
        "kind": "line",
        "labels": [day.strftime("%d %b") for day in days],
        "unit": currency,
        "series": [
            {"name": _("This period"), "values": [row.gross_minor for row in days.values()]},
            {"name": _("The period before"), "values": [row.gross_minor for row in before.values()], "compare": True},
        ],
        "columns": [_("Day"), _("Orders"), _("Sales"), _("Net sales")],
        "rows": rows,
        "note": str(DEFINITIONS["sales"]),
        "csv_url": csv_url,
    }
