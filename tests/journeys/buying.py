"""A buyer finds the product, puts it into the basket and pays. Without JavaScript it is the same."""

from tests.journeys.people import Person

ADDRESS = {
    "name": "Rider One",
    "phone": "+1 716 555 0100",
    "line1": "5 Canal Street",
    "city": "Buffalo",
    "region": "NY",
    "postal_code": "14201",
}


def buy(buyer: Person, slug: str, product: str, *, email: str, quantity: int = 1, coupon: str = "") -> tuple[str, str]:
    """From the shop's first page to the paid order. Returns the order's code and the path of its page."""
    buyer.go(f"/shop/{slug}/?src=newsletter")
    search = buyer.page.locator("[name=q]").locator("visible=true").first
    search.fill(product)
    search.press("Enter")
    buyer.settle()
    buyer.press(product, exact=False)
    buyer.fill(quantity=str(quantity))
    buyer.press("Put into the basket")
    if coupon:
        buyer.fill(code="NOSUCH1")
        buyer.press("Use")
        assert buyer.page.locator("#code-error").inner_text()
        buyer.fill(code=coupon)
        buyer.press("Use")
        buyer.sees("Take the coupon off")
    buyer.press("To the checkout")
    buyer.fill(email=email, **ADDRESS)
    buyer.press("Show the total with tax")
    buyer.press("Order for", exact=False)
    buyer.press("Pay", exact=False)
    buyer.sees("Thank you. Your order is paid.")
    return buyer.reads(r"Order ([A-Z0-9]{4}-?[A-Z0-9]+)")[1], buyer.path
