"""The sandbox as a real process on a free port, and a receiver for its callbacks. Import the fixtures where needed.

`sandbox_server` lives as long as the test run: use keys of your own, and expect its clock to be ahead.
`own_sandbox` is a test's own, to kill and start again.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECRET = "whsec_c2FuZGJveC1zZWNyZXQtb2YtdGhlLXRlc3Rz"
HANG_LIMIT = 30


class SandboxProcess:
    """A sandbox that was started, may be killed and started again with the same data on the same port."""

    def __init__(self, data: Path, *flags: str) -> None:
        self.data = data
        self.flags = flags
        self.port = 0
        self.offset = 0
        self.start()

    def start(self) -> None:
        words = ["--port", str(self.port), "--data", str(self.data), "--secret", SECRET, "--control", *self.flags]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first = self.process.stdout.readline()
        assert "listens on" in first, self.process.communicate(timeout=HANG_LIMIT)[1]
        self.url = first.split()[-1]
        self.port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=HANG_LIMIT)

    def stop(self) -> int:
        self.process.terminate()
        self.process.communicate(timeout=HANG_LIMIT)
        return self.process.returncode

    def restart(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self.start()

    def post(self, path: str, body: dict, key: str = "") -> tuple[int, dict]:
        """Status and body; raises OSError where there was no answer."""
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        return _ask(urllib.request.Request(self.url + path, json.dumps(body).encode(), headers))

    def get(self, path: str) -> tuple[int, dict]:
        return _ask(urllib.request.Request(self.url + path))

    def pass_time(self, *, seconds: int = 0, hours: int = 0, days: int = 0) -> dict:
        """Move the sandbox's clock on; everything due by then has happened."""
        offset = self.get("/clock")[1]["offset_seconds"] + seconds + 3600 * hours + 24 * 3600 * days
        status, body = self.post("/clock", {"offset_seconds": offset})
        assert status == 200, body
        return body

    def choose(self, service: str, key: str, scenario: str) -> None:
        body = {"service": service, "key": key, "scenario": scenario}
        assert self.post("/control/scenario", body)[0] == 200

    def behave(self, service: str, mode: str, seconds: float = 5) -> None:
        body = {"service": service, "mode": mode, "seconds": seconds}
        assert self.post("/control/behaviour", body)[0] == 200

    def call_back(self, url: str) -> None:
        assert self.post("/control/callback-base", {"url": url})[0] == 200


def _ask(request: urllib.request.Request) -> tuple[int, dict]:
    try:
        with urllib.request.urlopen(request, timeout=HANG_LIMIT) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


class Received:
    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path = path
        self.headers = headers
        self.body = body
        self.json = json.loads(body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """Takes callbacks; answers with the statuses in `answers`, then 204."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self._received: queue.Queue[Received] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver._received.put(Received(self.path, headers, body))  # first: then the next one may come
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, count: int) -> list[Received]:
        return [self._received.get(timeout=HANG_LIMIT) for _ in range(count)]

    def is_empty(self) -> bool:
        return self._received.empty()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def sandbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox"), "--late", "0.2", "--hang", "1")
    yield process
    process.stop()


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path / "sandbox", "--late", "0.2", "--hang", "1")
    yield process
    process.stop()


@pytest.fixture
def connected_sandbox(sandbox_server: SandboxProcess, settings) -> SandboxProcess:
    """The product's settings point to the sandbox."""
    settings.SANDBOX_URL = sandbox_server.url
    settings.SANDBOX_SECRET = SECRET
    settings.HTTP_ALLOW_LOCAL = True
    return sandbox_server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()
