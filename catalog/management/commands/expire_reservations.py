"""``expire_reservations``: unpaid reservations whose time is over, by hand."""

from django.core.management.base import BaseCommand

from catalog import stock
from catalog.models import Reservation
from seller_center.kernel import clock


class Command(BaseCommand):
    help = "Give units back to the offer that were set aside for orders not paid in time. Repeatable."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Count them, write nothing.")

    def handle(self, *, dry_run: bool, **options):
        at = clock.now()
        if dry_run:
            due = Reservation.objects.running().filter(until__lte=at).order_by().count()
            self.stdout.write(f"Dry run: {due} reservations would expire.")
        else:
            self.stdout.write(f"{stock.expire_due(at)} reservations expired.")
