"""M1: migrations run while people write: a write waits for a moment, never for as long as somebody else holds a table.

The database of the first release, filled with rows, is brought up to date one migration at a time under writers. A
migration that cannot have its locks lets go after two seconds, lets the writers through, and is tried again.
"""

import random
import threading
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from seller_center import migrating, roles
from seller_center.embedded import OWNER, SUPERUSER
from seller_center.management.commands import migrate as command
from tests import database
from tests.figures import at_figures
from tests.storm import HANG_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.alone]

LEAST_MIGRATIONS = 12
WRITERS = 4
#: Tables that later migrations alter or read, with what their rows need beyond something harmless in every column.
FILLED: dict[str, dict[str, str]] = {
    "orders_order": {},
    "orders_orderline": {},
    "orders_package": {"tracking_number": "'1Z' || g"},
    "shops_shopevent": {},
    "catalog_stockmovement": {},
    "marketing_coupon": {"kind": "'percent'", "percent": "10"},
    "shops_membership": {},
}
VALUES = {
    **dict.fromkeys(("bigint", "integer", "xid8"), "g"),
    "smallint": "1",
    "boolean": "false",
    "jsonb": "'{}'",
    "bytea": "''",
    "date": "current_date",
    "timestamp with time zone": "now()",
    "inet": "'127.0.0.1'",
    "uuid": "gen_random_uuid()",
    "double precision": "0",
    "numeric": "0",
    "text": "g::text",
}
COLUMNS = """
SELECT attname, format_type(atttypid, NULL), atttypmod - 4 FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull AND attgenerated = ''
"""


def fill(cursor, table: str, rows: int) -> None:
    """That many rows of nothing in particular; what checks the rows is away, but for what a migration names."""
    cursor.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'x')"
        " AND conname <> 'coupon_kind_has_its_value'",
        [table],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
    cursor.execute(COLUMNS, [table])
    values = {}
    for name, kind, room in cursor.fetchall():
        if name != "id":
            short = kind.startswith("character") and room < 8
            values[name] = "'x'" if short else "'{}'" if kind.endswith("[]") else VALUES.get(kind, "g::text")
    values |= FILLED[table]
    names = ", ".join(f'"{name}"' for name in values)
    cursor.execute(
        f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values.values())} FROM generate_series(1, %s) g', [rows]
    )


class Writers:
    """Threads that change one row after another, each in a transaction of its own, and note how long each took."""

    def __init__(self, name: str, number: int = WRITERS) -> None:
        self.ended, self.longest, self.writes, self.errors = threading.Event(), 0.0, 0, []
        self._lock = threading.Lock()
        self.threads = [threading.Thread(target=self._write, args=(name, number)) for number in range(number)]

    def __enter__(self) -> "Writers":
        for one in self.threads:
            one.start()
        return self

    def __exit__(self, *_error) -> None:
        self.ended.set()
        for one in self.threads:
            one.join(HANG_SECONDS)
            assert not one.is_alive(), "a writer is stuck"

    def _write(self, name: str, number: int) -> None:
        dice = random.Random(number)
        with database.as_user(SUPERUSER, name) as own, own.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            while not self.ended.is_set():
                table = dice.choice(list(FILLED))
                begun = time.perf_counter()
                try:
                    cursor.execute(f'UPDATE "{table}" SET shop_id = shop_id WHERE id = %s', [dice.randrange(1, 1_000)])
                except Exception as error:
                    self.errors.append(error)
                with self._lock:
                    self.writes += 1
                    self.longest = max(self.longest, time.perf_counter() - begun)

    def go_on(self, writes: int) -> None:
        """Wait until that many more are through."""
        self._until(lambda start=self.writes: self.writes >= start + writes, "the writers stand still")

    @staticmethod
    def _until(come, otherwise: str) -> None:
        ends = time.monotonic() + HANG_SECONDS
        while not come():
            assert time.monotonic() < ends, otherwise
            threading.Event().wait(0.02)


def migrate(*words: str) -> None:
    call_command("migrate", *words, verbosity=0, interactive=False, no_reference=True)


def later_migrations() -> list[tuple[str, str]]:
    """Everything that is still to come, in order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [(migration.app_label, migration.name) for migration, _backwards in plan]


@pytest.fixture(scope="module")
def first_release(django_db_setup, django_db_blocker) -> Iterator[str]:
    """A database as the first release left it, without rows."""
    with django_db_blocker.unblock():
        user, name = connection.settings_dict["USER"], connection.settings_dict["NAME"]
        made = f"{name}_first"
        with database.as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{made}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{made}" OWNER "{OWNER}"')
            database._use(OWNER, made)
            try:
                roles.create_extensions(connection)
                executor = MigrationExecutor(connection)
                leaves = [key for key in executor.loader.graph.leaf_nodes() if key[0] not in settings.FLOORS]
                with migrating.quick_states():
                    executor.migrate([*leaves, *((floor, "0001_initial") for floor in settings.FLOORS)])
                connection.close()
                database._use(user, name)
                yield made
            finally:
                database._use(user, name)
                cursor.execute(f'DROP DATABASE IF EXISTS "{made}" WITH (FORCE)')


@pytest.fixture
def release(first_release) -> Iterator[str]:
    """A copy of it, which Django's connection points to as its owner."""
    user, name = connection.settings_dict["USER"], connection.settings_dict["NAME"]
    copy = f"{first_release}_copy"
    with database.as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{copy}" TEMPLATE "{first_release}" OWNER "{OWNER}"')
        database._use(OWNER, copy)
        try:
            yield copy
        finally:
            database._use(user, name)
            cursor.execute(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)')


def filled(name: str, rows: int) -> None:
    with database.as_user(SUPERUSER, name) as boss, boss.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in FILLED:
            fill(cursor, table, rows)


@at_figures("rows", 20_000, deep=1_000_000)
def test_every_migration_runs_while_people_write(release, figure, rows):
    filled(release, rows)
    steps = later_migrations()
    with Writers(release) as writers, migrating.quick_states():
        writers.go_on(100)
        for app, name in steps:
            migrate(app, name)
        writers.go_on(100)
    migrate()
    assert writers.errors == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM orders_order WHERE search_text = id || ' 1Z' || id")
        assert cursor.fetchone() == (rows,), "orders were left without their parcels' numbers"
    figure("M1", "migrations", len(steps))
    figure("M1", "writes meanwhile", writers.writes)
    figure("M1", "ms was the longest write", int(writers.longest * 1_000))
    assert len(steps) >= LEAST_MIGRATIONS


def hold(cursor) -> None:
    """Somebody's transaction that has written and is not ready yet."""
    cursor.execute("BEGIN")
    cursor.execute("LOCK TABLE orders_order IN ROW EXCLUSIVE MODE")


def waiting(name: str, start: str) -> int:
    """How many statements that begin so wait for a lock in that database."""
    with database.as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock' AND query LIKE %s",
            [name, f"{start}%"],
        )
        return cursor.fetchone()[0]


def in_background(call) -> tuple[threading.Thread, list[Exception]]:
    errors: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def alter() -> None:
    """What a migration does, on a connection of this thread: it waits for the whole table."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_order ADD COLUMN something integer")


def test_a_migration_that_must_wait_lets_writers_through_and_is_tried_again(release, monkeypatch):
    """Somebody holds the table until the migration has given up twice: the writers behind it get through meanwhile."""
    filled(release, 1_000)
    tries = []
    monkeypatch.setattr(command.migrate.Command, "handle", lambda self, *_args, **_options: tries.append(1) or alter())
    monkeypatch.setattr(command, "PAUSE_SECONDS", 0.2)
    with database.as_user(SUPERUSER, release) as somebody, somebody.cursor() as cursor:
        hold(cursor)
        with Writers(release) as writers:
            thread, errors = in_background(migrate)
            Writers._until(lambda: len(tries) >= 3, "the migration was not tried again")
            writers.go_on(50)
            cursor.execute("COMMIT")
            thread.join(HANG_SECONDS)
    assert errors == []
    assert writers.errors == []
    assert len(tries) >= 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(something) FROM orders_order")


def test_control_without_the_limit_writers_would_wait_as_long_as_somebody_holds_the_table(release):
    filled(release, 1_000)
    with database.as_user(SUPERUSER, release) as somebody, somebody.cursor() as cursor:
        hold(cursor)

        def alter_patiently() -> None:
            with connection.cursor() as own:
                own.execute("SET lock_timeout = 0")
            alter()

        thread, errors = in_background(alter_patiently)
        Writers._until(lambda: waiting(release, "ALTER TABLE") == 1, "nothing waits")
        with Writers(release) as writers:
            Writers._until(lambda: waiting(release, "UPDATE") == WRITERS, "the writers get through")
            stood = writers.writes
            assert waiting(release, "UPDATE") == WRITERS
            assert writers.writes == stood
            cursor.execute("COMMIT")
            writers.go_on(50)
        thread.join(HANG_SECONDS)
    assert errors == []


def test_control_without_trying_again_the_migration_would_end_in_an_error(release, monkeypatch):
    filled(release, 10)
    monkeypatch.setattr(command.migrate.Command, "handle", lambda self, *_args, **_options: alter())
    monkeypatch.setattr(command, "TRIES", 1)
    with database.as_user(SUPERUSER, release) as somebody, somebody.cursor() as cursor:
        hold(cursor)
        with pytest.raises(OperationalError, match="lock timeout"):
            migrate()
        cursor.execute("COMMIT")
