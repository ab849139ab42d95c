"""The twins, built once for each module of proofs and undone afterwards."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from tests import database
from tests.faultkit.stage import Stage, staged
from tests.proof.lives import World
from tests.proof.twins import Twin, make_twins


@pytest.fixture(scope="module")
def twins(django_db_setup: None, django_db_blocker) -> Iterator[tuple[Twin, Twin]]:
    """Two shops of one shape, in one transaction that is undone when the module is through."""
    with django_db_blocker.unblock():
        block = transaction.atomic()
        block._from_testcase = True  # type: ignore[attr-defined]
        with block:
            with connection.cursor() as cursor:  # a busy machine between two probes is no forgotten transaction
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield make_twins()
            transaction.set_rollback(True)
        connection.close()


@pytest.fixture(scope="session")
def stage(django_db_setup: None, django_db_blocker, tmp_path_factory) -> Iterator[Stage]:
    """The house's web server between proxies, once per run; modules that use it share a worker (``STAGED``)."""
    with django_db_blocker.unblock(), staged(tmp_path_factory.mktemp("stage")) as found:
        yield found


@pytest.fixture(scope="module")
def world(stage: Stage, django_db_blocker) -> Iterator[World]:
    """A shop in full life behind the stage, for the tests of a module."""
    with django_db_blocker.unblock():
        try:
            yield World(stage)
        finally:
            stage.heal()
            database.empty_tables()
            stage.forget()
