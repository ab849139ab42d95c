"""What is printed: 4 × 6 inch labels and packing slips, as PDF. The same bytes for the same parcel.

Letters of all scripts that DejaVu knows are printed (its fonts are vendored with the static files).
"""

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.pagesizes import A4, letter
from reportlab.lib.units import inch
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas

LABEL = (4 * inch, 6 * inch)
PAPER = {"US": letter}
FONTS = "static/vendor/dejavu-fonts-ttf"


@dataclass(frozen=True, slots=True)
class LabelSheet:
    """Everything on a label."""

    package_code: str
    carrier: str
    service: str
    tracking_number: str
    weight_grams: int
    sender: Sequence[str]
    recipient: Sequence[str]


@dataclass(frozen=True, slots=True)
class SlipLine:
    """One line of a packing slip."""

    quantity: int
    title: str
    options: str
    sku_code: str


@dataclass(frozen=True, slots=True)
class Slip:
    """Everything on a packing slip."""

    package_code: str
    order_code: str
    shop: str
    market: str
    placed_at: dt.datetime
    zone: str
    recipient: Sequence[str]
    lines: Sequence[SlipLine]
    note: str = ""


@cache
def _fonts() -> tuple[str, str]:
    """The names of the regular and the bold font; the built-in ones (Latin letters only) where DejaVu is missing."""
    folder = settings.BASE_DIR / FONTS
    try:
        pdfmetrics.registerFont(TTFont("DejaVuSans", str(folder / "DejaVuSans.ttf")))
        pdfmetrics.registerFont(TTFont("DejaVuSans-Bold", str(folder / "DejaVuSans-Bold.ttf")))
    except (TTFError, OSError):
        return "Helvetica", "Helvetica-Bold"
    return "DejaVuSans", "DejaVuSans-Bold"


# -- labels -----------------------------------------------------------------------------------------------------------


def labels_pdf(sheets: Sequence[LabelSheet]) -> bytes:
    """One 4 × 6 page per label, in the order given."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=LABEL, invariant=1)
    canvas.setTitle(", ".join(sheet.package_code for sheet in sheets)[:200])
    for sheet in sheets:
        _label(canvas, sheet)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _label(canvas: Canvas, sheet: LabelSheet) -> None:
    width, height = LABEL
    edge = 0.2 * inch
    regular, bold = _fonts()
    canvas.rect(edge / 2, edge / 2, width - edge, height - edge)
    canvas.setFont(bold, 15)
    canvas.drawString(edge, height - 0.45 * inch, f"{sheet.carrier} · {sheet.service}".upper()[:28])
    canvas.setFont(regular, 8)
    canvas.drawRightString(width - edge, height - 0.65 * inch, f"{sheet.weight_grams / 1000:.2f} kg")
    canvas.line(edge / 2, height - 0.75 * inch, width - edge / 2, height - 0.75 * inch)
    _address(canvas, _("FROM"), sheet.sender, edge, height - 0.95 * inch, 8, width - 2 * edge)
    _address(canvas, _("TO"), sheet.recipient, edge, height - 2.0 * inch, 13, width - 2 * edge)
    canvas.line(edge / 2, 2.1 * inch, width - edge / 2, 2.1 * inch)
    _barcode(canvas, sheet.tracking_number, width / 2, 1.0 * inch, 0.95 * inch, width - 2 * edge)
    canvas.setFont(bold, 12)
    canvas.drawCentredString(width / 2, 0.78 * inch, sheet.tracking_number)
    canvas.setFont(regular, 8)
    canvas.drawString(edge, 0.3 * inch, sheet.package_code)


def _address(canvas: Canvas, title: str, lines: Sequence[str], x: float, top: float, size: int, width: float) -> None:
    regular, bold = _fonts()
    canvas.setFont(bold, 7)
    canvas.drawString(x, top, title)
    text = canvas.beginText(x, top - size * 1.35)
    text.setFont(regular, size, leading=size * 1.25)
    for line in lines:
        for part in simpleSplit(line, regular, size, width):
            text.textLine(part)
    canvas.drawText(text)


def _barcode(canvas: Canvas, number: str, middle: float, bottom: float, height: float, most: float) -> None:
    """Code 128, as wide as fits, so that a handheld scanner reads it."""
    bar_width = 1.2
    barcode = Code128(number, barHeight=height, barWidth=bar_width, quiet=False)
    if barcode.width > most:
        barcode = Code128(number, barHeight=height, barWidth=bar_width * most / barcode.width, quiet=False)
    barcode.drawOn(canvas, middle - barcode.width / 2, bottom)


# -- packing slips ----------------------------------------------------------------------------------------------------


def slips_pdf(slips: Sequence[Slip]) -> bytes:
    """Packing slips, each beginning on a page of its own."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=PAPER.get(slips[0].market, A4) if slips else A4, invariant=1)
    canvas.setTitle(", ".join(slip.package_code for slip in slips)[:200])
    for slip in slips:
        _slip(canvas, slip)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _slip(canvas: Canvas, slip: Slip) -> None:
    width, height = PAPER.get(slip.market, A4)
    canvas.setPageSize((width, height))
    edge = 0.75 * inch
    y = _slip_head(canvas, slip, width, height, edge)
    regular, bold = _fonts()
    for line in slip.lines:
        title = simpleSplit(line.title, regular, 10, width - 2 * edge - 0.7 * inch)[:3]
        if y < edge + (len(title) + 2) * 13:
            canvas.showPage()
            y = height - edge
        canvas.setFont(bold, 12)
        canvas.drawString(edge, y, f"{line.quantity} ×")
        canvas.setFont(regular, 10)
        for part in title:
            canvas.drawString(edge + 0.7 * inch, y, part)
            y -= 13
        canvas.setFont(regular, 8)
        canvas.drawString(edge + 0.7 * inch, y, " · ".join(filter(None, [line.options, line.sku_code])))
        canvas.rect(width - edge - 11, y + 9, 11, 11)
        y -= 22
    if slip.note:
        canvas.setFont(regular, 9)
        canvas.drawString(edge, edge, slip.note[:110])


def _fitted(words: str, font: str, room: float) -> tuple[int, str]:
    """The largest size at which words stand on one line of the room; at the smallest, what fits of them."""
    sizes = (16, 13, 11, 9)
    size = next((one for one in sizes if pdfmetrics.stringWidth(words, font, one) <= room), sizes[-1])
    while pdfmetrics.stringWidth(words, font, size) > room:
        words = words.rstrip("…")[:-1].rstrip() + "…"
    return size, words


def _slip_head(canvas: Canvas, slip: Slip, width: float, height: float, edge: float) -> float:
    """Shop, codes, barcode, address; the height at which the lines begin."""
    regular, bold = _fonts()
    top = height - edge
    barcode = Code128(slip.package_code, barHeight=0.5 * inch, barWidth=1.0, quiet=False)
    barcode.drawOn(canvas, width - edge - barcode.width, top - 0.4 * inch)
    size, name = _fitted(slip.shop, bold, width - 2 * edge - barcode.width - 12)
    canvas.setFont(bold, size)
    canvas.drawString(edge, top, name)
    canvas.setFont(regular, 10)
    canvas.drawString(edge, top - 18, _("Packing slip"))
    canvas.drawString(edge, top - 36, f"{_('Package')} {slip.package_code} · {_('Order')} {slip.order_code}")
    placed = slip.placed_at.astimezone(ZoneInfo(slip.zone))
    canvas.drawString(edge, top - 50, f"{_('Ordered on')} {date_format(placed, 'M j, Y')}")
    _address(canvas, _("DELIVER TO"), slip.recipient, edge, top - 80, 11, width - 2 * edge)
    y = top - 80 - (len(slip.recipient) + 2) * 14
    canvas.line(edge, y, width - edge, y)
    return y - 22
