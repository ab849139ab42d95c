"""N1: a deed that breaks after its row was written leaves neither the row nor anything else.

In transactions of their own, as at the door: so this stands apart from tests/proof/test_audit_rows.py.
"""

import logging

import pytest
from django.db import transaction

from tests.proof.probing import checksums
from tests.proof.test_audit_rows import LEAST_DEEDS, break_after_the_row, forms_of, send
from tests.proof.test_tenants import ALWAYS_MOVING, client_of
from tests.proof.twins import make_twins

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_what_is_undone_leaves_no_row(figure, monkeypatch):
    logging.disable(logging.CRITICAL)
    with transaction.atomic():
        twin, _other = make_twins()
    client = client_of(twin.people["owner"])
    forms = forms_of(twin, client)
    broken = break_after_the_row(monkeypatch)
    left, before = [], checksums()
    for form in forms:
        breaks, done = len(broken), send(client, form)
        after = checksums()
        changed = {table for table in before if before[table] != after[table]} - ALWAYS_MOVING
        if len(broken) > breaks and (done.events or changed):
            left.append((done.route, done.events, changed))
        before = after
    logging.disable(logging.NOTSET)
    assert left == []
    figure("N1", "deeds that broke", len(broken))
    assert len(broken) >= LEAST_DEEDS - 5
