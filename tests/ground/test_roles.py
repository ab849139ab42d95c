"""The application's role may do exactly what is declared: all on ordinary tables, only add to append-only ones."""

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from seller_center import roles
from seller_center.embedded import OWNER
from tests.database import as_user

pytestmark = pytest.mark.django_db

ALL = ("SELECT", "INSERT", "UPDATE", "DELETE")


def rights(table: str, cursor) -> set[str]:
    """As seen from outside: in a transaction the answer would be the one of its beginning."""
    kinds = (*ALL, "TRUNCATE", "REFERENCES", "TRIGGER")
    cursor.execute(
        "SELECT kind FROM unnest(%s) kind WHERE has_table_privilege('seller_app', %s, kind)", [list(kinds), table]
    )
    return {kind for (kind,) in cursor.fetchall()}


def test_every_table_has_exactly_its_rights(owner_cursor):
    append_only = roles.append_only_tables()
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            table = model._meta.db_table
            assert rights(table, owner_cursor) == ({"SELECT", "INSERT"} if table in append_only else set(ALL)), table


def test_there_are_append_only_tables():
    assert roles.append_only_tables(), "the test above would prove half"


def test_granting_takes_back_what_was_too_much(owner_cursor):
    table = roles.append_only_tables()[0]
    owner_cursor.execute(f"GRANT UPDATE, DELETE ON {table} TO seller_app")
    assert "UPDATE" in rights(table, owner_cursor)
    with as_user(OWNER, connection.settings_dict["NAME"]) as owner:
        roles.grant(owner)
    assert rights(table, owner_cursor) == {"SELECT", "INSERT"}


def test_the_extensions_are_there():
    with connection.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension")
        assert set(roles.EXTENSIONS) <= {name for (name,) in cursor.fetchall()}


def test_a_machine_of_ones_own_has_a_superuser_and_production_has_none(settings):
    with roles.superuser() as boss, boss.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        assert cursor.fetchone() == ("postgres", connection.settings_dict["NAME"])
    settings.LOCAL = False
    with pytest.raises(ImproperlyConfigured), roles.superuser():
        pass
