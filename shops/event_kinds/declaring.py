"""How a kind of event is declared, and its sentence put together from the facts of a row.

Facts hold data only; sentences are rendered when read, so that they can be translated and corrected.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _

from seller_center.kernel.money import format_money
from seller_center.kernel.text import Count
from shops.deadline_kinds import KINDS as DEADLINES

#: Who may read an event.
AUDIENCES = {"seller": gettext_lazy("Members and staff"), "staff": gettext_lazy("Staff only")}
#: Every kind of thing that something can happen to.
SUBJECTS = {
    # floor 1: shops
    "shop": gettext_lazy("Shop"),
    "application": gettext_lazy("Application"),
    "document": gettext_lazy("Document"),
    "bank_account": gettext_lazy("Bank account"),
    "member": gettext_lazy("Member"),
    "api_key": gettext_lazy("API key"),
    "violation": gettext_lazy("Case"),
    "policy": gettext_lazy("Policy"),
    "job": gettext_lazy("Job"),
    "eligibility": gettext_lazy("Monthly evaluation"),
    "user": gettext_lazy("Person"),
    # floor 2: catalog
    "product": gettext_lazy("Product"),
    "import": gettext_lazy("Import"),
    "category": gettext_lazy("Category"),
    # floor 3: marketing
    "coupon": gettext_lazy("Coupon"),
    # floor 4: orders
    "order": gettext_lazy("Order"),
    "package": gettext_lazy("Package"),
    "refund": gettext_lazy("Refund"),
    "return": gettext_lazy("Return"),
    # floor 5: payouts
    "payout": gettext_lazy("Payout"),
    "payout_batch": gettext_lazy("Payout batch"),
    "statement": gettext_lazy("Statement"),
    # floor 6: support
    "ticket": gettext_lazy("Ticket"),
    "conversation": gettext_lazy("Conversation"),
    "review": gettext_lazy("Review"),
}


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of event: ``facts`` is the dataclass of what is known, ``sentence`` is formatted with those facts."""

    name: str
    facts: type
    audience: str
    sentence: str


KINDS: dict[str, Kind] = {}
_WORD = re.compile(r"[a-z]+(_[a-z]+)+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
TIERS = {"beginner": _("Beginner"), "standard": _("Standard"), "premium": _("Premium"), "pro": _("Pro")}
#: Facts that are a word of the code, as people call the thing.
WORDS: dict[tuple[str, str], str] = {
    ("step", "person"): _("About you"),
    ("step", "address"): _("Address"),
    ("step", "tax"): _("Tax number"),
    ("step", "selling"): _("What you sell"),
    ("step", "bank"): _("Bank account"),
    ("document_kind", "identity"): _("proof of identity"),
    ("document_kind", "proof_of_address"): _("proof of address"),
    ("channel", "storefront"): _("the storefront"),
    ("channel", "api"): _("the API"),
    ("status", "succeeded"): _("done"),
    ("stage", "due"): _("The review takes longer than promised."),
    ("stage", "overdue"): _("The review is still not done: its clock has run out."),
    ("fields", "is_active"): _("may log in"),
    ("fields", "is_staff"): _("staff"),
    **{(name, code): words for name in ("tier", "tier_before") for code, words in TIERS.items()},
    ("factor", "authenticator"): _("authenticator app"),
    ("factor", "email"): _("code by e-mail"),
}


def event(name: str, *, sentence: str, audience: str = "seller") -> Callable[[type], type]:
    """Declare a kind. ``audience``: ``seller`` (shown to members) or ``staff`` (shown to staff only)."""

    def declare(facts: type) -> type:
        facts = dataclasses.dataclass(frozen=True, kw_only=True)(facts)
        if name in KINDS:
            raise ValueError(f"The event kind {name} is declared twice.")
        KINDS[name] = Kind(name, facts, audience, sentence)
        return facts

    return declare


def sentence_of(row: Any) -> str:
    """What happened, with the facts put in. A fact that an older row lacks reads as a dash."""
    kind = KINDS.get(row.kind)
    if kind is None:
        return row.kind
    return gettext(kind.sentence).format_map(_Facts(row.facts, code=row.subject_code))


def _in_words(name: str, value: Any) -> Any:
    """A fact as people read it: lists with commas, days by their month's name, a word of the code with spaces."""
    if type(value) is int:
        return Count(value)
    if isinstance(value, list):
        return ", ".join(str(_in_words(name, one)) for one in value)
    if not isinstance(value, str):
        return value
    if word := WORDS.get((name, value)):
        return gettext(word)
    if name == "deadline_kind" and value in DEADLINES:
        return str(DEADLINES[value].name)
    if name.endswith(("_on", "_from")) and _DAY.fullmatch(value):
        return date_format(dt.date.fromisoformat(value), "M j, Y")
    return value.replace("_", " ") if _WORD.fullmatch(value) else value


class _Facts(dict):
    def __init__(self, facts: dict, **more: Any):
        plain = {name: _in_words(name, value) for name, value in facts.items()}
        if "currency" in facts:  # “{amount}” in a sentence is “amount_minor” of the facts, as people read it
            amounts = {name: value for name, value in facts.items() if name.endswith("_minor") and value is not None}
            plain |= {name[:-6]: format_money(value, facts["currency"]) for name, value in amounts.items()}
        super().__init__(plain, **more)

    def __missing__(self, key: str) -> str:
        return _Dash("–")


class _Dash(str):
    """Stands for a fact that is not there, whatever it would have counted."""

    __slots__ = ()

    def __format__(self, what: str) -> str:
        return str(self)
