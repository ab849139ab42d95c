"""The shapes of tracking numbers. Most samples are ones that the carriers print in their own manuals."""

import pytest

from orders import number_shapes
from sandbox import journeys

GOOD = {
    "ups": ["1Z999AA10123456784", "1Z5R89390357567127", "1Z879E930346834440", "1Z410E7W0392751591"],
    "usps": [
        "0307 1790 0005 2348 3741",
        "7196 9010 7560 0307 7385",
        "9505 5110 6960 5048 6006 24",
        "9361 2898 7870 0317 6337 95",
        "92748931507708513018050063",
        "420 22153 9101026837331000039521",
        "4201028200009261290113185417468510",
        "EA123456785US",
    ],
    "fedex": [
        "986578788855",
        "477179081230",
        "0414 4176 0228 964",
        "9611020987654312345672",
        "61299998820821171811",
        "9261292700768711948021",
    ],
    "dhl": ["3318810025", "73891051146", "JJD0099999999", "JD014600006281230704", "GM2951173225174494"],
    "royal_mail": ["RB123456785GB", "rn 123 456 785 gb"],
    "sandbox": [journeys.tracking_number("1", f"label:{number}", 0) for number in range(50)],
}


@pytest.mark.parametrize(("carrier", "number"), [(carrier, number) for carrier in GOOD for number in GOOD[carrier]])
def test_it_takes_real_numbers_and_none_with_one_digit_changed(carrier, number):
    number = number_shapes.normalized(number)
    assert number_shapes.is_plausible(carrier, number)
    if not number.startswith(("J", "GM")):  # these have no check digit
        changed = number[:-3] + str((int(number[-3]) + 1) % 10) + number[-2:] if number[-2:].isdigit() else None
        assert changed is None or not number_shapes.is_plausible(carrier, changed)


NONSENSE = [
    *("", "X", "123", "1Z", "1Z5R89390357567128", "2Z5R89390357567127", "RB123456784GB", "RB123456785XX"),
    *("SBX1234567890123", "9200000000000000000000", "3318810010", "996578788855", "１２３４５６７８９０"),
    *("9" * 60, "SBX" + "0" * 12),
]


@pytest.mark.parametrize("carrier", number_shapes.SHAPES)
@pytest.mark.parametrize("number", NONSENSE)
def test_it_takes_no_nonsense(carrier, number):
    assert not number_shapes.is_plausible(carrier, number)


def test_it_takes_no_carriers_numbers_for_those_of_the_sandbox():
    for carrier in set(GOOD) - {"sandbox"}:
        for number in GOOD[carrier]:
            assert not number_shapes.is_plausible("sandbox", number_shapes.normalized(number))
