"""What follows events of orders, and what the clock starts. Each may run twice."""

from celery import shared_task

from orders import mails, payments, refunds, telling, tracking
from seller_center.kernel import clock
from shops.models import ShopEvent
from shops.reacting import reaction


@reaction
def mail_order_paid(event: ShopEvent) -> None:
    """The buyer gets a confirmation."""
    mails.order_paid(event)


@reaction
def mail_order_cancelled(event: ShopEvent) -> None:
    """The buyer hears that it is off."""
    mails.order_cancelled(event)


@reaction
def mail_order_partly_cancelled(event: ShopEvent) -> None:
    """The buyer hears that a part is off."""
    mails.order_partly_cancelled(event)


@reaction
def mail_package_shipped(event: ShopEvent) -> None:
    """The buyer gets the number."""
    mails.package_shipped(event)


@reaction
def mail_package_delivered(event: ShopEvent) -> None:
    """The buyer hears that it has arrived."""
    mails.package_delivered(event)


@reaction
def mail_return_decided(event: ShopEvent) -> None:
    """The buyer hears what the shop has decided."""
    mails.return_decided(event)


@reaction
def mail_refund_made(event: ShopEvent) -> None:
    """The buyer hears that money goes back."""
    mails.refund_made(event)


@reaction
def tell_order_held(event: ShopEvent) -> None:
    """Sellers hear that an order is stopped."""
    telling.order_held(event)


@reaction
def tell_package_late(event: ShopEvent) -> None:
    """Sellers hear that a package is late."""
    telling.package_late(event)


@reaction
def tell_package_lost(event: ShopEvent) -> None:
    """Sellers hear that a package is lost or comes back."""
    telling.package_lost(event)


@reaction
def tell_return_requested(event: ShopEvent) -> None:
    """Sellers hear that a buyer wants to return something."""
    telling.return_requested(event)


@reaction
def tell_refund_failed(event: ShopEvent) -> None:
    """Sellers hear that a refund was refused."""
    telling.refund_failed(event)


@shared_task
def poll_tracking() -> None:
    """Ask the carriers for new scans."""
    tracking.poll(clock.now())


@shared_task
def clarify_payments() -> None:
    """Ask the payment provider about payments of which nobody knows how they stand."""
    payments.clarify_all(clock.now())


@shared_task
def send_refunds() -> None:
    """Have the payment provider carry out what is owed to buyers."""
    refunds.send_all(clock.now())
