"""Many rows in one statement: the same rows as the ORM writes, whatever stands in them."""

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Sku
from seller_center.kernel.bulk import insert_many, update_many
from shops.models import ShopEvent
from tests.factories.catalog import make_product

pytestmark = pytest.mark.django_db

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12) | st.sampled_from(
    ['"', "\\", "{", "}", ",", "NULL", "null", "'", "%s", " ", '\\"', "a,b"]
)


def insert_skus(product, at, rows: list[tuple[str, list[str], int | None]], **more) -> list[tuple]:
    return insert_many(
        Sku,
        same={"shop": product.shop_id, "product_id": product.pk, "position": 0, "barcode": "", "created_at": at},
        each={
            "code": [code for code, _values, _price in rows],
            "option_values": [values for _code, values, _price in rows],
            "price_minor": [1] * len(rows),
            "cost_minor": [price for _code, _values, price in rows],
        },
        **more,
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(texts, max_size=3), min_size=1, max_size=4, unique_by=tuple))
def test_arrays_arrive_as_they_are(shop, at, values):
    with transaction.atomic():
        product = make_product(shop, at=at)
        Sku.objects.filter(shop=shop, product=product).update(option_values=["only this"], retired_at=at)
        rows = [(f"N-{number}", told, number or None) for number, told in enumerate(values)]
        made = insert_skus(product, at, rows, returning=("code", "id"))
        there = Sku.objects.filter(shop=shop, code__startswith="N-").order_by("id")
        assert [(sku.code, sku.option_values, sku.cost_minor) for sku in there] == rows
        assert made == [(sku.code, sku.pk) for sku in there]
        transaction.set_rollback(True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(texts, texts | st.integers() | st.none(), max_size=2), min_size=1, max_size=3))
def test_json_arrives_as_it_is(shop, at, facts):
    with transaction.atomic():
        insert_many(
            ShopEvent,
            same={"shop": shop.pk, "kind": "x", "subject_kind": "x", "at": at, "audience": "x", "last_error": ""}
            | {"attempts": 0, "by": None, "delivered_at": at},
            each={"subject_code": [str(number) for number in range(len(facts))], "facts": facts},
        )
        assert (
            list(ShopEvent.objects.in_shop(shop).filter(kind="x").order_by("id").values_list("facts", flat=True))
            == facts
        )
        transaction.set_rollback(True)


def test_none_is_no_statement(shop, at, django_assert_num_queries):
    product = make_product(shop, at=at)
    with django_assert_num_queries(0):
        assert insert_skus(product, at, [], returning=("id",)) == []
        assert update_many(Sku, shop.pk, {}, ["code"]) == 0


def test_a_key_that_is_taken_is_refused_and_nothing_is_written(shop, at):
    product = make_product(shop, at=at)
    with pytest.raises(IntegrityError, match="sku_code_once"), transaction.atomic():
        insert_skus(product, at, [("NEW", ["a"], None), ("NEW", ["b"], None)])
    assert not Sku.objects.filter(shop=shop, code="NEW").exists()


def test_a_row_that_is_to_be_written_once_is_left_as_it_is(shop, at):
    product = make_product(shop, at=at)
    insert_skus(product, at, [("FIRST", ["a"], 5)])
    made = insert_skus(
        product, at, [("FIRST", ["b"], 7), ("SECOND", ["c"], None)], once=("shop", "code"), returning=("code",)
    )
    assert made == [("SECOND",)]
    first = Sku.objects.get(shop=shop, code="FIRST")
    assert (first.option_values, first.cost_minor) == (["a"], 5)


def test_it_changes_the_rows_of_one_shop_only(shop, other_shop, at):
    mine, theirs = (Sku.objects.get(product=make_product(one, at=at)) for one in (shop, other_shop))
    values = {sku.pk: {"code": "C", "weight_grams": None} for sku in (mine, theirs)}
    assert update_many(Sku, shop.pk, values, ["code", "weight_grams"]) == 1
    theirs.refresh_from_db()
    mine.refresh_from_db()
    assert mine.code == "C" != theirs.code
