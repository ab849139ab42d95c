"""The nouns of floor 4, one file each.

Foreign keys here have no index of their own (`db_index=False`): every way in which a row is looked for begins with the shop
and has its composite index; what is referred to is never deleted. Fewer indexes are cheaper orders.
"""

from orders.models.buyer import Buyer
from orders.models.hold import Hold
from orders.models.order import Order, OrderLine
from orders.models.package import Package, PackageLine
from orders.models.payment import Payment, Refund
from orders.models.return_request import ReturnLine, ReturnRequest
from orders.models.shipping import Label, TrackingCursor, TrackingEvent

__all__ = [
    "Buyer",
    "Hold",
    "Label",
    "Order",
    "OrderLine",
    "Package",
    "PackageLine",
    "Payment",
    "Refund",
    "ReturnLine",
    "ReturnRequest",
    "TrackingCursor",
    "TrackingEvent",
]
