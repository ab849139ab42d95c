"""`migrate`: the tables, then the application role's rights and the reference data that every installation has."""

from contextlib import nullcontext
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ProgrammingError

from catalog import reference as categories
from seller_center import migrating, roles
from seller_center.kernel import clock
from shops import reference


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
                done = super().handle(*args, **options)
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


def _is_empty(connection: BaseDatabaseWrapper) -> bool:
    """Whether nothing was ever migrated here."""
    return not MigrationRecorder(connection).applied_migrations()
