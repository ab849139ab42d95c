"""Recording what happened: one row per fact, inside the transaction of the deed (architecture.md §2, DEC10)."""

import datetime as dt
import logging
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from shops import event_kinds
from shops.models import ShopEvent
from shops.reacting import handlers_of, nudge

log = logging.getLogger(__name__)


class OutsideTransaction(RuntimeError):
    """An event was to be recorded outside a transaction: it could then survive a deed that did not happen."""


def record(kind: str, *, shop, subject_kind: str, subject_code: str, by, at: dt.datetime, **facts: Any) -> ShopEvent:
    """Write that ``kind`` happened to a subject of ``shop``.

    ``facts`` must be exactly the fields of the kind's dataclass in ``shops.event_kinds``. Raises
    ``OutsideTransaction`` outside a transaction, ``TypeError`` for facts that do not fit. Reactions follow after the
    commit; nothing is lost when the nudge is, because the sweep finds the row.
    """
    [event] = record_many(kind, shop=shop, by=by, at=at, subjects=[(subject_kind, subject_code, facts)])
    return event


def record_many(
    kind: str,
    *,
    by,
    at: dt.datetime,
    subjects: list[tuple[str, str, dict]],
    shop=None,
    shop_ids: list[int] | None = None,
) -> list[ShopEvent]:
    """The same for many subjects in one INSERT; ``shop_ids`` (one per subject) where a batch spans shops."""
    if not connection.in_atomic_block:
        raise OutsideTransaction(f"record({kind!r}) was called outside a transaction.")
    definition = event_kinds.KINDS[kind]
    waiting = bool(handlers_of(kind))
    rows = [
        ShopEvent(
            shop_id=shop.pk if shop_ids is None else shop_ids[number],
            kind=kind,
            subject_kind=subject_kind,
            subject_code=subject_code,
            by=by if getattr(by, "pk", None) else None,
            at=at,
            facts=vars(definition.facts(**facts)),  # flat values only; a deep copy would cost more than the row
            audience=definition.audience,
            delivered_at=None if waiting else at,
            next_attempt_at=at if waiting else None,
        )
        for number, (subject_kind, subject_code, facts) in enumerate(subjects)
    ]
    ShopEvent.objects.bulk_create(rows, batch_size=1000)
    if waiting:
        _nudge_after_commit()
    return rows


def told(rows: Iterable[ShopEvent]) -> list[dict[str, Any]]:
    """Events as a seller reads them: staff appear as the marketplace, not by name."""
    return [
        {
            "sentence": row.sentence,
            "at": row.at,
            "by": _("the marketplace") if row.by is not None and row.by.is_staff else row.by,
        }
        for row in rows
    ]


def _nudge_after_commit() -> None:
    """Ask a worker to look once this transaction is committed; once per transaction is enough."""
    queued = connection.run_on_commit
    if not any(entry[1] is nudge for entry in queued):
        transaction.on_commit(nudge, robust=True)
