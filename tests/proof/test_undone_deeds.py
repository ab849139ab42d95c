"""N1: a deed that breaks after its row was written leaves neither the row nor anything else.

In transactions of their own, as at the door: so this stands apart from tests/proof/test_audit_rows.py. Here it is every
form that sellers, applicants, buyers and staff see, and the partner API; of one's own account, tests/accounts/test_trail.py
asks the same.
"""

import logging

import pytest
from django.db import transaction

from tests.proof.probing import checksums
from tests.proof.senders import connected, make_cast, sendings
from tests.proof.test_audit_rows import break_after_the_row, send
from tests.proof.test_tenants import ALWAYS_MOVING
from tests.proof.twins import make_twins

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

#: How many deeds broke when this was last widened (R7).
LEAST_BROKEN = 45
#: What a request may write in a transaction of its own before the deed: its session, and that this key was sent.
MOVING = {*ALWAYS_MOVING, "shops_idempotencykey"}


def test_what_is_undone_leaves_no_row(figure, monkeypatch):
    logging.disable(logging.CRITICAL)
    with transaction.atomic():
        twin, _other = make_twins()
    with connected():
        wanted = [one for one in sendings(make_cast(twin)) if one.plain]
        broken = break_after_the_row(monkeypatch)
        left, before = [], checksums()
        for sending in wanted:
            breaks, done = len(broken), send(sending)
            if len(broken) == breaks and done.written <= MOVING:
                continue
            after = checksums()
            moving = MOVING | ({"shops_apikey"} if done.visitor.name == "program" else set())  # when it was used last
            changed = {table for table in before if before[table] != after[table]} - moving
            if len(broken) > breaks and (done.events or changed):
                left.append((done.route, done.events, changed))
            before = after
    logging.disable(logging.NOTSET)
    assert left == []
    figure("N1", "deeds that broke", len(broken))
    assert len(broken) >= LEAST_BROKEN
