"""Every page of seller, buyer and staff over the demo: no axe violation, no complaint of the browser, nothing over the
edge.

Each address is opened once, as a person would come to it: by the links of the pages before. The same page is then
looked at on the desk and on the phone, light and dark.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser

from tests import axe
from tests.journeys import buying
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import Person, log_in, sit_down

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]

SHOP = "BRTS"
#: Colours depend on the theme and room on the width: each page is seen in both, the style guide in all four pairs.
#: EVERY_PAIR=1 looks at all of them here, too.
PAIRS = [(1280, "light"), (390, "dark")]
if os.environ.get("EVERY_PAIR"):
    PAIRS += [(390, "light"), (1280, "dark")]
#: Where walks begin that no link of the seller's pages leads to.
VISITOR = (
    "/", "/account/login/", "/account/signup/", "/account/password/reset/", "/account/login/code/",
    "/account/lost-access/", "/agreement/", "/shop/", "/offline/", "/invitations/unknown/",
)  # fmt: skip
OWN_ACCOUNT = (
    "/my-shops/", "/apply/", "/account/email/", "/account/password/change/", "/account/phone/change/",
    "/account/security/", "/account/security/authenticator/", "/account/security/email-code/", "/account/sessions/",
    "/account/3rdparty/", "/account/logout/", "/account/log-in-again/",
)  # fmt: skip
ERRORS = (
    f"/s/{SHOP}/nothing/", f"/s/{SHOP}/orders/NOTHING/", "/nothing/", f"/s/{SHOP}/notices/read/",
    "/shop/bright-street-bicycles/p/nothing/", "/s/QRKY/",
)  # fmt: skip
#: Answers that are no pages, and places of other tests.
NO_PAGE = re.compile(
    r"\.(csv|pdf|webp|png|svg|json)$|/(export|file|content|logout)/$|/files/\w+/$|^/(static|styleguide|api|pictures)/"
)
#: A list of records, or one record, as Django's admin shows it: of a part of the house one of each is like the others.
RECORDS = re.compile(r"admin:([a-z]+)_[a-z]+_(changelist|change|add|history)$")
#: The browser reports an answer of this kind as an error of the page.
EXPECTED = re.compile(r"status of 40[345]")
#: A list's tabs each lead to other states of what they list: one of each is opened.
TAB = ("tab", "state", "kind", "outcome", "step")
#: What may stand in a partial answer only if it is also there without a script.
WITHOUT_SCRIPT = """() => [...document.querySelectorAll("[hx-get],[hx-post]")].filter((one) =>
  !one.matches("form[action], a[href], form[method=get]") && !one.querySelector("a[href], noscript")
).map((one) => one.outerHTML.slice(0, 120))"""
OVER_THE_EDGE = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 3).map((one) => one.outerHTML.slice(0, 120))"""
#: An amount whose sign is a hyphen, in what is read or in what a hover or a control says.
HYPHENED = """() => [document.body.innerText, ...[...document.querySelectorAll("[title], [aria-label]")].map((one) =>
  one.title + " " + one.ariaLabel)].flatMap((said) => said.match(/(^|[^\\d\\w)])-\\s?[$€£¥]\\s?\\d[\\d.,]*/g) || [])"""
#: A code of ours that is torn apart at the end of a line, where it is read.
TORN = """() => { const found = [], place = new Range();
  const codes = /\\b([A-Z0-9]{4}[34679CDFGHJKMNPQRTVWXY]{8}(-[A-Z]?\\d+)?|[A-Z]{2}-\\d{8}-\\d+)\\b/g;
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    for (const code of words.currentNode.data.matchAll(codes)) {
      place.setStart(words.currentNode, code.index);
      place.setEnd(words.currentNode, code.index + code[0].length);
      if (new Set([...place.getClientRects()].map((one) => Math.round(one.top))).size > 1)
        found.push("torn: " + code[0] + " in " + words.currentNode.parentElement.outerHTML.slice(0, 120));
    }
  }
  return found; }"""
#: Everything is asked once; of the other theme and width, what colours and layout can change.
#: Colours change at once, not on their way from one theme to the other. (A sheet that the strict policy lets through.)
AT_ONCE = """() => { const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important; }");
  document.adoptedStyleSheets.push(sheet); }"""
LOOKS = ("color-contrast", "link-in-text-block", "scrollable-region-focusable", "aria-hidden-focus")
#: A page has one main heading.
HEADINGS = """() => { const said = [...document.querySelectorAll("h1")].map((one) => one.textContent.trim());
  return said.length === 1 ? [] : said.concat(["headings: " + said.length]); }"""


@dataclass
class Walk:
    """Somebody who opens every page that a link leads to, and looks at each."""

    who: Person
    #: Open each kind of record of the admin, not one for each part of the house.
    every_record: bool = False
    faults: list[str] = field(default_factory=list)
    seen: set = field(default_factory=set)
    opened: list[str] = field(default_factory=list)

    def through(self, start: Iterable[str], *, only: str) -> None:
        """Open the starting pages and what they lead to, as far as its path begins with ``only``."""
        waiting = [(path, "") for path in start]
        asked_for = {path for path, _tab in waiting}
        while waiting:
            path, tab = waiting.pop(0)
            key = self._kind_of(path, tab)
            if key is None or key in self.seen or ("?" in path and not key[1] and path not in asked_for):
                continue  # known, or the same page in another order
            self.seen.add(key)
            here = dict(parse_qsl(urlsplit(path).query))
            if set(here) & set(TAB):  # the list again with fewer rows: only a way to them
                self.who.go(path)
            else:
                self.look(path)
            now = next((f"{name}={here[name]}" for name in TAB if name in here), "")
            waiting += [(found, now) for found in self._links() if re.match(only, found)]

    def _kind_of(self, path: str, tab: str) -> tuple | None:
        """Pages of one kind are opened once; the first one after each tab of a list counts as another kind."""
        parts = urlsplit(path)
        if NO_PAGE.search(parts.path):
            return None
        try:
            match = resolve(parts.path)
        except Resolver404:
            return (path, ())
        asked = dict(parse_qsl(parts.query))
        tabs = tuple(f"{name}={asked[name]}" for name in TAB if name in asked)
        slugs = tuple(value for name, value in match.kwargs.items() if name in ("step", "kind"))
        more = tuple(sorted(set(asked) - set(TAB)))
        if (tabs or parts.path.startswith("/admin/")) and more:
            return None
        if (record := RECORDS.match(match.view_name)) and not self.every_record:
            return record.groups()
        return (match.view_name, tabs, more, slugs, tab if "code" in match.kwargs else "")

    def _links(self) -> Iterator[str]:
        links = self.who.page.eval_on_selector_all(
            "a[href]:not([download])", "all => all.map((one) => one.getAttribute('href'))"
        )
        base = urlsplit(self.who.page.url)
        for link in links:
            if link.startswith("?"):
                yield base.path + link
            elif link.startswith("/"):
                yield link.partition("#")[0]

    def look(self, path: str) -> None:
        """Open one page, and look at it in both widths and themes."""
        page = self.who.page
        page.set_viewport_size({"width": PAIRS[0][0], "height": 900})
        page.emulate_media(color_scheme=PAIRS[0][1])
        page.goto(self.who.at.address + path)
        page.wait_for_load_state("load")
        page.locator(".htmx-request, [hx-trigger=load]").first.wait_for(state="detached")
        self.opened.append(path)
        if self.who.path != path:  # led on to another page: that one is looked at once
            if self.who.path in self.opened:
                return
            self.opened.append(self.who.path)
        page.evaluate(AT_ONCE)
        self._note(path, page.evaluate(WITHOUT_SCRIPT))
        self._note(path, page.evaluate(HEADINGS))
        self._note(path, page.evaluate(HYPHENED))
        for width, theme in PAIRS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            self._picture(path, width, theme)
            found = axe.violations(page, *(() if (width, theme) == PAIRS[0] else LOOKS))
            self._note(f"{path} {width} {theme}", found + page.evaluate(OVER_THE_EDGE) + page.evaluate(TORN))

    def errors(self, paths: Iterable[str]) -> None:
        """Pages that say that something is not there, or not allowed."""
        for path in paths:
            self.look(path)
            self.who.sees("If you ask for help, give this number")
        self.who.complaints[:] = [one for one in self.who.complaints if not EXPECTED.search(one)]

    def ends_well(self) -> None:
        """Nothing was found and nothing was complained of."""
        assert self.faults + self.who.complaints == []

    def _note(self, place: str, found: list[str]) -> None:
        self.faults += [f"{place}: {one}" for one in found]

    def _picture(self, path: str, width: int, theme: str) -> None:
        """For a look with one's own eyes: PICTURES=folder."""
        if folder := os.environ.get("PICTURES"):
            name = re.sub(r"[^A-Za-z0-9=]+", "_", path).strip("_")[:90] or "root"
            self.who.page.screenshot(path=f"{folder}/{name}-{width}-{theme}.png", full_page=True, caret="initial")


def test_the_walk_finds_an_amount_with_a_hyphen(chromium: Browser) -> None:
    """Control: the same look at a page that has both kinds, and ranges and codes, which are no amounts below zero."""
    page = chromium.new_page()
    page.set_content("<p>-$5.00</p><p title='fee -$0.36'>−$5.00, $5-$9, A-$1</p><p>was ($20) (-$1)</p>")
    assert [one[-6:].strip(" (") for one in page.evaluate(HYPHENED)] == ["-$5.00", "-$1", "-$0.36"]
    page.context.close()


def test_the_walk_finds_a_code_that_is_torn_apart(chromium: Browser) -> None:
    """Control: the same code in a narrow cell, as it is and in the class of codes; and a SKU, which is no code of ours."""
    page = chromium.new_page()
    cells = ("BRTS7K3MWQ9P-1", '<span class="code">BRTS7K3MWQ9P-1</span>', "US-20261130-1", "HELMET-BLUE-XL")
    page.set_content("".join(f'<p style="width: 3em">{cell}</p>' for cell in cells))
    page.add_style_tag(content=".code { white-space: nowrap; }")
    assert [one.split(" ")[1] for one in page.evaluate(TORN)] == ["BRTS7K3MWQ9P-1", "US-20261130-1"]
    page.context.close()


def test_every_page_of_who_applies_and_of_who_may_not(chromium: Browser, whole: Marketplace) -> None:
    for email in ("applicant1@example.com", "applicant3@example.com", "applicant5@example.com"):
        walk = Walk(sit_down(chromium, whole))
        log_in(walk.who, email)
        walk.through(("/my-shops/", "/my-shops/first/"), only=r"/(s/\w+|my-shops)/")
        walk.ends_well()
        assert any("/application/" in path for path in walk.opened)
    walk = Walk(sit_down(chromium, whole))
    log_in(walk.who, "packer@example.com")
    walk.look(f"/s/{SHOP}/")
    walk.errors((f"/s/{SHOP}/finance/", f"/s/{SHOP}/team/"))
    walk.ends_well()


def test_every_page_of_a_buyer(chromium: Browser, marketplace: Marketplace) -> None:
    walk = Walk(sit_down(chromium, marketplace))
    walk.through(VISITOR, only="/(shop|agreement|account)/")
    walk.through(("/shop/bright-street-bicycles/basket/",), only="/nowhere/")
    order = "/shop/bright-street-bicycles"
    buying.buy(walk.who, "bright-street-bicycles", "Canvas pannier bag, 18 litres", email="rider3@example.org")
    walk.look(walk.who.path)
    walk.who.go(f"{order}/?q=bell")
    walk.who.page.locator(".product-card a").first.click()
    walk.who.press("Put into the basket")
    for path in (f"{order}/basket/", f"{order}/checkout/"):
        walk.look(path)
    walk.ends_well()


def test_every_page_of_a_seller(chromium: Browser, whole: Marketplace) -> None:
    walk = Walk(sit_down(chromium, whole))
    log_in(walk.who, "seller@example.com")
    begin = (f"/s/{SHOP}/", f"/s/{SHOP}/setup/", f"/s/{SHOP}/search/?q=bicycle", f"/s/{SHOP}/search/?q=nothing+of+it")
    walk.through((*begin, *OWN_ACCOUNT), only=rf"/(s/{SHOP}|account|my-shops|apply)/")
    walk.errors(ERRORS)
    walk.ends_well()
    assert len(walk.opened) > 100, "the walk has lost its way"


@pytest.mark.parametrize("every_record", [False, pytest.param(True, marks=pytest.mark.deep)])
def test_every_page_of_the_staff(chromium: Browser, whole: Marketplace, every_record: bool) -> None:
    walk = Walk(sit_down(chromium, whole), every_record=every_record)
    log_in(walk.who, "admin@example.com")
    walk.through(("/admin/",), only="/admin/")
    walk.ends_well()
    for place in ("application/desk/1", "violation/desk/1", "ticket/desk/1", "payoutbatch/desk/1"):
        kind = re.compile(f"/{place}/".replace("1", r"\d+"))
        assert any(map(kind.search, walk.opened)), f"the walk has not come to {place}"
