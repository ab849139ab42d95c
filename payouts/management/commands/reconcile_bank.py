"""``reconcile_bank``: hear what the bank says and bring it together with payouts and ledger."""

from django.core.management.base import BaseCommand, CommandError

from payouts import reconciliation
from payouts.models import Payout, PayoutBatch
from payouts.words import counted
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError


class Command(BaseCommand):
    help = (
        "Read the bank's events and statements, ask about payouts whose outcome is unknown, and close the batches that"
        " agree. Reading twice changes nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Say what waits for the bank's word, ask nothing.")

    def handle(self, *, dry_run: bool, **options):
        if dry_run:
            waiting = Payout.objects.awaiting_bank().count()
            open_batches = PayoutBatch.objects.filter(status=PayoutBatch.Status.SENT).count()
            self.stdout.write(
                f"Dry run: waiting for the bank's word: {counted(waiting, 'payout')}, {counted(open_batches, 'batch')}."
            )
            return
        try:
            done = reconciliation.reconcile(at=clock.now())
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done.heard} news, {done.cleared} cleared by asking, {done.movements} lines of statement,"
            f" {done.batches} batches reconciled."
        )
        if done.unreachable:
            raise CommandError("The bank cannot be reached; what is left is heard next time.")
