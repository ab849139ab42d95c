"""The seller sees what is to ship, buys a label, prints both papers and marks the parcel as shipped."""

from tests.journeys.people import Person


def ship(seller: Person, shop: str, order: str) -> None:
    """From the list of what is to ship to the parcel on its way."""
    seller.go(f"/s/{shop}/orders/?tab=to_ship&sort=-placed")  # newest first: what is due last may be on another page
    seller.press(order, exact=False)
    seller.sees("Ship it")
    seller.unfold("Buy a label")
    seller.fill(inside="details[open]", service="express")
    seller.press("Buy this label")
    for name in ("Packing slip", "Print the label"):
        assert _pdf(seller, name).startswith(b"%PDF")
    seller.press("Mark as shipped")
    seller.sees("Shipped. The buyer gets the tracking number.")


def _pdf(seller: Person, link: str) -> bytes:
    address = seller.page.locator("main").get_by_role("link", name=link).first.get_attribute("href")
    answer = seller.page.context.request.get(seller.at.address + address)
    assert answer.headers["content-type"] == "application/pdf"
    return answer.body()
