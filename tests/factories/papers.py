"""Papers for tests: drawn pictures and PDFs, sharp, dark, blurred, small, hostile."""

import functools
import io

from PIL import Image, ImageDraw, ImageFilter, ImageFont


def drawing(words: str = "OWNER ONE  1 MAIN STREET", size: tuple[int, int] = (1000, 800)) -> Image.Image:
    """A white page full of sharp words."""
    image = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    for number, top in enumerate(range(40, size[1] - 40, 44)):
        pen.text((40, top), f"{words} {number}", fill="black", font=font)
    return image


def as_bytes(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@functools.cache
def passport() -> bytes:
    """A readable photo of a paper."""
    return as_bytes(drawing("PASSPORT OWNER ONE"))


@functools.cache
def bill() -> bytes:
    """A readable PDF of one page."""
    return as_bytes(drawing("UTILITY BILL OWNER ONE"), "PDF")


def blurred() -> bytes:
    """The same out of focus."""
    return as_bytes(drawing().filter(ImageFilter.GaussianBlur(6)))


def dark() -> bytes:
    """The same in a cellar."""
    return as_bytes(Image.eval(drawing(), lambda value: value // 8))


def small() -> bytes:
    """The same as a preview."""
    return as_bytes(drawing().resize((400, 320)))
