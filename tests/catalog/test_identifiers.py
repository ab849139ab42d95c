"""Barcode numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.identifiers import check_digit, is_gtin, with_lost_zeros


@pytest.mark.parametrize("text", ["030955168517", "4006381333931", "96385074", "9780306406157", "00012345600012"])
def test_it_accepts_numbers_whose_check_digit_fits(text):
    assert is_gtin(text)


@pytest.mark.parametrize("text", ["", "030955168518", "30955168463", "12345", "4006381333931 ", "٤٠٠٦٣٨١٣٣٣٩٣١", "abc"])
def test_it_refuses_everything_else(text):
    assert not is_gtin(text)


def test_it_finds_the_zero_that_a_spreadsheet_took_away():
    assert with_lost_zeros("30955168517") == "030955168517"
    assert with_lost_zeros("144500203") == ""


@given(st.text("0123456789", min_size=11, max_size=13).filter(lambda text: len(text) in (11, 12, 13)), st.data())
def test_it_notices_any_single_wrong_digit(digits, data):
    number = digits + str(check_digit(digits))
    assert is_gtin(number)
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([sign for sign in "0123456789" if sign != number[place]]))
    assert not is_gtin(number[:place] + other + number[place + 1 :])
