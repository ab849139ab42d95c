"""The house on a stage: its real web server, with a proxy before it and one between it and everything it depends on.

The database is the test's own, so a test writes and reads it directly while the web server's way to it is broken. No
worker and no beat run unless a test starts them: what would follow later is called by the test itself.
"""

import base64
import contextlib
import os
import secrets
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from django.db import connection

from seller_center import embedded
from tests.factories.accounts import verified_client
from tests.faultkit.chaos import Chaos
from tests.faultkit.proxy import Proxy
from tests.ground.processes import eventually, free_port
from tests.sandbox.fixtures import SECRET, SandboxProcess

#: Hang limits, not measures.
START_SECONDS = 120
HANG_SECONDS = 60


class MailServer:
    """Takes mails by SMTP and keeps them."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        kept = self.mails

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 test\r\n")
                for raw in self.rfile:
                    word = raw[:4].upper().strip()
                    if word == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        kept.append(self.read_mail())
                    if word == b"QUIT":
                        self.wfile.write(b"221 bye\r\n")
                        return
                    self.wfile.write(b"250 ok\r\n")

            def read_mail(self) -> str:
                lines = []
                for raw in self.rfile:
                    if raw == b".\r\n":
                        break
                    lines.append(raw)
                return b"".join(lines).decode()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address: tuple[str, int] = self._server.server_address  # type: ignore[assignment]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Stage:
    """``front`` leads to the web server; ``database``, ``valkey``, ``neighbour`` and ``mail`` to what it needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._exit = contextlib.ExitStack()
        with contextlib.ExitStack() as starting:
            starting.push(self._exit)
            cluster = embedded._socket_folder(Path(os.environ["TEST_FOLDER"]) / "pg")
            self.upstream = str(cluster / embedded.SOCKET_NAME)
            valkey = urlsplit(os.environ["REDIS_URL"])
            (folder / "sandbox").mkdir()
            self.sandbox = SandboxProcess(folder / "sandbox", "--late", "0.2", "--hang", "1")
            self._exit.callback(self.sandbox.stop)
            self.mailbox = MailServer()
            self._exit.callback(self.mailbox.close)
            self.database = self._proxy(self.upstream)
            self.valkey = self._proxy(("127.0.0.1", valkey.port or 6379))
            self.neighbour = self._proxy(("127.0.0.1", self.sandbox.port))
            self.mail = self._proxy(self.mailbox.address)
            port = free_port()
            self.front = self._proxy(("127.0.0.1", port))
            self.chaos = self._exit.enter_context(Chaos(folder))
            self.environment = self._environment(port)
            self._start_web(port)
            starting.pop_all()

    def close(self) -> None:
        self._exit.close()

    def heal(self) -> None:
        """Everything works again."""
        for proxy in (self.front, self.database, self.valkey, self.neighbour, self.mail):
            proxy.heal()

    def _proxy(self, upstream: tuple[str, int] | str) -> Proxy:
        proxy = Proxy(upstream)
        self._exit.callback(proxy.close)
        return proxy

    def _environment(self, port: int) -> dict[str, str]:
        valkey = urlsplit(os.environ["REDIS_URL"])
        told = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "FAILPOINTS"))}
        name = connection.settings_dict["NAME"]
        return told | {
            "TESTING": "0",  # mails go out, passwords are hashed as in production
            "DATABASE_URL": f"postgres://{embedded.APP}@127.0.0.1:{self.database.port}/{name}",
            "REDIS_URL": f"redis://:{valkey.password}@127.0.0.1:{self.valkey.port}/0",
            "SANDBOX_URL": f"http://127.0.0.1:{self.neighbour.port}",
            "SANDBOX_SECRET": SECRET,
            "MAIL_URL": f"smtp://127.0.0.1:{self.mail.port}",
            "DATA_DIR": str(self.folder / "data"),
            "PORT": str(port),
            "PUBLIC_URL": f"http://127.0.0.1:{self.front.port}",
            "WEB_CONCURRENCY": "1",
            "LOG_LEVEL": "ERROR",
            "APPLICATION_NAME": "stage",
        }

    def _start_web(self, port: int) -> None:
        (self.folder / "data").mkdir()
        program = [sys.executable, "-m", "gunicorn", "-c", "python:seller_center.web", "seller_center.wsgi"]
        self.chaos.start("web", program, self.environment)
        self.port = port
        assert eventually(self._ready, within=START_SECONDS), self.chaos.said("web")

    def _ready(self) -> bool:
        assert not self.chaos.is_dead("web"), self.chaos.said("web")
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).ok
        return False

    def forget(self) -> None:
        """A new web process in the place of the one that remembers what was in the database a moment ago."""
        before = self.chaos.children("web")
        for pid in before:
            os.kill(pid, signal.SIGTERM)
        assert eventually(lambda: not set(before) & set(self.chaos.children("web")), within=START_SECONDS)
        assert eventually(self._ready, within=START_SECONDS), self.chaos.said("web")

    def visitor(self, user: Any = None) -> "Visitor":
        """Somebody with a browser; logged in with a fresh second factor where a person is given."""
        return Visitor(f"http://127.0.0.1:{self.front.port}", user)

    def start_worker(self, *words: str, name: str = "worker", **environment: str) -> subprocess.Popen:
        """A real Celery worker of the house."""
        program = [sys.executable, "-m", "celery", "-A", "seller_center", "worker", "-P", "solo", "-Q", "celery,jobs"]
        program += ["-l", "error", "--without-mingle", "--without-gossip", *words]
        return self.chaos.start(name, program, self.environment | environment)


class Visitor:
    """A browser by HTTP: cookies, the form's token, no redirects unless asked for."""

    def __init__(self, base: str, user: Any = None) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        token = secrets.token_hex(16)
        self.session.cookies.set("csrf", token)
        self.session.headers["X-CSRFToken"] = token
        if user is not None:
            for cookie, value in verified_client(user).cookies.items():
                self.session.cookies.set(cookie, value.value)
        self.slowest = 0.0

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, data: Any = None, **more: Any) -> requests.Response:
        return self.ask("POST", path, data=data, **more)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Raises what ``requests`` raises where no answer comes."""
        began = time.monotonic()
        try:
            return self.session.request(method, self.base + path, allow_redirects=False, timeout=HANG_SECONDS, **more)
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A stage for as long as the block."""
    stage = Stage(folder)
    try:
        yield stage
    finally:
        stage.close()


def noise(size: int = 512) -> bytes:
    """Bytes that no protocol knows."""
    return b"\0\xff?" + base64.b85encode(b"garbage" * (size // 8))
