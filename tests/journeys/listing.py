"""The seller puts a product on sale, imports a real export file, and hands out a coupon."""

import re
from pathlib import Path

from seller_center.demo import pictures
from tests.journeys.marketplace import ROOT
from tests.journeys.people import Person

NAME = "Brass bicycle bell, 53 mm"
#: A large real export beside the checkout is taken where there is one.
REAL_FILE = ROOT.parent / "shared" / "data" / "shopify-exports" / "bicycles.csv"
OWN_FILE = ROOT / "docs" / "examples" / "shopify-products.csv"
JOB_MS = 300_000


def list_product(seller: Person, shop: str, folder: Path) -> None:
    """Two SKUs with price, stock and a picture; without a picture it cannot go on sale."""
    seller.go(f"/s/{shop}/products/new/")
    seller.fill(
        name=NAME,
        category="bicycle-accessories",
        brand="Harbour Wheels",
        description="Heard from **thirty metres**, startles nobody.",
        price="19.99",
        on_hand="10",
        option1="Size",
        values1="Small, Large",
    )
    seller.press("Save draft")
    seller.sees("There is no picture.")
    picture = folder / "bell.jpg"
    picture.write_bytes(pictures.product("box", 0.1, 4))
    seller.page.set_input_files("input[name=pictures]", picture)
    seller.press("Add pictures")
    seller.sees("Pictures added.")
    seller.press("Put on sale")
    seller.sees("The product is live.")


def import_file(seller: Person, shop: str) -> None:
    """Dry run, then applied; the same file again changes nothing."""
    file = REAL_FILE if REAL_FILE.exists() else OWN_FILE
    new = _check(seller, shop, file)["New rows"]
    assert new > 0
    seller.sees("This is a dry run: nothing has been changed yet.")
    seller.press("Apply")
    _see_result(seller, "Applied")
    again = _check(seller, shop, file)
    assert (again["New rows"], again["Changed rows"]) == (0, 0)
    assert again["Unchanged rows"] == new
    seller.press("Discard")


def _check(seller: Person, shop: str, file: Path) -> dict[str, int]:
    seller.go(f"/s/{shop}/imports/new/")
    seller.page.set_input_files("input[name=file]", file)
    seller.fill(category="bicycle-parts")
    seller.press("Upload and check")
    _see_result(seller, "Checked")
    words = seller.page.locator("main .stats").inner_text()
    return {label: int(number) for label, number in re.findall(r"(\w+ rows)\s+(\d+)", words)}


def _see_result(seller: Person, status: str) -> None:
    """The import's page follows its job by itself until it shows the result."""
    seller.page.locator("#outcome").get_by_text(status, exact=True).wait_for(timeout=JOB_MS)
    seller.settle()


def hand_out_coupon(seller: Person, shop: str) -> None:
    """Ten percent from 20 dollars, twice in all."""
    seller.go(f"/s/{shop}/marketing/coupons/new/")
    seller.fill(
        code="BELL10", name="For the first riders", kind="percent", percent="10", least_spend="20", limit_count="5"
    )
    seller.press("Save as draft")
    seller.press("Start")
    seller.sees("Live")
