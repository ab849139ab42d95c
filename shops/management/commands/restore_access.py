"""`restore_access EMAIL`: let somebody back in who lost their second factor or mailbox and proved who they are."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops import recovery


class Command(BaseCommand):
    help = "Take a person's second factor away, or give the account another e-mail address; ends all their sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the address of the account until now (or the phone number, with +)")
        parser.add_argument("--remove-second-factor", action="store_true", help="all devices and recovery codes")
        parser.add_argument("--new-email", default="", help="the address that the person reads now")
        parser.add_argument("--reason", required=True, help="how it was checked who they are; goes into the record")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = recovery.restore_access(
                options["email"],
                remove_second_factor=options["remove_second_factor"],
                new_email=options["new_email"],
                reason=options["reason"],
                at=clock.now(),
                dry_run=options["dry_run"],
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        for sentence in done:
            self.stdout.write(("Dry run, nothing was changed; it would say: " if options["dry_run"] else "") + sentence)
