"""Files in and out: the product's import beside the leanest way into the same tables and beside django-import-export
as it comes, with the same rows and with one table; what a worker holds for it in memory; the export beside COPY. Rows per
second of processor time of this process and of the database.
"""

import csv
import datetime as dt
import io
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from django.db import connection, transaction

from benchmarks.figures import ROUNDS, Figure, median, ratio_of
from benchmarks.ground import Ground
from benchmarks.machine import Meter
from catalog import exporting, importing
from catalog.models import Category, PriceHistory, Product, Sku, StockItem, StockMovement, Warehouse
from seller_center import reactions
from seller_center.kernel.clock import real_now
from seller_center.seeding.cast import MEASURED_CODE, OWNER_EMAIL
from shops.models import Shop, User

#: Rows of a file, each a product with one SKU and a stock.
ROWS = {"tiny": 500, "small": 5_000, "full": 20_000}
#: Rows that django-import-export gets: it needs a query or two for each.
FEW = 200
HEADER = ("Handle", "Name", "Description", "Category", "Status", "SKU", "Price", "Weight (g)", "Stock")
_files = itertools.count(1)


def file_of(rows: int, category: str) -> bytes:
    """A product file that no import has seen before."""
    run = next(_files)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for number in range(rows):
        word = f"bench-{run}-{number}"
        price, weight, stock = f"{5 + number % 90}.{number % 100:02}", 100 + number % 900, 10 + number % 40
        text = f"A thing of everyday use, number {number}, made to last."
        writer.writerow(
            (word, f"Bench thing number {number}", text, category, "draft", word.upper(), price, weight, stock)
        )
    return out.getvalue().encode()


class Way:
    """Something that takes a file in, with what each round of it cost."""

    def __init__(self, rows: int, work: Callable[[bytes], object]) -> None:
        self.rows, self.work = rows, work
        self.rates: list[float] = []

    def measure(self, ground: Ground, category: str, *, counts: bool) -> None:
        content = file_of(self.rows, category)
        with Meter(ground.server_pids, own=True) as meter:
            self.work(content)
        if counts:
            self.rates.append(self.rows / meter.cpu)


def measure(ground: Ground) -> Iterator[Figure]:
    """Import, then export."""
    shop = Shop.objects.select_related("market").get(code=MEASURED_CODE)
    owner, at = User.objects.get(email=OWNER_EMAIL), real_now()
    category = Category.objects.choosable().filter(fee_class="standard").order_by("id").first()
    rows = ROWS[ground.scale]
    ways = {
        "whole": Way(rows, lambda content: _import(shop, content, owner, at)),
        "limit": Way(rows, lambda content: _lean_import(shop, content, category, at)),
        "library": Way(FEW, lambda content: _library_import(shop, content, category, at, whole=True, rehearsed=True)),
        "applied": Way(FEW, lambda content: _library_import(shop, content, category, at, whole=True)),
        "table": Way(FEW, lambda content: _library_import(shop, content, category, at, whole=False)),
    }
    for round_no in range(ROUNDS + 1):
        for way in ways.values():
            way.measure(ground, category.code, counts=round_no > 0)
    whole, limit, library, applied, table = (way.rates for way in ways.values())
    value = f"{median(whole):,.0f} rows/s CPU"
    yield Figure(
        f"import, {rows:,} rows, with dry run",
        value,
        f"lean SQL {median(limit):,.0f}/s",
        ratio_of(whole, limit),
        least=0.2,
        aim=0.65,
    )
    reference = f"import-export {median(library):,.0f}/s"
    yield Figure("import beside the library", value, reference, ratio_of(whole, library), least=30)
    reference = f"import-export {median(applied):,.0f}/s"
    yield Figure("the same, the library without its dry run", value, reference, ratio_of(whole, applied))
    reference = f"import-export {median(table):,.0f}/s"
    yield Figure("the same beside one table of the library", value, reference, ratio_of(whole, table))
    yield from _memory(ground.scale, shop, category.code, owner, at)
    yield _export(ground, shop)


def _import(shop: Shop, content: bytes, owner: User, at: dt.datetime) -> None:
    """As a seller does it: upload, dry run by a job, confirmation, application by a job."""
    run = importing.upload(shop=shop, content=content, name="bench.csv", by=owner, at=at)
    reactions.run_jobs(at)
    run.refresh_from_db()
    importing.confirm(run=run, by=owner, at=at)
    reactions.run_jobs(at)
    run.refresh_from_db()
    if run.status != "applied" or run.done["refused"]:
        raise SystemExit(f"the import ended {run.status}: {run.done or run.error}")


# -- the leanest way --------------------------------------------------------------------------------------------------

_LAND = """
CREATE TEMPORARY TABLE bench_row (handle text, name text, description text, sku text, price bigint, weight int, stock int)
ON COMMIT DROP
"""
_UPSERT = """
WITH product AS (
    INSERT INTO catalog_product (shop_id, code, status, name, slug, brand, kind_words, description, original_html, reason,
        category_id, created_at, changed_at)
    SELECT %(shop)s, left(md5(handle), 12), 'draft', name, handle, '', '', description, '', '', %(category)s, %(at)s, %(at)s
    FROM bench_row
    ON CONFLICT (shop_id, slug) DO UPDATE SET name = excluded.name, description = excluded.description
    RETURNING id, slug
), sku AS (
    INSERT INTO catalog_sku (shop_id, product_id, code, option_values, position, price_minor, barcode, weight_grams,
        created_at)
    SELECT %(shop)s, product.id, row.sku, '{}', 0, row.price, '', row.weight, %(at)s
    FROM bench_row row JOIN product ON product.slug = row.handle
    ON CONFLICT (shop_id, code) DO UPDATE SET price_minor = excluded.price_minor
    RETURNING id, code, price_minor
), priced AS (
    INSERT INTO catalog_pricehistory (shop_id, sku_id, price_minor, since)
    SELECT %(shop)s, id, price_minor, %(at)s FROM sku
), item AS (
    INSERT INTO catalog_stockitem (shop_id, sku_id, warehouse_id, on_hand, reserved, locked, off_sale)
    SELECT %(shop)s, sku.id, %(warehouse)s, row.stock, 0, 0, false FROM bench_row row JOIN sku ON sku.code = row.sku
    RETURNING id, sku_id, on_hand
)
INSERT INTO catalog_stockmovement (shop_id, item_id, sku_id, quantity, on_hand_after, why, came_from, went_to,
    reference, note, at)
SELECT %(shop)s, id, sku_id, on_hand, on_hand, 'imported', '', '', '', '', %(at)s FROM item
"""


def _lean_import(shop: Shop, content: bytes, category: Category, at: dt.datetime) -> None:
    """Each cell looked at, one COPY, one statement: product, SKU, price, stock and journal; no sentences, no events."""
    warehouse = Warehouse.objects.in_shop(shop).get(is_default=True)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LAND)
        cells = io.StringIO()
        csv.writer(cells).writerows(map(_valid, csv.DictReader(io.StringIO(content.decode()))))
        cells.seek(0)
        cursor.copy_expert("COPY bench_row FROM STDIN WITH (FORMAT csv)", cells)
        values = {"shop": shop.pk, "category": category.pk, "warehouse": warehouse.pk, "at": at}
        cursor.execute(_UPSERT, values)


def _valid(row: dict[str, str]) -> tuple:
    """The cells as the table wants them; the first that is wrong ends it all."""
    whole, _point, cents = row["Price"].partition(".")
    if not (row["Handle"] and 3 <= len(row["Name"]) <= 255 and 0 < len(row["SKU"]) <= 50 and len(cents) == 2):
        raise ValueError(row)
    price, weight, stock = int(whole) * 100 + int(cents), int(row["Weight (g)"]), int(row["Stock"])
    if price <= 0 or weight <= 0 or stock < 0:
        raise ValueError(row)
    return row["Handle"], row["Name"], row["Description"], row["SKU"], price, weight, stock


_LIBRARY = ("shop", "code", "name", "slug", "description", "category", "created_at", "changed_at")


def _library_import(
    shop: Shop, content: bytes, category: Category, at: dt.datetime, *, whole: bool, rehearsed: bool = False
) -> None:
    """django-import-export as it comes: a resource without options, for one table, or (``whole``) with a SKU, its price,
    its stock and the journal's line saved behind each product through their models; ``rehearsed``: with the dry run that
    its page in the admin does before the confirmation, as ours does.
    """
    import tablib
    from import_export import resources

    class Rows(resources.ModelResource):
        class Meta:
            model = Product
            import_id_fields = ("slug",)
            fields = _LIBRARY

        def after_save_instance(self, instance, row, **kwargs):
            """What belongs to a product besides its own row."""
            if whole:
                _save_sku(instance, row, at)

        def after_import(self, dataset, result, **kwargs):
            """Only the owner may set back a sequence, and nothing here needs it."""

    more = ("SKU", "Price", "Weight (g)", "Stock")
    table = tablib.Dataset(headers=[*_LIBRARY, *more])
    moment = at.strftime("%Y-%m-%d %H:%M:%S")
    for number, row in enumerate(csv.DictReader(io.StringIO(content.decode()))):
        code = f"{row['Handle'].split('-')[1]}x{number}"[:8]
        words = (row["Name"], row["Handle"], row["Description"])
        table.append((shop.pk, code, *words, category.pk, moment, moment, *(row[name] for name in more)))
    if rehearsed:
        Rows().import_data(table, dry_run=True, raise_errors=True)
    result = Rows().import_data(table, raise_errors=True)
    if result.totals["new"] != FEW:
        raise SystemExit(f"django-import-export took in {result.totals}")


def _save_sku(product: Product, row: dict[str, str], at: dt.datetime) -> None:
    """The rows that our import writes besides, each by its model's own way of saving."""
    price = int(Decimal(row["Price"]) * 100)
    sku = Sku.objects.create(
        shop=product.shop,
        product=product,
        code=row["SKU"],
        price_minor=price,
        weight_grams=int(row["Weight (g)"]),
        created_at=at,
    )
    PriceHistory.objects.create(shop=product.shop, sku=sku, price_minor=price, since=at)
    warehouse = Warehouse.objects.get(shop=product.shop, is_default=True)
    stock = int(row["Stock"])
    item = StockItem.objects.create(shop=product.shop, sku=sku, warehouse=warehouse, on_hand=stock)
    StockMovement.objects.create(
        shop=product.shop, item=item, sku=sku, quantity=stock, on_hand_after=stock, why="imported", at=at
    )


# -- memory -----------------------------------------------------------------------------------------------------------

#: Rows of the files with which memory is measured, and what a process may hold at most.
FILES = {"tiny": (500, 5_000), "small": (10_000, 100_000), "full": (10_000, 100_000)}
MOST_MEGABYTES = 300
_WORKER = """
import pathlib, re, django
django.setup()
from seller_center import reactions
reactions.run_jobs()
print(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
"""


def _memory(scale: str, shop: Shop, category: str, owner: User, at: dt.datetime) -> Iterator[Figure]:
    """The most that a worker held which did nothing but the dry run, or the application, of one file."""
    held = [_held(rows, shop, category, owner, at) for rows in FILES[scale]]
    for rows, most in zip(FILES[scale], held, strict=True):
        value = f"{most:,.0f} MB at most"
        yield Figure(f"memory, import of {rows:,} rows", value, f"{MOST_MEGABYTES} MB", most / MOST_MEGABYTES, most=1)


def _held(rows: int, shop: Shop, category: str, owner: User, at: dt.datetime) -> float:
    run = importing.upload(shop=shop, content=file_of(rows, category), name="bench.csv", by=owner, at=at)
    checked = _worker()
    run.refresh_from_db()
    importing.confirm(run=run, by=owner, at=at)
    most = max(checked, _worker())
    run.refresh_from_db()
    if run.status != "applied":
        raise SystemExit(f"the import of {rows} rows ended {run.status}: {run.error}")
    return most


def _worker() -> float:
    """A worker that does what is waiting; the megabytes that it held at most."""
    done = subprocess.run([sys.executable, "-c", _WORKER], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


# -- out --------------------------------------------------------------------------------------------------------------

_COPY_OUT = """
COPY (
    SELECT p.slug, p.name, p.brand, c.code, p.description, p.status, o.name, s.option_values[1], s.code, s.price_minor,
        s.compare_at_minor, s.cost_minor, s.barcode, s.weight_grams, i.on_hand
    FROM catalog_product p
    LEFT JOIN catalog_category c ON c.id = p.category_id
    LEFT JOIN catalog_productoption o ON o.shop_id = p.shop_id AND o.product_id = p.id AND o.position = 0
    JOIN catalog_sku s ON s.shop_id = p.shop_id AND s.product_id = p.id AND s.retired_at IS NULL
    JOIN catalog_stockitem i ON i.shop_id = s.shop_id AND i.sku_id = s.id
    WHERE p.shop_id = %d AND p.status <> 'archived' ORDER BY p.id, s.position
) TO STDOUT WITH (FORMAT csv, HEADER)
"""


def _export(ground: Ground, shop: Shop) -> Figure:
    """Every product of the measured shop as a file, streamed, beside COPY of the same columns."""
    rows = Sku.objects.in_shop(shop).count()
    ours: list[float] = []
    copied: list[float] = []
    for round_no in range(ROUNDS + 1):
        for rates, work in ((ours, _export_ours), (copied, _copy_out)):
            with Meter(ground.server_pids, own=True) as meter:
                work(shop)
            if round_no:
                rates.append(rows / meter.cpu)
    value = f"{median(ours):,.0f} rows/s CPU"
    return Figure(f"export, {rows:,} rows", value, f"COPY {median(copied):,.0f}/s", ratio_of(ours, copied), least=0.2)


def _export_ours(shop: Shop) -> None:
    pieces = sum(1 for _piece in exporting.products(shop))
    if pieces < 2 and Sku.objects.in_shop(shop).count() > 5_000:
        raise SystemExit("the export does not stream")


def _copy_out(shop: Shop) -> None:
    with connection.cursor() as cursor, Path(os.devnull).open("wb") as nowhere:
        cursor.copy_expert(_COPY_OUT % shop.pk, nowhere)
