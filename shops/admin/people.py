"""People, shops, members, invitations and bank accounts to read; switching off, restoring access, looking in to do."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops import account_trail, recovery, restrictions, second_factor, staff_views
from shops.admin.filters import ShippedRoles
from shops.admin.read_only import PlainWords, ReadOnlyAdmin
from shops.models import (
    Application,
    BankAccount,
    Invitation,
    Market,
    Membership,
    Role,
    Shop,
    ShopEvent,
    TradeClass,
    User,
    Violation,
)


@admin.register(User)
class UserAdmin(PlainWords):
    """People. Groups and the staff mark are given by superusers only; nobody's password is seen or set here."""

    page_column = "access_link"
    page_url_name, page_words = "admin:shops_user_access", gettext_lazy("Restore lost access")
    titles = {
        "is_staff": gettext_lazy("Staff"),
        "is_active": gettext_lazy("May log in"),
        "date_joined": gettext_lazy("Joined"),
        "groups": gettext_lazy("Group"),
    }
    list_display = ("email", "phone", "name", "is_staff", "is_active", "date_joined", "access_link")
    list_filter = ("is_staff", "is_active", "groups")
    search_fields = ("email", "phone", "name")
    ordering = ("-id",)
    fields = ("email", "phone", "name", "is_active", "is_staff", "groups", "date_joined", "last_login")
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj=None):
        fixed = ("email", "phone", "name", "date_joined", "last_login")
        return fixed if request.user.is_superuser else (*fixed, "is_staff", "groups")

    def formfield_for_manytomany(self, db_field, request: HttpRequest, **kwargs: Any) -> Any:
        """A handful of groups is ticked, not moved between two boxes."""
        kwargs |= {"widget": forms.CheckboxSelectMultiple, "queryset": Group.objects.order_by("name")}
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The last part of Django's deed, in its transaction: now groups are written as well."""
        super().save_related(request, form, formsets, change)
        if form.changed_data:
            fields, at = list(form.changed_data), clock.now()
            account_trail.record_access(person=form.instance, fields=fields, by=request.user, at=at)

    def get_urls(self):
        access = self.admin_site.admin_view(self.access)
        return [path("<int:pk>/access/", access, name="shops_user_access"), *super().get_urls()]

    def may_open_page(self, request: HttpRequest) -> bool:
        return request.user.has_perm("shops.restore_access")

    @admin.display(description=gettext_lazy("Lost access"))
    def access_link(self, user: User) -> str:
        """The way to the page for somebody who lost the second factor."""
        return format_html('<a href="{}">{}</a>', reverse("admin:shops_user_access", args=[user.pk]), _("Restore"))

    def access(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A seller lost the second factor: after a check who they are, it is taken away."""
        if not request.user.has_perm("shops.restore_access"):
            raise PermissionDenied(_("Your group does not restore access."))
        person = get_object_or_404(User.objects.all(), pk=pk)
        status = 200
        if request.method == "POST":
            if (asked := second_factor.ask_for_fresh_factor(request)) is not None:
                return asked
            try:
                reason = request.POST.get("reason", "")
                recovery.remove_lost_factor(person=person, reason=reason, by=request.user, at=clock.now())
            except DomainError as error:
                messages.error(request, str(error))
                status = error.status
            else:
                messages.success(request, _("The second factor is gone and every session ended; the person is told."))
                return redirect("admin:shops_user_access", pk=pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Lost access: %(person)s") % {"person": person},
            "person": person,
            "factors": second_factor.factors_of(person),
            "shops": Shop.objects.of_member(person)[:50],
            "typed": request.POST,
        }
        return render(request, "admin/shops/user/access.html", context, status=status)


@admin.register(Shop)
class ShopAdmin(ReadOnlyAdmin):
    """Shops."""

    page_column = "page_link"
    page_url_name, page_words = "admin:shops_shop_standing", gettext_lazy("Open the shop's page")
    titles = {
        "is_platform": gettext_lazy("Platform shop"),
        "programme_eligible": gettext_lazy("Eligible for the programme"),
    }
    list_display = ("code", "name", "market", "status", "tier", "programme_eligible", "approved_at", "page_link")
    list_filter = ("status", "market", "tier", "is_platform")
    search_fields = ("code", "name", "slug", "contact_email")
    ordering = ("-id",)
    list_select_related = ("market",)

    def get_urls(self):
        guard = self.admin_site.admin_view
        return [
            path("<int:pk>/standing/", guard(self.page), name="shops_shop_standing"),
            path("<int:pk>/look/", guard(self.look), name="shops_shop_look"),
            path("look-end/", guard(self.look_end), name="shops_shop_look_end"),
            *super().get_urls(),
        ]

    def may_open_page(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.display(description=gettext_lazy("Page"))
    def page_link(self, shop: Shop) -> str:
        """The way to the page with the deeds."""
        return format_html('<a href="{}">{}</a>', reverse("admin:shops_shop_standing", args=[shop.pk]), _("Open"))

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One shop: how it stands, who belongs to it, what happened, and what staff may do."""
        if not self.has_view_permission(request):
            raise PermissionDenied(_("Your group does not see shops."))
        return self._page(request, get_object_or_404(Shop.objects.select_related("market"), pk=pk), 200)

    def look(self, request: HttpRequest, pk: int) -> HttpResponse:
        """See the shop as its seller sees it, read only: with a reason that the owner reads."""
        if not request.user.has_perm("shops.view_as_seller") or request.method != "POST":
            raise PermissionDenied(_("Your group does not look into shops."))
        if (asked := second_factor.ask_for_fresh_factor(request)) is not None:
            return asked
        shop = get_object_or_404(Shop.objects.select_related("market"), pk=pk)
        try:
            held = staff_views.begin(shop=shop, reason=request.POST.get("reason", ""), by=request.user, at=clock.now())
        except DomainError as error:
            messages.error(request, str(error))
            return self._page(request, shop, error.status)
        request.session[staff_views.SESSION_KEY] = held
        return redirect(f"/s/{shop.code}/")

    def look_end(self, request: HttpRequest) -> HttpResponse:
        """Stop looking."""
        held = request.session.pop(staff_views.SESSION_KEY, None) if request.method == "POST" else None
        shop = Shop.objects.filter(code=held["shop"]).first() if held else None
        if shop is None or not self.has_view_permission(request):
            return redirect("admin:index")
        return redirect("admin:shops_shop_standing", pk=shop.pk)

    def _records_of(self, request: HttpRequest, shop: Shop) -> list[tuple[str, str]]:
        """The lists of what belongs to the shop, for those who may read them."""
        found = []
        for model, one in self.admin_site._registry.items():
            if any(field.name == "shop" for field in model._meta.fields) and one.has_view_permission(request):
                address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
                words = str(model._meta.verbose_name_plural)
                found.append((words[:1].upper() + words[1:], f"{address}?shop__exact={shop.pk}"))
        return sorted(found)

    def _page(self, request: HttpRequest, shop: Shop, status: int) -> HttpResponse:
        at = clock.now()
        user: Any = request.user
        context = {
            **self.admin_site.each_context(request),
            "title": str(shop),
            "shop": shop,
            "points": restrictions.points_of(shop, at),
            "cases": Violation.objects.in_shop(shop).standing()[:20],
            "members": Membership.objects.in_shop(shop).select_related("user", "role").order_by("pk")[:50],
            "application": Application.objects.in_shop(shop).first(),
            "events": ShopEvent.objects.timeline(shop, "shop", shop.code, most=30),
            "records": self._records_of(request, shop),
            "may_look": user.has_perm("shops.view_as_seller") and shop.opened and not shop.is_platform,
            "may_judge": user.has_perm("shops.change_violation"),
            "may_review": user.has_perm("shops.change_application"),
            "may_restore": user.has_perm("shops.restore_access"),
            "typed": request.POST,
        }
        return render(request, "admin/shops/shop/standing.html", context, status=status)


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Who belongs to which shop."""

    list_display = ("shop", "user", "role", "joined_at")
    list_filter = (("role", ShippedRoles),)
    search_fields = ("shop__code", "user__email")
    ordering = ("-id",)
    list_select_related = ("shop", "user", "role")


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Invitations; the token is nowhere."""

    list_display = ("shop", "email", "role", "status", "invited_by", "expires_at")
    list_filter = ("status",)
    search_fields = ("shop__code", "email")
    ordering = ("-id",)
    list_select_related = ("shop", "role", "invited_by")
    exclude = ("nonce", "token_sha256")


@admin.register(BankAccount)
class BankAccountAdmin(ReadOnlyAdmin):
    """Bank accounts by their last four digits."""

    titles = {
        "holder": gettext_lazy("Account holder"),
        "bank_name": gettext_lazy("Bank"),
        "last_four": gettext_lazy("Ends in"),
    }
    list_display = ("shop", "holder", "bank_name", "account_type", "last_four", "status", "usable_from")
    list_filter = ("status",)
    search_fields = ("shop__code", "holder")
    ordering = ("-id",)
    list_select_related = ("shop",)
    exclude = ("seal", "number", "number_index")


@admin.register(Role)
class RoleAdmin(ReadOnlyAdmin):
    """Roles: the shipped ones and those of shops."""

    titles = {"is_owner": gettext_lazy("Owner")}
    list_display = ("name", "code", "shop", "is_owner")
    ordering = ("id",)


@admin.register(Market)
class MarketAdmin(ReadOnlyAdmin):
    """Markets."""

    titles = {"zone": gettext_lazy("Time zone")}
    list_display = ("code", "name", "currency", "zone", "prices_include_tax")
    ordering = ("code",)


@admin.register(TradeClass)
class TradeClassAdmin(ReadOnlyAdmin):
    """What shops may want to sell."""

    titles = {"restricted": gettext_lazy("Needs a permit")}
    list_display = ("code", "name", "restricted")
    ordering = ("code",)
