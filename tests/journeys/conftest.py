"""One marketplace for all journeys, and a browser whose every complaint fails the test."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.marketplace import Marketplace, running


@pytest.fixture(scope="session")
def marketplace(tmp_path_factory) -> Iterator[Marketplace]:
    """`make run` with the demo marketplace, in a folder of its own.

    Not in pytest's folder: as root the database belongs to another user, and every start of pytest closes that folder
    to others. What the processes said is kept there.
    """
    folder = Path(tempfile.mkdtemp(prefix="sj-"))
    (folder / "data").mkdir()
    try:
        with running(folder / "data") as found:
            yield found
    finally:
        shutil.copy(folder / "run.log", tmp_path_factory.mktemp("marketplace"))
        shutil.rmtree(folder, ignore_errors=True)
