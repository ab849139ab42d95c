"""What tests of the demo need: the sandbox, and places of their own for files."""

import pytest

from tests.sandbox.fixtures import connected_sandbox, sandbox_server

__all__ = ["connected_sandbox", "sandbox_server"]


@pytest.fixture(autouse=True)
def _own_files(tmp_path, settings):
    """Pictures and papers of a demo that a test loads are thrown away."""
    settings.LOCAL = True
    settings.PRIVATE_ROOT, settings.MEDIA_ROOT = tmp_path / "private", tmp_path / "media"
