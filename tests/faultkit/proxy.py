"""A TCP proxy that misbehaves as a test tells it, between the house and anything it depends on (PostgreSQL, Valkey, …).

It runs in a thread of the test's process, on a free port of 127.0.0.1. What it is told holds from then on, for open
connections as well; ``heal`` ends it.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

CHUNK = 64 * 1024


@dataclass(frozen=True)
class Fault:
    """What is wrong with the line. ``asked`` is what the client sends, ``answers`` what comes back."""

    latency: float = 0.0
    """Seconds before each piece of an answer."""
    bytes_per_second: int = 0
    """Answers drip at this rate."""
    cut_asked_after: int | None = None
    """Both ends are reset when the client has sent so many bytes more; those arrive."""
    cut_answer_after: int | None = None
    """Both ends are reset when so many bytes of an answer have gone through; the other side has said it all."""
    deaf: bool = False
    """Half open: what the client sends arrives, no answer comes."""
    black_hole: bool = False
    """Connections open and nothing passes, either way."""
    reset: bool = False
    """Open connections are reset, new ones as soon as they open."""
    garbage: bytes = b""
    """The first thing that a client sends is answered with this, by nobody."""


HEALTHY = Fault()


class Proxy:
    """Listens on ``port``; ``upstream`` is a host and port, or the path of a unix socket, and may change."""

    def __init__(self, upstream: tuple[str, int] | str) -> None:
        self.upstream = upstream
        self.fault = HEALTHY
        self.opened = 0
        self.cuts = 0
        self._lines: set[_Line] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = 0
        self._do(self._listen())

    # -- what a test says -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def broken(self, **fault: float | int | bool | bytes | None) -> Iterator[Self]:
        """The line is faulty within the block."""
        self.break_(**fault)
        try:
            yield self
        finally:
            self.heal()

    @contextlib.contextmanager
    def down(self) -> Iterator[Self]:
        """Nobody listens within the block, and what was open is reset."""
        self._do(self._close())
        try:
            yield self
        finally:
            self._do(self._listen())

    def break_(self, **fault: float | int | bool | bytes | None) -> None:
        """Be faulty from now on."""
        self.fault = Fault(**fault)  # type: ignore[arg-type]
        self._do(self._told())

    def heal(self) -> None:
        """Let everything through again; what was open in a black hole is reset, as it would be by then."""
        before, self.fault = self.fault, HEALTHY
        self._do(self._told(drop=before.black_hole or before.deaf))

    def switch(self, upstream: tuple[str, int] | str) -> None:
        """From now on it leads elsewhere; what was open is reset."""
        self.upstream = upstream
        self._do(self._told(drop=True))

    def open_lines(self) -> int:
        """How many connections are open now."""
        return len(self._lines)

    def close(self) -> None:
        """End it with everything that is open."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- inside the loop ----------------------------------------------------------------------------------------------------

    def _do(self, what) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._told(drop=True)

    async def _told(self, *, drop: bool = False) -> None:
        for line in list(self._lines):
            line.begin()
            if drop or self.fault.reset:
                line.abort()
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        line = _Line(self, reader, writer)
        self._lines.add(line)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await line.carry()
        finally:
            line.abort()
            self._lines.discard(line)


class _Line:
    """One connection of a client, with its counterpart."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.proxy = proxy
        self.reader, self.writer = reader, writer
        self.far: asyncio.StreamWriter | None = None
        self.changed = asyncio.Event()
        self.begin()

    def begin(self) -> None:
        """A fault begins or ends now: count anew, and look whoever waits."""
        self.asked = self.answered = 0
        before, self.changed = self.changed, asyncio.Event()
        before.set()

    def abort(self) -> None:
        """Reset both ends: what is on the way is lost."""
        self.changed.set()
        for writer in (self.writer, self.far):
            if writer is not None:
                _reset(writer)

    async def carry(self) -> None:
        if self.proxy.fault.reset:
            return
        if self.proxy.fault.garbage:
            await self.reader.read(CHUNK)
            self.writer.write(self.proxy.fault.garbage)
            await self.writer.drain()
            self.writer.close()
            await self.writer.wait_closed()
            return
        await self._unless(lambda fault: fault.black_hole)
        if self.writer.transport.is_closing():
            return
        upstream = self.proxy.upstream
        opening = (
            asyncio.open_unix_connection(upstream) if isinstance(upstream, str) else asyncio.open_connection(*upstream)
        )
        far_reader, self.far = await opening
        done, _pending = await asyncio.wait(
            [asyncio.ensure_future(self._ask(self.far)), asyncio.ensure_future(self._answer(far_reader))],
            return_when=asyncio.FIRST_COMPLETED,
        )
        for one in (*done, *_pending):
            one.cancel()

    async def _unless(self, what) -> None:
        while what(self.proxy.fault) and not self.writer.transport.is_closing():
            await self.changed.wait()

    async def _ask(self, far: asyncio.StreamWriter) -> None:
        while piece := await self.reader.read(CHUNK):
            await self._unless(lambda fault: fault.black_hole)
            if far.transport.is_closing():
                return
            most = self.proxy.fault.cut_asked_after
            if most is not None and self.asked + len(piece) > most:
                far.write(piece[: max(0, most - self.asked)])
                with contextlib.suppress(OSError):
                    await far.drain()
                self._cut()
                return
            self.asked += len(piece)
            far.write(piece)
            await far.drain()

    async def _answer(self, far: asyncio.StreamReader) -> None:
        while piece := await far.read(CHUNK):
            await self._unless(lambda fault: fault.black_hole or fault.deaf)
            fault = self.proxy.fault
            if fault.latency:
                await asyncio.sleep(fault.latency)  # the fault itself
            most = fault.cut_answer_after
            if most is not None and self.answered + len(piece) > most:
                self.writer.write(piece[: max(0, most - self.answered)])
                with contextlib.suppress(OSError):
                    await self.writer.drain()
                self._cut()
                return
            self.answered += len(piece)
            await self._pour(piece, fault.bytes_per_second)

    async def _pour(self, piece: bytes, rate: int) -> None:
        step = max(1, rate // 20) if rate else len(piece)
        for start in range(0, len(piece), step):
            self.writer.write(piece[start : start + step])
            await self.writer.drain()
            if rate:
                await asyncio.sleep(0.05)  # the fault itself

    def _cut(self) -> None:
        self.proxy.cuts += 1
        self.abort()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a RST, which nobody takes for an orderly end."""
    line = writer.get_extra_info("socket")
    if line is not None and line.family == socket.AF_INET and not writer.transport.is_closing():
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
