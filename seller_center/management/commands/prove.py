"""``prove``: does the whole database keep its promises?"""

import time

from django.core.management.base import BaseCommand, CommandError

from seller_center import proof
from seller_center.kernel import clock

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Ask every invariant of the database and name each row that breaks one. Reads only, on one snapshot; may run at"
        " any time beside everything else. Exits with 1 when something was found."
    )

    def add_arguments(self, parser):
        parser.add_argument("--only", metavar="WORDS", help="Checks whose name or invariant begins so: ledger, INV7.")
        parser.add_argument("--quiet", action="store_true", help="Print findings only.")

    def handle(self, *, only: str | None, quiet: bool, **options):
        checks = [
            check
            for check in proof.all_checks()
            if not only or check.name.startswith(only) or check.invariant.upper() == only.upper()
        ]
        if not checks:
            raise CommandError(f"No check is called {only}.")
        began, broken, found = time.monotonic(), 0, 0
        for answer in proof.prove(at=clock.now(), checks=checks):
            broken, found = broken + bool(answer.count), found + answer.count
            self._say(answer, quiet)
        seconds = time.monotonic() - began
        if broken:
            raise CommandError(f"{found} findings in {broken} of {len(checks)} checks ({seconds:.1f} s).")
        self.stdout.write(f"{len(checks)} checks, nothing found ({seconds:.1f} s).")

    def _say(self, answer: proof.Answer, quiet: bool) -> None:
        if not answer.count:
            if not quiet:
                self.stdout.write(f"ok      {answer.check.invariant:6} {answer.check.name}")
            return
        self.stdout.write(f"BROKEN  {answer.check.invariant:6} {answer.check.name}: {answer.check.sentence}")
        for finding in answer.findings[:SHOWN]:
            self.stdout.write(f"        {finding.shop} {finding.subject}: {finding.detail}")
        if answer.count > SHOWN:
            self.stdout.write(f"        … and {answer.count - SHOWN} more")
