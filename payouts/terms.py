"""Settlement terms by decision of staff: the introductory waiting time, or a reserve, with its reason (model.md §6)."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from payouts.models import SettlementTerms
from seller_center.kernel.errors import Invalid
from seller_center.kernel.locking import lock_rows
from shops import events
from shops.policy_book import policy_for
from shops.scope import scope


def decide(
    *,
    shop,
    introductory: bool,
    reserve_level: int,
    reserve_until: dt.datetime | None,
    reason: str,
    by,
    at: dt.datetime,
) -> SettlementTerms:
    """Put a shop under these terms instead of those it had. What is pending keeps the moment it was promised.

    Raises ``Invalid`` without a reason, with an unknown level, or for a reserve without an end.
    """
    levels = len(policy_for(shop, at).payouts.reserve_bp)
    if not reason.strip():
        raise Invalid(_("Say why: the seller reads it."), field="reason")
    if not 0 <= reserve_level < levels:
        raise Invalid(_("There are reserve levels 0 to %(most)d.") % {"most": levels - 1}, field="reserve_level")
    if reserve_level and (reserve_until is None or reserve_until <= at):
        raise Invalid(_("Say until when the reserve is held."), field="reserve_until")
    terms = SettlementTerms(
        shop=shop,
        introductory=introductory,
        reserve_level=reserve_level,
        reserve_until=reserve_until if reserve_level else None,
        reason=reason.strip()[:200],
        decided_by=by,
        decided_at=at,
    )
    with scope(shop, by=by):
        _end_standing(shop, at)
        try:
            terms.full_clean(exclude=["decided_by"])
        except ValidationError as error:
            raise Invalid(" ".join(error.messages)) from error
        terms.save()
        events.record(
            "settlement_terms.decided",
            shop=shop,
            subject_kind="shop",
            subject_code=shop.code,
            by=by,
            at=at,
            introductory=introductory,
            reserve_level=reserve_level,
            reserve_until=f"{terms.reserve_until or ''}",
            reason=terms.reason,
        )
    return terms


def _end_standing(shop, at: dt.datetime) -> None:
    standing = lock_rows(SettlementTerms.objects.in_shop(shop).standing())
    SettlementTerms.objects.filter(shop=shop, pk__in=[row.pk for row in standing]).update(ended_at=at)
