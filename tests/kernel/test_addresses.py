"""Addresses that are filled in are those that ``reverse`` gives."""

import pytest
from django.urls import NoReverseMatch, reverse

from seller_center.kernel.addresses import address

VALUES = ["MSRD", "SO-24K7", "x", "a_b-C9", "Äpfel", "two words", "50%", "semi;colon", "Stand-In-1-Stands"]


@pytest.mark.parametrize("code", VALUES)
def test_it_is_what_reverse_gives(code):
    for shop in VALUES:
        wanted = reverse("orders:order", kwargs={"shop": shop, "code": code})
        assert address("orders:order", shop=shop, code=code) == wanted
        assert address("orders:order", code=code, shop=shop) == wanted


def test_it_fills_in_numbers():
    for number in (0, 7, 918_273_001, 10**15):
        wanted = reverse("shops:notice", kwargs={"shop": "MSRD", "number": number})
        assert address("shops:notice", shop="MSRD", number=number) == wanted


def test_a_place_without_parts_is_its_address():
    assert address("landing") == reverse("landing")


@pytest.mark.parametrize(
    "parts", [{"shop": "MSRD"}, {"shop": "MSRD", "code": ""}, {"shop": "a/b", "code": "x"}, {"no": "x"}]
)
def test_what_is_no_place_is_refused_as_reverse_refuses_it(parts):
    with pytest.raises(NoReverseMatch):
        reverse("orders:order", kwargs=parts)
    with pytest.raises(NoReverseMatch):
        address("orders:order", **parts)
