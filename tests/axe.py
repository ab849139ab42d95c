"""axe in a page, as fast as it can be with the same findings: what every browser test calls that looks for barriers.

The contrast rule asks for the pseudo-elements of each ancestor of each text, which takes nine tenths of its time and can
only turn a finding into "cannot tell": they are passed over. Style sheets are not fetched a second time.
"""

from functools import cache

from playwright.sync_api import Page

_RUN = """(options) => {
  axe.configure({checks: [{id: "color-contrast", options: {ignorePseudo: true}}]});
  return axe.run(document, {resultTypes: ["violations"], preload: false, ...options}).then((found) =>
    found.violations.map((one) => `${one.id} ${one.nodes.slice(0, 3).map((node) => node.target).join(" | ")}`));
}"""


@cache
def _script() -> str:
    from axe_playwright_python.sync_playwright import Axe

    return Axe().axe_script


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds wrong in the page as it stands: rule and places; ``rules`` narrow it."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_script())
    return page.evaluate(_RUN, {"runOnly": list(rules)} if rules else {})
