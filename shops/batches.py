"""Batch runs: one row per batch and period, with a lease, so that a run can stop anywhere and be taken up again."""

import datetime as dt
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.errors import DomainError
from seller_center.kernel.transitions import move
from shops.models import BatchRun

#: Every kind of batch, of all floors, as staff read it.
KINDS = {
    "catalog.low_stock": _("What runs out"),
    "settle": _("Settlement"),
    "run_payouts": _("Drafting of payouts"),
    "score": _("Scores"),
    "tiers": _("Tiers"),
    "eligibility": _("Monthly evaluation"),
}
LEASE = dt.timedelta(minutes=2)
MOST_ERRORS = 1_000


class AlreadyRunning(DomainError):
    """Another process is at this batch and period, and its lease has not run out."""


class Run:
    """A batch at work: counts, errors, and the heartbeat that keeps the lease."""

    def __init__(self, row: BatchRun):
        self.row = row

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter shown in the summary."""
        self.row.counts[name] = self.row.counts.get(name, 0) + number

    def error(self, unit: str, sentence: str) -> None:
        """One unit failed; the others go on. At most a thousand are kept, all are counted."""
        self.count("errors")
        if len(self.row.errors) < MOST_ERRORS:
            self.row.errors.append([unit, sentence])

    def beat(self) -> None:
        """Say that the run is alive, after each chunk. Raises ``AlreadyRunning`` when the lease was lost."""
        real = timezone.now()
        kept = BatchRun.objects.filter(pk=self.row.pk, lease_owner=self.row.lease_owner, status="running").update(
            heartbeat_at=real, lease_until=real + LEASE, counts=self.row.counts, errors=self.row.errors
        )
        if not kept:
            raise AlreadyRunning("Another process has taken this run over.")


@contextmanager
def batch_run(kind: str, period: str, *, at: dt.datetime) -> Iterator[Run]:
    """Take the run of ``kind`` for ``period``; units are unique by subject and period, so a repeat does what is left.

    Raises ``AlreadyRunning`` while another process holds the lease. Ends as ``finished``, or ``failed`` when units
    failed; an exception leaves the row running, to be taken up after its lease.
    """
    began = time.monotonic()
    run = Run(_take(kind, period, at))
    yield run
    run.beat()
    outcome = BatchRun.Status.FAILED if run.row.errors else BatchRun.Status.FINISHED
    with transaction.atomic():
        ended = at + dt.timedelta(seconds=time.monotonic() - began)
        move(run.row, outcome, finished_at=ended, counts=run.row.counts, errors=run.row.errors)


def _take(kind: str, period: str, at: dt.datetime) -> BatchRun:
    real, owner = timezone.now(), secrets.token_hex(8)
    with transaction.atomic():
        row, made = BatchRun.objects.get_or_create(
            kind=kind,
            period=period,
            defaults={"started_at": at, "heartbeat_at": real, "lease_until": real + LEASE, "lease_owner": owner},
        )
        if made:
            return row
        row = BatchRun.objects.select_for_update(no_key=True).get(pk=row.pk)
        if row.status == BatchRun.Status.RUNNING:
            if row.lease_until > real:
                raise AlreadyRunning(f"{kind} for {period} is being run by another process.")
            changed = {
                "lease_until": real + LEASE,
                "heartbeat_at": real,
                "lease_owner": owner,
                "counts": {},
                "errors": [],
            }
            for name, value in changed.items():
                setattr(row, name, value)
            row.save(update_fields=list(changed))
            return row
        move(
            row,
            BatchRun.Status.RUNNING,
            started_at=at,
            heartbeat_at=real,
            lease_until=real + LEASE,
            lease_owner=owner,
            finished_at=None,
            counts={},
            errors=[],
        )
    return row
