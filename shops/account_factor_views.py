"""The second factor on screen: the question at log-in and in between, setting up, recovery codes, removing."""

import logging
from typing import Any

import segno
from allauth.account.adapter import get_adapter
from allauth.account.internal.stagekit import clear_login
from allauth.account.stages import LoginStageController
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from seller_center.kernel import clock
from seller_center.kernel.deeds import explain
from seller_center.kernel.errors import DomainError
from shops import second_factor, sessions, step_up
from shops.account_forms import FactorForm, consume_or_refuse
from shops.account_views import proved
from shops.login_stages import SecondFactorStage, came_by_mail

log = logging.getLogger(__name__)

WORDS = {"authenticator": gettext_lazy("Authenticator app"), "email": gettext_lazy("Code by e-mail")}


# -- the question -----------------------------------------------------------------------------------------------------


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def challenge(request: HttpRequest) -> HttpResponse:
    """The question during log-in: the person is not logged in yet."""
    stage = LoginStageController.enter(request, SecondFactorStage.key)
    if not isinstance(stage, SecondFactorStage):
        return redirect("landing" if request.user.is_authenticated else "account_login")
    if not stage.still_holds():
        clear_login(request)
        messages.info(request, _("Something about this account has changed, so please log in again."))
        return redirect("account_login")
    user = stage.login.user
    by_mail = came_by_mail(request, user)
    form, device = _asked(request, user, mailbox_used=by_mail)
    if device is None:
        return _question(request, "otp/challenge.html", user, form, mailbox_used=by_mail)
    answer = stage.exit()
    second_factor.mark_verified(request, device)
    return answer


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """The question in between: before a sensitive deed, and for a session that got here without."""
    user, back = request.user, step_up.safe_next(request)
    if not second_factor.has_one(user):
        return redirect(f"{reverse('authenticator_setup')}?{urlencode({'next': back})}")
    form, device = _asked(request, user)
    replay = step_up.opened(request, request.POST.get("replay", ""))
    if device is None:
        sealed = request.POST.get("replay", "") if replay else ""
        return _question(request, "otp/check.html", user, form, replay=sealed, next=back)
    second_factor.mark_verified(request, device)
    sessions.rotate(request)
    return render(request, "otp/continue.html", {"replay": replay}) if replay else redirect(back)


def _asked(request: HttpRequest, user: Any, *, mailbox_used: bool = False) -> tuple[FactorForm, Any]:
    """The form, and the device whose code was given; sends the code by mail where that was asked for."""
    if request.method != "POST" or "code" not in request.POST:
        return FactorForm(), None
    if request.POST.get("action") == "mail":
        device = second_factor.factors_of(user).email
        if device is not None and second_factor.mail_counts(user, mailbox_used=mailbox_used):
            second_factor.send_code(device)
            messages.info(request, _("If a minute has passed since the last one, a new code is on its way to you."))
        return FactorForm(), None
    form = FactorForm(request.POST)
    if not form.is_valid() or not consume_or_refuse("second_factor", str(user.pk), form):
        return form, None
    try:
        return form, second_factor.match(user, form.cleaned_data["code"], mailbox_used=mailbox_used)
    except DomainError as error:
        explain(form, error)
        return form, None


def _question(
    request: HttpRequest, template: str, user: Any, form: FactorForm, *, mailbox_used: bool = False, **more: Any
) -> HttpResponse:
    context = {"form": form, **second_factor.question(user, mailbox_used=mailbox_used), **more}
    return render(request, template, context, status=422 if form.errors else 200)


# -- setting up -------------------------------------------------------------------------------------------------------


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
@proved
def authenticator_setup(request: HttpRequest) -> HttpResponse:
    """Scan, type the first code, done. For the first device the recovery codes follow."""
    device = second_factor.begin_authenticator(request.user)
    form = FactorForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and consume_or_refuse("second_factor", str(device.pk), form):
        try:
            second_factor.confirm(device, form.cleaned_data["code"], at=clock.now())
        except DomainError as error:
            explain(form, error)
        else:
            return _set_up(request, device, "authenticator")
    address = second_factor.authenticator_address(device)
    context = {
        "form": form,
        "next": step_up.safe_next(request, ""),
        "address": address,
        "key": second_factor.readable_key(device),
        "picture": segno.make(address, error="m").svg_data_uri(scale=4, border=3, dark="#14171d", light="#ffffff"),
        "first": not second_factor.has_one(request.user),
        "staff": second_factor.needs_authenticator(request.user),
    }
    return render(request, "otp/authenticator.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
@proved
def email_setup(request: HttpRequest) -> HttpResponse:
    """Have codes sent by mail: send one, type it, done."""
    try:
        device = second_factor.begin_email(request.user)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("second_factor")
    form, sent = FactorForm(), request.method == "POST"
    if sent and request.POST.get("action") == "mail":
        second_factor.send_code(device)
    elif sent:
        form = FactorForm(request.POST)
        if form.is_valid() and consume_or_refuse("second_factor", str(device.pk), form):
            try:
                second_factor.confirm(device, form.cleaned_data["code"], at=clock.now())
            except DomainError as error:
                explain(form, error)
            else:
                return _set_up(request, device, "email")
    context = {"form": form, "sent": sent, "next": step_up.safe_next(request, "")}
    return render(request, "otp/email.html", context, status=422 if form.errors else 200)


def _set_up(request: HttpRequest, device: Any, kind: str) -> HttpResponse:
    user, back = request.user, step_up.safe_next(request, reverse("second_factor"))
    second_factor.mark_verified(request, device)
    _changed(request, _("%(device)s was set up.") % {"device": WORDS[kind]})
    if second_factor.recovery_codes_left(user):
        messages.success(request, _("%(device)s is set up.") % {"device": WORDS[kind]})
        return redirect(back)
    return _show_codes(request, back, done=str(WORDS[kind]))


# -- recovery codes and removing --------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "POST"])
@proved
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, shown this once. The old ones are worth nothing from then on."""
    if not second_factor.has_one(request.user):
        return redirect("second_factor")
    if request.method == "GET":
        return render(request, "otp/recovery.html", {"left": second_factor.recovery_codes_left(request.user)})
    _changed(request, _("New recovery codes were made; the old ones are worth nothing now."))
    return _show_codes(request, reverse("second_factor"))


def _show_codes(request: HttpRequest, back: str, *, done: str = "") -> HttpResponse:
    codes = second_factor.new_recovery_codes(request.user, at=clock.now())
    shown = [f"{code[:5]}-{code[5:]}" for code in codes]
    return render(
        request, "otp/recovery_shown.html", {"codes": shown, "text": "\n".join(shown), "next": back, "done": done}
    )


@require_POST
@proved
def removal(request: HttpRequest, kind: str) -> HttpResponse:
    """Take a device away."""
    try:
        second_factor.remove(request.user, kind, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("second_factor")
    if not second_factor.has_one(request.user):
        request.session[second_factor.NO_FACTOR] = True
    _changed(request, _("%(device)s was removed.") % {"device": WORDS[kind]})
    messages.success(request, _("%(device)s was removed.") % {"device": WORDS[kind]})
    return redirect("second_factor")


def _changed(request: HttpRequest, sentence: str) -> None:
    """The way one logs in has changed: a new key for this session, an end to the others, and a mail."""
    sessions.rotate(request)
    sessions.end_others(request, request.user)
    get_adapter(request).send_notification_mail("account/email/second_factor_changed", request.user, {"what": sentence})
    log.info("second factor of user %s: %s", request.user.pk, sentence)
