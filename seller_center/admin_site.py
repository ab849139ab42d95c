"""The staff admin: Django's, behind a verified second factor, with the desks on its first page."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django_otp.admin import OTPAdminSite

from shops import second_factor, step_up
from shops.waiting import MOST_WAITING

#: Tables that nobody reads or writes here: keys of second factors, log-ins and addresses of others, and what the groups
#: of staff may (``shops.staff_rights``: the next migration would write it anew).
KEPT_OUT = {"auth", "otp_totp", "otp_static", "otp_email", "usersessions", "socialaccount", "account"}


class StaffAdminSite(OTPAdminSite):
    """One site for all staff. Who has not shown a second factor good enough for staff sees nothing of it."""

    site_header = _("Seller Center staff")
    site_title = _("Seller Center staff")
    index_title = _("Desks and records")
    index_template = "admin/staff_index.html"
    enable_nav_sidebar = False
    empty_value_display = "—"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)

    def has_permission(self, request: HttpRequest) -> bool:
        """Active staff with an authenticator shown in this session."""
        user = request.user
        return user.is_active and user.is_staff and second_factor.is_verified(user)

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one log-in for everybody: it leads back here, over the second factor."""
        target = step_up.safe_next(request, otherwise=reverse("admin:index"))
        if not request.user.is_authenticated:
            return redirect(f"{reverse('account_login')}?{urlencode({'next': target})}")
        if not request.user.is_staff:
            raise PermissionDenied(_("This part is for staff."))
        if second_factor.is_verified(request.user):
            return redirect(target)
        place = "second_factor_check" if second_factor.has_one(request.user) else "authenticator_setup"
        return redirect(f"{reverse(place)}?{urlencode({'next': target})}")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As Django's, but for ``KEPT_OUT``."""
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        super().register([one for one in models if one._meta.app_label not in KEPT_OUT], admin_class, **options)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One place for that as well, which asks for a fresh second factor."""
        return redirect("account_change_password")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """As Django's, with the way to each desk in the bar of every page (no query)."""
        links = self._desk_links(request) if request.user.is_authenticated else []
        return {**super().each_context(request), "desk_links": links}

    def _desk_links(self, request: HttpRequest) -> list[dict[str, Any]]:
        return [
            {"title": one.desk_title, "url": reverse(one.desk_url_name)}
            for one in self._registry.values()
            if getattr(one, "desk_url_name", "") and one.has_change_permission(request)
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Queues first: what waits for this member of staff."""
        return super().index(request, {**(extra_context or {}), "desks": self.desks(request)})

    def desks(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The desks this person may sit at, what is due first on top.

        An admin class offers one by ``desk(request) -> dict | None`` with ``title``, ``url``, ``waiting`` and ``late``
        (numbers, counted up to ``MOST_WAITING``); ``oldest`` (the moment at which the first is due), ``mine`` (how many
        this person has claimed) and ``icon`` are optional.
        """
        found = []
        for one in self._registry.values():
            offer = getattr(one, "desk", None)
            if callable(offer) and one.has_change_permission(request):
                found.append(offer(request))
        desks = [{"oldest": None, "mine": None, "icon": "", **desk} for desk in found if desk]
        for desk in desks:
            desk |= {"waiting_text": _capped(desk["waiting"]), "late_text": _capped(desk["late"])}
        return sorted(desks, key=_first_due)


def _capped(number: int) -> str:
    """A count as a desk says it: 99+ beyond the limit."""
    return f"{MOST_WAITING - 1}+" if number >= MOST_WAITING else str(number)


def _first_due(desk: dict[str, Any]) -> tuple[bool, float]:
    oldest = desk["oldest"]
    return (oldest is None, oldest.timestamp() if oldest is not None else float(not desk["waiting"]))
