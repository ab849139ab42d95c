"""The limited process that decodes what people upload: ``python -m shops.picture_child <options as JSON>`` (DEC19).

Reads the content from standard input; writes the line ``ready`` as soon as it stands within its limits with all that it
needs, and only then looks at the content: what goes wrong before that line is not the content's fault. After it a line
of JSON (``{"pages": [...]}`` or ``{"refused": "<why>"}``) and then the new images one after the other. It limits its own
memory, time and files before it touches the content, imports no Django, and gives nothing on of the upload but pixels.
"""

import io
import json
import resource
import sys
from typing import Any

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 10
#: What the child says once it stands.
READY = b"ready\n"
#: No image with more pixels is decoded.
MOST_PIXELS = 40_000_000
MOST_PAGES = 10
#: Longest side of a page image in private storage.
PAGE_SIDE = 2400
PDF_DPI = 150
#: Sizes of a public picture: longest side.
PUBLIC_SIZES = {"thumb": 240, "medium": 800, "large": 1600}

#: Mean brightness (0–255) below which nobody can read a paper.
LEAST_BRIGHTNESS = 45
#: Spread of brightness below which there is nothing to read.
LEAST_CONTRAST = 2
#: Variance of the Laplacian in the sharpest sixteenth of the page; a page in focus has several hundred.
LEAST_SHARPNESS = 60

MAGIC = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "WEBP": (b"RIFF",),
    "PDF": (b"%PDF-",),
}
KINDS = {"paper": ("JPEG", "PNG", "PDF"), "public": ("JPEG", "PNG", "WEBP")}


class Refused(Exception):
    """The content cannot be used; the argument is the word for why."""


def limit() -> None:
    """From here on: little memory, little time, no file is written, no process is started."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def load_readers(content: bytes) -> None:
    """The libraries that will be needed, before the content is looked at."""
    from PIL import Image, ImageFilter, ImageOps, ImageStat  # noqa: F401

    Image.preinit()
    if content.startswith(MAGIC["PDF"]):
        import pypdfium2  # noqa: F401


def kind_of(content: bytes) -> str:
    """What the first bytes say it is, whatever its name claims."""
    for kind, heads in MAGIC.items():
        if content.startswith(heads):
            if kind == "WEBP" and content[8:12] != b"WEBP":
                continue
            return kind
    if content[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"):
        raise Refused("heic")
    head = content[:512].lstrip().lower()
    if head.startswith((b"<svg", b"<?xml", b"<!doctype", b"<html")):
        raise Refused("markup")
    raise Refused("unknown")


def image_of(content: bytes, kind: str, most_side: int) -> tuple[Any, str, tuple[int, int]]:
    """The picture as plain pixels, the right way up; also the program named in it, and its size as sent."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        image: Any = Image.open(io.BytesIO(content), formats=[kind])
        sent = image.size
        if sent[0] * sent[1] > MOST_PIXELS:
            raise Refused("pixels")
        software = str(image.getexif().get(0x0131, "") or image.info.get("Software", ""))[:120]
        if kind == "JPEG":
            image.draft("RGB", (most_side * 2, most_side * 2))
        image = ImageOps.exif_transpose(image)
        image = _on_white(image)
    except Refused:
        raise
    except Image.DecompressionBombError:
        raise Refused("pixels") from None
    except MemoryError:
        raise Refused("pixels") from None
    except Exception:  # a decoder may raise anything on hostile bytes
        raise Refused("broken") from None
    image.thumbnail((most_side, most_side))
    return Image.frombytes("RGB", image.size, image.tobytes()), software, sent


def _on_white(image: Any) -> Any:
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        ground = Image.new("RGB", rgba.size, "white")
        ground.paste(rgba, mask=rgba.getchannel("A"))
        return ground
    return image.convert("RGB")


def pages_of_pdf(content: bytes) -> tuple[list[Any], str]:
    """The pages as images, and the program that made the file."""
    import pypdfium2
    from PIL import Image

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise Refused("password" if "password" in str(error).lower() else "broken") from None
    if len(document) == 0:
        raise Refused("broken")
    if len(document) > MOST_PAGES:
        raise Refused("pages")
    pages = []
    for page in document:
        width, height = page.get_size()
        scale = min(PDF_DPI / 72, PAGE_SIDE / max(width, height, 1))
        image = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
        pages.append(Image.frombytes("RGB", image.size, image.tobytes()))
    facts = document.get_metadata_dict(skip_empty=True)
    return pages, str(facts.get("Producer") or facts.get("Creator") or "")[:120]


def refuse_unreadable(image: Any) -> None:
    """Raise ``Refused`` for a page that nobody could read: dark, empty or out of focus."""
    from PIL import ImageFilter, ImageStat

    grey = image.convert("L")
    grey.thumbnail((1200, 1200))
    whole = ImageStat.Stat(grey)
    if whole.mean[0] < LEAST_BRIGHTNESS:
        raise Refused("dark")
    if whole.stddev[0] < LEAST_CONTRAST:
        raise Refused("blank")
    edges = grey.filter(ImageFilter.Kernel((3, 3), (0, 1, 0, 1, -4, 1, 0, 1, 0), scale=1, offset=128))
    edges = edges.crop((2, 2, edges.width - 2, edges.height - 2))  # the filter leaves the rim as it was
    width, height = edges.size
    sharpest = 0.0
    for row in range(4):
        for column in range(4):
            box = (column * width // 4, row * height // 4, (column + 1) * width // 4, (row + 1) * height // 4)
            sharpest = max(sharpest, ImageStat.Stat(edges.crop(box)).var[0])
    if sharpest < LEAST_SHARPNESS:
        raise Refused("blurred")


def paper(content: bytes, kind: str, least_pixels: int) -> tuple[list[tuple[str, Any]], str]:
    """The pages of a paper as JPEG images."""
    if kind == "PDF":
        images, software = pages_of_pdf(content)
        refuse_unreadable(images[0])
    else:
        image, software, sent = image_of(content, kind, PAGE_SIDE)
        if min(sent) < least_pixels:
            raise Refused("small")
        refuse_unreadable(image)
        images = [image]
    return [(f"page-{number}", image) for number, image in enumerate(images, 1)], software


def public(content: bytes, kind: str, least_pixels: int) -> tuple[list[tuple[str, Any]], str]:
    """A public picture in its sizes; one that is smaller than a size keeps its own."""
    image, software, sent = image_of(content, kind, PUBLIC_SIZES["large"])
    if min(sent) < least_pixels:
        raise Refused("small")
    sizes = []
    for name, side in PUBLIC_SIZES.items():
        copy = image.copy()
        copy.thumbnail((side, side))
        sizes.append((name, copy))
    return sizes, software


def encode(image: Any, purpose: str) -> bytes:
    """New bytes from pixels, without any metadata."""
    out = io.BytesIO()
    if purpose == "public":
        image.save(out, "WEBP", quality=82, method=4)
    else:
        image.save(out, "JPEG", quality=88)
    return out.getvalue()


def main() -> None:
    """Read, decode, judge, write."""
    limit()
    options = json.loads(sys.argv[1])
    content = sys.stdin.buffer.read()
    load_readers(content)
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    try:
        kind = kind_of(content)
        purpose = options["purpose"]
        if kind not in KINDS[purpose]:
            raise Refused("unknown")
        make = public if purpose == "public" else paper
        images, software = make(content, kind, int(options["least_pixels"]))
        blobs = [(name, image.size, encode(image, purpose)) for name, image in images]
    except Refused as refused:
        _answer({"refused": str(refused)})
        return
    except MemoryError:
        _answer({"refused": "pixels"})
        return
    pages = [{"name": name, "width": size[0], "height": size[1], "bytes": len(blob)} for name, size, blob in blobs]
    _answer({"pages": pages, "software": software, "kind": kind}, *(blob for _name, _size, blob in blobs))


def _answer(head: dict[str, Any], *blobs: bytes) -> None:
    out = sys.stdout.buffer
    out.write(json.dumps(head).encode() + b"\n")
    for blob in blobs:
        out.write(blob)
    out.flush()


if __name__ == "__main__":
    main()
