"""The kernel's own test database: the scratch tables, their triggers, the owner's role; the product is not in it."""

import os
from collections.abc import Iterator

import pgtrigger
import pytest
from django.db import connection
from django.test import TransactionTestCase

from seller_center.embedded import OWNER, SUPERUSER
from seller_center.kernel import clock, crypto
from tests.database import as_user


@pytest.fixture(scope="module")
def django_db_setup(django_test_environment: None, django_db_blocker) -> Iterator[None]:
    """Point Django at a database with the scratch tables for the tests of one module, then back."""
    name = f"test_kernel_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    before = dict(connection.settings_dict)
    teardown = TransactionTestCase._fixture_teardown
    with django_db_blocker.unblock():
        with as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}" OWNER "{OWNER}"')
        _use(OWNER, name)
        _make_tables()
        TransactionTestCase._fixture_teardown = lambda self: _empty_tables()
    yield
    TransactionTestCase._fixture_teardown = teardown
    with django_db_blocker.unblock():
        _use(before["USER"], before["NAME"])
        with as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _use(user: str, name: str) -> None:
    connection.close()
    connection.settings_dict.update(USER=user, NAME=name)


def _make_tables() -> None:
    from tests.kernel.scratch.models import TABLES

    with connection.schema_editor() as editor:
        for model in TABLES:
            editor.create_model(model)
    for model, trigger in pgtrigger.registered():
        if model in TABLES:
            trigger.install(model)


def _empty_tables() -> None:
    """As the superuser with triggers off: an append-only table would refuse."""
    from tests.kernel.scratch.models import TABLES

    connection.close()
    with as_user(SUPERUSER, connection.settings_dict["NAME"]) as boss, boss.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for model in reversed(TABLES):
            cursor.execute(f'DELETE FROM "{model._meta.db_table}"')


class MemoryKeyring:
    """A keyring for tests: keys by shop and id; `renew` makes a new current one, `destroy` forgets all of a shop."""

    def __init__(self) -> None:
        self.keys: dict[tuple[int | None, str], bytes] = {}
        self.current: dict[int | None, str] = {}

    def key_for(self, shop_id: int | None, kid: str | None) -> tuple[str, bytes]:
        if kid is None:
            kid = self.current.get(shop_id) or self.renew(shop_id)
        return kid, self.keys[shop_id, kid]

    def renew(self, shop_id: int | None) -> str:
        kid = f"k{len(self.keys) + 1}"
        self.keys[shop_id, kid] = crypto.new_data_key()
        self.current[shop_id] = kid
        return kid

    def destroy(self, shop_id: int | None) -> None:
        self.keys = {place: key for place, key in self.keys.items() if place[0] != shop_id}


@pytest.fixture
def keyring() -> Iterator[MemoryKeyring]:
    """A fresh keyring instead of floor 1's."""
    before = crypto._Ring.keyring
    ring = MemoryKeyring()
    crypto.use_keyring(ring)
    yield ring
    crypto.use_keyring(before)


@pytest.fixture(autouse=True)
def unmoved_clock() -> Iterator[None]:
    """No offset is read: the kernel's database has no row for one."""
    before = clock._Offset.reader
    clock.use_offset(None)
    yield
    clock.use_offset(before)


@pytest.fixture
def acme(db):
    """A shop."""
    from tests.kernel.scratch.models import Shop

    return Shop.objects.create(name="Acme")


@pytest.fixture
def zebra(db):
    """Another shop."""
    from tests.kernel.scratch.models import Shop

    return Shop.objects.create(name="Zebra")
