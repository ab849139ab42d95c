#!/usr/bin/env python
"""`make bench`: what things cost beside their references, one line per figure; 1 where a must falls short.

`only=` names groups (starting,pages,growth,memory,tasks,batches,transfers,pushing,placement) or a part of a page's name;
`scale=small|full` is the size of the market; `report=1` writes docs/evidence/bench-<scale>.md.
"""

import dataclasses
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import report
from benchmarks.figures import Figure
from benchmarks.ground import Ground
from benchmarks.machine import facts, load
from seller_center.embedded import Refused

#: In this order: what writes comes last.
GROUPS = ("starting", "pages", "growth", "memory", "tasks", "batches", "transfers", "pushing", "placement")
SCALES = ("tiny", "small", "full")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is to be measured."""

    groups: tuple[str, ...] = GROUPS
    page: str = ""
    scale: str = "small"
    report: bool = False

    @property
    def command(self) -> str:
        """As it would be typed."""
        only = self.page or ("" if self.groups == GROUPS else ",".join(self.groups))
        return f"make bench scale={self.scale}" + (f' only="{only}"' if only else "")


def arguments(words: list[str]) -> Wanted:
    """The groups to measure, or the pages, and the scale."""
    given = dict(word.partition("=")[::2] for word in words)
    only, scale, told = given.pop("only", ""), given.pop("scale", "small"), given.pop("report", "")
    if given or scale not in SCALES or told not in ("", "0", "1"):
        raise SystemExit(f"usage: bench.py [only={'|'.join(GROUPS)}|page] [scale={'|'.join(SCALES)}] [report=1]")
    named = tuple(only.split(",")) if only else GROUPS
    if set(named) <= set(GROUPS):
        return Wanted(named, "", scale, told == "1")
    return Wanted(("pages",), only, scale, told == "1")


def figures(wanted: Wanted, ground: Ground) -> Iterator[Figure]:
    """All that was asked for."""
    import django

    django.setup()
    from benchmarks import batches, memory, pages, placement, pushing, starting, transfers

    measures = {
        "starting": lambda: starting.measure(ground),
        "pages": lambda: pages.measure(ground, wanted.page),
        "growth": lambda: pages.measure_growth(ground),
        "memory": lambda: memory.of_a_web_worker(ground),
        "tasks": lambda: memory.of_a_celery_child(ground),
        "batches": lambda: batches.measure(ground),
        "transfers": lambda: transfers.measure(ground),
        "pushing": lambda: pushing.measure(ground),
        "placement": placement.measure,
    }
    for group in GROUPS:
        if group in wanted.groups:
            yield from measures[group]()


def main(words: list[str]) -> int:
    wanted = arguments(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an end in order: no server and no clone is left
    began, found = time.monotonic(), []
    for line in facts():
        print(line)
    try:
        with Ground(wanted.scale) as ground:
            print(f"load before: {(before := load())}", flush=True)
            for figure in figures(wanted, ground):
                print(figure.line, flush=True)
                found.append(figure)
            server = ground.server_version
    except Refused as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 2
    short, took = sum(figure.short for figure in found), time.monotonic() - began
    print(f"load after: {load()}; took {took:.0f} s; {short} short")
    if wanted.report:
        report.write(found, scale=wanted.scale, command=wanted.command, server=server, before=before, took=took)
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
