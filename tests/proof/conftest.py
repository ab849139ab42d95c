"""The twins, built once for each module of proofs and undone afterwards."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

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
