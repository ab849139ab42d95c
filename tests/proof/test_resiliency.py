"""E7: every cell of the resiliency matrix (``tests.proof.matrix``) is tried out on the running house."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.faultkit.stage import Stage, noise
from tests.ground.processes import ROOT
from tests.proof import matrix
from tests.proof.lives import JOURNEYS, World
from tests.proof.matrix import DOWN, GARBAGE, LATER, MATRIX, REFUSED, SLOW, Service, cells
from tests.sandbox.fixtures import SECRET

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stage")]

#: What a refusal looks like on a page: an alert, or a word beside a field.
SENTENCES = ('class="alert', "invalid-feedback", "We cannot send mails right now")


def cases() -> Iterator:
    """The cells as cases."""
    for service, journey, mode in cells():
        yield pytest.param(service, journey, mode, id=f"{service.name}-{journey}-{mode}")


@contextlib.contextmanager
def broken(stage: Stage, service: Service, mode: str) -> Iterator[None]:
    """The service is broken within the block."""
    if service.place == "workers":
        yield  # none runs on the stage
        return
    if service.place == "media":
        with no_folders(stage):
            yield
        return
    proxy = getattr(stage, service.place)
    with {
        DOWN: proxy.down,
        SLOW: lambda: proxy.broken(latency=service.latency),
        GARBAGE: lambda: proxy.broken(garbage=noise()),
    }[mode]():
        if mode == GARBAGE:
            proxy.switch(proxy.upstream)  # what is open is reset: nothing sensible is left
        yield


@contextlib.contextmanager
def no_folders(stage: Stage) -> Iterator[None]:
    """Where pictures and private files lie is no folder any more."""
    folders = [Path(stage.environment["DATA_DIR"]) / name for name in ("media", "private")]
    kept = [folder.with_suffix(".kept") for folder in folders]
    for folder, aside in zip(folders, kept, strict=True):
        folder.mkdir(exist_ok=True)
        folder.rename(aside)
        folder.write_text("not a folder")
    try:
        yield
    finally:
        for folder, aside in zip(folders, kept, strict=True):
            folder.unlink()
            aside.rename(folder)


@pytest.fixture
def connected(stage, settings):
    """What runs in this process reaches the neighbours as the web server does."""
    settings.SANDBOX_URL, settings.SANDBOX_SECRET = stage.environment["SANDBOX_URL"], SECRET
    settings.HTTP_ALLOW_LOCAL = True


def says_why(answer: requests.Response) -> bool:
    """Whether a refusal has a sentence for people, or the time to come back."""
    if answer.headers.get("Retry-After"):
        return answer.status_code == 503
    return answer.status_code in (200, 409, 422, 503) and any(word in answer.text for word in SENTENCES)


@pytest.mark.parametrize(("service", "journey", "mode"), list(cases()))
def test_each_journey_does_what_the_matrix_says(stage, world: World, connected, service, journey, mode):
    expected = service.cell(journey, mode)
    trip = JOURNEYS[journey](world)
    before = trip.effects()
    with broken(stage, service, mode):
        answer = trip.go()
    happened = trip.effects() - before
    told = f"{answer.status_code} {answer.text[:2000]}" if answer is not None else ""
    if answer is not None:
        assert answer.status_code != 500, told
    if expected == REFUSED:
        assert happened == 0
        assert says_why(answer), told
        answer = trip.go()  # and when it is back, the same works
        assert trip.effects() - before == 1
        return
    assert answer is None or answer.status_code < 400 or says_why(answer), told
    if expected == LATER and not happened:
        trip.later()
    assert trip.effects() - before == 1, told


def test_control_an_error_that_says_nothing_is_seen():
    """The measure of these cells: a bare 500, a 503 without a time to come back, a page without a word."""
    for status, headers, text in ((500, {}, 'class="alert"'), (503, {}, "busy"), (200, {}, "<p>Your orders</p>")):
        answer = requests.Response()
        answer.status_code, answer._content = status, text.encode()
        answer.headers.update(headers)
        assert not says_why(answer)


PAGE = ROOT / "docs/mechanisms/resiliency.md"
#: Cells in all their modes at the last count.
LEAST_CELLS = 359


def test_the_page_shows_the_matrix():
    text = PAGE.read_text()
    assert matrix.table() in text, "run `python -m tests.proof.matrix` and put its table on the page"
    assert matrix.notes() in text
    assert set(matrix.JOURNEYS) == set(JOURNEYS)


def test_no_cell_is_forgotten():
    assert len(list(cases())) >= LEAST_CELLS
    for service in MATRIX:
        assert service.words
        assert set(service.cells) <= set(JOURNEYS)
