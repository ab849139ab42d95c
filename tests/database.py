"""The test database: made by the owner through migrations, used as the application's role.

One template is migrated per run, whichever worker comes first; each worker clones it. Between transactional tests the
non-empty tables are emptied as the superuser: a TRUNCATE would be refused by the append-only tables, for good reason.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from seller_center.embedded import OWNER, SUPERUSER

TEMPLATE = "test_template"
REFERENCE_AT = datetime(2026, 1, 1, tzinfo=UTC)
KEPT = ("django_migrations", "django_content_type", "auth_permission")  # made by migrations, read by everything

EMPTY_TABLES = """
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN
        SELECT c.oid::regclass::text FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL (%s)
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || name || ')' INTO filled;
        IF filled THEN
            EXECUTE 'DELETE FROM ' || name;
        END IF;
    END LOOP;
END $$
"""


def open_as(user: str, database: str | None = None, *, alias: str = "default") -> BaseDatabaseWrapper:
    """A connection of its own as that role, beside Django's. The caller closes it."""
    other = connection.copy(alias)
    other.settings_dict = {**connection.settings_dict, "USER": user}
    other.settings_dict["OPTIONS"] = {
        k: v for k, v in connection.settings_dict["OPTIONS"].items() if k not in ("options",)
    }
    if database:
        other.settings_dict["NAME"] = database
    return other


@contextlib.contextmanager
def as_user(user: str, database: str | None = None) -> Iterator[BaseDatabaseWrapper]:
    """The same for a block."""
    other = open_as(user, database)
    try:
        yield other
    finally:
        other.close()


def make_database(worker: str) -> None:
    """Clone the template (migrating it first if nobody did) and point Django's connection at the clone."""
    _make_template()
    name = f"test_{worker}"
    with as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}" OWNER "{OWNER}"')
    _use(settings.APPLICATION_ROLE, name)


def drop_database(worker: str) -> None:
    connection.close()
    with as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "test_{worker}" WITH (FORCE)')


def _make_template() -> None:
    folder = Path(os.environ["TEST_FOLDER"])
    handle = os.open(folder / "template.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if (folder / "template.done").exists():
            return
        with as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{TEMPLATE}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{TEMPLATE}" OWNER "{OWNER}"')
        _use(OWNER, TEMPLATE)
        call_command("migrate", verbosity=0, interactive=False, no_reference=True)
        _use(settings.APPLICATION_ROLE, TEMPLATE)
        load_reference()
        connection.close()
        (folder / "template.done").touch()
    finally:
        os.close(handle)


def _use(user: str, database: str) -> None:
    """Point Django's connection there. The owner migrates, with Python at work between two statements: no limit."""
    connection.close()
    options = connection.settings_dict["OPTIONS"]
    idle = "0" if user == OWNER else os.environ["DATABASE_IDLE_TIMEOUT_MS"]
    options["options"] = re.sub(r"(idle_in_transaction_session_timeout=)\d+", rf"\g<1>{idle}", options["options"])
    connection.settings_dict["USER"] = user
    connection.settings_dict["NAME"] = database
    settings.DATABASES["default"]["USER"] = user
    settings.DATABASES["default"]["NAME"] = database


def load_reference() -> None:
    """Markets, policies, roles and the like: what every installation has before its first shop."""
    from shops import policy_book, reference

    reference.load(at=REFERENCE_AT)
    policy_book.forget_versions()
    if apps.is_installed("catalog"):
        from catalog import reference as categories

        categories.load(at=REFERENCE_AT)


def empty_tables() -> None:
    """After a transactional test: nothing of it is left, and the reference data is as new."""
    connection.close()
    with as_user(SUPERUSER, connection.settings_dict["NAME"]) as boss, boss.cursor() as cursor:
        cursor.execute(EMPTY_TABLES, [list(KEPT)])
    load_reference()
