"""The support desk of the staff, and what else of floor 6 they may see."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from seller_center.kernel.text import counted
from shops import subjects
from shops.admin.filters import among
from shops.admin.read_only import NOTHING, ReadOnlyAdmin
from shops.models import ShopEvent
from shops.waiting import desk_numbers
from support import desk, reviewing
from support.models import Review, Ticket, TicketMessage
from support.telling import MOST_SAID, first_words


class DeskAdmin(ReadOnlyAdmin):
    """A list and a page to read; deeds are buttons that call verbs, for groups that may change."""

    actions: Any = ()

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        """The right to act, not to edit fields."""
        return request.user.has_perm(f"support.change_{self.model._meta.model_name}")

    def get_readonly_fields(self, request: HttpRequest, obj=None):
        return [field.name for field in self.model._meta.fields]


@admin.register(Ticket)
class TicketAdmin(DeskAdmin):
    """Tickets; the queue of those that wait stands at ``desk/``, sorted by what we promised."""

    page_url_name = "admin:support_ticket_desk_page"
    desk_title, desk_url_name = gettext_lazy("Tickets to answer"), "admin:support_ticket_desk"

    list_display = ("code", "subject", "shop", "topic", "status", "urgent", "answer_by", "claimed_by")
    list_filter = ("status", "topic", "urgent")
    search_fields = ("code", "subject", "about_code", "shop__code")
    ordering = ("answer_by", "id")
    list_select_related = ("shop", "claimed_by")

    def get_urls(self):
        guard = self.admin_site.admin_view
        return [
            path("desk/", guard(self.queue), name="support_ticket_desk"),
            path("desk/<int:pk>/", guard(self.desk_page), name="support_ticket_desk_page"),
            *super().get_urls(),
        ]

    def desk(self, request: HttpRequest) -> dict[str, Any]:
        """This desk on the first page of the admin."""
        found = desk_numbers(
            Ticket.objects.awaiting_staff(), "answer_by", clock.now(), mine={"claimed_by": request.user}
        )
        return {"title": self.desk_title, "url": reverse(self.desk_url_name), "icon": "headset", **found}

    def queue(self, request: HttpRequest) -> HttpResponse:
        """What waits for an answer, whose promise ends first on top."""
        if not self.has_change_permission(request):
            return redirect("admin:index")
        rows = Ticket.objects.awaiting_staff().select_related("shop", "opened_by", "claimed_by")[:200]
        context = {
            **self.admin_site.each_context(request),
            "title": self.desk_title,
            "tickets": rows,
            "at": clock.now(),
        }
        return render(request, "admin/support/desk.html", context)

    def desk_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One ticket: claim it, answer it, solve it."""
        if not self.has_change_permission(request):
            return redirect("admin:index")
        ticket = get_object_or_404(Ticket.objects.select_related("shop", "opened_by", "claimed_by"), pk=pk)
        if request.method == "POST":
            return self._deed(request, ticket)
        said = TicketMessage.objects.filter(shop=ticket.shop, ticket=ticket).select_related("by").order_by("at", "id")
        context = {
            **self.admin_site.each_context(request),
            "title": ticket.subject,
            "ticket": ticket,
            "said": said[:200],
            "events": ShopEvent.objects.timeline(ticket.shop, "ticket", ticket.code),
            "about": self._about(ticket),
            "about_url": subjects.staff_url(request.user, ticket.about_kind, ticket.about_code),
            "draft": request.session.pop("support_draft", ""),
        }
        return render(request, "admin/support/ticket.html", context)

    def _about(self, ticket: Ticket) -> list[ShopEvent]:
        """What happened to the thing the ticket is about, so that nobody must ask back."""
        if not ticket.about_code:
            return []
        return list(ShopEvent.objects.timeline(ticket.shop, ticket.about_kind, ticket.about_code))

    def _deed(self, request: HttpRequest, ticket: Ticket) -> HttpResponse:
        wish, at = request.POST.get("deed", ""), clock.now()
        here = reverse("admin:support_ticket_desk_page", args=[ticket.pk])
        try:
            if wish == "claim":
                desk.claim(ticket=ticket, by=request.user, at=at)
            elif wish == "release":
                desk.release(ticket=ticket, by=request.user, at=at)
            elif wish in ("answer", "solve"):
                body = request.POST.get("body", "")
                desk.answer(ticket=ticket, body=body, by=request.user, at=at, solves=wish == "solve")
                messages.success(request, _("Your answer was sent."))
                return redirect("admin:support_ticket_desk")
        except DomainError as error:
            request.session["support_draft"] = request.POST.get("body", "")
            messages.error(request, error.message)
        return redirect(here)


def _stars() -> list[tuple[int, str]]:
    return [(number, ngettext("%(n)d star", "%(n)d stars", number) % {"n": number}) for number in reviewing.STARS]


@admin.register(Review)
class ReviewAdmin(DeskAdmin):
    """Reviews; moderation hides with a reason that the shop reads."""

    titles = {"hidden_reason": gettext_lazy("Hidden because"), "body": gettext_lazy("Words of the buyer")}
    list_display = ("code", "words", "stars", "author", "shop", "at", "status", "hidden_reason")
    list_filter = ("status", ("stars", among(_stars)))
    search_fields = ("code", "shop__code", "body")
    ordering = ("-at", "-id")
    actions = ("hide_for_abuse", "hide_for_privacy", "put_back")

    @admin.display(description=gettext_lazy("Words of the buyer"))
    def words(self, row: Review) -> str:
        """What is judged here, as far as a line goes."""
        return first_words(row.body, MOST_SAID) or NOTHING

    @admin.action(description=_("Hide: abusive language"), permissions=["change"])
    def hide_for_abuse(self, request: HttpRequest, queryset) -> None:
        self._each(
            request,
            queryset,
            lambda row: reviewing.hide(review=row, reason=_("Abusive language"), by=request.user, at=clock.now()),
        )

    @admin.action(description=_("Hide: names a person"), permissions=["change"])
    def hide_for_privacy(self, request: HttpRequest, queryset) -> None:
        self._each(
            request,
            queryset,
            lambda row: reviewing.hide(
                review=row, reason=_("Names a person or shows private data"), by=request.user, at=clock.now()
            ),
        )

    @admin.action(description=_("Put back"), permissions=["change"])
    def put_back(self, request: HttpRequest, queryset) -> None:
        self._each(request, queryset, lambda row: reviewing.show(review=row, by=request.user, at=clock.now()))

    def _each(self, request: HttpRequest, queryset, verb) -> None:
        """Each row by itself; a refusal is named with its row and stops nothing else."""
        done = 0
        for review in queryset.select_related("shop").order_by("pk"):
            try:
                verb(review)
                done += 1
            except DomainError as error:
                messages.error(request, f"{review.code}: {error.message}")
        if done:
            sentence = ngettext("%(done)d review changed.", "%(done)d reviews changed.", done) % {"done": done}
            messages.success(request, sentence)

    def record_title(self, row: Any) -> str:
        return _("%(stars)s for %(product)s") % {"stars": counted(row.stars, "stars"), "product": row.product}
