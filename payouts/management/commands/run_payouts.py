"""``run_payouts``: draft the payouts of a payday, for staff to release."""

import datetime as dt

from django.core.management.base import BaseCommand, CommandError

from payouts import drafting
from payouts.words import counted
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from seller_center.kernel.money import format_money
from shops.management import asked
from shops.models import Market


class Command(BaseCommand):
    help = (
        "Close the statements of the newest payday and draft its payouts, one batch per market. Repeatable and"
        " resumable: a shop whose statement is closed is left alone. Two members of staff release the batch afterwards."
    )

    def add_arguments(self, parser):
        parser.add_argument("--on", type=asked.day, metavar="DATE", help="Payday (default: the newest).")
        parser.add_argument("--market", help="One market only, for example US.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be paid, change nothing.")

    def handle(self, *, on: dt.date | None, market: str | None, dry_run: bool, **options):
        at, failed = clock.now(), False
        for one in asked.markets(market):
            period_on = on or drafting.payday_of(one, at)
            try:
                done = drafting.draft(market=one, period_on=period_on, at=at, dry_run=dry_run)
            except DomainError as error:
                self.stderr.write(f"{one.code}: {error}")
                failed = True
                continue
            self._say(one, done, dry_run)
            failed = failed or bool(done.left_out.get("books"))
        if failed:
            raise CommandError("Part of the payday was not run; see above.")

    def _say(self, market: Market, done: drafting.Drafted, dry_run: bool) -> None:
        self.stdout.write(f"{market.code} {done.period_on}: {payouts_in_words(done, market.currency, dry_run)}")
        for reason, count in sorted(done.left_out.items()):
            self.stdout.write(f"  {counted(count, 'shop')} left out: {drafting.LEFT_OUT[reason]}.")
        if dry_run:
            self.stdout.write("  Dry run: nothing was changed.")


def payouts_in_words(done: drafting.Drafted, currency: str, dry_run: bool) -> str:
    """How many payouts over how much, and where they are: a sentence for none, one and many."""
    if not done.payout_count:
        return "no shop would be paid." if dry_run else "no shop is paid."
    total = format_money(done.total_minor, currency)
    one = done.payout_count == 1
    payouts = f"{counted(done.payout_count, 'payout')} of {total}{'' if one else ' in all'}"
    if dry_run or done.batch is None:
        return f"{payouts} would be drafted."
    return f"{payouts} {'is' if one else 'are'} drafted in batch {done.batch.code}."
