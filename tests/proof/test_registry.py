"""P1: every promised row has its proof and its negative control, both assert something, and the page says where they are.

Nothing is run here: what a test would assert is read from its source, through the functions of its file that it calls.
"""

import ast
import dataclasses
from functools import cache
from pathlib import Path

import pytest

from tests.proof.rows import PROMISED, ROWS, Row, table

ROOT = Path(__file__).resolve().parents[2]
#: How a control says in its name that a guard is off.
SAYS_SO = ("control", "without", "would", "naive", "planted")
#: How a decorator leaves a test to another day.
LEFT_OUT = (".deep", ".skip", ".skipif", ".xfail")


@cache
def functions_of(file: str) -> dict[str, ast.FunctionDef]:
    """The functions and methods of a file by name; none of a file that is not there."""
    place = ROOT / file
    tree = ast.parse(place.read_text()) if place.exists() else ast.Module([], [])
    return {one.name: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}


def asserts(test: ast.FunctionDef, around: dict[str, ast.FunctionDef], seen: frozenset[str] = frozenset()) -> bool:
    """Can this test fail for what it sees: an assertion about something, or an error that must come?"""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant):
            return True
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.raises", "pytest.fail"):
            return True
    called = {name for name in _called(test) if name in around} - seen - {test.name}
    return any(asserts(around[name], around, seen | {test.name}) for name in called)


def _called(test: ast.FunctionDef) -> set[str]:
    calls = (node.func for node in ast.walk(test) if isinstance(node, ast.Call))
    return {
        one.id if isinstance(one, ast.Name) else one.attr for one in calls if isinstance(one, ast.Name | ast.Attribute)
    }


def faults(row: Row) -> list[str]:
    """What this row lacks."""
    found = [f"{row.name} has no {what}" for what in ("proofs", "controls") if not getattr(row, what)]
    for place in (*row.proofs, *row.controls):
        file, _colons, name = place.partition("::")
        around = functions_of(file)
        if name not in around or not name.startswith("test_"):
            found.append(f"there is no test {place}")
            continue
        if not asserts(around[name], around):
            found.append(f"{place} asserts nothing")
        if left := [mark for mark in (*_marks(around[name]), *marks_of(file)) if mark.endswith(LEFT_OUT)]:
            found.append(f"{place} is left out before a merge: {left}")
    found += [f"{place} does not say that it is a control" for place in row.controls if not _says_so(place)]
    return found


@cache
def marks_of(file: str) -> list[str]:
    """What a file's ``pytestmark`` says of all its tests."""
    lines = ast.parse((ROOT / file).read_text()).body
    said = (
        line.value for line in lines if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "pytestmark"
    )
    marks = (mark for value in said for mark in (value.elts if isinstance(value, ast.List | ast.Tuple) else [value]))
    return [ast.unparse(mark).partition("(")[0] for mark in marks]


def _marks(test: ast.FunctionDef) -> list[str]:
    return [ast.unparse(one).partition("(")[0] for one in test.decorator_list]


def _says_so(place: str) -> bool:
    return any(word in place.rpartition("::")[2] for word in SAYS_SO)


def test_it_has_every_promised_row():
    names = [row.name for row in ROWS]
    assert set(PROMISED) <= set(names)
    assert len(names) == len(set(names)), "a row stands twice"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_has_proofs_and_controls_that_can_fail(row: Row):
    assert faults(row) == []


def test_control_a_row_without_a_control_a_test_or_an_assertion_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.proof.test_registry.ROOT", tmp_path)
    (tmp_path / "test_x.py").write_text(
        "import pytest\n"
        "def test_proof():\n    assert 1 + 1 == 2\n"
        "def look():\n    assert harm()\n"
        "def test_control_good():\n    look()\n"
        "def test_control_empty():\n    assert True\n    print('fine')\n"
        "@pytest.mark.deep\ndef test_control_later():\n    look()\n"
    )
    (tmp_path / "test_y.py").write_text(
        "pytestmark = [pytest.mark.django_db, pytest.mark.skipif(True, reason='')]\n"
        "def test_control_whole_file():\n    assert 1 + 1 == 2\n"
    )
    functions_of.cache_clear()
    whole = Row("X", "", ("test_x.py::test_proof",), ("test_x.py::test_control_good",))
    assert faults(whole) == []
    harmed = {
        "no controls": {"controls": ()},
        "no proofs": {"proofs": ()},
        "asserts nothing": {"controls": ("test_x.py::test_control_empty",)},
        "left out": {"controls": ("test_x.py::test_control_later",)},
        "skipif": {"controls": ("test_y.py::test_control_whole_file",)},
        "there is no test": {"controls": ("test_x.py::test_control_gone", "test_gone.py::test_control_gone")},
        "does not say": {"controls": ("test_x.py::test_proof",)},
    }
    for told, change in harmed.items():
        assert any(told in fault for fault in faults(dataclasses.replace(whole, **change))), told
    functions_of.cache_clear()


def test_the_page_of_proofs_is_up_to_date():
    """`python -m tests.proof.rows` prints the table."""
    assert table() in (ROOT / "docs/mechanisms/proofs.md").read_text()
