"""``alert_low_stock``: the low-stock alerts of all shops by hand."""

from django.core.management.base import BaseCommand, CommandError

from catalog import alerts
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError


class Command(BaseCommand):
    help = "Raise today's low-stock alerts of all open shops. Repeatable: a SKU is alerted at most once a day."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Count what would be raised, write nothing.")

    def handle(self, *, dry_run: bool, **options):
        try:
            counts = alerts.alert_all(at=clock.now(), dry_run=dry_run)
        except DomainError as error:
            raise CommandError(error.message) from error
        told = f"{counts['skus']} SKUs in {counts['shops']} shops"
        self.stdout.write(f"Dry run: {told} would be alerted." if dry_run else f"{told} alerted.")
