"""What the reports ask: the way of visits to orders, where they came from, what sold, and who came back.

Each is one question to the database, bounded by its period; the definitions stand in ``analytics.definitions``.
"""

import dataclasses
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, Sum

from analytics.models import Visit
from orders.models import Order, OrderLine
from seller_center.kernel.calendar import Period

#: An order that is not paid within minutes ends (policy, ``unpaid_minutes``). So a question about payments may look at
#: orders placed not longer ago than this before its period, which have an index, and misses none.
PAID_WITHIN = dt.timedelta(days=7)


@dataclasses.dataclass(frozen=True)
class Steps:
    """How many visits came how far. Each step includes the later ones: whoever paid had a basket, maybe since weeks."""

    visits: int = 0
    baskets: int = 0
    checkouts: int = 0
    orders: int = 0

    def plus(self, other: "Steps") -> "Steps":
        """Both together."""
        return Steps(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


def steps_by_source(shop, period: Period) -> dict[str, Steps]:
    """The funnel of the visits begun in a period, for each source they came from. One query."""
    paid = Order.objects.filter(shop=OuterRef("shop"), code=OuterRef("order_code"), paid_at__isnull=False)
    ordered = ~Q(order_code="")
    checked_out = Q(checkout_at__isnull=False) | ordered
    rows = (
        Visit.objects.in_shop(shop)
        .filter(at__gte=period.start, at__lt=period.end)
        .order_by()
        .values("source")
        .annotate(
            visits=Count("pk"),
            baskets=Count("pk", filter=Q(basket_at__isnull=False) | checked_out),
            checkouts=Count("pk", filter=checked_out),
            orders=Count("pk", filter=Q(Exists(paid), order_code__gt="")),
        )
    )
    return {row.pop("source"): Steps(**row) for row in rows}


def all_steps(by_source: dict[str, Steps]) -> Steps:
    """The funnel of all sources together."""
    whole = Steps()
    for steps in by_source.values():
        whole = whole.plus(steps)
    return whole


def best_products(shop, period: Period, *, most: int) -> list[dict[str, Any]]:
    """Products by what was paid for them in a period, before discounts: code, name, units, orders, sum_minor."""
    rows = (
        _paid_lines(shop, period)
        .values(code=F("sku__product__code"), name=F("sku__product__name"))
        .annotate(units=Sum("quantity"), orders=Count("order", distinct=True), sum_minor=Sum("goods_minor"))
        .order_by("-sum_minor", "code")
    )
    return list(rows[:most])


def sales_of_products(shop, period: Period, codes: list[str]) -> dict[str, int]:
    """What was paid for these products in a period, before discounts; those without sales are left out."""
    rows = _paid_lines(shop, period).filter(sku__product__code__in=codes).order_by()
    return dict(rows.values_list("sku__product__code").annotate(sum_minor=Sum("goods_minor")))


def _paid_lines(shop, period: Period):
    """The lines of the orders paid in a period."""
    return OrderLine.objects.in_shop(shop).filter(
        order__shop=shop,
        order__placed_at__gte=period.start - PAID_WITHIN,
        order__placed_at__lt=period.end,
        order__paid_at__gte=period.start,
        order__paid_at__lt=period.end,
    )


@dataclasses.dataclass(frozen=True)
class Cohort:
    """The buyers whose first paid order fell into a month, and how many of them paid one in each month since."""

    month: dt.date
    buyers: int
    came_back: list[int]


_COHORTS = """
WITH paid AS (
    SELECT buyer_id, date_trunc('month', paid_at AT TIME ZONE %(zone)s)::date AS month
    FROM orders_order WHERE shop_id = %(shop)s AND paid_at < %(end)s
    GROUP BY buyer_id, 2
), begun AS (
    SELECT buyer_id, min(month) AS first FROM paid GROUP BY buyer_id
)
SELECT begun.first, paid.month, count(*) FROM begun JOIN paid USING (buyer_id)
WHERE begun.first >= %(since)s GROUP BY begun.first, paid.month
"""


def cohorts(shop, at: dt.datetime, *, months: int) -> list[Cohort]:
    """The buyers of the last months by the month of their first paid order, oldest first, this month included."""
    today = at.astimezone(ZoneInfo(shop.zone)).date()
    shown = [_months_before(today, back) for back in range(months - 1, -1, -1)]
    with connection.cursor() as cursor:
        cursor.execute(_COHORTS, {"shop": shop.pk, "zone": shop.zone, "end": at, "since": shown[0]})
        found = {(first, month): count for first, month, count in cursor.fetchall()}
    return [
        Cohort(month, found.get((month, month), 0), [found.get((month, later), 0) for later in shown[place:]])
        for place, month in enumerate(shown)
        if (month, month) in found
    ]


def _months_before(day: dt.date, back: int) -> dt.date:
    number = day.year * 12 + day.month - 1 - back
    return dt.date(number // 12, number % 12 + 1, 1)
