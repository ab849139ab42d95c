"""``send_payouts``: hand released payouts to the bank."""

from django.core.management.base import BaseCommand, CommandError

from payouts import transfers
from payouts.models import Payout
from payouts.words import counted
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError


class Command(BaseCommand):
    help = (
        "Hand released payouts to the bank, each once. May run beside the worker and may be killed anywhere: what was"
        " begun is taken up with the same key, what is unknown is only asked about."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Count what would be sent, send nothing.")

    def handle(self, *, dry_run: bool, **options):
        if dry_run:
            self.stdout.write(f"Dry run: {counted(Payout.objects.to_send().count(), 'payout')} would be sent.")
            return
        try:
            done = transfers.send_released(at=clock.now())
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done.accepted} sent, {done.refused} refused, {done.unknown} unknown.")
        if done.unreachable:
            raise CommandError("The bank cannot be reached. What is left is sent later; nothing was sent twice.")
