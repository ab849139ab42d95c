"""The lists of floor 6: buyers' messages, and the shop's questions to the staff."""

from collections.abc import Sequence

from django.db.models import DateTimeField, ExpressionWrapper, F
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from shops import lists
from shops.access import for_shop
from shops.views.lists import show
from support import desk
from support.forms import MessageFilterForm, TicketFilterForm
from support.models import BuyerMessage, Conversation, Ticket
from support.telling import MOST_SAID, first_words
from support.views import sections


class Messages(lists.List):
    """What buyers wrote: who waits has a tab, in the order of the promises."""

    name, area, url_name, title, noun = "messages", "support", "support:messages", _("Buyer messages"), "conversation"
    form_class = MessageFilterForm
    tab_name = "show"
    tabs = {"": _("All"), "waiting": _("Waiting for you")}
    sorts = {
        "-last": lists.Sort(_("Newest message first"), ("-last_message_at", "-id")),
        "last": lists.Sort(_("Oldest message first"), ("last_message_at", "id")),
    }
    sorts_by_due = {
        "due": lists.Sort(_("Due first"), ("due_at", "id")),
        "-due": lists.Sort(_("Due last"), ("-due_at", "-id")),
        **sorts,
    }
    columns = (
        lists.Column(
            "buyer",
            _("Buyer"),
            lambda one, beside: ("two", str(one.buyer), one.order.code if one.order else _("General question")),
            "main",
            below=_("About"),
        ),
        lists.Column("said", _("Last words"), lambda one, beside: beside.get(one.pk, ""), "words"),
        lists.Column("state", _("State"), lambda one, beside: ("state", one.status, "conversation"), "tag"),
        lists.Column("answer_by", _("Answer by"), lambda one, beside: ("due", one.answer_by), "tag", sort="due"),
        lists.Column("email", _("E-mail"), lambda one, beside: one.buyer.email, shown=False),
        lists.Column("started", _("Began"), lambda one, beside: ("moment", one.started_at), shown=False),
        lists.Column("last", _("Last message"), lambda one, beside: ("moment", one.last_message_at), sort="last"),
    )

    def sorts_of(self, tab: str, words: str = ""):
        return self.sorts_by_due if tab == "waiting" else self.sorts

    def rows(self, question: lists.Question, *, similar: bool = False):
        rows = Conversation.objects.in_shop(question.shop).select_related("buyer", "order")
        if question.tab == "waiting":
            due_at = ExpressionWrapper(F("answer_by"), output_field=DateTimeField())
            rows = rows.filter(status=Conversation.Status.AWAITING_SHOP).annotate(due_at=due_at)
        return rows.found_by(question.shop, question.words) if question.words else rows

    def beside(self, question: lists.Question, rows: Sequence[Conversation]) -> dict[int, str]:
        """How the last message of each begins, and whether it is the shop's own."""
        said = BuyerMessage.objects.in_shop(question.shop).filter(conversation__in=[one.pk for one in rows])
        last = said.order_by("conversation", "-at", "-id").distinct("conversation")
        told = last.values_list("conversation", "from_buyer", "body")
        found = {}
        for pk, from_buyer, body in told:
            words = first_words(body, MOST_SAID)
            found[pk] = words if from_buyer else gettext("You: %(words)s") % {"words": words}
        return found

    def counts(self, shop, at):
        waiting = Conversation.objects.in_shop(shop).awaiting_answer().values_list("pk")
        return {"waiting": len(waiting[: lists.COUNT_CAP + 1])}

    def ident(self, row: Conversation) -> str:
        return f"conversation-{row.code}"

    def url(self, shop, row: Conversation) -> str:
        return f"/s/{shop.code}/support/messages/{row.code}/"

    def empty(self, question: lists.Question) -> dict:
        if question.tab:
            text = _("Every buyer has an answer.")
            return {"icon": "circle-check", "title": _("Nobody waits"), "text": text}
        return {
            "icon": "headset",
            "title": _("No messages here"),
            "text": _(
                "When a buyer writes to you about an order, the conversation stands here with the moment by which an"
                " answer is due."
            ),
            "url": reverse("orders:order_list", kwargs={"shop": question.shop.code}),
            "action": _("See the orders"),
        }


MESSAGES = Messages()


class Tickets(lists.List):
    """The shop's questions to the staff, each with the moment by which an answer is owed."""

    name, area, url_name, title, noun = "tickets", "support", "support:ticket_list", _("Tickets"), "ticket"
    form_class = TicketFilterForm
    tabs = {"": _("All"), **{str(state): state.label for state in Ticket.Status}}
    sorts = {
        "-last": lists.Sort(_("Newest message first"), ("-last_message_at", "-id")),
        "last": lists.Sort(_("Oldest message first"), ("last_message_at", "id")),
    }
    columns = (
        lists.Column(
            "ticket",
            _("Ticket"),
            lambda one, beside: (
                "two",
                one.subject,
                " · ".join(filter(None, (str(one.get_topic_display()), one.about_code))),
            ),
            "main",
            below=_("Topic"),
        ),
        lists.Column("state", _("State"), lambda one, beside: ("state", one.status, "ticket"), "tag"),
        lists.Column(
            "answer_by",
            _("Answer promised"),
            lambda one, beside: ("due", one.answer_by if one.status == Ticket.Status.OPEN else None),
            "tag",
        ),
        lists.Column("code", _("Number"), lambda one, beside: one.code, shown=False),
        lists.Column("opened", _("Opened"), lambda one, beside: ("moment", one.opened_at), shown=False),
        lists.Column("last", _("Last message"), lambda one, beside: ("moment", one.last_message_at), sort="last"),
    )
    deeds = (
        lists.Deed(
            "solve",
            _("Mark as solved"),
            "check",
            "primary",
            verb=lambda one, *, by, at: desk.solve(ticket=one, by=by, at=at),
            meaning=_("Nobody owes an answer to them any more. Writing again opens a ticket anew."),
        ),
    )

    def rows(self, question: lists.Question, *, similar: bool = False):
        rows = Ticket.objects.in_shop(question.shop)
        if question.tab:
            rows = rows.filter(status=question.tab)
        if topic := question.filters.get("topic"):
            rows = rows.filter(topic=topic)
        return rows.found_by(question.words) if question.words else rows

    def ident(self, row: Ticket) -> str:
        return f"ticket-{row.code}"

    def url(self, shop, row: Ticket) -> str:
        return f"/s/{shop.code}/support/tickets/{row.code}/"

    def title_of(self, row: Ticket) -> str:
        return row.subject

    def picked(self, member, codes: Sequence[str]) -> list[Ticket]:
        return list(Ticket.objects.in_shop(member.shop).filter(code__in=codes).select_related("shop").order_by("pk"))

    def empty(self, question: lists.Question) -> dict:
        return {
            "icon": "headset",
            "title": _("No tickets here"),
            "text": _(
                "Ask us about an order, a payout or a rule. Open a ticket from the order itself, and it carries"
                " everything we need to know."
            ),
            "url": reverse("support:ticket_new", kwargs={"shop": question.shop.code}),
            "action": _("Ask support"),
        }


TICKETS = Tickets()


@require_safe
@for_shop(area="support", may="view")
def message_list(request: HttpRequest, shop) -> HttpResponse:
    """Buyers' messages."""
    return show(request, MESSAGES, "support/message_list.html", {"sections": sections(shop, "support:messages")})


@require_safe
@for_shop(area="support", may="view")
def ticket_list(request: HttpRequest, shop) -> HttpResponse:
    """The shop's questions to the staff, the latest first."""
    may_edit = request.membership.may("support", "edit")
    context = {"sections": sections(shop, "support:ticket_list"), "may_edit": may_edit}
    return show(request, TICKETS, "support/ticket_list.html", context)
