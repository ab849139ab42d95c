"""People, shops, members, invitations and bank accounts, to read; switching a person off, to do."""

from django.contrib import admin
from django.http import HttpRequest

from shops.admin.read_only import CappedPaginator, ReadOnlyAdmin
from shops.models import BankAccount, Invitation, Market, Membership, Role, Shop, TradeClass, User


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """People. Groups and the staff mark are given by superusers only; nobody's password is seen or set here."""

    list_display = ("email", "phone", "name", "is_staff", "is_active", "date_joined")
    list_filter = ("is_staff", "is_active", "groups")
    search_fields = ("email", "phone", "name")
    ordering = ("-id",)
    show_full_result_count = False
    paginator = CappedPaginator
    fields = ("email", "phone", "name", "is_active", "is_staff", "groups", "date_joined", "last_login")
    filter_horizontal = ("groups",)
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj=None):
        fixed = ("email", "phone", "name", "date_joined", "last_login")
        return fixed if request.user.is_superuser else (*fixed, "is_staff", "groups")


@admin.register(Shop)
class ShopAdmin(ReadOnlyAdmin):
    """Shops."""

    list_display = ("code", "name", "market", "status", "tier", "programme_eligible", "approved_at")
    list_filter = ("status", "market", "tier", "is_platform")
    search_fields = ("code", "name", "slug", "contact_email")
    ordering = ("-id",)
    list_select_related = ("market",)


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Who belongs to which shop."""

    list_display = ("shop", "user", "role", "joined_at")
    list_filter = ("role",)
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

    list_display = ("shop", "holder", "bank_name", "account_type", "last_four", "status", "usable_from")
    list_filter = ("status",)
    search_fields = ("shop__code", "holder")
    ordering = ("-id",)
    list_select_related = ("shop",)
    exclude = ("seal", "number", "number_index")


@admin.register(Role)
class RoleAdmin(ReadOnlyAdmin):
    """Roles: the shipped ones and those of shops."""

    list_display = ("name", "code", "shop", "is_owner")
    ordering = ("id",)


@admin.register(Market)
class MarketAdmin(ReadOnlyAdmin):
    """Markets."""

    list_display = ("code", "name", "currency", "zone", "prices_include_tax")
    ordering = ("code",)


@admin.register(TradeClass)
class TradeClassAdmin(ReadOnlyAdmin):
    """What shops may want to sell."""

    list_display = ("code", "name", "restricted")
    ordering = ("code",)
