"""People at the door: clients that are logged in with or without their second factor, and codes as people read them."""

import re
import time
from typing import Any

from django.core import mail
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from shops import second_factor, sms

KEY = "ab" * 20


def make_authenticator(user, key: str = KEY) -> TOTPDevice:
    """The confirmed authenticator of this person."""
    found = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    return found or TOTPDevice.objects.create(user=user, name="Authenticator", key=key, confirmed=True)


def code_of(device: TOTPDevice, *, steps: int = 0) -> str:
    """What the authenticator shows now (``steps``: that many half minutes later)."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time() + steps * device.step
    return f"{totp.token():06d}"


def verified_client(user, **options: Any) -> Client:
    """A client logged in as this person, whose session has a second factor that is fresh."""
    device = make_authenticator(user)
    client = Client(**options)
    client.force_login(user)
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session[second_factor.FACTOR_AT] = time.time()
    session.save()
    return client


def make_stale(client: Client, seconds: int = 3600) -> Client:
    """The second factor of this client was given a while ago."""
    session = client.session
    session[second_factor.FACTOR_AT] = time.time() - seconds
    session.save()
    return client


def password_client(user, **options: Any) -> Client:
    """A client that holds a session of this person by password alone, however it came by it."""
    client = Client(**options)
    client.force_login(user)
    return client


def mailed_code(to: str) -> str:
    """The code in the newest mail to this address."""
    text = next(one for one in reversed(mail.outbox) if to in one.to).body
    return re.search(r"^([A-Z]{4}-[A-Z]{4}|\d{6})$", text, re.M)[1]


def texted_code(to: str) -> str:
    """The code in the newest text message to this number."""
    return re.match(r"(\d{6}) ", next(text for number, text in reversed(sms.outbox) if number == to))[1]
