"""Pages under gunicorn: processor time of application and database per request, as a multiple of the floor page."""

import contextlib
import dataclasses
from collections.abc import Iterator

from benchmarks.figures import ROUNDS, Figure, absent, median, ratio_of
from benchmarks.ground import Ground
from benchmarks.machine import Meter
from benchmarks.web import FLOOR, FLOOR_BACKEND, Browser, gunicorn, session_cookie
from seller_center.seeding.cast import MEASURED_CODE

#: How much dearer a page of the full market may be than the same page of the small one, and what "flat" is measured as.
GROWTH, FLAT = 1.3, 1.1
REQUESTS = 15
WARM_UP = 6
MOST_QUERIES = 12


@dataclasses.dataclass(frozen=True)
class Page:
    """An address, what it may cost as a multiple of the floor page, and what is aimed at."""

    name: str
    path: str
    most: float | None = 8
    aim: float | None = 5
    anonymous: bool = False
    floor: bool = False


def pages() -> list[Page]:
    """The floors, and the pages of performance.md that exist; addresses are looked up in the market."""
    from catalog.models import Product
    from orders.models import Order
    from payouts.models import Statement
    from shops.models import Shop

    shop = Shop.objects.get(code=MEASURED_CODE)
    orders = Order.objects.in_shop(shop)
    order = orders.in_tab("completed").newest_first().first()
    product = Product.objects.in_shop(shop).live().order_by("id").first()
    statement = Statement.objects.in_shop(shop).newest_first().first()
    base = f"/s/{shop.code}"
    name = order.contact_name.replace(" ", "+")
    return [
        Page("floor page", "/bench/floor/", None, None, floor=True),
        Page("floor list", "/bench/list/", None, None, floor=True),
        Page("empty page", "/bench/empty/", 1.5, None),
        Page("home", f"{base}/"),
        Page("order list", f"{base}/orders/"),
        Page("order list, tab", f"{base}/orders/?tab=completed"),
        Page("order list, deep page", f"{base}/orders/?page={_deep_token(orders)}"),
        Page("order page", f"{base}/orders/{order.code}/"),
        Page("product list", f"{base}/products/"),
        Page("product page", f"{base}/products/{product.code}/", None, None),
        Page("stock", f"{base}/stock/"),
        Page("deadline inbox", f"{base}/inbox/"),
        Page("health", f"{base}/health/"),
        Page("statement", f"{base}/finance/statements/{statement.code}/"),
        Page("finance", f"{base}/finance/"),
        Page("order search, number", f"{base}/orders/?q={order.code[4:]}", 10, 6),
        Page("order search, name", f"{base}/orders/?q={name}", 10, 6),
        Page("order search, SKU", f"{base}/orders/?q=SKU-{product.pk}-S", 10, 6),
        Page("order search, typo", f"{base}/orders/?q={_typo(order.code)}", 10, 6),
        Page("product search, name", f"{base}/products/?q=steel+mug", 10, 6),
        Page("product search, SKU", f"{base}/products/?q=SKU-{product.pk}-S", 10, 6),
        Page("product search, typo", f"{base}/products/?q=stel+mugg", 10, 6),
        Page("search over everything", f"{base}/search/?q={name}", 10, 6),
        Page("analytics report, 90 days", f"{base}/analytics/?days=90", 15, 8),
        Page("storefront product page", f"/shop/{shop.slug}/p/{product.slug}/", 5, 3, anonymous=True),
        Page("storefront shop page", f"/shop/{shop.slug}/", None, None, anonymous=True),
    ]


def _deep_token(orders) -> str:
    """The token of a page about two thirds down the list, walked to by the house's own paging."""
    from seller_center.kernel.paging import MAX_SIZE, keyset_page

    token = ""
    for _page in range(max(1, orders.count() * 2 // 3 // MAX_SIZE)):
        token = keyset_page(
            orders.only("id", "placed_at"), order=("-placed_at", "-id"), token=token, size=MAX_SIZE
        ).next_token
    return token


def _typo(code: str) -> str:
    return code[:7] + ("A" if code[7] != "A" else "E") + code[8:]


def queries_of(page: Page, cookie: str) -> int:
    """How many queries a page asks when it is warm, seen from within."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "bench.example.org", "x-forwarded-proto": "https"})
    if not page.anonymous:
        name, _equals, value = cookie.partition("=")
        client.cookies[name] = value
    client.get(page.path)
    with CaptureQueriesContext(connection) as asked:
        client.get(page.path)
    return len(asked)


def _cost(ground: Ground, browser: Browser, path: str, process: int) -> float:
    """Milliseconds of processor time of a request, of process and database."""
    with Meter([process, *ground.server_pids]) as meter:
        for _number in range(REQUESTS):
            browser.get(path)
    return meter.cpu * 1000 / REQUESTS


# -- measuring --------------------------------------------------------------------------------------------------------


def measure(ground: Ground, only: str = "") -> Iterator[Figure]:
    """All pages, round by round, so that whatever else the machine does falls on each of them.

    ``only``: the floors and the pages that have this word in their name.
    """
    cookie = session_cookie()
    asked = [page for page in pages() if page.floor or only in page.name]
    with gunicorn(ground, FLOOR) as (floor_port, floor_pid), gunicorn(ground) as (port, pid):
        known = Browser(port, Cookie=cookie)
        floor_known = Browser(floor_port, Cookie=session_cookie(FLOOR_BACKEND))
        stranger = Browser(port)
        there: list[tuple[Page, Browser, int]] = []
        for page in asked:
            browser, process = (floor_known, floor_pid) if page.floor else (known, pid)
            browser = stranger if page.anonymous else browser
            status = browser.get(page.path)
            if status != 200:
                yield absent(page.name, f"HTTP {status} {page.path}")
                continue
            for _number in range(WARM_UP):
                browser.get(page.path)
            there.append((page, browser, process))
        spent: dict[str, list[float]] = {page.name: [] for page, _browser, _process in there}
        for _round in range(ROUNDS):
            for page, browser, process in there:
                spent[page.name].append(_cost(ground, browser, page.path, process))
    floor = spent["floor page"]
    for page, _browser, _process in there:
        value = f"{median(spent[page.name]):.1f} ms CPU a request"
        reference = f"floor page {median(floor):.1f} ms"
        yield Figure(page.name, value, reference, ratio_of(spent[page.name], floor), most=page.most, aim=page.aim)
    for page, _browser, _process in there:
        if not page.floor and page.name != "empty page":
            count = queries_of(page, cookie)
            yield Figure(f"{page.name}: queries", f"{count}", "", float(count), most=MOST_QUERIES, aim=8)


def measure_growth(ground: Ground) -> Iterator[Figure]:
    """Each page of the full market beside the same page of the small one, in turns on one server."""
    if ground.scale != "full":
        yield absent("against small", "scale=full has a smaller market to compare with")
        return
    big, cookie = (
        [page for page in pages() if page.most and not page.floor and page.name != "empty page"],
        session_cookie(),
    )
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(ground.beside("small"))
        with ground.asking(name) as environment:
            small = {page.name: page.path for page in pages()}
            its_cookie = session_cookie()
        port, pid = stack.enter_context(gunicorn(ground))
        its_port, its_pid = stack.enter_context(gunicorn(ground, **environment))
        for page in big:
            own, other = (
                Browser(door) if page.anonymous else Browser(door, Cookie=key)
                for door, key in ((port, cookie), (its_port, its_cookie))
            )
            ways = ((own, page.path, pid), (other, small[page.name], its_pid))
            for browser, path, _process in ways:
                if (status := browser.get(path)) != 200:
                    raise RuntimeError(f"HTTP {status} {path}")
                for _number in range(WARM_UP):
                    browser.get(path)
            spent = [[_cost(ground, *way) for way in ways] for _round in range(ROUNDS)]
            here, there = ([round_[side] for round_ in spent] for side in (0, 1))
            value, reference = f"{median(here):.1f} ms CPU a request", f"small market {median(there):.1f} ms"
            yield Figure(f"{page.name}: growth", value, reference, ratio_of(here, there), most=GROWTH, aim=FLAT)
