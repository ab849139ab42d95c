"""Every test counts its tries from zero: nothing of another test's limits is left in the shared cache."""

import uuid

import pytest
from django.core.cache import caches

from shops import sms


@pytest.fixture(autouse=True)
def fresh_counters(settings):
    """A key prefix of its own for each test; connections are opened anew so that every thread has it."""
    cache = settings.CACHES["default"]
    patient = {**cache["OPTIONS"], "socket_timeout": 10, "socket_connect_timeout": 10}  # a busy machine is no outage
    settings.CACHES = {"default": {**cache, "KEY_PREFIX": uuid.uuid4().hex, "OPTIONS": patient}}
    caches.close_all()
    sms.outbox.clear()
    yield
    caches.close_all()
