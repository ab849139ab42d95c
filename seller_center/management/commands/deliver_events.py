"""``deliver_events``: run the reactions to recorded events here and now."""

from django.core.management.base import BaseCommand

from seller_center import reactions
from seller_center.kernel import clock
from shops import reacting
from shops.management import asked


class Command(BaseCommand):
    help = "Run all due reactions in this process (the workers do the same; each reaction takes effect once)."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Only list what waits, and the dead letters.")
        parser.add_argument("--again", action="store_true", help="Try the dead letters anew, when it is mended.")

    def handle(self, *, dry_run: bool, again: bool, **options):
        at = clock.now()
        if dry_run:
            lines = [f"{kind}: {number} waiting" for kind, number in sorted(reacting.pending_counts(at).items())]
            dead = reacting.dead_letters()[:100]
            lines += [f"dead letter: {one.kind} {one.subject_code}: {one.last_error}" for one in dead]
            self.stdout.write(asked.or_nothing(lines, "No event waits, and there is no dead letter."))
            return
        if again:
            self.stdout.write(f"{reacting.revive(at)} dead letters are tried again.")
        self.stdout.write(f"Delivered {reactions.deliver_all(at)} events.")
        if reacting.dead_letters().exists():
            raise SystemExit("Some events could not be delivered: see deliver_events --dry-run.")
