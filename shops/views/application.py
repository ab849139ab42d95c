"""Applying to sell: choosing the market, the steps, the last look, and how it stands afterwards."""

from collections.abc import Callable
from functools import partial
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from seller_center.kernel import clock
from seller_center.kernel.deeds import explain
from seller_center.kernel.errors import DomainError
from shops import bank_accounts, documents, onboarding, timeline
from shops.access import ShopRequest, for_shop
from shops.application_steps import STEPS, needed_documents, papers_of, steps
from shops.events import told
from shops.forms.application import STEP_FORMS, BankForm, DocumentForm, StartForm, SubmitForm
from shops.forms.fields import contents
from shops.models import Application, DocumentPage, TradeClass
from shops.policy_book import policy_for, policy_version
from shops.views.uploads import in_memory_uploads

SAVE: dict[str, Callable[..., Application]] = {
    "person": onboarding.save_person,
    "address": onboarding.save_address,
    "tax": onboarding.save_tax_id,
    "selling": onboarding.save_selling,
}
applicant_only = partial(for_shop, area="settings", owner_only=True, while_applying=True)


@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """Choose market and kind of shop, or go on with what was begun."""
    form = StartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            application = onboarding.start(by=request.user, at=clock.now(), **form.cleaned_data)
        except onboarding.AlreadyApplying as error:
            messages.info(request, str(error))
            return redirect("shops:application", shop=error.application.shop.code)
        except DomainError as error:
            explain(form, error)
        else:
            return redirect("shops:application_step", shop=application.shop.code, step="person")
    mine = Application.objects.filter(applicant=request.user).select_related("shop").order_by("-started_at", "-id")[:20]
    context = {
        "form": form,
        "applications": list(mine),
        "policy": policy_for("US", clock.now()),
        "offered": onboarding.offered(),
        "not_offered": onboarding.not_offered(),
    }
    return render(request, "shops/apply.html", context, status=422 if form.is_bound else 200)


@applicant_only()
def application(request: ShopRequest, shop) -> HttpResponse:
    """How the application stands, what is missing, and what happened."""
    return render(request, "shops/application/overview.html", _page(request, shop, _application(shop)))


@never_cache
@sensitive_post_parameters("number")
@applicant_only(may="view", post="edit")
def application_step(request: ShopRequest, shop, step: str) -> HttpResponse:
    """One step: shown, saved, and on to the next."""
    row = _application(shop)
    if step not in STEP_FORMS:
        raise Http404(_("There is no such step."))
    at = clock.now()
    more: dict[str, Any] = {"today": onboarding.today(shop, at)} if step == "person" else {}
    form = STEP_FORMS[step](request.POST or None, application=row, **more)
    if request.method == "POST" and form.is_valid():
        try:
            if not _kept(form, step):
                SAVE[step](application=row, by=request.user, at=at, **form.cleaned_data)
        except DomainError as error:
            explain(form, error)
        else:
            return redirect(_next_url(request, shop, step))
    return _step_page(request, shop, row, step, form=form)


@never_cache
@sensitive_post_parameters("number")
@applicant_only(may="view", post="edit")
def application_bank(request: ShopRequest, shop) -> HttpResponse:
    """The bank account."""
    row = _application(shop)
    form = BankForm(request.POST or None, account=papers_of(row).bank_account, holder=row.person)
    if request.method == "POST" and form.is_valid():
        try:
            if not form.unchanged:
                bank_accounts.set_first(application=row, by=request.user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            explain(form, error)
        else:
            return redirect(_next_url(request, shop, "bank"))
    return _step_page(request, shop, row, "bank", form=form)


@applicant_only()
def application_documents(request: ShopRequest, shop) -> HttpResponse:
    """The papers: what was sent, what is missing, what has to be sent again."""
    return _documents_page(request, shop, _application(shop))


@in_memory_uploads
@require_POST
@applicant_only(may="view", post="edit")
def application_document(request: ShopRequest, shop, kind: str) -> HttpResponse:
    """Take in one paper."""
    row, at = _application(shop), clock.now()
    rules = policy_for(shop, at).onboarding
    if kind not in needed_documents(row, policy_for(shop, at)):
        raise Http404(_("This document is not asked for."))
    form = DocumentForm(request.POST, request.FILES, kind=kind, proof_of_address_days=rules.proof_of_address_days)
    if form.is_valid():
        given = form.cleaned_data
        try:
            documents.upload(
                application=row,
                kind=kind,
                paper=given["paper"],
                files=contents(given["files"], rules.document_bytes_at_most),
                expires_on=given.get("expires_on"),
                issued_on=given.get("issued_on"),
                by=request.user,
                at=at,
            )
        except DomainError as error:
            explain(form, error)
        else:
            messages.success(request, _("Saved. The reviewer will see it as it is shown below."))
            return redirect("shops:application_documents", shop=shop.code)
    return _documents_page(request, shop, row, bound={kind: form})


@applicant_only(may="view", post="edit")
def application_submission(request: ShopRequest, shop) -> HttpResponse:
    """The last look, the agreement, and sending it."""
    row, at = _application(shop), clock.now()
    version = policy_for(shop, at).onboarding.agreement_version
    form = SubmitForm(request.POST or None, initial={"agreement_version": version})
    if request.method == "POST" and form.is_valid():
        try:
            onboarding.submit(
                application=row,
                agreement_version=form.cleaned_data["agreement_version"],
                address=get_adapter().get_client_ip(request),
                by=request.user,
                at=at,
            )
        except DomainError as error:
            explain(form, error)
        else:
            messages.success(request, _("Your application is on its way to our reviewers."))
            return redirect("shops:application", shop=shop.code)
    return _step_page(request, shop, row, "review", form=form, facts=_facts(row), version=version)


@applicant_only(may="view", post="edit")
def application_withdrawal(request: ShopRequest, shop) -> HttpResponse:
    """Ask once more, then take the application back."""
    row = _application(shop)
    error = None
    if request.method == "POST":
        try:
            onboarding.withdraw(application=row, by=request.user, at=clock.now())
        except DomainError as refused:
            error = refused
        else:
            messages.success(request, _("Your application was taken back."))
            return redirect("shops:apply")
    context = {"shop": shop, "application": row, "error": error}
    return render(request, "shops/application/withdrawal.html", context, status=error.status if error else 200)


# -- what the pages show ----------------------------------------------------------------------------------------------


def _application(shop) -> Application:
    found = get_object_or_404(Application.objects.in_shop(shop).select_related("applicant"))
    found.shop = shop
    return found


def _kept(form, step: str) -> bool:
    """Was a secret that is saved left as it is?"""
    return step == "tax" and not form.cleaned_data["number"]


def _steps(request: ShopRequest, row: Application) -> list:
    at = clock.now()
    return steps(row, papers_of(row), policy_for(row.shop, at), onboarding.today(row.shop, at))


def step_url(shop, step: str) -> str:
    """The page of a step."""
    special = {"documents": "shops:application_documents", "bank": "shops:application_bank"}
    if step == "review":
        return reverse("shops:application_submission", kwargs={"shop": shop.code})
    if step in special:
        return reverse(special[step], kwargs={"shop": shop.code})
    return reverse("shops:application_step", kwargs={"shop": shop.code, "step": step})


def _next_url(request: ShopRequest, shop, step: str) -> str:
    """Where "save" leads: to the next step; "save and finish later" to the overview."""
    if "later" in request.POST:
        messages.success(request, _("Saved. Go on whenever you like, on any device."))
        return reverse("shops:application", kwargs={"shop": shop.code})
    order = [*STEPS, "review"]
    return step_url(shop, order[order.index(step) + 1])


def _page(request: ShopRequest, shop, row: Application, here: str = "") -> dict[str, Any]:
    at = clock.now()
    found = _steps(request, row)
    done = sum(step.done for step in found)
    line = [
        {
            "label": step.title,
            "url": step_url(shop, step.key),
            "done": step.done,
            "here": step.key == here,
            "problem": _("again") if step.asked and not step.done else "",
        }
        for step in found
    ]
    line.append(
        {"label": _("Check and send"), "url": step_url(shop, "review"), "done": False, "here": here == "review"}
    )
    policy = policy_version(row.policy_version_id) if row.policy_version_id else policy_for(shop, at)
    return {
        "shop": shop,
        "application": row,
        "steps": line,
        "items": [
            {
                "title": step.title,
                "done": step.done,
                "url": step_url(shop, step.key),
                "hint": f"{step.problem} {step.blocks}",
                "action": _("Go on"),
            }
            for step in found
        ],
        "found": found,
        "asked": [step for step in found if step.asked],
        "done_count": done,
        "total_count": len(found),
        "complete": done == len(found),
        "next_url": next((step_url(shop, step.key) for step in found if not step.done), step_url(shop, "review")),
        "rules": policy.onboarding,
        "events": told(timeline.newest(shop, "application", row.code, 50)),
        "at": at,
    }


def _step_page(request: ShopRequest, shop, row: Application, step: str, *, form, **more: Any) -> HttpResponse:
    context = {**_page(request, shop, row, here=step), "form": form, "step": step, **more}
    context["this"] = next((one for one in context["found"] if one.key == step), None)
    status = 422 if form.is_bound else 200
    return render(request, f"shops/application/{'review' if step == 'review' else 'step'}.html", context, status=status)


def _documents_page(request: ShopRequest, shop, row: Application, bound: dict | None = None) -> HttpResponse:
    at, bound = clock.now(), bound or {}
    policy = policy_for(shop, at)
    days = policy.onboarding.proof_of_address_days
    sent = papers_of(row).documents
    pages: dict[int, list] = {}
    for page in (
        DocumentPage.objects.in_shop(shop)
        .filter(document__in=[paper.pk for paper in sent.values()])
        .select_related("file")
        .order_by("document_id", "number")
    ):
        pages.setdefault(page.document_id, []).append(page)
    parts = [
        {
            "kind": kind,
            "form": bound.get(kind) or DocumentForm(kind=kind, proof_of_address_days=days),
            "document": sent.get(kind),
            "pages": pages.get(sent[kind].pk, []) if kind in sent else [],
        }
        for kind in needed_documents(row, policy)
    ]
    context = {**_page(request, shop, row, here="documents"), "parts": parts, "step": "documents"}
    context["this"] = next(one for one in context["found"] if one.key == "documents")
    return render(request, "shops/application/documents.html", context, status=422 if bound else 200)


def _facts(row: Application) -> list[dict[str, Any]]:
    """What is being sent, for the last look, step by step."""
    facts = onboarding.facts_of(row)
    sells = TradeClass.objects.filter(code__in=row.trade_classes).order_by("name", "pk").values_list("name", flat=True)
    papers = ", ".join(str(paper) for paper in papers_of(row).documents.values())
    born_on = date_format(row.born_on, "M j, Y") if row.born_on else ""
    shown = (
        ("person", [(_("Name"), facts["name"]), (_("Date of birth"), born_on), (_("Phone"), facts["phone"])]),
        ("address", [(_("Address"), facts["address"])]),
        ("tax", [(_("Tax number"), facts["tax_id"] if row.tax_id_last_four else "")]),
        ("selling", [(_("Shop name"), facts["shop_name"]), (_("Sells"), ", ".join(sells))]),
        ("documents", [(_("Documents"), papers)]),
        ("bank", [(_("Bank account"), facts["bank_account"])]),
    )
    return [
        {
            "title": STEPS[step][0],
            "url": step_url(row.shop, step),
            "facts": [{"label": label, "value": value or "–"} for label, value in lines],
        }
        for step, lines in shown
    ]
