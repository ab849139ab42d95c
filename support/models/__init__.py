"""The nouns of floor 6, one file each."""

from support.models.conversation import BuyerMessage, Conversation
from support.models.review import Review
from support.models.ticket import Ticket, TicketMessage

__all__ = ["BuyerMessage", "Conversation", "Review", "Ticket", "TicketMessage"]
