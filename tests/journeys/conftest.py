"""One marketplace for all journeys, and a browser whose every complaint fails the test."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.marketplace import Marketplace, running
from tests.journeys.people import log_in, sit_down

#: A hang limit, not a measure.
HANG_SECONDS = 600


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


@pytest.fixture(scope="session")
def whole(chromium: Browser, marketplace: Marketplace) -> Marketplace:
    """The marketplace when a worker has loaded returns, questions and the further shops, and their owner was told."""
    owner = sit_down(chromium, marketplace)
    log_in(owner, "seller@example.com")
    for _second in range(HANG_SECONDS):
        owner.go("/s/BRTS/notices/")
        if owner.page.get_by_text("Further shops of the demo: done").count():
            return marketplace
        owner.page.wait_for_timeout(1_000)  # another process is loading: its notice is what is asked for
    raise AssertionError("The further shops were not loaded.")
