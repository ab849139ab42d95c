"""What sellers are told about their orders: notices in the app for what needs somebody."""

from django.utils.translation import gettext

from orders.reasons import words
from shops.models import ShopEvent
from shops.notifying import notify


def _tell(event: ShopEvent, title: str, path: str) -> None:
    notify(
        shop=event.shop,
        kind=event.kind,
        title=title,
        url=f"/s/{event.shop.code}/{path}/",
        at=event.at,
        area="orders",
        once_key=f"event-{event.pk}",
    )


def order_held(event: ShopEvent) -> None:
    """An order may not be shipped for now."""
    title = gettext("Order %(code)s is on hold: %(reason)s")
    _tell(event, title % {"code": event.subject_code, "reason": event.facts["reason"]}, f"orders/{event.subject_code}")


def package_late(event: ShopEvent) -> None:
    """A promise was broken."""
    title = gettext("Package %(code)s is late: it was not shipped in time")
    _tell(event, title % {"code": event.subject_code}, f"packages/{event.subject_code}")


def package_lost(event: ShopEvent) -> None:
    """A package got lost, or comes back."""
    if event.kind == "package.lost":
        title = gettext("Package %(code)s is lost: %(why)s") % {
            "code": event.subject_code,
            "why": event.facts["why"],
        }
    else:
        title = gettext("Package %(code)s could not be delivered and comes back") % {"code": event.subject_code}
    _tell(event, title, f"packages/{event.subject_code}")


def return_requested(event: ShopEvent) -> None:
    """A buyer wants to return something, and waits for an answer."""
    title = gettext("Return %(code)s: %(reason)s. Decide in time: silence approves it.")
    _tell(
        event,
        title % {"code": event.subject_code, "reason": words(event.facts["reason"])},
        f"returns/{event.subject_code}",
    )


def refund_failed(event: ShopEvent) -> None:
    """The provider did not carry out a refund."""
    title = gettext("Refund %(code)s was refused by the payment provider")
    _tell(event, title % {"code": event.subject_code}, f"orders/{event.facts['order_code']}")
