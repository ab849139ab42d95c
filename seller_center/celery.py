"""The Celery app, and the one table of everything periodic.

A line says how often to *look*, not how often something happens: work that is monthly looks every day for a month that
is not done. So a lost tick, an empty Valkey or a night without power costs a delay and nothing else.
"""

import functools
import os
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.schedules import crontab, schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seller_center.settings")
warnings.filterwarnings("ignore", category=SecurityWarning)  # about root: in a container or on a machine of one's own

app = Celery("seller_center")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@dataclass(frozen=True)
class Periodic:
    """One line of the table: the task that the clock starts, and the command by which an operator does the same.

    `every` is a timedelta or a crontab (UTC, at least daily). The task takes no arguments and may run twice. `queue` is
    "celery" for what takes seconds, "jobs" for what may take minutes.
    """

    name: str
    command: str
    task: str
    every: timedelta | crontab
    queue: str = "celery"


PERIODIC: tuple[Periodic, ...] = (
    Periodic("deliver-events", "deliver_events", "seller_center.tasks.deliver_events", timedelta(seconds=5)),
    Periodic("sweep-deadlines", "sweep_deadlines", "seller_center.tasks.sweep_deadlines", timedelta(seconds=10)),
    Periodic("run-jobs", "run_jobs", "seller_center.tasks.run_jobs", timedelta(seconds=5), queue="jobs"),
    Periodic("clear-sessions", "clearsessions", "seller_center.tasks.clear_sessions", crontab(minute=15, hour=8)),
    # floor 1: shops
    Periodic("prune-files", "prune_files", "shops.tasks.prune_files", crontab(minute=45, hour=8), queue="jobs"),
    # floor 2: catalog
    Periodic(
        "alert-low-stock", "alert_low_stock", "catalog.tasks.alert_low_stock", timedelta(minutes=15), queue="jobs"
    ),
    Periodic("expire-reservations", "expire_reservations", "catalog.tasks.expire_reservations", timedelta(minutes=1)),
    # floor 5: payouts
    Periodic("settle", "settle", "payouts.tasks.settle", timedelta(hours=1), queue="jobs"),
    Periodic("run-payouts", "run_payouts", "payouts.tasks.run_payouts", timedelta(hours=1), queue="jobs"),
    Periodic("send-payouts", "send_payouts", "payouts.tasks.send_payouts", timedelta(minutes=1)),
    Periodic("reconcile-bank", "reconcile_bank", "payouts.tasks.reconcile_bank", timedelta(minutes=5)),
    # floor 7: analytics. Daily, though the evaluation is monthly: a day that was missed is made up for by the next.
    Periodic("score-shops", "score_shops", "analytics.tasks.score_shops", crontab(minute=20, hour=9), queue="jobs"),
    # after the scores, which it reads
    Periodic("move-tiers", "move_tiers", "analytics.tasks.move_tiers", crontab(minute=30, hour=9), queue="jobs"),
    Periodic(
        "review-eligibility",
        "review_eligibility",
        "analytics.tasks.review_eligibility",
        crontab(minute=40, hour=9),
        queue="jobs",
    ),
    Periodic("poll-tracking", "poll_tracking", "orders.tasks.poll_tracking", timedelta(minutes=1)),
    Periodic("clarify-payments", "clarify_payments", "orders.tasks.clarify_payments", timedelta(seconds=30)),
    Periodic("send-refunds", "send_refunds", "orders.tasks.send_refunds", timedelta(seconds=30)),
)


def _options(line: Periodic) -> dict[str, Any]:
    """How the line's task is sent. One of an interval is worth nothing once the next is due; long work takes long."""
    options: dict[str, Any] = {"queue": line.queue}
    if isinstance(line.every, timedelta):
        options["expires"] = max(line.every.total_seconds(), 10)
    if line.queue == "jobs":
        options |= {"time_limit": 3_600, "soft_time_limit": 3_540}
    return options


def beat_schedule(table: Iterable[Periodic] = PERIODIC) -> dict[str, dict[str, Any]]:
    """Celery's form of the table: each line sends `tick` with its name. A tick that nobody took in time is dropped."""
    lines: dict[str, dict[str, Any]] = {}
    for line in table:
        when = line.every if isinstance(line.every, crontab) else schedule(line.every)
        expires = 3_600 if isinstance(line.every, crontab) else max(line.every.total_seconds(), 10)
        options = {"queue": "celery", "expires": expires}
        lines[line.name] = {"task": "seller_center.tick", "schedule": when, "args": [line.name], "options": options}
    return lines


app.conf.beat_schedule = beat_schedule()


@app.task(name="seller_center.tick")
def tick(name: str) -> None:
    """What beat sends: start the line's task, unless another beat has done so for this moment."""
    from seller_center.kernel import clock

    line = next(line for line in PERIODIC if line.name == name)
    if tick_once(line, clock.real_now()):
        app.tasks[line.task].apply_async(**_options(line))


def tick_once(line: Periodic, at: datetime) -> bool:
    """Claim the moment of the line in which `at` lies; False if it is claimed. Two beats are harmless (DEC11)."""
    from django.db import transaction

    from seller_center.kernel.locking import LockKind, try_advisory_lock
    from shops.models.job import Tick

    with transaction.atomic():
        if not try_advisory_lock(LockKind.TICK, zlib.crc32(line.name.encode()) - 2**31):
            return False
        Tick.objects.filter(name=line.name, tick_at__lt=at - timedelta(days=2)).delete()
        _row, made = Tick.objects.get_or_create(name=line.name, tick_at=moment_of(line, at))
    return made


def moment_of(line: Periodic, at: datetime) -> datetime:
    """The moment to which a tick at `at` belongs: the interval's beginning, or the minute for which it was planned."""
    if isinstance(line.every, timedelta):
        step = int(line.every.total_seconds())
        return datetime.fromtimestamp(int(at.timestamp()) // step * step, UTC)
    minute = at.astimezone(UTC).replace(second=0, microsecond=0)
    late = (minute - timedelta(minutes=back) for back in range(60))
    return next((moment for moment in late if falls_on(line.every, moment)), minute)


def falls_on(plan: crontab, minute: datetime) -> bool:
    """Whether the plan names this minute (UTC)."""
    return (
        minute.minute in plan.minute
        and minute.hour in plan.hour
        and minute.isoweekday() % 7 in plan.day_of_week
        and minute.day in plan.day_of_month
        and minute.month in plan.month_of_year
    )


@functools.cache
def _know_all_tasks() -> None:
    """Workers do this when they start, a command does not. Once: Celery lets all system checks run with it."""
    app.loader.import_default_modules()


def run_due_at(at: datetime) -> None:
    """Run here what the clock would have started in the hour up to `at`: for `pass_time`, which steps by hours."""
    _know_all_tasks()
    for line in PERIODIC:
        if is_due_in_hour(line, at):
            app.tasks[line.task]()


def is_due_in_hour(line: Periodic, at: datetime) -> bool:
    """Whether the line has a moment in the hour that ends at `at` (included)."""
    if isinstance(line.every, timedelta):
        return True
    minute = at.astimezone(UTC).replace(second=0, microsecond=0)
    return any(falls_on(line.every, minute - timedelta(minutes=back)) for back in range(60))
