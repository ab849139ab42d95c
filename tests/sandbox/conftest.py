"""The sandbox's own tests use its fixtures by name."""

from collections.abc import Callable
from itertools import count

import pytest

from tests.sandbox.fixtures import connected_sandbox, own_sandbox, receiver, sandbox_server

__all__ = ["connected_sandbox", "own_sandbox", "receiver", "sandbox_server"]

_numbers = count(1)


@pytest.fixture
def new_key() -> Callable[[], str]:
    """A key that no other test has used."""
    return lambda: f"key:{next(_numbers)}"
