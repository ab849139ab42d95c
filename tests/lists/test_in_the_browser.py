"""Lists in a real browser: keys, the bulk bar, a view that a colleague opens, rows like the file, the search box."""

import csv
import io

import pytest
from playwright.sync_api import expect

from catalog.models import Product
from seller_center.kernel import clock
from shops.models import SavedView
from shops.notifying import notify
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


def test_a_deed_in_a_row_keeps_the_focus_and_renews_the_badges(sit_down, live_server, shop, owner, orders):
    page = sit_down(owner, told="status of 409")
    page.goto(f"{live_server.url}/s/{shop.code}/stock/")
    badge = page.locator(".app-side [data-count=to_ship]").first
    bell = page.locator("[data-count=notices]")
    assert badge.inner_text().split()[0] == "28"
    expect(bell).to_be_hidden()
    box, save = page.locator("input[name=on_hand]").first, page.locator("tr [type=submit]").first
    wide = page.locator("td[data-label='On hand']").first.bounding_box()["width"]

    # refused: the sentence belongs to the box, which has the focus and what was typed; the column is as wide as before
    box.fill("0")
    box.press("Enter")
    expect(page.locator("tr [role=alert]")).to_contain_text("belong to orders")
    expect(box).to_be_focused()
    expect(box).to_have_value("0")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(box).to_have_accessible_description(page.locator("tr [role=alert]").inner_text())
    assert page.locator("td[data-label='On hand']").first.bounding_box()["width"] == wide
    assert badge.inner_text().split()[0] == "28"

    # done: the button that was pressed has the focus, and the badges say what has changed meanwhile
    make.make_open_order(shop, at=clock.now(), product=Product.objects.get(name="Walnut board"), name="Late")
    notify(shop=shop, kind="x", title="Look", at=clock.now(), users=[owner])
    box.fill("490")
    save.click()
    expect(page.locator("tr [role=alert]")).to_have_count(0)
    expect(save).to_be_focused()
    expect(badge).to_contain_text("29")
    expect(bell).to_be_visible()
    assert bell.inner_text().split()[0] == "1"


def test_a_choice_in_the_inbox_keeps_its_place_and_fits_a_phone(sit_down, live_server, shop, owner, orders):
    page = sit_down(owner)
    page.goto(f"{live_server.url}/s/{shop.code}/inbox/")
    button = page.locator("[data-row]").nth(2).get_by_role("button", name="Set")
    page.locator("[data-row]").nth(2).locator("select[name=hours]").select_option("3")
    button.click()
    changed = page.locator("[data-row]").nth(2).get_by_role("button", name="Change")
    expect(changed).to_be_focused()
    page.set_viewport_size({"width": 390, "height": 844})
    for form in page.locator("[data-row] .row-form").all()[:6]:
        select, press = form.locator("select").bounding_box(), form.locator("button").bounding_box()
        assert abs((select["y"] + select["height"] / 2) - (press["y"] + press["height"] / 2)) < 2
        assert press["x"] + press["width"] <= 390


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


def test_a_choice_in_a_row_is_read_whole_on_a_phone(sit_down, live_server, shop, owner, orders):
    page = sit_down(owner)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_server.url}/s/{shop.code}/inbox/")
    chosen = page.locator("[data-row] select[name=to]")
    assert chosen.first.evaluate("one => one.selectedOptions[0].text") == "Everybody"
    # As wide as its words need: a copy that may grow is no wider.
    wanted = chosen.first.evaluate("""one => {
      const copy = one.cloneNode(true);
      copy.style.cssText = "position: absolute; width: max-content; flex: none";
      document.body.append(copy);
      copy.className = "form-select";
      for (const other of [...copy.options].filter((each) => !each.selected)) other.remove();
      const width = copy.getBoundingClientRect().width;
      copy.remove();
      return width;
    }""")
    assert chosen.first.bounding_box()["width"] >= wanted
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_a_list_offers_stands_in_one_row_on_a_phone(sit_down, live_server, shop, owner, orders):
    page = sit_down(owner)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(reduced_motion="reduce")
    for place in ("support/messages/", "stock/"):
        page.goto(f"{live_server.url}/s/{shop.code}/{place}")
        page.locator(".keys-button").evaluate("(one) => one.remove()")  # fingers have no keys
        tops = page.locator(".list-tools").evaluate(
            """(bar) => [...bar.querySelectorAll(".btn, summary")]
              .filter((one) => one.offsetParent && !one.closest(".menu-panel"))
              .map((one) => Math.round(one.getBoundingClientRect().top))"""
        )
        assert len(tops) >= 3
        assert len(set(tops)) == 1, place
