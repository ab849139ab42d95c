"""How long one waits at the beginning, by the clock: `make run` in an empty folder and in a known one, until the polished
shop answers; until the rest of its demo is there; and the seeding of a market. Nothing is downloaded: it is installed.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2

from benchmarks.figures import Figure
from benchmarks.ground import Ground
from seller_center import embedded
from seller_center.embedded import APP, DATABASE, ROOT

#: Seconds that each may take, and what is aimed at.
COLD, WARM, REST, SEEDED = (30, 15), (10, 6), (180, None), (600, 300)
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYENV_ROOT")
_REST = "SELECT max(finished_at) IS NOT NULL FROM shops_job WHERE kind = 'demo.further_shops' AND status = 'succeeded'"


def measure(ground: Ground) -> Iterator[Figure]:
    """A first start, what follows it, and a second start; and how long the market of this run took."""
    folder = ground.folder / "starting"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        with _running(folder) as (began, ready):
            yield _figure("make run, first start", ready - began, COLD)
            _wait(lambda: _rest_is_there(folder), within=2 * REST[0])
            yield _figure("the rest of the demo behind it", time.monotonic() - ready, REST)
        with _running(folder) as (began, ready):
            yield _figure("make run, second start", ready - began, WARM)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    # what is asked for is asked of a million orders
    yield _figure(f"seed_market, {ground.scale}", ground.took, SEEDED if ground.scale == "full" else (None, None))


def _figure(name: str, seconds: float, limits: tuple[int | None, int | None]) -> Figure:
    most, aim = limits
    if most is None:
        return Figure(name, f"{seconds:.1f} s")
    return Figure(name, f"{seconds:.1f} s", f"{most} s", seconds / most, most=1, aim=aim / most if aim else None)


@contextlib.contextmanager
def _running(folder: Path) -> Iterator[tuple[float, float]]:
    """`make run` behind its installation: when it was started, and when the shop's page and the log-in answered."""
    port = embedded._free_port()
    own = {name: value for name, value in os.environ.items() if name in PASSED_ON}
    began = time.monotonic()
    with (folder / "words").open("ab") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "seller_center.running"],
            cwd=ROOT,
            env={**own, "DATA_DIR": str(folder), "PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
    try:
        _wait(lambda: process.poll() is not None or _answers(port), within=10 * COLD[0])
        if process.poll() is not None:
            raise SystemExit(f"`make run` ended: {(folder / 'words').read_text()[-2000:]}")
        yield began, time.monotonic()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _answers(port: int) -> bool:
    """Is the demo there, and may one log in? The web server begins when it is loaded."""
    with contextlib.suppress(OSError):
        for path in ("/shop/", "/account/login/"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                if answer.status != 200:
                    return False
        return True
    return False


def _rest_is_there(folder: Path) -> bool:
    sockets = embedded._socket_folder(folder / "pg")
    connection = psycopg2.connect(host=str(sockets), user=APP, dbname=DATABASE)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(_REST)
        return bool(cursor.fetchone()[0])


def _wait(there: Callable[[], bool], *, within: float) -> None:
    until = time.monotonic() + within
    while not there():
        if time.monotonic() > until:
            raise SystemExit(f"it was not there after {within} s")
        time.sleep(0.05)
