"""The sandbox's own reader of NACHA files."""

import pytest

from sandbox import nacha as reader
from tests.sandbox import asking
from tests.sandbox.nacha_files import nacha

FILE = nacha(("payout:1", "00012345", 10_000), ("payout:2", "ABC-77 9", 1))


def lines() -> list[str]:
    return FILE.rstrip("\n").split("\n")


def read_with(number: int, first: int, text: str) -> list[reader.Entry]:
    """The file read with `text` written into a line from a column on (both counted from 1)."""
    changed = lines()
    line = changed[number - 1]
    changed[number - 1] = line[: first - 1] + text + line[first - 1 + len(text) :]
    return reader.read("\n".join(changed))


def test_it_reads_what_another_library_wrote():
    first, second = reader.read(FILE)
    assert (first.identification, first.account, first.amount_minor) == ("PAYOUT:1", "00012345", 10_000)
    assert (first.routing, first.name, first.transaction_code) == (asking.ROUTING, "SHOP ONE", "22")
    assert (second.account, second.amount_minor) == ("ABC-77 9", 1)
    assert str(first.effective_on) == "2026-01-05"
    assert not first.is_debit
    assert reader.read(FILE.replace("\n", "\r\n")) == [first, second]


@pytest.mark.parametrize(
    ("number", "first", "text", "sentence"),
    [
        (1, 1, "2", "record type"),
        (1, 24, "261301", "the file's date"),
        (1, 35, "095", "record size"),
        (2, 2, "225", "service class"),
        (2, 51, "WEB", "entry class"),
        (2, 70, "260230", "effective date"),
        (2, 1, "6", "cannot stand here"),
        (3, 2, "99", "transaction code"),
        (3, 4, "X", "routing number"),
        (3, 4, "12100002", "entry hash"),
        (3, 30, "000001000X", "the amount"),
        (3, 30, "0000010001", "sum of credits"),
        (3, 79, "1", "addenda record"),
        (3, 80, "99999999", "originating bank"),
        (4, 80, "021000020000001", "do not ascend"),
        (5, 5, "000003", "entry count"),
        (5, 45, "X", "company identification"),
        (5, 88, "0000002", "batch number"),
        (6, 2, "000002", "batch count"),
        (6, 8, "000002", "block count"),
        (6, 14, "00000003", "entry count"),
        (6, 22, "0000000001", "entry hash"),
        (7, 5, "8", "filler"),
    ],
)
def test_it_names_line_and_fault(number, first, text, sentence):
    with pytest.raises(reader.NachaFault, match=sentence) as fault:
        read_with(number, first, text)
    assert str(fault.value).startswith("Line ")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "printable ASCII"),
        ("101", "printable ASCII"),
        (FILE.replace("SHOP ONE", "SHÖP ONE"), "printable ASCII"),
        ("\n".join(FILE.split("\n")[:6]), "multiple of 10"),
        ("\n".join(FILE.split("\n")[:2] + ["9" * 94] * 8), "cannot stand in a batch"),
        ("\n".join(FILE.split("\n")[:4] * 5), "cannot stand"),
        ("\n".join([FILE.split("\n")[0]] + FILE.split("\n")[1:5] + [FILE.split("\n")[4]] * 5), "cannot stand here"),
    ],
)
def test_it_refuses_what_is_no_file(text, sentence):
    with pytest.raises(reader.NachaFault, match=sentence):
        reader.read(text)


def test_it_notices_every_digit_changed_in_an_amount_or_total():
    """Every column of every number that is added up, one at a time."""
    places = [(3, column) for column in range(30, 40)] + [(5, column) for column in range(5, 45)]
    places += [(6, column) for column in range(2, 56)]
    for number, column in places:
        old = lines()[number - 1][column - 1]
        with pytest.raises(reader.NachaFault):
            read_with(number, column, "7" if old != "7" else "8")


def test_it_checks_routing_numbers():
    for valid in ("021000021", "011401533", "091000019"):
        assert reader.routing_is_valid(valid)
        for place in range(9):
            wrong = valid[:place] + str((int(valid[place]) + 1) % 10) + valid[place + 1 :]
            assert not reader.routing_is_valid(wrong)
    for wrong in ("", "02100002", "02100002x", "０21000021", "000000000"):
        assert not reader.routing_is_valid(wrong)
