"""Product files out: everything a shop has, in our template's columns, and rows of an import with their sentences."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import connection

from catalog import importing, matching, remarks, sheets
from catalog.models import ImportRow, ImportRun, Media
from seller_center.kernel.csvio import sql_plain, sql_written, write_rows, written
from seller_center.kernel.money import exponent

#: Products read at once while a file is streamed out.
CHUNK = 2_000
HEADER = [names[0] for names in sheets.COLUMNS[sheets.OWN].values()]


def template() -> Iterator[bytes]:
    """An empty file in our columns, with one row that shows how."""
    example = {
        "handle": "walnut-board",
        "name": "Walnut bread board",
        "brand": "Example",
        "category": "kitchen-tools",
        "description": "Made of one piece of walnut.",
        "status": "live",
        "option1_name": "Size",
        "option1_value": "Small",
        "code": "WB-S",
        "price": "24.95",
        "weight": 800,
        "on_hand": 12,
        "picture": "https://example.com/walnut-board.jpg",
        "picture_alt": "The board from above",
    }
    return write_rows(HEADER, [_cells(example)])


def products(shop) -> Iterator[bytes]:
    """Every product of the shop but archived ones, as a file whose import changes nothing. Streams in chunks."""
    return write_rows(HEADER, _rows(shop))


def _rows(shop) -> Iterator[str]:
    """Lines, a chunk of products at a time. The database writes the cells; here they are put side by side: a SKU and a
    picture, and further pictures below.
    """
    after = 0
    while end := _end_of_chunk(shop, after):
        if lines := list(_lines(shop, after, end)):
            yield "\r\n".join(lines)
        after = end


_END = """
SELECT max(id) FROM (
    SELECT id FROM catalog_product WHERE shop_id = %s AND id > %s ORDER BY shop_id, id LIMIT %s
) AS next
"""


def _end_of_chunk(shop, after: int) -> int | None:
    """The key of the last of the next products, archived ones included."""
    with connection.cursor() as cursor:
        cursor.execute(_END, [shop.pk, after, CHUNK])
        return cursor.fetchone()[0]


def _lines(shop, after: int, end: int) -> Iterator[str]:
    before, behind = Media(digest="|").large_url.split("|")
    unit = str(Decimal(1).scaleb(-exponent(shop.currency)))
    values = {"shop": shop.pk, "after": after, "end": end, "unit": unit, "before": before, "behind": behind}
    skus, pictures = _by_product(_SKUS.ask(values)), _by_product(_PICTURES.ask(values))
    axes = _axes(values)
    for key, handle, about in _PRODUCTS.ask(values):
        own_skus, own_pictures = skus.get(key, ()), pictures.get(key, ())
        a, b, c = axes.get(key, _NO_OPTIONS)
        for place in range(max(len(own_skus), len(own_pictures), 1)):
            _key, sku, options = own_skus[place] if place < len(own_skus) else _NO_SKU
            x, y, z = _three(options) if options else _NO_OPTIONS
            picture = own_pictures[place][1] if place < len(own_pictures) else _NO_PICTURE
            yield f"{handle},{about},{a},{x},{b},{y},{c},{z},{sku},{picture}"
            about, a, b, c = _NO_ABOUT, *_NO_OPTIONS


def _axes(values: dict[str, Any]) -> dict[int, tuple[str, ...]]:
    """The names of the options, of the products that have some."""
    with connection.cursor() as cursor:
        cursor.execute(_AXES, values)
        return {key: _three(names) for key, names in cursor.fetchall()}


def _three(texts: Sequence[str]) -> tuple[str, ...]:
    """The first three of these texts as cells; the file has columns for three options."""
    return _remembered_three(tuple(texts))


@lru_cache(maxsize=2_048)
def _remembered_three(texts: tuple[str, ...]) -> tuple[str, ...]:
    """A shop has few options beside its SKUs: “Small, Red” is written once and not for each of them."""
    return tuple(written([text], [False]) for text in (*texts, "", "", "")[:3])


def _by_product(rows: Iterable[tuple]) -> dict[int, list[tuple]]:
    found: dict[int, list[tuple]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


class _Pieces:
    """A question whose answer is a key and pieces of a line, ready written: each piece is some fields, in order. ``more``
    comes behind them as it is.
    """

    def __init__(self, pieces: Sequence[Sequence[str]], rows: str, order: str, more: str = "") -> None:
        fields = [name for piece in pieces for name in piece]
        ready = ", ".join(f"CASE WHEN plain THEN {sql_written(piece, _NUMBERS)} END" for piece in pieces)
        self.ends = list(itertools.accumulate(map(len, pieces)))
        self.bare = [name in _NUMBERS for name in fields]
        self.sql = (
            f"SELECT key, {ready}{more and ', '}{more}, CASE WHEN NOT plain THEN ARRAY[{', '.join(fields)}] END FROM ("  # noqa: S608
            f"SELECT *, {' AND '.join(sql_plain(name) for name in fields if name not in _SAFE)} AS plain FROM ({rows})"
            f" AS told OFFSET 0) AS judged ORDER BY {order}"
        )

    def ask(self, values: dict[str, Any]) -> Iterator[tuple]:
        """Key and pieces. Where a cell might be taken for a formula, the pieces are written here."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, values)
            for row in cursor.fetchall():
                if row[-1] is None:
                    yield row[:-1]
                else:
                    yield (row[0], *self._written(row[-1]), *row[1 + len(self.ends) : -1])

    def _written(self, cells: list[str]) -> Iterator[str]:
        for first, end in itertools.pairwise((0, *self.ends)):
            yield written(cells[first:end], self.bare[first:end])


#: Fields that stand bare, and those that are made of digits or of our own words.
_NUMBERS = frozenset({"weight", "on_hand"})
_SAFE = _NUMBERS | {"status", "price", "compare_at", "cost"}
_NO_OPTIONS, _NO_ABOUT, _NO_PICTURE = ('""',) * 3, ",".join(['""'] * 5), '"",""'
_NO_SKU = (None, ",".join(['""'] * 7), None)

_AXES = """
SELECT product_id, array_agg(name ORDER BY position) FROM catalog_productoption
WHERE shop_id = %(shop)s AND product_id > %(after)s AND product_id <= %(end)s GROUP BY product_id
"""
_PRODUCTS = _Pieces(
    [("handle",), ("name", "brand", "category", "description", "status")],
    """
    SELECT p.id AS key, p.slug AS handle, p.name, p.brand, coalesce(c.code, '') AS category, p.description, p.status
    FROM catalog_product AS p LEFT JOIN catalog_category AS c ON c.id = p.category_id
    WHERE p.shop_id = %(shop)s AND p.id > %(after)s AND p.id <= %(end)s AND p.status <> 'archived'
    """,
    "key",
)
_SKUS = _Pieces(
    [("code", "price", "compare_at", "cost", "barcode", "weight", "on_hand")],
    """
    SELECT s.product_id AS key, s.position, s.id, nullif(s.option_values, '{}') AS options, s.code,
        (s.price_minor * %(unit)s::numeric)::text AS price,
        coalesce((s.compare_at_minor * %(unit)s::numeric)::text, '') AS compare_at,
        coalesce((s.cost_minor * %(unit)s::numeric)::text, '') AS cost, s.barcode,
        coalesce(s.weight_grams::text, '') AS weight, coalesce((
            SELECT i.on_hand FROM catalog_stockitem AS i WHERE i.shop_id = %(shop)s AND i.sku_id = s.id
            AND i.warehouse_id = (SELECT id FROM catalog_warehouse WHERE shop_id = %(shop)s AND is_default)
        ), 0)::text AS on_hand
    FROM catalog_sku AS s
    WHERE s.shop_id = %(shop)s AND s.product_id > %(after)s AND s.product_id <= %(end)s AND s.retired_at IS NULL
    """,
    "key, position, id",
    "options",
)
_PICTURES = _Pieces(
    [("picture", "picture_alt")],
    """
    SELECT product_id AS key, 1 AS source, position, id, %(before)s || digest || %(behind)s AS picture,
        alt AS picture_alt
    FROM catalog_media WHERE shop_id = %(shop)s AND product_id > %(after)s AND product_id <= %(end)s
    UNION ALL
    SELECT product_id, 2, position, id, url, alt
    FROM catalog_pictureaddress WHERE shop_id = %(shop)s AND product_id > %(after)s AND product_id <= %(end)s
    """,
    "key, source, position, id",
)


def _cells(row: dict[str, Any]) -> list[Any]:
    return [row.get(name) for name in sheets.COLUMNS[sheets.OWN]]


# -- rows of an import ------------------------------------------------------------------------------------------------


def rows_with_remarks(run: ImportRun, *, refused_only: bool) -> Iterator[bytes]:
    """Rows of the file as they came, with a column ``error``: the refused ones, or all that there is something to say
    about. Correct them and upload the file again.
    """
    table = importing.read_file(run)
    rows = ImportRow.objects.in_shop(run.shop).filter(run=run).exclude(issues=[])
    if refused_only:
        rows = rows.filter(outcome=matching.REFUSED)
    told = dict(rows.in_file_order().values_list("number", "issues"))
    header = [name for name in table.header if name.casefold() != "error"]
    places = [table.header.index(name) for name in header]
    currency = run.shop.currency
    return write_rows(
        [*header, "error"],
        (
            [*(cells[place] for place in places), " ".join(remarks.issue_sentences(told[number], currency))]
            for number, cells in zip(table.numbers, table.rows, strict=True)
            if number in told
        ),
    )
