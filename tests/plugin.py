"""Embedded servers for the tests, up before settings are read: `-p tests.plugin` (a conftest would come too late).

They are thrown away with their folder at the end of the run. xdist's workers inherit the environment and make a
database of their own from one template.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from seller_center import embedded


def _begin() -> None:
    """Once per run, in the process that was started by hand; workers find everything in the environment."""
    if os.environ.get("TESTING") == "1" and os.environ.get("TEST_FOLDER"):
        return
    folder = Path(tempfile.mkdtemp(prefix="sc-"))
    own = {name: os.environ.pop(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    del own  # what the shell says is for `make run`; tests never touch those databases
    starter = os.getpid()
    atexit.register(lambda: _end(folder) if os.getpid() == starter else None)
    urls = embedded.start(folder, persist=False).environment()
    os.environ.update(urls)
    os.environ.update(
        TESTING="1",
        LOCAL="1",
        DEBUG="0",
        CLOCK_MAY_MOVE="1",
        HTTP_ALLOW_LOCAL="1",
        DATABASE_IDLE_TIMEOUT_MS="120000",  # a busy machine is no forgotten transaction,
        CACHE_TIMEOUT_MS="3000",  # nor is it a cache that is away
        TEST_FOLDER=str(folder),
        DATA_DIR=str(folder / "data"),
        DJANGO_ALLOW_ASYNC_UNSAFE="true",  # the browser tests' driver runs a loop in the test's thread
        DJANGO_SETTINGS_MODULE="seller_center.settings",
        SECRET_KEY="tests-" + "0123456789abcdef" * 4,
        ENCRYPTION_KEYS="k2:" + "22" * 32 + ",k1:" + "11" * 32,
        BLIND_INDEX_KEY="33" * 32,
        SANDBOX_SECRET="whsec_" + "dGVzdHMg" * 4,
    )


def _end(folder: Path) -> None:
    embedded.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


_begin()


def pytest_report_header(config: pytest.Config) -> str:
    return f"servers: {os.environ['TEST_FOLDER']} (PostgreSQL and Valkey, thrown away)"


# -- the browser ------------------------------------------------------------------------------------------------------


def chromium() -> str | None:
    """The system's Chromium; none is downloaded."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without Chromium browser tests are skipped, which `.ci/run` (REQUIRE_BROWSER=1) takes for a fault."""
    wanting = [item for item in items if item.get_closest_marker("browser")]
    if not wanting or chromium():
        return
    reason = "Chromium is not here: apt-get install chromium"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        raise pytest.UsageError(f"{len(wanting)} browser tests would be skipped. {reason}")
    for item in wanting:
        item.add_marker(pytest.mark.skip(reason=reason))


# -- groups -----------------------------------------------------------------------------------------------------------


@pytest.hookimpl(specname="pytest_collection_modifyitems", trylast=True)
def pytest_name_groups(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of one ``xdist_group`` go to one worker, which makes their marketplace once.

    xdist tells the group by the end of a test's id, and writes it into a field that pytest 9.2 no longer reads; so it is
    written here where it is read. Nothing is done once xdist does it again.
    """
    if not getattr(config, "workerinput", None) or not config.getvalue("loadgroup"):
        return
    for item in items:
        names = {str(mark.args[0]) for mark in item.iter_markers("xdist_group") if mark.args}
        suffix = f"@{'_'.join(sorted(names))}"
        if names and hasattr(item, "_id") and not item.nodeid.endswith(suffix):
            item._id = type(item._id).parse(f"{item.nodeid}{suffix}")
