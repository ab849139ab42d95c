"""The team page and its deeds, and the page on which somebody accepts an invitation."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from seller_center.kernel import clock
from seller_center.kernel.deeds import explain
from seller_center.kernel.errors import DomainError
from shops import team
from shops.access import ShopRequest, for_shop
from shops.events import told
from shops.forms.settings import InvitationForm, RoleForm, describe
from shops.models import Invitation, Membership, ShopEvent

#: What the timeline of the team is about: places in the team, and how its people log in.
ABOUT_PEOPLE = ("member", "user")


@for_shop(area="team", may="view")
def members(request: ShopRequest, shop) -> HttpResponse:
    """Who belongs to the shop, who is invited, what happened."""
    rows = Membership.objects.in_shop(shop).select_related("user", "role").order_by("joined_at", "id")[:200]
    happened = ShopEvent.objects.in_shop(shop).filter(subject_kind__in=ABOUT_PEOPLE).for_sellers().select_related("by")
    context = {
        "shop": shop,
        "members": [{"row": row, "may": describe(row.role)} for row in rows],
        "invitations": list(
            Invitation.objects.in_shop(shop).open(clock.now()).select_related("role", "invited_by")[:50]
        ),
        "may_edit": request.membership.may("team", "edit"),
        "events": told(happened.order_by("-at", "-id")[:20]),
    }
    return render(request, "shops/team.html", context)


@for_shop(area="team", may="edit", fresh_factor=True)
def invitation_new(request: ShopRequest, shop) -> HttpResponse:
    """Invite somebody by mail."""
    form = InvitationForm(request.POST or None, shop=shop)
    if request.method == "POST" and form.is_valid():
        try:
            invitation = team.invite(shop=shop, by=request.user, at=clock.now(), **form.values())
        except DomainError as error:
            explain(form, error)
        else:
            messages.success(request, _("%(email)s gets a mail with a link.") % {"email": invitation.email})
            return redirect("shops:team", shop=shop.code)
    status = 422 if form.is_bound else 200
    return render(request, "shops/invitation_new.html", {"shop": shop, "form": form}, status=status)


@require_POST
@for_shop(area="team", may="edit")
def invitation_withdrawal(request: ShopRequest, shop, number: int) -> HttpResponse:
    """Take an invitation back."""
    invitation = get_object_or_404(Invitation.objects.in_shop(shop), pk=number)
    try:
        team.withdraw_invitation(invitation=invitation, by=request.user, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The invitation is taken back; its link is worth nothing now."))
    return redirect("shops:team", shop=shop.code)


@for_shop(area="team", may="edit", fresh_factor=True)
def member_role(request: ShopRequest, shop, number: int) -> HttpResponse:
    """Give a member another role."""
    row = _member(shop, number)
    form = RoleForm(request.POST or None, shop=shop, initial={"role": str(row.role_id)})
    if request.method == "POST" and form.is_valid():
        role = form.roles[form.cleaned_data["role"]]
        try:
            team.change_role(membership=row, role=role, by=request.user, at=clock.now())
        except DomainError as error:
            explain(form, error)
        else:
            messages.success(request, _("Saved. It holds from the next click on."))
            return redirect("shops:team", shop=shop.code)
    status = 422 if form.is_bound else 200
    return render(request, "shops/member_role.html", {"shop": shop, "form": form, "member": row}, status=status)


@for_shop(area="team", may="edit", fresh_factor=True)
def member_removal(request: ShopRequest, shop, number: int) -> HttpResponse:
    """Ask once more, then take a member out of the team."""
    row, error = _member(shop, number), None
    if request.method == "POST":
        try:
            team.remove(membership=row, by=request.user, at=clock.now())
        except DomainError as refused:
            error = refused
        else:
            messages.success(request, _("%(name)s is no longer in the team.") % {"name": row.user})
            return redirect("shops:team", shop=shop.code)
    context = {"shop": shop, "member": row, "error": error}
    return render(request, "shops/member_removal.html", context, status=error.status if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Read an invitation and join; whoever is not logged in is asked to do so first (the site is closed by default)."""
    error, found = None, None
    try:
        found = team.find(token, clock.now())
        if request.method == "POST":
            member = team.accept(token=token, by=request.user, at=clock.now())
            messages.success(request, _("Welcome to the team of %(shop)s.") % {"shop": member.shop})
            return redirect(f"/s/{member.shop.code}/")
    except DomainError as refused:
        error = refused
    context = {"invitation": found, "error": error, "token": token}
    response = render(request, "shops/invitation.html", context, status=error.status if error else 200)
    response["Referrer-Policy"] = "no-referrer"  # the address is the secret
    return response


def _member(shop, number: int) -> Membership:
    return get_object_or_404(Membership.objects.in_shop(shop).select_related("user", "role", "shop"), pk=number)
