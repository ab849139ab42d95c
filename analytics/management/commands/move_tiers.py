"""``move_tiers``: the nightly look at probation tiers by hand."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError

from analytics import probation
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops.models import Market


class Command(BaseCommand):
    help = "Move shops up that have earned their next tier. Repeatable: shops that were looked at are left alone."

    def add_arguments(self, parser):
        parser.add_argument("--day", default="", help="YYYY-MM-DD; without it, the day that ended last in each market.")
        parser.add_argument("--dry-run", action="store_true", help="Only count who would move up.")

    def handle(self, *, day: str, dry_run: bool, **options):
        at = clock.now()
        for market in Market.objects.order_by("code"):
            last = at.astimezone(ZoneInfo(market.zone)).date() - dt.timedelta(days=1)
            try:
                wanted = dt.date.fromisoformat(day) if day else last
                counts = probation.move_tiers(market=market, day=wanted, at=at, dry_run=dry_run)
            except (DomainError, ValueError) as error:
                raise CommandError(str(error)) from error
            words = ", ".join(f"{number} {name}" for name, number in counts.items())
            self.stdout.write(f"{'Dry run: ' if dry_run else ''}{market.code} {wanted}: {words}")
