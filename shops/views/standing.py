"""The shop's standing as its members answer for it: cases, appeals, and a new version of the seller agreement."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from seller_center.kernel import clock
from seller_center.kernel.deeds import deed_answer, explain, refusal
from seller_center.kernel.errors import DomainError
from seller_center.kernel.paging import keyset_page
from shops import agreements, appeals, enforcement, restrictions, step_up, subjects, timeline
from shops.access import ShopRequest, for_shop
from shops.events import told
from shops.forms.standing import AgreementForm, AppealForm, CorrectionForm
from shops.models import Appeal, Violation

TEMPLATE = "shops/violation.html"


@for_shop(area="health", may="view")
def violations(request: ShopRequest, shop) -> HttpResponse:
    """Every case there ever was, newest first."""
    at = clock.now()
    rows = Violation.objects.in_shop(shop).order_by("-opened_at", "-id")
    context = {
        "shop": shop,
        "page": keyset_page(rows, order=("-opened_at", "-id"), token=request.GET.get("page", "")),
        "points": restrictions.points_of(shop, at),
        "kinds": enforcement.KINDS,
    }
    return render(request, "shops/violation_list.html", context)


@for_shop(area="health", may="view")
def violation(request: ShopRequest, shop, code: str) -> HttpResponse:
    """One case: rule, reason, evidence, what it means and until when; and how to answer."""
    return render(request, TEMPLATE, _context(request, shop, _case(shop, code)))


@require_POST
@for_shop(area="health", may="edit")
def violation_appeal(request: ShopRequest, shop, code: str) -> HttpResponse:
    """Appeal."""
    case = _case(shop, code)
    form = AppealForm(request.POST)
    return _answer(request, shop, case, form, appeals.file, _("Your appeal has arrived."), "appeal_form")


@require_POST
@for_shop(area="health", may="edit")
def violation_correction(request: ShopRequest, shop, code: str) -> HttpResponse:
    """Say what was put right."""
    case = _case(shop, code)
    form = CorrectionForm(request.POST)
    return _answer(
        request, shop, case, form, enforcement.report_correction, _("Staff will look at it."), "correction_form"
    )


def _answer(request: ShopRequest, shop, case: Violation, form, verb, words: str, name: str) -> HttpResponse:
    if not form.is_valid():
        context = _context(request, shop, case, **{name: form})
        target = f"{TEMPLATE}#main" if getattr(request, "htmx", None) else TEMPLATE
        return render(request, target, context, status=422)
    try:
        verb(case=case, text=form.cleaned_data["text"], by=request.user, at=clock.now())
    except DomainError as error:
        again = {name: form}
        return refusal(
            request, error, f"{TEMPLATE}#main", lambda: _context(request, shop, _case(shop, case.code), **again)
        )
    return deed_answer(
        request,
        template=f"{TEMPLATE}#main",
        context=lambda: _context(request, shop, _case(shop, case.code)),
        redirect_to=f"/s/{shop.code}/violations/{case.code}/",
        message=words,
    )


def _case(shop, code: str) -> Violation:
    found = Violation.objects.in_shop(shop).of_code(code.upper()).first()
    if found is None:
        raise Http404("No such case.")
    found.shop = shop
    return found


def _context(request: ShopRequest, shop, case: Violation, **forms: Any) -> dict[str, Any]:
    at = clock.now()
    may_edit = request.membership.may("health", "edit")
    return {
        "shop": shop,
        "case": case,
        "kind": enforcement.KINDS.get(case.kind, case.kind),
        "evidence": enforcement.EVIDENCE.get(case.evidence_kind, case.evidence_kind),
        "evidence_url": subjects.member_url(request.membership, shop, case.evidence_kind, case.evidence_code),
        "appeals": list(Appeal.objects.in_shop(shop).filter(violation=case).order_by("number", "id")),
        "why_no_appeal": _why_no_appeal(case, at),
        "may_edit": may_edit,
        "may_correct": may_edit and case.status == Violation.Status.PENDING,
        "events": told(timeline.newest(shop, "violation", case.code, 50)),
        "appeal_form": AppealForm(),
        "correction_form": CorrectionForm(auto_id="correction_%s"),
        "at": at,
        **forms,
    }


def _why_no_appeal(case: Violation, at) -> str:
    """The sentence that says why this case cannot be appealed now; nothing if it can."""
    try:
        appeals.refuse_appeal(case, at)
    except DomainError as error:
        return str(error)
    return ""


@for_shop(area="home", may="view", post="view", before_agreeing=True)
def shop_agreement(request: ShopRequest, shop) -> HttpResponse:
    """The seller agreement of today, to be read and acknowledged by this member."""
    at = clock.now()
    version = agreements.version_of(shop, at)
    form = AgreementForm(request.POST or None, initial={"version": version})
    if request.method == "POST" and form.is_valid():
        try:
            agreements.accept(
                shop=shop,
                version=form.cleaned_data["version"],
                address=get_adapter().get_client_ip(request),
                by=request.user,
                at=at,
            )
        except DomainError as error:
            explain(form, error)
        else:
            return redirect(step_up.safe_next(request, otherwise=f"/s/{shop.code}/"))
    context = {
        "shop": shop,
        "version": version,
        "form": form,
        "read": version == shop.agreement_version or agreements.has_read(shop, request.user.pk, version),
        "next": step_up.safe_next(request, otherwise=f"/s/{shop.code}/"),
    }
    return render(request, "shops/shop_agreement.html", context, status=422 if form.is_bound else 200)
