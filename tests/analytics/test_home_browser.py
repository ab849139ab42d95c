"""Home in a real browser: cards moved by keyboard, by drag and without a script; two taps to a deed; the app offline."""

import contextlib
import datetime as dt
import re
import shutil
import socket
import threading

import pytest
from django.urls import reverse

from analytics import widgets
from analytics.models import HomeLayout
from orders import returns
from orders.models import Buyer, Package, ReturnRequest
from seller_center.kernel import clock
from support import inbox
from support.models import Conversation
from tests import axe
from tests.factories import orders as make
from tests.factories.catalog import make_product
from tests.factories.shops import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"),
]


@pytest.fixture
def window(chromium, live_server):
    """Opens a window in which somebody has logged in by the form; complaints of its console are failures."""
    complaints, contexts = [], []

    def open_window(user, *, width: int = 1280, theme: str = "light", server: str = "", **options):
        context = chromium.new_context(
            viewport={"width": width, "height": 844}, color_scheme=theme, has_touch=width < 600, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((server or live_server.url) + reverse("account_login"))
        page.fill("[name=login]", user.email)
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/s/"))
        return page

    open_window.complaints = complaints
    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


def cards(page) -> list[str]:
    return page.evaluate("[...document.querySelectorAll('[data-widget]')].map((one) => one.dataset.widget)")


def saved(page, names: list[str]) -> None:
    """Wait until the page says that this order is kept."""
    page.wait_for_function(
        "names => document.querySelector('[data-home]').dataset.saved === names", arg=" ".join(names)
    )


@pytest.fixture
def busy(shop):
    """Something to ship, a return to decide, a buyer to answer, as of now."""
    now = clock.now()
    waiting = make.make_open_order(shop, at=now - dt.timedelta(hours=5), product=make_product(shop))
    old = make.make_delivered_order(shop, at=now - dt.timedelta(days=9), product=make_product(shop))
    asked = returns.request(
        order=old,
        units={make.line_of(old).pk: 1},
        kind="return_and_refund",
        reason="defective",
        at=now - dt.timedelta(hours=3),
    )
    buyer = Buyer.objects.get(pk=old.buyer_id)
    said = inbox.ask(shop=shop, buyer=buyer, order=old, body="Is it blue?", at=now - dt.timedelta(hours=1))
    return {"order": waiting, "return": asked, "conversation": said}


def test_a_card_moved_by_keyboard_is_still_moved_after_a_new_log_in(window, shop, owner, busy):
    page = window(owner)
    before = cards(page)
    said = page.locator("[data-home-said]")
    grip = page.get_by_role("button", name="Move Notices")
    grip.focus()
    page.keyboard.press("Space")
    assert grip.get_attribute("aria-pressed") == "true"
    place = before.index("notices")
    assert said.inner_text() == f"Notices taken. Place {place + 1} of {len(before)}."
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    assert cards(page) == before, "Escape puts it back"
    assert not HomeLayout.objects.exists()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move Notices"
    page.keyboard.press("Space")
    wanted = [name for name in before if name != "notices"]
    wanted.insert(place - 2, "notices")
    saved(page, wanted)
    assert said.inner_text().startswith(f"Notices put down at place {place - 1}")
    assert axe.violations(page) == []
    page.context.close()

    again = window(owner, width=390, theme="dark")
    assert cards(again) == wanted
    assert axe.violations(again) == []
    assert again.evaluate("document.documentElement.scrollWidth <= innerWidth")

    # by drag, and by the deeds behind the dots
    desk = window(owner)
    handle = desk.locator(f"#widget-{wanted[-1]} [data-grip]")
    handle.scroll_into_view_if_needed()
    from_box = handle.bounding_box()
    desk.mouse.move(from_box["x"] + 10, from_box["y"] + 10)
    desk.mouse.down()
    desk.mouse.move(from_box["x"], from_box["y"] - 40, steps=4)
    target = desk.locator(f"#widget-{wanted[-4]} .panel-head").bounding_box()
    desk.mouse.move(target["x"] + 40, target["y"] + 8, steps=12)
    desk.mouse.up()
    desk.locator("[data-home][data-saved]").wait_for()
    dragged = cards(desk)
    assert dragged != wanted
    assert sorted(dragged) == sorted(wanted)
    desk.reload()
    assert cards(desk) == dragged
    desk.locator(f"#widget-{dragged[0]} details[data-menu] > summary").click()
    desk.locator(f"#widget-{dragged[0]}").get_by_role("button", name="Move down").click()
    swapped = [dragged[1], dragged[0], *dragged[2:]]
    saved(desk, swapped)
    desk.reload()
    assert cards(desk) == swapped


def test_an_order_that_cannot_be_saved_goes_back(window, owner, shop, monkeypatch):
    page = window(owner)
    before = cards(page)
    monkeypatch.setattr(widgets, "offered", lambda sight: [])  # meanwhile Home has changed
    page.get_by_role("button", name="Move Notices").focus()
    for key in ("Space", "ArrowUp", "Space"):
        page.keyboard.press(key)
    page.get_by_text("This order names a widget that Home does not have").wait_for()
    assert cards(page) == before
    window.complaints[:] = [one for one in window.complaints if "422" not in one]


def test_home_is_arranged_without_a_script(window, owner, shop, busy):
    page = window(owner, java_script_enabled=False)
    ids = lambda: [one.get_attribute("data-widget") for one in page.locator("[data-widget]").all()]  # noqa: E731
    before = ids()
    assert page.locator("[data-grip]").first.is_hidden()
    assert page.locator(".widget-wait").first.is_hidden()
    page.locator("#widget-notices details[data-menu] > summary").click()
    with page.expect_navigation():
        page.locator("#widget-notices").get_by_role("button", name="Move up").click()
    place = before.index("notices")
    moved = [*before[: place - 1], "notices", before[place - 1], *before[place + 1 :]]
    assert ids() == moved
    page.locator("#widget-due details[data-menu] > summary").click()
    with page.expect_navigation():
        page.locator("#widget-due").get_by_role("button", name="Remove from Home").click()
    assert "due" not in ids()
    with page.expect_navigation():
        page.get_by_role("button", name="Undo").click()
    assert ids() == [*(name for name in moved if name != "due"), "due"]
    with page.expect_navigation():
        page.get_by_role("button", name="Back to the standard").click()
    assert ids() == before


def test_two_taps_from_home_on_a_phone(window, owner, shop, busy):
    """A2's mobile list: today's sales are read, a return is approved, a parcel confirmed, a buyer answered."""
    page = window(owner, width=390)
    home = page.url
    assert page.locator(".stat", has_text="Sales today").is_visible()
    page.locator(".stat", has_text="Returns to decide").tap()
    page.get_by_role("button", name="Approve: the buyer sends it back").tap()
    page.get_by_text("Approved. The buyer is told.").first.wait_for()
    assert ReturnRequest.objects.get().status != "requested"
    page.goto(home)
    page.locator(".stat", has_text="Buyers to answer").tap()
    page.locator("textarea").fill("It is blue.")
    page.get_by_role("button", name="Send answer").tap()
    page.get_by_text("It is blue.").first.wait_for()
    page.goto(home)
    page.locator(".stat", has_text="Orders to ship").tap()
    page.get_by_label("Carrier", exact=True).last.select_option("sandbox")
    page.get_by_label("Tracking number").fill(make.tracking_number())
    page.get_by_role("button", name="Mark as shipped").tap()
    page.locator("#next").wait_for(state="detached")
    assert Package.objects.get(order=busy["order"]).shipped_at is not None
    assert Conversation.objects.get().status == "awaiting_buyer"
    page.goto(home)
    assert page.locator(".stat", has_text="Nothing to ship").is_visible()


def test_a_chart_has_its_table_its_definition_and_its_file(window, owner, shop, busy):
    page = window(owner)
    page.goto(f"{page.url.rstrip('/')}/analytics/?compare=year")
    page.wait_for_load_state("networkidle")
    assert page.locator(".chart-box").is_visible()
    page.get_by_text("Show as table").click()
    assert page.locator(".chart-box").is_hidden()
    assert page.locator(".chart table tbody tr").count() == 30
    help_sign = page.locator(".chart .help")
    words = help_sign.locator(".help-words")
    assert words.is_hidden()
    help_sign.focus()
    assert "before discounts" in words.inner_text()
    page.keyboard.press("Escape")
    assert words.is_hidden()
    assert axe.violations(page) == []
    with page.expect_download() as download:
        page.locator(".chart a.more").click()
    rows = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 31
    page.goto(page.url.partition("?")[0] + "?first=2026-10-02&last=2026-10-01")
    assert page.get_by_text("The last day lies before the first.").is_visible()
    window.complaints[:] = [one for one in window.complaints if "422" not in one]


# -- the app without its server ---------------------------------------------------------------------------------------


class Wire:
    """A way to the server that can be cut: what connects afterwards is refused, as by a machine that is off."""

    def __init__(self, host: str, port: int):
        self.target, self.lines = (host, port), set()
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self.door.accept()
                far = socket.create_connection(self.target)
                self.lines |= {near, far}
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Nobody comes through any more."""
        with contextlib.suppress(OSError):
            self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        for line in list(self.lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()


KEPT = """async () => {
    const found = [];
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
            found.push([new URL(request.url).pathname, await (await cache.match(request)).text()]);
        }
    }
    return found;
}"""


def test_it_shows_the_offline_page_when_the_server_is_stopped_and_keeps_nothing_private(
    window, live_server, shop, owner, busy
):
    wire = Wire(live_server.thread.host, live_server.thread.port)
    page = window(owner, server=wire.url)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    for name in ("analytics:home", "orders:order_list", "analytics:reports"):
        page.goto(wire.url + reverse(name, kwargs={"shop": shop.code}))
        page.wait_for_load_state("networkidle")
    assert shop.name in page.content()
    assert page.evaluate("navigator.serviceWorker.controller !== null"), "the worker looks on"

    kept = page.evaluate(KEPT)
    paths = [path for path, _text in kept]
    assert "/offline/" in paths
    assert all(path == "/offline/" or path.startswith("/static/") for path in paths)
    private = (shop.code, shop.name, owner.email, busy["order"].code)
    assert [path for path, text in kept if any(word in text for word in private)] == []
    page.evaluate("async (path) => (await caches.open('seen')).add(path)", page.url)
    assert any(shop.name in text for _path, text in page.evaluate(KEPT)), "a kept page would be noticed"

    wire.cut()
    page.goto(wire.url + reverse("analytics:home", kwargs={"shop": shop.code}))
    assert page.locator("h1").inner_text() == "You are offline"
    assert shop.name not in page.content()
    assert page.get_by_role("link", name="Try again").is_visible()
    window.complaints[:] = [one for one in window.complaints if "net::ERR_" not in one]
