"""Charts with their table twins, as the chart component takes them; and the same figures as rows of a CSV.

A chart is a dict: ``kind`` line, bar, stacked, doughnut, funnel (bars from the left) or heat (a toned table without a
drawing); ``labels`` and ``series`` are drawn, ``columns`` and ``rows`` are read, ``csv`` is a header and plain values.
"""

import datetime as dt
from functools import lru_cache
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analytics.definitions import DEFINITIONS
from analytics.figures import COLUMNS, Figures
from analytics.home import Today
from analytics.models import Visit
from analytics.reports import Cohort, Steps
from seller_center.kernel.money import format_money
from seller_center.kernel.text import counted

#: The tones of a heat map; 0 is none at all.
HEAT_TONES = 6


def share(part: int, whole: int) -> str:
    """A part in percent; a dash where there is nothing to divide by."""
    return f"{part * 100 / whole:.1f}%" if whole else "–"


def sales_by_hour(today: Today, currency: str, csv_url: str = "") -> dict[str, Any]:
    """Today's sales by hour beside yesterday's."""

    def money(minor: int | None) -> str:
        return "–" if minor is None else format_money(minor, currency)

    hours = max(len(today.today), len(today.yesterday))
    labels = [*today.hours, *[f"{hour}:00" for hour in range(len(today.hours), hours)]]
    now = [*today.today, *[None] * (hours - len(today.today))]
    before = [*today.yesterday, *[0] * (hours - len(today.yesterday))]
    orders = [*today.orders_today, *[None] * (hours - len(today.orders_today))]
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
        "columns": [_("Hour"), _("Orders"), _("Today"), _("Yesterday")],
        "rows": [
            [label, "–" if count is None else count, money(a), money(b)]
            for label, count, a, b in zip(labels, orders, now, before, strict=True)
        ],
        "note": str(DEFINITIONS["sales"]),
        "csv_url": csv_url,
        "csv": (
            ["hour", "currency", "orders_today", "sales_today_minor", "sales_yesterday_minor"],
            [[label, currency, count, a, b] for label, count, a, b in zip(labels, orders, now, before, strict=True)],
        ),
    }


@lru_cache(maxsize=4096)
def _words(day: dt.date, style: str, language: str | None) -> str:
    """A day in words: the same days stand in the reports of all shops."""
    return date_format(day, style)


def sales_by_day(
    days: dict[dt.date, Figures], before: dict[dt.date, Figures], compared: str, currency: str, csv_url: str = ""
) -> dict[str, Any]:
    """Sales of a range of days, beside another range of the same length where one is compared."""
    language = get_language()
    earlier: list[Figures | None] = [*before.values()] or [None] * len(days)
    series: list[dict[str, Any]] = [{"name": _("This period"), "values": [row.gross_minor for row in days.values()]}]
    columns = [_("Day"), _("Orders"), _("Sales"), _("Net sales")]
    if before:
        series.append({"name": compared, "values": [row.gross_minor for row in before.values()], "compare": True})
        columns.append(compared)
    rows = [
        [
            _words(day, "D, M j, Y", language),
            row.order_count,
            format_money(row.gross_minor, currency),
            format_money(row.net_minor, currency),
            *([format_money(then.gross_minor, currency)] if then else []),
        ]
        for (day, row), then in zip(days.items(), earlier, strict=True)
    ]
    return {
        "id": "sales-by-day",
        "title": _("Sales by day"),
        "kind": "line",
        "labels": [_words(day, "M j", language) for day in days],
        "unit": currency,
        "series": series,
        "columns": columns,
        "rows": rows,
        "note": str(DEFINITIONS["sales"]),
        "csv_url": csv_url,
        "csv": (
            ["day", "currency", *COLUMNS, "net_minor", "compared_day", "compared_gross_minor"],
            (  # written when the file is asked for
                [
                    day.isoformat(),
                    currency,
                    *(getattr(row, name) for name in COLUMNS),
                    row.net_minor,
                    *((then_day.isoformat(), then.gross_minor) if then else (None, None)),
                ]
                for (day, row), (then_day, then) in zip(
                    days.items(), before.items() if before else [(None, None)] * len(days), strict=True
                )
            ),
        ),
    }


def funnel(steps: Steps, before: Steps | None = None, compared: str = "", csv_url: str = "") -> dict[str, Any]:
    """From the visit to the paid order: how many came how far, beside another period where one is compared."""
    names = [_("Visits"), _("Basket"), _("Checkout"), _("Paid order")]
    counts = [steps.visits, steps.baskets, steps.checkouts, steps.orders]
    then = [before.visits, before.baskets, before.checkouts, before.orders] if before else []
    of_step = ["–", *(share(count, last) for count, last in zip(counts[1:], counts[:-1], strict=True))]
    return {
        "id": "funnel",
        "title": _("From visit to order"),
        "kind": "funnel",
        "labels": names,
        "unit": "",
        "series": [{"name": _("This period"), "values": counts}, *_compared(then, compared)],
        "columns": [_("Step"), _("Visits"), _("Of the step before"), _("Of all visits"), *([compared] if then else [])],
        "rows": [
            [name, count, of_before, share(count, counts[0]), *then[place : place + 1]]
            for place, (name, count, of_before) in enumerate(zip(names, counts, of_step, strict=True))
        ],
        "note": str(DEFINITIONS["funnel"]),
        "csv_url": csv_url,
        "csv": (
            ["step", "visits", "compared_visits"],
            [
                [step, count, then[place] if then else None]
                for place, (step, count) in enumerate(
                    zip(("visit", "basket", "checkout", "paid_order"), counts, strict=True)
                )
            ],
        ),
    }


def _compared(values: list[int], name: str) -> list[dict[str, Any]]:
    """The series of the period that one compares with; none if one does not."""
    return [{"name": name, "values": values, "compare": True}] if values else []


def sources(
    by_source: dict[str, Steps], before: dict[str, Steps] | None = None, compared: str = "", csv_url: str = ""
) -> dict[str, Any]:
    """Where visits came from, and how many of them led to a paid order; beside the visits of another period."""
    found = sorted(by_source.items(), key=lambda item: (-item[1].visits, item[0]))
    names = [str(Visit.Source(source).label) for source, _steps in found]
    then = [] if before is None else [before.get(source, Steps()).visits for source, _steps in found]
    return {
        "id": "sources",
        "title": _("Where visits come from"),
        "kind": "bar",
        "labels": names,
        "unit": "",
        "series": [
            {"name": _("Visits"), "values": [steps.visits for _source, steps in found]},
            *_compared(then, compared),
            {"name": _("Paid orders"), "values": [steps.orders for _source, steps in found]},
        ],
        "columns": [
            _("Source"),
            _("Visits"),
            _("Baskets"),
            _("Paid orders"),
            _("Conversion"),
            *([compared] if then else []),
        ],
        "rows": [
            [name, one.visits, one.baskets, one.orders, share(one.orders, one.visits), *then[place : place + 1]]
            for place, (name, (_source, one)) in enumerate(zip(names, found, strict=True))
        ],
        "note": str(DEFINITIONS["sources"]),
        "csv_url": csv_url,
        "csv": (
            ["source", "visits", "baskets", "checkouts", "paid_orders", "compared_visits"],
            [
                [source, one.visits, one.baskets, one.checkouts, one.orders, then[place] if then else None]
                for place, (source, one) in enumerate(found)
            ],
        ),
    }


#: So many bars from the left have room for their names in a large chart.
FEW_BARS = 10


def best_products(
    rows: list[dict[str, Any]],
    currency: str,
    before: dict[str, int] | None = None,
    compared: str = "",
    csv_url: str = "",
) -> dict[str, Any]:
    """What sold most, by product; beside what the same products sold in another period (``before``: code → sum)."""
    then = [] if before is None else [before.get(row["code"], 0) for row in rows]
    return {
        "id": "best-products",
        "title": _("Best products"),
        "kind": "funnel",
        "height": "tall" if len(rows) > FEW_BARS else "large",
        "labels": [row["name"] for row in rows],
        "unit": currency,
        "series": [{"name": _("Sales"), "values": [row["sum_minor"] for row in rows]}, *_compared(then, compared)],
        "columns": [_("Product"), _("Units"), _("Orders"), _("Sales"), *([compared] if then else [])],
        "rows": [
            [
                row["name"],
                row["units"],
                row["orders"],
                *(format_money(minor, currency) for minor in (row["sum_minor"], *then[place : place + 1])),
            ]
            for place, row in enumerate(rows)
        ],
        "note": str(DEFINITIONS["best_products"]),
        "csv_url": csv_url,
        "csv": (
            ["product", "name", "currency", "units", "orders", "sales_minor", "compared_sales_minor"],
            [
                [
                    row["code"],
                    row["name"],
                    currency,
                    row["units"],
                    row["orders"],
                    row["sum_minor"],
                    then[place] if then else None,
                ]
                for place, row in enumerate(rows)
            ],
        ),
    }


def cohorts(found: list[Cohort], csv_url: str = "") -> dict[str, Any]:
    """Who came back: a row for each month of first orders, a column for each month since."""
    months = max((len(one.came_back) for one in found), default=0)
    return {
        "id": "cohorts",
        "title": _("Buyers who came back"),
        "kind": "heat",
        "columns": [_("First order in"), _("Buyers"), *map(_months_after, range(months))],
        "cells": [
            {
                "name": date_format(one.month, "F Y"),
                "count": one.buyers,
                "tones": [
                    {"words": share(count, one.buyers), "count": count, "tone": tone(count, one.buyers)}
                    for count in one.came_back
                ],
                "rest": range(months - len(one.came_back)),
            }
            for one in found
        ],
        "rows": [
            [date_format(one.month, "F Y"), one.buyers, *[share(count, one.buyers) for count in one.came_back]]
            for one in found
        ],
        "note": str(DEFINITIONS["cohorts"]),
        "csv_url": csv_url,
        "csv": (
            ["first_month", "buyers", "months_since", "buyers_who_paid"],
            [
                [f"{one.month:%Y-%m}", one.buyers, since, count]
                for one in found
                for since, count in enumerate(one.came_back)
            ],
        ),
    }


def _months_after(number: int) -> str:
    return counted(number, "months after") if number else _("Same month")


def tone(part: int, whole: int) -> int:
    """How strongly a cell of a heat map is toned: 0 for none, then in equal steps up to ``HEAT_TONES`` for all."""
    return 0 if not part or not whole else min(HEAT_TONES, 1 + part * HEAT_TONES // whole)
