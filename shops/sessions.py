"""How long a log-in lasts, and how it is ended: idle and absolute limits, rotation, the list of sessions.

All of it on real time. The moments stand in the session itself, which every page reads anyway; they are written anew
only every few minutes, so that a page costs no query for it.
"""

import logging
from dataclasses import dataclass
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest

from seller_center.kernel import clock

log = logging.getLogger(__name__)

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
#: How exactly the last use of a session is known.
TOUCH_EVERY = 5 * MINUTE

BEGAN, SEEN = "began_at", "seen_at"


@dataclass(frozen=True)
class Limits:
    """Seconds without use, and seconds since log-in, after which a session is over."""

    idle: int
    absolute: int


STAFF = Limits(idle=HOUR, absolute=12 * HOUR)
OTHERS = Limits(idle=12 * HOUR, absolute=14 * DAY)


def limits_of(user) -> Limits:
    """The limits for this person (reliability.md G5)."""
    return STAFF if user.is_staff else OTHERS


def real_seconds() -> float:
    """The real moment as seconds since 1970, as sessions keep it."""
    return clock.real_now().timestamp()


def begin(request: HttpRequest) -> None:
    """A log-in has just happened."""
    request.session[BEGAN] = request.session[SEEN] = real_seconds()


def is_over(request: HttpRequest, user) -> bool:
    """Was this session unused for too long, or does it last too long?

    One without its moments (made by other means than our log-in) is measured by the person's last log-in.
    """
    now, limits = real_seconds(), limits_of(user)
    began = request.session.get(BEGAN)
    if began is None:
        began = user.last_login.timestamp() if user.last_login else now
    seen = request.session.get(SEEN, now)
    return now - began > limits.absolute or now - seen > limits.idle


def touch(request: HttpRequest) -> None:
    """The session is being used."""
    now = real_seconds()
    if now - request.session.get(SEEN, now) < TOUCH_EVERY:
        return
    request.session[SEEN] = now
    UserSession.objects.filter(session_key=request.session.session_key).update(
        last_seen_at=clock.real_now(),
        ip=get_adapter().get_client_ip(request),
        user_agent=request.META.get("HTTP_USER_AGENT", "")[:200],
    )


def rotate(request: HttpRequest) -> None:
    """Give the session a new key: whoever knew the old one has nothing."""
    old = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=old).update(session_key=request.session.session_key)


def mine(user) -> list[UserSession]:
    """The living sessions of this person, the newest first; dead ones are forgotten."""
    return sorted(UserSession.objects.purge_and_list(user), key=lambda one: (one.last_seen_at, one.pk), reverse=True)


def end(user, number: int) -> bool:
    """End one session of this person."""
    return _end(UserSession.objects.filter(user=user, pk=number)) > 0


def end_others(request: HttpRequest, user) -> int:
    """End all sessions but this one: after a new password, e-mail address, phone number or second factor."""
    return _end(UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key))


def end_all(user) -> int:
    """End every session of this person."""
    return _end(UserSession.objects.filter(user=user))


def _end(rows: Any) -> int:
    ended = list(rows)
    for one in ended:
        one.end()
    return len(ended)
