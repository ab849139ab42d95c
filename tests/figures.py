"""Figures: how large a proof is here and in the deep run, what it counted, and what of it the report keeps.

``@at_figures("rounds", 5, deep=100)`` runs one test at both sizes, the second in `make deep` only. ``figure(row, what,
count)`` records what was reached, for the output and for the report of the deep run (`tests/evidence.py`).
"""

import datetime as dt
import os
import random
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import evidence

#: Begun before all others where two run at once: one of these takes as long as many.
LONGEST = ("tests/proof/test_trading.py", "tests/proof/test_interleavings.py")


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
        config.pluginmanager.register(DeepReport(), "deep-report")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first, so that two processes end at about the same time."""
    if is_deep(config):
        items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def is_deep(config: pytest.Config) -> bool:
    """Is this `make deep`, or a part of it?"""
    return config.option.markexpr.split(" ")[0] == "deep" and not config.option.collectonly


class DeepReport:
    """Collects how each test of a part ended, and keeps it."""

    def __init__(self) -> None:
        self.begun = dt.datetime.now(dt.UTC)
        self.ended: dict[str, pytest.TestReport] = {}
        self.so_far: Path | None = None

    def pytest_report_header(self) -> str:
        return f"deep run, SEED={os.environ['SEED']}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            self.ended[report.nodeid] = report

    def pytest_sessionfinish(self) -> None:
        if self.ended:
            self.so_far = evidence.keep(self.part())

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.so_far:
            terminalreporter.write_line(f"report: {self.so_far.relative_to(evidence.ROOT)}")

    def part(self) -> evidence.Part:
        """This run as a part of the report."""
        seed = os.environ["SEED"]
        return evidence.Part(
            command=f"SEED={seed} pytest {shlex.join(sys.argv[1:])}",
            commit=evidence.commit(),
            seed=seed,
            machine=evidence.machine(),
            begun=self.begun.isoformat(),
            seconds=(dt.datetime.now(dt.UTC) - self.begun).total_seconds(),
            ended=[_ended(re.sub(r"@\w+$", "", name), report) for name, report in self.ended.items()],
        )


def _ended(name: str, report: pytest.TestReport) -> evidence.Ended:
    figures = [list(value) for kind, value in report.user_properties if kind == "figure"]
    return evidence.Ended(name, report.outcome, report.duration, figures)
