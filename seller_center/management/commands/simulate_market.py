"""``simulate_market``: let the demo live – buyers, sellers and parcels – while the site runs."""

import datetime as dt
import signal
import threading
from collections import Counter

from django.core.management.base import BaseCommand, CommandError

from seller_center import passing, simulating
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError


class Command(BaseCommand):
    help = (
        "Let buyers browse, order, pay, cancel, return, review and ask, sellers ship and answer, and parcels move, all by"
        " the real verbs, while the site runs (demo only). Ctrl-C ends it; another one goes on from there."
    )

    def add_arguments(self, parser):
        parser.add_argument("--shops", type=int, default=5, help="How many shops live, the first one most.")
        parser.add_argument("--days", type=float, default=1.0, help="For how many of the demo's days.")
        parser.add_argument("--speed", type=float, default=60.0, help="Times faster than real time; 1: in real time.")
        parser.add_argument("--seed", type=int, default=1, help="Who does what.")
        parser.add_argument("--alone", action="store_true", help="No worker runs: do the workers' work here, too.")
        parser.add_argument("--dry-run", action="store_true", help="Only say which shops would live.")

    def handle(self, *, shops: int, days: float, speed: float, seed: int, alone: bool, dry_run: bool, **options):
        if shops < 1 or not 0 < days <= 366 or not 0 < speed <= 100_000:
            raise CommandError("Give at least one shop, days up to 366 and a speed above 0.")
        try:
            if speed > 1:
                passing.check_movable()
            found = simulating.market(shops=shops, seed=seed)
        except DomainError as error:
            raise CommandError(error.message) from error
        if not found.shops:
            raise CommandError("No shop has anything for sale. Load the demo first: `manage.py demo`.")
        self.stdout.write(
            f"{', '.join(shop.name for shop in found.shops)}: {days:g} of the demo's days, {speed:g} times faster."
        )
        if dry_run:
            self.stdout.write("Dry run: nothing was changed.")
            return
        ended = threading.Event()
        before = {sign: signal.signal(sign, lambda *_given: ended.set()) for sign in (signal.SIGINT, signal.SIGTERM)}
        total: Counter[str] = Counter()
        try:
            span = dt.timedelta(days=days)
            for at, counts in simulating.live(
                found, span=span, speed=speed, now=clock.now, wait=ended.wait, alone=alone
            ):
                total += counts
                self.stdout.write(f"{at:%a %F %H:%M}  {_words(counts)}")
        finally:
            for sign, handler in before.items():
                signal.signal(sign, handler)
        self.stdout.write(f"{'Stopped' if ended.is_set() else 'Done'}: {_words(total)}")


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items())) or "nothing"
