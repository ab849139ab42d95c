"""``manage.py poll_tracking``: ask the carriers for new scans."""

from django.core.management.base import BaseCommand

from orders import tracking
from seller_center.kernel import clock


class Command(BaseCommand):
    help = "Ask the carriers for scans since last time. May be repeated; a scan counts once."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="say what is new and take nothing")

    def handle(self, *args, dry_run: bool, **options):
        for carrier, news in tracking.poll(clock.now(), dry_run=dry_run).items():
            words = "would be taken" if dry_run else "taken"
            self.stdout.write(f"{carrier}: {news} scans {words}.")
