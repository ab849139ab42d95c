"""A spreadsheet program opens what we write, and calculates nothing (row I4 of the reliability catalogue)."""

import csv
import io
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from seller_center.kernel.csvio import write_rows
from tests.kernel.test_csvio import PAYLOADS

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not here: tools/spreadsheet"),
]
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
SEPARATORS = (",", ";", "\t", "|")
#: Longer than a hang; the first start of the program unpacks a profile.
HANG_SECONDS = 300


class Label:
    """Not a text itself, as labels that are translated late are none."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def opened(content: bytes, folder: Path, separator: str = ",") -> list[ET.Element]:
    """The cells that are not empty, as LibreOffice understands the file; quoted cells are read like bare ones."""
    source = folder / "export.csv"
    source.write_bytes(content)
    reading = f"CSV:{ord(separator)},34,76,1,,0,false,true,false"
    command = [
        "soffice",
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--headless",
        f"--infilter={reading}",
    ]
    command += ["--convert-to", "fods", "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=HANG_SECONDS)
    cells = ET.parse(folder / "export.fods").iter(f"{TABLE}table-cell")
    return [cell for cell in cells if cell.get(f"{OFFICE}value-type") or cell.get(f"{TABLE}formula")]


def formulas(cells: list[ET.Element]) -> list[str]:
    return [found for cell in cells if (found := cell.get(f"{TABLE}formula")) is not None]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_spreadsheet_calculates_nothing_of_what_we_write(separator, tmp_path, figure):
    """Every payload as the head of a column, as a text, as a label, behind another line, and between plain cells."""
    header = ["plain", *(f"{payload} " for payload in PAYLOADS)]
    kinds = (str, Label, "{}\n=1+1".format, "one\r\n{}".format)
    rows = [["begin", *(kind(payload) for payload in PAYLOADS)] for kind in kinds]
    cells = opened(b"".join(write_rows(header, [*rows, ["end", -5]], separator=separator)), tmp_path, separator)
    assert formulas(cells) == []
    [number] = [cell for cell in cells if cell.get(f"{OFFICE}value") == "-5"]
    assert number.get(f"{OFFICE}value-type") == "float", "a number stays one"
    assert len(cells) >= (1 + len(kinds)) * (1 + len(PAYLOADS)), "the program read less than we wrote"
    figure("I4", "cells opened", len(cells))


def test_control_without_escaping_the_spreadsheet_calculates(tmp_path):
    stream = io.StringIO()
    csv.writer(stream).writerows([["head"], *([payload] for payload in PAYLOADS)])
    found = formulas(opened(stream.getvalue().encode("utf-8-sig"), tmp_path))
    assert {"of:=1+1", 'of:=HYPERLINK("x";"y")'} < set(found)
