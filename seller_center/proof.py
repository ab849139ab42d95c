"""The auditor: every invariant of every floor, asked of one snapshot of the database (``manage.py prove``).

The floors list what must be true in their ``proof.py``; two kinds of checks are made here from the models themselves:
that no row refers to a row of another shop (INV15), and that every state and every change of state is one of the
declared tables (INV14). Nothing is ever written.
"""

import dataclasses
import datetime as dt
import logging
from collections.abc import Iterable, Iterator
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.db import connection, models

from seller_center.kernel.isolation import snapshot
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, MovesTrigger
from shops.proof import Check

log = logging.getLogger(__name__)

#: What happened within this time may still wait for its reactions, and is not judged.
GRACE = dt.timedelta(minutes=15)
#: Of each check at most so many findings are kept; all are counted.
MOST_FINDINGS = 1_000


@dataclasses.dataclass(frozen=True)
class Finding:
    """One breach, with the row it was found at."""

    check: Check
    shop: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.check.invariant} {self.check.name}: {self.shop} {self.subject}: {self.detail}"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a check found."""

    check: Check
    count: int
    findings: tuple[Finding, ...]


def all_checks() -> list[Check]:
    """Every check: those of the floors in their order, then those made from the models."""
    found: list[Check] = []
    for floor in settings.FLOORS:
        try:
            module = import_module(f"{floor}.proof")
        except ModuleNotFoundError as missing:
            if missing.name != f"{floor}.proof":
                raise
            continue
        found += module.CHECKS
    return [*found, *tenant_checks(), *state_checks()]


def prove(*, at: dt.datetime, checks: Iterable[Check] | None = None) -> Iterator[Answer]:
    """Run the checks on one snapshot, read-only; yields what each found, in order."""
    alone = not connection.in_atomic_block
    with snapshot("prove"):
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = '30min'")
        shops = _shop_codes()
        for check in all_checks() if checks is None else checks:
            yield _ask(check, at, shops)


def _ask(check: Check, at: dt.datetime, shops: dict[int, str]) -> Answer:
    with connection.cursor() as cursor:
        cursor.execute(check.sql, {"settled": at - GRACE})
        rows = cursor.fetchall()
    kept = tuple(
        Finding(check, shops.get(shop_id, f"shop {shop_id}"), str(subject), str(detail))
        for shop_id, subject, detail in rows[:MOST_FINDINGS]
    )
    return Answer(check, len(rows), kept)


def _shop_codes() -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, code FROM shops_shop")
        return dict(cursor.fetchall())


def tenant_checks() -> Iterator[Check]:
    """INV15: for every composite key, rows whose reference lies in another shop or nowhere."""
    for model in _models():
        for constraint in model._meta.constraints:
            if isinstance(constraint, TenantFK):
                yield _tenant_check(model, constraint.field)


def _tenant_check(model: type[models.Model], name: str) -> Check:
    field = model._meta.get_field(name)
    target = field.remote_field.model
    table, other = model._meta.db_table, target._meta.db_table
    return Check(
        f"{table}.{name}_same_shop",
        "INV15",
        f"{model._meta.verbose_name} refers to {target._meta.verbose_name} of its own shop",
        f"""
        SELECT r.shop_id, '{table} ' || r.id, '{name} ' || r.{field.column} || ' is not of this shop'
        FROM {table} r LEFT JOIN {other} o ON o.shop_id = r.shop_id AND o.id = r.{field.column}
        WHERE r.{field.column} IS NOT NULL AND o.id IS NULL
        """,  # noqa: S608 - names of our own tables
    )


def state_checks() -> Iterator[Check]:
    """INV14: states that no table knows, and changes in the history that no table allows."""
    for model in _models():
        for trigger in getattr(model._meta, "triggers", ()):
            if isinstance(trigger, MovesTrigger):
                yield _state_check(model, trigger.field, trigger.moves)
                if hasattr(model, "pgh_event_model"):
                    yield _move_check(model, trigger.field, trigger.moves)


def _state_check(model: type[models.Model], field: str, moves: Moves) -> Check:
    table = model._meta.db_table
    known = ", ".join(f"'{state}'" for state in moves.states)
    return Check(
        f"{table}.{field}_known",
        "INV14",
        f"{model._meta.verbose_name} is in a declared state",
        f"SELECT {_shop(model)}, '{table} ' || {_key(model)}, {field} FROM {table} WHERE {field} NOT IN ({known})",  # noqa: S608
    )


def _move_check(model: type[models.Model], field: str, moves: Moves) -> Check:
    """The history keeps each row as it was before a change; together with the row as it is, every step shows."""
    table, past = model._meta.db_table, model.pgh_event_model._meta.db_table  # type: ignore[attr-defined]
    pairs = ", ".join(f"'{before}>{after}'" for before, after in moves.pairs)
    return Check(
        f"{table}.{field}_moved_as_declared",
        "INV14",
        f"{model._meta.verbose_name} moved only as declared",
        f"""
        SELECT {"shop_id" if _has_shop(model) else "NULL::bigint"}, '{table} ' || pk, before || ' became ' || after FROM (
            SELECT {"r.shop_id," if _has_shop(model) else ""} h.pgh_obj_id AS pk, h.{field} AS before,
                coalesce(lead(h.{field}) OVER (PARTITION BY h.pgh_obj_id ORDER BY h.pgh_id), r.{field}) AS after
            FROM {past} h JOIN {table} r ON r.id = h.pgh_obj_id
            WHERE h.pgh_label = 'changed'
        ) AS steps
        WHERE before <> after AND before || '>' || after NOT IN ({pairs})
        """,  # noqa: S608 - names of our own tables
    )


def _models() -> list[type[models.Model]]:
    ours = set(settings.FLOORS)
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in ours and model._meta.managed and not hasattr(model, "pgh_tracked_model")
    ]


def _has_shop(model: type[models.Model]) -> bool:
    return any(field.name == "shop" for field in model._meta.concrete_fields)


def _shop(model: type[models.Model]) -> str:
    return "shop_id" if _has_shop(model) else "NULL::bigint"


def _key(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)  # type: ignore[union-attr]
