"""Orders shipped before the search knew their parcels' numbers: the migration tells them, and nothing else changes."""

import importlib

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Replace
from django.test.utils import CaptureQueriesContext

from orders.models import Order, Package
from tests.factories import orders as make
from tests.factories.catalog import make_product

told = importlib.import_module("orders.migrations.0004_orders_are_found_by_their_numbers")


def migrate() -> int:
    """Run it; how many statements changed orders."""
    with connection.schema_editor(atomic=False) as editor, CaptureQueriesContext(connection) as asked:
        told.tell_numbers(apps, editor)
    return sum("UPDATE orders_order " in one["sql"] for one in asked.captured_queries)


def forget(number: str) -> None:
    """As it was before."""
    Order.objects.update(search_text=Replace(F("search_text"), Value(f" {number}"), Value("")))


@pytest.fixture
def numbers(shop, at, monkeypatch) -> list[str]:
    """Of five orders, three of which the search does not find; in batches of two."""
    monkeypatch.setattr(told, "BATCH", 2)
    product = make_product(shop, on_hand=50)
    shipped = [make.tracking_number() for _each in range(5)]
    for number in shipped:
        make.ship(make.make_open_order(shop, product=product, at=at), number=number)
    make.make_open_order(shop, product=product, at=at)
    for number in shipped[1:4]:
        forget(number)
    return shipped


def found(shop) -> dict[str, str]:
    return dict(Order.objects.in_shop(shop).values_list("code", "search_text"))


def test_every_shipped_order_is_found_by_its_number_and_the_others_stay_as_they_are(shop, numbers):
    rows = Order.objects.in_shop(shop)
    before = found(shop)
    assert [rows.found_by(number).count() for number in numbers] == [1, 0, 0, 0, 1]
    assert migrate() == 2
    assert [rows.found_by(number).count() for number in numbers] == [1, 1, 1, 1, 1]
    changed = {code for code, text in found(shop).items() if text != before[code]}
    assert changed == {Package.objects.get(tracking_number=number).order.code for number in numbers[1:4]}


def test_begun_again_it_changes_nothing(shop, numbers):
    migrate()
    once = found(shop)
    assert migrate() == 0
    assert found(shop) == once


def test_an_order_of_two_parcels_is_told_both_and_one_number_once(shop, numbers):
    package = Package.objects.get(tracking_number=numbers[1])
    other = Package.objects.get(tracking_number=numbers[2])
    Package.objects.filter(pk=other.pk).update(order=package.order_id)
    third = Package.objects.get(tracking_number=numbers[4])
    Package.objects.filter(pk=third.pk).update(order=package.order_id, tracking_number=numbers[1])
    migrate()
    text = found(shop)[package.order.code]
    assert text.count(numbers[1]) == 1
    assert text.endswith(f" {numbers[1]} {numbers[2]}")


def test_it_leaves_no_history_since_nothing_that_people_see_has_changed(shop, numbers):
    history = Order.pgh_event_model.objects
    before = history.count()
    migrate()
    assert history.count() == before
