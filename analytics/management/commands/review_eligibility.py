"""``review_eligibility --month 2026-10``: the monthly evaluation by hand."""

import datetime as dt

from django.core.management.base import BaseCommand, CommandError

from analytics import evaluation
from seller_center.kernel import clock
from seller_center.kernel.calendar import parse_month
from seller_center.kernel.errors import DomainError
from shops.management import asked


class Command(BaseCommand):
    help = (
        "Evaluate shops for the programme. Repeatable and resumable: shops that have a review for the month are left."
    )

    def add_arguments(self, parser):
        parser.add_argument("--month", default="", help="YYYY-MM; without it, the month that ended last.")
        parser.add_argument("--market", default="", help="Only this market, e.g. US.")
        parser.add_argument("--shop", default="", help="Only this shop, by its code.")
        parser.add_argument("--again", action="store_true", help="Write superseding reviews; nothing is overwritten.")
        parser.add_argument("--dry-run", action="store_true", help="Judge and count, write nothing.")

    def handle(self, *, month: str, market: str, shop: str, again: bool, dry_run: bool, **options):
        at = clock.now()
        failed = False
        for one in asked.markets(market, of_shop=shop):
            try:
                day = dt.date(*parse_month(month), 1) if month else evaluation.last_ended_month(one.zone, at)
                counts = evaluation.review_month(
                    market=one, month=day, at=at, shop_code=shop.upper(), again=again, dry_run=dry_run
                )
            except DomainError as error:
                raise CommandError(error.message) from error
            failed |= bool(counts.get("errors"))
            words = (
                ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in counts.items()) or "nothing to do"
            )
            self.stdout.write(f"{'Dry run: ' if dry_run else ''}{one.code} {day:%Y-%m}: {words}")
        if failed:
            raise CommandError("Some shops could not be evaluated: see the batch run's errors in the admin.")
