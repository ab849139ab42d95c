"""Pages under gunicorn: processor time of application and database per request, as a multiple of the floor page."""

import contextlib
import dataclasses
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.figures import ROUNDS, Figure, absent, median, ratio_of
from benchmarks.ground import Ground
from benchmarks.machine import Meter
from seller_center import embedded
from seller_center.embedded import ROOT
from seller_center.seeding.cast import MEASURED_CODE, OWNER_EMAIL

REQUESTS = 15
WARM_UP = 6
MOST_QUERIES = 12


@dataclasses.dataclass(frozen=True)
class Page:
    """An address and what it may cost."""

    name: str
    path: str
    most: float | None = 8
    anonymous: bool = False


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
        Page("floor page", "/bench/floor/", None),
        Page("floor list", "/bench/list/", None),
        Page("order list", f"{base}/orders/"),
        Page("order list, tab", f"{base}/orders/?tab=completed"),
        Page("order list, deep page", f"{base}/orders/?page={_deep_token(orders)}"),
        Page("order search, number", f"{base}/orders/?q={order.code[4:]}", 10),
        Page("order search, name", f"{base}/orders/?q={name}", 10),
        Page("order search, typo", f"{base}/orders/?q={_typo(order.code)}", 10),
        Page("order page", f"{base}/orders/{order.code}/"),
        Page("product list", f"{base}/products/"),
        Page("product search", f"{base}/products/?q=steel+mug", 10),
        Page("stock", f"{base}/stock/"),
        Page("home", f"{base}/"),
        Page("deadline inbox", f"{base}/inbox/"),
        Page("health", f"{base}/health/"),
        Page("analytics report", f"{base}/analytics/", 15),
        Page("finance", f"{base}/finance/"),
        Page("statement", f"{base}/finance/statements/{statement.code}/"),
        Page("storefront product page", f"/shop/{shop.slug}/p/{product.slug}/", 5, anonymous=True),
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


# -- asking -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def gunicorn(ground: Ground) -> Iterator[tuple[int, int]]:
    """The web process of production, with one worker so that what is warm stays warm. Gives its port and process id."""
    port = embedded._free_port()
    _collect(ground)
    words = ["-c", "python:seller_center.web", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--max-requests", "0"]
    log = (ground.folder / "web.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *words, "seller_center.wsgi"],
        cwd=ROOT,
        env={**os.environ},
        stderr=log,
        stdout=log,
    )
    try:
        _wait(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _collect(ground: Ground) -> None:
    """The static files as production serves them, compressed; unless none has changed since the last time."""
    files = sorted(path for path in (ROOT / "static").rglob("*") if path.is_file())
    now = "\n".join(f"{path} {path.stat().st_mtime_ns}" for path in files)
    note = ground.folder / "collected.txt"
    if note.exists() and note.read_text() == now:
        return
    words = ["collectstatic", "--no-input", "--clear", "--verbosity", "0"]
    subprocess.run([sys.executable, str(ROOT / "manage.py"), *words], check=True, cwd=ROOT)
    note.write_text(now)


def _wait(port: int, process: subprocess.Popen) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise SystemExit("gunicorn did not start; see web.log in the bench's folder")


def session_cookie() -> str:
    """Somebody is logged in: the owner of the measured shop."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from shops import second_factor, sessions
    from shops.models import User

    user = User.objects.get(email=OWNER_EMAIL)
    store = SessionStore()
    store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[sessions.BEGAN] = store[sessions.SEEN] = sessions.real_seconds()
    store[second_factor.NO_FACTOR] = True
    store.create()
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"


class Browser:
    """One connection that is kept, with the headers of the proxy in front."""

    def __init__(self, port: int, cookie: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookie = cookie

    def get(self, page: Page) -> int:
        headers = {"Host": "bench.example.org", "X-Forwarded-Proto": "https", "User-Agent": "Mozilla/5.0 bench"}
        if not page.anonymous:
            headers["Cookie"] = self.cookie
        self.connection.request("GET", page.path, headers=headers)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status


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


# -- measuring --------------------------------------------------------------------------------------------------------


def measure(ground: Ground) -> Iterator[Figure]:
    """All pages, round by round, so that whatever else the machine does falls on each of them."""
    cookie = session_cookie()
    asked = pages()
    with gunicorn(ground) as (port, pid):
        browser, there = Browser(port, cookie), []
        for page in asked:
            status = browser.get(page)
            if status != 200:
                yield absent(page.name, f"HTTP {status} {page.path}")
                continue
            for _number in range(WARM_UP):
                browser.get(page)
            there.append(page)
        spent: dict[str, list[float]] = {page.name: [] for page in there}
        for _round in range(ROUNDS):
            for page in there:
                with Meter([pid, *ground.server_pids]) as meter:
                    for _number in range(REQUESTS):
                        browser.get(page)
                spent[page.name].append(meter.cpu * 1000 / REQUESTS)
    floor = spent["floor page"]
    for page in there:
        value = f"{median(spent[page.name]):.1f} ms CPU a request"
        reference = f"floor page {median(floor):.1f} ms"
        yield Figure(page.name, value, reference, ratio_of(spent[page.name], floor), most=page.most)
    for page in there[2:]:
        count = queries_of(page, cookie)
        yield Figure(f"{page.name}: queries", f"{count}", "", float(count), most=MOST_QUERIES)
