"""Refusals: what a door finds on them."""

import pickle

import pytest
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.errors import DomainError, Invalid, Stale


class OutOfStock(DomainError):
    code = "out_of_stock"
    field = "quantity"


def test_it_carries_sentence_code_and_field():
    error = DomainError("Not today.", code="closed", field="day")
    assert (error.message, error.code, error.field, error.status, str(error)) == (
        "Not today.",
        "closed",
        "day",
        409,
        "Not today.",
    )
    assert (DomainError("x").code, DomainError("x").field) == ("", "")


def test_a_subclass_sets_its_code_and_field_once():
    assert (OutOfStock("Only 2 left.").code, OutOfStock("Only 2 left.").field) == ("out_of_stock", "quantity")
    assert OutOfStock("x", code="other", field="line").code == "other"
    assert OutOfStock.code == "out_of_stock"


def test_wrong_input_is_422_and_may_say_where():
    error = Invalid("Row 7: no price.", row=7, column="price")
    assert (error.status, error.row, error.column, error.code) == (422, 7, "price", "invalid")
    assert (Invalid("x").row, Invalid("x").column) == (None, "")


def test_somebody_was_faster_is_409_and_may_say_how_it_stands():
    assert (Stale("x", now="shipped").now, Stale("x").status, Stale("x").code) == ("shipped", 409, "stale")


def test_a_translated_sentence_is_translated_when_read():
    assert str(DomainError(_("Open"))) == "Open"


@pytest.mark.parametrize("error", [OutOfStock("Only 2 left.", code="c"), Invalid("x", row=3), Stale("x", now="gone")])
def test_it_survives_a_process_boundary(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
