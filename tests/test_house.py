"""The house keeps its own rules: floors, keys, states, events, periodic work, gates and order (architecture.md)."""

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver

from seller_center import api, inbox, lists, reactions, states
from seller_center import celery as clockwork
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, MovesTrigger
from shops import api_auth, deadline_kinds, event_kinds, reacting
from shops.models import ShopOwned

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("shops", "catalog", "marketing", "orders", "payouts", "support", "analytics", "storefront")
FLOOR_OF = {app: number for number, app in enumerate(FLOORS, start=1)}
OURS = [model for model in apps.get_models() if model._meta.app_label in FLOORS]
OWNED = [model for model in OURS if issubclass(model, ShopOwned)]
#: Django's own apps that a floor may refer to.
BELOW_ALL = {"auth", "contenttypes", "sessions", "otp_totp", "otp_static", "otp_email", "pghistory"}


def is_history(model) -> bool:
    """Tables written by the history triggers only."""
    return hasattr(model, "pgh_tracked_model") or "pgh_id" in {field.name for field in model._meta.fields}


def test_it_has_eight_floors_with_models_on_the_lower_ones():
    assert len(OURS) >= 40, "the house lost its models: these tests would prove nothing"


def test_it_lets_foreign_keys_point_down_only():
    up = []
    for model in OURS:
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey) and not is_history(model):
                target = field.related_model._meta.app_label
                if target in BELOW_ALL:
                    continue
                if FLOOR_OF[target] > FLOOR_OF[model._meta.app_label]:
                    up.append(f"{model.__name__}.{field.name} → {target}")
    assert up == []


def test_it_has_no_reverse_names_across_floors():
    named = [
        f"{model.__name__}.{field.name}"
        for model in OURS
        if not is_history(model)
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and field.related_model._meta.app_label != model._meta.app_label
        and not field.remote_field.hidden
    ]
    assert named == []


def test_it_protects_everything_that_is_referred_to():
    kinder = [
        f"{model.__name__}.{field.name}"
        for model in OURS
        if not is_history(model)
        for field in model._meta.fields
        if isinstance(field, models.ForeignKey)
        and field.remote_field.on_delete is not models.PROTECT
        and not field.name.endswith("_ptr")
    ]
    assert kinder == []


def test_it_gives_every_shop_owned_table_a_tenant_key():
    without = [
        model.__name__
        for model in OWNED
        if not any(
            isinstance(one, models.UniqueConstraint) and tuple(one.fields) == ("shop", "id")
            for one in model._meta.constraints
        )
    ]
    assert without == []


def test_it_makes_every_reference_inside_a_shop_composite():
    loose = []
    for model in OWNED:
        if is_history(model):
            continue
        tenant_keys = {one.field for one in model._meta.constraints if isinstance(one, TenantFK)}
        for field in model._meta.fields:
            if not isinstance(field, models.ForeignKey) or not issubclass(field.related_model, ShopOwned):
                continue
            if field.db_constraint or field.name not in tenant_keys:
                loose.append(f"{model.__name__}.{field.name}")
    assert loose == []


def test_it_has_no_unique_constraint_without_the_shop():
    alone = []
    for model in OWNED:
        for one in model._meta.constraints:
            if isinstance(one, models.UniqueConstraint) and one.fields and "shop" not in one.fields:
                alone.append(f"{model.__name__}.{one.name}")
        alone += [
            f"{model.__name__}.{field.name}"
            for field in model._meta.fields
            if field.unique and not field.primary_key and not is_history(model)
        ]
    assert alone == []


STATUS_FIELDS = [
    (model, field)
    for model in OURS
    if not is_history(model)
    for field in model._meta.fields
    if field.name == "status" and field.choices
]


def test_it_found_the_state_machines():
    assert len(STATUS_FIELDS) >= 8


@pytest.mark.parametrize(("model", "field"), STATUS_FIELDS, ids=lambda one: getattr(one, "__name__", ""))
def test_it_gives_every_status_moves_and_a_trigger_from_the_same_table(model, field):
    moves = model.MOVES
    assert isinstance(moves, Moves)
    assert set(moves.states) == {value for value, _label in field.choices}
    triggers = model._meta.triggers
    assert any(isinstance(one, MovesTrigger) and one.field == "status" and one.moves == moves for one in triggers)


@pytest.mark.parametrize(("model", "field"), STATUS_FIELDS, ids=lambda one: getattr(one, "__name__", ""))
def test_it_has_a_word_and_a_tone_for_every_state(model, field):
    noun = model._meta.model_name
    wordless = [state for state in model.MOVES.states if not {state, f"{noun}.{state}"} & set(states.STATES)]
    assert wordless == []


def test_it_enforces_every_table_of_moves_that_is_written_down():
    """A table of moves that stands in a module and is enforced by no trigger would be a promise only."""
    written = {
        f"{module.__name__}.{name}": value
        for module in {inspect.getmodule(model) for model in OURS}
        for name, value in vars(module).items()
        if isinstance(value, Moves)
    }
    enforced = [
        one.moves for model in OURS for one in getattr(model._meta, "triggers", ()) if isinstance(one, MovesTrigger)
    ]
    assert len(written) >= 15
    assert [name for name, moves in written.items() if moves not in enforced] == []


def test_it_changes_no_state_behind_the_back_of_the_moves():
    """Verbs write states by ``move()`` or one UPDATE with its condition; nobody assigns ``x.status = …`` and saves."""
    assigned = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in module_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Attribute) and target.attr == "status" and "kernel" not in path.parts
    ]
    pure = "catalog/sheets.py"  # the rows of a file are no table
    assert [place for place in assigned if not place.startswith(pure)] == []


def test_it_has_a_line_of_reactions_for_every_event_kind():
    assert set(reactions.REACTIONS) == set(event_kinds.KINDS)


def test_it_names_reactions_that_exist_and_are_effective_once():
    names = {name for line in reactions.REACTIONS.values() for name in line}
    for name in names:
        reactions.resolve(name)
    assert names <= set(reacting._handlers)


def test_it_has_a_verb_for_every_deadline_kind():
    assert set(inbox.WHEN_DUE) == set(deadline_kinds.KINDS)
    for name in inbox.WHEN_DUE.values():
        assert list(inspect.signature(reactions.resolve(name)).parameters)[1:] == ["at"]


def test_it_has_a_verb_for_every_job_kind():
    for name in reactions.JOB_KINDS.values():
        assert "at" in inspect.signature(reactions.resolve(name)).parameters


def test_it_has_a_command_for_every_periodic_entry():
    from django.core.management import get_commands

    commands = get_commands()
    assert clockwork.PERIODIC
    for entry in clockwork.PERIODIC:
        assert entry.command in commands, f"{entry.name} has no command"


@pytest.mark.django_db
def test_it_has_a_task_for_every_periodic_entry():
    clockwork.app.loader.import_default_modules()
    missing = [entry.task for entry in clockwork.PERIODIC if entry.task not in clockwork.app.tasks]
    assert missing == []


def patterns(resolver=None, prefix=""):
    """Every URL pattern of ours with its whole route."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, route)
        elif isinstance(entry, URLPattern):
            yield route, entry


SHOP_URLS = [(route, entry) for route, entry in patterns() if re.match(r"\^?s/<[^>]*shop>", route)]


def test_it_found_the_shop_urls():
    assert len(SHOP_URLS) >= 30


@pytest.mark.parametrize(("route", "entry"), SHOP_URLS, ids=lambda one: one if isinstance(one, str) else "")
def test_it_declares_who_may_use_every_shop_url(route, entry):
    declared = getattr(entry.callback, "declared", None)
    assert declared is not None, f"{route} is not wrapped in for_shop"
    assert declared["area"]


API_OPERATIONS = [
    (path, operation)
    for _prefix, router in api.api._routers
    for path, view in router.path_operations.items()
    for operation in view.operations
]


@pytest.mark.parametrize(("path", "operation"), API_OPERATIONS, ids=lambda one: one if isinstance(one, str) else "")
def test_it_asks_a_scope_of_every_caller_of_the_api(path, operation):
    assert api_auth.scope_of(operation), f"{path} lets keys in that were given nothing"


LISTS = [
    (path, node)
    for app in (*FLOORS, "seller_center")
    for path in (ROOT / app).rglob("*.py")
    if "kernel" not in path.parts
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "keyset_page"
]


def orders_of(path: Path, node: ast.Call) -> list[tuple[str, ...]]:
    """The orders a call of ``keyset_page`` may use."""
    given = next(keyword.value for keyword in node.keywords if keyword.arg == "order")
    place = str(path.relative_to(ROOT))
    if place == "shops/lists.py":  # the lists of the sellers: whatever a person may sort each of them by
        found = [reactions.resolve(name) for name in lists.LISTS.values()]
        return [sort.order for one in found for tab in (one.tabs or ("",)) for sort in one.sorts_of(tab).values()]
    module = importlib.import_module(place.removesuffix(".py").replace("/", "."))
    choices = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
    return [eval(ast.unparse(one), vars(module)) for one in choices]


def test_it_found_the_lists():
    assert len(LISTS) + len(lists.LISTS) >= 20


@pytest.mark.parametrize(
    ("path", "node"), LISTS, ids=lambda one: f"{one.parent.name}-{one.stem}" if hasattr(one, "stem") else ""
)
def test_it_orders_every_list_totally(path, node):
    """Each page begins after the last row of the one before: two rows may not stand in the same place."""
    for order in orders_of(path, node):
        assert order[-1].lstrip("-") in {"id", "pk"}, f"{path.name}:{node.lineno} {order}"


def test_it_orders_every_table_totally_that_has_an_order_of_its_own():
    loose = [
        model.__name__
        for model in OURS
        if model._meta.ordering
        and not model._base_manager.order_by(*model._meta.ordering).totally_ordered
        and {one.lstrip("-") for one in model._meta.ordering} not in unique_together(model)
    ]
    assert loose == []


def unique_together(model) -> list[set[str]]:
    """What identifies a row of a shop: Django does not look through foreign keys for it."""
    keys = [one for one in model._meta.constraints if isinstance(one, models.UniqueConstraint) and not one.condition]
    return [set(one.fields) - {"shop"} for one in keys]


def test_it_pages_by_keys_and_never_by_numbers():
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in module_files()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "django.core.paginator" and "admin" not in path.parts
    ]
    assert offenders == []


def test_it_keeps_the_import_contracts():
    """Floors, rooms, the roof, the kernel, the HTTP client: the contracts stand in pyproject.toml."""
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--no-logo", "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "0 broken" in done.stdout


def module_files():
    for app in (*FLOORS, "seller_center"):
        yield from (path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


#: A sign written before an amount by hand, a second call of babel's, an amount put together in a script.
BY_HAND = {
    ".html": re.compile(r"[-−]\s*(<[^>]*>)*\s*\{\{[^}]*\|money|\|money[^}]*\}\}\s*[-−]\s*\$|[-−]\s*[$€£]"),
    ".txt": re.compile(r"[-−]\s*\{\{[^}]*\|money|[-−]\s*[$€£]"),
    # … or minor units put into words as they are
    ".py": re.compile(
        r"format_currency|\{[\w.]*_minor\}|f\"[^\"\n]*[-−]\{format_money|\"[-−]\" *\+ *format_money|-\$[\d{]"
    ),
    ".js": re.compile(r"style: *\"currency\""),
}


def money_by_hand(name: str, text: str) -> list[str]:
    """Where a file writes money past the one formatter."""
    return [f"{name}: {found.group()}" for found in BY_HAND[Path(name).suffix].finditer(text)]


def test_it_has_one_writer_of_money():
    """The sign of an amount is the formatter's: screens, mails and scripts never put their own before it."""
    wrong = {
        "a.html": ("<dd>−{{ order.seller_discount_minor|money:order.currency }}</dd>", "-<b>{{ x|money:y }}</b>"),
        "a.txt": ("-{{ x|money:y }}", "−$5"),
        "a.py": ('f"-{format_money(minor, currency)}"', "format_currency(", 'f"{self.net_minor} USD"'),
        "a.js": ('{ style: "currency" }',),
    }
    assert [(name, one) for name, texts in wrong.items() for one in texts if not money_by_hand(name, one)] == []
    files = [*module_files()]
    for folder, suffix in (("templates", ".html"), ("templates", ".txt"), ("static/js", ".js")):
        files += (ROOT / folder).rglob(f"*{suffix}")
    writers = {"seller_center/kernel/money.py", "static/js/charts.js"}
    found = [
        one
        for path in files
        for one in money_by_hand(str(path.relative_to(ROOT)), path.read_text())
        if str(path.relative_to(ROOT)) not in writers and "seeding" not in path.parts  # which writes SQL
    ]
    assert len(files) > 500
    assert found == []
    charts = (ROOT / "static/js/charts.js").read_text()
    assert charts.count("Intl.NumberFormat(language, { style") == 2
    assert '.replace("-", "−")' in charts


def test_it_reads_the_clock_in_doors_only():
    """Verbs take ``at``: below the doors nobody calls ``clock.now()`` (architecture.md, rule 3)."""
    doors = {"views", "admin", "api", "tasks", "commands", "kernel", "reactions", "inbox", "passing", "frame", "celery"}
    readers = []
    for path in module_files():
        parts = {*path.parts, path.stem}
        if parts & doors or path.stem.startswith(("views_", "desk", "account", "middleware")) or "adapter" in path.stem:
            continue
        if "clock.now()" in path.read_text():
            readers.append(str(path.relative_to(ROOT)))
    # a task is a door: the decorator that makes one reads the clock for it; so does the gate, which wraps every view
    allowed = {"shops/reacting.py", "shops/access.py"}
    assert set(readers) <= allowed


def test_it_has_no_rooms_without_a_name():
    unnamed = [
        str(path.relative_to(ROOT))
        for path in module_files()
        if path.stem in {"services", "utils", "helpers", "common", "misc"}
    ]
    assert unnamed == []


def test_it_never_delays_by_the_queue():
    """No eta, countdown or retry delay: waiting is a Deadline row (DEC11)."""
    offenders = []
    for path in module_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                names = {keyword.arg for keyword in node.keywords}
                if names & {"eta", "countdown"}:
                    offenders.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert offenders == []


def test_it_says_what_every_module_is_for():
    silent = [
        str(path.relative_to(ROOT))
        for path in module_files()
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []
