#!/usr/bin/env python
"""Draws the mark of the house (a shop's awning over its counter) in every size that browsers and devices ask for.

    python tools/draw_icons.py      rewrites static/icons/

The shape is the one of templates/components/mark.html, in a square of 32 units.
"""

from pathlib import Path

from PIL import Image, ImageDraw

ICONS = Path(__file__).resolve().parent.parent / "static" / "icons"
ACCENT, WHITE = "#2b50d6", "#ffffff"
OVERSAMPLE = 8

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="{accent}"/>'
    '<path fill="#fff" d="M9 7.5h14l2.5 5.5a3.17 3.17 0 0 1-6.33 0 3.17 3.17 0 0 1-6.34 0 3.17 3.17 0 0 1-6.33 0z"/>'
    '<path fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" '
    'd="M9 18.2v4.3a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2v-4.3"/></svg>\n'
)


def draw(size: int, *, corner: float = 8, margin: float = 0) -> Image.Image:
    """The mark at ``size`` pixels; ``corner`` rounds the ground, ``margin`` shrinks the sign (units of 32)."""
    side = size * OVERSAMPLE
    unit = side / 32
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((0, 0, side - 1, side - 1), corner * unit, fill=ACCENT)
    scale = (32 - 2 * margin) / 32

    def at(x: float, y: float) -> tuple[float, float]:
        return (margin + x * scale) * unit, (margin + y * scale) * unit

    def disc(x: float, y: float, radius: float) -> None:
        pen.ellipse((*at(x - radius, y - radius), *at(x + radius, y + radius)), fill=WHITE)

    pen.polygon([at(9, 7.5), at(23, 7.5), at(25.5, 13), at(6.5, 13)], fill=WHITE)
    for middle in (9.667, 16, 22.333):
        pen.pieslice((*at(middle - 3.17, 13 - 3.17), *at(middle + 3.17, 13 + 3.17)), 0, 180, fill=WHITE)
    width = round(2 * scale * unit)
    pen.line([at(9, 18.2), at(9, 22.5)], fill=WHITE, width=width)
    pen.line([at(23, 18.2), at(23, 22.5)], fill=WHITE, width=width)
    pen.line([at(11, 24.5), at(21, 24.5)], fill=WHITE, width=width)
    for left, start in ((9, 90), (19, 0)):
        pen.arc((*at(left - 1, 19.5), *at(left + 5, 25.5)), start, start + 90, fill=WHITE, width=width)
    for x in (9, 23):
        disc(x, 18.2, 1)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def main() -> None:
    """Write all files."""
    ICONS.mkdir(parents=True, exist_ok=True)
    (ICONS / "favicon.svg").write_text(SVG.format(accent=ACCENT))
    draw(32).save(ICONS / "icon-32.png", optimize=True)
    draw(192).save(ICONS / "icon-192.png", optimize=True)
    draw(512).save(ICONS / "icon-512.png", optimize=True)
    draw(180, corner=0, margin=3).convert("RGB").save(ICONS / "apple-touch-icon.png", optimize=True)
    draw(512, corner=0, margin=5).convert("RGB").save(ICONS / "icon-maskable-512.png", optimize=True)
    draw(48).save(ICONS / "favicon.ico", sizes=[(16, 16), (32, 32), (48, 48)])


if __name__ == "__main__":
    main()
