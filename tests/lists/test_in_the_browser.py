"""Lists in a real browser: keys, the bulk bar, a view that a colleague opens, rows like the file, the search box."""

import csv
import io

import pytest
from playwright.sync_api import expect

from seller_center.kernel import clock
from shops.models import SavedView
from tests.factories import orders as make
from tests.factories.catalog import make_product
from tests.factories.shops import make_member

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

LONG = "Anneliese-Charlotte von Hohenstein-Wittgenstein-Sayn the Younger of Somewhere"


@pytest.fixture
def orders(shop):
    at = clock.now()
    product = make_product(shop, name="Walnut board", code="WB-1", on_hand=500)
    return [
        make.make_open_order(shop, at=at - number * make.HOUR, product=product, name=f"{LONG} {number}")
        for number in range(28)
    ]


def test_a_list_is_worked_by_keys_kept_as_a_view_and_opened_by_a_colleague(sit_down, live_server, shop, packer, orders):
    page = sit_down(packer)
    page.goto(f"{live_server.url}/s/{shop.code}/orders/?tab=to_ship")
    codes = page.locator("[data-row] [data-open]").all_inner_texts()
    assert len(codes) == 25

    # j and k move, x picks; the bar counts, picks the page, and lets go
    body = page.locator("body")
    body.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("tr.row-here .pick").is_checked()
    assert page.locator("[data-bulk-count]").inner_text() == "1"
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.locator("tr.row-here [data-open]").inner_text() == codes[1]
    page.locator("[data-pick-page]").click()
    assert page.locator("[data-bulk-count]").inner_text() == "25"
    body.press("Escape")
    page.locator("[data-bulk]").wait_for(state="hidden")
    rows = page.locator("[data-row] .pick")
    rows.nth(2).click()
    rows.nth(6).click(modifiers=["Shift"])
    assert page.locator("[data-bulk-count]").inner_text() == "5"

    # the preview of a deed on many changes nothing
    page.get_by_role("button", name="Mark as shipped").click()
    page.get_by_role("heading", name="These packages leave the house").wait_for()
    page.go_back()

    # ? tells the keys, n turns the page, Enter opens the row
    page.locator("body").press("?")
    assert page.locator("dialog#keys").is_visible()
    page.keyboard.press("Escape")
    page.locator("dialog#keys").wait_for(state="hidden")
    page.locator("body").press("n")
    expect(page.locator("[data-row]")).to_have_count(3)
    page.locator("body").press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/*/")
    page.go_back()

    # columns are chosen and go with the shared view, which opens for a colleague
    page.goto(f"{live_server.url}/s/{shop.code}/orders/?tab=to_ship&sort=-due")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("E-mail", exact=True).check()
    page.get_by_role("button", name="Show these").click()
    page.get_by_role("columnheader", name="E-mail").wait_for()
    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("Last ones first")
    page.get_by_label("Share with the whole team").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("The view is saved.").wait_for()
    assert SavedView.objects.get().shared

    colleague = sit_down(make_member(shop, "service"))
    colleague.goto(f"{live_server.url}/s/{shop.code}/orders/")
    colleague.get_by_role("link", name="Last ones first").click()
    colleague.get_by_role("columnheader", name="E-mail").wait_for()
    shown = colleague.locator("[data-row] [data-open]").all_inner_texts()
    assert shown == [order.code for order in orders[:25]]
    assert colleague.get_by_role("button", name="Remove the view").count() == 0

    # the file holds the rows as they are shown
    with colleague.expect_download() as waiting:
        colleague.locator("[data-export]").click()
    content = waiting.value.path().read_text("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(content)))
    assert [line["Order"] for line in lines] == [order.code for order in orders]
    first = colleague.locator("[data-row]").first
    assert first.locator(".cell-main small").inner_text() == lines[0]["Buyer"]
    assert first.locator("[data-label=Placed] time").get_attribute("datetime") == lines[0]["Placed"]
    assert first.locator("[data-label='E-mail']").inner_text() == lines[0]["E-mail"]
    assert first.locator("[data-label=Total]").inner_text() == f"${lines[0]['Total (USD)']}"


def test_the_search_shows_below_its_box_and_is_walked_by_arrows(sit_down, live_server, shop, owner, orders):
    page = sit_down(owner)
    page.goto(f"{live_server.url}/s/{shop.code}/products/")
    page.locator("body").press("Control+k")
    page.keyboard.type("wallnut", delay=20)
    page.locator("#found [data-hit]").first.wait_for()
    assert "Walnut board" in page.locator("#found").inner_text()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.matches('[data-hit]')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/products/*/")
    page.locator("body").press("/")
    page.keyboard.type("hohenstein", delay=20)
    page.locator("#found [data-hit]").first.wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#found [data-hit]").count() == 0


def test_a_list_works_without_a_script(sit_down, live_server, shop, packer, orders):
    page = sit_down(packer, java_script_enabled=False)
    page.goto(f"{live_server.url}/s/{shop.code}/orders/?tab=to_ship")
    page.locator("[data-row] .pick").first.check()
    page.get_by_role("button", name="Mark as shipped").click()
    page.get_by_role("heading", name="These packages leave the house").wait_for()
    page.goto(f"{live_server.url}/s/{shop.code}/orders/?tab=to_ship")
    page.locator(".filter-search input").fill("hohenstein")
    page.get_by_role("button", name="Filter").click()
    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("Hers")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Hers").wait_for()
    assert SavedView.objects.get().query == "q=hohenstein&tab=to_ship"
