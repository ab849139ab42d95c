"""Settlement terms: decided for one shop, with a reason that the seller reads."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payouts import terms
from payouts.models import SettlementTerms
from seller_center.kernel import clock
from seller_center.kernel.deeds import explain
from seller_center.kernel.errors import DomainError
from shops.admin.filters import among, every_policy
from shops.admin.read_only import ReadOnlyAdmin
from shops.models import Shop
from shops.second_factor import ask_for_fresh_factor


class TermsForm(forms.Form):
    """What staff decide about a shop's settlement."""

    shop = forms.CharField(label=gettext_lazy("Shop code"), max_length=4)
    introductory = forms.BooleanField(label=gettext_lazy("Introductory waiting time"), required=False)
    reserve_level = forms.IntegerField(label=gettext_lazy("Reserve level (0: none)"), min_value=0, initial=0)
    reserve_until = forms.SplitDateTimeField(
        label=gettext_lazy("Reserve held until (UTC)"),
        required=False,
        widget=forms.SplitDateTimeWidget(
            date_attrs={"type": "date", "aria-label": gettext_lazy("Reserve held until: day (UTC)")},
            time_attrs={"type": "time", "aria-label": gettext_lazy("Reserve held until: time (UTC)")},
        ),
    )
    reason = forms.CharField(label=gettext_lazy("Reason, as the seller reads it"), max_length=200)

    def clean_shop(self) -> Shop:
        shop = Shop.objects.filter(code=self.cleaned_data["shop"].strip().upper(), is_platform=False).first()
        if shop is None:
            raise forms.ValidationError(_("There is no shop with this code."))
        return shop


def _reserve_levels() -> list[tuple[int, str]]:
    most = max((len(policy.payouts.reserve_bp) for policy in every_policy()), default=1)
    return [(0, _("No reserve")), *((level, _("Level %(level)d") % {"level": level}) for level in range(1, most))]


@admin.register(SettlementTerms)
class SettlementTermsAdmin(ReadOnlyAdmin):
    """Decisions about settlement; a new one replaces the standing one and keeps it."""

    titles = {"introductory": gettext_lazy("Introductory waiting time")}
    list_display = (
        "shop",
        "introductory",
        "reserve_level",
        "reserve_until",
        "reason",
        "decided_by",
        "decided_at",
        "ended_at",
    )
    list_filter = ("introductory", ("reserve_level", among(_reserve_levels)))
    search_fields = ("=shop__code",)
    ordering = ("-id",)
    list_select_related = ("shop", "decided_by")
    change_list_template = "admin/payouts/terms_list.html"

    def get_urls(self):
        guard = self.admin_site.admin_view
        return [path("decision/", guard(self.decision), name="payouts_settlementterms_decision"), *super().get_urls()]

    def decision(self, request: HttpRequest) -> HttpResponse:
        """Decide on a shop's terms."""
        if not request.user.has_perm("payouts.change_settlementterms"):
            raise PermissionDenied(_("Your group does not decide on settlement."))
        form = TermsForm(request.POST or None)
        if request.method == "POST":
            if (asked := ask_for_fresh_factor(request)) is not None:
                return asked
            if form.is_valid() and self._decide(request, form):
                return redirect("admin:payouts_settlementterms_changelist")
        context = {**self.admin_site.each_context(request), "title": _("Decide on settlement terms"), "form": form}
        return render(request, "admin/payouts/terms.html", context, status=422 if form.is_bound else 200)

    def _decide(self, request: HttpRequest, form: TermsForm) -> bool:
        try:
            terms.decide(**form.cleaned_data, by=request.user, at=clock.now())
        except DomainError as error:
            explain(form, error)
            return False
        messages.success(request, _("Decided; the seller is told."))
        return True

    def record_title(self, row: Any) -> str:
        return f"{row.shop}: {row.reason}"
