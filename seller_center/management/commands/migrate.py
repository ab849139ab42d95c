"""`migrate`: the tables, then the application role's rights and the reference data that every installation has."""

import time
from contextlib import nullcontext
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import OperationalError, ProgrammingError

from catalog import reference as categories
from seller_center import migrating, roles
from seller_center.kernel import clock
from shops import reference

#: A migration waits two seconds for its locks (DATABASE_LOCK_TIMEOUT_MS) while whoever writes waits behind it; then it
#: lets go, lets them write, and is tried again.
TRIES = 10
PAUSE_SECONDS = 1.0
#: PostgreSQL's words for: the lock did not come in time; two waited for each other.
BUSY = ("55P03", "40P01")


class Command(migrate.Command):
    help = "Bring the database up to date, as the owner of the tables, and grant the application's role its rights."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--no-reference", action="store_true", help="Leave markets, policies and roles unloaded.")

    def handle(self, *args: Any, **options: Any) -> str | None:
        connection = connections[options["database"]]
        changes = not options["plan"] and not options["check_unapplied"]
        try:
            if changes:
                roles.create_extensions(connection)
            with migrating.quick_states() if _is_empty(connection) else nullcontext():
                done = self._patiently(*args, **options)
            if changes:
                roles.grant(connection)
            if changes and not options["app_label"] and not options["no_reference"]:
                at = clock.now()
                reference.load(at=at)
                categories.load(at=at)
        except ProgrammingError as error:
            if "permission denied" in str(error) or "must be owner" in str(error):
                raise CommandError(f"{error}. Is MIGRATE_DATABASE_URL the role that owns the tables?") from error
            raise
        return done

    def _patiently(self, *args: Any, **options: Any) -> str | None:
        """Django's own work, again where a table was busy. What was applied stays; what was cut short left nothing."""
        for attempt in range(1, TRIES + 1):
            try:
                return super().handle(*args, **options)
            except OperationalError as error:
                if attempt == TRIES or getattr(error.__cause__, "pgcode", "") not in BUSY:
                    raise
                self.stderr.write(f"A table was busy, attempt {attempt} of {TRIES}. Trying again.")
                time.sleep(PAUSE_SECONDS)
        raise AssertionError("unreachable")


def _is_empty(connection: BaseDatabaseWrapper) -> bool:
    """Whether nothing was ever migrated here."""
    return not MigrationRecorder(connection).applied_migrations()
