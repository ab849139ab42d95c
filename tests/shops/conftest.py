"""The second factor of the tests: fresh unless a test says otherwise."""

import sys
import types

import pytest

try:
    from shops import second_factor
except ImportError:  # floor 1 is tested without it, too
    second_factor = types.ModuleType("shops.second_factor")
    sys.modules["shops.second_factor"] = second_factor


@pytest.fixture
def fresh_factor(monkeypatch):
    """The person has just shown a second factor."""
    monkeypatch.setattr(second_factor, "ask_for_fresh_factor", lambda request: None, raising=False)


@pytest.fixture
def stale_factor(monkeypatch):
    """The person has shown none lately: the gate answers with the page that asks for it."""
    from django.http import HttpResponseRedirect

    monkeypatch.setattr(
        second_factor, "ask_for_fresh_factor", lambda request: HttpResponseRedirect("/fresh-factor/"), raising=False
    )
