"""``score_shops``: the nightly Shop Performance Score by hand."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError

from analytics import evaluation
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops.management import asked
from shops.models import Market


class Command(BaseCommand):
    help = "Measure the score of all shops for a day. Repeatable and resumable: scored shops are left as they are."

    def add_arguments(self, parser):
        parser.add_argument(
            "--day", type=asked.day, help="YYYY-MM-DD; without it, the day that ended last in each market."
        )
        parser.add_argument("--dry-run", action="store_true", help="Only count the shops that have no score yet.")

    def handle(self, *, day: dt.date | None, dry_run: bool, **options):
        at = clock.now()
        for market in Market.objects.order_by("code"):
            try:
                wanted = day or at.astimezone(ZoneInfo(market.zone)).date() - dt.timedelta(days=1)
                counts = evaluation.score_day(market=market, day=wanted, at=at, dry_run=dry_run)
            except DomainError as error:
                raise CommandError(str(error)) from error
            words = (
                ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items()) or "nothing to do"
            )
            self.stdout.write(f"{'Dry run: ' if dry_run else ''}{market.code} {wanted}: {words}")
