"""What row-level security would cost a page: the same pages with and without it, in turns (docs/decisions/0019).

`python -m benchmarks.row_security [tiny|small|full]`. On the clone of a seeded market every table of shops gets a policy
that shows the rows of ``app.shop_id`` only, forced upon everybody. Two web processes serve the same database: one whose
role passes by the policies, and one that names the shop in a transaction around each request, as row-level security
needs it. Printed is the processor time of process and database per request, and what the second takes more.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from benchmarks.figures import median
from benchmarks.ground import Ground, say
from benchmarks.machine import Meter, facts, load
from seller_center import embedded

ROUNDS, REQUESTS, WARM_UP = 10, 20, 6
WALLED = "benchmarks.row_security_settings"
PLAIN_ROLE = "bench_plain"
ASKED = ("home", "order list", "order page", "product list")
#: Read before the shop is known, or across shops: who is a member where, with which role.
OPEN = ("shops_shop", "shops_membership", "shops_role", "django_session")

POLICIES = """
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'shop_id'
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> ALL (%(open)s)
    LOOP
        EXECUTE format('ALTER TABLE %%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY one_shop ON %%I USING (shop_id = nullif(current_setting(''app.shop_id'', true), '''')::bigint)',
            name);
    END LOOP;
END $$
"""
COUNT_WALLED = "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"


def scoped(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Around each request of a shop: a transaction that names the shop to the policies."""

    def middleware(request: HttpRequest) -> HttpResponse:
        parts = request.path_info.split("/")
        if parts[1:2] != ["s"]:
            return get_response(request)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('app.shop_id', id::text, true) FROM shops_shop WHERE code = %s", [parts[2]]
                )
            return get_response(request)

    return middleware


def build_wall(ground: Ground) -> int:
    """The policies, and the role that passes by them. How many tables are walled."""
    ground.as_owner(POLICIES, open=list(OPEN))
    with contextlib.suppress(Exception):
        embedded._sql(ground.sockets, f"CREATE ROLE {PLAIN_ROLE} LOGIN BYPASSRLS IN ROLE {embedded.APP}")
    with connection.cursor() as cursor:
        cursor.execute(COUNT_WALLED)
        walled = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM orders_order")
        assert cursor.fetchone()[0] == 0, "without a scope the wall shows no order"
    return walled


@contextlib.contextmanager
def role(ground: Ground, name: str) -> Iterator[None]:
    """Processes started inside use the database as this role."""
    before = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = embedded._url(str(ground.sockets), name, ground.name)
    try:
        yield
    finally:
        os.environ["DATABASE_URL"] = before


def measure(ground: Ground) -> Iterator[str]:
    """A line for each page."""
    from benchmarks.pages import pages
    from benchmarks.web import PRODUCT, Browser, gunicorn, session_cookie

    asked, cookie = [page for page in pages() if page.name in ASKED], session_cookie()
    yield f"{build_wall(ground)} tables have a policy that is forced upon everybody"
    with contextlib.ExitStack() as stack:
        stack.enter_context(role(ground, PLAIN_ROLE))
        plain_port, plain_pid = stack.enter_context(gunicorn(ground, PRODUCT))
        stack.enter_context(role(ground, embedded.APP))
        walled_port, walled_pid = stack.enter_context(gunicorn(ground, WALLED))
        sides = {
            "plain": (Browser(plain_port, Cookie=cookie), plain_pid),
            "walled": (Browser(walled_port, Cookie=cookie), walled_pid),
        }
        for page in asked:
            cost: dict[str, list[float]] = {"plain": [], "walled": []}
            for round_no in range(ROUNDS + 1):
                for side, (browser, pid) in sides.items():
                    with Meter([pid, *ground.server_pids]) as meter:
                        statuses = {browser.get(page.path) for _number in range(REQUESTS if round_no else WARM_UP)}
                    assert statuses == {200}, (page.name, side, statuses)
                    if round_no:
                        cost[side].append(meter.cpu / REQUESTS * 1000)
            plain, walled = median(cost["plain"]), median(cost["walled"])
            more = median(w / p for w, p in zip(cost["walled"], cost["plain"], strict=True))
            yield f"{page.name:<14} {plain:6.2f} ms without  {walled:6.2f} ms with  {(more - 1) * 100:+6.1f} %"


def main(words: list[str]) -> int:
    for line in facts():
        say(line)
    with Ground((words or ["tiny"])[0]) as ground:
        import django

        django.setup()
        say(f"load {load()}")
        for line in measure(ground):
            say(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
