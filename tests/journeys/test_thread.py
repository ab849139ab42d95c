"""One order goes all the way through the house, as the people who take part in it see it."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Browser

from tests.journeys import afterwards, buying, listing, opening, paying, shipping
from tests.journeys.marketplace import Marketplace
from tests.journeys.people import Person, log_in, sit_down

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("journeys")]

#: What a seller opens most, for a second look on the phone.
PAGES = (
    "", "orders/", "products/", "stock/", "imports/", "marketing/", "support/", "support/messages/", "support/reviews/",
    "returns/", "finance/", "finance/statements/", "finance/ledger/", "health/", "analytics/", "storefront/", "inbox/",
    "notices/", "settings/", "team/", "setup/", "search/?q=bell",
)  # fmt: skip


def test_it_goes_from_application_to_payout(
    chromium: Browser, marketplace: Marketplace, tmp_path, request: pytest.FixtureRequest
) -> None:
    everybody: list[Person] = []

    def enters(email: str = "", **device) -> Person:
        everybody.append(sit_down(chromium, marketplace, **device))
        if email:
            log_in(everybody[-1], email)
        return everybody[-1]

    # 1. Apply
    seller, reviewer = enters(), enters("reviewer@example.com")
    opening.sign_up(seller)
    shop = opening.apply(seller, tmp_path)
    opening.review(reviewer, shop)
    opening.move_in(seller, shop)
    # 2. List
    listing.list_product(seller, shop, tmp_path)
    listing.import_file(seller, shop)
    listing.hand_out_coupon(seller, shop)
    # 3. Sell
    buyer = enters(width=390)
    order, page = buying.buy(
        buyer, slug_of(seller, shop), listing.NAME, email="rider1@example.org", quantity=2, coupon="BELL10"
    )
    request.getfixturevalue("whole")  # the further shops: nothing before this waits for them, but time does
    began = passes(marketplace, "2h")
    # 4. Ship
    shipping.ship(seller, shop, order)
    afterwards.ask_shop(buyer, page)
    afterwards.answer_buyer(seller, shop)
    arrived = passes(marketplace, "4d")
    # 5. Return, and 8. a review
    afterwards.write_review(buyer, page)
    afterwards.ask_return(buyer, page)
    afterwards.take_back(seller, buyer, shop, page)
    # 7. Answer
    afterwards.ask_support(seller, shop, order)
    afterwards.answer_ticket(enters("support@example.com"))
    afterwards.read_answer(seller, shop)
    # 6. Money: a week of waiting, then the next payday
    seller.go(f"/s/{shop}/finance/")
    passes(marketplace, f"{days_to_payday(arrived)}d")
    paying.release(enters("finance1@example.com"), enters("finance2@example.com"))
    now = passes(marketplace, "3d")
    paying.statement_ties_out(seller, shop)
    # 9. Evaluate
    if now.month == began.month:
        passes(marketplace, f"{(next_month(now) - now).days + 1}d")
    paying.read_evaluation(seller, shop)
    # and everything once more on the phone
    phone = enters(width=390, like=seller)
    for name in PAGES:
        phone.go(f"/s/{shop}/{name}")
        seller.go(f"/s/{shop}/{name}")
    for one in everybody:
        assert one.complaints == []


def test_it_buys_and_ships_without_javascript(chromium: Browser, whole: Marketplace) -> None:
    buyer = sit_down(chromium, whole, width=390, javascript=False)
    product = "Canvas pannier bag, 18 litres"
    order, page = buying.buy(buyer, "bright-street-bicycles", product, email="rider2@example.org", coupon="RIDE10")
    passes(whole, "2h")
    seller = sit_down(chromium, whole, javascript=False)
    log_in(seller, "seller@example.com")
    shipping.ship(seller, "BRTS", order)
    buyer.go(page)
    buyer.sees("SBX")
    assert buyer.complaints + seller.complaints == []


def slug_of(seller: Person, shop: str) -> str:
    """The public address of the shop, from the page that shows it."""
    seller.go(f"/s/{shop}/storefront/")
    address = seller.page.get_by_role("link", name="Open the public page").get_attribute("href")
    return re.search(r"/shop/([^/]+)/", address)[1]


def passes(marketplace: Marketplace, span: str) -> dt.datetime:
    """Let time pass in the demo. Returns what time it is then."""
    words = marketplace.manage("pass_time", span)
    return dt.datetime.fromisoformat(re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", words)[0] + "+00:00")


def days_to_payday(now: dt.datetime) -> int:
    """Whole days until the first Tuesday after a week: the waiting time is over, and Monday's batch is made."""
    earliest = now + dt.timedelta(days=8)
    return 8 + (1 - earliest.weekday()) % 7


def next_month(now: dt.datetime) -> dt.datetime:
    """The first of the next month."""
    return (now.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
