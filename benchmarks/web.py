"""The web process as production runs it, and a browser that keeps its connection and is logged in."""

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from benchmarks.ground import Ground
from seller_center import embedded
from seller_center.embedded import ROOT
from seller_center.seeding.cast import OWNER_EMAIL

PRODUCT, FLOOR = "benchmarks.settings", "benchmarks.floor_settings"
FLOOR_BACKEND = "django.contrib.auth.backends.ModelBackend"
SENT = {"Host": "bench.example.org", "X-Forwarded-Proto": "https", "User-Agent": "Mozilla/5.0 bench"}


@contextlib.contextmanager
def gunicorn(ground: Ground, settings: str = PRODUCT, **more: str) -> Iterator[tuple[int, int]]:
    """The web process of production, with one worker so that what is warm stays warm. Gives its port and process id.

    ``more`` of the environment is its own.
    """
    port = embedded._free_port()
    _collect(ground)
    words = ["-c", "python:seller_center.web", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--max-requests", "0"]
    words += ["--keep-alive", "600"]  # a browser waits for its turn
    log = (ground.folder / f"{settings.rpartition('.')[2]}{'-beside' if more else ''}.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *words, "seller_center.wsgi"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": settings, **more},
        stderr=log,
        stdout=log,
    )
    try:
        _wait(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _collect(ground: Ground) -> None:
    """The static files as production serves them, compressed; unless none has changed since the last time."""
    files = sorted(path for path in (ROOT / "static").rglob("*") if path.is_file())
    now = "\n".join(f"{path} {path.stat().st_mtime_ns}" for path in files)
    note = ground.folder / "collected.txt"
    if note.exists() and note.read_text() == now:
        return
    words = ["collectstatic", "--no-input", "--clear", "--verbosity", "0"]
    subprocess.run([sys.executable, str(ROOT / "manage.py"), *words], check=True, cwd=ROOT)
    note.write_text(now)


def _wait(port: int, process: subprocess.Popen) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz", headers=SENT)
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise SystemExit("gunicorn did not start; see the logs in the bench's folder")


def session_cookie(backend: str = "") -> str:
    """Somebody is logged in: the owner of the measured shop. ``backend``: who vouches for it, else the product's."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from shops import second_factor, sessions
    from shops.models import User

    user = User.objects.get(email=OWNER_EMAIL)
    store = SessionStore()
    store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    store[BACKEND_SESSION_KEY] = backend or settings.AUTHENTICATION_BACKENDS[0]
    store[sessions.BEGAN] = store[sessions.SEEN] = sessions.real_seconds()
    store[second_factor.NO_FACTOR] = True
    store.create()
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"


class Browser:
    """One connection that is kept, with the headers of the proxy in front."""

    def __init__(self, port: int, **headers: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = headers

    def get(self, path: str) -> int:
        """Ask for a page; its status."""
        return self._ask("GET", path, None, {})[0]

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Send JSON; status and answer."""
        return self._ask("POST", path, body, {"Content-Type": "application/json", **headers})

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        self.connection.request(method, path, body=body, headers={**SENT, **self.headers, **headers})
        answer = self.connection.getresponse()
        return answer.status, answer.read()
