"""The names of everything that can go otherwise than well, and how they are chosen.

A scenario is a set of names, written `R03+duplicate`. Some bend the answer, some the callbacks, some the outcome.
"""

from sandbox.web import Refused

ANSWERS = {
    "late": "done, but answered only after some seconds",
    "error_done": "done, but answered with 500 the first time",
    "timeout_done": "done, but never answered the first time",
}
CALLBACKS = {
    "duplicate": "each callback is delivered twice",
    "reorder": "the first callback is delivered after the second",
    "late_callback": "callbacks come a day late",
    "no_callback": "no callback comes at all",
    "wrong_amount": "callbacks name an amount that is one too high",
}
OUTCOMES = {
    "payment": {
        "declined": "the card is declined",
        "insufficient": "the card is declined for lack of funds",
        "slow": "pending, authorized a minute later",
        "very_late": "pending, authorized forty minutes later",
    },
    "carrier": {
        "delay": "arrives two to four days later, and the carrier says so",
        "lost": "no scan after the first one under way, declared lost after fifteen days",
        "damaged": "damaged under way and returned to the sender",
        "returned": "cannot be delivered and is returned to the sender",
        "no_pickup": "is not collected until it is handed over",
    },
    "bank": {
        "rejected": "refused at once",
        "silent": "accepted, and then nothing is ever heard or seen of it",
        "pruned": "the bank forgets the key after 24 hours, and would pay it again",
    }
    | {f"R{code:02}": "settled, then returned with this code" for code in range(1, 30)},
}


def names(service: str) -> dict[str, str]:
    return ANSWERS | CALLBACKS | OUTCOMES[service]


def parse(text: object, service: str) -> tuple[str, ...]:
    """The names in `text`, refusing one that the service does not know."""
    chosen = tuple(dict.fromkeys(str(text or "").replace(" ", "").split("+")))
    unknown = [name for name in chosen if name and name not in names(service)]
    if unknown:
        raise Refused(422, "unknown_scenario", f"The {service} sandbox knows no scenario “{unknown[0]}”.")
    return tuple(name for name in chosen if name)


def outcome(scenario: tuple[str, ...], service: str) -> str:
    """The one name that decides what becomes of it, or ""."""
    return next((name for name in scenario if name in OUTCOMES[service]), "")
