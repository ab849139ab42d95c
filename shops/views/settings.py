"""The shop's settings: profile, logo, contact, bank account, documents."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from seller_center.kernel import clock
from seller_center.kernel.deeds import explain
from seller_center.kernel.errors import DomainError
from seller_center.kernel.paging import keyset_page
from shops import bank_accounts, looks, profile
from shops.access import ShopRequest, for_shop
from shops.events import told
from shops.forms.application import BankForm
from shops.forms.settings import ContactForm, LogoForm, ProfileForm
from shops.models import Application, BankAccount, Document, DocumentPage, ShopEvent
from shops.policy_book import policy_for

LOGO_BYTES_AT_MOST = 5 * 1024 * 1024


#: Events about the whole shop that belong to other pages.
DAILY = ("earning.settled", "stock.low")


@for_shop(area="settings", may="view", post="edit")
def settings(request: ShopRequest, shop) -> HttpResponse:
    """The overview, with the profile as a form."""
    form = ProfileForm(request.POST or None, initial={"name": shop.name, "description": shop.description})
    if request.method == "POST" and form.is_valid():
        try:
            profile.save_profile(shop=shop, by=request.user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            explain(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("shops:settings", shop=shop.code)
    return _page(request, shop, form=form)


@require_POST
@for_shop(area="settings", may="edit")
def logo(request: ShopRequest, shop) -> HttpResponse:
    """Another logo."""
    form = LogoForm(request.POST, request.FILES)
    if form.is_valid():
        content = form.cleaned_data["logo"].read(LOGO_BYTES_AT_MOST + 1)
        try:
            profile.set_logo(shop=shop, content=content, by=request.user, at=clock.now())
        except DomainError as error:
            explain(form, error)
        else:
            messages.success(request, _("The new logo is in place."))
            return redirect("shops:settings", shop=shop.code)
    return _page(request, shop, logo_form=form)


@for_shop(area="settings", may="edit", owner_only=True, fresh_factor=True)
def contact(request: ShopRequest, shop) -> HttpResponse:
    """Another contact address."""
    form = ContactForm(request.POST or None, initial={"email": shop.contact_email})
    if request.method == "POST" and form.is_valid():
        try:
            profile.change_contact(shop=shop, email=form.cleaned_data["email"], by=request.user, at=clock.now())
        except DomainError as error:
            explain(form, error)
        else:
            messages.success(request, _("Saved. The old and the new address get a mail."))
            return redirect("shops:settings", shop=shop.code)
    status = 422 if form.is_bound else 200
    return render(request, "shops/contact.html", {"shop": shop, "form": form}, status=status)


@for_shop(area="settings", may="view", owner_only=True)
def bank_account(request: ShopRequest, shop) -> HttpResponse:
    """The account for payouts and its history."""
    at = clock.now()
    rows = list(BankAccount.objects.in_shop(shop).select_related("added_by").order_by("-added_at", "-id")[:20])
    current = next((row for row in rows if row.status == BankAccount.Status.CURRENT), None)
    context = {
        "shop": shop,
        "current": current,
        "held": current is not None and current.usable_from > at,
        "earlier": [row for row in rows if row is not current],
        "hold_hours": policy_for(shop, at).payouts.bank_change_hold_hours,
    }
    return render(request, "shops/bank_account.html", context)


@never_cache
@sensitive_post_parameters("number")
@for_shop(area="settings", may="edit", owner_only=True, fresh_factor=True)
def bank_account_change(request: ShopRequest, shop) -> HttpResponse:
    """Another account: owner only, after a fresh second factor; payouts are held for a while."""
    registration = Application.objects.in_shop(shop).first()
    at = clock.now()
    form = BankForm(request.POST or None, account=None, holder=registration.person if registration else "")
    if request.method == "POST" and form.is_valid():
        try:
            bank_accounts.change(shop=shop, by=request.user, at=at, **form.cleaned_data)
        except DomainError as error:
            explain(form, error)
        else:
            messages.success(request, _("The new account is saved. Owner and contact address get a mail."))
            return redirect("shops:bank_account", shop=shop.code)
    hours = policy_for(shop, at).payouts.bank_change_hold_hours
    context = {"shop": shop, "form": form, "hold_hours": hours}
    return render(request, "shops/bank_account_change.html", context, status=422 if form.is_bound else 200)


@for_shop(area="settings", may="view", owner_only=True)
def files(request: ShopRequest, shop) -> HttpResponse:
    """The papers that prove who the shop is, until when they are valid, and who looked at the shop's private files."""
    papers = list(Document.objects.in_shop(shop).in_force().order_by("kind", "-uploaded_at", "-id"))
    pages: dict[int, list] = {}
    rows = DocumentPage.objects.in_shop(shop).filter(document__in=[paper.pk for paper in papers])
    for page in rows.select_related("file").order_by("document_id", "number"):
        pages.setdefault(page.document_id, []).append(page)
    parts = [{"document": paper, "pages": pages.get(paper.pk, [])} for paper in papers]
    everybody = request.GET.get("who") == "all"
    seen = looks.of_shop(shop, request.membership)
    page = keyset_page(
        seen if everybody else seen.exclude(by=request.user), order=("-id",), token=request.GET.get("page", "")
    )
    here = reverse("shops:files", kwargs={"shop": shop.code})
    context = {
        "shop": shop,
        "parts": parts,
        "page": page,
        "everybody": everybody,
        "looks": looks.told(shop, page.rows),
        "tabs": [
            {"label": _("Others"), "url": f"{here}#looks", "here": not everybody},
            {"label": _("Everybody"), "url": f"{here}?who=all#looks", "here": everybody},
        ],
    }
    return render(request, "shops/files.html", context)


def _page(request: ShopRequest, shop, **forms: Any) -> HttpResponse:
    given = {"name": shop.name, "description": shop.description}
    happened = ShopEvent.objects.in_shop(shop).filter(subject_kind__in=("shop", "bank_account", "api_key"))
    happened = happened.exclude(kind__in=DAILY)  # what trade brings every day would bury the changes of settings
    context = {
        "shop": shop,
        "form": ProfileForm(initial=given),
        "logo_form": LogoForm(),
        "may_edit": request.membership.may("settings", "edit"),
        "is_owner": request.membership.role.is_owner,
        "offer_runs": shop.offer_runs(clock.now()),
        "account": BankAccount.objects.in_shop(shop).current().first(),
        "events": told(happened.for_sellers().select_related("by").order_by("-at", "-id")[:15]),
        **forms,
    }
    bad = any(form.is_bound for form in forms.values())
    return render(request, "shops/settings.html", context, status=422 if bad else 200)
