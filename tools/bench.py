#!/usr/bin/env python
"""`make bench`: what things cost beside their references, one line per figure; 1 where a must falls short.

`only=pages`, `only=placement` or `only=batches` measures that group; `scale=small|full` is the size of the market.
"""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.figures import Figure
from benchmarks.ground import Ground
from benchmarks.machine import facts, load
from seller_center.embedded import Refused

GROUPS = ("pages", "batches", "placement")
SCALES = ("tiny", "small", "full")


def arguments(words: list[str]) -> tuple[tuple[str, ...], str]:
    """The groups to measure, and the scale."""
    given = dict(word.partition("=")[::2] for word in words)
    only, scale = given.pop("only", ""), given.pop("scale", "small")
    if given or scale not in SCALES or (only and only not in GROUPS):
        raise SystemExit(f"usage: bench.py [only={'|'.join(GROUPS)}] [scale={'|'.join(SCALES)}]")
    return (only,) if only else GROUPS, scale


def figures(groups: tuple[str, ...], ground: Ground) -> Iterator[Figure]:
    """All that was asked for. Placement last: it writes."""
    import django

    django.setup()
    from benchmarks import batches, pages, placement

    if "pages" in groups:
        yield from pages.measure(ground)
    if "batches" in groups:
        yield from batches.measure(ground)
    if "placement" in groups:
        yield from placement.measure()


def main(words: list[str]) -> int:
    groups, scale = arguments(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an end in order: no server and no clone is left
    began, short = time.monotonic(), 0
    for line in facts():
        print(line)
    try:
        with Ground(scale) as ground:
            print(f"load before: {load()}", flush=True)
            for figure in figures(groups, ground):
                print(figure.line, flush=True)
                short += figure.short
    except Refused as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 2
    print(f"load after: {load()}; took {time.monotonic() - began:.0f} s; {short} short")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
