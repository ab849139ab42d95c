"""What floor 6 tells people after its events."""

from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext

from orders.buyer_links import buyer_path
from shops.models import ShopEvent, User
from shops.notifying import notify, send_mail
from support.models import BuyerMessage, Conversation, Review, Ticket, TicketMessage

#: Letters of a message or a review that its notice shows.
FIRST_WORDS = 140
#: Letters of them that the row of a list shows.
MOST_SAID = 90


def _ticket(event: ShopEvent) -> Ticket:
    return Ticket.objects.in_shop(event.shop).of_code(event.subject_code).select_related("opened_by").get()


def ticket_waits(event: ShopEvent) -> None:
    """A mail to the support staff with the question and its promise."""
    ticket = _ticket(event)
    newest = (
        TicketMessage.objects.in_shop(event.shop).filter(ticket=ticket, from_staff=False).order_by("-at", "-id").first()
    )
    for person in User.objects.filter(is_active=True, is_staff=True, groups__name="support").order_by("pk"):
        send_mail(
            "ticket_waits",
            to=person.email or "",
            context={"shop": event.shop, "ticket": ticket, "newest": newest},
            message_id=f"event-{event.pk}-{person.pk}",
        )


def ticket_answered(event: ShopEvent) -> None:
    """Notice and mail to the person who asked."""
    ticket = _ticket(event)
    newest = (
        TicketMessage.objects.in_shop(event.shop).filter(ticket=ticket, from_staff=True).order_by("-at", "-id").first()
    )
    notify(
        shop=event.shop,
        kind=event.kind,
        title=gettext("Support answered: %(subject)s") % {"subject": ticket.subject},
        url=f"/s/{event.shop.code}/support/tickets/{ticket.code}/",
        at=event.at,
        users=[ticket.opened_by],
        once_key=f"event:{event.pk}",
    )
    send_mail(
        "ticket_answered",
        to=ticket.opened_by.email or "",
        context={"shop": event.shop, "ticket": ticket, "newest": newest},
        message_id=f"event-{event.pk}",
    )


def ticket_late(event: ShopEvent) -> None:
    """A notice: we owe an answer, and we know it."""
    ticket = _ticket(event)
    notify(
        shop=event.shop,
        kind=event.kind,
        title=gettext("We are late with an answer: %(subject)s") % {"subject": ticket.subject},
        body=gettext("Your ticket stays open and has moved to the front of the queue."),
        url=f"/s/{event.shop.code}/support/tickets/{ticket.code}/",
        at=event.at,
        users=[ticket.opened_by],
        once_key=f"event:{event.pk}",
    )


def first_words(text: str, most: int = FIRST_WORDS) -> str:
    """As much of somebody's words as a notice has room for, or a row of a list."""
    return Truncator(" ".join(text.split())).chars(most)


def _conversation(event: ShopEvent) -> Conversation:
    rows = Conversation.objects.in_shop(event.shop).of_code(event.subject_code)
    return rows.select_related("buyer", "order").get()


def message_received(event: ShopEvent) -> None:
    """A notice to everybody who may answer, with the first words."""
    conversation = _conversation(event)
    rows = BuyerMessage.objects.in_shop(event.shop).filter(conversation=conversation, from_buyer=True, at=event.at)
    newest = rows.order_by("-id").first()
    notify(
        shop=event.shop,
        kind=event.kind,
        title=gettext("%(buyer)s wrote to you") % {"buyer": conversation.buyer},
        body=first_words(newest.body) if newest is not None else "",
        url=f"/s/{event.shop.code}/support/messages/{conversation.code}/",
        at=event.at,
        area="support",
        once_key=f"event:{event.pk}",
    )


def message_answered(event: ShopEvent) -> None:
    """The answer goes to the buyer by mail, with the way back to the order."""
    conversation = _conversation(event)
    rows = BuyerMessage.objects.in_shop(event.shop).filter(conversation=conversation, from_buyer=False, at=event.at)
    newest = rows.order_by("-id").first()
    order = conversation.order
    send_mail(
        "message_answered",
        to=order.contact_email if order is not None else conversation.buyer.email,
        context={
            "shop": event.shop,
            "conversation": conversation,
            "order": order,
            "newest": newest,
            "order_path": buyer_path(order, event.shop) if order is not None else "",
        },
        message_id=f"event-{event.pk}",
    )


def message_late(event: ShopEvent) -> None:
    """A notice: the buyer still waits, and it has been counted."""
    conversation = _conversation(event)
    notify(
        shop=event.shop,
        kind=event.kind,
        title=gettext("%(buyer)s was not answered in time") % {"buyer": conversation.buyer},
        body=gettext("It counts in your score. An answer now still helps."),
        url=f"/s/{event.shop.code}/support/messages/{conversation.code}/",
        at=event.at,
        area="support",
        once_key=f"event:{event.pk}",
    )


def review_words(title: str, body: str) -> str:
    """What was reviewed, and how the review begins."""
    return f"{title}: {first_words(body)}" if body else title


def review_written(event: ShopEvent) -> None:
    """A notice with the stars, what they are for, and the first words."""
    stars = event.facts["stars"]
    review = Review.objects.in_shop(event.shop).of_code(event.subject_code).select_related("line").get()
    notify(
        shop=event.shop,
        kind=event.kind,
        title=ngettext("New review: %(stars)d star", "New review: %(stars)d stars", stars) % {"stars": stars},
        body=review_words(review.line.title, review.body),
        url=f"/s/{event.shop.code}/support/reviews/",
        at=event.at,
        area="support",
        once_key=f"event:{event.pk}",
    )


def review_hidden(event: ShopEvent) -> None:
    """A notice with the reason."""
    review = Review.objects.in_shop(event.shop).of_code(event.subject_code).get()
    notify(
        shop=event.shop,
        kind=event.kind,
        title=gettext("A review was hidden by moderation"),
        body=review.hidden_reason,
        url=f"/s/{event.shop.code}/support/reviews/",
        at=event.at,
        area="support",
        once_key=f"event:{event.pk}",
    )
