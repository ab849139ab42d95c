"""The policy in the admin: read a version, compare two, schedule a new one after a preview."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops import policy_book, policy_text
from shops.admin.read_only import ReadOnlyAdmin
from shops.models import Market, PolicyVersion
from shops.policy import PolicyError, difference, overlay, parse, shipped_document


class ScheduleForm(forms.Form):
    """A new version."""

    market = forms.ModelChoiceField(Market.objects.order_by("code"), label=gettext_lazy("Market"))
    effective_from = forms.DateTimeField(label=gettext_lazy("Takes effect (UTC)"), input_formats=["%Y-%m-%d %H:%M"])
    note = forms.CharField(label=gettext_lazy("What changes, and why"), max_length=200)
    text = forms.CharField(
        label=gettext_lazy("Document (TOML or JSON)"),
        widget=forms.Textarea(attrs={"rows": 30, "cols": 100, "spellcheck": "false"}),
        help_text=gettext_lazy("Keys that are left out take the shipped default; unknown keys are refused."),
    )

    def clean_text(self) -> str:
        text = self.cleaned_data["text"]
        try:
            self.document = policy_text.read(text)
        except PolicyError as error:
            raise forms.ValidationError(str(error)) from error
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("market") and "text" in cleaned:
            try:
                parse(self.document, market=cleaned["market"].pk)
            except PolicyError as error:
                self.add_error("text", str(error))
        return cleaned


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    """Versions of the policy by market and moment. None is ever changed; a correction is a later one."""

    list_display = ("market", "effective_from", "note", "written_by", "written_at")
    list_filter = ("market",)
    ordering = ("-effective_from", "-id")
    list_select_related = ("market", "written_by")
    change_list_template = "admin/shops/policyversion/list.html"

    def get_urls(self):
        guard = self.admin_site.admin_view
        return [
            path("schedule/", guard(self.schedule), name="shops_policyversion_schedule"),
            path("compare/", guard(self.compare), name="shops_policyversion_compare"),
            path("<int:pk>/document/", guard(self.document), name="shops_policyversion_document"),
            *super().get_urls(),
        ]

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None):
        return (
            redirect("admin:shops_policyversion_document", pk=int(object_id)) if object_id.isdigit() else self._gone()
        )

    def _gone(self):
        return redirect("admin:shops_policyversion_changelist")

    def changelist_view(self, request: HttpRequest, extra_context=None):
        may_add = request.user.has_perm("shops.add_policyversion")
        return super().changelist_view(request, {**(extra_context or {}), "may_add": may_add})

    def document(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One version, whole, beside what it changed of the version before."""
        self._may_view(request)
        row = get_object_or_404(PolicyVersion.objects.select_related("market", "written_by"), pk=pk)
        before = self._before(row)
        context = {
            **self.admin_site.each_context(request),
            "title": str(row),
            "version": row,
            "before": before,
            "lines": difference(_whole(before), _whole(row)) if before else [],
            "text": policy_text.write(_whole(row)),
            "holds": policy_book.policy_for(row.market_id, clock.now()).version_id == row.pk,
        }
        return render(request, "admin/shops/policyversion/document.html", context)

    def compare(self, request: HttpRequest) -> HttpResponse:
        """Two versions, key by key."""
        self._may_view(request)
        versions = list(
            PolicyVersion.objects.select_related("market").order_by("market_id", "-effective_from", "-id")[:200]
        )
        by_key = {str(row.pk): row for row in versions}
        old, new = by_key.get(request.GET.get("old", "")), by_key.get(request.GET.get("new", ""))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Compare two versions"),
            "versions": versions,
            "old": old,
            "new": new,
            "lines": difference(_whole(old), _whole(new)) if old and new else [],
        }
        return render(request, "admin/shops/policyversion/compare.html", context)

    def schedule(self, request: HttpRequest) -> HttpResponse:
        """Write a new version: first a preview of what it changes, then the button that puts it on the calendar."""
        if not request.user.has_perm("shops.add_policyversion"):
            raise PermissionDenied(_("Your group may not change the policy."))
        form = ScheduleForm(request.POST or None, initial=self._initial(request))
        lines, previewed = [], False
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            current = policy_book.policy_for(given["market"].pk, given["effective_from"])
            lines = difference(
                _document_of(current, given["market"].pk), _whole_document(form.document, given["market"].pk)
            )
            previewed = True
            if "schedule" in request.POST and self._scheduled(request, form):
                return redirect("admin:shops_policyversion_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Schedule a new version"),
            "form": form,
            "lines": lines,
            "previewed": previewed,
        }
        return render(request, "admin/shops/policyversion/schedule.html", context, status=422 if form.errors else 200)

    def _scheduled(self, request: HttpRequest, form: ScheduleForm) -> bool:
        given = form.cleaned_data
        try:
            row = policy_book.schedule(
                market=given["market"].pk,
                document=form.document,
                effective_from=given["effective_from"],
                note=given["note"],
                by=request.user,
                at=clock.now(),
            )
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
            return False
        messages.success(request, _("“%(version)s” is on the calendar.") % {"version": row})
        return True

    def _initial(self, request: HttpRequest) -> dict[str, Any]:
        market = (
            Market.objects.filter(pk=request.GET.get("market", "US")).first() or Market.objects.order_by("code").first()
        )
        at = clock.now()
        tomorrow = (at + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        current = policy_book.policy_for(market.pk, at)
        return {
            "market": market,
            "effective_from": tomorrow.strftime("%Y-%m-%d %H:%M"),
            "text": policy_text.write(_document_of(current, market.pk)),
        }

    def _before(self, row: PolicyVersion) -> PolicyVersion | None:
        rows = PolicyVersion.objects.filter(market_id=row.market_id, effective_from__lt=row.effective_from)
        return rows.order_by("-effective_from", "-id").first()

    def _may_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied(_("Your group may not read the policy."))


def _whole(row: PolicyVersion) -> dict[str, Any]:
    return _whole_document(row.document, row.market_id)


def _whole_document(document: dict[str, Any], market: str) -> dict[str, Any]:
    """The document with the shipped value for every key that it leaves out."""
    return overlay(shipped_document(market), document)


def _document_of(policy, market: str) -> dict[str, Any]:
    """The whole document behind a parsed policy."""
    if policy.version_id is None:
        return shipped_document(market)
    return _whole(PolicyVersion.objects.get(pk=policy.version_id))
