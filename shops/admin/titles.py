"""What columns, filters and fields are called in the staff's lists: words that are said, never the name in the table."""

from typing import Any

from django.db.models import Field
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

#: Names that many tables have, where what the field is called by itself would be no word or a dark one. What a name
#: means in one table alone stands in its admin (``titles``).
TITLES: dict[str, str | Promise] = {
    "amount_minor": _("Amount"),
    "at": _("When"),
    "batch": _("Payout batch"),
    "by": _("Who"),
    "email": _("E-mail"),
    "ended_as": _("How it ended"),
    "expires_on": _("Expires"),
    "period_on": _("Period"),
    "rate_bp": _("Rate"),
    "shop": _("Shop"),
    "size_bytes": _("Size"),
    "sku": _("SKU"),
    "source_code": _("Caused by"),
    "subject_code": _("Which one"),
    "subject_kind": _("About"),
    "tier_before": _("Tier before"),
    "to": _("To whom"),
    "user": _("Person"),
    "violation": _("Case"),
}
#: What a name ends in that says how it is kept, and not what it is: a moment, a number, minor units.
TAILS = (" at", " minor", " count")


def title_of(field: Field, own: dict[str, Any]) -> str:
    """The title of a field: that of its admin, else that of many tables, else its name without what nobody says."""
    named = own.get(field.name) or TITLES.get(field.name)
    if named:
        return str(named)
    words = str(field.verbose_name)
    for tail in TAILS:
        words = words.removesuffix(tail)
    return str(capfirst(words))
