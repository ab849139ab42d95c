"""Reactions and clockwork of floor 2."""

from celery import shared_task

from catalog import alerts, stock, telling
from seller_center.kernel import clock
from shops.batches import AlreadyRunning
from shops.models import ShopEvent
from shops.reacting import reaction


@reaction
def tell_low_stock(event: ShopEvent) -> None:
    """The digest of a shop's new low-stock alerts."""
    telling.low_stock(event)


@reaction
def tell_product_judged(event: ShopEvent) -> None:
    """Staff froze, refused or released a product."""
    telling.product_judged(event)


@shared_task(name="catalog.tasks.alert_low_stock")
def alert_low_stock() -> None:
    """Raise the alerts of the day that are not raised yet."""
    try:
        alerts.alert_all(at=clock.now())
    except AlreadyRunning:
        return  # another worker is at it


@shared_task(name="catalog.tasks.expire_reservations")
def expire_reservations() -> None:
    """Give units back to the offer whose time for paying is over."""
    stock.expire_due(clock.now())
