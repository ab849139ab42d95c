"""The figures of a run as a page of docs/evidence: what was measured, on what, and what stands in the way."""

import datetime as dt
import subprocess
from collections.abc import Sequence

from benchmarks.figures import Figure
from benchmarks.machine import facts, load
from seller_center.embedded import ROOT

FOLDER = ROOT / "docs" / "evidence"
#: Begins what people write below the figures; a new run keeps it.
NOTES = "## Notes"


def write(figures: Sequence[Figure], *, scale: str, command: str, server: str, before: str, took: float) -> None:
    """Replace the report of this scale but for its notes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"bench-{scale}.md"
    old = path.read_text() if path.exists() else ""
    notes = old[old.index(NOTES) :] if NOTES in old else f"{NOTES}\n"
    path.write_text(f"{page(figures, scale, command, server, before, took)}\n{notes}")


def page(figures: Sequence[Figure], scale: str, command: str, server: str, before: str, took: float) -> str:
    """The report without its notes."""
    short = [figure for figure in figures if figure.short]
    missed = [figure for figure in figures if figure.aimed is False]
    head = [
        f"# Benchmarks at {scale} scale",
        "",
        f"Made by `{command}`, {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC, commit {_commit()}, market seed 1.",
        "",
        *(f"* {line}" for line in facts()),
        f"* {server}",
        f"* load before {before}, after {load()} (1, 5, 15 minutes); took {took / 60:.0f} minutes",
        "",
        f"{len(figures)} figures, {len(short)} short of a must, {len(missed)} short of an aim. Each is a ratio to its"
        " reference, measured in turns in the same run (docs/mechanisms/benchmarks.md).",
        "",
        "| figure | value | reference | ratio | must | aim | verdict |",
        "|---|---:|---|---:|---:|---:|---|",
    ]
    return "\n".join([*head, *(_row(figure) for figure in figures), ""])


def _row(figure: Figure) -> str:
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    sign = "≥" if figure.least is not None else "≤"
    aim = "" if figure.aim is None else f"{sign} {figure.aim:g}"
    verdict = figure.verdict + (", aim reached" if figure.aimed else "")
    return f"| {figure.name} | {figure.value} | {figure.reference} | {ratio} | {figure.must} | {aim} | {verdict} |"


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"
