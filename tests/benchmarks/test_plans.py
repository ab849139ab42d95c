"""The plans of the hot pages on a seeded market: no query walks through a table, nor through the rows of the shop.

Each statement of each page that `make bench` measures is asked of PostgreSQL with EXPLAIN (ANALYZE): which way it takes
and how many rows it looks at. Row counts do not depend on the machine; no time is asserted.
"""

import json
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import pages, web
from orders.models import Order
from seller_center import seeding
from seller_center.embedded import OWNER
from seller_center.kernel.clock import real_now
from seller_center.seeding.cast import MEASURED_CODE
from seller_center.seeding.scale import SCALES, Scale
from shops.models import Shop
from tests import database

#: The measured shop has 3,000 orders, 2,000 SKUs and some 20,000 events: whoever walks through them is seen.
MODERATE = Scale(shops=40, products=2_000, orders=12_000, months=6, measured_products=1_000, measured_every=4)
#: More rows than this no query of a page looks at.
MOST_ROWS = 1_200
#: Tables of which a page may read more, and why.
READS_MORE = {
    "analytics_hourlyfigure": "a report of 90 days sums 24 rows a day, and the period before beside it",
    "payouts_entry": "a statement adds up all of its own entries",
}
#: A table with fewer rows may be read as a whole: that is quicker than an index. How many rows are looked at counts all
#: the same, by any other way.
SMALL, WHOLE = 1_500, 6_000


@pytest.fixture
def as_owner(transactional_db) -> Iterator[None]:
    name = connection.settings_dict["NAME"]
    database._use(OWNER, name)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '15min'")  # as the owner's connection has it elsewhere (AS_OWNER)
    yield
    database._use(settings.APPLICATION_ROLE, name)


def walks(statement: str, big: dict[str, float]) -> list[str]:
    """What a statement reads through, in words; nothing where each step finds its few rows by an index."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}")
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    found = []
    for node in _nodes(plan[0]["Plan"]):
        table = node.get("Relation Name", "")
        if table not in big or table in READS_MORE:
            continue
        seen = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        if node["Node Type"] == "Seq Scan":
            if node["Actual Loops"] and big[table] > WHOLE:
                found.append(f"reads all of {table}")
        elif seen > MOST_ROWS:
            found.append(f"looks at {seen:.0f} rows of {table} by {node.get('Index Name', node['Node Type'])}")
    return found


def _nodes(plan: dict) -> Iterator[dict]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def big_tables() -> dict[str, float]:
    """Those with enough rows to be walked through, and how many they have."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND reltuples > %s", [SMALL])
        return dict(cursor.fetchall())


def walks_of_pages() -> dict[str, list[str]]:
    """Page → what its queries walk through."""
    host = settings.ALLOWED_HOSTS[0]
    cookie, big = web.session_cookie(), big_tables()
    assert {"orders_order", "shops_shopevent", "shops_deadline", "payouts_entry", "catalog_sku"} <= set(big)
    name, _equals, value = cookie.partition("=")
    found = {}
    for page in pages.pages():
        if page.floor or page.path.startswith("/bench/"):
            continue
        client = Client(headers={"host": host})
        if not page.anonymous:
            client.cookies[name] = value
        client.get(page.path)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(page.path)
        assert answer.status_code == 200, page.path
        statements = [one["sql"] for one in asked if one["sql"].lstrip()[:6].upper() in ("SELECT", "WITH C")]
        found[page.name] = [f"{walk}: {sql[:900]}" for sql in statements for walk in walks(sql, big)]
    return found


def look(scale: Scale) -> None:
    name = connection.settings_dict["NAME"]
    seeding.seed_market(scale, seed=1, now=real_now())
    database._use(settings.APPLICATION_ROLE, name)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET random_page_cost = 1.1"
        )  # as for a disk without a head; the embedded server has the old default
    found = {page: told for page, told in walks_of_pages().items() if told}
    assert not found, json.dumps(found, indent=1)
    # The control: a question without an index for it is seen.
    shop = Shop.objects.get(code=MEASURED_CODE)
    with CaptureQueriesContext(connection) as asked:
        list(Order.objects.in_shop(shop).filter(summary__endswith="nothing has this"))
    assert walks(asked[0]["sql"], big_tables())


@pytest.mark.slow
def test_no_page_walks_through_a_table_or_through_a_shop(as_owner):
    look(MODERATE)


@pytest.mark.deep
def test_no_page_does_with_a_million_orders_either(as_owner):
    look(SCALES["full"])
