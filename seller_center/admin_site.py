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

#: Tables that nobody reads or writes here: keys of second factors, log-ins and addresses of others.
KEPT_OUT = {"otp_totp", "otp_static", "otp_email", "usersessions", "socialaccount", "account"}


class StaffAdminSite(OTPAdminSite):
    """One site for all staff. Who has not shown a second factor good enough for staff sees nothing of it."""

    site_header = _("Seller Center staff")
    site_title = _("Seller Center staff")
    index_title = _("Desks and records")
    index_template = "admin/staff_index.html"
    enable_nav_sidebar = False

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

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Queues first: what waits for this member of staff."""
        return super().index(request, {**(extra_context or {}), "desks": self.desks(request)})

    def desks(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The desks this person may sit at: an admin class offers one by ``desk(request) -> dict | None``.

        The dict has ``title``, ``url``, ``waiting`` (a number or a ready text) and ``late`` (a number).
        """
        found = []
        for one in self._registry.values():
            offer = getattr(one, "desk", None)
            if callable(offer) and one.has_change_permission(request):
                found.append(offer(request))
        return [desk for desk in found if desk]
