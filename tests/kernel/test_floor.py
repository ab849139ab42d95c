"""Floor 0 knows none of the floors above, has no models, and says what its public names mean."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

from seller_center import kernel

FOLDER = Path(kernel.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
ALLOWED = ("seller_center.kernel", ".")
ABOVE = ("seller_center", "shops", "catalog", "marketing", "orders", "payouts", "support", "analytics", "storefront")


def tree(module: str) -> ast.Module:
    return ast.parse((FOLDER / f"{module}.py").read_text())


def imported(module: str) -> list[str]:
    names = []
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append("." * node.level + (node.module or ""))
    return names


def test_there_is_a_kernel():
    assert len(MODULES) >= 18


@pytest.mark.parametrize("module", MODULES)
def test_it_imports_no_floor_above(module):
    upward = [
        name
        for name in imported(module)
        if (name.split(".")[0] in ABOVE and not name.startswith("seller_center.kernel")) or name.startswith("..")
    ]
    assert upward == []


@pytest.mark.parametrize("module", MODULES)
def test_it_has_no_models(module):
    from django.db import models

    loaded = importlib.import_module(f"seller_center.kernel.{module}")
    own = [thing for thing in vars(loaded).values() if inspect.isclass(thing) and thing.__module__ == loaded.__name__]
    assert not [thing for thing in own if issubclass(thing, models.Model)]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_says_what_it_means(module):
    silent = [
        node.name
        for node in tree(module).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        if not ast.get_docstring(node)
    ]
    assert silent == []
    assert ast.get_docstring(tree(module))


@pytest.mark.parametrize("module", [name for name in MODULES if name != "clock"])
def test_only_the_clock_reads_the_time(module):
    """`time.monotonic` measures patience and is no time of day."""
    calls = [
        ast.unparse(node.func)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert not [
        call for call in calls if call in ("datetime.now", "datetime.utcnow", "date.today", "time.time", "timezone.now")
    ]


@pytest.mark.parametrize("module", [name for name in MODULES if name != "http"])
def test_only_one_module_speaks_http(module):
    clients = ("requests", "requests_hardened", "urllib.request", "http.client", "httpx", "aiohttp", "urllib3")
    assert not [name for name in imported(module) if name in clients]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_one_topic_and_fits_on_a_few_screens(module):
    assert len((FOLDER / f"{module}.py").read_text().splitlines()) < 400
