"""Papers of the demo's applications, drawn by our own code; what is for sale is drawn in ``demo.drawing``."""

import io

from PIL import Image, ImageDraw, ImageFont

from seller_center.demo import drawing
from seller_center.settings import BASE_DIR

FONTS = BASE_DIR / "static" / "vendor" / "dejavu-fonts-ttf"


def paper(title: str, lines: list[str]) -> bytes:
    """A paper with writing on it: sharp, bright and large enough to pass the checks of the upload."""
    image = Image.new("RGB", (1200, 1600), (250, 249, 245))
    draw = ImageDraw.Draw(image)
    head, body = ImageFont.truetype(FONTS / "DejaVuSans-Bold.ttf", 58), ImageFont.truetype(FONTS / "DejaVuSans.ttf", 38)
    draw.rectangle([40, 40, 1160, 1560], outline=(60, 70, 90), width=6)
    draw.text((100, 110), title, font=head, fill=(25, 35, 60))
    draw.text((100, 200), "SPECIMEN – made for the demo", font=body, fill=(150, 40, 40))
    for number, line in enumerate(lines):
        draw.text((100, 330 + number * 74), line, font=body, fill=(30, 30, 36))
    for number in range(12):
        y = 330 + (len(lines) + number) * 74
        draw.line([(100, y), (1100 - (number % 4) * 120, y)], fill=(90, 96, 110), width=10)
    return _jpeg(image)


def _jpeg(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=88)
    return stream.getvalue()


def product(kind: str, hue: float, seed: int) -> bytes:
    """A product's picture as somebody would upload it, JPEG: for trying out the upload itself."""
    found = kind if kind in drawing.KINDS else "kit"
    return _jpeg(drawing.SCENES[seed % len(drawing.SCENES)](found, hue, False))
