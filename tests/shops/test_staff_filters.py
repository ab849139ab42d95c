"""The filters of the staff's lists: no list reads a whole table to open, and every value has words and is offered."""

import ast
import importlib
import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.models import Package
from payouts import settlement
from seller_center import reactions
from shops import batches, event_kinds, jobs
from shops.admin.filters import Among, ShippedRoles
from shops.admin.read_only import is_coded, said
from shops.models import Market, Membership, Role, TradeClass, User
from tests.factories.orders import make_delivered_order, make_open_order, package_of
from tests.factories.payouts import keep
from tests.factories.shops import log_in_staff, make_member, make_staff
from tests.factories.standing import make_case
from tests.test_house import FLOORS, ROOT

MODELS = list(admin.site._registry)
#: What every installation has a handful of: a filter may name all of them.
REFERENCE = {Market, TradeClass, Group}


def address(model) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def reading_whole_tables(queries: list[dict]) -> list[str]:
    """The questions whose cost grows with the table: all its different values, or a count without an end."""
    counts = re.compile(r"\bCOUNT\((?!.*\bLIMIT \d+\))", re.DOTALL)
    return [one["sql"] for one in queries if "SELECT DISTINCT" in one["sql"] or counts.search(one["sql"])]


@pytest.fixture
def staff(client, db):
    boss = make_staff("admin")
    boss.is_superuser = True
    boss.save()
    log_in_staff(client, boss)
    return client


@pytest.fixture
def look(staff):
    """Open a list: what it is made of, and what was asked that reads whole tables."""

    def opened(model, question: str = ""):
        with CaptureQueriesContext(connection) as asked:
            answer = staff.get(address(model) + question)
        assert answer.status_code == 200, (model, question)
        return answer.context["cl"], reading_whole_tables(asked.captured_queries)

    return opened


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.__name__)
def test_a_list_opens_without_reading_a_whole_table(look, shop, model):
    """Not even when its address asks for the counts of all filters ("facets")."""
    for question in ("", "?_facets=True"):
        shown, whole = look(model, question)
        assert whole == []
        for one in shown.filter_specs:
            assert not isinstance(one, admin.AllValuesFieldListFilter), f"{one.title}: say its values by among(…)"
            if isinstance(one, admin.RelatedFieldListFilter):
                assert one.field.related_model in REFERENCE or isinstance(one, ShippedRoles)


def test_a_list_that_does_is_seen(look, shop, monkeypatch):
    """Control: a filter without values of its own, and counts of all filters."""
    packages = admin.site._registry[Package]
    monkeypatch.setattr(packages, "list_filter", ("status", "carrier"))
    shown, whole = look(Package)
    assert isinstance(shown.filter_specs[1], admin.AllValuesFieldListFilter)
    assert ["SELECT DISTINCT" in sql for sql in whole] == [True]
    monkeypatch.setattr(packages, "list_filter", ("status",))
    monkeypatch.setattr(packages, "show_facets", admin.ShowFacets.ALLOW)
    assert look(Package)[1] == []
    assert len(look(Package, "?_facets=True")[1]) == 1


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.__name__)
def test_every_link_of_a_filter_has_words_and_opens(look, shop, model):
    """Followed is the last one of each filter whose values are the code's: "None", where the field may be empty."""
    shown, _whole = look(model)
    for number, one in enumerate(shown.filter_specs):
        links = list(one.choices(shown))
        said = [str(link["display"]).strip() for link in links]
        assert all(said), (model, one.title)
        assert len(said) == len(set(said)), (model, one.title, said)
        if isinstance(one, Among):
            assert (said[-1] == "None") == one.field.blank, (model, one.title)
            then, _whole = look(model, links[-1]["query_string"])
            chosen = [link["selected"] for link in then.filter_specs[number].choices(then)]
            assert chosen == [False] * (len(links) - 1) + [True]


def test_a_filter_finds_its_rows(staff, shop, at):
    """Packages of a carrier, and those that have none yet."""
    sent, waiting = (package_of(make(shop, at=at)) for make in (make_delivered_order, make_open_order))
    page = staff.get(address(Package)).content.decode()
    for words in ("UPS", "Royal Mail", "None"):
        assert re.search(rf'<a href="\?carrier__exact=\w*">{words}</a>', page), words
    for value, found in ((sent.carrier, [sent]), ("dhl", []), ("", [waiting])):
        listed = staff.get(f"{address(Package)}?carrier__exact={value}").context["cl"].result_list
        assert list(listed) == found, value


def test_what_is_written_is_offered(look, shop, at):
    """Of a market with a little of everything, no row holds a value that its filter does not name."""
    keep(make_delivered_order(shop, at=at), at=at)
    make_case(shop, at=at)
    compared = 0
    for model in MODELS:
        for one in look(model)[0].filter_specs:
            if isinstance(one, Among):
                offered = {str(value) for value, _words in one.pairs()} | ({""} if one.field.blank else set())
                held = {str(value) for value in model._base_manager.values_list(one.field_path, flat=True)}
                assert held <= offered, (model, one.title)
                compared += bool(held)
    assert compared >= 8


def test_a_shops_own_roles_are_no_links(look, shop):
    """However many shops there are, the filter names the shipped ones."""
    make_member(shop)
    Role.objects.create(shop=shop, code="own", name="Own role", areas={})
    (roles,) = look(Membership)[0].filter_specs
    assert [words for _pk, words in roles.lookup_choices] == list(
        Role.objects.filter(shop=None).order_by("pk").values_list("name", flat=True)
    )


# -- the tables of the code are whole ---------------------------------------------------------------------------------


def calls(*names: str):
    """Every call of a function of one of these names, with its module."""
    for floor in (*FLOORS, "seller_center"):
        for path in (ROOT / floor).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in names:
                    yield path, node


def test_every_kind_of_job_and_of_batch_is_named():
    assert set(jobs.KINDS) == set(reactions.JOB_KINDS)
    run = set()
    for path, node in calls("batch_run"):
        module = importlib.import_module(str(path.relative_to(ROOT)).removesuffix(".py").replace("/", "."))
        run.add(eval(ast.unparse(node.args[0]), vars(module)))
    assert run == set(batches.KINDS)


def test_every_kind_of_subject_is_named():
    """Of events, and of the deadlines that become events."""
    said = set()
    for _path, node in calls("record", "record_many", "_record_many", "set_deadline"):
        given = [one.value for one in node.keywords if one.arg in ("subject_kind", "subjects")] + node.args[1:2]
        given = [one.elt if isinstance(one, ast.ListComp) else one for one in given]
        first = [one.elts[0] if isinstance(one, ast.Tuple) else one for one in given]
        said |= {one.value for one in first if isinstance(one, ast.Constant)}
    assert len(said) > 20
    assert said == set(event_kinds.SUBJECTS)


def test_every_audience_and_all_terms_are_named():
    assert {kind.audience for kind in event_kinds.KINDS.values()} == set(event_kinds.AUDIENCES)
    terms = ast.parse((ROOT / "payouts/settlement.py").read_text())
    named = {
        node.args[0].value
        for node in ast.walk(terms)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Terms"
    }
    assert named == set(settlement.TERMS)


# -- a person's groups ------------------------------------------------------------------------------------------------


def test_a_persons_groups_are_ticked(staff, shop):
    """A handful of boxes to tick; the two lists with arrows of Django's are a script's, and not for everybody."""
    person = make_staff("support")
    path = reverse("admin:shops_user_change", args=[person.pk])
    page = staff.get(path).content.decode()
    assert page.count('type="checkbox" name="groups"') == Group.objects.count() > 3
    assert "SelectFilter2.js" not in page
    chosen = Group.objects.get(name="finance")
    staff.post(path, {"is_active": "on", "is_staff": "on", "groups": [chosen.pk]})
    assert list(User.objects.get(pk=person.pk).groups.all()) == [chosen]


# -- what axe asks of two pages of the desks --------------------------------------------------------------------------


def test_each_box_of_a_moment_says_what_it_is(staff):
    """A day and a time are two boxes under one label, which names neither."""
    page = staff.get(reverse("admin:payouts_settlementterms_decision")).content.decode()
    boxes = re.findall(r'<input[^>]*name="reserve_until_\d"[^>]*>', page)
    assert [re.search(r'aria-label="Reserve held until: (\w+)', one)[1] for one in boxes] == ["day", "time"]


def test_a_table_without_links_scrolls_by_keys(staff, shop, at):
    """On a phone it is wider than the page."""
    order = make_open_order(shop, at=at)
    page = staff.get(reverse("admin:orders_order_desk", args=[order.pk])).content.decode()
    assert re.search(r'<div class="desk-wrap" tabindex="0" role="region" aria-label="Items">', page)


def test_a_column_says_what_its_filter_says(db):
    told = 0
    for model, which in admin.site._registry.items():
        among = [one for one in which.list_filter if isinstance(one, tuple) and issubclass(one[1], Among)]
        for name, kind in among:
            if not (name in which.list_display and is_coded(model, name)):
                continue
            for code, words in kind.pairs():
                assert said(model, name, code) == str(words), f"{model._meta.label}.{name}"
                told += 1
    assert told > 20
