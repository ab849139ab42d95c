"""The seller's money: earned, available, released by two people, paid by the bank, and added up on a statement."""

import re

from tests.journeys.people import Person


def release(first: Person, second: Person) -> None:
    """The newest batch: whoever released it first cannot be the second."""
    first.go("/admin/payouts/payoutbatch/desk/")
    batches = first.page.locator("#content table").first.locator("th[scope=row] a")
    newest = sorted(batches.all_inner_texts())[-1]
    first.press(newest)
    page = first.path
    first.press("Release as the first")
    first.sees("You were the first. The second release must come from somebody else.")
    second.go(page)
    second.press("Release for good")


def statement_ties_out(seller: Person, shop: str) -> str:
    """Every check of the statement agrees; its lines can be taken along. Returns what was paid out."""
    seller.go(f"/s/{shop}/finance/payouts/")
    seller.sees("Paid")
    seller.go(f"/s/{shop}/finance/statements/")
    seller.page.locator("main table tbody").get_by_role("link").first.click()
    seller.settle()
    checks = seller.page.locator("#tie-out dl > div")
    assert checks.count() >= 3
    assert checks.count() == seller.page.locator("#tie-out .fact-good").count(), checks.all_inner_texts()
    address = seller.page.get_by_role("link", name="Download CSV").get_attribute("href")
    lines = seller.page.context.request.get(seller.at.address + address).text().splitlines()
    assert len(lines) > 2
    return seller.reads(r"−?\$[\d.,]+")[0]


def read_evaluation(seller: Person, shop: str) -> None:
    """The month that ended is evaluated: each criterion with value, threshold and verdict."""
    seller.go(f"/s/{shop}/health/")
    seller.sees(re.compile(r"not measured|too few", re.I))
