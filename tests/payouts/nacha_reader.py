"""A reader of NACHA files of the tests' own, after the published record layout: columns, counts, hashes, sums.

It shares no code with the library that writes the files, nor with the sandbox bank that takes them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    code: str
    routing: str
    account: str
    amount: int
    identification: str
    name: str
    trace: str


@dataclass(frozen=True)
class File:
    created: str
    origin: str
    modifier: str
    effective: str
    company: str
    entries: tuple[Entry, ...]


def read(content: bytes) -> File:
    """The file, after checking everything the layout lets one check. Raises ``AssertionError``."""
    lines = content.decode("ascii").split("\n")
    assert lines.pop() == "", "the file ends with a line end"
    assert all(len(line) == 94 for line in lines)
    assert len(lines) % 10 == 0
    records = [line for line in lines if line != "9" * 94]
    header, batch, *entry_lines, batch_control, file_control = records
    assert (header[0], batch[0], batch_control[0], file_control[0]) == ("1", "5", "8", "9")
    assert header[1:3] == "01"
    assert header[34:40] == "094101"
    entries = tuple(_entry(line) for line in entry_lines)
    _check_control(batch_control, entries, first=4)
    assert batch_control[4:10] == f"{len(entries):06}"
    assert batch_control[44:54] == batch[40:50], "company identification"
    assert batch_control[79:94] == batch[79:94], "bank and batch number"
    assert (batch[1:4], batch_control[1:4]) == ("220", "220"), "credits only"
    assert file_control[1:7] == "000001"
    assert int(file_control[7:13]) == len(lines) // 10
    assert int(file_control[13:21]) == len(entries)
    _check_sums(file_control[21:31], file_control[31:43], file_control[43:55], entries)
    traces = [entry.trace for entry in entries]
    assert traces == [f"{batch[79:87]}{number:07}" for number in range(1, len(entries) + 1)]
    return File(
        created=header[23:33],
        origin=header[13:23],
        modifier=header[33],
        effective=batch[69:75],
        company=batch[40:50],
        entries=entries,
    )


def _entry(line: str) -> Entry:
    assert line[0] == "6"
    assert line[78] == "0", "no addenda"
    routing = line[3:12]
    weights = (3, 7, 1) * 3
    assert sum(int(digit) * weight for digit, weight in zip(routing, weights, strict=True)) % 10 == 0
    return Entry(
        code=line[1:3],
        routing=routing,
        account=line[12:29].rstrip(),
        amount=int(line[29:39]),
        identification=line[39:54].rstrip(),
        name=line[54:76].rstrip(),
        trace=line[79:94],
    )


def _check_control(line: str, entries: tuple[Entry, ...], *, first: int) -> None:
    _check_sums(line[first + 6 : first + 16], line[first + 16 : first + 28], line[first + 28 : first + 40], entries)


def _check_sums(hashed: str, debit: str, credit: str, entries: tuple[Entry, ...]) -> None:
    assert int(hashed) == sum(int(entry.routing[:8]) for entry in entries) % 10**10
    assert int(debit) == 0
    assert int(credit) == sum(entry.amount for entry in entries)
