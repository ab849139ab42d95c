"""Low-stock alerts: which SKUs run out, found for many shops at once, raised at most once a day for each SKU.

Low is what has few units left, or sells out soon at the pace of the policy's windows (7, 14, 30 days: the fastest one
counts). Measured are units that left the house. Every figure that decides is kept with the alert.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from catalog.models import LowStockAlert
from shops import events
from shops.batches import batch_run
from shops.models import Market, Shop
from shops.policy_book import policy_for

BATCH = "catalog.low_stock"
#: Shops that one statement looks at.
CHUNK_SHOPS = 500
#: The clock starts a run at this distance; a run's period is its place in it.
EVERY = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class LowSku:
    """A SKU that runs out, with the arithmetic: ``sold_count`` units in ``window_days``, so ``days_left``."""

    shop_id: int
    sku_id: int
    product_code: str
    product_name: str
    sku_code: str
    option_values: list[str]
    why: str
    available: int
    sold_count: int
    window_days: int
    days_left: int | None
    reorder_count: int
    on_day: dt.date

    @property
    def choice(self) -> str:
        """Its option values in one line."""
        return " / ".join(self.option_values)


# One row of `rules` per market: the numbers of its policy. `windows` are the days over which sales are measured.
_FIND = """
WITH rules AS (
    SELECT * FROM unnest(%(markets)s::varchar[], %(quantities)s::integer[], %(supplies)s::integer[])
        AS rules (market_id, low_quantity, low_days)
), sold AS (
    SELECT line.shop_id, line.sku_id, windows.days, sum(-line.quantity)::integer AS units
    FROM unnest(%(windows)s::integer[]) AS windows (days)
    JOIN catalog_stockmovement AS line
        ON line.why = 'sold' AND line.shop_id = ANY (%(shops)s)
        AND line.at > %(at)s - make_interval(days => windows.days) AND line.at <= %(at)s
    GROUP BY line.shop_id, line.sku_id, windows.days
), pace AS (
    SELECT DISTINCT ON (shop_id, sku_id) shop_id, sku_id, days, units, units::numeric / days AS per_day
    FROM sold ORDER BY shop_id, sku_id, units::numeric / days DESC, days
), level AS (
    SELECT item.shop_id, item.sku_id, sum(item.available)::integer AS available
    FROM catalog_stockitem AS item
    WHERE item.shop_id = ANY (%(shops)s) AND NOT item.off_sale
    GROUP BY item.shop_id, item.sku_id
), low AS (
    SELECT level.shop_id, level.sku_id, product.code AS product_code, product.name AS product_name,
        sku.code AS sku_code, sku.option_values,
        CASE WHEN level.available <= rules.low_quantity THEN 'quantity' ELSE 'supply' END AS why,
        level.available, coalesce(pace.units, 0) AS sold_count, coalesce(pace.days, %(longest)s) AS window_days,
        floor(level.available / nullif(pace.per_day, 0))::integer AS days_left,
        greatest(
            ceil(coalesce(pace.per_day, 0) * rules.low_days)::integer, rules.low_quantity + 1
        ) - level.available AS reorder_count,
        (%(at)s AT TIME ZONE shop.zone)::date AS on_day
    FROM level
    JOIN shops_shop AS shop ON shop.id = level.shop_id
    JOIN rules ON rules.market_id = shop.market_id
    JOIN catalog_sku AS sku ON sku.shop_id = level.shop_id AND sku.id = level.sku_id AND sku.retired_at IS NULL
    JOIN catalog_product AS product
        ON product.shop_id = sku.shop_id AND product.id = sku.product_id AND product.status = 'live'
    LEFT JOIN pace ON pace.shop_id = level.shop_id AND pace.sku_id = level.sku_id
    WHERE level.available <= rules.low_quantity OR level.available < pace.per_day * rules.low_days
)
"""

_NEW = """
FROM low WHERE NOT EXISTS (
    SELECT 1 FROM catalog_lowstockalert AS raised
    WHERE raised.shop_id = low.shop_id AND raised.sku_id = low.sku_id AND raised.on_day = low.on_day
)
"""

_RAISE = f"""{_FIND}, raised AS (
    INSERT INTO catalog_lowstockalert (shop_id, sku_id, on_day, why, available, sold_count, window_days, days_left,
        reorder_count, raised_at)
    SELECT shop_id, sku_id, on_day, why, available, sold_count, window_days, days_left, reorder_count, %(at)s {_NEW}
    ON CONFLICT (shop_id, sku_id, on_day) DO NOTHING
    RETURNING shop_id, on_day
)
SELECT shop_id, on_day, count(*) FROM raised GROUP BY shop_id, on_day ORDER BY shop_id
"""  # noqa: S608 (own text)

_COUNT = f"{_FIND} SELECT shop_id, on_day, count(*) {_NEW} GROUP BY shop_id, on_day ORDER BY shop_id"

_LIST = f"""{_FIND}
SELECT shop_id, sku_id, product_code, product_name, sku_code, option_values, why, available, sold_count, window_days,
    days_left, reorder_count, on_day
FROM low ORDER BY coalesce(days_left, 1000000), available, sku_id LIMIT %(most)s
"""  # noqa: S608


def alert_all(*, at: dt.datetime, dry_run: bool = False) -> dict[str, int]:
    """Raise today's alerts of all open shops. Repeatable: what was raised today is not raised again.

    Returns how many SKUs in how many shops; with ``dry_run`` how many there would be, and nothing is written. Raises
    ``AlreadyRunning`` while another process is at the same quarter of an hour.
    """
    if dry_run:
        return _total(found for chunk in _chunks() for found in _found(_COUNT, chunk, at))
    with batch_run(BATCH, _period(at), at=at) as run:
        for chunk in _chunks():
            with transaction.atomic():
                found = _found(_RAISE, chunk, at)
                _record(found, at)
            for name, number in _total(iter(found)).items():
                run.count(name, number)
            run.beat()
        return {"skus": 0, "shops": 0, **run.row.counts}


def _period(at: dt.datetime) -> str:
    minute = at.minute - at.minute % (EVERY.seconds // 60)
    return at.astimezone(dt.UTC).replace(minute=minute).strftime("%Y-%m-%dT%H:%M")


def _chunks() -> Iterator[list[int]]:
    """Open shops, some hundred at a time, by key."""
    last = 0
    while True:
        rows = Shop.objects.active().filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
        keys = list(rows[:CHUNK_SHOPS])
        if not keys:
            return
        last = keys[-1]
        yield keys


def _found(sql: str, shops: Sequence[int], at: dt.datetime, **more: Any) -> list[tuple]:
    markets = list(Market.objects.order_by("code").values_list("code", flat=True))
    rules = [policy_for(market, at).stock for market in markets]
    windows = sorted({days for rule in rules for days in rule.velocity_days})
    values = {
        "markets": markets,
        "quantities": [rule.low_quantity for rule in rules],
        "supplies": [rule.low_days_of_supply for rule in rules],
        "windows": windows,
        "longest": windows[-1],
        "shops": list(shops),
        "at": at,
        **more,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def _record(found: list[tuple], at: dt.datetime) -> None:
    """One event for each shop with new alerts; its reaction is the digest."""
    if not found:
        return
    codes = dict(Shop.objects.filter(pk__in=[row[0] for row in found]).order_by("pk").values_list("pk", "code"))
    events.record_many(
        "stock.low",
        by=None,
        at=at,
        shop_ids=[shop_id for shop_id, _day, _count in found],
        subjects=[
            ("shop", codes[shop_id], {"on_day": on_day.isoformat(), "count": count}) for shop_id, on_day, count in found
        ],
    )


def _total(found: Iterator[tuple]) -> dict[str, int]:
    rows = list(found)
    return {"skus": sum(row[2] for row in rows), "shops": len(rows)}


# -- one shop ---------------------------------------------------------------------------------------------------------


def running_low(shop, *, at: dt.datetime, most: int = 200) -> list[LowSku]:
    """The shop's SKUs that run out, the most urgent first, as they stand now: for Home and the low-stock page."""
    return [LowSku(*row) for row in _found(_LIST, [shop.pk], at, most=most)]


def raised_on(shop, on_day: dt.date, *, most: int = 200) -> list[LowStockAlert]:
    """The alerts of a day, for its digest."""
    rows = LowStockAlert.objects.of_day(shop, on_day).select_related("sku", "sku__product")
    return list(rows[:most])
