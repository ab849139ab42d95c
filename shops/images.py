"""Pictures that people send: judged, decoded and encoded anew in a limited process, never used as they came (DEC19).

``reencode`` makes a public picture (product, logo, banner) in three sizes; ``pages_of_paper`` turns a photo or a PDF of
a paper into page images for private storage. Both refuse with a sentence that says what to do, and tell a file that cannot
be used (``UnusablePicture``) from a reader that did not come up (``ReaderAway``): of that no file is guilty.
"""

import dataclasses
import hashlib
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.errors import DomainError, Invalid
from shops.files import keeping
from shops.picture_child import READY

log = logging.getLogger(__name__)

CHILD = (sys.executable, "-m", "shops.picture_child")
ROOT = Path(__file__).resolve().parent.parent
#: Real time; the processor time is limited by the child itself.
SECONDS = 30

SENTENCES: dict[str, Any] = {
    "small": _(
        "This picture is too small: its shorter side must measure at least %(least)d pixels. "
        "Take it again from nearer, or choose the original instead of a preview."
    ),
    "dark": _("This picture is too dark to read. Go near a window or switch on a lamp, and take it again."),
    "blurred": _(
        "This picture is blurred. Lay the paper flat, tap on it in the camera to focus, hold still, and take it again."
    ),
    "blank": _("There is nothing to read on this page. Please check that you chose the right file."),
    "pixels": _("This picture has too many pixels to be read here. Make it smaller (at most 40 megapixels)."),
    "pages": _("This PDF has more than ten pages. Send only the pages that matter."),
    "password": _("This PDF is protected by a password. Save it once more without the password and send that copy."),
    "broken": _("This file is damaged and cannot be read. Open it on your device, save it again, and send the copy."),
    "heic": _("This is a HEIC picture, which cannot be read here. Share or save it as JPG and send that."),
    "markup": _("SVG and HTML files are not accepted. Send a JPG or PNG picture."),
    "unknown": _("This is not a picture that can be read here. Send a JPG or PNG%(or_more)s."),
    "limits": _("This file takes too much to read. Save it again in a simpler form, for example as a JPG picture."),
}


class UnusablePicture(Invalid):
    """The upload cannot be used; ``code`` is the word for why."""


class ReaderAway(DomainError):
    """The process that looks at pictures did not come up: nothing is known of the file, and nothing was kept of it."""

    code = "reader_away"
    status = 503

    def __init__(self, field: str = "") -> None:
        super().__init__(
            _(
                "Your file could not be looked at just now. It may well be in order: nothing was saved, so please try"
                " again in a minute."
            ),
            field=field,
        )


@dataclasses.dataclass(frozen=True)
class Page:
    """One new image."""

    name: str
    width: int
    height: int
    content: bytes


@dataclasses.dataclass(frozen=True)
class Paper:
    """A paper as page images; ``software`` is the program named in the file, ``sha256`` of the upload as it came."""

    pages: tuple[Page, ...]
    software: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class Picture:
    """A public picture: ``name`` is the hash of its content, ``sizes`` its WebP bytes by ``thumb, medium, large``."""

    name: str
    width: int
    height: int
    sizes: dict[str, bytes]


def reencode(content: bytes, *, least_pixels: int = 1, bytes_at_most: int = 10_485_760, field: str = "") -> Picture:
    """A public picture in three sizes, from pixels only. Raises ``UnusablePicture``, ``ReaderAway``."""
    pages, _software = _ask_child(content, "public", least_pixels, bytes_at_most, field)
    sizes = {page.name: page.content for page in pages}
    large = pages[-1]
    return Picture(hashlib.sha256(large.content).hexdigest()[:40], large.width, large.height, sizes)


def pages_of_paper(content: bytes, *, least_pixels: int, bytes_at_most: int, field: str = "") -> Paper:
    """The pages of a paper (JPG, PNG or PDF) as new JPEG images, readable ones only. The same errors."""
    pages, software = _ask_child(content, "paper", least_pixels, bytes_at_most, field)
    return Paper(tuple(pages), software, hashlib.sha256(content).hexdigest())


def _ask_child(content: bytes, purpose: str, least: int, most: int, field: str) -> tuple[list[Page], str]:
    if len(content) > most:
        megabytes = most // (1024 * 1024)
        raise UnusablePicture(
            _("This file is larger than %(most)d MB. Send a smaller copy.") % {"most": megabytes},
            code="large",
            field=field,
        )
    head, rest = _run_child(content, purpose, least, field)
    if "refused" in head:
        raise _refusal(head["refused"], purpose, least, field)
    pages = []
    for page in head["pages"]:
        blob, rest = rest[: page["bytes"]], rest[page["bytes"] :]
        pages.append(Page(page["name"], page["width"], page["height"], blob))
    return pages, head["software"]


def _run_child(content: bytes, purpose: str, least: int, field: str) -> tuple[dict[str, Any], bytes]:
    """Start the child without any of our environment: it holds no secret that a hostile picture could reach."""
    options = json.dumps({"purpose": purpose, "least_pixels": least})
    ended: int | str
    try:
        child = subprocess.run(
            [*CHILD, options],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
        ended, said, complaint = child.returncode, child.stdout, child.stderr
    except subprocess.TimeoutExpired as late:
        ended, said, complaint = "its time", late.stdout or b"", late.stderr or b""
    except OSError as error:
        log.exception("The reader of pictures could not be started")
        raise ReaderAway(field) from error
    told = complaint[-500:].decode("latin-1")
    if not said.startswith(READY):
        log.error("The reader of pictures did not come up; it ended with %s: %s", ended, told)
        raise ReaderAway(field)
    line, _newline, rest = said[len(READY) :].partition(b"\n")
    if ended != 0 or not line:
        log.warning("The reader of pictures ended with %s: %s", ended, told)
        return {"refused": "limits"}, b""
    return json.loads(line), rest


def _refusal(word: str, purpose: str, least: int, field: str) -> UnusablePicture:
    sentence = SENTENCES.get(word, SENTENCES["broken"])
    or_more = _(" picture, or a PDF") if purpose == "paper" else _(" or WebP picture")
    return UnusablePicture(sentence % {"least": least, "or_more": or_more}, code=word, field=field)


# -- public pictures --------------------------------------------------------------------------------------------------


def path_of(name: str, size: str) -> str:
    """Where a size of a public picture lies in the public storage."""
    return f"pictures/{name[:2]}/{name}-{size}.webp"


def publish(picture: Picture) -> str:
    """Put the sizes into the public storage and return the picture's name. The same content twice is one picture."""
    for size, content in picture.sizes.items():
        path = path_of(picture.name, size)
        with keeping():
            if not default_storage.exists(path):
                default_storage.save(path, ContentFile(content))
    return picture.name
