"""Jobs: long work that a person asked for. A door starts one; a worker runs the verb the roof lists for its kind."""

import datetime as dt
import logging
import time
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from seller_center.kernel.codes import new_code
from seller_center.kernel.errors import DomainError
from seller_center.kernel.transitions import move
from shops import events
from shops.models import Job
from shops.scope import scope

log = logging.getLogger(__name__)

#: How long a worker may be silent before another takes the job up again (real time).
LEASE = dt.timedelta(minutes=2)
MOST_ATTEMPTS = 5
LOG_LINES = 200


class JobCancelled(DomainError):
    """The person who asked for the job has taken it back; raised inside the job's verb between two chunks."""


def start_job(*, shop, kind: str, by, at: dt.datetime, payload: dict[str, Any] | None = None) -> Job:
    """Ask for long work. The worker starts within seconds; the page of the job follows it."""
    with scope(shop, by=by):
        job = Job.objects.create(shop=shop, code=new_code(10), kind=kind, by=by, asked_at=at, payload=payload or {})
        if not any(entry[1] is nudge for entry in connection.run_on_commit):
            transaction.on_commit(nudge, robust=True)
    return job


def nudge() -> None:
    """Ask a worker to look for jobs now; the sweep finds them anyway."""
    try:
        current_app.send_task("seller_center.tasks.run_jobs", retry=False, ignore_result=True)
    except Exception:  # the broker may be away at any time (reliability.md E6)
        log.info("The broker did not take the nudge; the sweep will start the job.", exc_info=True)


def claim(at: dt.datetime) -> Job | None:
    """Take one waiting job, or one whose worker has fallen silent. Leases run on real time (DEC22)."""
    real = timezone.now()
    with transaction.atomic():
        job = (
            Job.objects.filter(status__in=(Job.Status.QUEUED, Job.Status.RUNNING))
            .exclude(status=Job.Status.RUNNING, lease_until__gt=real)
            .order_by("id")
            .select_for_update(skip_locked=True, no_key=True)
            .first()
        )
        if job is None:
            return None
        if job.status == Job.Status.RUNNING:
            move(job, Job.Status.QUEUED)
        if job.attempts >= MOST_ATTEMPTS:
            move(job, Job.Status.RUNNING)
            fail(job, "The work was interrupted five times and is given up. Nothing half done was kept.", at=at)
            return None
        move(
            job,
            Job.Status.RUNNING,
            started_at=job.started_at or at,
            lease_until=real + LEASE,
            attempts=job.attempts + 1,
        )
    job.taken = time.monotonic()
    return job


def progress(job: Job, done: int, total: int | None = None, line: str = "") -> None:
    """Say how far the work is; prolongs the lease. Raises ``JobCancelled`` when the person has taken it back."""
    job.done_count = done
    job.total_count = total if total is not None else job.total_count
    job.lease_until = timezone.now() + LEASE
    if line:
        add_line(job, line)
    Job.objects.filter(shop_id=job.shop_id, pk=job.pk).update(
        done_count=job.done_count, total_count=job.total_count, lease_until=job.lease_until, log=job.log
    )
    asked = Job.objects.filter(shop_id=job.shop_id, pk=job.pk).values_list("cancel_asked_at", flat=True).get()
    if asked:
        raise JobCancelled("The job was cancelled.")


def add_line(job: Job, line: str) -> None:
    """Add a line to the log, keeping the newest two hundred (written with the next progress)."""
    job.log = [*job.log, [timezone.now().isoformat(timespec="seconds"), line]][-LOG_LINES:]


def finish(job: Job, *, at: dt.datetime, result: dict[str, Any], url: str = "") -> None:
    """The work is done; ``result`` holds its counts, ``url`` the place to look at."""
    _end(job, Job.Status.SUCCEEDED, at, result=result, result_url=url)


def fail(job: Job, reason: str, *, at: dt.datetime) -> None:
    """The work could not be done, with the reason in a sentence."""
    _end(job, Job.Status.FAILED, at, error=reason)


def cancelled(job: Job, *, at: dt.datetime) -> None:
    """The worker has seen the wish to cancel and stopped between two chunks."""
    _end(job, Job.Status.CANCELLED, at)


def _end(job: Job, status: str, at: dt.datetime, **changes: Any) -> None:
    # A verb has one moment, its event's too; the work itself took its time.
    took = dt.timedelta(seconds=0 if job.taken is None else time.monotonic() - job.taken)
    with scope(job.shop, by=job.by):
        move(job, status, finished_at=at + took, lease_until=None, log=job.log, **changes)
        events.record(
            "job.finished",
            shop=job.shop,
            subject_kind="job",
            subject_code=job.code,
            by=job.by,
            at=at,
            job_kind=job.kind,
            status=str(status),
        )


def ask_to_cancel(*, job: Job, by, at: dt.datetime) -> None:
    """Take a job back: a waiting one ends at once, a running one between two chunks."""
    with scope(job.shop, by=by):
        job = Job.objects.select_for_update(no_key=True).get(shop_id=job.shop_id, pk=job.pk)
        if job.ended:
            raise DomainError("This job has already ended.")
        if job.status == Job.Status.QUEUED:
            cancelled(job, at=at)
        else:
            Job.objects.filter(shop_id=job.shop_id, pk=job.pk).update(cancel_asked_at=at)


#: Every kind of job; the roof has the verb of each (``seller_center.reactions.JOB_KINDS``).
KINDS: dict[str, str | Promise] = {
    "catalog.import.check": gettext_lazy("Check of an import"),
    "catalog.import.apply": gettext_lazy("Import into the shop"),
    "lists.export": gettext_lazy("File of a list"),
    "demo.further_shops": gettext_lazy("Further shops of the demo"),
}
#: What a job may say of its result, as its page calls it. All else a result holds is for the page that it leads to.
RESULTS: dict[str, str | Promise] = {
    "rows": gettext_lazy("Rows"),
    "new": gettext_lazy("New rows"),
    "changed": gettext_lazy("Changed rows"),
    "unchanged": gettext_lazy("Rows without a change"),
    "refused": gettext_lazy("Refused rows"),
    "products_new": gettext_lazy("New products"),
    "products_changed": gettext_lazy("Changed products"),
    "products_live": gettext_lazy("Of the new products, on sale"),
    "sentence": gettext_lazy("What is wrong"),
    "row": gettext_lazy("In row"),
    "column": gettext_lazy("In column"),
    "steps": gettext_lazy("Steps"),
}
#: First word of a job's kind → the area whose members may see it.
AREAS_OF_FLOORS = {
    "catalog": "products",
    "marketing": "marketing",
    "orders": "orders",
    "payouts": "finance",
    "support": "support",
    "analytics": "analytics",
}


def area_of(kind: str) -> str:
    """The area of a kind of job (``catalog.import`` → ``products``)."""
    return AREAS_OF_FLOORS.get(kind.partition(".")[0], "settings")


def title_of(kind: str) -> str:
    """A kind of job as people read it."""
    return str(KINDS.get(kind, kind))
