"""What stands between the first factor and being logged in: a confirmed address or number, then the second factor."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.stages import EmailVerificationStage, LoginStage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from shops import second_factor

#: First factors that come by mail.
MAILED = ("code", "password_reset")


class VerifyEmailStage(EmailVerificationStage):
    """An e-mail address must be confirmed; who signed up by phone has none and has confirmed the number instead."""

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = self.login.user
        if user is not None and not user.email and user.phone and user.phone_verified:
            return None, True
        return super().handle()


class SecondFactorStage(LoginStage):
    """Whoever has a second factor is logged in only with it: after a password, a code, TikTok and a reset alike."""

    key = "second_factor"
    urlname = "second_factor_challenge"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = self.login.user
        if user is None or not second_factor.has_one(user):
            return None, True
        self.state["seen"] = user.get_session_auth_hash()
        return HttpResponseRedirect(reverse(self.urlname)), True

    def still_holds(self) -> bool:
        """Is the first factor still good? Not after the password was changed while the question stood open."""
        user = self.login.user
        return user is not None and user.is_active and self.state.get("seen") == user.get_session_auth_hash()


def came_by_mail(request: HttpRequest, user: Any) -> bool:
    """Was the first factor of this session something that we sent to the person's mailbox?"""
    records = get_authentication_records(request, user)
    last = records[-1] if records else {}
    return last.get("method") in MAILED and not last.get("phone")
