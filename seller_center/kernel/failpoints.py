"""Named places at which a test may let the process die or fail: `failpoint("payout.after_bank")`.

A no-op unless armed through the environment: `FAILPOINTS="payout.after_bank=exit:2 import.after_chunk=raise"` ends the
process (`os._exit(9)`, as a kill would) at the second pass of the first name and raises at the first of the second.
"""

import os
from collections import Counter
from dataclasses import dataclass

VARIABLE = "FAILPOINTS"
EXIT_STATUS = 9


class FailpointReached(RuntimeError):
    """Raised by a failpoint armed with `raise`. Not a refusal: it must crash whatever it hits."""


@dataclass(frozen=True, slots=True)
class _Armed:
    action: str
    at_pass: int


_passes: Counter[str] = Counter()
_armed: dict[str, _Armed] = {}


def failpoint(name: str) -> None:
    """Nothing in production; in a test that armed `name`, the end of the process or an exception."""
    if not _armed:
        return
    _passes[name] += 1
    arm = _armed.get(name)
    if arm is None or _passes[name] != arm.at_pass:
        return
    if arm.action == "exit":
        os._exit(EXIT_STATUS)
    raise FailpointReached(name)


def arm(text: str) -> None:
    """Arm failpoints from a text like the environment's; an empty one disarms all. Counts begin anew."""
    _passes.clear()
    _armed.clear()
    for item in text.split():
        name, __, deed = item.partition("=")
        action, __, at_pass = deed.partition(":")
        if action not in {"exit", "raise"}:
            raise ValueError(f"{VARIABLE}: {item!r} is not name=exit[:pass] or name=raise[:pass]")
        _armed[name] = _Armed(action, int(at_pass or 1))


def passes(name: str) -> int:
    """How often an armed process came by."""
    return _passes[name]


arm(os.environ.get(VARIABLE, ""))
