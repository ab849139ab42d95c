"""The README's pictures, taken of the demo with Chromium: `make demo`, then `.venv/bin/python tools/pictures.py`.

`make run` must be running (PORT as there). Each picture is made small: WebP, at most 150 kB.
"""

import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]

FOLDER = ROOT / "docs" / "pictures"
ADDRESS = f"http://localhost:{os.environ.get('PORT', '8000')}"
PASSWORD = "marketplace-demo"  # noqa: S105 (the demo's)
SELLER, STAFF = "seller@example.com", "reviewer@example.com"
MOST_BYTES = 150_000
#: The first row of a list.
LINK = "main table tbody a"

#: Name, path or (list, the link in it to open), width, theme.
SHOTS = (
    ("home", "/s/BRTS/", 1280, "light"),
    ("home-phone", "/s/BRTS/", 390, "light"),
    ("orders", "/s/BRTS/orders/", 1280, "light"),
    ("orders-dark", "/s/BRTS/orders/", 1280, "dark"),
    ("order", ("/s/BRTS/orders/?tab=to_ship", LINK), 1280, "light"),
    ("order-phone", ("/s/BRTS/orders/?tab=to_ship", LINK), 390, "dark"),
    ("product", ("/s/BRTS/products/?q=bicycle", LINK), 1280, "light"),
    ("health", "/s/BRTS/health/", 1280, "light"),
    ("statement", ("/s/BRTS/finance/statements/", LINK), 1280, "light"),
    ("storefront", ("/shop/bright-street-bicycles/?q=bicycle", ".product-card a"), 1280, "light"),
    ("storefront-phone", "/shop/bright-street-bicycles/", 390, "light"),
    ("staff-desk", ("/admin/shops/application/desk/", "#content th a"), 1280, "light"),
)


def main() -> None:
    """Take them all, or those named."""
    wanted = set(sys.argv[1:])
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        states = {"/s/": _log_in(browser, SELLER), "/admin/": _log_in(browser, STAFF), "/shop": None}
        for name, place, width, theme in SHOTS:
            if not wanted or name in wanted:
                start = place if isinstance(place, str) else place[0]
                state = next(state for prefix, state in states.items() if start.startswith(prefix))
                context = browser.new_context(
                    viewport={"width": width, "height": 844 if width < 600 else 860},
                    color_scheme=theme,
                    has_touch=width < 600,
                    storage_state=state,
                )
                _save(name, _shoot(context.new_page(), place))
                context.close()
        browser.close()


def _log_in(browser: Browser, email: str) -> dict:
    """The cookies of somebody who has logged in."""
    page = browser.new_page()
    page.goto(f"{ADDRESS}/account/login/")
    page.fill("main [name=login]", email)
    page.fill("main [name=password]", PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_load_state("networkidle")
    if "second-factor" in page.url:
        words = subprocess.run(
            [sys.executable, "manage.py", "demo_code", email], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        page.fill("main [name=code]", re.search(r"\b\d{6}\b", words)[0])
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_load_state("networkidle")
    return page.context.storage_state()


def _shoot(page: Page, place: str | tuple[str, str]) -> bytes:
    page.goto(ADDRESS + (place if isinstance(place, str) else place[0]))
    if not isinstance(place, str):
        page.locator(place[1]).first.click()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(600)  # charts draw themselves
    return page.screenshot()


def _save(name: str, png: bytes) -> None:
    """As WebP, coarser until it is small enough."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in (88, 80, 70, 55):
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= MOST_BYTES:
            break
    (FOLDER / f"{name}.webp").write_bytes(out.getvalue())
    print(f"{name}: {out.tell() // 1000} kB")


if __name__ == "__main__":
    main()
