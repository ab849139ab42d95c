"""Pictures that people send: what is refused, with which sentence, and what is left of the rest."""

import io
import subprocess
import sys
from unittest.mock import Mock

import pytest
from PIL import Image, PngImagePlugin

from shops.images import CHILD, ReaderAway, UnusablePicture, pages_of_paper, path_of, publish, reencode
from tests.factories import papers

MOST = 10_485_760


def paper(content, least=600):
    return pages_of_paper(content, least_pixels=least, bytes_at_most=MOST)


def test_it_makes_a_page_image_of_a_photo():
    result = paper(papers.passport())
    [page] = result.pages
    assert Image.open(io.BytesIO(page.content)).format == "JPEG"
    assert (page.width, page.height) == (1000, 800)


def test_it_makes_page_images_of_a_pdf():
    two = papers.as_bytes(papers.drawing(), "PDF", save_all=True, append_images=[papers.drawing("SECOND")])
    assert len(paper(two).pages) == 2


@pytest.mark.parametrize(
    ("content", "word", "advice"),
    [
        (papers.small, "small", "600 pixels"),
        (papers.dark, "dark", "window"),
        (papers.blurred, "blurred", "focus"),
        (lambda: papers.as_bytes(Image.new("RGB", (900, 900), "white")), "blank", "right file"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "markup", "JPG or PNG"),
        (lambda: b"<!doctype html><script>", "markup", "JPG or PNG"),
        (lambda: b"\x00\x00\x00\x18ftypheic" + b"\x00" * 40, "heic", "JPG"),
        (lambda: b"GIF89a" + b"\x00" * 40, "unknown", "or a PDF"),
        (lambda: b"MZ" + b"\x00" * 400, "unknown", "or a PDF"),
        (lambda: b"\xff\xd8\xff" + b"no picture" * 9, "broken", "damaged"),
        (lambda: b"%PDF-1.7 nothing", "broken", "damaged"),
        (lambda: papers.as_bytes(Image.new("L", (8000, 5100), "white"), "PNG"), "pixels", "megapixels"),
        (lambda: b"\xff\xd8\xff" + b"\x00" * MOST, "large", "10 MB"),
    ],
)
def test_it_refuses_what_nobody_can_read_and_says_what_to_do(content, word, advice):
    with pytest.raises(UnusablePicture) as refusal:
        paper(content())
    assert refusal.value.code == word
    assert advice in str(refusal.value)


def test_it_refuses_a_locked_pdf():
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(papers.bill())))
    writer.encrypt("secret")
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(UnusablePicture, match="password"):
        paper(out.getvalue())


def test_it_refuses_a_pdf_of_eleven_pages():
    many = papers.as_bytes(papers.drawing(), "PDF", save_all=True, append_images=[papers.drawing()] * 10)
    with pytest.raises(UnusablePicture, match="ten pages"):
        paper(many)


def test_it_keeps_nothing_but_pixels():
    noted = PngImagePlugin.PngInfo()
    noted.add_text("Comment", "home is at 1 Secret Street")
    noted.add_text("Software", "Picture Editor 9")
    exif = Image.Exif()
    exif[0x010E] = "secret description"
    content = papers.as_bytes(papers.drawing(), "PNG", pnginfo=noted, exif=exif)
    assert b"secret" in content.lower()
    result = paper(content)
    assert result.software == "Picture Editor 9"
    assert b"secret" not in result.pages[0].content.lower()
    for name, kept in reencode(content).sizes.items():
        image = Image.open(io.BytesIO(kept))
        assert (image.format, image.getexif()) == ("WEBP", Image.Exif()), name
        assert b"ecret" not in kept


def test_it_turns_a_picture_the_right_way_up():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = papers.as_bytes(papers.drawing(size=(1000, 800)), "JPEG", exif=exif)
    [page] = paper(content).pages
    assert (page.width, page.height) == (800, 1000)


def test_it_makes_three_sizes_named_by_their_content():
    content = papers.as_bytes(papers.drawing(size=(2000, 1500)), "PNG")
    picture = reencode(content)
    assert picture.name == reencode(content).name
    sides = {name: max(Image.open(io.BytesIO(kept)).size) for name, kept in picture.sizes.items()}
    assert sides == {"thumb": 240, "medium": 800, "large": 1600}


def test_it_never_enlarges():
    assert max(reencode(papers.as_bytes(Image.new("RGB", (300, 300), "red"), "PNG")).sizes) == "thumb"
    picture = reencode(papers.as_bytes(Image.new("RGB", (300, 300), "red"), "PNG"))
    assert Image.open(io.BytesIO(picture.sizes["large"])).size == (300, 300)


def test_it_publishes_the_same_content_once(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    picture = reencode(papers.as_bytes(papers.drawing(), "PNG"))
    assert publish(picture) == publish(picture)
    assert len(list(tmp_path.rglob("*.webp"))) == 3
    assert (tmp_path / path_of(picture.name, "thumb")).exists()


def test_the_child_is_stopped_by_its_limits(monkeypatch):
    """A decoder that eats memory ends in a sentence; without the limit (control) the same program finishes."""

    greedy = (
        "import json,sys,resource\n{limit}\nprint('ready', flush=True)\nx = bytearray(900_000_000)\n"
        "print(json.dumps({{'refused': 'blank'}}))"
    )
    limit = "resource.setrlimit(resource.RLIMIT_AS, (512*1024*1024,)*2)"
    monkeypatch.setattr("shops.images.CHILD", (sys.executable, "-c", greedy.format(limit=limit)))
    with pytest.raises(UnusablePicture) as stopped:
        paper(papers.passport())
    assert stopped.value.code == "limits"
    monkeypatch.setattr("shops.images.CHILD", (sys.executable, "-c", greedy.format(limit="")))
    with pytest.raises(UnusablePicture) as control:
        paper(papers.passport())
    assert control.value.code == "blank"


@pytest.mark.parametrize(
    ("child", "why"),
    [
        (("/nowhere/python",), "could not be started"),
        ((sys.executable, "-m", "shops.no_such_reader"), "No module named shops.no_such_reader"),
        # the limits leave the reader no memory to come up with, whatever it is sent
        ((sys.executable, "-c", "raise MemoryError"), "MemoryError"),
        ((sys.executable, "-c", "import os; os.abort()"), "ended with -6"),
    ],
)
def test_a_reader_that_does_not_come_up_is_not_blamed_on_the_file(monkeypatch, caplog, child, why):
    monkeypatch.setattr("shops.images.CHILD", child)
    with pytest.raises(ReaderAway, match="could not be looked at just now") as away:
        reencode(papers.as_bytes(papers.drawing(), "PNG"), field="pictures")
    assert (away.value.status, away.value.code, away.value.field) == (503, "reader_away", "pictures")
    [told] = [one for one in caplog.records if one.levelname == "ERROR"]
    assert why in told.getMessage()


def test_a_reader_that_dies_of_the_content_blames_the_content(monkeypatch, caplog):
    """Control: the same end after the reader stood is the file's; without the line that tells them apart, every end is."""
    dies = "print('ready', flush=True)\nimport os\nos.abort()"
    monkeypatch.setattr("shops.images.CHILD", (sys.executable, "-c", dies))
    content = papers.as_bytes(papers.drawing(), "PNG")
    with pytest.raises(UnusablePicture) as blamed:
        reencode(content)
    assert blamed.value.code == "limits"
    assert [one.levelname for one in caplog.records] == ["WARNING"]
    monkeypatch.setattr("shops.images.CHILD", (sys.executable, "-m", "shops.no_such_reader"))
    monkeypatch.setattr("shops.images.READY", b"")
    with pytest.raises(UnusablePicture):
        reencode(content)


def test_a_reader_that_is_late_is_blamed_on_the_file_only_once_it_stood(monkeypatch):
    for said, refusal in ((None, ReaderAway), (b"ready\n", UnusablePicture)):
        late = subprocess.TimeoutExpired("reader", 30, output=said)
        monkeypatch.setattr("shops.images.subprocess.run", Mock(side_effect=late))
        with pytest.raises(refusal):
            reencode(b"x")


def test_the_child_limits_itself_and_inherits_no_secret(monkeypatch):
    code = (
        "import os, resource, sys\nfrom shops import picture_child as c\nc.limit()\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CPU)[0])\n"
        "print('django' in sys.modules, [n for n in os.environ if 'KEY' in n or 'URL' in n])"
    )
    from shops import images

    seen = {}
    real = subprocess.run

    def spy(command, **options):
        seen.update(options)
        return real(command, **options)

    monkeypatch.setattr(images.subprocess, "run", spy)
    paper(papers.passport())
    said = real([sys.executable, "-c", code], env=seen["env"], capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    assert said[0] == "536870912 10"
    assert said[1] == "False []"
    assert CHILD[1:] == ("-m", "shops.picture_child")
