"""What happens on floor 4: orders, packages, cancellations, returns, refunds."""

from django.utils.translation import gettext_noop as _

from shops.event_kinds.declaring import event


@event("order.placed", sentence=_("{unit_count:units} ordered by way of {channel}."))
class OrderPlaced:
    channel: str
    external_number: str
    unit_count: int
    total_minor: int
    currency: str


@event("order.paid", sentence=_("Paid."))
class OrderPaid:
    captured_minor: int
    currency: str
    ship_by: str


@event("order.opened", sentence=_("Ready to ship: the buyer can no longer cancel for free."))
class OrderOpened:
    package_codes: list[str]


@event("order.cancelled", sentence=_("Cancelled: {reason_words} (fault: {fault})."))
class OrderCancelled:
    reason: str
    reason_words: str
    fault: str
    was_paid: bool
    refunded_minor: int
    currency: str


@event("order.partly_cancelled", sentence=_("{quantity} × {sku_code} cancelled: {reason_words} (fault: {fault})."))
class OrderPartlyCancelled:
    sku_code: str
    quantity: int
    reason: str
    reason_words: str
    fault: str


@event("order.completed", sentence=_("Completed."))
class OrderCompleted:
    delivered_at: str


@event("order.held", sentence=_("On hold: {reason}"))
class OrderHeld:
    hold_kind: str
    reason: str


@event("order.released", sentence=_("Released from hold. {reason}"))
class OrderReleased:
    hold_kind: str
    reason: str


@event("payment.declined", sentence=_("The payment was declined. {sentence}"))
class PaymentDeclined:
    attempt: int
    sentence: str


@event("payment.came_late", sentence=_("The payment came after the order had ended; it goes back."))
class PaymentCameLate:
    captured_minor: int
    currency: str


@event("label.bought", sentence=_("Label {tracking_number} bought."))
class LabelBought:
    order_code: str
    carrier: str
    tracking_number: str
    amount_minor: int
    currency: str


@event("package.shipped", sentence=_("Shipped, number {tracking_number}."))
class PackageShipped:
    order_code: str
    carrier: str
    tracking_number: str
    in_time: bool


@event("package.renumbered", sentence=_("Tracking number corrected to {tracking_number}."))
class PackageRenumbered:
    order_code: str
    carrier: str
    tracking_number: str
    old_carrier: str
    old_tracking_number: str


@event("package.late", sentence=_("Not shipped in time: late."))
class PackageLate:
    order_code: str
    ship_by: str


@event("package.collected", sentence=_("Collected by the carrier. {place}"))
class PackageCollected:
    order_code: str
    carrier: str
    place: str


@event("package.delivered", sentence=_("Delivered. {place}"))
class PackageDelivered:
    order_code: str
    carrier: str
    place: str


@event("package.lost", sentence=_("Lost: {why}."))
class PackageLost:
    order_code: str
    carrier: str
    why: str


@event("package.returned_to_sender", sentence=_("On its way back to you: it could not be delivered. {place}"))
class PackageReturnedToSender:
    order_code: str
    carrier: str
    place: str


@event("return.requested", sentence=_("The buyer asks to return {quantity:units}: {reason_words}."))
class ReturnRequested:
    order_code: str
    return_kind: str
    reason: str
    reason_words: str
    quantity: int


@event("return.approved", sentence=_("Return {code} approved."))
class ReturnApproved:
    order_code: str
    by_silence: bool


@event("return.refused", sentence=_("Return {code} refused: {reason_words}. {justification}"))
class ReturnRefused:
    order_code: str
    reason: str
    reason_words: str
    justification: str


@event("return.withdrawn", sentence=_("The buyer took return {code} back."))
class ReturnWithdrawn:
    order_code: str


@event("return.shipped_back", sentence=_("Return {code} is on its way, number {tracking_number}."))
class ReturnShippedBack:
    order_code: str
    carrier: str
    tracking_number: str


@event("return.received", sentence=_("Return {code} has arrived."))
class ReturnReceived:
    order_code: str
    inspect_by: str


@event("return.rejected", sentence=_("Return {code} rejected after inspection: {reason_words}. {justification}"))
class ReturnRejected:
    order_code: str
    reason: str
    reason_words: str
    justification: str


@event("return.expired", sentence=_("Return {code} was not sent back in time."))
class ReturnExpired:
    order_code: str


@event("return.refund_released", sentence=_("The refund of return {code} was released by the first of two people."))
class ReturnRefundReleased:
    order_code: str
    amount_minor: int
    currency: str


@event(
    "return.refunded_before",
    sentence=_("Return {code}: the money for {quantity:units} had gone back already, and did not go back again."),
)
class ReturnRefundedBefore:
    order_code: str
    quantity: int


@event("return.closed", sentence=_("Return {code} closed."))
class ReturnClosed:
    order_code: str


@event("refund.made", sentence=_("Refund {code} of {amount}."))
class RefundMade:
    order_code: str
    sku_code: str
    quantity: int
    total_minor: int
    amount: str
    currency: str
    reason: str
    fault: str


@event("refund.sent", sentence=_("Refund {code} was carried out by the payment provider."))
class RefundSent:
    order_code: str


@event("refund.failed", sentence=_("The payment provider refused refund {code}: {sentence}"))
class RefundFailed:
    order_code: str
    sentence: str


@event("refund.sent_again", sentence=_("Refund {code} is owed again and goes to the payment provider once more."))
class RefundSentAgain:
    order_code: str
