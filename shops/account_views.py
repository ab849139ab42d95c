"""The front door, the way back in, log-in with TikTok, and the settings of one's own account."""

from collections.abc import Callable
from functools import wraps

from allauth.account import views as allauth_views
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.socialaccount import views as social_views
from allauth.socialaccount.adapter import get_adapter as get_social_adapter
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.tiktok import views as tiktok
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from shops import second_factor, sessions, step_up
from shops.account_forms import LoginForm
from shops.scope import scope

View = Callable[..., HttpResponse]


@login_not_required
@never_cache
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """The front door: a log-in for strangers; whoever is logged in goes to their place."""
    if request.user.is_authenticated:
        return redirect("shops:first")
    return render(request, "account/landing.html", {"form": LoginForm(), "has_tiktok": _tiktok_is_configured()})


@login_not_required
@require_safe
def lost_access(request: HttpRequest) -> HttpResponse:
    """What to do when one cannot get in: the same for everybody, so it tells nobody anything."""
    return render(request, "account/lost_access.html", {"has_sms": bool(settings.SMS_URL)})


# -- is it you? -------------------------------------------------------------------------------------------------------


def ask_for_proof(request: HttpRequest) -> HttpResponse | None:
    """None if the person has just proved to be there: by the second factor, or where there is none by the first."""
    if second_factor.has_one(request.user):
        return second_factor.ask_for_fresh_factor(request)
    if _logged_in_lately(request):
        return None
    by_password = request.user.has_usable_password()
    return step_up.leave_for(request, "account_reauthenticate" if by_password else "log_in_again")


def _logged_in_lately(request: HttpRequest) -> bool:
    shown = [one["at"] for one in get_authentication_records(request, request.user)]
    shown.append(request.session.get(sessions.BEGAN, 0.0))
    return 0 <= sessions.real_seconds() - max(shown) <= second_factor.fresh_seconds()


def proved(view: View) -> View:
    """Wrap a page of one's account that changes how one logs in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        return (request.user.is_authenticated and ask_for_proof(request)) or view(request, *args, **kwargs)

    guarded.asks_for_proof = True  # type: ignore[attr-defined]
    return guarded


email = proved(allauth_views.email)
password_change = proved(allauth_views.password_change)
password_set = proved(allauth_views.password_set)
phone_change = proved(allauth_views.change_phone)


@proved
def connections(request: HttpRequest) -> HttpResponse:
    """Log-ins at other sites; taking one away and the record of it are one transaction."""
    with scope(None, by=request.user):
        return social_views.connections(request)


@never_cache
def log_in_again(request: HttpRequest) -> HttpResponse:
    """For somebody without a password who wants to change something sensitive: log out, log in, come back."""
    back = step_up.safe_next(request)
    if request.method == "POST":
        logout(request)
        return redirect(f"{reverse('account_login')}?{urlencode({'next': back})}")
    return render(request, "account/log_in_again.html", {"next": back})


# -- log-in with TikTok -----------------------------------------------------------------------------------------------


def _tiktok_is_configured() -> bool:
    return bool(settings.SOCIALACCOUNT_PROVIDERS.get("tiktok", {}).get("APPS"))


@login_not_required
@never_cache
def tiktok_login(request: HttpRequest) -> HttpResponse:
    """A page with a plain link to TikTok: nobody is sent there unasked, and the strict policy stops no link."""
    if not _tiktok_is_configured():
        raise Http404
    if request.GET.get("process") == "connect":
        if not request.user.is_authenticated:
            return redirect("account_login")
        if (question := ask_for_proof(request)) is not None:
            return question
    answer = tiktok.oauth2_login(request)
    target = answer.headers.get("Location", "")
    if not target.startswith(("https://", "http://")):
        return answer
    name = get_social_adapter(request).get_provider(request, "tiktok").name
    return render(request, "socialaccount/outside.html", {"target": target, "provider": name})


@login_not_required
@never_cache
def tiktok_callback(request: HttpRequest) -> HttpResponse:
    """Back from TikTok."""
    if not _tiktok_is_configured():
        raise Http404
    return tiktok.oauth2_callback(request)


# -- settings ---------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """How one logs in, at a glance."""
    user = request.user
    factors = second_factor.factors_of(user)
    context = {
        "factors": factors,
        "codes_left": second_factor.recovery_codes_left(user) if factors.recovery else 0,
        "staff": second_factor.needs_authenticator(user),
        "email": EmailAddress.objects.filter(user=user, primary=True).first(),
        "has_password": user.has_usable_password(),
        "has_sms": bool(settings.SMS_URL),
        "has_tiktok": _tiktok_is_configured(),
        "tiktok": SocialAccount.objects.filter(user=user, provider="tiktok").first(),
    }
    return render(request, "account/security.html", context)


@never_cache
@require_safe
def sessions_list(request: HttpRequest) -> HttpResponse:
    """Where one is logged in."""
    found = sessions.mine(request.user)
    return render(request, "usersessions/usersession_list.html", {"sessions": found, "session_count": len(found)})


@require_POST
def session_end(request: HttpRequest, number: int) -> HttpResponse:
    """Log out one of the other browsers."""
    if sessions.end(request.user, number):
        messages.success(request, _("That session was ended."))
    return redirect("usersessions_list")


@require_POST
def sessions_end(request: HttpRequest) -> HttpResponse:
    """Log out everywhere but here."""
    sessions.end_others(request, request.user)
    messages.success(request, _("All other sessions were ended."))
    return redirect("usersessions_list")
