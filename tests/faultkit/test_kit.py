"""The fault kit itself: each fault is what it says, and ends when it is told to."""

import contextlib
import os
import signal
import socket
import socketserver
import sys
import threading
import time

import pytest

from tests.faultkit.chaos import Chaos, Forked
from tests.faultkit.proxy import Proxy
from tests.ground.processes import eventually

ANSWER = b"x" * 1000


class Echo(socketserver.BaseRequestHandler):
    """Answers every line with a thousand bytes, and counts what has reached the server of this test: what is still under
    way to that of the test before is not heard here."""

    heard = 0
    listens: socketserver.BaseServer | None = None

    def handle(self) -> None:
        with contextlib.suppress(ConnectionResetError):  # that is what is tested
            while piece := self.request.recv(1000):
                Echo.heard += len(piece) if self.server is Echo.listens else 0
                self.request.sendall(ANSWER)


@pytest.fixture
def proxy():
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Echo.heard, Echo.listens = 0, server
    found = Proxy(server.server_address)
    yield found
    found.close()
    server.shutdown()
    server.server_close()


def call(proxy: Proxy, *, patience: float = 5) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=patience)


def ask(line: socket.socket, most: int = len(ANSWER)) -> bytes:
    """What comes back for a question, to the end of it or of the connection."""
    line.sendall(b"question\n")
    got = b""
    while len(got) < most and (piece := line.recv(most)):
        got += piece
    return got


def test_it_lets_everything_through_while_nothing_is_wrong(proxy):
    with call(proxy) as line:
        assert ask(line) == ask(line) == ANSWER
    assert proxy.opened == 1
    assert proxy.cuts == 0


def drain(line: socket.socket, into: list[bytes]) -> None:
    """Keep what comes until the end."""
    while piece := line.recv(1000):
        into.append(piece)


@pytest.mark.parametrize("after", [0, 1, 999])
def test_it_cuts_an_answer_after_so_many_bytes(proxy, after):
    with proxy.broken(cut_answer_after=after), call(proxy) as line:
        line.sendall(b"question\n")
        got: list[bytes] = []
        with pytest.raises(ConnectionResetError):
            drain(line, got)
        assert len(b"".join(got)) <= after  # a reset may take with it what was not read yet
    assert Echo.heard == len(b"question\n")  # it was heard, and answered
    assert proxy.cuts == 1


def test_it_cuts_a_question_before_all_of_it_has_arrived(proxy):
    with proxy.broken(cut_asked_after=4), call(proxy) as line, pytest.raises(ConnectionResetError):
        ask(line)
    assert Echo.heard <= 4


def test_it_keeps_a_line_open_and_brings_no_answer(proxy):
    with proxy.broken(deaf=True), call(proxy, patience=0.3) as line:
        with pytest.raises(TimeoutError):
            ask(line)
        assert eventually(lambda: Echo.heard == len(b"question\n"))


def test_it_swallows_everything_and_then_lets_go(proxy):
    with call(proxy, patience=0.3) as line:
        with proxy.broken(black_hole=True), pytest.raises(TimeoutError):
            ask(line)
        assert Echo.heard == 0
        line.settimeout(5)
        with pytest.raises(ConnectionResetError):
            line.recv(1)
    with call(proxy) as line:
        assert ask(line) == ANSWER


def test_it_resets_what_is_open_and_what_opens(proxy):
    with call(proxy) as line:
        assert ask(line) == ANSWER
        proxy.break_(reset=True)
        with pytest.raises(ConnectionResetError):
            line.recv(1)
    with pytest.raises(ConnectionResetError), call(proxy) as line:  # connecting may be what is reset
        ask(line)


def test_it_listens_no_more_while_it_is_down(proxy):
    with proxy.down(), pytest.raises(ConnectionRefusedError):
        call(proxy)
    with call(proxy) as line:
        assert ask(line) == ANSWER


def test_it_is_slow_and_it_drips(proxy):
    for fault in ({"latency": 0.3}, {"bytes_per_second": 4000}):
        with proxy.broken(**fault), call(proxy) as line:
            began = time.monotonic()
            assert ask(line) == ANSWER
            assert time.monotonic() - began >= 0.2  # at least the fault; never at most


def test_it_answers_with_garbage_itself(proxy):
    with proxy.broken(garbage=b"\0?!"), call(proxy) as line:
        assert ask(line, 3) == b"\0?!"
    assert Echo.heard == 0


def test_it_leads_elsewhere_when_told(proxy, tmp_path):
    path = str(tmp_path / "s")
    server = socketserver.ThreadingUnixStreamServer(path, Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with call(proxy) as line:
        ask(line)
        proxy.switch(path)
        with pytest.raises(ConnectionResetError):
            line.recv(1)
    with call(proxy) as line:
        assert ask(line) == ANSWER
    server.shutdown()
    server.server_close()


def test_it_kills_stops_and_wakes_only_what_it_started(tmp_path):
    program = [
        sys.executable,
        "-c",
        "import sys; print('up', flush=True); sys.stdin.close(); import time; time.sleep(60)",
    ]
    with Chaos(tmp_path) as chaos:
        process = chaos.start("one", program, os.environ)
        assert eventually(lambda: "up" in chaos.said("one"))
        chaos.stop("one")
        chaos.go_on("one")
        assert chaos.children("one") == []
        with pytest.raises(AssertionError, match="no child"):
            chaos.kill_child("one", os.getpid())
        with pytest.raises(KeyError):
            chaos.kill("another")
        chaos.kill("one")
        assert process.returncode == -signal.SIGKILL
        chaos.start("one", program, os.environ)
        assert chaos.ask_to_end("one") == -signal.SIGTERM
        chaos.start("one", program, os.environ)
        chaos.stop("one")
    assert chaos.is_dead("one")


@pytest.mark.django_db(transaction=True)
def test_a_fork_stands_still_and_goes_on_where_it_was(tmp_path):
    def deed() -> None:
        os.kill(os.getpid(), signal.SIGSTOP)
        (tmp_path / "done").write_text("done")

    fork = Forked(deed)
    fork.until_stopped()
    assert not (tmp_path / "done").exists()
    fork.go_on()
    assert fork.wait() == 0
    assert (tmp_path / "done").exists()
