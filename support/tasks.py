"""Reactions of floor 6: both sides are told."""

from shops.models import ShopEvent
from shops.reacting import reaction
from support import telling


@reaction
def tell_ticket_opened(event: ShopEvent) -> None:
    """Support staff get a mail: somebody waits."""
    telling.ticket_waits(event)


@reaction
def tell_ticket_answered(event: ShopEvent) -> None:
    """The seller who asked hears of the answer."""
    telling.ticket_answered(event)


@reaction
def tell_ticket_late(event: ShopEvent) -> None:
    """The seller who waits is told that the promise was missed."""
    telling.ticket_late(event)


@reaction
def tell_message_received(event: ShopEvent) -> None:
    """The shop's service team hears that a buyer wrote."""
    telling.message_received(event)


@reaction
def mail_message_answered(event: ShopEvent) -> None:
    """The buyer gets the shop's answer by mail."""
    telling.message_answered(event)


@reaction
def tell_message_late(event: ShopEvent) -> None:
    """The shop is told that a buyer was not answered in time."""
    telling.message_late(event)


@reaction
def tell_review_written(event: ShopEvent) -> None:
    """The shop hears of a new review."""
    telling.review_written(event)


@reaction
def tell_review_hidden(event: ShopEvent) -> None:
    """The shop hears which review was hidden, and why."""
    telling.review_hidden(event)
