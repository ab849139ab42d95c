"""When the product's clock is moved, the sandbox's goes along, so that scans, settlements and returns become due."""

import logging

from django.conf import settings

from orders import sandbox
from seller_center.kernel.http import HttpRefused, Unreachable

log = logging.getLogger(__name__)


def push_offset(seconds: int) -> bool:
    """Tell the sandbox how far the clock is ahead of real time; whether it took it.

    What is due by then has happened in the sandbox when this returns; the callbacks follow. Without a sandbox, or with
    one that is not running, time passes all the same: the offset is absolute, so the next push catches up.
    """
    if not settings.SANDBOX_URL:
        return False
    try:
        sandbox.post("/clock", {"offset_seconds": seconds}, key=f"clock:{seconds}")
    except (HttpRefused, Unreachable) as error:
        log.warning("The sandbox did not follow the clock: %s", error)
        return False
    return True
