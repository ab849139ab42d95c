"""Pictures of the demo, drawn by our own code: products on a soft ground, and papers for the applications."""

import colorsys
import io
import random

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from seller_center.settings import BASE_DIR

FONTS = BASE_DIR / "static" / "vendor" / "dejavu-fonts-ttf"
SIDE = 1000


def _tone(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return int(red * 255), int(green * 255), int(blue * 255)


def product(kind: str, hue: float, seed: int) -> bytes:
    """A product picture as JPEG: ``kind`` is one of the shapes below, ``hue`` 0–1 its colour."""
    chance = random.Random(seed)  # noqa: S311 (a picture, not a secret)
    image = Image.new("RGB", (SIDE, SIDE), _tone(hue + 0.5, 0.05, 0.97))
    draw = ImageDraw.Draw(image)
    for row in range(SIDE):
        draw.line([(0, row), (SIDE, row)], fill=_tone(hue + 0.5, 0.03 + row / SIDE * 0.09, 0.98 - row / SIDE * 0.08))
    shadow = Image.new("L", (SIDE, SIDE), 0)
    ImageDraw.Draw(shadow).ellipse([200, 790, 800, 880], fill=110)
    image.paste(_tone(hue + 0.5, 0.25, 0.45), mask=shadow.filter(ImageFilter.GaussianBlur(34)))
    SHAPES[kind](ImageDraw.Draw(image), hue, chance)
    return _jpeg(image)


def _bicycle(draw: ImageDraw.ImageDraw, hue: float, chance: random.Random) -> None:
    dark, frame = (38, 40, 46), _tone(hue, 0.75, 0.82)
    for x in (290, 710):
        draw.ellipse([x - 165, 515, x + 165, 845], outline=dark, width=20)
        draw.ellipse([x - 146, 534, x + 146, 826], outline=_tone(hue, 0.2, 0.75), width=4)
        draw.ellipse([x - 16, 664, x + 16, 696], fill=dark)
    hub, crank, seat, head, front = (290, 680), (480, 690), (430, 420), (640, 400), (710, 680)
    for start, end in ((hub, crank), (crank, seat), (seat, hub), (crank, head), (seat, head)):
        draw.line([start, end], fill=frame, width=24, joint="curve")
    draw.line([head, front], fill=frame, width=20)
    draw.line([(430, 420), (418, 360)], fill=dark, width=16)
    draw.rounded_rectangle([360, 335, 480, 366], 16, fill=dark)
    draw.line([head, (630, 330), (705, 318)], fill=dark, width=16, joint="curve")
    draw.ellipse([452, 662, 508, 718], outline=dark, width=12)


def _mug(draw: ImageDraw.ImageDraw, hue: float, chance: random.Random) -> None:
    body = _tone(hue, 0.5, 0.85)
    draw.ellipse([620, 440, 830, 700], outline=body, width=44)
    draw.rounded_rectangle([270, 340, 700, 850], 60, fill=body)
    draw.rounded_rectangle([270, 340, 360, 850], 60, fill=_tone(hue, 0.42, 0.93))
    draw.ellipse([270, 290, 700, 400], fill=_tone(hue, 0.4, 0.7))
    draw.ellipse([300, 310, 670, 390], fill=(72, 48, 36))
    for number in range(3):
        y = 520 + number * 90
        draw.line([(300, y), (670, y)], fill=_tone(hue + 0.08, 0.3, 0.97), width=18)


def _bag(draw: ImageDraw.ImageDraw, hue: float, chance: random.Random) -> None:
    body = _tone(hue, 0.45, 0.62)
    draw.arc([360, 190, 640, 560], 180, 360, fill=_tone(hue, 0.5, 0.42), width=34)
    draw.polygon([(230, 400), (770, 400), (820, 860), (180, 860)], fill=body)
    draw.polygon([(230, 400), (770, 400), (782, 510), (218, 510)], fill=_tone(hue, 0.5, 0.48))
    draw.rounded_rectangle([440, 480, 560, 560], 18, fill=_tone(hue + 0.5, 0.3, 0.9))


def _lamp(draw: ImageDraw.ImageDraw, hue: float, chance: random.Random) -> None:
    draw.rounded_rectangle([478, 460, 522, 840], 12, fill=(60, 58, 62))
    draw.ellipse([330, 810, 670, 870], fill=(60, 58, 62))
    draw.polygon([(370, 180), (630, 180), (760, 490), (240, 490)], fill=_tone(hue, 0.4, 0.95))
    draw.polygon([(370, 180), (470, 180), (400, 490), (240, 490)], fill=_tone(hue, 0.3, 1.0))


def _box(draw: ImageDraw.ImageDraw, hue: float, chance: random.Random) -> None:
    draw.polygon([(500, 250), (830, 390), (500, 530), (170, 390)], fill=_tone(hue, 0.25, 0.95))
    draw.polygon([(170, 390), (500, 530), (500, 870), (170, 730)], fill=_tone(hue, 0.45, 0.82))
    draw.polygon([(830, 390), (500, 530), (500, 870), (830, 730)], fill=_tone(hue, 0.5, 0.66))
    draw.line([(335, 320), (665, 460)], fill=_tone(hue + 0.5, 0.15, 0.98), width=44)


def _helmet(draw: ImageDraw.ImageDraw, hue: float, chance: random.Random) -> None:
    draw.pieslice([190, 260, 830, 1000], 180, 360, fill=_tone(hue, 0.65, 0.8))
    draw.rounded_rectangle([170, 600, 850, 670], 34, fill=_tone(hue, 0.7, 0.5))
    for number in range(4):
        left = 290 + number * 118
        draw.rounded_rectangle([left, 380, left + 62, 560], 30, fill=_tone(hue, 0.6, 0.32))


SHAPES = {"bicycle": _bicycle, "mug": _mug, "bag": _bag, "lamp": _lamp, "box": _box, "helmet": _helmet}


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
