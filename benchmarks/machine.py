"""The processor time of processes, and facts about the machine (Linux)."""

import contextlib
import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path


def children(pid: int) -> list[int]:
    """The living children of a process."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


def spent(roots: Iterable[int]) -> dict[str, int]:
    """Nanoseconds on a processor by thread, of these processes and their children."""
    found = {}
    for root in roots:
        for pid in (root, *children(root)):
            for task in Path(f"/proc/{pid}/task").glob("*"):
                with contextlib.suppress(OSError):
                    found[task.name] = int((task / "schedstat").read_text().split()[0])
    return found


class Meter:
    """Processor time and wall time of a block, over this process and some others with their children."""

    def __init__(self, roots: Iterable[int], *, own: bool = False) -> None:
        self.roots, self.own = list(roots), own

    def __enter__(self) -> "Meter":
        self._own, self._spent, self._began = time.process_time(), spent(self.roots), time.monotonic()
        return self

    def __exit__(self, *_error: object) -> None:
        self.wall = time.monotonic() - self._began
        after = spent(self.roots)
        self.cpu = sum(now - self._spent.get(thread, 0) for thread, now in after.items()) / 1e9
        if self.own:
            self.cpu += time.process_time() - self._own


def resident_megabytes(pid: int) -> float:
    """What a process holds in memory, pages shared with others included."""
    lines = (line.split() for line in _lines(f"/proc/{pid}/status"))
    return next((int(words[1]) / 1024 for words in lines if words[:1] == ["VmRSS:"]), 0.0)


def facts() -> list[str]:
    """What was measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return [
        f"processor: {model}, {os.cpu_count()} cores",
        f"memory: {int(memory) // 1024**2} GiB",
        f"Python {platform.python_version()} on {platform.system()} {platform.release()}",
    ]


def load() -> str:
    """How busy the machine was: 1, 5 and 15 minutes."""
    return " ".join(f"{number:.2f}" for number in os.getloadavg())


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
