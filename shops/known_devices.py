"""Browsers that a person has logged in from before: told by a cookie, of which we keep the digest only.

A log-in from another browser is told to the person by mail. And wrong passwords from elsewhere do not lock out the
person at their own browser: the limit counts the two apart (reliability.md G1).
"""

import datetime as dt
import hashlib
import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from shops.models import KnownDevice

TWO_YEARS = 2 * 365 * 24 * 3600


def is_known(request: HttpRequest, user) -> bool:
    """Has this person logged in from this browser before?"""
    token = request.COOKIES.get(settings.KNOWN_DEVICE_COOKIE_NAME, "")
    return bool(token) and KnownDevice.objects.filter(user=user, cookie_sha256=_digest(token)).exists()


def remember(request: HttpRequest, response: HttpResponse, user, *, at: dt.datetime) -> bool:
    """Note that this person logged in from this browser. Returns whether it is a new one for them."""
    token = request.COOKIES.get(settings.KNOWN_DEVICE_COOKIE_NAME, "") or secrets.token_urlsafe(32)
    browser = request.META.get("HTTP_USER_AGENT", "")[:200]
    _row, made = KnownDevice.objects.update_or_create(
        user=user,
        cookie_sha256=_digest(token),
        defaults={"last_used_at": at, "user_agent": browser},
        create_defaults={"first_used_at": at, "last_used_at": at, "user_agent": browser},
    )
    response.set_cookie(
        settings.KNOWN_DEVICE_COOKIE_NAME,
        token,
        max_age=TWO_YEARS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return made


def forget_all(user) -> None:
    """Know none of this person's browsers any more: after the password was lost or taken."""
    KnownDevice.objects.filter(user=user).delete()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
