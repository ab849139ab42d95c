"""``seed_market --scale small``: a large market of generated rows, for measuring."""

import dataclasses
import datetime as dt

from django.apps import apps
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError

from seller_center import seeding
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from seller_center.seeding.scale import SCALES


class Command(BaseCommand):
    help = (
        "Fill an empty database with a market of generated rows that keep all invariants, for measuring and for trying"
        " out migrations at size. Nobody can log in; nobody is told of anything."
    )

    def add_arguments(self, parser):
        parser.add_argument("--scale", choices=sorted(SCALES), default="small")
        parser.add_argument("--seed", type=int, default=1, help="The same seed and --now give the same rows.")
        parser.add_argument("--now", default="", help="The moment at which the market ends, ISO 8601; without it, now.")
        for name, what in (("shops", "Shops"), ("products", "Products"), ("orders", "Orders"), ("months", "Months")):
            parser.add_argument(f"--{name}", type=int, help=f"{what}, instead of the scale's.")
        parser.add_argument("--unpaid-weeks", type=int, default=0, help="Settle and pay nothing of the last weeks.")

    def handle(self, *, scale: str, seed: int, now: str, unpaid_weeks: int, **options):
        given = {name: options[name] for name in ("shops", "products", "orders", "months") if options[name]}
        self._load_reference()
        try:
            at = dt.datetime.fromisoformat(now) if now else clock.now()
            size = dataclasses.replace(SCALES[scale], **given, unpaid_weeks=unpaid_weeks)
            counts = seeding.seed_market(size, seed=seed, now=_aware(at), say=self.stdout.write)
        except (DomainError, ValueError) as error:
            raise CommandError(str(error)) from error
        for table, number in sorted(counts.items(), key=lambda pair: -pair[1]):
            self.stdout.write(f"{number:>12,}  {table}")
        if "prove" in get_commands():
            call_command("prove", quiet=True, stdout=self.stdout)

    def _load_reference(self) -> None:
        """What `migrate` leaves to the first start of the demo."""
        if apps.is_installed("catalog"):
            from catalog import reference

            reference.load(at=clock.now())


def _aware(at: dt.datetime) -> dt.datetime:
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)
