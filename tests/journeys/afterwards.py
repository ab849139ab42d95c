"""After the parcel has arrived: a review, a message, a return and the money given back, a question to support."""

import re

from tests.journeys.people import Person

QUESTION = "Who pays for a dented bell?"


def write_review(buyer: Person, page: str) -> None:
    """Five stars and a sentence."""
    buyer.go(page)
    buyer.sees("Delivered")
    buyer.unfold("Write a review")
    buyer.page.locator("label.option", has_text="5 stars").click()
    buyer.fill(inside="details[open]", body="Rings true.")
    buyer.press("Publish review")
    buyer.sees("Rings true.")


def ask_shop(buyer: Person, page: str) -> None:
    """A message to the shop."""
    buyer.go(page)
    buyer.fill(inside="#messages", body="Does it fit a bar of 31.8 mm?")
    buyer.press("Send to the shop")


def answer_buyer(seller: Person, shop: str) -> None:
    """The shop answers from its messages."""
    seller.go(f"/s/{shop}/support/messages/")
    seller.press("Rider One", exact=False)
    seller.sees("Does it fit a bar of 31.8 mm?")
    seller.fill(body="It does, with the rubber ring.")
    seller.press("Send answer")
    seller.sees("It does, with the rubber ring.")


def ask_return(buyer: Person, page: str) -> None:
    """One of the two goes back."""
    buyer.go(page)
    buyer.sees("It does, with the rubber ring.")
    buyer.unfold("Ask for a return")
    buyer.page.locator("#return input[name^=units]").fill("1")
    buyer.fill(inside="#return", reason="no_longer_wanted", note="The second one is one too many.")
    buyer.press("Send the request")
    buyer.sees("Your request is with the shop.")


def take_back(seller: Person, buyer: Person, shop: str, page: str) -> None:
    """Approved, sent back, received, and refunded after a look at what that does to the seller's money."""
    seller.go(f"/s/{shop}/returns/")
    seller.page.locator("main table tbody").get_by_role("link").first.click()
    seller.settle()
    seller.press("Approve: the buyer sends it back")
    buyer.go(page)
    buyer.fill(tracking_number="SBX0000000000001")
    buyer.press("I have sent it")
    seller.go(seller.path)
    seller.press("It has arrived")
    seller.sees("From your earnings")
    seller.sees("Refund administration fee")
    seller.press("Give the money back")
    seller.sees("The money goes back to the buyer.")


def ask_support(seller: Person, shop: str, order: str) -> None:
    """A question that carries its order with it."""
    seller.go(f"/s/{shop}/orders/{order}/")
    seller.press("Ask support")
    seller.fill(topic="order", subject=QUESTION, body="The parcel arrived dented.")
    seller.press("Send")
    seller.sees(f"About order {order}")


def answer_ticket(agent: Person) -> None:
    """Support answers at its desk; beside the question stands what happened to the order."""
    agent.go("/admin/support/ticket/desk/")
    agent.press(QUESTION)
    agent.sees(re.compile("What happened to"))
    agent.fill(body="The carrier does. We have opened a claim.")
    agent.press("Answer and solve")
    agent.sees("Your answer was sent.")


def read_answer(seller: Person, shop: str) -> None:
    """The answer stands in the ticket and among the notices."""
    seller.go(f"/s/{shop}/support/tickets/")
    seller.press(QUESTION, exact=False)
    seller.sees("The carrier does. We have opened a claim.")
