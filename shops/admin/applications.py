"""The review desk: the queue of applications, and one application beside its papers."""

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops import review_queue
from shops.admin.read_only import ReadOnlyAdmin
from shops.application_steps import STEPS, papers_of, steps
from shops.models import Application, DocumentPage, ShopEvent, Submission, TradeClass
from shops.onboarding import facts_of, today
from shops.policy_book import policy_for
from shops.review_reasons import CHANGES, REFUSALS
from shops.waiting import desk_numbers

#: Within this time of its due moment an application is marked.
SOON = dt.timedelta(hours=12)
SHOWN = 200


@admin.register(Application)
class ApplicationAdmin(ReadOnlyAdmin):
    """Applications; the queue of those that wait stands at ``desk/``, sorted by what we promised."""

    page_url_name = "admin:shops_application_desk_page"
    desk_title, desk_url_name = gettext_lazy("Applications to review"), "admin:shops_application_desk"

    list_display = ("code", "shop", "person", "business_type", "status", "submitted_at", "review_due_at", "claimed_by")
    list_filter = ("status", "business_type")
    search_fields = ("=code", "=shop__code", "family_name", "applicant__email")
    ordering = ("-id",)
    list_select_related = ("shop", "claimed_by")
    exclude = ("seal", "tax_id", "tax_id_index", "phone_index")

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        """The right to sit at the desk; fields are never changed here."""
        return request.user.has_perm("shops.change_application")

    def get_readonly_fields(self, request: HttpRequest, obj=None):
        return [field.name for field in self.model._meta.fields if field.name not in self.exclude]

    def get_urls(self):
        guard = self.admin_site.admin_view
        return [
            path("desk/", guard(self.queue), name="shops_application_desk"),
            path("desk/<int:pk>/", guard(self.page), name="shops_application_desk_page"),
            *super().get_urls(),
        ]

    def desk(self, request: HttpRequest) -> dict[str, Any]:
        """This desk on the first page of the admin."""
        found = desk_numbers(
            Application.objects.in_queue(), "review_due_at", clock.now(), mine={"claimed_by": request.user}
        )
        return {"title": self.desk_title, "url": reverse(self.desk_url_name), "icon": "clipboard-check", **found}

    def queue(self, request: HttpRequest) -> HttpResponse:
        """What waits, whose promise ends first on top."""
        self._may_sit(request)
        at = clock.now()
        rows = Application.objects.in_queue().select_related("shop", "claimed_by", "applicant")[:SHOWN]
        week = Application.objects.filter(decided_at__gte=at - dt.timedelta(days=7)).order_by()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Applications to review"),
            "rows": [{"row": row, "tone": _tone(row, at)} for row in rows],
            "decided": week.aggregate(
                approved=Count("pk", filter=Q(status="approved")),
                refused=Count("pk", filter=Q(status="refused")),
                changes=Count("pk", filter=Q(status="changes_requested")),
            ),
            "counts": self.desk(request),
            "at": at,
        }
        return render(request, "admin/shops/application/desk.html", context)

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One application: its data beside its papers, hints, what changed, and the decision."""
        self._may_sit(request)
        rows = Application.objects.select_related("shop", "applicant", "claimed_by", "decided_by")
        row: Application = get_object_or_404(rows, pk=pk)
        status = 200
        if request.method == "POST":
            answer = self._deed(request, row)
            if answer is not None:
                return answer
            row, status = rows.get(pk=pk), 409
        return render(request, "admin/shops/application/page.html", self._context(request, row), status=status)

    def _may_sit(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied(_("Your group does not review applications."))

    def _context(self, request: HttpRequest, row: Application) -> dict[str, Any]:
        at = clock.now()
        papers = papers_of(row)
        pages: dict[int, list] = {}
        for page in (
            DocumentPage.objects.in_shop(row.shop)
            .filter(document__in=[paper.pk for paper in papers.documents.values()])
            .select_related("file")
            .order_by("document_id", "number")
        ):
            pages.setdefault(page.document_id, []).append(page)
        documents = [{"document": one, "pages": pages.get(one.pk, [])} for one in papers.documents.values()]
        found = steps(row, papers, policy_for(row.shop, at), today(row.shop, at))
        return {
            **self.admin_site.each_context(request),
            "title": str(row),
            "application": row,
            "facts": _facts(row),
            "documents": documents,
            "hints": review_queue.hints(row),
            "differences": review_queue.differences(row),
            "problems": [step for step in found if not step.done],
            "questions": _questions(documents),
            "refusals": [{"code": code, "text": text} for code, text in REFUSALS.items()],
            "mine": row.status == Application.Status.IN_REVIEW and row.claimed_by_id == request.user.pk,
            "events": ShopEvent.objects.timeline(row.shop, "application", row.code),
            "submissions": Submission.objects.filter(shop=row.shop, application=row).order_by("-number"),
            "waits": row.status in (Application.Status.SUBMITTED, Application.Status.IN_REVIEW),
            "typed": request.POST,
            "at": at,
        }

    def _deed(self, request: HttpRequest, row: Application) -> HttpResponse | None:
        """Do what the button says; None where it was refused, with the sentence among the messages."""
        wish = request.POST.get("deed", "")
        common: dict[str, Any] = {"application": row, "by": request.user, "at": clock.now()}
        here = redirect("admin:shops_application_desk_page", pk=row.pk)
        queue = redirect("admin:shops_application_desk")
        try:
            if wish == "claim":
                review_queue.claim(**common)
                return here
            if wish == "release":
                review_queue.release(**common)
                return queue
            if wish == "approve":
                review_queue.approve(**common)
                messages.success(request, _("“%(shop)s” is open; the applicant is told.") % {"shop": row.shop})
            elif wish == "changes":
                review_queue.ask_for_changes(changes=_changes(request), text=request.POST.get("note", ""), **common)
                messages.success(request, _("The applicant is asked for changes."))
            elif wish == "refuse":
                code = request.POST.get("code", "")
                text = request.POST.get("text", "").strip() or str(REFUSALS.get(code, ""))
                review_queue.refuse(code=code, text=text, **common)
                messages.success(request, _("The application is refused; the applicant is told why."))
        except DomainError as error:
            messages.error(request, str(error))
            return None
        return queue


def _tone(row: Application, at: dt.datetime) -> str:
    """``late`` after the promised moment, ``soon`` shortly before it."""
    if row.review_due_at is None or row.ended:
        return ""
    if row.review_due_at <= at:
        return "late"
    return "soon" if row.review_due_at - at <= SOON else ""


def _facts(row: Application) -> list[tuple[str, str]]:
    facts = facts_of(row)
    sells = TradeClass.objects.filter(code__in=row.trade_classes).order_by("name", "pk").values_list("name", flat=True)
    return [
        (_("Name"), facts["name"]),
        (_("Date of birth"), date_format(row.born_on, "M j, Y") if row.born_on else ""),
        (_("Phone"), facts["phone"]),
        (_("E-mail"), row.applicant.email or "–"),
        (_("Address"), "\n".join(row.address_lines)),
        (_("Tax number"), facts["tax_id"]),
        (_("Shop name"), facts["shop_name"]),
        (_("Sells"), ", ".join(sells)),
        (_("Sold before"), facts["track_record"] or "–"),
        (_("Bank account"), facts["bank_account"]),
        (
            _("Agreement"),
            f"{row.agreement_version}, {date_format(row.agreed_at, 'M j, Y, g:i A')} UTC" if row.agreed_at else "–",
        ),
        (_("Accepted from"), row.agreed_address or "–"),
    ]


def _questions(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What may be asked for: each step, for documents each paper, with the reasons that fit."""
    found = []
    for step, (title, _blocks) in STEPS.items():
        reasons = [{"code": code, "text": text} for code, (of, text) in CHANGES.items() if of in (step, "")]
        if step != "documents":
            found.append({"key": step, "title": title, "reasons": reasons})
            continue
        found += [
            {
                "key": f"documents:{one['document'].code}",
                "title": one["document"].get_kind_display(),
                "reasons": reasons,
            }
            for one in documents
        ]
    return found


def _changes(request: HttpRequest) -> list[review_queue.Change]:
    """The rows of the form in which something was chosen or written."""
    found = []
    for name, code in request.POST.items():
        if not name.startswith("reason-"):
            continue
        key = name.removeprefix("reason-")
        step, _colon, document = key.partition(":")
        text = request.POST.get(f"text-{key}", "").strip() or (str(CHANGES[code][1]) if code in CHANGES else "")
        if text:
            found.append(review_queue.Change(step, text, document))
    return found
