"""Changes of state: one declared table of moves, written by compare-and-set, enforced by PostgreSQL.

A model declares `MOVES = Moves({...}, start=(...))` and `moves_trigger("…_moves", "status", MOVES)` in
`Meta.triggers`; verbs change the state with `move()` and nothing else does. The trigger is generated from the same
table, so that a raw UPDATE, the admin, `bulk_update` and a forgotten guard are refused as well.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pgtrigger
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models import CheckConstraint, Q
from django.db.transaction import TransactionManagementError
from django.utils.translation import gettext as _

from .errors import Stale


class Moves:
    """A table of allowed moves: `Moves({"draft": ("live",), "live": ("draft",)}, start=("draft",))`.

    `start` lists the states in which a row may be born. States are all names mentioned, in order of first mention;
    one that cannot be reached from a start is a mistake and raises `ValueError`, as does a quote in a name.
    """

    def __init__(self, table: Mapping[str, Iterable[str]], *, start: Iterable[str]) -> None:
        self.table: dict[str, tuple[str, ...]] = {a: tuple(targets) for a, targets in table.items()}
        self.start: tuple[str, ...] = tuple(start)
        mentioned = [*self.start, *(s for a, targets in self.table.items() for s in (a, *targets))]
        self.states: tuple[str, ...] = tuple(dict.fromkeys(mentioned))
        self._check()

    def _check(self) -> None:
        if not self.start:
            raise ValueError("a table of moves needs a state to start in")
        for state in self.states:
            if not state or not state.replace("_", "").isalnum():
                raise ValueError(f"not a name for a state: {state!r}")
        reached, frontier = set(self.start), list(self.start)
        while frontier:
            fresh = set(self.targets(frontier.pop())) - reached
            reached |= fresh
            frontier.extend(fresh)
        if lost := [state for state in self.states if state not in reached]:
            raise ValueError(f"no way leads to {', '.join(lost)}")

    def allows(self, before: str, after: str) -> bool:
        """Whether a row may go from `before` to `after` in one move."""
        return after in self.table.get(before, ())

    def sources(self, to: str) -> tuple[str, ...]:
        """The states from which a row may come to `to`."""
        return tuple(state for state in self.states if self.allows(state, to))

    def targets(self, state: str) -> tuple[str, ...]:
        """The states to which a row in `state` may go."""
        return self.table.get(state, ())

    @property
    def ends(self) -> tuple[str, ...]:
        """The states that nothing leaves."""
        return tuple(state for state in self.states if not self.targets(state))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every allowed move as (before, after)."""
        return tuple((state, target) for state in self.states for target in self.targets(state))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moves) and (self.table, self.start) == (other.table, other.start)

    def __hash__(self) -> int:
        return hash((tuple(self.table.items()), self.start))

    def __repr__(self) -> str:
        return f"Moves({self.table!r}, start={self.start!r})"


class MovesTrigger(pgtrigger.Trigger):
    """Refuses a row born outside the start states and a move outside the table (SQLSTATE 23514, an IntegrityError)."""

    when = pgtrigger.Before

    def __init__(self, *, name: str, field: str, moves: Moves) -> None:
        self.field = field
        self.moves = moves
        super().__init__(name=name, operation=pgtrigger.Insert | pgtrigger.UpdateOf(field))

    def get_func(self, model: type[models.Model]) -> str:
        column = model._meta.get_field(self.field).column
        births = ", ".join(f"'{state}'" for state in self.moves.start)
        pairs = ", ".join(f"'{before}>{after}'" for before, after in self.moves.pairs)
        return self.format_sql(
            f"""
            IF TG_OP = 'INSERT' THEN
                IF NEW."{column}" IN ({births}) THEN RETURN NEW; END IF;
                RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = '{self.name}',
                    TABLE = TG_TABLE_NAME, COLUMN = '{column}',
                    MESSAGE = format('%s.{column}: a row is not born as %s', TG_TABLE_NAME, NEW."{column}");
            END IF;
            IF NEW."{column}" IS NOT DISTINCT FROM OLD."{column}" THEN RETURN NEW; END IF;
            IF OLD."{column}" || '>' || NEW."{column}" = ANY (ARRAY[{pairs}]::text[]) THEN RETURN NEW; END IF;
            RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = '{self.name}',
                TABLE = TG_TABLE_NAME, COLUMN = '{column}',
                MESSAGE = format('%s.{column}: no move from %s to %s',
                    TG_TABLE_NAME, OLD."{column}", NEW."{column}");
            """
        )


def moves_trigger(name: str, field: str, moves: Moves) -> MovesTrigger:
    """The trigger for `Meta.triggers`, generated from the table."""
    return MovesTrigger(name=name, field=field, moves=moves)


def moves_check(name: str, field: str, moves: Moves) -> CheckConstraint:
    """A CHECK that the field holds a state of the table: holds even where triggers are off (bulk loading)."""
    return CheckConstraint(condition=Q((f"{field}__in", list(moves.states))), name=name)


def moves_of(model: type[models.Model], field: str = "status") -> Moves:
    """The table of a field: `MOVES` for `status`, `<FIELD>_MOVES` for any other."""
    return getattr(model, "MOVES" if field == "status" else f"{field.upper()}_MOVES")


def move[ModelT: models.Model](
    obj: ModelT, to: str, *, field: str = "status", allowed_from: Iterable[str] | None = None, **changes: Any
) -> ModelT:
    """Bring `obj` to the state `to`, together with `changes`, if the database says that it may go there now.

    One UPDATE with the primary key, the shop and the allowed sources in its WHERE; on success the new values stand on
    `obj`. `allowed_from` narrows the table for this verb. Zero rows changed means that somebody was faster, or that
    the table has no such move: `Stale`, whose sentence says how it stands now. Needs a transaction, since a change of
    state is written together with its event and deadline.
    """
    model = type(obj)
    using = obj._state.db or DEFAULT_DB_ALIAS
    if not connections[using].in_atomic_block:
        raise TransactionManagementError("a move of state needs a transaction (shops.scope opens one)")
    row = _row_of(obj, using)
    sources = _sources(moves_of(model, field), to, allowed_from)
    if not row.filter(**{f"{field}__in": sources}).update(**{field: to}, **changes):
        raise _stale(obj, to, field, row)
    _write_back(obj, {field: to, **changes}, using)
    return obj


def _row_of(obj: models.Model, using: str) -> models.QuerySet:
    row = type(obj)._base_manager.using(using).filter(pk=obj.pk)
    has_shop = any(f.name == "shop" for f in obj._meta.concrete_fields)
    return row.filter(shop_id=obj.shop_id) if has_shop else row  # type: ignore[attr-defined]


def _sources(moves: Moves, to: str, allowed_from: Iterable[str] | None) -> tuple[str, ...]:
    if to not in moves.states:
        raise ValueError(f"{to!r} is no state of {moves!r}")
    sources = moves.sources(to)
    if allowed_from is None:
        return sources
    if unknown := set(allowed_from) - set(sources):
        raise ValueError(f"the table has no move from {sorted(unknown)} to {to!r}")
    return tuple(allowed_from)


def _stale(obj: models.Model, to: str, field: str, row: models.QuerySet) -> Stale:
    noun = str(obj._meta.verbose_name)
    current = row.values_list(field, flat=True).first()
    if current is None:
        return Stale(_("This %(noun)s does not exist any more.") % {"noun": noun})
    words = {"noun": noun, "now": _state_label(obj, field, current), "wanted": _state_label(obj, field, to)}
    return Stale(_("This %(noun)s is now “%(now)s” and cannot become “%(wanted)s”.") % words, now=current)


def _state_label(obj: models.Model, field: str, state: str) -> str:
    choices = dict(obj._meta.get_field(field).flatchoices)
    return str(choices.get(state, state.replace("_", " ")))


def _write_back(obj: models.Model, changes: Mapping[str, Any], using: str) -> None:
    """Put the written values on the object; what the database computed is fetched, or loaded when asked for."""
    computed = [name for name, value in changes.items() if hasattr(value, "resolve_expression")]
    for name, value in changes.items():
        if name not in computed:
            setattr(obj, name, value)
    if computed:
        obj.refresh_from_db(using=using, fields=computed)
    for generated in obj._meta.concrete_fields:
        if generated.generated:
            obj.__dict__.pop(generated.attname, None)
