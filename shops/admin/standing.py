"""The standing desk: cases and appeals by their due time, opening a case, and the deeds of one case."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seller_center.kernel import clock
from seller_center.kernel.deeds import explain
from seller_center.kernel.errors import DomainError
from seller_center.kernel.text import counted
from shops import appeals, enforcement, restrictions, subjects
from shops.admin.filters import among
from shops.admin.read_only import WORDS, ReadOnlyAdmin
from shops.forms.standing import CaseForm
from shops.models import AgreementAcceptance, Appeal, Restriction, Shop, ShopEvent, TierReview, Violation
from shops.policy_book import policy_for
from shops.waiting import count_up_to, desk_numbers

SHOWN = 200

WORDS["shops.Violation", "kind"] = lambda kind: enforcement.KINDS.get(kind, kind)


@admin.register(Violation)
class ViolationAdmin(ReadOnlyAdmin):
    """Cases; what waits for somebody stands at ``desk/``."""

    page_url_name = "admin:shops_violation_desk_page"
    desk_title, desk_url_name = gettext_lazy("Appeals and cases"), "admin:shops_violation_desk"

    titles = {"fraud_related": gettext_lazy("Fraud")}
    list_display = ("code", "shop", "kind", "status", "points", "opened_at", "takes_effect_at", "lapses_at")
    list_filter = ("status", ("kind", among(lambda: enforcement.KINDS.items())), "fraud_related")
    search_fields = ("=code", "=shop__code", "=evidence_code")
    ordering = ("-id",)
    list_select_related = ("shop",)

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        """The right to open cases and to decide about them; fields are never changed here."""
        return request.user.has_perm("shops.change_violation")

    def get_readonly_fields(self, request: HttpRequest, obj=None):
        return [field.name for field in self.model._meta.fields]

    def get_urls(self):
        guard = self.admin_site.admin_view
        return [
            path("desk/", guard(self.queue), name="shops_violation_desk"),
            path("desk/new/", guard(self.opening), name="shops_violation_new"),
            path("desk/<int:pk>/", guard(self.page), name="shops_violation_desk_page"),
            *super().get_urls(),
        ]

    def record_title(self, row: Any) -> str:
        return f"{row.code}: {_name(row)}, {counted(row.points, 'points')}"

    def desk(self, request: HttpRequest) -> dict[str, Any]:
        """This desk on the first page of the admin."""
        found = desk_numbers(Appeal.objects.waiting(), "decide_by", clock.now(), mine={"claimed_by": request.user})
        found["waiting"] += count_up_to(Violation.objects.to_confirm())
        found["waiting"] += count_up_to(Violation.objects.said_to_be_corrected())
        return {"title": self.desk_title, "url": reverse(self.desk_url_name), "icon": "scale", **found}

    def queue(self, request: HttpRequest) -> HttpResponse:
        """Appeals to decide, corrections to look at, cases that wait for a second person; soonest first."""
        self._may_sit(request)
        people = ("shop", "claimed_by", "violation")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Appeals and cases"),
            "appeals": [
                (row, _name(row.violation)) for row in Appeal.objects.waiting().select_related(*people)[:SHOWN]
            ],
            "corrections": [
                (row, _name(row)) for row in Violation.objects.said_to_be_corrected().select_related("shop")[:SHOWN]
            ],
            "to_confirm": [
                (row, _name(row)) for row in Violation.objects.to_confirm().select_related("shop", "opened_by")[:SHOWN]
            ],
            "pending": [
                (row, _name(row))
                for row in Violation.objects.filter(status="pending")
                .select_related("shop", "opened_by")
                .order_by("takes_effect_at", "id")[:SHOWN]
            ],
            "at": clock.now(),
        }
        return render(request, "admin/shops/violation/desk.html", context)

    def opening(self, request: HttpRequest) -> HttpResponse:
        """Open a case: rule, points, evidence, reason."""
        self._may_sit(request)
        at = clock.now()
        code = (request.POST.get("shop") or request.GET.get("shop") or "").strip().upper()
        shop = None if "\x00" in code else Shop.objects.filter(code=code[:4], is_platform=False).first()
        rules = policy_for(shop if shop is not None else "US", at).violations
        form = CaseForm(request.POST or None, rules=rules, initial={**request.GET.dict(), "shop": code})
        if request.method == "POST" and form.is_valid():
            case = self._open(request, shop, form, at)
            if case is not None:
                messages.success(request, _("The case is open; the seller is told."))
                return redirect("admin:shops_violation_desk_page", pk=case.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Open a case"),
            "form": form,
            "rules": [(enforcement.KINDS.get(name, name), kind) for name, kind in rules.kinds.items()],
            "pending_days": rules.pending_days,
        }
        return render(request, "admin/shops/violation/new.html", context, status=422 if form.errors else 200)

    def _open(self, request: HttpRequest, shop: Shop | None, form: CaseForm, at) -> Violation | None:
        if shop is None:
            form.add_error("shop", _("There is no shop with this code."))
            return None
        try:
            return enforcement.open_case(shop=shop, charge=form.charge(), by=request.user, at=at)
        except DomainError as error:
            explain(form, error)
            return None

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One case with its evidence, its appeals, what happened, and the deeds that its state allows."""
        self._may_sit(request)
        rows = Violation.objects.select_related("shop", "opened_by", "confirmed_by", "ended_by")
        case = get_object_or_404(rows, pk=pk)
        status = 200
        if request.method == "POST":
            if self._deed(request, case):
                return redirect("admin:shops_violation_desk_page", pk=pk)
            case, status = rows.get(pk=pk), 409
        return render(request, "admin/shops/violation/page.html", self._context(request, case), status=status)

    def _may_sit(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied(_("Your group does not decide about cases."))

    def _context(self, request: HttpRequest, case: Violation) -> dict[str, Any]:
        at = clock.now()
        made = list(
            Appeal.objects.in_shop(case.shop)
            .filter(violation=case)
            .select_related("filed_by", "claimed_by", "decided_by")
            .order_by("number", "id")
        )
        waiting = next((one for one in made if one.status == Appeal.Status.PENDING), None)
        return {
            **self.admin_site.each_context(request),
            "title": f"{case.code} · {_name(case)}",
            "case": case,
            "evidence": enforcement.EVIDENCE.get(case.evidence_kind, case.evidence_kind),
            "evidence_url": subjects.staff_url(request.user, case.evidence_kind, case.evidence_code),
            "about": ShopEvent.objects.timeline(case.shop, case.evidence_kind, case.evidence_code, most=50),
            "appeals": made,
            "waiting": waiting,
            "mine": waiting is not None and waiting.claimed_by_id == request.user.pk,
            "may_confirm": case.status == "pending"
            and case.needs_second_person
            and case.confirmed_by_id is None
            and case.opened_by_id != request.user.pk,
            "points": restrictions.points_of(case.shop, at),
            "restrictions": Restriction.objects.in_shop(case.shop).filter(violation=case).order_by("-id"),
            "events": ShopEvent.objects.timeline(case.shop, "violation", case.code),
            "typed": request.POST,
            "at": at,
        }

    def _deed(self, request: HttpRequest, case: Violation) -> bool:
        """Do what the button says; the refusal stands among the messages."""
        common: dict[str, Any] = {"by": request.user, "at": clock.now()}
        reason = request.POST.get("reason", "")
        appeal = Appeal.objects.in_shop(case.shop).filter(violation=case, status="pending").first()
        deeds = {
            "confirm": lambda: enforcement.confirm(case=case, **common),
            "withdraw": lambda: enforcement.withdraw(case=case, reason=reason, **common),
            "accept": lambda: enforcement.accept_correction(case=case, reason=reason, **common),
        }
        if appeal is not None:
            deeds |= {
                "claim": lambda: appeals.claim(appeal=appeal, **common),
                "release": lambda: appeals.release(appeal=appeal, **common),
                "uphold": lambda: appeals.uphold(appeal=appeal, reason=reason, **common),
                "overturn": lambda: appeals.overturn(appeal=appeal, reason=reason, **common),
            }
        deed = deeds.get(request.POST.get("deed", ""))
        if deed is None:
            messages.error(request, _("This is no longer to be decided."))
            return False
        try:
            deed()
        except DomainError as error:
            messages.error(request, str(error))
            return False
        messages.success(request, _("Done."))
        return True


def _name(case: Violation) -> str:
    return str(enforcement.KINDS.get(case.kind, case.kind))


@admin.register(Appeal)
class AppealAdmin(ReadOnlyAdmin):
    """Appeals of all shops, to read; they are decided on the page of their case."""

    titles = {"decide_by": gettext_lazy("To decide by")}
    list_display = ("violation", "shop", "number", "status", "filed_at", "decide_by", "claimed_by", "decided_by")
    list_filter = ("status",)
    search_fields = ("=violation__code", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop", "violation", "claimed_by", "decided_by")

    def record_title(self, row: Any) -> str:
        return _("Appeal %(number)d in case %(case)s") % {"number": row.number, "case": row.violation.code}

    def page_of(self, row: Any) -> str:
        return reverse("admin:shops_violation_desk_page", args=[row.violation_id])

    def may_open_page(self, request: HttpRequest) -> bool:
        return request.user.has_perm("shops.change_violation")


@admin.register(Restriction)
class RestrictionAdmin(ReadOnlyAdmin):
    """What shops may not do."""

    list_display = ("shop", "kind", "violation", "starts_at", "ends_at", "lifted_at")
    list_filter = ("kind",)
    search_fields = ("=shop__code", "=violation__code")
    ordering = ("-id",)
    list_select_related = ("shop", "violation")


@admin.register(TierReview)
class TierReviewAdmin(ReadOnlyAdmin):
    """The nightly looks at tiers."""

    list_display = ("day", "shop", "tier_before", "tier", "reviewed_at")
    list_filter = (("tier", among(lambda: Shop.Tier.choices)),)
    search_fields = ("=shop__code",)
    ordering = ("-id",)
    list_select_related = ("shop",)


@admin.register(AgreementAcceptance)
class AgreementAcceptanceAdmin(ReadOnlyAdmin):
    """Who acknowledged which version of the agreement."""

    titles = {"address": gettext_lazy("Network address")}
    list_display = ("at", "shop", "user", "version", "address")
    search_fields = ("=shop__code", "=user__email")
    ordering = ("-id",)
    list_select_related = ("shop", "user")
