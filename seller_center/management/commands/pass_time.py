"""``pass_time 7d``: live through a week in the demo."""

from django.core.management.base import BaseCommand, CommandError

from seller_center import passing
from seller_center.kernel.errors import DomainError


class Command(BaseCommand):
    help = "Move the demo's clock on, hour by hour, letting everything happen that falls due (demo and tests only)."

    def add_arguments(self, parser):
        parser.add_argument("span", help="How long, e.g. 90m, 6h, 7d, 2w.")
        parser.add_argument("--dry-run", action="store_true", help="Only say until when the clock would run.")

    def handle(self, *, span: str, dry_run: bool, **options):
        from seller_center.kernel import clock

        try:
            length = passing.parse_span(span)
            if dry_run:
                self.stdout.write(
                    f"The clock would run from {clock.now():%F %H:%M} to {clock.now() + length:%F %H:%M} UTC."
                )
                return
            now = passing.pass_time(length, each_step=self._say)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"It is now {now:%A %F %H:%M} UTC in the demo.")

    def _say(self, at):
        if at.hour == 0:
            self.stdout.write(f"… {at:%A %F}")
