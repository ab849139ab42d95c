"""What happens on floor 6: conversations, tickets, reviews by buyers."""

from django.utils.translation import gettext_noop as _

from shops.event_kinds.declaring import event


@event("ticket.opened", sentence=_("Ticket {code} opened: “{subject}”."))
class TicketOpened:
    subject: str


@event("ticket.replied", sentence=_("Message added to ticket {code}."))
class TicketReplied:
    subject: str


@event("ticket.answered", sentence=_("Support answered ticket {code}."))
class TicketAnswered:
    subject: str


@event("ticket.claimed", audience="staff", sentence=_("Somebody claimed ticket {code}."))
class TicketClaimed:
    subject: str


@event("ticket.released", audience="staff", sentence=_("Ticket {code} was put back into the queue."))
class TicketReleased:
    subject: str


@event("ticket.solved", sentence=_("Ticket {code} solved."))
class TicketSolved:
    subject: str


@event("ticket.answer_late", sentence=_("Support is late with an answer to ticket {code}."))
class TicketAnswerLate:
    subject: str


@event("message.received", sentence=_("The buyer wrote a message."))
class MessageReceived:
    pass


@event("message.answered", sentence=_("The shop answered the buyer."))
class MessageAnswered:
    pass


@event("message.answer_late", sentence=_("The buyer's message was not answered in time."))
class MessageAnswerLate:
    pass


@event("review.written", sentence=_("The buyer gave {stars:stars}."))
class ReviewWritten:
    stars: int


@event("review.replied", sentence=_("The shop replied to the review."))
class ReviewReplied:
    stars: int


@event("review.hidden", sentence=_("The review was hidden by moderation."))
class ReviewHidden:
    stars: int


@event("review.shown", sentence=_("The review was put back."))
class ReviewShown:
    stars: int
