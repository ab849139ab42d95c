"""How often programs may call: per key, per shop, and per network address that sends keys which do not exist.

Counted in windows of real time by the shared cache, whose counter cannot be read between two calls: of a burst exactly
as many pass as the limit says. While the cache is away nothing is counted: the limits spare the servers, no rule rests
on them.
"""

from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

from seller_center.kernel.clock import real_now
from seller_center.kernel.errors import DomainError
from seller_center.kernel.text import counted


class TooOften(DomainError):
    """More calls than the limit allows; ``retry_after``: seconds until the next window."""

    status = 429
    code = "too_often"

    def __init__(self, retry_after: int) -> None:
        super().__init__(_("Too many requests. Try again in %(wait)s.") % {"wait": counted(retry_after, "seconds")})
        self.retry_after = retry_after


def count(kind: str, who: Any) -> None:
    """Count a call of ``who`` against the limit of this kind (``settings.API_RATE_LIMITS``); ``TooOften`` beyond it."""
    most, seconds = settings.API_RATE_LIMITS[kind]
    window, passed = divmod(int(real_now().timestamp()), seconds)
    if _counted(f"api:{kind}:{who}:{window}", seconds) > most:
        raise TooOften(seconds - passed)


def _counted(name: str, seconds: int) -> int:
    """The number of this call in its window; 0 while the cache is away."""
    try:
        return cache.incr(name)
    except ValueError:
        cache.add(name, 0, 2 * seconds)  # of two at once one begins the window, and both are counted
    try:
        return cache.incr(name)
    except ValueError:
        return 0
