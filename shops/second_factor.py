"""The second factor: which devices a person has, matching a code, and how recently that was.

django-otp is the only store. A code is matched through ``django_otp`` only, which locks the device's row first: a code
that arrives 32 times at once is accepted once. ``ask_for_fresh_factor`` is what sensitive deeds call (DEC17).
"""

import datetime as dt
import re
import secrets
import unicodedata
from base64 import b32encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import django_otp
from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from seller_center.kernel import clock
from seller_center.kernel.codes import ALPHABET
from seller_center.kernel.crypto import blind_index
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.text import counted
from shops import account_trail, sessions
from shops.account_trail import HOME_MARKET
from shops.policy_book import policy_for
from shops.scope import scope

FACTOR_AT = "factor_at"  # in the session: when a code was last matched, on real time
NO_FACTOR = "no_factor"  # in the session: at log-in this person had none
#: The devices that are a second factor by themselves, by the word that the house has for them.
KINDS: dict[str, type[Device]] = {"authenticator": TOTPDevice, "email": EmailDevice}
RECOVERY_CODES = 10
RECOVERY_LENGTH = 10


class WrongCode(Invalid):
    """The code is wrong, used, or too old."""


class TooManyTries(Invalid):
    """After wrong codes the device waits, each time twice as long."""


class FactorNeeded(DomainError):
    """Staff may exchange their authenticator but not go without."""


class NotByThisMailbox(Invalid):
    """Both factors would be the same mailbox."""


@dataclass(frozen=True)
class Factors:
    """The confirmed devices of a person."""

    authenticator: TOTPDevice | None
    email: EmailDevice | None
    recovery: StaticDevice | None

    @property
    def any(self) -> bool:
        """Is there a second factor at all? Recovery codes alone are none, they only stand in for one."""
        return self.authenticator is not None or self.email is not None


def factors_of(user) -> Factors:
    """What this person has set up."""
    return Factors(*(_first(model, user) for model in (TOTPDevice, EmailDevice, StaticDevice)))


def _first(model: type[Device], user) -> Any:
    return model.objects.filter(user=user, confirmed=True).order_by("pk").first()


def has_one(user) -> bool:
    """Has this person a second factor? One query."""
    totp, email = (model.objects.filter(user=user, confirmed=True).values("pk") for model in (TOTPDevice, EmailDevice))
    return totp.union(email, all=True).exists()


def needs_authenticator(user) -> bool:
    """Staff need one always; a code by mail is not enough for them."""
    return user.is_staff


def is_verified(user) -> bool:
    """Was a second factor given in this session, and one that is good enough for this person?"""
    device = getattr(user, "otp_device", None)
    return device is not None and not (needs_authenticator(user) and isinstance(device, EmailDevice))


# -- matching a code --------------------------------------------------------------------------------------------------


def match(user, code: str, *, mailbox_used: bool = False) -> Device:
    """Accept a code of any of the person's devices, once. Raises ``WrongCode`` or ``TooManyTries``.

    ``mailbox_used``: the first factor was a mail; then a code by mail proves nothing more and is not accepted.
    """
    device = (
        django_otp.match_token(user, _digest(text) if _is_recovery(text := normal(code)) else text) if code else None
    )
    if device is None:
        _refuse_while_waiting(user)
        raise WrongCode(_("This code is wrong, or it was used already. Wait for the next one."), field="code")
    if isinstance(device, EmailDevice) and mailbox_used:
        raise NotByThisMailbox(_("You came by a mail, so a code by mail is no second factor."), field="code")
    return device


def normal(code: str) -> str:
    """The code without what people type around it; nothing if a sign is left that no code has."""
    text = unicodedata.normalize("NFKC", code)
    text = re.sub(r"[\s\-–.]", "", text).upper()
    return text if re.fullmatch(r"[0-9A-Z]{6,16}", text, re.ASCII) else "-"


def _is_recovery(text: str) -> bool:
    return not text.isdigit() and text != "-"


def _digest(text: str) -> str:
    """What is kept of a recovery code: 16 signs of a keyed digest, whose key is not in the database."""
    return blind_index(text, "recovery_code")[:16]


def _refuse_while_waiting(user) -> None:
    now, waits = clock.real_now(), []
    for device in django_otp.devices_for_user(user):
        allowed, why = device.verify_is_allowed()
        if not allowed and device.throttling_failure_count > 2 and "locked_until" in why:
            waits.append(int((why["locked_until"] - now).total_seconds()) + 1)
    if waits:
        raise TooManyTries(
            _("Too many wrong codes. Wait %(time)s, then try again.") % {"time": counted(min(waits), "seconds")},
            field="code",
        )


def mark_verified(request: HttpRequest, device: Device) -> None:
    """The person of this session has just given a code of this device."""
    django_otp.login(request, device)
    request.session.pop(NO_FACTOR, None)
    request.session[FACTOR_AT] = sessions.real_seconds()


def mail_counts(user, *, mailbox_used: bool) -> bool:
    """Would a code by mail be a second factor for this person, now?"""
    return not mailbox_used and not needs_authenticator(user)


def question(user, *, mailbox_used: bool = False) -> dict[str, bool]:
    """What the page that asks for a code offers."""
    factors = factors_of(user)
    return {
        "has_authenticator": factors.authenticator is not None,
        "has_recovery": factors.recovery is not None,
        "can_mail": factors.email is not None and mail_counts(user, mailbox_used=mailbox_used),
        "only_mail": factors.authenticator is None,
    }


# -- freshness --------------------------------------------------------------------------------------------------------


def fresh_seconds(shop: Any = None) -> int:
    """For how long a code counts as fresh, by the policy of the shop's market."""
    policy = policy_for(shop if shop is not None else HOME_MARKET, clock.real_now())
    return policy.security.fresh_factor_minutes * 60


def is_fresh(request: HttpRequest) -> bool:
    """Was a second factor given in this session within the last minutes of the policy?"""
    given = request.session.get(FACTOR_AT)
    if given is None or not is_verified(request.user):
        return False
    return 0 <= sessions.real_seconds() - given <= fresh_seconds(getattr(request, "shop", None))


def ask_for_fresh_factor(request: HttpRequest) -> HttpResponse | None:
    """None if a fresh second factor was given; else the answer that asks for it, or leads to setting one up.

    What was typed into a form is not lost: it travels through the question (see ``shops.step_up``).
    """
    if is_fresh(request):
        return None
    from shops import step_up  # a door: it knows forms and templates

    return step_up.ask(request) if has_one(request.user) else step_up.lead_to_setup(request)


# -- setting up and removing ------------------------------------------------------------------------------------------


def begin_authenticator(user) -> TOTPDevice:
    """The authenticator that this person is about to confirm: the same key until it is confirmed."""
    device = TOTPDevice.objects.filter(user=user, confirmed=False).order_by("-pk").first()
    return device or TOTPDevice.objects.create(user=user, name=str(_("Authenticator")), confirmed=False)


def readable_key(device: TOTPDevice) -> str:
    """The key of an authenticator as one types it: base 32 in groups of four."""
    key = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))


def authenticator_address(device: TOTPDevice) -> str:
    """What the QR code says (the key URI format of authenticator apps)."""
    issuer = settings.OTP_TOTP_ISSUER
    told = {
        "secret": readable_key(device).replace(" ", ""),
        "issuer": issuer,
        "digits": device.digits,
        "period": device.step,
    }
    return f"otpauth://totp/{quote(f'{issuer}:{_name_of(device.user)}')}?{urlencode(told, quote_via=quote)}"


def _name_of(user) -> str:
    return user.email or (user.phone.as_e164 if user.phone else str(user.pk))


def send_code(device: EmailDevice) -> None:
    """Send a code by mail, at most one a minute."""
    device.generate_challenge()


def begin_email(user) -> EmailDevice:
    """The code by mail that this person is about to confirm. Refuses where it would be no second factor."""
    if needs_authenticator(user):
        raise FactorNeeded(_("Staff use an authenticator app."))
    if not user.email:
        raise Invalid(_("Add an e-mail address to your account first."))
    if not user.has_usable_password():
        raise NotByThisMailbox(
            _("You log in by a code already, so set a password first: both by one mailbox would be one factor.")
        )
    device = EmailDevice.objects.filter(user=user, confirmed=False).order_by("-pk").first()
    return device or EmailDevice.objects.create(user=user, name=str(_("Code by e-mail")), confirmed=False)


def confirm(device: Device, code: str, *, at: dt.datetime) -> None:
    """The first code of a new device is right: from now on it counts, and an older one of its kind does not."""
    if django_otp.verify_token(device.user, device.persistent_id, normal(code)) is None:
        raise WrongCode(_("This code is wrong. Look again: it changes every 30 seconds."), field="code")
    kind = type(device)
    with scope(None, by=device.user):
        kind.objects.filter(user=device.user, confirmed=True).exclude(pk=device.pk).delete()
        kind.objects.filter(pk=device.pk).update(confirmed=True)
        account_trail.record("account.factor_added", person=device.user, at=at, factor=_word_of(kind))
    device.confirmed = True


def _word_of(model: type[Device]) -> str:
    return next(word for word, one in KINDS.items() if one is model)


def new_recovery_codes(user, *, at: dt.datetime) -> list[str]:
    """Make new recovery codes and forget the old ones. The codes are returned once; digests are kept."""
    codes = [_recovery_code() for _number in range(RECOVERY_CODES)]
    with scope(None, by=user):
        StaticDevice.objects.filter(user=user).delete()
        device = StaticDevice.objects.create(user=user, name=str(_("Recovery codes")))
        StaticToken.objects.bulk_create(StaticToken(device=device, token=_digest(code)) for code in codes)
        account_trail.record("account.recovery_codes_made", person=user, at=at)
    return codes


def _recovery_code() -> str:
    """Random signs without look-alikes, at least one of them a letter: six digits would be another kind of code."""
    code = "".join(secrets.choice(ALPHABET) for _number in range(RECOVERY_LENGTH))
    return _recovery_code() if code.isdigit() else code


def recovery_codes_left(user) -> int:
    """How many recovery codes were not used yet."""
    return StaticToken.objects.filter(device__user=user).count()


def remove(user, kind: str, *, at: dt.datetime) -> None:
    """Take the ``authenticator`` or ``email`` device away; with the last one go the recovery codes."""
    if kind == "authenticator" and needs_authenticator(user):
        raise FactorNeeded(_("Staff need an authenticator. You can exchange it for another one."))
    with scope(None, by=user):
        gone, _models = KINDS[kind].objects.filter(user=user).delete()
        if not has_one(user):
            StaticDevice.objects.filter(user=user).delete()
        if gone:
            account_trail.record("account.factor_removed", person=user, at=at, factor=kind)


def remove_all(user) -> None:
    """Take every device away and end every session: a person who lost them all proved who they are to staff."""
    for model in (TOTPDevice, EmailDevice, StaticDevice):
        model.objects.filter(user=user).delete()
    sessions.end_all(user)


def seed_authenticator(user, key_hex: str) -> TOTPDevice:
    """Give a person of the demo an authenticator with a known key (``manage.py demo_code`` prints its code)."""
    TOTPDevice.objects.filter(user=user).delete()
    device = TOTPDevice.objects.create(user=user, name="Demo", key=key_hex, confirmed=True)
    sessions.end_all(user)
    return device


def demo_devices(email: str = "") -> list[TOTPDevice]:
    """The authenticators of staff, or of the one person with this address: for the demo."""
    people = get_user_model().objects.filter(is_active=True)
    people = people.filter(email=email.strip().lower()) if email else people.filter(is_staff=True)
    rows = TOTPDevice.objects.filter(user__in=people, confirmed=True).select_related("user")
    return list(rows.order_by("user__email", "pk"))
