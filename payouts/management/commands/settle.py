"""``settle``: make available what has waited long enough."""

from django.core.management.base import BaseCommand, CommandError
from django.db.models import F, Sum

from payouts import settlement
from payouts.words import counted
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from seller_center.kernel.money import format_money


class Command(BaseCommand):
    help = "Make available what was earned long enough ago and no open return holds. Repeatable at any time."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Say what is due, change nothing.")

    def handle(self, *, dry_run: bool, **options):
        at = clock.now()
        if dry_run:
            due = settlement.due(at).order_by()
            sums = due.values_list("currency").annotate(total=Sum(F("net_minor") - F("taken_minor")), count=Sum(1))
            for currency, total, count in sums.order_by("currency"):
                self.stdout.write(
                    f"{counted(count, 'package')} with {format_money(total, currency)} would become available."
                )
            self.stdout.write("Dry run: nothing was changed.")
            return
        try:
            done = settlement.settle(at=at)
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{counted(done.earnings, 'package')} of {counted(done.shops, 'shop')} became available.")
