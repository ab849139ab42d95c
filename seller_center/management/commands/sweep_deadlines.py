"""``sweep_deadlines``: look at every deadline that is due now."""

from django.core.management.base import BaseCommand

from seller_center import inbox
from seller_center.kernel import clock
from shops.models import Deadline


class Command(BaseCommand):
    help = (
        "Look at every deadline that is due and call the verb of its kind. Repeatable; runs beside the worker's sweep."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Only count what is due, by kind.")

    def handle(self, *, dry_run: bool, **options):
        at = clock.now()
        if dry_run:
            kinds: dict[str, int] = {}
            for kind in Deadline.objects.to_check(at).values_list("kind", flat=True).iterator():
                kinds[kind] = kinds.get(kind, 0) + 1
            for kind, number in sorted(kinds.items()):
                self.stdout.write(f"{kind}: {number} to look at")
            self.stdout.write(f"Dry run: {sum(kinds.values())} deadlines are due; nothing was changed.")
            return
        self.stdout.write(f"Looked at {inbox.sweep(at)} deadlines.")
