"""The forms of log-in, sign-up and second factor."""

import hashlib
from typing import Any

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.fields import PhoneField as AllauthPhoneField
from allauth.core import context, ratelimit
from allauth.socialaccount.forms import SignupForm as AllauthSocialSignupForm
from django import forms
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from shops import contacts

SPENT_SECONDS = 3600


class PhoneField(AllauthPhoneField):
    """A phone number in any usual spelling; a national one is read as the default region's. Gives the E.164 form."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Mobile number"))
        super().__init__(validators=[], **kwargs)
        self.widget.attrs = {"autocomplete": "tel", "type": "tel"}

    def clean(self, value: Any) -> str:
        value = forms.CharField.clean(self, value)
        if not value:
            return ""
        number = contacts.phone_number(value)
        if not number:
            raise forms.ValidationError(_("This is no phone number. Begin with + and the code of the country."))
        return number


class ContactField(forms.CharField):
    """One field for both: an e-mail address or, where text messages can be sent, a mobile number."""

    def __init__(self, **kwargs: Any) -> None:
        kind = "text" if settings.SMS_URL else "email"
        attrs = {"type": kind, "autocomplete": kwargs.pop("autocomplete", "username"), "autocapitalize": "none"}
        label = _("E-mail or mobile number") if settings.SMS_URL else _("E-mail")
        super().__init__(
            label=label, max_length=254, widget=forms.TextInput(attrs={**attrs, "spellcheck": "false"}), **kwargs
        )

    def clean(self, value: Any) -> dict[str, str]:
        """``{"email": …}`` or ``{"phone": …}``."""
        text = super().clean(value)
        if address := contacts.email_address(text):
            return {"email": address}
        if settings.SMS_URL and (number := contacts.phone_number(text)):
            return {"phone": number}
        if settings.SMS_URL:
            raise forms.ValidationError(_("This is neither an e-mail address nor a phone number."))
        raise forms.ValidationError(_("This is no e-mail address."))


class LoginForm(allauth_forms.LoginForm):
    """Log in with a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = ContactField()
        self.fields["login"] = forms.CharField(label=asked.label, max_length=254, widget=asked.widget)
        self.fields["login"].widget.attrs["maxlength"] = "254"
        self.fields["remember"].label = _("Stay logged in on this device")
        self.fields["remember"].initial = True
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.order_fields(["login", "password", "remember"])


class SignupForm(allauth_forms.SignupForm):
    """Sign up with an address or a number and a password; a code confirms it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("email")
        self.fields.pop("phone", None)
        self.fields["contact"] = ContactField(initial=self.initial.get("email"))
        password = self.fields["password1"]
        password.widget.attrs.pop("placeholder", None)
        password.help_text = _("At least 12 characters. A few words in a row are easy to remember and hard to guess.")
        self.order_fields(["contact", "password1"])

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data.pop("contact", {})
        self.cleaned_data |= {"email": given.get("email", ""), "phone": given.get("phone", "")}
        super().clean()
        if not self.errors:
            contacts.forget_unconfirmed(**given)
            self.account_already_exists = bool(contacts.owners(**given))
        return self.cleaned_data

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            make_password(self.cleaned_data.get("password1"))  # as long as a real sign-up takes
        return super().try_save(request)


class SocialSignupForm(AllauthSocialSignupForm):
    """After the first log-in with TikTok, which gives no address: ask for one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("phone", None)
        self._has_phone_field = False
        email = self.fields["email"]
        email.label, email.required = _("E-mail"), True
        email.widget = forms.EmailInput(attrs={"autocomplete": "email"})

    def clean_email(self) -> str:
        contacts.forget_unconfirmed(email=contacts.email_address(self.cleaned_data["email"]))
        return super().clean_email()


class RequestLoginCodeForm(forms.Form):
    """Ask for a code by mail or text. The answer is the same whether there is such an account or not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact"] = ContactField()
        self._user: Any = None

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data.get("contact")
        if not given:
            return self.cleaned_data
        name = given.get("email") or given["phone"]
        if not ratelimit.consume(context.request, action="request_login_code", key=name):
            raise get_adapter().validation_error("too_many_login_attempts")
        user = contacts.find(name)
        # An account that nobody has confirmed is none yet: its password may be a stranger's.
        self._user = user if user is not None and user.is_active and contacts.is_confirmed(user) else None
        return {**self.cleaned_data, **given}


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """Forgotten password: a code by mail. Who has a phone number only logs in by text and sets a new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail")
        self.fields["email"].widget.attrs.pop("placeholder", None)


class CodeOnce:
    """A mailed or texted code counts once, even if it is sent many times at once, and cannot be guessed in parallel."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        code = self.fields["code"]
        code.max_length = 20
        code.widget.attrs = {
            "autocomplete": "one-time-code",
            "autocapitalize": "characters",
            "spellcheck": "false",
            "class": "code-box",
            "maxlength": "20",
        }

    def clean_code(self) -> str:
        key = context.request.session.session_key or ""
        if not ratelimit.consume(context.request, action="confirm_code", key=key):
            raise get_adapter().validation_error("too_many_login_attempts")
        code = super().clean_code()  # type: ignore[misc]
        spent = hashlib.sha256(f"{key}:{self.expected_code}".encode()).hexdigest()  # type: ignore[attr-defined]
        if not cache.add(f"account:spent:{spent}", True, SPENT_SECONDS):
            raise get_adapter().validation_error("incorrect_code")
        return code


class ConfirmLoginCodeForm(CodeOnce, allauth_forms.ConfirmLoginCodeForm):
    """The code to log in with."""


class ConfirmEmailCodeForm(CodeOnce, allauth_forms.ConfirmEmailVerificationCodeForm):
    """The code that confirms an address."""


class ConfirmResetCodeForm(CodeOnce, allauth_forms.ConfirmPasswordResetCodeForm):
    """The code to set a new password with."""


class VerifyPhoneForm(CodeOnce, allauth_forms.VerifyPhoneForm):
    """The code that confirms a number."""


class NewPasswordForm(allauth_forms.ResetPasswordKeyForm):
    """A new password after the code; typed once, since one can look at it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _one_new_password(self)


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    """Another password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Password until now")
        self.fields["oldpassword"].widget.attrs.pop("placeholder", None)
        _one_new_password(self)


class SetPasswordForm(allauth_forms.SetPasswordForm):
    """The first password of somebody who logs in by code or TikTok."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _one_new_password(self)


class ChangeEmailForm(allauth_forms.AddEmailForm):
    """Another address; it counts when it is confirmed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New address")
        self.fields["email"].widget = forms.EmailInput(attrs={"autocomplete": "email"})


class ReauthenticateForm(allauth_forms.ReauthenticateForm):
    """The password once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs.pop("placeholder", None)


def _one_new_password(form: forms.Form) -> None:
    form.fields.pop("password2", None)
    new = form.fields["password1"]
    new.label = _("New password")
    new.widget.attrs.pop("placeholder", None)
    new.help_text = _("At least 12 characters. A few words in a row are easy to remember and hard to guess.")


class FactorForm(forms.Form):
    """A code of the authenticator, a mailed one, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=24,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "spellcheck": "false", "class": "code-box", "autofocus": True}
        ),
    )


def consume_or_refuse(action: str, key: str, form: forms.Form) -> bool:
    """Count one try; when there were too many, the form says so and the try is not made."""
    if ratelimit.consume(context.request, action=action, key=key):
        return True
    form.add_error(None, str(get_adapter().error_messages["too_many_login_attempts"]))
    return False
