"""The report of the deep run: made of parts of one commit and one seed, and written only once the whole has run."""

import pytest

from tests import evidence
from tests.evidence import Ended, Part

ONE, OTHER = "tests/proof/test_sums.py::test_one[20]", "tests/proof/test_sums.py::test_other[20]"


def part(*ended: Ended, commit: str = "abc1234", seed: str = "7") -> Part:
    return Part(
        command=f"SEED={seed} pytest -m deep",
        commit=commit,
        seed=seed,
        machine="2 cores.",
        begun="2026-11-29T10:00:00+00:00",
        seconds=61.0,
        ended=list(ended),
    )


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Places of the test's own, one commit, two deep tests."""
    monkeypatch.setattr(evidence, "ROOT", tmp_path)
    monkeypatch.setattr(evidence, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(evidence, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(evidence, "commit", lambda: "abc1234")
    monkeypatch.setattr(evidence, "deep_tests", lambda: [ONE, OTHER])


def report() -> str:
    return (evidence.REPORTS / "deep-2026-11-29.md").read_text()


def test_it_is_written_once_every_deep_test_has_run(capsys):
    evidence.keep(part(Ended(ONE, "passed", 1.0, [["C6", "orders", 20_000]])))
    assert evidence.main("7") == 1
    assert OTHER in capsys.readouterr().out
    assert not evidence.REPORTS.exists()
    evidence.keep(part(Ended(OTHER, "passed", 2.0, [])))
    assert evidence.main("7") == 0
    assert f"| C6 | `{ONE}` | 20,000 orders | 1 | 1.0 | passed |" in report()
    assert f"|  | `{OTHER}` |  | 2 | 2.0 | passed |" in report()
    assert "2. `SEED=7 pytest -m deep`, begun 29 November 10:00 UTC, 61 seconds, 1 tests" in report()


def test_it_forgets_no_failure_when_a_test_runs_again():
    evidence.keep(part(Ended(ONE, "failed", 1.0, []), Ended(OTHER, "passed", 1.0, [])))
    evidence.keep(part(Ended(ONE, "passed", 1.0, [])))
    assert evidence.main("7") == 1
    assert "3 tests: 1 failed, 2 passed" in report()


@pytest.mark.parametrize("change", [{"commit": "fff0000"}, {"seed": "8"}])
def test_it_mixes_neither_commits_nor_seeds(change):
    evidence.keep(part(Ended(ONE, "passed", 1.0, [])))
    evidence.keep(part(Ended(OTHER, "passed", 1.0, []), **change))
    assert evidence.main("7") == 1
    assert not evidence.REPORTS.exists()


def test_it_stays_away_from_the_evidence_where_the_tree_is_not_as_committed(monkeypatch):
    monkeypatch.setattr(evidence, "commit", lambda: "abc1234-changed")
    evidence.keep(part(Ended(ONE, "passed", 1.0, []), Ended(OTHER, "passed", 1.0, []), commit="abc1234-changed"))
    assert evidence.main("7") == 1
    assert not evidence.REPORTS.exists()
