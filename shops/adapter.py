"""Where django-allauth asks us: who signs up, how one is reached, what a log-in needs and what follows it."""

import hashlib
import logging
import smtplib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops import account_trail, contacts, known_devices, second_factor, sessions, sms
from shops.models import User
from shops.scope import scope

log = logging.getLogger(__name__)

#: One sentence, whatever was wrong: which of the two it was is nobody's business.
DO_NOT_FIT = _("These do not fit together. Check both and try again.")


class AccountAdapter(DefaultAccountAdapter):
    """Ours: e-mail or phone, second factor by django-otp, mails that never stop a log-in, limits per account."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account is closed."),
        "email_password_mismatch": DO_NOT_FIT,
        "phone_password_mismatch": DO_NOT_FIT,
        "username_password_mismatch": DO_NOT_FIT,
        "incorrect_code": _("This code is wrong."),
        "incorrect_password": _("This password is wrong."),
        "too_many_login_attempts": _("Too many tries. Wait a few minutes, or log in with a code."),
        "rate_limited": _("That was too quick. Wait a moment and try again."),
        "email_taken": _("This address cannot be used."),
        "phone_taken": _("This number cannot be used."),
    }

    def get_login_stages(self) -> list[str]:
        return [
            "allauth.account.stages.LoginByCodeStage",
            "allauth.account.stages.PhoneVerificationStage",
            "shops.login_stages.VerifyEmailStage",
            "shops.login_stages.SecondFactorStage",
        ]

    # -- signing up ---------------------------------------------------------------------------------------------------

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        data = form.cleaned_data
        user.email = data.get("email") or None
        user.phone = data.get("phone") or None
        user.date_joined = clock.now()
        password = data.get("password1")
        if password:
            user.set_password(password)
        else:
            user.set_unusable_password()
        if commit:
            user.save()
        return user

    # -- logging in ---------------------------------------------------------------------------------------------------

    def login(self, request: HttpRequest, user: User) -> None:
        self._logged_in_before = user.last_login is not None
        super().login(request, user)
        sessions.begin(request)
        if not second_factor.has_one(user):
            request.session[second_factor.NO_FACTOR] = True

    def post_login(self, request: HttpRequest, user: User, **told: Any) -> HttpResponse:
        response = super().post_login(request, user, **told)
        is_new = known_devices.remember(request, response, user, at=clock.real_now())
        if is_new and getattr(self, "_logged_in_before", False) and not told.get("signup"):
            self.send_notification_mail("account/email/new_device", user)
        return response

    def is_safe_url(self, url: str) -> bool:
        """Where one may go on to: this host. Other names of the installation are for machines, and nobody is sent there."""
        request = context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("landing")

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """What wrong passwords are counted under: the account, however its name is spelled, and apart from that the
        browsers that its owner has used before, so that strangers cannot lock the owner out.
        """
        typed = credentials.get("email") or credentials.get("phone") or credentials.get("username") or ""
        user = contacts.find(typed)
        if user is None:
            return hashlib.sha256(contacts.spelled_alike(typed).encode()).hexdigest()
        place = "known" if known_devices.is_known(request, user) else "anywhere"
        return f"account:{user.pk}:{place}"

    # -- password -----------------------------------------------------------------------------------------------------

    def set_password(self, user: User, password: str) -> None:
        """The first one, another one, or one in place of a forgotten one."""
        with scope(None, by=user):
            super().set_password(user, password)
            account_trail.record("account.password_changed", person=user, at=clock.now())

    # -- addresses and numbers ----------------------------------------------------------------------------------------

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:
        changed = request.user.is_authenticated  # else it is the address with which somebody signs up
        with scope(None, by=email_address.user):
            confirmed = super().confirm_email(request, email_address)
            if confirmed and changed:
                account_trail.record("account.email_changed", person=email_address.user, at=clock.now())
        if confirmed and changed:
            sessions.end_others(request, request.user)
        return confirmed

    def phone_form_field(self, **kwargs: Any) -> Any:
        from shops.account_forms import PhoneField

        return PhoneField(**kwargs)

    def get_user_by_phone(self, phone: str) -> User | None:
        number = contacts.phone_number(phone)
        return User.objects.filter(phone=number).first() if number else None

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone.as_e164, user.phone_verified) if user.phone else None

    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        user.phone, user.phone_verified = phone, verified
        user.save(update_fields=["phone", "phone_verified"])

    def set_phone_verified(self, user: User, phone: str) -> None:
        changed = user.phone is not None and user.phone.as_e164 != phone
        request = context.request
        own = request.user.is_authenticated and request.user.pk == user.pk  # else it is the number of a sign-up
        with scope(None, by=user):
            self.set_phone(user, phone, True)
            if own:
                account_trail.record("account.phone_changed", person=user, at=clock.now())
        if own:
            sessions.end_others(request, user)
            self.send_notification_mail("account/email/phone_changed", user, {"phone": phone, "changed": changed})

    # -- mails and texts ----------------------------------------------------------------------------------------------

    def format_email_subject(self, subject: str) -> str:
        return str(subject)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Links begin with PUBLIC_URL, not with the host of the request; a mail server that is down stops nobody."""
        told = {
            **context,
            "site_url": settings.PUBLIC_URL,
            "signup_url": settings.PUBLIC_URL + reverse("account_signup"),
            "password_reset_url": settings.PUBLIC_URL + reverse("account_reset_password"),
            "sessions_url": settings.PUBLIC_URL + reverse("usersessions_list"),
            "lost_access_url": settings.PUBLIC_URL + reverse("lost_access"),
        }
        try:
            super().send_mail(template_prefix, email, told)
        except (OSError, smtplib.SMTPException):
            log.exception("A mail was not sent: %s", template_prefix)
            self._say_not_sent(_("We cannot send mails right now. Please try again in a few minutes."))

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Something about the account has changed. Who has no address gets a text message."""
        if email or user.email:
            super().send_notification_mail(template_prefix, user, context, email or user.email)
        elif user.phone and user.phone_verified:
            self._text(user.phone.as_e164, _("Seller Center: your account was changed, or somebody logged in to it."))

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        self._text(phone, _("%(code)s is your code for Seller Center. Give it to nobody.") % {"code": code})

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        self._text(phone, _("Seller Center: there is no account with this number. You can create one."))

    def send_account_already_exists_sms(self, phone: str) -> None:
        self._text(phone, _("Seller Center: you have an account with this number already. Log in with a code."))

    def _text(self, phone: str, text: Any) -> None:
        try:
            sms.send_sms(phone, str(text))
        except DomainError as error:
            self._say_not_sent(error)

    def _say_not_sent(self, sentence: Any) -> None:
        messages.error(context.request, str(sentence))
