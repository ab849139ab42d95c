"""Imports: upload, the dry run, applying it, and its rows."""

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from catalog import exporting, importing, matching, remarks, sheets
from catalog.forms import CheckAgainForm, ImportForm
from catalog.models import ImportRow, ImportRun
from catalog.models.import_run import Outcome
from catalog.views.product_list import csv_answer
from seller_center.kernel import clock
from seller_center.kernel.deeds import deed_answer, explain, refusal
from seller_center.kernel.errors import DomainError
from seller_center.kernel.money import format_money
from seller_center.kernel.paging import keyset_page
from seller_center.kernel.text import number
from shops import timeline
from shops.access import for_shop
from shops.models import Job

PAGE = "catalog/import_run.html"
#: Names of what a row changes, in the seller's words.
FIELDS = {
    "name": gettext_lazy("Name"),
    "brand": gettext_lazy("Brand"),
    "kind_words": gettext_lazy("Kind"),
    "category_id": gettext_lazy("Category"),
    "description": gettext_lazy("Description"),
    "original_html": gettext_lazy("Description"),
    "code": gettext_lazy("SKU code"),
    "price_minor": gettext_lazy("Price"),
    "compare_at_minor": gettext_lazy("Compare-at price"),
    "cost_minor": gettext_lazy("Cost"),
    "barcode": gettext_lazy("Barcode"),
    "weight_grams": gettext_lazy("Weight (g)"),
    "retired_at": gettext_lazy("Offered again"),
    "on_hand": gettext_lazy("Stock"),
    "picture": gettext_lazy("Picture"),
    "picture_alt": gettext_lazy("Picture description"),
}
#: Fields that our own template has no column for.
OTHER = {
    "kind": gettext_lazy("Category"),
    "html": gettext_lazy("Description"),
    "published": gettext_lazy("On sale"),
    "oversell": gettext_lazy("Checked only"),
    "gift_card": gettext_lazy("Checked only"),
}


@for_shop(area="products", may="edit")
def import_new(request: HttpRequest, shop) -> HttpResponse:
    """Upload a file; it is checked at once and applied only after a look at what it would do."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            run = importing.upload(
                shop=shop,
                content=file.read(importing.MOST_BYTES + 1),
                name=file.name,
                default_category=form.cleaned_data["category"],
                by=request.user,
                at=clock.now(),
            )
        except DomainError as error:
            explain(form, error)
        else:
            return redirect(_url(run))
    context = {"shop": shop, "form": form, "most_megabytes": importing.MOST_BYTES // 1024 // 1024}
    return render(request, "catalog/import_new.html", context, status=422 if form.is_bound else 200)


@require_safe
@for_shop(area="products", may="view")
def import_template(request: HttpRequest, shop) -> StreamingHttpResponse:
    """Our own columns with one row that shows how."""
    return csv_answer(exporting.template(), "products-template.csv")


@require_safe
@for_shop(area="products", may="view")
def import_page(request: HttpRequest, shop, code: str) -> HttpResponse:
    """An import: how far it is, what it would do or did, row by row."""
    return render(request, PAGE, _page(request, shop, _run(shop, code)))


def _page(request: HttpRequest, shop, run: ImportRun, **more: Any) -> dict[str, Any]:
    outcome = request.GET.get("outcome", "")
    counts = run.done or run.planned
    rows = ImportRow.objects.in_shop(shop).filter(run=run)
    if outcome in Outcome.values:
        rows = rows.filter(outcome=outcome)
    page = keyset_page(rows, order=("number", "id"), token=request.GET.get("page", ""))
    place = {"shop": shop.code, "code": run.code}
    job = _job(shop, run)
    return {
        "shop": shop,
        "run": run,
        "job": job,
        "poll_url": reverse("shops:job", kwargs={"shop": shop.code, "code": job.code}) if job else "",
        "cancel_url": reverse("shops:job_cancellation", kwargs={"shop": shop.code, "code": job.code}) if job else "",
        "stats": _stats(counts, reverse("catalog:import", kwargs=place)),
        "counts": counts,
        "fate": remarks.fate_of_new(counts),
        "drafts_url": _drafts_url(shop, run),
        "remarks": remarks.counted_remarks(counts),
        "outcome": outcome if outcome in Outcome.values else "",
        "page": page,
        "rows": [_shown(row, shop) for row in page.rows],
        "tabs": _tabs(reverse("catalog:import", kwargs=place), outcome),
        "has_refused": bool(counts.get(matching.REFUSED)),
        "columns": [
            {"label": column, "value": sheets.COLUMNS[sheets.OWN].get(name, (OTHER.get(name, name),))[0]}
            for name, column in run.mapping.items()
        ],
        "may_edit": request.membership.may("products", "edit"),
        "again_form": CheckAgainForm(initial={"category": getattr(run.default_category, "code", "")}),
        "events": timeline.newest(shop, "import", run.code, 20),
        **more,
    }


def _drafts_url(shop, run: ImportRun) -> str:
    """Where the new products wait for what a file cannot bring; nothing before they are there."""
    made = run.done.get("products_new", 0) - run.done.get("products_live", 0) if run.done else 0
    return reverse("catalog:product_list", kwargs={"shop": shop.code}) + "?status=draft" if made > 0 else ""


def _job(shop, run: ImportRun) -> Job | None:
    """The job that is at work on the run, or that failed to bring it on."""
    busy = {ImportRun.Status.UPLOADED: run.check_job, ImportRun.Status.CHECKING: run.check_job}
    busy[ImportRun.Status.APPLYING] = run.apply_job
    code = busy.get(ImportRun.Status(run.status), "")
    return Job.objects.in_shop(shop).of_code(code).first() if code else None


def _stats(counts: dict[str, int], here: str) -> list[dict]:
    labels = {
        matching.NEW: _("New rows"),
        matching.CHANGED: _("Changed rows"),
        matching.UNCHANGED: _("Unchanged rows"),
        matching.REFUSED: _("Refused rows"),
    }
    with_rows = (matching.CHANGED, matching.REFUSED)
    return [
        {
            "label": label,
            "value": number(counts.get(name, 0)),
            "url": f"{here}?outcome={name}#rows" if name in with_rows and counts.get(name) else "",
        }
        for name, label in labels.items()
    ]


def _tabs(here: str, outcome: str) -> list[dict]:
    names = (("", _("All with remarks")), *Outcome.choices)
    return [
        {"label": label, "url": f"{here}?outcome={name}#rows" if name else f"{here}#rows", "here": name == outcome}
        for name, label in names
    ]


def _shown(row: ImportRow, shop) -> dict[str, Any]:
    """A row with its sentences and its diff in words."""
    return {
        "number": row.number,
        "handle": row.handle,
        "outcome": row.outcome,
        "sentences": remarks.issue_sentences(row.issues, shop.currency),
        "changes": [
            {
                "label": FIELDS.get(name, name),
                "before": _value(name, pair[0], shop.currency),
                "after": _value(name, pair[1], shop.currency),
            }
            for name, pair in row.changes.items()
        ],
    }


def _value(name: str, value: Any, currency: str) -> str:
    if value in (None, ""):
        return "—"
    return format_money(value, currency) if name.endswith("_minor") else str(value)


@require_POST
@for_shop(area="products", may="edit")
def import_application(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Apply what the dry run showed."""
    return _deed(request, shop, code, importing.confirm, _("The import is being applied."))


@require_POST
@for_shop(area="products", may="edit")
def import_discard(request: HttpRequest, shop, code: str) -> HttpResponse:
    """The file is not wanted after all."""
    return _deed(request, shop, code, importing.discard, _("The import was discarded."))


@require_POST
@for_shop(area="products", may="edit")
def import_check(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Make the dry run again with another category for unknown kinds."""
    form = CheckAgainForm(request.POST)
    category = form.cleaned_data["category"] if form.is_valid() else None

    def verb(**given):
        importing.check_again(default_category=category, **given)

    return _deed(request, shop, code, verb, _("The file is being checked again."))


def _deed(request: HttpRequest, shop, code: str, verb, message: str) -> HttpResponse:
    run = _run(shop, code)
    try:
        verb(run=run, by=request.user, at=clock.now())
    except DomainError as error:
        return refusal(request, error, f"{PAGE}#main", lambda: _page(request, shop, _run(shop, code)))
    return deed_answer(
        request,
        template=f"{PAGE}#main",
        context=lambda: _page(request, shop, _run(shop, code)),
        redirect_to=_url(run),
        message=message,
    )


@require_safe
@for_shop(area="products", may="view")
def import_rows(request: HttpRequest, shop, code: str) -> StreamingHttpResponse:
    """Rows of the file with a column ``error``: the refused ones, or all with remarks."""
    run = _run(shop, code)
    if not run.mapping:
        return redirect(_url(run))
    refused = request.GET.get("outcome") == matching.REFUSED
    name = f"import-{run.code.lower()}-{'refused' if refused else 'remarks'}.csv"
    return csv_answer(exporting.rows_with_remarks(run, refused_only=refused), name)


def _run(shop, code: str) -> ImportRun:
    rows = ImportRun.objects.in_shop(shop).of_code(code.upper())
    return get_object_or_404(rows.select_related("shop", "file", "default_category", "uploaded_by"))


def _url(run: ImportRun) -> str:
    return reverse("catalog:import", kwargs={"shop": run.shop.code, "code": run.code})
