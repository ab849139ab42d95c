"""The frame in a real browser: both themes, two widths, with and without JavaScript."""

import re
import shutil

import pytest
from django.urls import reverse

from tests import axe

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGES = ("/styleguide/", "/styleguide/storefront/", "account_login", "account_signup", "/offline/")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"),
]


def is_complaint(line) -> bool:
    """An error or warning of the page; that a refusal answered 409 is told by the browser, too, and is no fault."""
    refused = re.search(r"status of (409|422|500|503)|Status Error Code 500", line.text)
    return line.type in ("error", "warning") and not refused


@pytest.fixture
def tab(chromium, live_server):
    """Opens a page of the site; what its console complains about is a failure of the test."""
    complaints: list[str] = []
    contexts = []

    def open_tab(path: str, *, width: int = 1280, theme: str = "light", **options):
        context = chromium.new_context(
            viewport={"width": width, "height": 844}, color_scheme=theme, has_touch=width < 600, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda line: complaints.append(line.text) if is_complaint(line) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(live_server.url + (path if path.startswith("/") else reverse(path)))
        page.evaluate("document.fonts.ready.then(() => true)") if options.get("java_script_enabled", True) else None
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize(
    ("path", "width", "theme"),
    [(PAGES[0], width, theme) for width in (1280, 390) for theme in ("light", "dark")]
    + [(path, width, theme) for path in PAGES[1:] for width, theme in ((1280, "dark"), (390, "light"))],
)
def test_it_is_accessible_and_stays_within_the_window(tab, path, width, theme):
    page = tab(path, width=width, theme=theme)
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_draws_charts_from_data_blocks_under_the_strict_policy(tab):
    page = tab("/styleguide/")
    page.wait_for_load_state("networkidle")
    drawn = page.evaluate(
        """() => [...document.querySelectorAll("[data-chart] canvas")].map((canvas) => {
            const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            return pixels.some((value) => value !== 0);
        })"""
    )
    assert drawn == [True, True, True]


def test_it_walks_picks_and_counts_rows_by_keyboard(tab):
    page = tab("/styleguide/")
    page.locator("body").press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator("tr.row-here").get_attribute("id") == "order-BRTS4HX8ZT2C"
    assert page.locator("[data-bulk-count]").inner_text() == "1"
    assert page.locator("[data-bulk]").is_visible()
    page.get_by_role("button", name="Clear selection").click()
    page.locator("[data-bulk]").wait_for(state="hidden")


def test_it_goes_to_the_search_by_slash(tab):
    page = tab("/styleguide/")
    page.locator("body").press("/")
    assert page.evaluate("document.activeElement.id") == "frame-search"
    page.keyboard.type("/")
    assert page.locator("#frame-search").input_value() == "/"


def test_it_switches_the_theme_at_once_and_keeps_it(tab):
    page = tab("/styleguide/", theme="light")
    page.locator(".content [data-theme-switch] button[value=dark]").click()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(14, 16, 20)"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground


def test_it_follows_the_device_without_a_choice(tab):
    page = tab("/styleguide/", theme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 16, 20)"


def test_it_works_without_javascript(tab):
    page = tab("/styleguide/", width=390, java_script_enabled=False)
    page.locator(".switcher > summary").click()
    assert page.get_by_text("Your shops").is_visible()
    page.locator(".switcher > summary").click()
    page.locator(".menu-sheet > summary").click()
    assert page.locator(".menu-sheet .main-menu").is_visible()
    assert page.locator(".btn-filter").is_visible(), "without a script the filter needs its button"
    assert not page.locator(".chart-box").first.is_visible()
    page.locator(".menu-sheet > summary").click()
    page.locator(".content [data-theme-switch] button[value=dark]").click()
    assert page.url.endswith("/styleguide/")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"


@pytest.mark.parametrize("path", ["/styleguide/", "account_login"])
def test_it_has_targets_that_fingers_hit(tab, path):
    """44 px, or 24 px with room around (WCAG 2.5.8); links inside of sentences are excepted there."""
    page = tab(path, width=390)
    small = page.evaluate(
        """() => [...document.querySelectorAll("a.btn, button, .menu-item, .app-bottom a, .tabs a, input:not([type=hidden]), select, summary.tool")]
          .filter((one) => one.offsetParent !== null && !one.closest(".visually-hidden, .form-check") && !one.matches(".pick"))
          .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
          .filter(([, box]) => box.height < 43.5)
          .map(([html, box]) => `${Math.round(box.width)}x${Math.round(box.height)} ${html}`)"""  # noqa: E501
    )
    assert small == []


#: Scrolled that far: the shadows at the left and at the right edge of the wide table, and does it scroll at all?
EDGES = """async (part) => {
  const one = document.querySelector("#wide .table-wrap"), drawn = () => new Promise(requestAnimationFrame);
  one.scrollLeft = part * (one.scrollWidth - one.clientWidth);
  await drawn(); await drawn();
  const seen = (side) => { const style = getComputedStyle(one, side);
    return style.content === "none" ? null : Number(style.opacity); };
  return [seen("::before"), seen("::after"), one.scrollWidth > one.clientWidth];
}"""


def test_a_wide_table_shows_at_which_edge_there_is_more_of_it(tab):
    page = tab("/styleguide/", width=390)
    assert page.evaluate(EDGES, 0) == [None, 1, True], "the names of the rows stay: nothing is hidden at the left"
    assert page.evaluate(EDGES, 1) == [None, 0, True]
    page.evaluate("document.querySelector('#wide .heat').classList.remove('heat')")
    assert page.evaluate(EDGES, 0)[:2] == [0, 1]
    assert page.evaluate(EDGES, 0.5)[:2] == [1, 1]
    assert page.evaluate(EDGES, 1)[:2] == [1, 0]


def test_a_table_that_fits_has_no_shadow(tab):
    page = tab("/styleguide/", width=1280)
    page.evaluate("document.querySelector('#wide .heat').classList.remove('heat')")
    assert page.evaluate(EDGES, 0) == [0, 0, False]


def test_a_chart_of_nothing_but_zeros_writes_zero_once(tab):
    page = tab("/styleguide/")
    page.wait_for_load_state("networkidle")
    labels = page.evaluate(
        """async () => {
          const figure = document.querySelector("[data-chart]"), data = document.getElementById(figure.dataset.chart);
          const spec = JSON.parse(data.textContent);
          spec.series.forEach((one) => { one.values = one.values.map(() => 0); });
          data.textContent = JSON.stringify(spec);
          document.dispatchEvent(new Event("theme-changed"));
          await new Promise((resolve) => setTimeout(resolve, 500));
          return window.Chart.getChart(figure.querySelector("canvas")).scales.y.ticks.map((one) => one.label).filter(Boolean);
        }"""
    )
    assert labels == ["$0"]


def test_a_word_without_an_end_pushes_no_column_out_of_the_table(tab):
    page = tab("/styleguide/", width=1024)
    wider = page.evaluate(
        """() => {
          const name = document.querySelector(".list-table .cell-main a"), box = name.closest(".table-wrap");
          const before = box.scrollWidth;
          name.textContent = "W".repeat(120);
          return box.scrollWidth - Math.max(before, box.clientWidth);
        }"""
    )
    assert wider <= 0


def test_on_a_phone_the_last_of_three_figures_leaves_no_hole(tab):
    page = tab("/styleguide/", width=390)
    share = page.evaluate(
        """() => {
          const stats = document.querySelector(".stats");
          while (stats.children.length > 3) stats.lastElementChild.remove();
          return stats.lastElementChild.getBoundingClientRect().width / stats.getBoundingClientRect().width;
        }"""
    )
    assert share > 0.95


def test_on_a_phone_fields_below_each_other_keep_their_distance(tab):
    page = tab("/styleguide/", width=390)
    gaps = page.evaluate(
        """() => {
          const field = '<div class="field"><label class="form-label">One</label><input class="form-control"></div>';
          document.querySelector("main").insertAdjacentHTML("beforeend", `<section class="panel"><div class="panel-body">
            <div class="field-row" id="row">${field.repeat(3)}</div></div></section>`);
          const boxes = [...document.querySelectorAll("#row .field")].map((one) => one.getBoundingClientRect());
          return [boxes[1].top - boxes[0].bottom, boxes[2].top - boxes[1].bottom];
        }"""
    )
    assert min(gaps) >= 12


def test_the_table_of_skus_makes_no_page_wider_than_the_window(tab, live_server):
    page = tab("/styleguide/", width=820)
    page.add_style_tag(url=f"{live_server.url}/static/css/catalog.css")
    wider = page.evaluate(
        """() => {
          const cell = `<td><div class="field"><label class="form-label visually-hidden">Price</label>
            <input class="form-control" value="19.99"></div></td>`;
          document.querySelector("main").insertAdjacentHTML("beforeend", `<div class="table-wrap">
            <table class="table list-table sku-table"><tbody><tr><td class="cell-main">Small</td>${cell.repeat(9)}</tr>
            </tbody></table></div>`);
          return document.documentElement.scrollWidth - document.documentElement.clientWidth;
        }"""
    )
    assert wider <= 0


def test_the_code_of_a_sku_is_seen_whole_where_it_is_changed(tab, live_server):
    page = tab("/styleguide/", width=1280)
    page.add_style_tag(url=f"{live_server.url}/static/css/catalog.css")
    hidden = page.evaluate(
        """() => {
          const cells = '<td><input class="form-control" value="19.99"></td>'.repeat(7);
          document.querySelector("main").insertAdjacentHTML("beforeend", `<div class="table-wrap">
            <table class="table list-table sku-table"><tbody><tr><td class="cell-main"><span>Small</span>
            <input class="form-control" id="code" value="bell-with-an-PMWPDHCF-L"></td>${cells}</tr></tbody></table></div>`);
          const box = document.getElementById("code");
          return box.scrollWidth - box.clientWidth;
        }"""
    )
    assert hidden <= 0


def test_on_a_phone_words_are_read_from_the_left_one_below_the_other(tab, live_server):
    page = tab("/styleguide/", width=390)
    page.add_style_tag(url=f"{live_server.url}/static/css/catalog.css")
    boxes = page.evaluate(
        """() => {
          document.querySelector("main").insertAdjacentHTML("beforeend", `<table class="list-table"><tbody><tr>
            <td class="cell-main">Row 1</td><td class="cell-words"><p>The first.</p><p>The second sentence.</p></td></tr>
            </tbody></table>`);
          const [cell, ...told] = document.querySelectorAll(".cell-words, .cell-words p");
          const range = document.createRange();
          return told.map((one) => { range.selectNodeContents(one); const box = range.getBoundingClientRect();
            return [Math.round(box.left), Math.round(box.top)]; });
        }"""
    )
    assert boxes[0][0] == boxes[1][0]
    assert boxes[0][1] < boxes[1][1]


def test_on_a_phone_a_step_keeps_its_words_wide_beside_a_long_button(tab):
    page = tab("/styleguide/", width=390)
    width = page.evaluate(
        """() => {
          const list = document.querySelector(".checklist ul");
          list.insertAdjacentHTML("beforeend", `<li><svg class="icon"></svg><span class="checklist-words">Answer a buyer
            <small>Answers within a day count for your score.</small></span>
            <a class="btn btn-small" href="#">Open the conversation</a></li>`);
          return list.lastElementChild.querySelector(".checklist-words").getBoundingClientRect().width / list.clientWidth;
        }"""
    )
    assert width > 0.8


def test_on_a_phone_the_step_one_is_at_keeps_its_word_whole(tab):
    page = tab("/styleguide/", width=390)
    lines = page.evaluate(
        """() => {
          const steps = document.querySelector(".wizard-steps ol"), here = steps.querySelector(".step-here");
          const other = steps.querySelector("li:not(.step-here)");
          while (steps.children.length < 7) steps.append(other.cloneNode(true));
          const words = here.querySelector(".step-words");
          words.textContent = "Documents";
          const range = document.createRange();
          range.selectNodeContents(words);
          return range.getClientRects().length;
        }"""
    )
    assert lines == 1


def test_a_change_stands_on_the_line_of_what_it_is_compared_with(tab):
    page = tab("/styleguide/")
    off = page.evaluate(
        """() => {
          const trend = document.querySelector(".stat-note .trend"), range = document.createRange();
          range.selectNodeContents(trend.lastChild);
          const change = range.getBoundingClientRect().top;
          range.selectNodeContents(trend.nextSibling);
          return Math.abs(change - range.getClientRects()[0].top);
        }"""
    )
    assert off < 1


def test_messages_to_staff_begin_beside_their_sign(tab, live_server):
    page = tab("/styleguide/")
    for sheet in ("admin/css/base.css", "css/admin.css"):
        page.add_style_tag(url=f"{live_server.url}/static/{sheet}")
    begins, sign = page.evaluate(
        """() => {
          const told = '<ul class="messagelist"><li class="success">Done.</li></ul>';
          document.querySelector("main").insertAdjacentHTML("beforeend", told);
          const look = getComputedStyle(document.querySelector(".messagelist li"));
          return [look.paddingLeft, look.backgroundPositionX].map(parseFloat);
        }"""
    )
    assert begins >= sign + 16 + 4


def test_it_does_not_shift_while_it_loads(tab):
    page = tab("/styleguide/")
    shift = page.evaluate(
        """() => new Promise((resolve) => {
            let sum = 0;
            new PerformanceObserver((list) => { for (const one of list.getEntries()) sum += one.value; })
              .observe({ type: "layout-shift", buffered: true });
            setTimeout(() => resolve(sum), 300);
        })"""
    )
    assert shift < 0.02


def test_it_stays_light_after_the_first_visit(tab, live_server):
    """150 kB compressed are allowed; here nothing is compressed yet."""
    page = tab("/styleguide/")
    page.wait_for_load_state("networkidle")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")  # the first visit is over when it has its files
    weights: list[int] = []

    def weigh(answer) -> None:
        if not answer.from_service_worker:
            weights.append(int(answer.headers.get("content-length") or 0))

    page.on("response", weigh)
    page.goto(live_server.url + "/styleguide/storefront/")
    page.wait_for_load_state("networkidle")
    assert 0 < sum(weights) < 150_000


def test_it_shows_the_offline_page_when_the_server_is_gone(tab, live_server):
    page = tab("/styleguide/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.goto(live_server.url + "/styleguide/storefront/")
    page.context.set_offline(True)
    page.goto(live_server.url + reverse("account_login"))
    assert page.locator("h1").inner_text() == "You are offline"


SHIPPING = """{% extends "dashboard.html" %}{% load seller %}{% block title %}Shipping{% endblock %}
{% block content %}{% partialdef package inline %}{% panel title="Package" id="package" %}
{% component "deed" url="/shipping/" target="#package" form=form error=error button="Ship" %}
{% component "deed" url="/shipping/" target="#package" fields=slip form=None error=None button="Print" %}
{% for one in posted %}<p class="was">{{ one }}</p>{% endfor %}{% endpanel %}
{% endpartialdef %}{% endblock %}"""


@pytest.fixture
def shipping(tab, settings, tmp_path):
    """A page with a deed, beside the templates of the house."""
    from tests.frame import urls

    (tmp_path / "shipping.html").write_text(SHIPPING)
    templates = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    settings.TEMPLATES = templates
    urls.POSTED.clear()
    return lambda **options: tab("/shipping/", **options)


@pytest.mark.urls("tests.frame.urls")
def test_it_tells_that_a_deed_was_done_without_leaving_the_page(shipping):
    page = shipping()
    page.evaluate("window.stayed = true")
    page.fill("input[type=text][name=number]", "1Z999")
    page.get_by_role("button", name="Ship").click()
    page.get_by_text("Marked as shipped.").wait_for()
    assert page.evaluate("window.stayed")
    assert page.locator("#toasts").get_attribute("aria-live") == "polite"


COVERED = """() => {
  const bar = document.querySelector(".app-top").getBoundingClientRect().bottom;
  const found = {seen: 0, covered: []};
  for (const one of document.querySelectorAll("#main :is(a, button, input, select, summary), .app-bottom :is(a, summary)")) {
    const at = one.getBoundingClientRect();
    if (!at.width || at.top < bar || at.bottom > innerHeight) continue;
    found.seen += 1;
    for (const y of [at.top + 1, (at.top + at.bottom) / 2, at.bottom - 1]) {
      const hit = document.elementFromPoint((at.left + at.right) / 2, y);
      if (hit?.closest(".toasts")) found.covered.push(one.outerHTML.slice(0, 80));
    }
  }
  return found;
}"""


@pytest.mark.parametrize("width", [390, 768])
def test_a_notice_covers_nothing_that_one_presses_wherever_one_has_scrolled(tab, width):
    page = tab("/styleguide/", width=width)
    sentence = "No reminders until this ends, which is sooner than that. The clock runs on."
    page.evaluate("words => { window.note('Saved.'); window.note(words); }", sentence)
    page.get_by_text(sentence).wait_for()
    assert page.locator(".toast-note:visible").count() == 1, "one at a time"
    seen = 0
    for place in range(0, 4000, 310):
        page.evaluate("to => window.scrollTo(0, to)", place)
        found = page.evaluate(COVERED)
        assert found["covered"] == [], place
        seen += found["seen"]
    assert seen > 100
    page.get_by_role("button", name="Close").last.click()
    page.get_by_text(sentence).wait_for(state="detached")


@pytest.mark.urls("tests.frame.urls")
def test_it_posts_once_however_often_one_clicks(shipping):
    from tests.frame import urls

    page = shipping()
    page.fill("input[type=text][name=number]", "1Z999")
    page.evaluate("for (let i = 0; i < 5; i++) document.querySelector('.deed button').click()")
    page.get_by_text("Marked as shipped.").wait_for()
    assert urls.POSTED == ["1Z999"]


@pytest.mark.urls("tests.frame.urls")
def test_it_shows_what_both_of_two_quick_deeds_did(shipping):
    """The answer to the first takes the form of the second with it; still the second is done, told and shown."""
    page = shipping()
    page.fill("input[type=text][name=number]", "1Z999")
    page.evaluate("document.querySelectorAll('.deed button').forEach((button) => button.click())")
    page.locator(".was").nth(1).wait_for()
    assert page.locator(".was").all_inner_texts() == ["1Z999", "slip"]
    page.locator(".toast-note").nth(1).wait_for()
    assert page.locator(".deed").count() == 2


@pytest.mark.urls("tests.frame.urls")
def test_it_still_tells_the_refusal_when_the_next_deed_follows_at_once(shipping):
    page = shipping()
    page.fill("input[type=text][name=number]", "hold")
    page.evaluate("document.querySelectorAll('.deed button').forEach((button) => button.click())")
    page.locator(".was").nth(1).wait_for()
    assert page.locator(".toast-bad").inner_text().startswith("The package is on hold.")


@pytest.mark.urls("tests.frame.urls")
@pytest.mark.parametrize("script", [True, False], ids=["htmx", "plain"])
def test_it_does_the_deed_with_and_without_javascript(shipping, script):
    page = shipping(java_script_enabled=script)
    page.fill("input[type=text][name=number]", "1Z999")
    page.get_by_role("button", name="Ship").click()
    page.get_by_text("Marked as shipped.").wait_for()
    assert page.url.endswith("/shipping/")


@pytest.mark.urls("tests.frame.urls")
@pytest.mark.parametrize(
    ("typed", "sentence"), [("hold", "The package is on hold."), ("away", "The carrier does not answer.")]
)
def test_it_puts_the_sentence_of_a_refusal_in_place_and_in_focus(shipping, typed, sentence):
    page = shipping()
    page.fill("input[type=text][name=number]", typed)
    page.get_by_role("button", name="Ship").click()
    page.locator("#package [role=alert]").wait_for()
    page.wait_for_function("(text) => document.activeElement.textContent.trim() === text", arg=sentence)
    assert page.locator("input[type=text][name=number]").input_value() == typed
    assert page.get_by_text("looked after").count() == 0


@pytest.mark.urls("tests.frame.urls")
def test_it_changes_nothing_on_the_page_when_the_server_breaks(shipping):
    page = shipping()
    page.fill("input[type=text][name=number]", "crash")
    page.get_by_role("button", name="Ship").click()
    page.get_by_text("Something broke on our side").wait_for()
    assert page.locator("input[type=text][name=number]").input_value() == "crash"
    assert page.get_by_role("button", name="Ship").is_enabled()
