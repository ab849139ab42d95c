"""The release desk: batches by their due time, their numbers and file, and the two people's buttons."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payouts import bank_file, reconciliation, releasing
from payouts.drafting import platform_shop
from payouts.models import Account, Payout, PayoutBatch
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops.admin.read_only import ReadOnlyAdmin
from shops.models import ShopEvent
from shops.second_factor import ask_for_fresh_factor
from shops.waiting import desk_numbers

SHOWN = 200
#: The payouts that a line about many names.
NAMED = 5


@admin.register(PayoutBatch)
class PayoutBatchAdmin(ReadOnlyAdmin):
    """Batches. What waits for a release stands at ``desk/``, sorted by its due time."""

    page_url_name = "admin:payouts_payoutbatch_page"
    desk_title, desk_url_name = gettext_lazy("Payouts to release"), "admin:payouts_payoutbatch_desk"

    titles = {"pays_on": gettext_lazy("Payday"), "payout_count": gettext_lazy("Payouts")}
    list_display = (
        "code",
        "status",
        "pays_on",
        "payout_count",
        "total_minor",
        "currency",
        "approved_by",
        "released_by",
    )
    list_filter = ("status", "market")
    ordering = ("-pays_on", "-run_no", "-id")
    list_select_related = ("market", "approved_by", "released_by")

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        """The right to sit at the desk; fields are never changed here."""
        return request.user.has_perm("payouts.change_payoutbatch")

    def get_readonly_fields(self, request: HttpRequest, obj=None):
        return [field.name for field in self.model._meta.fields]

    def get_urls(self):
        guard = self.admin_site.admin_view
        return [
            path("desk/", guard(self.queue), name="payouts_payoutbatch_desk"),
            path("desk/<int:pk>/", guard(self.page), name="payouts_payoutbatch_page"),
            path("desk/<int:pk>/file/", guard(self.file), name="payouts_payoutbatch_file"),
            *super().get_urls(),
        ]

    def desk(self, request: HttpRequest) -> dict[str, Any]:
        """This desk on the first page of the admin."""
        found = desk_numbers(PayoutBatch.objects.to_release(), "release_by", clock.now())
        return {"title": self.desk_title, "url": reverse(self.desk_url_name), "icon": "building-bank", **found}

    def queue(self, request: HttpRequest) -> HttpResponse:
        """What waits for a release, what is on its way, what is not clear, and the newest that are done."""
        self._may_sit(request)
        batches = PayoutBatch.objects.select_related("market", "approved_by", "released_by")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Payouts to release"),
            "to_release": batches.to_release()[:SHOWN],
            "on_the_way": batches.on_the_way()[:SHOWN],
            "done": batches.filter(status="reconciled").newest_first()[:10],
            "unclear": Payout.objects.filter(status="unknown").select_related("shop", "batch").order_by("id")[:SHOWN],
            "held": Payout.objects.filter(status="held").select_related("shop").order_by("id")[:SHOWN],
        }
        return render(request, "admin/payouts/desk.html", context)

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One batch: numbers, payouts, file, what happened, and the deeds that its state allows."""
        self._may_sit(request)
        batch = get_object_or_404(PayoutBatch.objects.select_related("market", "approved_by", "released_by"), pk=pk)
        status = 200
        if request.method == "POST":
            if (asked := ask_for_fresh_factor(request)) is not None:
                return asked
            if self._deed(request, batch):
                return redirect("admin:payouts_payoutbatch_page", pk=pk)
            batch.refresh_from_db()
            status = 409
        return render(request, "admin/payouts/batch.html", self._context(request, batch), status=status)

    def file(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The bank file. It holds account numbers: a fresh second factor, and a row about who took it."""
        self._may_sit(request)
        if (asked := ask_for_fresh_factor(request)) is not None:
            return asked
        batch = get_object_or_404(PayoutBatch.objects.select_related("market"), pk=pk)
        try:
            content = releasing.take_file(batch=batch, by=request.user, at=clock.now())
        except DomainError as error:
            messages.error(request, str(error))
            return redirect("admin:payouts_payoutbatch_page", pk=pk)
        answer = HttpResponse(content, content_type="application/octet-stream")
        answer["Content-Disposition"] = f'attachment; filename="{bank_file.name_of(batch)}"'
        answer["Cache-Control"] = "private, no-store"
        answer["X-Content-Type-Options"] = "nosniff"
        return answer

    def _may_sit(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied(_("Your group does not release payouts."))

    def _context(self, request: HttpRequest, batch: PayoutBatch) -> dict[str, Any]:
        rows = Payout.objects.filter(batch=batch).select_related("shop", "bank_account").order_by("-amount_minor", "pk")
        shops = Payout.objects.filter(batch=batch).values("shop")
        in_flight = Account.objects.filter(kind="in_flight", shop__in=shops).aggregate(total=Sum("balance_minor"))
        return {
            **self.admin_site.each_context(request),
            "title": batch.code,
            "batch": batch,
            "payouts": rows[:SHOWN],
            "most": SHOWN,
            "sum_minor": Payout.objects.filter(batch=batch).aggregate(total=Sum("amount_minor"))["total"] or 0,
            "in_flight_minor": in_flight["total"] or 0,
            "differences": _by_reason(reconciliation.differences(batch)) if batch.status == "sent" else [],
            "mine": batch.approved_by_id == request.user.pk,
            "has_file": batch.currency in bank_file.CURRENCIES and batch.status not in ("drafted", "approved_once"),
            "events": ShopEvent.objects.timeline(platform_shop(batch.market), "payout_batch", batch.code),
            "typed": request.POST,
        }

    def _deed(self, request: HttpRequest, batch: PayoutBatch) -> bool:
        """Do what the button says; the refusal stands among the messages."""
        common = {"by": request.user, "at": clock.now()}
        deeds = {
            "approve": lambda: releasing.approve(batch=batch, **common),
            "release": lambda: releasing.release(batch=batch, **common),
            "hold": lambda: releasing.hold(
                payout=_payout_of(batch, request), reason=request.POST.get("reason", ""), **common
            ),
        }
        deed = deeds.get(request.POST.get("deed", ""))
        if deed is None:
            return True
        try:
            deed()
        except DomainError as error:
            messages.error(request, str(error))
            return False
        messages.success(request, _("Done."))
        return True


def _payout_of(batch: PayoutBatch, request: HttpRequest) -> Payout:
    number = request.POST.get("payout", "")
    pk = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0
    return get_object_or_404(Payout.objects.filter(batch=batch).select_related("shop", "batch"), pk=pk)


def _by_reason(differences: list[tuple[Payout, str]]) -> list[dict[str, Any]]:
    """What does not agree yet, a line for each reason with the first payouts it holds for: all wait at first."""
    found: dict[str, list[str]] = {}
    for payout, why in differences:
        found.setdefault(why, []).append(payout.code)
    return [
        {"why": why, "count": len(codes), "named": ", ".join(codes[:NAMED]), "more": max(0, len(codes) - NAMED)}
        for why, codes in found.items()
    ]


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    """Payouts of all shops. A held one is put back on its page."""

    titles = {"return_code": gettext_lazy("Bank's reason"), "hold": gettext_lazy("Held because of")}
    list_display = ("code", "shop", "status", "period_on", "amount_minor", "currency", "batch", "return_code")
    list_filter = ("status", "hold")
    search_fields = ("=code", "=shop__code", "=bank_reference")
    ordering = ("-id",)
    list_select_related = ("shop", "batch__market")
    exclude = ("lease_owner",)

    def get_urls(self):
        guard = self.admin_site.admin_view
        return [path("<int:pk>/return/", guard(self.put_back), name="payouts_payout_put_back"), *super().get_urls()]

    def put_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let a held payout go with the next batch."""
        if not request.user.has_perm("payouts.change_payout") or request.method != "POST":
            raise PermissionDenied(_("Your group does not release payouts."))
        if (asked := ask_for_fresh_factor(request)) is not None:
            return asked
        payout = get_object_or_404(Payout.objects.select_related("shop"), pk=pk)
        try:
            releasing.put_back(payout=payout, by=request.user, at=clock.now())
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("It goes with the next batch."))
        return redirect("admin:payouts_payoutbatch_desk")
