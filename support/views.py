"""The support pages: tickets to the staff, messages of buyers, reviews."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from seller_center.kernel import clock
from seller_center.kernel.deeds import deed_answer, explain, refusal
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.paging import keyset_page
from shops import subjects, timeline
from shops.access import for_shop
from shops.models import Deadline
from support import desk, inbox, reviewing
from support.forms import MessageForm, ReplyForm, TicketForm
from support.models import BuyerMessage, Conversation, Review, Ticket, TicketMessage

MOST_MESSAGES = 200


def sections(shop, here: str) -> list[dict[str, Any]]:
    """The parts of the section as tabs."""
    places = (
        ("support:messages", _("Buyer messages")),
        ("support:reviews", _("Reviews")),
        ("support:ticket_list", _("Tickets")),
    )
    return [
        {"label": label, "url": reverse(name, kwargs={"shop": shop.code}), "here": name == here}
        for name, label in places
    ]


@for_shop(area="support", may="view")
def home(request: HttpRequest, shop) -> HttpResponse:
    """The section opens on what waits: buyers' messages."""
    return redirect("support:messages", shop=shop.code)


@for_shop(area="support", may="edit")
def ticket_new(request: HttpRequest, shop) -> HttpResponse:
    """Ask support; ``?about=order:ACME…`` carries what it is about."""
    kind, _colon, code = request.GET.get("about", "").partition(":")
    kind = kind if code else ""
    initial = {"topic": kind if kind in Ticket.Topic.values else None}
    if kind == Ticket.Topic.ORDER:
        initial |= {"about_code": code, "subject": _("Order %(code)s") % {"code": code}}
    form = TicketForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            ticket = desk.open_ticket(shop=shop, by=request.user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            explain(form, error)
        else:
            return redirect("support:ticket", shop=shop.code, code=ticket.code)
    context = {"shop": shop, "form": form}
    return render(request, "support/ticket_form.html", context, status=422 if form.is_bound else 200)


@for_shop(area="support", may="view")
def ticket_page(request: HttpRequest, shop, code: str) -> HttpResponse:
    """One ticket: what was said, what is promised."""
    return render(request, "support/ticket.html", _ticket_context(request, shop, _ticket(shop, code)))


@require_POST
@for_shop(area="support", may="edit")
def ticket_reply(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Add a message to a ticket."""
    return _ticket_deed(request, shop, code, desk.reply, _("Your message was sent."), MessageForm)


@require_POST
@for_shop(area="support", may="edit")
def ticket_solve(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Say that the matter is settled."""
    return _ticket_deed(request, shop, code, desk.solve, _("Marked as solved."))


def _ticket_deed(request, shop, code: str, verb, message: str, form_class=None) -> HttpResponse:
    ticket = _ticket(shop, code)
    try:
        words = _words(form_class(request.POST)) if form_class else {}
        verb(ticket=ticket, by=request.user, at=clock.now(), **words)
    except DomainError as error:
        return refusal(
            request, error, "support/ticket.html#main", lambda: _ticket_context(request, shop, _ticket(shop, code))
        )
    return deed_answer(
        request,
        template="support/ticket.html#main",
        context=lambda: _ticket_context(request, shop, _ticket(shop, code)),
        redirect_to=reverse("support:ticket", kwargs={"shop": shop.code, "code": ticket.code}),
        message=message,
    )


def _words(form) -> dict[str, Any]:
    """The cleaned fields of a form of one box, or the refusal that names what is missing."""
    if not form.is_valid():
        name, messages = next(iter(form.errors.items()))
        raise Invalid(messages[0], field=name)
    return form.cleaned_data


def _ticket(shop, code: str) -> Ticket:
    return get_object_or_404(Ticket.objects.in_shop(shop).of_code(code))


def _ticket_context(request, shop, ticket: Ticket) -> dict[str, Any]:
    said = TicketMessage.objects.in_shop(shop).filter(ticket=ticket).select_related("by").order_by("at", "id")
    return {
        "shop": shop,
        "ticket": ticket,
        "said": list(said[:MOST_MESSAGES]),
        "deadline": Deadline.objects.about(shop, "ticket", ticket.code).running().first(),
        "form": MessageForm(),
        "about_url": subjects.member_url(request.membership, shop, ticket.about_kind, ticket.about_code),
        "may_edit": _may_edit(request),
        "events": timeline.newest(shop, "ticket", ticket.code, 50),
    }


@for_shop(area="support", may="view")
def conversation_page(request: HttpRequest, shop, code: str) -> HttpResponse:
    """What a buyer and the shop said to each other."""
    return render(request, "support/conversation.html", _conversation_context(request, shop, _conversation(shop, code)))


@require_POST
@for_shop(area="support", may="edit")
def conversation_answer(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Answer a buyer."""
    conversation = _conversation(shop, code)
    try:
        words = _words(MessageForm(request.POST))
        inbox.answer(conversation=conversation, by=request.user, at=clock.now(), **words)
    except DomainError as error:
        return refusal(
            request,
            error,
            "support/conversation.html#main",
            lambda: _conversation_context(request, shop, _conversation(shop, code)),
        )
    return deed_answer(
        request,
        template="support/conversation.html#main",
        context=lambda: _conversation_context(request, shop, _conversation(shop, code)),
        redirect_to=reverse("support:conversation", kwargs={"shop": shop.code, "code": conversation.code}),
        message=_("Your answer was sent."),
    )


def _conversation(shop, code: str) -> Conversation:
    return get_object_or_404(Conversation.objects.in_shop(shop).of_code(code).select_related("buyer", "order"))


def _conversation_context(request, shop, conversation: Conversation) -> dict[str, Any]:
    said = (
        BuyerMessage.objects.in_shop(shop).filter(conversation=conversation).select_related("by").order_by("at", "id")
    )
    return {
        "shop": shop,
        "conversation": conversation,
        "order": conversation.order,
        "said": list(said[:MOST_MESSAGES]),
        "deadline": Deadline.objects.about(shop, "conversation", conversation.code).running().first(),
        "form": MessageForm(),
        "may_edit": _may_edit(request),
        "events": timeline.newest(shop, "conversation", conversation.code, 50),
    }


@for_shop(area="support", may="view")
def review_list(request: HttpRequest, shop) -> HttpResponse:
    """What buyers said of the products, newest first; one reply each."""
    context = _review_context(request, shop)
    return render(request, "support/review_list.html", context)


@require_POST
@for_shop(area="support", may="edit")
def review_reply(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Reply to a review, once."""
    review = get_object_or_404(Review.objects.in_shop(shop).of_code(code))
    try:
        words = _words(ReplyForm(request.POST))
        reviewing.reply(review=review, body=words["reply"], by=request.user, at=clock.now())
    except DomainError as error:
        return refusal(request, error, "support/review_list.html#main", lambda: _review_context(request, shop))
    return deed_answer(
        request,
        template="support/review_list.html#main",
        context=lambda: _review_context(request, shop),
        redirect_to=reverse("support:reviews", kwargs={"shop": shop.code}),
        message=_("Your reply is published."),
    )


def _review_context(request, shop) -> dict[str, Any]:
    rows = Review.objects.in_shop(shop).select_related("product", "order")
    return {
        "shop": shop,
        "page": keyset_page(rows, order=("-at", "-id"), token=request.GET.get("page", "")),
        "tabs": sections(shop, "support:reviews"),
        "may_edit": _may_edit(request),
    }


def _may_edit(request) -> bool:
    return request.membership.may("support", "edit")
