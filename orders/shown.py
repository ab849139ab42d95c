"""What people are shown as an order's status, derived from the order and its packages. Asks no database."""

from collections.abc import Iterable

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Shown(TextChoices):
    """The words of the order list."""

    UNPAID = "unpaid", _("Unpaid")
    COOLING_OFF = "cooling_off", _("Cooling off")
    AWAITING_SHIPMENT = "awaiting_shipment", _("Awaiting shipment")
    PARTLY_SHIPPED = "partly_shipped", _("Partly shipped")
    SHIPPED = "shipped", _("Shipped")
    DELIVERED = "delivered", _("Delivered")
    LOST = "lost", _("Lost")
    RETURNED_TO_SENDER = "returned_to_sender", _("Returned to sender")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")


#: The tabs of the order list and what is in them; nothing named means everything.
TABS: dict[str, tuple[str, ...]] = {
    "all": (),
    "to_ship": ("awaiting_shipment", "partly_shipped"),
    "cooling_off": ("cooling_off",),
    "shipped": ("shipped",),
    "delivered": ("delivered",),
    "trouble": ("lost", "returned_to_sender"),
    "completed": ("completed",),
    "cancelled": ("cancelled",),
    "unpaid": ("unpaid",),
}

ON_THE_WAY = frozenset({"awaiting_collection", "in_transit"})


def shown_status(order_status: str, packages: Iterable[str]) -> str:
    """The shown word for an order in this state whose packages are in these states."""
    if order_status != "open":
        return order_status
    live = {status for status in packages if status != "cancelled"}
    if not live or live == {"awaiting_shipment"}:
        return Shown.AWAITING_SHIPMENT.value
    if "awaiting_shipment" in live:
        return Shown.PARTLY_SHIPPED.value
    if live & ON_THE_WAY:
        return Shown.SHIPPED.value
    if "delivered" in live:
        return Shown.DELIVERED.value
    return Shown.LOST.value if "lost" in live else Shown.RETURNED_TO_SENDER.value
