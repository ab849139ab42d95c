"""DEC1: nobody raises the isolation level but the listed reports, which read one snapshot and write nothing."""

import ast
from pathlib import Path

import pytest
from django.db import InternalError, connection, transaction

from seller_center.kernel import isolation
from seller_center.kernel.isolation import IsolationRefused, names_isolation, snapshot

ROOT = Path(__file__).resolve().parents[2]
#: The one file of the program whose text may name an isolation level to the database.
ONLY_FILE = "seller_center/kernel/isolation.py"

STATEMENTS = [
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "set transaction isolation level repeatable read",
    "SET TRANSACTION READ WRITE,\n  ISOLATION   LEVEL REPEATABLE READ",
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "SET LOCAL transaction_isolation = 'serializable'",
    "SET default_transaction_isolation TO 'repeatable read'",
    "SELECT set_config('default_transaction_isolation', 'serializable', false)",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
    "START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
]


@pytest.mark.django_db
@pytest.mark.parametrize("statement", STATEMENTS)
def test_it_refuses_every_way_of_saying_it(statement):
    with pytest.raises(IsolationRefused), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement", ["SELECT 1", "SELECT 'isolation of a wall'", "SET LOCAL lock_timeout = '3s'", "SHOW lock_timeout"]
)
def test_it_lets_everything_else_through(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_the_level_is_raised():
    """The control: with the guard taken off the connection, the same statement takes effect."""
    connection.ensure_connection()
    connection.execute_wrappers.remove(isolation.refuse_isolation)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(STATEMENTS[0])
            assert level() == "serializable"
    finally:
        isolation.guard(connection)


@pytest.mark.django_db(transaction=True)
def test_it_stands_on_every_new_connection_once():
    for _time in range(3):
        connection.close()
        connection.ensure_connection()
    assert connection.execute_wrappers.count(isolation.refuse_isolation) == 1
    assert level() == "read committed"


@pytest.mark.django_db(transaction=True)
def test_a_listed_report_sees_one_moment_and_writes_nothing():
    with snapshot("prove"):
        assert level() == "repeatable read"
    with pytest.raises(InternalError, match="read-only"), snapshot("prove"), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE nothing (id int)")
    assert level() == "read committed"


@pytest.mark.django_db
def test_any_other_is_refused():
    with pytest.raises(IsolationRefused, match="'payouts' is not among"), snapshot("payouts"):
        pass


def level() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction' || '_' || 'isolation')")
        return cursor.fetchone()[0]


# -- the program's own text -------------------------------------------------------------------------------------------


def named_in(source: str) -> list[int]:
    """Lines whose code names a level: in a text that is not a docstring, or by psycopg's own attribute."""
    tree = ast.parse(source)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if node.body and isinstance(node.body[0], ast.Expr)
    }
    found = []
    for node in ast.walk(tree):
        text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
        if text and names_isolation(node.value):
            found.append(node.lineno)
        if isinstance(node, ast.Attribute) and node.attr in (
            "isolation_level",
            "set_isolation_level",
            "IsolationLevel",
        ):
            found.append(node.lineno)
        if isinstance(node, ast.keyword) and node.arg == "isolation_level":
            found.append(node.value.lineno)
    return found


def test_the_program_names_no_level_but_in_one_place():
    files = [
        path
        for path in ROOT.rglob("*.py")
        if not path.relative_to(ROOT).parts[0].startswith(".") and path.relative_to(ROOT).parts[0] != "tests"
    ]
    assert len(files) > 200
    named = {str(path.relative_to(ROOT)) for path in files if named_in(path.read_text())}
    assert named == {ONLY_FILE}


@pytest.mark.parametrize(
    "sample",
    [
        'cursor.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")',
        'cursor.execute(f"SET LOCAL transaction_isolation = {level}")',
        "connection.connection.isolation_level = 3",
        "psycopg.connect(url, isolation_level=4)",
        "from psycopg import IsolationLevel; level = psycopg.IsolationLevel.SERIALIZABLE",
    ],
)
def test_a_planted_sample_is_caught(sample):
    assert named_in(sample)
    assert not named_in('"""About ISOLATION LEVEL SERIALIZABLE."""')
