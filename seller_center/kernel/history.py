"""Field history by database triggers: what a row was before each change, and who changed it.

`@history()` on a model makes an append-only table `<Model>Event` into which triggers copy the old row at each UPDATE
that changes something and at each DELETE, whatever made it: verb, admin, bulk update or SQL. The newest values are the
row's own, so that an insert costs nothing. The actor is what `acting()` told the transaction.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pghistory
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.transaction import TransactionManagementError

from .fields import SEAL, encrypted_fields


def history(*, exclude: Iterable[str] = ()) -> Callable[[type[models.Model]], type[models.Model]]:
    """Class decorator: keep the history of all fields but `exclude`. Encrypted columns never enter it."""

    def track(model: type[models.Model]) -> type[models.Model]:
        sealed = [field.name for field in encrypted_fields(model)]
        generated = [field.name for field in model._meta.concrete_fields if field.generated]
        left_out = [*exclude, *sealed, *([SEAL] if sealed else []), *generated]
        return pghistory.track(
            pghistory.UpdateEvent("changed", row=pghistory.Old),
            pghistory.DeleteEvent("deleted", row=pghistory.Old),
            exclude=left_out,
            append_only=True,
            obj_field=pghistory.ObjForeignKey(related_name="+", related_query_name="+"),
            context_field=pghistory.ContextJSONField(),
            context_id_field=None,  # type: ignore[arg-type]  # documented: no such column
        )(model)

    return track


def acting(*, user_id: int | None, shop_id: int | None, using: str = DEFAULT_DB_ALIAS, **more: Any) -> None:
    """Tell the database who acts until the transaction ends: one statement a transaction, not one prefix a statement.

    Needs a transaction. `more` may carry the request id or the reason; ids only, no personal data.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise TransactionManagementError("who acts is told to a transaction")
    told = json.dumps({"user": user_id, "shop": shop_id, **more})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pghistory.context_id', %s, true), set_config('pghistory.context_metadata', %s, true)",
            [str(uuid4()), told],
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one row, before and after, when (real time) and by whom (None: the system or plain SQL)."""

    field: str
    before: Any
    after: Any
    at: datetime
    user_id: int | None


def changes(row: models.Model) -> list[Change]:
    """What changed in a row, oldest first."""
    event_model = type(row).pgh_event_model  # type: ignore[attr-defined]
    snapshots = list(event_model.objects.filter(pgh_obj_id=row.pk, pgh_label="changed").order_by("pgh_id"))
    names = [f.attname for f in event_model._meta.concrete_fields if not f.name.startswith("pgh_")]
    found = []
    for before, after in pairwise([*snapshots, row]):
        found += _differences(before, after, names)
    return found


def _differences(before: Any, after: Any, names: list[str]) -> list[Change]:
    user_id = (before.pgh_context or {}).get("user")
    return [
        Change(name, getattr(before, name), getattr(after, name), before.pgh_created_at, user_id)
        for name in names
        if getattr(before, name) != getattr(after, name)
    ]
