"""Drawing things: a kind of goods is a handful of shapes in a palette; a picture is such a thing in a scene.

Everything is drawn at twice the size and made smaller, so that edges are smooth. No picture comes from anywhere else.
"""

import colorsys
import dataclasses
import hashlib
import io
import math
import random
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFilter

SIDE = 800
FINE = 2
Point = tuple[float, float]
Colour = tuple[int, int, int]

INK: Colour = (38, 40, 46)
STEEL: Colour = (176, 182, 190)
RUBBER: Colour = (52, 54, 60)
CREAM: Colour = (246, 238, 222)
LEATHER: Colour = (142, 88, 52)


def tone(hue: float, saturation: float, value: float) -> Colour:
    """A colour by hue (0–1), saturation and value."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


@dataclasses.dataclass(frozen=True)
class Palette:
    """The colours of one thing: its main colour in three lights, and what goes with it."""

    main: Colour
    dark: Colour
    light: Colour
    accent: Colour

    @classmethod
    def of(cls, hue: float, *, pale: bool = False) -> "Palette":
        strength = 0.3 if pale else 0.58
        return cls(
            tone(hue, strength, 0.74),
            tone(hue + 0.02, strength + 0.1, 0.5),
            tone(hue - 0.02, strength * 0.62, 0.88),
            tone(0.11 if 0.3 < hue < 0.9 else 0.52, 0.46, 0.88),
        )


class Ink:
    """A transparent sheet of 800 × 800 on which shapes are laid."""

    def __init__(self) -> None:
        self.sheet = Image.new("RGBA", (SIDE * FINE, SIDE * FINE), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.sheet)

    def area(self, points: Sequence[Point], colour: Colour) -> None:
        self._draw.polygon([(x * FINE, y * FINE) for x, y in points], fill=colour)

    def curve(self, points: Sequence[Point], colour: Colour) -> None:
        """A closed soft shape through the middles of these points."""
        self.area(_soft(points), colour)

    def oval(self, box: Sequence[float], colour: Colour | None = None, line: Colour | None = None, wide: float = 0):
        self._draw.ellipse([v * FINE for v in box], fill=colour, outline=line, width=round(wide * FINE))

    def slab(self, box: Sequence[float], round_: float, colour: Colour, line: Colour | None = None, wide: float = 0):
        corners = [v * FINE for v in box]
        self._draw.rounded_rectangle(corners, round_ * FINE, fill=colour, outline=line, width=round(wide * FINE))

    def line(self, points: Sequence[Point], colour: Colour, wide: float) -> None:
        self._draw.line([(x * FINE, y * FINE) for x, y in points], fill=colour, width=round(wide * FINE), joint="curve")
        for x, y in (points[0], points[-1]):
            self.oval([x - wide / 2, y - wide / 2, x + wide / 2, y + wide / 2], colour)

    def arc(self, box: Sequence[float], start: float, end: float, colour: Colour, wide: float) -> None:
        self._draw.arc([v * FINE for v in box], start, end, fill=colour, width=round(wide * FINE))

    def slice(self, box: Sequence[float], start: float, end: float, colour: Colour) -> None:
        self._draw.pieslice([v * FINE for v in box], start, end, fill=colour)


def _soft(points: Sequence[Point], steps: int = 10) -> list[Point]:
    """Quadratic curves from middle to middle, the points pulling."""
    found: list[Point] = []
    for (ax, ay), (bx, by), (cx, cy) in zip(points, [*points[1:], points[0]], [*points[2:], *points[:2]], strict=True):
        start, end = ((ax + bx) / 2, (ay + by) / 2), ((bx + cx) / 2, (by + cy) / 2)
        for step in range(steps):
            t = step / steps
            u = 1 - t
            found.append(
                (
                    u * u * start[0] + 2 * u * t * bx + t * t * end[0],
                    u * u * start[1] + 2 * u * t * by + t * t * end[1],
                )
            )
    return found


# -- things -----------------------------------------------------------------------------------------------------------


def _wheel(ink: Ink, x: float, y: float, r: float, p: Palette) -> None:
    ink.oval([x - r, y - r, x + r, y + r], line=RUBBER, wide=13)
    ink.oval([x - r + 13, y - r + 13, x + r - 13, y + r - 13], line=STEEL, wide=5)
    for number in range(14):
        angle = math.tau * number / 14
        ink.line([(x, y), (x + (r - 17) * math.cos(angle), y + (r - 17) * math.sin(angle))], (198, 202, 208), 1.3)
    ink.oval([x - 11, y - 11, x + 11, y + 11], INK)


def bicycle(ink: Ink, p: Palette, *, step: bool = False, rack: bool = False, radius: float = 132) -> None:
    hub, front, crank = (214, 528), (592, 528), (374, 536)
    seat, head = (332, 322), (524, 308)
    for x, y in (hub, front):
        _wheel(ink, x, y, radius, p)
    if rack:
        ink.line([(150, 372), (322, 372)], INK, 8)
        ink.line([(172, 372), hub], INK, 6)
    for start, end in ((hub, crank), (seat, hub)):
        ink.line([start, end], p.dark, 11)
    ink.line([crank, seat], p.main, 16)
    ink.line([crank, head], p.main, 18)
    ink.line([(350, 392), (533, 338)] if not step else [(362, 470), (534, 340)], p.main, 15)
    ink.line([(518, 282), (540, 372), front], p.dark, 12)
    ink.line([seat, (322, 274)], STEEL, 9)
    ink.curve([(262, 262), (330, 246), (400, 262), (372, 284), (318, 282), (262, 284)], LEATHER)
    ink.line([(518, 284), (512, 246), (574, 236)], INK, 9)
    ink.line([(548, 238), (600, 244)], LEATHER, 14)
    ink.oval([348, 510, 400, 562], line=INK, wide=8)
    ink.line([(374, 536), (406, 586)], INK, 8)
    ink.line([(390, 590), (428, 588)], INK, 9)
    ink.line([(226, 520), (360, 516)], RUBBER, 3)
    ink.line([(226, 538), (360, 556)], RUBBER, 3)


def step_bicycle(ink: Ink, p: Palette) -> None:
    bicycle(ink, p, step=True, rack=True)


def small_bicycle(ink: Ink, p: Palette) -> None:
    bicycle(ink, p, radius=108)


def helmet(ink: Ink, p: Palette) -> None:
    ink.slice([150, 216, 650, 800], 180, 360, p.main)
    ink.slice([150, 216, 520, 800], 180, 282, p.light)
    ink.curve([(132, 480), (400, 446), (668, 480), (676, 540), (400, 520), (124, 540)], p.dark)
    for x in (246, 338, 430, 522):
        ink.curve([(x, 300), (x + 48, 290), (x + 62, 420), (x + 10, 430)], INK)
    ink.line([(210, 530), (300, 636), (392, 538)], INK, 9)
    ink.slab([282, 622, 326, 650], 8, p.accent)


def bell(ink: Ink, p: Palette) -> None:
    ink.slice([214, 226, 586, 640], 180, 360, p.main)
    ink.slice([250, 246, 440, 600], 186, 262, p.light)
    ink.slab([196, 424, 604, 462], 18, p.dark)
    ink.oval([374, 196, 426, 248], p.dark)
    ink.slab([346, 462, 454, 540], 10, INK)
    ink.slab([246, 530, 554, 582], 26, RUBBER)
    ink.line([(548, 440), (640, 388)], STEEL, 13)
    ink.oval([620, 366, 662, 408], p.accent)


def lock(ink: Ink, p: Palette) -> None:
    ink.arc([262, 150, 538, 520], 180, 360, STEEL, 42)
    ink.line([(283, 330), (283, 440)], STEEL, 42)
    ink.line([(517, 330), (517, 440)], STEEL, 42)
    ink.slab([218, 410, 582, 650], 34, p.main)
    ink.slab([218, 410, 310, 650], 34, p.light)
    ink.slab([218, 598, 582, 650], 26, p.dark)
    ink.oval([372, 476, 428, 532], INK)
    ink.line([(400, 508), (400, 566)], INK, 18)


def pump(ink: Ink, p: Palette) -> None:
    ink.slab([354, 240, 446, 650], 22, p.main)
    ink.slab([354, 240, 388, 650], 18, p.light)
    ink.slab([388, 130, 412, 250], 8, STEEL)
    ink.slab([268, 112, 532, 152], 20, INK)
    ink.slab([292, 642, 508, 676], 14, p.dark)
    ink.arc([150, 330, 380, 640], 60, 200, INK, 12)
    ink.oval([446, 420, 536, 510], CREAM, INK, 8)
    ink.line([(491, 466), (514, 440)], p.accent, 6)


def light(ink: Ink, p: Palette) -> None:
    ink.area([(480, 320), (760, 220), (760, 560), (480, 466)], (255, 246, 206))
    ink.curve([(220, 300), (480, 286), (520, 396), (480, 504), (220, 488), (176, 394)], p.main)
    ink.curve([(230, 306), (440, 294), (448, 340), (236, 350)], p.light)
    ink.oval([424, 292, 542, 498], INK)
    ink.oval([442, 312, 526, 478], (255, 240, 176))
    ink.slab([262, 486, 372, 590], 16, RUBBER)
    ink.oval([288, 376, 332, 420], p.accent)


def bottle(ink: Ink, p: Palette) -> None:
    ink.slab([296, 238, 504, 676], 46, p.main)
    ink.slab([296, 238, 364, 676], 40, p.light)
    ink.slab([296, 400, 504, 470], 4, p.dark)
    ink.curve([(306, 262), (330, 184), (470, 184), (494, 262)], INK)
    ink.slab([356, 124, 444, 196], 18, p.accent)
    ink.oval([364, 520, 436, 592], line=CREAM, wide=8)


def mug(ink: Ink, p: Palette) -> None:
    ink.oval([500, 330, 664, 548], line=p.main, wide=34)
    ink.slab([214, 246, 560, 650], 46, p.main)
    ink.slab([214, 246, 292, 650], 40, p.light)
    ink.oval([214, 206, 560, 296], p.dark)
    ink.oval([240, 222, 534, 284], (74, 50, 38))
    _wheel_mark(ink, 400, 460, 74)


def _wheel_mark(ink: Ink, x: float, y: float, r: float) -> None:
    """The shop's mark: a wheel."""
    ink.oval([x - r, y - r, x + r, y + r], line=CREAM, wide=9)
    for number in range(6):
        angle = math.tau * number / 6 + 0.3
        ink.line([(x, y), (x + r * math.cos(angle), y + r * math.sin(angle))], CREAM, 4)


def pannier(ink: Ink, p: Palette) -> None:
    ink.curve([(196, 250), (604, 250), (640, 690), (160, 690)], p.main)
    ink.slab([196, 300, 604, 676], 40, p.main)
    ink.slab([196, 300, 300, 676], 36, p.light)
    ink.curve([(170, 196), (630, 196), (640, 400), (400, 440), (160, 400)], p.dark)
    for x in (292, 474):
        ink.slab([x, 330, x + 36, 540], 8, LEATHER)
        ink.slab([x - 6, 496, x + 42, 540], 8, STEEL)
    ink.arc([320, 120, 480, 260], 180, 360, INK, 18)
    ink.slab([340, 570, 460, 630], 10, p.accent)


def backpack(ink: Ink, p: Palette) -> None:
    ink.arc([320, 96, 480, 260], 180, 360, INK, 18)
    ink.curve([(214, 150), (400, 110), (586, 150), (640, 420), (612, 700), (188, 700), (160, 420)], p.main)
    ink.curve([(250, 176), (360, 150), (330, 420), (300, 660), (214, 640), (206, 420)], p.light)
    ink.slab([250, 420, 550, 640], 40, p.dark)
    ink.line([(262, 462), (538, 462)], STEEL, 7)
    ink.slab([384, 250, 416, 360], 10, LEATHER)
    ink.slab([520, 466, 538, 520], 6, p.accent)


def jacket(ink: Ink, p: Palette) -> None:
    ink.curve([(232, 190), (150, 250), (88, 560), (170, 610), (236, 420), (290, 260)], p.dark)
    ink.curve([(568, 190), (650, 250), (712, 560), (630, 610), (564, 420), (510, 260)], p.dark)
    ink.curve([(230, 160), (400, 190), (570, 160), (600, 420), (590, 700), (210, 700), (200, 420)], p.main)
    ink.curve([(240, 190), (330, 190), (320, 450), (318, 690), (226, 690), (216, 440)], p.light)
    ink.curve([(318, 130), (400, 170), (482, 130), (470, 230), (400, 256), (330, 230)], p.dark)
    ink.line([(400, 230), (400, 668)], INK, 6)
    ink.slab([214, 470, 586, 506], 4, (236, 238, 226))
    ink.slab([450, 330, 540, 344], 6, p.accent)


def cap(ink: Ink, p: Palette) -> None:
    ink.slice([180, 230, 600, 720], 180, 360, p.main)
    ink.slice([180, 230, 420, 720], 180, 286, p.light)
    ink.curve([(420, 452), (560, 440), (740, 520), (700, 566), (520, 520), (400, 510)], p.dark)
    ink.slab([180, 452, 600, 500], 10, p.dark)
    ink.slab([352, 236, 392, 470], 4, p.accent)
    ink.oval([368, 214, 400, 246], p.accent)


def glove(ink: Ink, p: Palette) -> None:
    for x, top in ((246, 196), (326, 150), (406, 160), (484, 206)):
        ink.slab([x, top, x + 72, 440], 34, p.main)
    ink.slab([246, 356, 556, 620], 54, p.main)
    ink.slab([246, 356, 316, 620], 40, p.light)
    ink.curve([(540, 420), (640, 360), (668, 430), (560, 570)], p.main)
    ink.slab([262, 590, 540, 690], 24, p.dark)
    ink.slab([330, 430, 500, 540], 30, p.accent)


def sock(ink: Ink, p: Palette) -> None:
    for shift, colours in ((-84, (p.dark, p.main)), (66, (p.main, p.light))):
        x = 340 + shift
        ink.curve(
            [(x, 140), (x + 130, 140), (x + 136, 470), (x + 250, 560), (x + 230, 660), (x + 60, 650), (x, 520)],
            colours[0],
        )
        ink.slab([x + 8, 150, x + 124, 214], 12, p.accent)
        for y in (260, 320, 380):
            ink.slab([x + 14, y, x + 120, y + 18], 8, colours[1])


def saddle(ink: Ink, p: Palette) -> None:
    ink.curve([(96, 330), (260, 240), (520, 300), (720, 330), (706, 384), (520, 390), (330, 470), (120, 440)], p.main)
    ink.curve([(130, 330), (270, 268), (480, 312), (640, 338), (470, 346), (280, 380), (150, 380)], p.light)
    ink.line([(240, 430), (330, 540), (520, 540), (620, 380)], STEEL, 14)
    ink.slab([392, 540, 448, 700], 10, STEEL)
    for x in (190, 236, 282):
        ink.oval([x, 392, x + 14, 406], STEEL)


def grips(ink: Ink, p: Palette) -> None:
    for y in (270, 450):
        ink.slab([150, y, 640, y + 96], 44, p.main)
        ink.slab([150, y, 640, y + 34], 30, p.light)
        for x in range(200, 600, 36):
            ink.slab([x, y + 8, x + 12, y + 88], 6, p.dark)
        ink.slab([620, y - 10, 664, y + 106], 12, STEEL)


def basket(ink: Ink, p: Palette) -> None:
    weave = tone(0.09, 0.5, 0.74)
    ink.area([(150, 290), (650, 290), (590, 660), (210, 660)], weave)
    for number in range(9):
        y = 316 + number * 40
        inset = number * 6.6
        ink.line([(160 + inset, y), (640 - inset, y)], tone(0.085, 0.55, 0.56 + 0.05 * (number % 2)), 13)
    for number in range(10):
        x = 176 + number * 50
        ink.line([(x, 300), (400 + (x - 400) * 0.78, 650)], tone(0.08, 0.5, 0.5), 7)
    ink.slab([136, 268, 664, 312], 20, tone(0.09, 0.5, 0.6))
    for x in (268, 496):
        ink.slab([x, 250, x + 36, 450], 8, p.main)


def pedal(ink: Ink, p: Palette) -> None:
    ink.slab([120, 380, 300, 420], 12, STEEL)
    ink.slab([260, 250, 660, 550], 36, p.main)
    ink.slab([330, 316, 600, 484], 20, (240, 240, 240))
    ink.slab([330, 380, 600, 420], 6, p.dark)
    for x in (290, 450, 612):
        for y in (276, 512):
            ink.oval([x, y, x + 22, y + 22], STEEL)


def tool(ink: Ink, p: Palette) -> None:
    for angle, length in ((-1.25, 270), (-0.9, 250), (-0.52, 230)):
        tip = (330 + length * math.cos(angle), 420 + length * math.sin(angle))
        ink.line([(330, 420), tip], STEEL, 22)
        ink.line([tip, (tip[0] + 40 * math.cos(angle + 1.57), tip[1] + 40 * math.sin(angle + 1.57))], STEEL, 18)
    ink.slab([176, 396, 650, 530], 60, p.main)
    ink.slab([176, 396, 650, 440], 40, p.light)
    ink.oval([296, 430, 364, 498], p.dark)
    ink.oval([540, 430, 600, 490], INK)


def kit(ink: Ink, p: Palette) -> None:
    ink.slab([180, 420, 620, 680], 24, p.main)
    ink.slab([180, 420, 620, 476], 20, p.dark)
    ink.slab([236, 190, 316, 440], 22, p.accent)
    ink.slab([252, 150, 300, 200], 10, INK)
    ink.slab([350, 250, 440, 440], 12, CREAM)
    ink.slab([350, 290, 440, 330], 2, p.main)
    ink.line([(500, 430), (540, 180)], LEATHER, 26)
    ink.slab([492, 130, 600, 210], 18, INK)
    _wheel_mark(ink, 400, 580, 62)


def tyre(ink: Ink, p: Palette) -> None:
    ink.oval([140, 140, 660, 660], RUBBER)
    ink.oval([176, 176, 624, 624], p.main)
    ink.oval([196, 196, 604, 604], RUBBER)
    ink.oval([236, 236, 564, 564], (0, 0, 0, 0))  # type: ignore[arg-type]
    for number in range(36):
        angle = math.tau * number / 36
        x, y = 400 + 250 * math.cos(angle), 400 + 250 * math.sin(angle)
        ink.line([(x, y), (400 + 236 * math.cos(angle + 0.09), 400 + 236 * math.sin(angle + 0.09))], (84, 86, 92), 7)


def lamp(ink: Ink, p: Palette) -> None:
    ink.slab([386, 380, 414, 660], 10, LEATHER)
    ink.oval([274, 630, 526, 690], LEATHER)
    ink.area([(300, 150), (500, 150), (606, 400), (194, 400)], p.light)
    ink.area([(300, 150), (384, 150), (318, 400), (194, 400)], p.main)
    ink.oval([194, 386, 606, 416], (255, 240, 190))


def poster(ink: Ink, p: Palette) -> None:
    ink.slab([190, 110, 610, 690], 4, LEATHER)
    ink.slab([210, 130, 590, 670], 2, CREAM)
    ink.oval([420, 170, 540, 290], p.accent)
    for hills, colour in (((470, 330, 430, 330), p.light), ((560, 470, 560, 480), p.main)):
        ridge = list(zip((210, 330, 460, 590), hills, strict=True))
        soft = _soft([*ridge, (640, 690), (160, 690)])
        ink.area([(min(max(x, 210), 590), min(y, 650)) for x, y in soft], colour)  # on the paper, not over its frame
    ink.slab([210, 650, 590, 670], 0, CREAM)
    for x in (340, 440):
        ink.oval([x - 34, 560, x + 34, 628], line=INK, wide=6)
    ink.line([(340, 594), (384, 544), (424, 544), (440, 594)], INK, 6)


KINDS: dict[str, Callable[[Ink, Palette], None]] = {
    "bicycle": bicycle,
    "step_bicycle": step_bicycle,
    "small_bicycle": small_bicycle,
    "helmet": helmet,
    "bell": bell,
    "lock": lock,
    "pump": pump,
    "light": light,
    "bottle": bottle,
    "mug": mug,
    "pannier": pannier,
    "backpack": backpack,
    "jacket": jacket,
    "cap": cap,
    "glove": glove,
    "sock": sock,
    "saddle": saddle,
    "grips": grips,
    "basket": basket,
    "pedal": pedal,
    "tool": tool,
    "kit": kit,
    "tyre": tyre,
    "lamp": lamp,
    "poster": poster,
}

# -- scenes -----------------------------------------------------------------------------------------------------------


def thing(kind: str, palette: Palette) -> Image.Image:
    """The thing alone, on nothing."""
    ink = Ink()
    KINDS[kind](ink, palette)
    return ink.sheet.reduce(FINE)


def _ground(top: Colour, bottom: Colour) -> Image.Image:
    """A soft run from one colour to another."""
    strip = Image.new("RGB", (1, 2))
    strip.putdata([top, bottom])
    return strip.resize((SIDE, SIDE), Image.Resampling.BILINEAR)


def _put(ground: Image.Image, sheet: Image.Image, *, size: float, middle: Point, foot: float | None) -> None:
    """Lay the thing on the ground, its longer side ``size`` of the picture, with its shadow.

    ``foot``: where the floor is; without one it hangs on the wall.
    """
    alone = sheet.crop(sheet.getbbox())
    scale = SIDE * size / max(alone.width, alone.height)
    small = alone.resize((round(alone.width * scale), round(alone.height * scale)), Image.Resampling.BILINEAR)
    left, top = round(middle[0] - small.width / 2), round(middle[1] - small.height / 2)
    if foot is not None:
        top = round(foot - small.height)
        shade = Image.new("L", (SIDE // 4, SIDE // 4), 0)
        wide = (left + 10, foot - 16, left + small.width - 10, foot + 20)
        ImageDraw.Draw(shade).ellipse([v / 4 for v in wide], fill=96)
        shade = shade.filter(ImageFilter.GaussianBlur(4)).resize((SIDE, SIDE))
        ground.paste((52, 46, 44), mask=shade)
    else:
        shade = Image.new("L", (SIDE, SIDE), 0)
        shade.paste(70, (left + 14, top + 18), small.getchannel("A"))
        shade = shade.reduce(4).filter(ImageFilter.GaussianBlur(3)).resize((SIDE, SIDE))
        ground.paste((52, 46, 44), mask=shade)
    ground.paste(small, (left, top), small)


def hero(kind: str, hue: float, pale: bool) -> Image.Image:
    """The thing on a soft ground, as a shop shows it first."""
    ground = _ground(tone(hue + 0.48, 0.04, 0.98), tone(hue + 0.48, 0.13, 0.88))
    _put(ground, thing(kind, Palette.of(hue, pale=pale)), size=0.76, middle=(400, 400), foot=690)
    return ground


def close(kind: str, hue: float, pale: bool) -> Image.Image:
    """From near, on a coloured ground."""
    ground = _ground(tone(hue, 0.12, 0.96), tone(hue, 0.22, 0.86))
    chance = random.Random(f"{kind}{hue:.2f}")  # noqa: S311 (a picture, not a secret)
    middle = (400 + chance.randint(-150, 150), 430 + chance.randint(-110, 110))
    _put(ground, thing(kind, Palette.of(hue, pale=pale)), size=1.4, middle=middle, foot=None)
    return ground


def room(kind: str, hue: float, pale: bool) -> Image.Image:
    """In a room: a wall with the light of a window, a floor, a plant."""
    ground = _ground(tone(hue + 0.52, 0.10, 0.93), tone(hue + 0.52, 0.13, 0.86))
    draw = ImageDraw.Draw(ground)
    sun = tone(hue + 0.52, 0.05, 0.98)
    for shift in (0, 150):
        draw.polygon([(120 + shift, 60), (240 + shift, 60), (360 + shift, 470), (240 + shift, 470)], fill=sun)
    draw.rectangle([0, 600, SIDE, SIDE], fill=tone(0.08, 0.26, 0.78))
    draw.rectangle([0, 594, SIDE, 604], fill=(250, 248, 244))
    for number, y in enumerate((640, 690, 746)):
        draw.line([(0, y), (SIDE, y)], fill=tone(0.08, 0.3, 0.7), width=2)
        draw.line([(180 + 210 * number, y - 44), (180 + 210 * number, y)], fill=tone(0.08, 0.3, 0.7), width=2)
    _plant(draw, 694, 640)
    _put(ground, thing(kind, Palette.of(hue, pale=pale)), size=0.58, middle=(350, 400), foot=700)
    return ground


def _plant(draw: ImageDraw.ImageDraw, x: int, y: int) -> None:
    for angle in (-2.3, -2.0, -1.7, -1.4, -1.1, -0.8):
        tip = (x + 190 * math.cos(angle), y - 60 + 190 * math.sin(angle))
        side = (x + 90 * math.cos(angle + 0.28), y - 60 + 90 * math.sin(angle + 0.28))
        other = (x + 90 * math.cos(angle - 0.28), y - 60 + 90 * math.sin(angle - 0.28))
        draw.polygon([(x, y - 40), side, tip, other], fill=tone(0.36 + angle * 0.01, 0.42, 0.46 - angle * 0.05))
    draw.polygon([(x - 58, y - 50), (x + 58, y - 50), (x + 42, y + 60), (x - 42, y + 60)], fill=tone(0.05, 0.5, 0.72))
    draw.rectangle([x - 64, y - 62, x + 64, y - 36], fill=tone(0.05, 0.5, 0.8))


def colours(kind: str, hue: float, pale: bool) -> Image.Image:
    """In its colours, side by side."""
    ground = _ground((250, 249, 246), (234, 231, 225))
    hues = (hue, hue + 0.33, hue + 0.6)
    for number, one in enumerate(hues):
        middle = (210 + 190 * number, 300 + 40 * number)
        _put(ground, thing(kind, Palette.of(one, pale=pale)), size=0.38, middle=middle, foot=540 + 46 * number)
    draw = ImageDraw.Draw(ground)
    for number, one in enumerate(hues):
        x = 300 + 100 * number
        draw.ellipse([x - 26, 706, x + 26, 758], fill=Palette.of(one, pale=pale).main, outline=(255, 255, 255), width=5)
    return ground


SCENES = (hero, room, close, colours)


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A picture in the three sizes of public pictures, named by its content as the house names them."""

    name: str
    width: int
    height: int
    sizes: dict[str, bytes]


def draw(kind: str, hue: float, scene: int, pale: bool = False) -> Drawn:
    """The picture of a thing in a scene. The same words give the same bytes."""
    large = SCENES[scene](kind, hue, pale)
    content = _webp(large)
    sizes = {"thumb": _webp(large.resize((240, 240), Image.Resampling.LANCZOS)), "medium": content, "large": content}
    return Drawn(hashlib.sha256(content).hexdigest()[:40], SIDE, SIDE, sizes)


def _webp(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=82, method=2)
    return stream.getvalue()
