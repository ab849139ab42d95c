"""N1: a deed that breaks after its row was written leaves neither the row nor anything else.

In transactions of their own, as at the door: so this stands apart from tests/proof/test_audit_rows.py. Here it is every
form that a page of the shop shows; of one's own account, tests/accounts/test_trail.py asks the same.
"""

import logging

import pytest
from django.db import transaction

from tests.proof.probing import checksums
from tests.proof.senders import Visitor, by_forms, shop_paths
from tests.proof.test_audit_rows import break_after_the_row, send
from tests.proof.test_tenants import ALWAYS_MOVING, client_of
from tests.proof.twins import make_twins

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

#: How many deeds broke when this was last widened (R7).
LEAST_BROKEN = 20


def test_what_is_undone_leaves_no_row(figure, monkeypatch):
    logging.disable(logging.CRITICAL)
    with transaction.atomic():
        twin, _other = make_twins()
    owner = twin.people["owner"]
    visitor = Visitor("owner", client_of(owner), owner, twin.shop)
    wanted = by_forms(visitor, shop_paths(twin), f"/s/{twin.shop.code}/")
    broken = break_after_the_row(monkeypatch)
    left, before = [], checksums()
    for sending in wanted:
        breaks, done = len(broken), send(sending)
        after = checksums()
        changed = {table for table in before if before[table] != after[table]} - ALWAYS_MOVING
        if len(broken) > breaks and (done.events or changed):
            left.append((done.route, done.events, changed))
        before = after
    logging.disable(logging.NOTSET)
    assert left == []
    figure("N1", "deeds that broke", len(broken))
    assert len(broken) >= LEAST_BROKEN
