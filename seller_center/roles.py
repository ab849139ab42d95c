"""What the application's database role may do: a table that says `append_only = True` on its model can only grow."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import environ
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from psycopg2 import sql

EXTENSIONS = ("pg_trgm", "btree_gist", "btree_gin", "ltree", "citext", "unaccent")


def create_extensions(connection: BaseDatabaseWrapper) -> None:
    """All of them are trusted: the owner of the database may create them. Those that are there are left alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extname FROM pg_extension")
        there = {name for (name,) in cursor.fetchall()}
        for name in EXTENSIONS:
            if name not in there:
                cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")


def application_role() -> str:
    """The role of DATABASE_URL."""
    return settings.APPLICATION_ROLE


@contextmanager
def superuser() -> Iterator[BaseDatabaseWrapper]:
    """A connection of the embedded server's superuser to our database, for what no role of ours may (`demo --fresh`).

    Raises `ImproperlyConfigured` where there is none, as in production.
    """
    url = os.environ.get("SUPERUSER_DATABASE_URL")
    if not settings.LOCAL or not url:
        raise ImproperlyConfigured("There is a superuser's connection on the embedded server only.")
    other = connections["default"].copy("default")
    user = environ.Env.db_url_config(url)["USER"]
    options = {name: value for name, value in other.settings_dict["OPTIONS"].items() if name != "options"}
    other.settings_dict = {**other.settings_dict, "USER": user, "PASSWORD": "", "OPTIONS": options}
    try:
        yield other
    finally:
        other.close()


def append_only_tables() -> list[str]:
    """Tables whose model says `append_only = True`: SELECT and INSERT only."""
    return sorted(model._meta.db_table for model in _models() if getattr(model, "append_only", False))


def _models() -> list[type[Model]]:
    return [m for m in apps.get_models(include_auto_created=True) if m._meta.managed and not m._meta.proxy]


def grant(connection: BaseDatabaseWrapper, role: str | None = None) -> None:
    """Give the application's role exactly its rights, whatever it had before, unless it is the owner itself."""
    role = role or application_role()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s)", [role])
        owner, exists = cursor.fetchone()
        if not role or role == owner or not exists:
            return
        name = sql.Identifier(role)
        for statement in (
            "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {0}",
            "GRANT USAGE ON SCHEMA public TO {0}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {0}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {0}",
            "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {0}",
        ):
            cursor.execute(sql.SQL(statement).format(name))
        existing = set(connection.introspection.table_names(cursor))
        for table in append_only_tables():
            if table in existing:
                statement = sql.SQL("REVOKE UPDATE, DELETE ON {1} FROM {0}")
                cursor.execute(statement.format(name, sql.Identifier(table)))
