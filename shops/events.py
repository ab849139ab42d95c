"""Recording what happened: one row per fact, inside the transaction of the deed (architecture.md §2, DEC10)."""

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from seller_center.kernel.bulk import insert_many
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
    _check_inside(kind)
    waiting = bool(handlers_of(kind))
    event = ShopEvent.objects.create(
        shop_id=shop.pk,
        subject_kind=subject_kind,
        subject_code=subject_code,
        by_id=getattr(by, "pk", None),
        facts=_facts(kind, facts),
        **_destiny(kind, at, waiting),
    )
    if waiting:
        _nudge_after_commit()
    return event


def record_many(
    kind: str,
    *,
    by,
    at: dt.datetime,
    subjects: Sequence[tuple[str, str, dict]],
    shop=None,
    shop_ids: Sequence[int] | None = None,
) -> None:
    """The same for many subjects in one INSERT; ``shop_ids`` (one per subject) where a batch spans shops."""
    _check_inside(kind)
    waiting = bool(handlers_of(kind))
    insert_many(
        ShopEvent,
        same={"by": getattr(by, "pk", None), "attempts": 0, "last_error": "", **_destiny(kind, at, waiting)},
        each={
            "shop": [shop.pk] * len(subjects) if shop_ids is None else shop_ids,
            "subject_kind": [subject_kind for subject_kind, _code, _told in subjects],
            "subject_code": [code for _kind, code, _told in subjects],
            "facts": [_facts(kind, told) for _kind, _code, told in subjects],
        },
    )
    if waiting and subjects:
        _nudge_after_commit()


def _check_inside(kind: str) -> None:
    if not connection.in_atomic_block:
        raise OutsideTransaction(f"record({kind!r}) was called outside a transaction.")


def _facts(kind: str, told: dict[str, Any]) -> dict[str, Any]:
    return vars(event_kinds.KINDS[kind].facts(**told))  # flat values only; a deep copy would cost more than the row


def _destiny(kind: str, at: dt.datetime, waiting: bool) -> dict[str, Any]:
    """What is the same of all events of a kind at a moment: who may read them, and whether reactions wait."""
    return {
        "kind": kind,
        "at": at,
        "audience": event_kinds.KINDS[kind].audience,
        "delivered_at": None if waiting else at,
        "next_attempt_at": at if waiting else None,
    }


def told(rows: Iterable[ShopEvent]) -> list[dict[str, Any]]:
    """Events as a seller reads them: staff appear as the marketplace, not by name."""
    return [
        {
            "sentence": row.sentence,
            "at": row.at,
            "by": as_told(row.by),
        }
        for row in rows
    ]


def as_told(person: Any) -> Any:
    """A person as a seller reads of them: staff are the marketplace."""
    return _("the marketplace") if person is not None and person.is_staff else person


def _nudge_after_commit() -> None:
    """Ask a worker to look once this transaction is committed; once per transaction is enough."""
    queued = connection.run_on_commit
    if not any(entry[1] is nudge for entry in queued):
        transaction.on_commit(nudge, robust=True)
