"""Mails to buyers about their orders. Plain, short, with the link to their page of the order."""

from typing import Any

from orders import labels, printing, returns
from orders.buyer_links import buyer_path
from orders.carriers import carrier
from orders.models import Order, OrderLine, Package, Refund, ReturnRequest
from orders.reasons import words
from seller_center.kernel.money import format_money
from shops.models import ShopEvent
from shops.notifying import send_mail


def _send(template: str, event: ShopEvent, order: Order, **context: Any) -> None:
    """To the contact of the order, if there is one; the same event gives the same message."""
    given = {"shop": event.shop, "order": order, "order_path": buyer_path(order, event.shop), **context}
    send_mail(template, to=order.contact_email, context=given, message_id=f"event-{event.pk}")


def _order(event: ShopEvent) -> Order:
    code = event.facts.get("order_code") or event.subject_code
    order = Order.objects.in_shop(event.shop).of_code(code).get()
    order.shop = event.shop
    return order


def order_paid(event: ShopEvent) -> None:
    """Thank you, and what was ordered."""
    order = _order(event)
    lines = [
        {"quantity": line.quantity, "title": line.title, "options": line.options_text}
        for line in OrderLine.objects.of_order(order)
    ]
    _send(
        "order_paid",
        event,
        order,
        lines=lines,
        total=format_money(order.total_minor, order.currency),
        address=printing.address_lines(order),
    )


def order_cancelled(event: ShopEvent) -> None:
    """It is off, why, and what goes back. Nothing is written about an order that was only forgotten to be paid."""
    facts = event.facts
    if facts["reason"] == "unpaid":
        return
    refunded = facts["refunded_minor"]
    _send(
        "order_cancelled",
        event,
        _order(event),
        reason=words(facts["reason"]),
        refunded=format_money(refunded, facts["currency"]) if refunded else "",
    )


def order_partly_cancelled(event: ShopEvent) -> None:
    """A part of it is off."""
    _send(
        "order_partly_cancelled",
        event,
        _order(event),
        quantity=event.facts["quantity"],
        sku_code=event.facts["sku_code"],
        reason=words(event.facts["reason"]),
    )


def package_shipped(event: ShopEvent) -> None:
    """On its way, with the number to follow it."""
    facts = event.facts
    _send(
        "package_shipped",
        event,
        _order(event),
        carrier=carrier(facts["carrier"]).name,
        tracking_number=facts["tracking_number"],
    )


def package_delivered(event: ShopEvent) -> None:
    """It has arrived."""
    package = Package.objects.in_shop(event.shop).of_code(event.subject_code).get()
    _send("package_delivered", event, _order(event), package=package)


def return_decided(event: ShopEvent) -> None:
    """Approved, refused or rejected, with the words of the shop."""
    found = ReturnRequest.objects.in_shop(event.shop).of_code(event.subject_code).get()
    _send(
        "return_decided",
        event,
        _order(event),
        return_request=found,
        approved=event.kind == "return.approved",
        sends_back=found.kind == ReturnRequest.Kind.RETURN_AND_REFUND,
        nothing_due=not returns.gives_back(found),
        send_to=labels.sender_of(event.shop).lines,
        reason=words(found.refusal_reason) if found.refusal_reason else "",
        justification=found.justification,
    )


def refund_made(event: ShopEvent) -> None:
    """Money is on its way back."""
    refund = Refund.objects.in_shop(event.shop).of_code(event.subject_code).get()
    if refund.reason == "late_payment":
        return
    _send("refund_made", event, _order(event), amount=format_money(refund.total_minor, refund.currency), refund=refund)
