"""Middleware before every view: sessions that are over end here, and nobody passes without their second factor.

A person who has a second factor, or who is staff, reaches with a password alone (or with a TikTok log-in, or after a
reset) the short list below and nothing else: pages that are closed lead to the question, pages that are open to all
are shown as to a stranger (reliability.md G3). People without a second factor pass; a mark in the session, set at
log-in, spares the query.
"""

from collections.abc import Callable
from typing import Any

from allauth.core.exceptions import RateLimited
from allauth.core.ratelimit import respond_429
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from shops import second_factor, sessions, step_up

CHECK, SETUP = "second_factor_check", "authenticator_setup"

#: What can be reached while something is missing, by the name of the page that mends it.
SHORT_LIST = {
    CHECK: {CHECK, "second_factor_mail"},
    SETUP: {SETUP, "account_reauthenticate", "log_in_again"},
}
#: Open pages that know the person all the same: the way out, and the front door, which leads to what is missing.
KNOWS_ANYWAY = {"account_logout", "landing"}


def session_guard(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Stands after the middleware that makes ``request.user`` and before the one that demands a log-in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    middleware.process_view = _process_view  # type: ignore[attr-defined]
    middleware.process_exception = _process_exception  # type: ignore[attr-defined]
    return middleware


def _process_view(request: HttpRequest, view: Callable, args: Any, kwargs: Any) -> HttpResponse | None:
    name = request.resolver_match.view_name if request.resolver_match else ""
    if not getattr(view, "login_required", True):
        if name not in KNOWS_ANYWAY:
            whole = request.user
            request.user = SimpleLazyObject(lambda: _as_open_pages_see(request, whole))  # type: ignore[assignment]
        return None
    user = request.user
    if not user.is_authenticated:
        return None
    if sessions.is_over(request, user):
        logout(request)
        messages.info(request, _("You were away for a while, so please log in again."))
        return None
    missing = what_is_missing(request, user)
    if missing and name not in SHORT_LIST[missing]:
        return step_up.leave_for(request, missing)
    sessions.touch(request)
    return None


def what_is_missing(request: HttpRequest, user: Any) -> str:
    """The name of the page on which this person must first give or set up a second factor; nothing if all is well."""
    if second_factor.is_verified(user):
        return ""
    staff = second_factor.needs_authenticator(user)
    if not staff and request.session.get(second_factor.NO_FACTOR):
        return ""
    if getattr(user, "otp_device", None) is None and second_factor.has_one(user):
        return CHECK
    return SETUP if staff else ""


def _as_open_pages_see(request: HttpRequest, whole: Any) -> Any:
    if not whole.is_authenticated:
        return whole
    if sessions.is_over(request, whole) or what_is_missing(request, whole):
        stranger = AnonymousUser()
        stranger.otp_device = None  # type: ignore[attr-defined]
        stranger.is_verified = lambda: False  # type: ignore[attr-defined]
        return stranger
    return getattr(whole, "_wrapped", whole)


def _process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
    return respond_429(request) if isinstance(error, RateLimited) else None
