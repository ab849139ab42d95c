"""Reading a NACHA file as a bank does: by column, believing no total it has not added up itself.

Written from the published record layout and on purpose not with the library that writes the product's files.
A fault of the file refuses the whole file, naming the line; a fault of an entry is left to the caller.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

RECORD = 94
BLOCK = 10
CREDITS, DEBITS = {"22", "32"}, {"27", "37"}
PRENOTES = {"23", "28", "33", "38"}
CLASSES = {"PPD", "CCD", "CTX"}
SERVICE_CREDITS, SERVICE_DEBITS, SERVICE_MIXED = "220", "225", "200"


class NachaFault(Exception):
    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(f"Line {line}: {sentence}")
        self.line = line


@dataclass(frozen=True)
class Entry:
    line: int
    transaction_code: str
    routing: str
    account: str
    amount_minor: int
    identification: str
    name: str
    trace: str
    effective_on: date

    @property
    def is_debit(self) -> bool:
        return self.transaction_code in DEBITS | {"28", "38"}

    @property
    def is_prenote(self) -> bool:
        return self.transaction_code in PRENOTES


@dataclass
class Sums:
    records: int = 0
    hash: int = 0
    debit: int = 0
    credit: int = 0

    def add(self, other: "Sums") -> None:
        self.records += other.records
        self.hash += other.hash
        self.debit += other.debit
        self.credit += other.credit


@dataclass(frozen=True)
class Line:
    number: int
    text: str

    def part(self, first: int, last: int) -> str:
        """Columns as the layout counts them: from 1, both ends included."""
        return self.text[first - 1 : last]

    def digits(self, first: int, last: int, what: str) -> int:
        value = self.part(first, last)
        if not (value.isascii() and value.isdecimal()):
            raise NachaFault(self.number, f"{what} is “{value}”, expected digits.")
        return int(value)

    def expect(self, first: int, last: int, value: str, what: str) -> None:
        if self.part(first, last) != value:
            raise NachaFault(self.number, f"{what} is “{self.part(first, last)}”, expected “{value}”.")

    def agrees(self, first: int, last: int, counted: int, what: str) -> None:
        said = self.digits(first, last, what)
        if said != counted:
            raise NachaFault(self.number, f"{what} is {said}, but the file adds up to {counted}.")


def routing_is_valid(routing: str) -> bool:
    """The ABA check digit: 3, 7, 1 times the digits is a multiple of ten."""
    if len(routing) != 9 or not (routing.isascii() and routing.isdecimal()) or routing == "0" * 9:
        return False
    return sum(int(digit) * (3, 7, 1)[place % 3] for place, digit in enumerate(routing)) % 10 == 0


def read(content: str) -> list[Entry]:
    lines = _lines(content)
    records = iter(lines)
    _file_header(next(records))
    entries: list[Entry] = []
    total, batches = Sums(), 0
    for line in records:
        match line.part(1, 1):
            case "5":
                batches += 1
                batch, sums = _batch(line, records)
                entries += batch
                total.add(sums)
            case "9":
                _file_control(line, batches, len(lines), total)
                _filler(records)
                return entries
            case other:
                raise NachaFault(line.number, f"a record of type “{other}” cannot stand here.")
    raise NachaFault(lines[-1].number, "the file control record is missing.")


def _lines(content: str) -> list[Line]:
    texts = content.replace("\r\n", "\n").rstrip("\n").split("\n")
    for number, text in enumerate(texts, start=1):
        if len(text) != RECORD or not (text.isascii() and text.isprintable()):
            raise NachaFault(number, f"a record has {RECORD} printable ASCII characters, this one {len(text)}.")
    if len(texts) % BLOCK:
        raise NachaFault(len(texts), f"{len(texts)} records are not a multiple of {BLOCK}.")
    return [Line(number, text) for number, text in enumerate(texts, start=1)]


def _file_header(line: Line) -> None:
    line.expect(1, 3, "101", "record type and priority")
    line.expect(35, 39, "09410", "record size and blocking factor")
    line.expect(40, 40, "1", "format code")
    _date(line, 24, 29, "the file's date")


def _date(line: Line, first: int, last: int, what: str) -> date:
    text = line.part(first, last)
    try:
        return date.fromisoformat(f"20{text}")
    except ValueError as error:
        raise NachaFault(line.number, f"{what} is “{text}”, expected YYMMDD.") from error


def _batch(header: Line, records: Iterator[Line]) -> tuple[list[Entry], Sums]:
    if header.part(51, 53) not in CLASSES:
        raise NachaFault(header.number, f"entry class “{header.part(51, 53)}” is not taken here.")
    effective_on = _date(header, 70, 75, "the effective date")
    entries: list[Entry] = []
    sums = Sums()
    addenda_due = False
    for line in records:
        match line.part(1, 1):
            case "6":
                if addenda_due:
                    raise NachaFault(line.number, "the entry before announces an addenda record.")
                entry = _entry(line, header, effective_on, entries[-1].trace if entries else "")
                entries.append(entry)
                sums.add(_sums(entry))
                addenda_due = line.part(79, 79) == "1"
            case "7":
                if not entries or line.part(88, 94) != entries[-1].trace[-7:]:
                    raise NachaFault(line.number, "the addenda record does not belong to the entry before it.")
                sums.records += 1
                addenda_due = False
            case "8":
                if addenda_due:
                    raise NachaFault(line.number, "the entry before announces an addenda record.")
                _batch_control(line, header, sums)
                return entries, sums
            case other:
                raise NachaFault(line.number, f"a record of type “{other}” cannot stand in a batch.")
    raise NachaFault(header.number, "the batch has no control record.")


def _entry(line: Line, header: Line, effective_on: date, trace_before: str) -> Entry:
    code = line.part(2, 3)
    if code not in CREDITS | DEBITS | PRENOTES:
        raise NachaFault(line.number, f"transaction code “{code}” is unknown.")
    line.digits(4, 12, "the routing number")
    trace = line.part(80, 94)
    line.digits(80, 94, "the trace number")
    if trace[:8] != header.part(80, 87):
        raise NachaFault(line.number, "the trace number does not begin with the originating bank's number.")
    if trace <= trace_before:
        raise NachaFault(line.number, "the trace numbers do not ascend.")
    return Entry(
        line=line.number,
        transaction_code=code,
        routing=line.part(4, 12),
        account=line.part(13, 29).strip(),
        amount_minor=line.digits(30, 39, "the amount"),
        identification=line.part(40, 54).strip(),
        name=line.part(55, 76).strip(),
        trace=trace,
        effective_on=effective_on,
    )


def _sums(entry: Entry) -> Sums:
    debit = entry.amount_minor if entry.is_debit else 0
    return Sums(1, int(entry.routing[:8]), debit, entry.amount_minor - debit)


def _batch_control(line: Line, header: Line, sums: Sums) -> None:
    line.expect(2, 4, _service_class(sums, header), "the service class")
    line.agrees(5, 10, sums.records, "the entry count")
    _agree_money(line, 11, sums)
    line.expect(45, 54, header.part(41, 50), "the company identification")
    line.expect(80, 94, header.part(80, 94), "the originating bank and batch number")


def _service_class(sums: Sums, header: Line) -> str:
    said = header.part(2, 4)
    allowed = {SERVICE_MIXED}
    if not sums.debit:
        allowed.add(SERVICE_CREDITS)
    if not sums.credit:
        allowed.add(SERVICE_DEBITS)
    if said not in allowed:
        raise NachaFault(header.number, f"service class {said} does not fit the entries.")
    return said


def _agree_money(line: Line, first: int, sums: Sums) -> None:
    """Entry hash (10 columns), debits (12) and credits (12) stand side by side in both control records."""
    line.agrees(first, first + 9, sums.hash % 10**10, "the entry hash")
    line.agrees(first + 10, first + 21, sums.debit, "the sum of debits")
    line.agrees(first + 22, first + 33, sums.credit, "the sum of credits")


def _file_control(line: Line, batches: int, records: int, total: Sums) -> None:
    line.agrees(2, 7, batches, "the batch count")
    line.agrees(8, 13, records // BLOCK, "the block count")
    line.agrees(14, 21, total.records, "the entry count")
    _agree_money(line, 22, total)


def _filler(records: Iterator[Line]) -> None:
    for line in records:
        line.expect(1, RECORD, "9" * RECORD, "a filler record")
