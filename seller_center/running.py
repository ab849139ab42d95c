"""`make run`, everything on one machine: servers, migrations, demo data, sandboxes, web, workers and beat, in order.

The terminal belongs to this process alone: each child has a session of its own, so that Ctrl-C reaches us and we end
them in order (web and workers, then the sandboxes, then the servers). Should this process be killed, the kernel tells
the children (Linux); the servers stay, and the next start finds them.
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from seller_center import embedded
from seller_center.embedded import ROOT, Refused

PATIENCE = 15  # seconds in which a child may finish its work after SIGTERM
STARTUP = 60  # seconds until the first answer


class Stopped(Exception):
    """Ctrl-C or SIGTERM."""


class _Signals:
    """The first signal raises `Stopped`: at once, but where that would leave something half done, when it is done."""

    def __init__(self) -> None:
        self.count = 0
        self.patient = 0

    def take(self, number: int, frame: object) -> None:
        self.count += 1
        if self.count == 1 and not self.patient:
            raise Stopped

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Within it signals are only counted; the first one raises at the end."""
        before = self.count
        self.patient += 1
        try:
            yield
        finally:
            self.patient -= 1
        if self.count and not before and not self.patient:
            raise Stopped


_signals = _Signals()


def main() -> int:
    """Run until Ctrl-C, SIGTERM or the death of a child. 0 after an ordered end, 1 with one sentence otherwise."""
    began = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _signals.take)
    folder = embedded.data_dir()
    try:
        with _only_one(folder), contextlib.ExitStack() as last:
            address = _environment(folder)
            last.callback(_stop_servers, folder)
            with _signals.waiting():
                servers = embedded.start(folder)
                os.environ.update(servers.environment())
            _command("migrate", "--no-input", "--verbosity", "0")
            if os.environ.get("DEMO") != "none":
                _load_demo(folder, embedded_database=bool(servers.database))
            with _children(folder) as children:
                _wait_for_answer(children, address)
                say(f"Ready after {time.monotonic() - began:.1f} s. Ctrl-C ends everything.")
                _watch(children)
        return 0  # never reached: watching ends with an exception
    except Stopped:
        say("Stopped. The data stays; `make run` goes on from here.")
        return 0
    except Refused as refusal:
        print(f"error: {refusal}", file=sys.stderr, flush=True)
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print(f"error: The disk of {folder} is full.", file=sys.stderr, flush=True)
        return 1


def _stop_servers(folder: Path) -> None:
    with _signals.waiting():
        embedded.stop(folder)


def say(sentence: str) -> None:
    """A line of ours among those of the children."""
    print(f"{'run':>8} | {sentence}", flush=True)


# -- before the children ----------------------------------------------------------------------------------------------


def _environment(folder: Path) -> str:
    """The variables that the children read. Returns the address to open."""
    port = _port()
    _need_free(port, f"Port {port} is taken by another program: choose one with `PORT={port + 1} make run`.")
    sandbox = _sandbox_port(port)
    embedded.local_environment(folder)
    os.environ["PORT"] = str(port)
    os.environ.setdefault("PUBLIC_URL", f"http://localhost:{port}")
    os.environ.setdefault("SANDBOX_URL", f"http://127.0.0.1:{sandbox}")
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    os.environ["DJANGO_SETTINGS_MODULE"] = "seller_center.settings"
    kept = {name: os.environ[name] for name in ("PORT", "PUBLIC_URL", "SANDBOX_URL")}
    (folder / "run.json").write_text(json.dumps(kept))  # for manage.py in a second terminal
    return f"http://127.0.0.1:{port}"


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Refused(f"PORT must be a number between 1 and 65535, not {text!r}.")
    return int(text)


def _need_free(port: int, sentence: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise Refused(
                f"Port {port} is reserved for root: choose one above 1023 with `PORT=8000 make run`."
            ) from error
        except OSError as error:
            raise Refused(sentence) from error


def _sandbox_port(port: int) -> int:
    """Ten above ours if that is free, so that it is the same tomorrow; else any."""
    try:
        _need_free(port + 10, "")
    except (Refused, OverflowError):
        return embedded._free_port()
    return port + 10


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """One `make run` per data folder. The kernel drops the lock with the process, so it is never stale."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Refused(f"The data folder {folder} cannot be written ({error.strerror}).") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(handle, 20, 0).decode().strip() or "unknown"
            raise Refused(
                f"It is already running on {folder} (process {pid}); a second one needs another DATA_DIR and PORT."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _command(*words: str) -> None:
    """One manage.py command, to its end. Ctrl-C meanwhile ends it first."""
    with _signals.waiting():
        process = _spawn([sys.executable, str(ROOT / "manage.py"), *words], output=None)
    try:
        code = process.wait()
    finally:
        _end([process])
    if code:
        raise Refused(f"`manage.py {' '.join(words)}` failed with code {code}; its words stand above.")


def _load_demo(folder: Path, *, embedded_database: bool) -> None:
    """Into an empty database. Half of one, left by a Ctrl-C meanwhile, is thrown away first: of our own server only."""
    half = embedded_database and (folder / embedded.UNFINISHED_DEMO).exists()
    if half or _is_empty():
        say("Loading the demo marketplace …")
        _command("demo", "--part", "shop", "--rest-by-worker", *(["--fresh"] if half else []))


def _is_empty() -> bool:
    """Whether nobody has an account yet. Asked without Django, which would cost a second at every start."""
    import psycopg2

    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('public.shops_user') IS NOT NULL")
            if not cursor.fetchone()[0]:
                return False
            cursor.execute("SELECT NOT EXISTS (SELECT 1 FROM shops_user)")
            return cursor.fetchone()[0]
    finally:
        connection.close()


# -- the children -----------------------------------------------------------------------------------------------------


def commands(folder: Path) -> dict[str, list[str]]:
    """Name → command of everything that runs beside the servers, the ones that are needed by the others first."""
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "seller_center", "--workdir", str(ROOT)]
    worker = ["worker", "--loglevel", "WARNING", "--without-mingle", "--without-gossip"]
    found: dict[str, list[str]] = {}
    if find_spec("sandbox.__main__"):
        port = os.environ["SANDBOX_URL"].rsplit(":", 1)[1]
        sandbox = [sys.executable, "-m", "sandbox", "--host", "127.0.0.1", "--port", port]
        base = f"http://127.0.0.1:{os.environ['PORT']}"
        found["sandbox"] = [*sandbox, "--data", str(folder / "sandbox"), "--callback-base", base]
    found["web"] = [sys.executable, "-m", "gunicorn", "-c", "python:seller_center.web", "seller_center.wsgi"]
    found["worker"] = [*celery, *worker, "-Q", "celery", "-c", "2", "-n", "worker@%h"]
    # Two: what a person asks for does not wait behind the demo's further shops, nor behind somebody's large file.
    found["jobs"] = [*celery, *worker, "-Q", "jobs", "-c", "2", "-n", "jobs@%h"]
    found["beat"] = [*celery, "beat", "--loglevel", "WARNING", "--pidfile", "", "-s", str(folder / "celerybeat")]
    return found


@contextlib.contextmanager
def _children(folder: Path) -> Iterator[dict[str, subprocess.Popen]]:
    started: dict[str, subprocess.Popen] = {}
    try:
        with _signals.waiting():
            for name, command in commands(folder).items():
                started[name] = _spawn(command, output=subprocess.PIPE)
        yield started
    finally:
        with _signals.waiting():
            _end([process for name, process in started.items() if name != "sandbox"])
            _end([process for name, process in started.items() if name == "sandbox"])


def _spawn(command: list[str], *, output: int | None) -> subprocess.Popen:
    error = subprocess.STDOUT if output else None
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=error,
        start_new_session=True,
        preexec_fn=_die_with_parent,  # no threads here, so nothing can hang between fork and exec
    )


def _die_with_parent() -> None:
    """Linux: SIGTERM when the process that started us is gone, however it went."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _end(processes: list[subprocess.Popen]) -> None:
    """SIGTERM to each, time to finish, then SIGKILL to its whole group. Another Ctrl-C shortens the wait."""
    with _signals.waiting():
        asked = _signals.count
        for process in processes:
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + PATIENCE
        while any(_still_there(process) for process in processes) and time.monotonic() < until:
            if _signals.count > asked:
                say("Not waiting any longer.")
                break
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _still_there(process: subprocess.Popen) -> bool:
    """Wait a moment for its end while its last words are read, so that a full pipe cannot hold it."""
    with contextlib.suppress(subprocess.TimeoutExpired, ValueError):  # ValueError: the pipe is closed already
        process.communicate(timeout=0.1)
    return process.poll() is None


def _wait_for_answer(children: dict[str, subprocess.Popen], address: str) -> None:
    until = time.monotonic() + STARTUP
    for _ in _lines(children):
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > until:
                raise Refused(f"The site did not answer within {STARTUP} s; its words stand above.") from None


def _watch(children: dict[str, subprocess.Popen]) -> None:
    for _ in _lines(children):
        pass


def _lines(children: dict[str, subprocess.Popen]) -> Iterator[None]:
    """Print what the children say, each line with the name; yields ten times a second. `Refused` when one dies."""
    chooser = selectors.DefaultSelector()
    rest: dict[str, bytes] = {}
    for name, process in children.items():
        assert process.stdout is not None
        chooser.register(process.stdout, selectors.EVENT_READ, name)
    while True:
        for key, _ in chooser.select(timeout=0.1):
            name = key.data
            chunk = os.read(key.fd, 65536)
            if not chunk:
                chooser.unregister(key.fileobj)
                continue
            *lines, rest[name] = (rest.get(name, b"") + chunk).split(b"\n")
            for line in lines:
                print(f"{name:>8} | {line.decode(errors='replace')}", flush=True)
        for name, process in children.items():
            if process.poll() is not None:
                raise Refused(f"{name} ended by itself with code {process.returncode}; its words stand above.")
        yield


if __name__ == "__main__":
    sys.exit(main())
