"""Deadlines: set by the verb that makes a promise, ended by the verb that keeps or breaks it (DEC12, model.md §4)."""

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db import connection
from django.utils.translation import gettext as _

from seller_center.kernel.errors import Invalid
from seller_center.kernel.locking import must_update_one
from shops import events
from shops.deadline_kinds import KINDS
from shops.models import Deadline, Membership
from shops.scope import scope


class WrongPerson(Invalid):
    """A clock is given to somebody who may not see what it is about."""


def set_deadline(
    *,
    shop,
    kind: str,
    subject_kind: str,
    subject_code: str,
    due_at: dt.datetime,
    at: dt.datetime,
    policy_version_id: int | None = None,
    label: str = "",
    warn_hours: Sequence[int] = (),
    assigned_to=None,
) -> Deadline:
    """Start a clock that ends at ``due_at`` (UTC). ``warn_hours``: reminders that many hours before, e.g. (24, 6, 1).

    One clock of a kind runs per subject; a second one is refused by the database.
    """
    [row] = Deadline.objects.bulk_create(
        [
            build(
                shop_id=shop.pk,
                kind=kind,
                subject_kind=subject_kind,
                subject_code=subject_code,
                due_at=due_at,
                at=at,
                policy_version_id=policy_version_id,
                label=label,
                warn_hours=warn_hours,
                assigned_to=assigned_to,
            )
        ]
    )
    return row


def build(
    *,
    shop_id: int,
    kind: str,
    subject_kind: str,
    subject_code: str,
    due_at: dt.datetime,
    at: dt.datetime,
    policy_version_id: int | None = None,
    label: str = "",
    warn_hours: Sequence[int] = (),
    assigned_to=None,
) -> Deadline:
    """The row of a clock, not yet written: for verbs that write several in one INSERT."""
    if not connection.in_atomic_block:
        raise events.OutsideTransaction(f"set_deadline({kind!r}) was called outside a transaction.")
    ahead = sorted((hours for hours in warn_hours if due_at - dt.timedelta(hours=hours) > at), reverse=True)
    return Deadline(
        shop_id=shop_id,
        kind=kind,
        subject_kind=subject_kind,
        subject_code=subject_code,
        label=label,
        area=KINDS[kind].area,
        due_at=due_at,
        next_check_at=due_at - dt.timedelta(hours=ahead[0]) if ahead else due_at,
        warn_hours=ahead,
        policy_version_id=policy_version_id,
        assigned_to=assigned_to,
        set_at=at,
    )


def meet(*, shop, subject_kind: str, subject_code: str, at: dt.datetime, kind: str | Iterable[str] = ()) -> int:
    """The promise was kept: end the running clocks of these kinds (all of the subject when none is named)."""
    return _end(shop, subject_kind, subject_code, kind, at, Deadline.Ended.MET)


def void(*, shop, subject_kind: str, subject_code: str, at: dt.datetime, kind: str | Iterable[str] = ()) -> int:
    """The promise no longer applies (cancelled, withdrawn): end the clocks without an outcome."""
    return _end(shop, subject_kind, subject_code, kind, at, Deadline.Ended.VOID)


def _end(shop, subject_kind: str, subject_code: str, kind, at: dt.datetime, outcome: str) -> int:
    rows = Deadline.objects.filter(
        shop=shop, subject_kind=subject_kind, subject_code=subject_code, ended_at__isnull=True
    )
    kinds = (kind,) if isinstance(kind, str) else tuple(kind)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return rows.update(ended_at=at, ended_as=outcome)


def end_all(deadlines: Iterable[Deadline], *, outcome: str, at: dt.datetime) -> int:
    """End these rows, already locked by the sweep, with one UPDATE. Returns how many still ran."""
    keys = [row.pk for row in deadlines]
    return Deadline.objects.filter(pk__in=keys, ended_at__isnull=True).update(ended_at=at, ended_as=outcome)


def look_again(deadlines: Iterable[Deadline], *, at: dt.datetime) -> int:
    """Have the sweep come back to these rows at ``at`` (what they wait for has not happened yet)."""
    keys = [row.pk for row in deadlines]
    return Deadline.objects.filter(pk__in=keys, ended_at__isnull=True).update(next_check_at=at)


def warn(deadlines: Sequence[Deadline], *, at: dt.datetime) -> None:
    """A reminder's moment has come: record it and set the next one. Rungs that were slept through are dropped."""
    remind = []
    for row in deadlines:
        passed = [hours for hours in row.warn_hours if row.due_at - dt.timedelta(hours=hours) <= at]
        row.warn_hours = [hours for hours in row.warn_hours if hours not in passed]
        row.next_check_at = row.due_at - dt.timedelta(hours=row.warn_hours[0]) if row.warn_hours else row.due_at
        if passed and (row.snoozed_until is None or row.snoozed_until <= at):
            remind.append((row, min(passed)))
    Deadline.objects.bulk_update(deadlines, ["warn_hours", "next_check_at"])
    if remind:
        events.record_many(
            "deadline.approaching",
            by=None,
            at=at,
            shop_ids=[row.shop_id for row, _hours in remind],
            subjects=[
                (
                    row.subject_kind,
                    row.subject_code,
                    {
                        "deadline_kind": row.kind,
                        "label": row.label or str(KINDS[row.kind].name),
                        "hours": hours,
                        "due_at": row.due_at.isoformat(),
                    },
                )
                for row, hours in remind
            ],
        )


# -- what people do with a clock --------------------------------------------------------------------------------------


def delegate(*, deadline: Deadline, to, by, at: dt.datetime) -> Deadline:
    """Make a member of the shop responsible for a clock (None: everybody of its area again)."""
    with scope(deadline.shop, by=by):
        if to is not None and not _may_see(deadline, to):
            given = {"person": to, "what": deadline.label or str(KINDS[deadline.kind].name)}
            raise WrongPerson(_("%(person)s may not see “%(what)s”. Choose somebody who may.") % given, field="to")
        rows = Deadline.objects.filter(shop_id=deadline.shop_id, pk=deadline.pk, ended_at__isnull=True)
        must_update_one(rows.update(assigned_to=to), _("This has ended already."))
        deadline.assigned_to = to
        events.record(
            "deadline.delegated",
            shop=deadline.shop,
            subject_kind=deadline.subject_kind,
            subject_code=deadline.subject_code,
            by=by,
            at=at,
            deadline_kind=deadline.kind,
            label=deadline.label or str(KINDS[deadline.kind].name),
            user_id=getattr(to, "pk", None),
            name=str(to) if to is not None else _("everybody"),
        )
    return deadline


def _may_see(deadline: Deadline, person) -> bool:
    member = Membership.objects.in_shop(deadline.shop).filter(user=person).select_related("role").first()
    return member is not None and member.may(deadline.area, "view")


def snooze(*, deadline: Deadline, until: dt.datetime, by, at: dt.datetime) -> Deadline:
    """Quieten the reminders of a clock for a while; the clock itself runs on, and never longer than it."""
    if not at < until:
        raise Invalid(_("Choose a moment that is still to come."), field="until")
    with scope(deadline.shop, by=by):
        rows = Deadline.objects.filter(shop_id=deadline.shop_id, pk=deadline.pk, ended_at__isnull=True)
        must_update_one(rows.update(snoozed_until=min(until, deadline.due_at)), _("This has ended already."))
        deadline.snoozed_until = min(until, deadline.due_at)
    return deadline


def wake(*, deadline: Deadline, by) -> Deadline:
    """Reminders of a clock come again, at once. What was due while it was quiet is not told afterwards."""
    with scope(deadline.shop, by=by):
        rows = Deadline.objects.filter(shop_id=deadline.shop_id, pk=deadline.pk, ended_at__isnull=True)
        must_update_one(rows.update(snoozed_until=None), _("This has ended already."))
        deadline.snoozed_until = None
    return deadline
