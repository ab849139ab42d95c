"""Help for tests that start the program as real processes: a clean environment, and whether anything is left."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYENV_ROOT")


def environment(**extra: object) -> dict[str, str]:
    """Nothing of the tests' own servers and settings, but what is given."""
    inherited = {name: value for name, value in os.environ.items() if name in PASSED_ON}
    return inherited | {name: str(value) for name, value in extra.items()}


def manage(*words: str, **extra: object) -> subprocess.CompletedProcess[str]:
    """`manage.py …` to its end."""
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    return subprocess.run(command, env=environment(**extra), capture_output=True, text=True, timeout=120, check=False)


def left_of(folder: Path) -> list[psutil.Process]:
    """Living processes that work in the folder or mention it in their command or environment."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [process.cwd(), *process.cmdline(), *process.environ().values()]
            if process.status() != psutil.STATUS_ZOMBIE and any(str(folder) in word for word in words):
                found.append(process)
        except psutil.Error:
            continue
    return found


def left_words(folder: Path) -> str:
    """The commands of what is left, joined; a process that ends meanwhile has none."""
    words: list[str] = []
    for process in left_of(folder):
        with contextlib.suppress(psutil.Error):
            words += process.cmdline()
    return " ".join(words)


def eventually(what: Callable[[], object], *, within: float = 30) -> bool:
    """Whether it becomes true; looks every 50 ms at the outside world, which tells nobody when it changes."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.05)
    return bool(what())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
