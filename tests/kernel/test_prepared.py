"""Prepared questions: the same rows as the query they were made from, worked out once, and nothing else flows in."""

import datetime as dt
import itertools
import threading

import pytest
from django.db import connections, models
from django.db.models import Count, Q
from django.db.models.sql.compiler import SQLCompiler
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seller_center.kernel.prepared import Prepared, several
from tests.kernel.scratch.models import Order

START = dt.datetime(2026, 10, 14, 16, 0, tzinfo=dt.UTC)


@pytest.fixture
def question():
    """Makes a question that is forgotten after the test."""
    before = list(Prepared.all)
    yield Prepared
    Prepared.all[:] = before


@pytest.fixture
def orders(acme, zebra):
    made = [
        Order(shop=shop, placed_at=START + dt.timedelta(hours=number), note=note, total_minor=number * 100)
        for shop in (acme, zebra)
        for number, note in enumerate(["", "apple", "MARK7001", "100%", "it's", "{shop}", "Äpfel"])
    ]
    return Order.objects.bulk_create(made)


def plain(*, shop: int, since: dt.datetime, notes: list[str]) -> models.QuerySet:
    rows = Order.objects.filter(shop_id=shop, placed_at__gte=since)
    return rows.filter(Q(note__in=notes) | Q(total_minor=300)).order_by("placed_at", "id").select_related("shop")


def test_it_gives_the_rows_of_its_query_whatever_the_values(orders, acme, zebra, question):
    asked = question(plain)
    notes = ["", "apple", "MARK7001", "100%", "it's", "{shop}", "Äpfel", "%s", "' OR 1=1 --"]
    seen = 0
    for shop, hours, many in itertools.product((acme, zebra), (0, 2, 9), (1, 2, 3)):
        for chosen in itertools.combinations(notes, many):
            values = {"shop": shop.pk, "since": START + dt.timedelta(hours=hours), "notes": list(chosen)}
            wanted, found = list(plain(**values)), list(asked(**values))
            assert [(row.pk, row.note, row.shop.name) for row in found] == [
                (row.pk, row.note, row.shop.name) for row in wanted
            ]
            seen += len(found)
    assert seen > 100
    assert len(asked.known) == 3, "one statement for each length of the list"


def test_it_is_worked_out_once(orders, acme, question, django_assert_num_queries, monkeypatch):
    asked = question(plain)
    values = {"shop": acme.pk, "since": START, "notes": ["apple"]}
    list(asked(**values))

    def refuse(*_args, **_more):
        raise AssertionError("worked out again")

    monkeypatch.setattr(SQLCompiler, "as_sql", refuse)
    with django_assert_num_queries(1):
        assert [row.note for row in asked(**values)] == ["apple", "100%"]


def test_its_values_and_annotations_arrive_as_from_any_query(orders, acme, zebra, question):
    @question
    def counted(cap: int, *, shop: int, most: int) -> models.QuerySet:
        rows = Order.objects.filter(shop_id=shop, total_minor__lte=most).values("shop__name")
        return rows.annotate(number=Count("pk")).values_list("shop__name", "number")[:cap]

    assert list(counted(5, shop=acme.pk, most=250)) == [(acme.name, 3)]
    assert list(counted(5, shop=zebra.pk, most=100)) == [(zebra.name, 2)]


def test_it_is_asked_of_the_connection_of_its_thread(orders, acme, question):
    asked = question(plain)
    values = {"shop": acme.pk, "since": START, "notes": ["apple"]}
    here, there = [], []

    def ask(where: list) -> None:
        where.append(asked(**values).query.get_compiler(using="default").connection)

    ask(here)
    other = threading.Thread(target=ask, args=(there,))
    other.start()
    other.join(30)
    assert here == [connections["default"]]
    assert there[0] is not here[0]


@pytest.mark.parametrize("value", [None, True, 1.5, {"a": 1}, object()])
def test_a_value_that_changes_the_statement_is_refused(acme, question, value):
    asked = question(plain)
    with pytest.raises(TypeError, match="notes"):
        asked(shop=acme.pk, since=START, notes=[value])


def test_a_value_that_does_not_reach_the_statement_is_refused(acme, question):
    @question
    def forgets(*, shop: int, code: str) -> models.QuerySet:
        return Order.objects.filter(shop_id=shop)

    @question
    def bends(*, shop: int, words: str) -> models.QuerySet:
        return Order.objects.filter(shop_id=shop, note=f"<{words}>")

    with pytest.raises(ValueError, match="code"):
        forgets(shop=acme.pk, code="X")
    with pytest.raises(ValueError, match="<MARK"):
        bends(shop=acme.pk, words="apple")


def test_what_flows_in_from_elsewhere_is_found(acme, question):
    now = [START]

    @question
    def leaks(*, shop: int) -> models.QuerySet:
        return Order.objects.filter(shop_id=shop, placed_at__lte=now[0])

    list(leaks(shop=acme.pk))
    assert all(kept == anew for kept, anew in leaks.anew())
    now[0] += dt.timedelta(days=40)
    assert [kept == anew for kept, anew in leaks.anew()] == [False]


def test_several_keys_come_in_few_lengths_and_none_is_added_or_lost(orders, acme, question):
    for count in range(1, 70):
        keys = [f"k{number}" for number in range(count)]
        found = several(keys)
        assert set(found) == set(keys)
        assert len(found) in (1, 2, 4, 8, 16, 32, 64, 128)
    assert several([]) == []
    asked = question(plain)
    one = {"shop": acme.pk, "since": START, "notes": several({"apple", "pear", "plum"})}
    assert [row.pk for row in asked(**one)] == [row.pk for row in plain(**one)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=30))
def test_any_words_are_a_value_and_never_a_part_of_the_statement(orders, acme, question, words):
    asked = question(plain)
    values = {"shop": acme.pk, "since": START, "notes": [words]}
    assert [row.pk for row in asked(**values)] == [row.pk for row in plain(**values)]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.sampled_from("ap%_\\'{}Ä 1"), max_size=4))
def test_words_are_looked_for_whatever_signs_of_a_pattern_are_in_them(orders, acme, question, words):
    def looking(*, shop: int, words: str) -> models.QuerySet:
        asked = Q(note__contains=words) | Q(note__istartswith=words) | Q(note__iendswith=words) | Q(note=words)
        return Order.objects.filter(asked, shop_id=shop)

    values = {"shop": acme.pk, "words": words}
    assert {row.pk for row in question(looking)(**values)} == {row.pk for row in looking(**values)}
