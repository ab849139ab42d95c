"""Why orders are cancelled and units returned, and whose fault that is. Words for screens; the codes are stored."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason: its words, whose fault it is, and who may give it."""

    words: str | Promise
    fault: str
    given_by: frozenset[str]


def _by(*who: str) -> frozenset[str]:
    return frozenset(who)


#: Reasons for cancelling, by code.
CANCELLING: dict[str, Reason] = {
    "out_of_stock": Reason(_("Out of stock"), "seller", _by("seller", "staff")),
    "price_error": Reason(_("Wrong price or listing"), "seller", _by("seller", "staff")),
    "cannot_ship": Reason(_("Cannot be shipped in time"), "seller", _by("seller", "staff")),
    "buyer_asked": Reason(_("The buyer asked for it"), "buyer", _by("seller", "staff")),
    "bad_address": Reason(_("The address cannot be delivered to"), "buyer", _by("seller", "staff")),
    "changed_mind": Reason(_("Changed my mind"), "buyer", _by("buyer")),
    "ordered_twice": Reason(_("Ordered by mistake or twice"), "buyer", _by("buyer")),
    "wrong_details": Reason(_("Wrong address or details"), "buyer", _by("buyer")),
    "fraud": Reason(_("Suspected fraud"), "platform", _by("staff")),
    "staff": Reason(_("By decision of the marketplace"), "platform", _by("staff")),
    "unpaid": Reason(_("Not paid in time"), "buyer", _by("system")),
    "sold_out": Reason(_("Sold out before the payment came"), "platform", _by("system")),
    "late_payment": Reason(_("Paid after the order had ended"), "platform", _by("system")),
    "not_shipped": Reason(_("Not shipped in time"), "seller", _by("system")),
}

#: Reasons for returning, by code.
RETURNING: dict[str, Reason] = {
    "damaged": Reason(_("Arrived damaged"), "seller", _by("buyer")),
    "defective": Reason(_("Does not work"), "seller", _by("buyer")),
    "not_as_described": Reason(_("Not as described"), "seller", _by("buyer")),
    "wrong_item": Reason(_("Wrong item"), "seller", _by("buyer")),
    "missing_parts": Reason(_("Parts are missing"), "seller", _by("buyer")),
    "does_not_fit": Reason(_("Does not fit"), "buyer", _by("buyer")),
    "no_longer_wanted": Reason(_("No longer wanted"), "buyer", _by("buyer")),
}

#: Reasons for refusing a return, or rejecting it after inspection.
REFUSING: dict[str, Reason] = {
    "used": Reason(_("The item was used or worn"), "buyer", _by("seller")),
    "not_ours": Reason(_("Not the item that was sold"), "buyer", _by("seller")),
    "damaged_by_buyer": Reason(_("Damaged by the buyer"), "buyer", _by("seller")),
    "excluded": Reason(_("Excluded from returns by the listing"), "buyer", _by("seller")),
    "empty_parcel": Reason(_("The parcel came back empty or incomplete"), "buyer", _by("seller")),
}


def choices(table: dict[str, Reason], who: str) -> list[tuple[str, str]]:
    """The reasons that these people may give, for a form."""
    return [(code, reason.words) for code, reason in table.items() if who in reason.given_by]


def words(code: str) -> str:
    """The words of a reason of any table."""
    for table in (CANCELLING, RETURNING, REFUSING):
        if code in table:
            return str(table[code].words)
    return code.replace("_", " ")
