"""``deliver_events``: run the reactions to recorded events here and now."""

from django.core.management.base import BaseCommand

from seller_center import reactions
from seller_center.kernel import clock
from shops import reacting


class Command(BaseCommand):
    help = "Run all due reactions in this process (the workers do the same; each reaction takes effect once)."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Only list what waits, and the dead letters.")

        parser.add_argument("--again", action="store_true", help="Try the dead letters anew, when it is mended.")

    def handle(self, *, dry_run: bool, again: bool, **options):
        at = clock.now()
        if dry_run:
            for kind, number in sorted(reacting.pending_counts(at).items()):
                self.stdout.write(f"{kind}: {number} waiting")
            for event in reacting.dead_letters()[:100]:
                self.stdout.write(f"dead letter: {event.kind} {event.subject_code}: {event.last_error}")
            return
        if again:
            self.stdout.write(f"{reacting.revive(at)} dead letters are tried again.")
        self.stdout.write(f"Delivered {reactions.deliver_all(at)} events.")
        if reacting.dead_letters().exists():
            raise SystemExit("Some events could not be delivered: see deliver_events --dry-run.")
