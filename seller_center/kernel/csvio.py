"""CSV in and out: whatever spreadsheets write is read, or refused with row and column; what we write runs nowhere.

Rows are numbered as a spreadsheet shows them: the header is row 1, a cell with line breaks is still one row, and an
empty line counts.
"""

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from .errors import Invalid

SEPARATORS = (",", ";", "\t", "|")
MAX_BYTES = 64 * 1024 * 1024
MAX_COLUMNS = 1_000
MAX_CELL = 131_072
_CHUNK_BYTES = 64 * 1024

# Signs with which a spreadsheet begins a formula (with their full-width twins), behind anything it may skip.
_SKIPPED = "\\s\x00-\x1f\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff"
_FORMULA = re.compile(f"'*(?:[{_SKIPPED}]*[=+\\-@＝＋－＠]|[\t\r\n])")
_QUOTE = '"'
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")

# Signatures of files that people rename to .csv.
_NOT_TEXT = (
    (b"PK\x03\x04", _("This is a spreadsheet or a ZIP archive, not CSV text. Save it as CSV and upload that.")),
    (b"\xd0\xcf\x11\xe0", _("This is an old Excel workbook, not CSV text. Save it as CSV and upload that.")),
    (b"\x1f\x8b", _("This is a compressed file. Unpack it and upload the CSV inside.")),
    (b"%PDF", _("This is a PDF, not CSV text.")),
    (b"\xff\xd8\xff", _("This is a picture, not CSV text.")),
    (b"\x89PNG", _("This is a picture, not CSV text.")),
)


@dataclass(frozen=True, slots=True)
class Table:
    """A file as read: the names in its header, and its rows, each with exactly one text for each name.

    `numbers[i]` is the number of `rows[i]` as a spreadsheet shows it.
    """

    header: list[str]
    rows: list[list[str]]
    numbers: list[int]
    encoding: str
    separator: str

    def records(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Each row as (number, cells by name)."""
        for number, cells in zip(self.numbers, self.rows, strict=True):
            yield number, dict(zip(self.header, cells, strict=True))


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose header is read; its rows come one after the other, each with its number, and only once.

    Taking them raises `Invalid` where the file is broken.
    """

    header: list[str]
    rows: Iterator[tuple[int, list[str]]]
    encoding: str
    separator: str


# -- reading ----------------------------------------------------------------------------------------------------------


def read_table(content: bytes, *, max_bytes: int = MAX_BYTES, may_be_empty: bool = False) -> Table:
    """Read a CSV file in UTF-8, UTF-16 or Windows-1252, separated by comma, semicolon, tab or bar.

    Cells are as they stand in the file (formula escapes too: see `unescape_cell`); names in the header are stripped.
    Short rows are filled up. Raises `Invalid`, with `row` and `column` where there is one, for anything that would
    have to be guessed: broken quotes, NUL, a cell of more than 131,072 signs, more cells than names, a name twice.
    """
    opened = open_table(content, max_bytes=max_bytes, may_be_empty=may_be_empty)
    numbers, rows = [], []
    for number, cells in opened.rows:
        numbers.append(number)
        rows.append(cells)
    return Table(opened.header, rows, numbers, opened.encoding, opened.separator)


def open_table(content: bytes, *, max_bytes: int = MAX_BYTES, may_be_empty: bool = False) -> Opened:
    """The same without holding the rows: for files of which each row is looked at once."""
    if len(content) > max_bytes:
        raise Invalid(_("The file is larger than %(most)s MB.") % {"most": max_bytes // 1024 // 1024}, code="too_large")
    text, encoding = _decode(content)
    if not text.strip():
        raise Invalid(_("The file is empty."), code="empty_file", row=1)
    separator, records = _records(text)
    header = _header(records)
    return Opened(header, _rows(header, records, may_be_empty), encoding, separator)


def _rows(
    header: list[str], records: Iterator[tuple[int, list[str]]], may_be_empty: bool
) -> Iterator[tuple[int, list[str]]]:
    empty = True
    for number, cells in records:
        if any(cells):
            empty = False
            yield number, _fitted(header, number, cells)
    if empty and not may_be_empty:
        raise Invalid(_("The file has a header and no rows."), code="no_rows", row=2)


def _decode(content: bytes) -> tuple[str, str]:
    for signature, sentence in _NOT_TEXT:
        if content.startswith(signature):
            raise Invalid(sentence, code="not_csv", row=1)
    if content.startswith(codecs.BOM_UTF8):
        return _decoded(content.removeprefix(codecs.BOM_UTF8), "utf-8"), "utf-8"
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _decoded(content, encoding), encoding
    sample = content[:4096]
    if len(content) % 2 == 0 and sample.count(0) * 3 > len(sample):
        encoding = "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
        return _decoded(content, encoding), encoding
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _decoded(content, "cp1252"), "cp1252"


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        number = content[: error.start].count(b"\n") + 1
        sentence = _("Row %(row)s holds bytes that are no text in any encoding we read. Save the file as UTF-8.")
        raise Invalid(sentence % {"row": number}, code="bad_encoding", row=number) from None


def _records(text: str) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    """The separator and every record with its number, whole and checked for what a table cannot hold."""
    first, offset = 1, 0
    declared = re.match(r"(?i)sep=(.)(\r\n|\r|\n)", text)
    if declared:
        first, offset = 2, declared.end()
    separator = declared[1] if declared else _separator(text)
    if separator not in SEPARATORS:
        raise Invalid(_("The separator that the file names is not one we read."), code="bad_separator", row=1)
    return separator, _parsed(text, offset, first, separator)


def _parsed(text: str, offset: int, first: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    lines = _Lines(text, offset)
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL + 1))
    reader = csv.reader(lines, delimiter=separator, strict=True)
    number = first
    while True:
        began = lines.offset
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _broken(text, began, number, separator, str(error)) from None
        _refuse_unholdable(cells, number)
        yield number, cells
        number += 1


class _Lines:
    """The lines of a text, with the offset of the next one, so that a broken record can be looked at again."""

    def __init__(self, text: str, offset: int) -> None:
        self.text, self.offset = text, offset

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = _LINE.match(self.text, self.offset)
        if not line or not line[0]:
            raise StopIteration
        self.offset = line.end()
        return line[0]


def _separator(text: str) -> str:
    """The sign that separates the first record: the one that stands most often outside of quotes."""
    counts = dict.fromkeys(SEPARATORS, 0)
    quoted = False
    for sign in text:
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "\r\n":
            if any(counts.values()):
                break
        elif not quoted and sign in counts:
            counts[sign] += 1
    return max(SEPARATORS, key=lambda sign: counts[sign])


def _broken(text: str, began: int, number: int, separator: str, error: str) -> Invalid:
    """The refusal of a record that cannot be taken apart: in which column the trouble begins."""
    column, quoted, opened = 1, False, False
    for sign in text[began : began + 4 * MAX_CELL]:
        if sign == '"':
            quoted, opened = not quoted, True
        elif quoted:
            continue
        elif sign == separator:
            column, opened = column + 1, False
        elif sign in "\r\n" or opened:
            break
    words = {"row": number, "column": column}
    if "limit" in error:
        return _oversize(words)
    if quoted:
        sentence = _("Row %(row)s, column %(column)s: a quotation mark is opened and never closed.")
    else:
        sentence = _("Row %(row)s, column %(column)s: text follows a closing quotation mark. Double the inner marks.")
    return Invalid(sentence % words, code="broken_quotes", row=number, column=str(column))


def _oversize(words: dict[str, int]) -> Invalid:
    sentence = _("Row %(row)s, column %(column)s: a cell holds more than %(most)s signs.") % {**words, "most": MAX_CELL}
    return Invalid(sentence, code="cell_too_long", row=words["row"], column=str(words["column"]))


def _refuse_unholdable(cells: list[str], number: int) -> None:
    if len(cells) > MAX_COLUMNS:
        sentence = _("Row %(row)s has more than %(most)s columns.") % {"row": number, "most": MAX_COLUMNS}
        raise Invalid(sentence, code="too_many_columns", row=number, column=str(MAX_COLUMNS + 1))
    if "\x00" not in (together := "".join(cells)) and len(together) <= MAX_CELL:
        return
    for column, cell in enumerate(cells, start=1):
        if len(cell) > MAX_CELL:
            raise _oversize({"row": number, "column": column})
        if "\x00" in cell:
            nul = _("Row %(row)s, column %(column)s: the cell holds a NUL sign.") % {"row": number, "column": column}
            raise Invalid(nul, code="nul", row=number, column=str(column))


def _header(records: Iterator[tuple[int, list[str]]]) -> list[str]:
    number, cells = next((record for record in records if any(cell.strip() for cell in record[1])), (1, []))
    if not cells:
        raise Invalid(_("The file has no header."), code="no_header", row=1)
    names = [unescape_cell(cell).strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    seen: set[str] = set()
    for column, name in enumerate(names, start=1):
        if not name:
            sentence = _("Column %(column)s has no name in the header.") % {"column": column}
            raise Invalid(sentence, code="unnamed_column", row=number, column=str(column))
        if name.casefold() in seen:
            sentence = _("The header has the column “%(name)s” twice.") % {"name": name}
            raise Invalid(sentence, code="duplicate_column", row=number, column=name)
        seen.add(name.casefold())
    return names


def _fitted(header: list[str], number: int, cells: list[str]) -> list[str]:
    width = len(header)
    if len(cells) == width:
        return cells
    for column, extra in enumerate(cells[width:], start=width + 1):
        if extra.strip():
            sentence = _("Row %(row)s has something in column %(column)s, beyond the last name of the header.")
            words = {"row": number, "column": column}
            raise Invalid(sentence % words, code="too_many_cells", row=number, column=str(column))
    return cells[:width] + [""] * (width - len(cells))


# -- writing ----------------------------------------------------------------------------------------------------------


def write_rows(header: Sequence[str], rows: Iterable[str | Sequence[Any]], *, separator: str = ",") -> Iterator[bytes]:
    """A CSV file in chunks of bytes, as rows arrive: UTF-8 with a mark, CRLF, texts quoted, formulas escaped.

    None is an empty cell; numbers stand bare; everything else is written as its text. A row that is one text is a line,
    or several, written already, without its end.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=separator, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow([escape_cell(name) for name in header])
    for row in rows:
        if isinstance(row, str):
            buffer.write(row)
            buffer.write("\r\n")
        else:
            writer.writerow([_cell(value) for value in row])
        if buffer.tell() >= _CHUNK_BYTES:
            yield _emptied(buffer)
    yield _emptied(buffer)


def escape_cell(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet would take it for a formula; plain numbers stay."""
    if text and _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def unescape_cell(text: str) -> str:
    """The exact inverse of `escape_cell`."""
    if text.startswith("'") and _FORMULA.match(text[1:]) and not _NUMBER.fullmatch(text[1:]):
        return text[1:]
    return text


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return value
    return escape_cell(str(value))


def _emptied(buffer: io.StringIO) -> bytes:
    content = buffer.getvalue().encode("utf-8")
    buffer.seek(0)
    buffer.truncate()
    return content


# -- writing in the database ------------------------------------------------------------------------------------------

#: First signs (code points, both ends included) of texts that `escape_cell` leaves alone, whatever follows.
PLAIN_STARTS = ((0x41, 0x7E), (0x2E, 0x3B), (0xC0, 0x167F), (0x3001, 0xFEFE))


def sql_plain(column: str) -> str:
    """SQL: is this text beyond suspicion of being a formula? What is not has to be written here, by `written`."""
    starts = " OR ".join(f"ascii({column}) BETWEEN {first} AND {last}" for first, last in PLAIN_STARTS)
    return f"({column} = '' OR {starts})"


def sql_written(columns: Sequence[str], bare: Collection[str] = ()) -> str:
    """SQL: these columns (texts, `sql_plain`, not null) as cells of a line with commas; numbers are ``bare``."""
    cells = [
        f"""coalesce(nullif({name}, ''), '""')""" if name in bare else f"""'"', replace({name}, '"', '""'), '"'"""
        for name in columns
    ]
    return f"concat({", ',', ".join(cells)})"


def written(cells: Iterable[str], bare: Iterable[bool]) -> str:
    """The same of any texts, formulas escaped: what `sql_written` would have to write of them."""
    return ",".join(
        cell if cell and is_bare else f'"{escape_cell(cell).replace(_QUOTE, _QUOTE * 2)}"'
        for cell, is_bare in zip(cells, bare, strict=True)
    )
