"""The label as the carrier prints it: 4 × 6 inches, PDF, the same bytes for the same parcel."""

import io

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = 4 * inch, 6 * inch
MARGIN = 0.25 * inch


def draw(*, number: str, service: str, sender: list[str], recipient: list[str], weight_grams: int, note: str) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setTitle(number)
    canvas.rect(MARGIN / 2, MARGIN / 2, WIDTH - MARGIN, HEIGHT - MARGIN)
    canvas.setFont("Helvetica-Bold", 16)
    canvas.drawString(MARGIN, HEIGHT - 0.45 * inch, service.upper())
    canvas.setFont("Helvetica", 8)
    canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 0.45 * inch, f"{weight_grams / 1000:.3f} kg")
    _address(canvas, "FROM", sender, HEIGHT - 0.75 * inch, 8)
    _address(canvas, "TO", recipient, HEIGHT - 1.9 * inch, 12)
    _barcode(canvas, number)
    canvas.setFont("Helvetica", 8)
    canvas.drawString(MARGIN, 0.35 * inch, _printable(note)[:60])
    canvas.save()
    return file.getvalue()


def _address(canvas: Canvas, title: str, lines: list[str], top: float, size: int) -> None:
    canvas.setFont("Helvetica-Bold", 7)
    canvas.drawString(MARGIN, top, title)
    text = canvas.beginText(MARGIN, top - size * 1.3)
    text.setFont("Helvetica", size, leading=size * 1.25)
    for line in lines:
        text.textLine(_printable(line)[: int(470 / size)])
    canvas.drawText(text)


def _barcode(canvas: Canvas, number: str) -> None:
    barcode = Code128(number, barHeight=0.9 * inch, barWidth=1.1, quiet=False)
    barcode.drawOn(canvas, (WIDTH - barcode.width) / 2, 0.95 * inch)
    canvas.setFont("Helvetica-Bold", 12)
    canvas.drawCentredString(WIDTH / 2, 0.7 * inch, number)


def _printable(text: str) -> str:
    """The built-in fonts know Latin letters only."""
    return text.encode("latin-1", "replace").decode("latin-1")
