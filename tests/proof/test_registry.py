"""P1, thin: every promised row has its proof and its negative control, and the page of proofs says where."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.proof.rows import PROMISED, ROWS, Row, table

ROOT = Path(__file__).resolve().parents[2]
#: How a control says in its name that a guard is off.
SAYS_SO = ("control", "without", "would", "naive", "planted")


@cache
def named_in(file: str) -> dict[str, ast.FunctionDef]:
    """The tests of a file by name."""
    tree = ast.parse((ROOT / file).read_text())
    return {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")}


def test_it_has_every_promised_row():
    assert set(PROMISED) <= {row.name for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_it_has_a_proof_and_a_control_for_every_row(row: Row):
    assert row.proofs
    assert row.controls
    for place in (*row.proofs, *row.controls):
        file, _colons, name = place.partition("::")
        assert name in named_in(file), f"{row.name} names a test that does not exist: {place}"
    for place in row.controls:
        assert any(word in place.rpartition("::")[2] for word in SAYS_SO), f"{place} does not say that it is a control"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_it_runs_every_proof_and_control_before_a_merge(row: Row):
    """None of them is left to the deep run, or skipped."""
    for place in (*row.proofs, *row.controls):
        file, _colons, name = place.partition("::")
        marks = {ast.unparse(one).partition("(")[0] for one in named_in(file)[name].decorator_list}
        assert not {mark for mark in marks if mark.endswith((".deep", ".skip", ".xfail"))}, place


def test_the_page_of_proofs_is_up_to_date():
    """`python -m tests.proof.rows` prints the table."""
    assert table() in (ROOT / "docs/mechanisms/proofs.md").read_text()
