"""The clock: real time plus an offset that is read at most once a second, and only where it may move."""

from datetime import UTC, datetime, timedelta

import pytest

from seller_center.kernel import clock

HOUR = timedelta(hours=1)


class Reader:
    """An offset that counts how often it is read."""

    def __init__(self, offset: timedelta) -> None:
        self.offset, self.reads = offset, 0

    def __call__(self) -> timedelta:
        self.reads += 1
        return self.offset


@pytest.fixture
def reader(settings):
    settings.CLOCK_MAY_MOVE = True
    reader = Reader(HOUR)
    clock.use_offset(reader)
    return reader


@pytest.fixture
def ticks(monkeypatch):
    """The process's own clock, moved by hand: `ticks[0] = seconds`."""
    ticks = [1000.0]
    monkeypatch.setattr(clock.time, "monotonic", lambda: ticks[0])
    monkeypatch.setattr(clock, "CACHE_SECONDS", 1.0)
    return ticks


def ahead() -> timedelta:
    return clock.now() - datetime.now(UTC)


def near(offset: timedelta) -> bool:
    return abs(ahead() - offset) < timedelta(seconds=30)


def test_it_is_aware_and_in_utc(settings):
    assert clock.now().tzinfo is UTC
    assert clock.real_now().tzinfo is UTC


def test_it_adds_the_offset_to_real_time(reader):
    assert near(HOUR)
    assert abs(clock.real_now() - datetime.now(UTC)) < timedelta(seconds=30)


def test_it_ignores_the_offset_where_it_may_not_move(reader, settings):
    settings.CLOCK_MAY_MOVE = False
    assert near(timedelta(0))
    assert reader.reads == 0


def test_it_stands_still_unless_told_otherwise(reader, settings):
    del settings.CLOCK_MAY_MOVE
    assert not clock.may_move()
    assert near(timedelta(0))


def test_it_needs_no_reader(settings):
    settings.CLOCK_MAY_MOVE = True
    assert near(timedelta(0))


def test_it_reads_at_most_once_a_second(reader, ticks):
    for __ in range(10):
        clock.now()
    assert reader.reads == 1
    ticks[0] += 0.9
    clock.now()
    assert reader.reads == 1
    ticks[0] += 0.2
    clock.now()
    assert reader.reads == 2


def test_it_reads_again_if_the_process_clock_jumps_back(reader, ticks):
    clock.now()
    ticks[0] -= 500
    clock.now()
    assert reader.reads == 2


def test_it_forgets_when_told(reader, ticks):
    assert near(HOUR)
    reader.offset = 5 * HOUR
    assert near(HOUR)
    clock.forget()
    assert near(5 * HOUR)


def test_a_failing_reader_is_not_hidden(settings, ticks):
    settings.CLOCK_MAY_MOVE = True
    clock.use_offset(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        clock.now()


def test_it_refuses_to_be_moved_where_it_is_fixed(settings):
    settings.CLOCK_MAY_MOVE = False
    with pytest.raises(clock.ClockDoesNotMove, match="does not move") as refused:
        clock.refuse_unless_movable()
    assert refused.value.code == "clock_does_not_move"
    settings.CLOCK_MAY_MOVE = True
    clock.refuse_unless_movable()
