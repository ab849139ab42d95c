"""Which policy holds: the versions of a market by date, and scheduling a new one."""

import datetime as dt
import functools
import time
from typing import Any

from seller_center.kernel.errors import Invalid
from shops import events
from shops.models import PolicyVersion, Shop
from shops.policy import Policy, PolicyError, parse
from shops.scope import scope

#: How long a process may go on with the list of versions it has read. A scheduled version lies in the future, so this
#: is how late a process may be in noticing one that takes effect at once.
_KEEP_SECONDS = 5.0
_read: dict[str, tuple[float, list[tuple[int, dt.datetime]]]] = {}


def policy_for(market_or_shop: Any, at: dt.datetime) -> Policy:
    """The policy that holds in a market (its code, or a shop of it) at a moment.

    The list of versions is read every few seconds per process; parsed versions are kept for good, since a version
    never changes.
    """
    market = market_or_shop if isinstance(market_or_shop, str) else market_or_shop.market_id
    for version_id, effective_from in _versions(market):
        if effective_from <= at:
            return policy_version(version_id)
    return parse({}, market=market)


def _versions(market: str) -> list[tuple[int, dt.datetime]]:
    read_at, found = _read.get(market, (0.0, []))
    if time.monotonic() - read_at > _KEEP_SECONDS or not read_at:
        rows = PolicyVersion.objects.filter(market_id=market).order_by("-effective_from")
        found = list(rows.values_list("id", "effective_from"))
        _read[market] = (time.monotonic(), found)
    return found


@functools.lru_cache(maxsize=256)
def policy_version(version_id: int) -> Policy:
    """The policy of one stored version, by its number: what an order, a fee or a deadline was decided under."""
    row = PolicyVersion.objects.get(pk=version_id)
    return parse(row.document, market=row.market_id, version_id=row.pk)


def schedule(
    *, market: str, document: dict[str, Any], effective_from: dt.datetime, note: str, by, at: dt.datetime
) -> PolicyVersion:
    """Put a new version on the calendar. Refuses a document that cannot be parsed and a moment that has passed."""
    if effective_from < at:
        raise Invalid("A policy cannot take effect in the past.", field="effective_from")
    try:
        parse(document, market=market)
    except PolicyError as error:
        raise Invalid(str(error), field="document") from error
    platform = Shop.objects.get(market_id=market, is_platform=True)
    with scope(platform, by=by):
        row = PolicyVersion.objects.create(
            market_id=market, document=document, effective_from=effective_from, note=note, written_by=by, written_at=at
        )
        events.record(
            "policy.scheduled",
            shop=platform,
            subject_kind="policy",
            subject_code=str(row.pk),
            by=by,
            at=at,
            effective_from=effective_from.isoformat(),
            note=note,
        )
    forget_versions()
    return row


def forget_versions() -> None:
    """Read the list of versions anew (after scheduling; between tests)."""
    _read.clear()
