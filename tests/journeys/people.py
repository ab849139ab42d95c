"""The people of a journey, each at a browser window of their own; whatever the browser complains about is kept."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Locator, Page

from tests.journeys.marketplace import Marketplace

PASSWORD = "marketplace-demo"  # the demo's
#: The browser reports every answer above 399 as an error; refusals (409, 422) are part of the story.
HARMLESS = re.compile(r"status of (409|422)|Status Error Code (409|422)")
#: Where the page's own matter stands: ours, and the admin's.
MATTER = "main, #content"
#: A hang limit, not a measure: two busy cores also run the database, the workers and the sandboxes.
PATIENCE_MS = 90_000  # a hang limit, not a measure


@dataclass
class Person:
    """Somebody at a browser. Every page that they come to must fit its width and satisfy the browser."""

    page: Page
    at: Marketplace
    complaints: list[str] = field(default_factory=list)
    visited: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def _listen(self, message) -> None:
        if message.type in ("error", "warning") and not HARMLESS.search(message.text):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def go(self, path: str) -> None:
        """Open a path; an error page ends the journey."""
        answer = self.page.goto(path if path.startswith("http") else self.at.address + path)
        assert answer is not None
        assert answer.status < 400, f"{path} answered {answer.status}"
        self.settle()

    def settle(self) -> None:
        """Wait until page and partial answers have arrived; then nothing may hang over the edge or have complained."""
        self.page.wait_for_load_state("load")
        self.page.locator(".htmx-request").first.wait_for(state="detached")
        self.visited.append(self.path)
        needed, there = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        if needed > there and "/admin/" not in self.page.url:
            self.complaints.append(f"{self.page.url}: {needed} px wide on {there} px")

    def press(self, name: str, *, inside: str = "", exact: bool = True) -> None:
        """Press the button or link with this name, in the page's own matter, and wait for the answer."""
        place = self.page.locator(inside or MATTER).first
        found = self._named(place, name, exact=exact).locator("visible=true").first
        found.click()
        self.settle()

    def _named(self, place: Locator, name: str, *, exact: bool) -> Locator:
        button = place.get_by_role("button", name=name, exact=exact)
        return button.or_(place.get_by_role("link", name=name, exact=exact))

    def unfold(self, name: str) -> None:
        """Open the fold with this heading."""
        self.page.locator(MATTER).first.locator("summary").filter(has_text=name).first.click()

    def fill(self, *, inside: str = "", **values: str) -> None:
        """Fill in fields by their names; selects are chosen, radio buttons and boxes are checked."""
        place = self.page.locator(inside or MATTER).first
        for name, value in values.items():
            box = place.locator(f'[name="{name}"]:not([type=hidden])').first
            kind = box.evaluate("e => e.tagName === 'SELECT' ? 'select' : e.type")
            if kind == "select":
                box.select_option(value)
            elif kind == "checkbox" and value == "on":
                box.check()
            elif kind in ("radio", "checkbox"):
                place.locator(f'[name="{name}"][value="{value}"]').check()
            else:
                box.fill(value)

    def sees(self, text: str | re.Pattern[str]) -> None:
        """The page shows this text."""
        self.page.locator("body").get_by_text(text).locator("visible=true").first.wait_for()

    def reads(self, pattern: str) -> re.Match[str]:
        """What the page's words hold of a pattern."""
        words = self.page.locator(MATTER).first.inner_text()
        found = re.search(pattern, words)
        assert found, f"{self.path} does not say {pattern!r}:\n{words}"
        return found

    @property
    def path(self) -> str:
        """Where they are."""
        return self.page.url.removeprefix(self.at.address)


def sit_down(
    browser: Browser,
    marketplace: Marketplace,
    *,
    width: int = 1280,
    javascript: bool = True,
    like: Person | None = None,
) -> Person:
    """Somebody new at a browser of this width (390 is a phone), or somebody known with another device."""
    context = browser.new_context(
        viewport={"width": width, "height": 900 if width > 600 else 844},
        java_script_enabled=javascript,
        has_touch=width < 600,
        storage_state=like.page.context.storage_state() if like else None,
    )
    return Person(context.new_page(), marketplace)


def log_in(person: Person, email: str, password: str = PASSWORD) -> None:
    """Log in with a password; staff also give their authenticator's code."""
    person.go("/account/login/")
    person.fill(login=email, password=password)
    person.press("Log in")
    if "second-factor" in person.path:
        person.fill(code=person.at.second_factor(email))
        person.page.locator("main form button[type=submit]").first.click()
        person.settle()
