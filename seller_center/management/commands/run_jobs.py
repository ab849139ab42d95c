"""``run_jobs``: do the waiting jobs here and now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from seller_center import reactions
from seller_center.kernel import clock
from shops.management import asked
from shops.models import Job


class Command(BaseCommand):
    help = "Do the jobs that wait, in this process (the workers do the same; a lease keeps two from one job)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only list the jobs that wait.")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        if dry_run:
            waiting = Job.objects.filter(status=Job.Status.QUEUED).order_by("id")[:100]
            lines = (f"{job.code}: {job.kind}, asked for {job.asked_at:%F %H:%M} UTC" for job in waiting)
            self.stdout.write(asked.or_nothing(lines, "No job waits."))
            return
        self.stdout.write(f"Did {reactions.run_jobs(clock.now(), most=1_000)} jobs.")
