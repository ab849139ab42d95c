"""What columns, filters and fields are called in the staff's lists: words that are said, never the name in the table."""

from typing import Any

from django.db.models import Field
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

#: Names that many tables have, where what the field is called by itself would be no word or a dark one. What a name
#: means in one table alone stands in its admin (``titles``).
TITLES: dict[str, str | Promise] = {
    "about_code": _("About which one"),
    "about_kind": _("About"),
    "agreed_address": _("Network address of the consent"),
    "amount_minor": _("Amount"),
    "asked_changes": _("Changes asked for"),
    "at": _("When"),
    "auto_cancel_at": _("Cancels by itself"),
    "batch": _("Payout batch"),
    "by": _("Who"),
    "cancel_asked_at": _("Asked to cancel"),
    "cancel_fault": _("Whose fault"),
    "carrier_event_id": _("The carrier's number of it"),
    "contact_email": _("Contact e-mail"),
    "corrected_text": _("What was put right"),
    "decision_code": _("Reason of the decision"),
    "decision_text": _("Decision"),
    "decline_sentence": _("Why it was declined"),
    "email": _("E-mail"),
    "ended_as": _("How it ended"),
    "ended_reason": _("Why it ended"),
    "ended_why": _("Why it ended"),
    "evidence_code": _("Which one shows it"),
    "evidence_kind": _("What shows it"),
    "expires_on": _("Expires"),
    "file_sha256": _("Digest of the bank file"),
    "kind_words": _("Kind, as imported"),
    "line1": _("Street"),
    "line2": _("Street, second line"),
    "original_html": _("Description, as imported"),
    "original_sha256": _("Digest of the file"),
    "payload": _("What was asked"),
    "payout_every_weeks": _("Weeks between payouts"),
    "period_on": _("Period"),
    "provider_ref": _("Provider's reference"),
    "rate_bp": _("Rate"),
    "result_url": _("Where the result is"),
    "run_no": _("Run"),
    "sha256": _("Digest"),
    "shop": _("Shop"),
    "size_bytes": _("Size"),
    "sku": _("SKU"),
    "slug": _("Name in addresses"),
    "source_code": _("Caused by"),
    "subject_code": _("Which one"),
    "subject_kind": _("About"),
    "submission_count": _("Times sent"),
    "tax_id_kind": _("Kind of tax number"),
    "tax_id_last_four": _("Tax number ends in"),
    "tier_before": _("Tier before"),
    "to": _("To whom"),
    "unit_count": _("Units"),
    "url": _("Leads to"),
    "user": _("Person"),
    "violation": _("Case"),
    "warn_hours": _("Hours before it warns"),
    "weight_grams": _("Weight in grams"),
    "zone": _("Time zone"),
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
