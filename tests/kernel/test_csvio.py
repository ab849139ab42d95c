"""CSV: a corpus of good and bad files, exact round trips, formulas that stay texts."""

import codecs
import csv
import gzip
import io
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seller_center.kernel import csvio
from seller_center.kernel.csvio import escape_cell, read_table, unescape_cell, write_rows
from seller_center.kernel.errors import Invalid

GOOD = "sku,name,price\r\nA-1,Äpfel,1.50\r\nB-2,“zoo”,2\r\n"
ROWS = [["A-1", "Äpfel", "1.50"], ["B-2", "“zoo”", "2"]]


# -- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (GOOD.encode(), "utf-8"),
        (codecs.BOM_UTF8 + GOOD.encode(), "utf-8"),
        (GOOD.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + GOOD.encode("utf-16-be"), "utf-16"),
        (GOOD.encode("utf-16-le"), "utf-16-le"),
        (GOOD.encode("utf-16-be"), "utf-16-be"),
        (GOOD.encode("utf-32"), "utf-32"),
        (GOOD.encode("cp1252"), "cp1252"),
    ],
)
def test_it_reads_every_common_encoding(content, encoding):
    table = read_table(content)
    assert (table.header, table.rows, table.encoding) == (["sku", "name", "price"], ROWS, encoding)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_it_finds_separator_and_line_ending(separator, ending):
    text = GOOD.replace(",", separator).replace("\r\n", ending)
    table = read_table(text.encode())
    assert (table.rows, table.separator) == (ROWS, separator)


def test_it_finds_the_separator_outside_of_quotes():
    assert read_table(b'"a, b, c";d\n1;2\n').separator == ";"
    assert read_table(b'"a\n,,,";d\n1;2\n').header == ["a\n,,,", "d"]
    assert read_table(b"name\n1,5\n".replace(b",", b".")).separator == ","
    assert read_table(b"\n\n a;b \n1;2\n").header == ["a", "b"]


def test_it_follows_the_separator_that_a_file_names():
    table = read_table(b"sep=;\r\na;b\r\n1;2\r\n")
    assert (table.header, table.rows, table.numbers) == (["a", "b"], [["1", "2"]], [3])
    with pytest.raises(Invalid, match="separator"):
        read_table(b"sep=x\na\n1\n")


def test_it_reads_quotes_line_breaks_and_separators_inside_cells():
    table = read_table(b'a,b\r\n"1 ""inch""","x,\r\ny"\r\n5" nail,z\r\n')
    assert table.rows == [['1 "inch"', "x,\r\ny"], ['5" nail', "z"]]
    assert table.numbers == [2, 3], "a cell with a line break is one row, as a spreadsheet shows it"


def test_it_counts_rows_as_a_spreadsheet_does():
    table = read_table(b"a,b\n1,2\n\n,\n3,4\n")
    assert list(table.records()) == [(2, {"a": "1", "b": "2"}), (5, {"a": "3", "b": "4"})]


def test_it_fills_short_rows_and_drops_empty_columns_at_the_end():
    table = read_table(b"a,b,,\n1\n2,3,,\n")
    assert (table.header, table.rows) == (["a", "b"], [["1", ""], ["2", "3"]])


def test_it_strips_names_but_never_cells():
    table = read_table(b" a , b\n 1 , 2 \n")
    assert (table.header, table.rows) == (["a", "b"], [[" 1 ", " 2 "]])


def test_it_may_read_a_header_alone_when_asked():
    assert read_table(b"a,b\n", may_be_empty=True).rows == []


def test_it_takes_the_longest_cell_that_is_allowed():
    cell = b"x" * csvio.MAX_CELL
    assert read_table(b"a,b\n" + cell + b",1\n").rows == [[cell.decode(), "1"]]


# -- what is refused, with row and column -----------------------------------------------------------------------------

LONG = b"x" * (csvio.MAX_CELL + 1)
BAD = [
    # (content, code, row, column)
    (b"", "empty_file", 1, ""),
    (b"\n\r\n  \n", "empty_file", 1, ""),
    (codecs.BOM_UTF8, "empty_file", 1, ""),
    (codecs.BOM_UTF16_LE, "empty_file", 1, ""),
    (b',,\n""\n', "no_header", 1, ""),
    (b"a,b\n", "no_rows", 2, ""),
    (b"a,b\n\n,\n", "no_rows", 2, ""),
    (gzip.compress(GOOD.encode(), mtime=0), "not_csv", 1, ""),
    (b"PK\x03\x04" + bytes(40), "not_csv", 1, ""),
    (b"\xd0\xcf\x11\xe0" + bytes(40), "not_csv", 1, ""),
    (b"%PDF-1.7\n", "not_csv", 1, ""),
    (b"\xff\xd8\xff\xe0" + bytes(range(256)), "not_csv", 1, ""),
    (b"\x89PNG\r\n\x1a\n" + bytes(40), "not_csv", 1, ""),
    (b"a,b\n1,2\n3,\x81\xff\n", "bad_encoding", 3, ""),
    (codecs.BOM_UTF8 + b"a,b\n1,\xff\n", "bad_encoding", 2, ""),
    (GOOD.encode("utf-16")[:-1], "bad_encoding", 3, ""),
    (b"a,b\n1,2\n3,\x00\n", "nul", 3, "2"),
    (b"a,b\x00\n1,2\n", "nul", 1, "2"),
    (b'a,b\n1,2\n3,"open\n4,5\n', "broken_quotes", 3, "2"),
    (b'a,b\n"open,2\n', "broken_quotes", 2, "1"),
    (b'a,b\n1,"', "broken_quotes", 2, "2"),
    (b'"a,b\n1,2\n', "broken_quotes", 1, "1"),
    (b'a,b\n1,"two" and a half\n', "broken_quotes", 2, "2"),
    (b'a,b\n"x"y,2\n', "broken_quotes", 2, "1"),
    (b'a,b\n"multi\nline","x"y\n', "broken_quotes", 2, "2"),
    (b"a,b\n1," + LONG + b"\n", "cell_too_long", 2, "2"),
    (b'a,b\n1,2\n"' + LONG + b'",4\n', "cell_too_long", 3, "1"),
    (b"a," + LONG + b"\n1,2\n", "cell_too_long", 1, "2"),
    (b"a," * 5000 + b"\n1\n", "too_many_columns", 1, "1001"),
    (b"a,b\n" + b"," * 1_000_000 + b"\n", "too_many_columns", 2, "1001"),
    (b"a,b,a\n1,2,3\n", "duplicate_column", 1, "a"),
    (b"Name,name \n1,2\n", "duplicate_column", 1, "name"),
    (b"a,,c\n1,2,3\n", "unnamed_column", 1, "2"),
    (b"a,b\n1,2,3\n", "too_many_cells", 2, "3"),
    (b"a,b\n1,2\n3,4,,x\n", "too_many_cells", 3, "4"),
]


@pytest.mark.parametrize(("content", "code", "row", "column"), BAD)
def test_it_refuses_with_row_and_column(content, code, row, column):
    with pytest.raises(Invalid) as refused:
        read_table(content)
    assert (refused.value.code, refused.value.row, refused.value.column) == (code, row, column)
    assert refused.value.status == 422
    assert str(refused.value).endswith(".")


DRESSES = [(mark, ending) for mark in ("utf-8-sig", "utf-16", "utf-32", "utf-16-be") for ending in ("\n", "\r\n", "\r")]


def test_the_same_faults_are_found_in_every_dress():
    """I1: with the table above more than 200 files, each refused at the same row and column."""
    refused = len(BAD)
    for content, code, row, column in BAD:
        if code in ("empty_file", "not_csv", "bad_encoding") or len(content) > 10_000:
            continue
        for encoding, ending in DRESSES:
            mark = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
            dressed = mark + content.decode().replace("\n", ending).encode(encoding)
            with pytest.raises(Invalid) as refusal:
                read_table(dressed)
            assert (refusal.value.code, refusal.value.row, refusal.value.column) == (code, row, column), dressed
            refused += 1
    assert refused >= 200


def test_it_refuses_a_file_that_is_too_large():
    with pytest.raises(Invalid, match="larger than 1 MB"):
        read_table(b"a\n" + b"1\n" * 600_000, max_bytes=1024 * 1024)


@settings(max_examples=400, deadline=None, database=None)
@given(st.one_of(st.binary(max_size=80), st.text('a1,;"\n\r\t\x00 ä', max_size=40).map(str.encode)))
@example(b'"')
@example(b"\r")
@example(b'a\n"\x00"')
def test_any_bytes_are_read_or_refused_in_words(content):
    try:
        table = read_table(content)
    except Invalid:
        return
    assert all(len(row) == len(table.header) for row in table.rows)
    assert len(table.rows) == len(table.numbers)


# -- what is written --------------------------------------------------------------------------------------------------


def written(header, rows, **options) -> bytes:
    return b"".join(write_rows(header, rows, **options))


def test_it_writes_what_spreadsheets_read():
    content = written(
        ["sku", "price", "live", "note"], [["A-1", Decimal("1.50"), True, None], ["B", 7, False, 'a "b"']]
    )
    assert content == (
        b'\xef\xbb\xbf"sku","price","live","note"\r\n"A-1",1.50,"true",""\r\n"B",7,"false","a ""b"""\r\n'
    )


def test_it_writes_as_rows_arrive():
    taken = 0

    def rows():
        nonlocal taken
        for taken in range(1, 100_001):
            yield [taken, "x" * 50]

    chunks = write_rows(["n", "text"], rows())
    assert len(next(chunks)) < 2 * csvio._CHUNK_BYTES
    assert taken < 5_000


def test_an_empty_table_is_a_header():
    assert written(["a"], []) == b'\xef\xbb\xbf"a"\r\n'


PAYLOADS = [
    *("=1+1", "+1+1", "-1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", '=HYPERLINK("x","y")'),
    *(
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        " =1+1",
        "\u00a0=1+1",
        "\u200b=1+1",
        "\ufeff=1+1",
        "\u2028=1+1",
        "\x0b=1",
        "\x1f=1",
    ),
    *("＝1+1", "＋1", "－1", "＠SUM", "'=1+1", "''=1+1", "=", "+", "-", "@", "--1", "+-1", "=1\n=2", "\ttab", "\rcr"),
    *("\nlf", "-1;=2", "=1,2", "-", "+49 (0) 30", "@name", "-a", "=\u202e1", "\u00ad=1", "1\n"),
]


@pytest.mark.parametrize("payload", [p for p in PAYLOADS if p != "1\n"])
def test_no_formula_leaves_as_a_formula(payload):
    escaped = escape_cell(payload)
    assert escaped.startswith("'")
    assert unescape_cell(escaped) == payload


@pytest.mark.parametrize(
    "text", ["", "A-1", "a=b", "x@y.example", "-5", "+5", "-12.50", "-12,50", "it's", "'quoted'", "1\n"]
)
def test_what_is_no_formula_stays_as_it_is(text):
    assert escape_cell(text) == text
    assert unescape_cell(text) == text


def test_a_header_and_every_kind_of_cell_is_escaped():
    class Label:
        def __str__(self):
            return "=1+1"

    assert written(["=a"], [[Label()]]) == b'\xef\xbb\xbf"\'=a"\r\n"\'=1+1"\r\n'


def test_without_escaping_a_formula_would_stand_there():
    """The control."""
    stream = io.StringIO()
    csv.writer(stream).writerow(["=1+1"])
    assert stream.getvalue() == "=1+1\r\n"


texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
    st.text("'=+-@\t\r\n \u00a0,;\"a1", max_size=8),
    st.sampled_from(PAYLOADS),
)


@settings(max_examples=1_500, deadline=None, database=None)
@given(texts)
def test_escaping_is_undone_exactly(text):
    assert unescape_cell(escape_cell(text)) == text


@settings(max_examples=400, deadline=None, database=None)
@given(
    st.lists(st.lists(texts, min_size=3, max_size=3), min_size=1, max_size=6), st.sampled_from([",", ";", "\t", "|"])
)
def test_what_is_written_is_read_back_and_written_again_byte_by_byte(rows, separator):
    """I3: export, import, export."""
    header = ["one", "two", "three"]
    first = written(header, rows, separator=separator)
    table = read_table(first, may_be_empty=True)
    cells = [[unescape_cell(cell) for cell in row] for row in table.rows]
    assert cells == [row for row in rows if any(row)]
    assert written(header, cells, separator=separator) == written(
        header, [r for r in rows if any(r)], separator=separator
    )


# -- written by the database ------------------------------------------------------------------------------------------


def ask(sql: str, texts: list[str]) -> list:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {sql} FROM unnest(%s::text[]) WITH ORDINALITY AS given (cell, place) ORDER BY place", [texts]
        )
        return [value for (value,) in cursor.fetchall()]


def test_a_text_that_begins_plainly_is_never_escaped():
    signs = [chr(code) for first, last in csvio.PLAIN_STARTS for code in range(first, last + 1)]
    assert len(signs) > 50_000
    assert not [sign for sign in signs if escape_cell(sign + "=1+1") != sign + "=1+1"]


@pytest.mark.django_db
def test_what_the_database_may_write_is_no_formula_and_what_it_writes_is_what_we_would():
    plain = ["", "A-1", "a,b", '"quoted"', "it's", "7", "two\r\nlines", "Ünïcode", "漢字", "/pictures/x", "a" * 500]
    ours = [text for text in PAYLOADS if text != "1\n"]
    judged = ask(csvio.sql_plain("cell"), plain + ours)
    assert [text for text, beyond in zip(plain + ours, judged, strict=True) if beyond] == [
        text for text in plain if text != '"quoted"'
    ]
    for bare in (False, True):
        cells = ["", "12"] if bare else plain
        lines = ask(csvio.sql_written(["cell", "cell"], {"cell"} if bare else ()), cells)
        assert lines == [csvio.written([cell, cell], [bare, bare]) for cell in cells]
        values = [[int(cell) if bare and cell else cell] * 2 for cell in cells]
        assert written(["a", "b"], lines) == written(["a", "b"], values)


@pytest.mark.django_db
def test_written_by_the_database_without_the_question_a_formula_would_stand_there():
    """The control."""
    assert ask(csvio.sql_written(["cell"]), ["=1+1"]) == ['"=1+1"']
    assert csvio.written(["=1+1"], [False]) == '"\'=1+1"'
