"""Where it is measured: servers of its own in .local/bench, a seeded database kept as a template, a clone per run."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2

from seller_center import embedded
from seller_center.embedded import APP, OWNER, ROOT

#: A market ends when it was seeded; an older one would have nothing but overdue orders.
KEPT_DAYS = 7
ROOM = {
    "shared_buffers": "2GB",
    "effective_cache_size": "6GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "30min",
    "random_page_cost": "1.1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
"""Settings of the bench's server: those of a database on a machine of its own."""
#: For so long before the end nothing was settled or paid, so that the batches have work.
UNPAID_WEEKS = {"tiny": 4, "small": 20, "full": 20}


def say(line: str) -> None:
    """A line at once, also through a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Ground:
    """The servers and databases of a run."""

    def __init__(self, scale: str) -> None:
        self.scale = scale
        self.folder = Path(os.environ.get("BENCH_DIR") or ROOT / ".local" / "bench").resolve()
        self.template = f"bench_{scale}"
        self.name = f"bench_run_{os.getpid()}"
        self.took = 0.0
        """Seconds in which the market was seeded, in this run or when it was kept."""
        self._migrate_copy = False

    def __enter__(self) -> "Ground":
        for name in ("DATABASE_URL", "MIGRATE_DATABASE_URL", "SUPERUSER_DATABASE_URL", "REDIS_URL"):
            os.environ.pop(name, None)
        self.urls = embedded.start(self.folder)
        self.sockets = embedded._socket_folder(self.folder / "pg")
        self._give_room()
        self._environment()
        self._make_ready()
        return self

    def _make_ready(self) -> None:
        self._seed_unless_kept()
        self._clone()
        if self._migrate_copy:
            self.manage(self.name, "migrate", "--no-input", "--verbosity", "0")

    @contextlib.contextmanager
    def beside(self, scale: str) -> Iterator[str]:
        """A copy of another market on the same server: the name of its database."""
        other = Ground(scale)
        other.name = f"bench_run_{scale}_{os.getpid()}"
        other.urls, other.sockets = self.urls, self.sockets
        other._make_ready()
        try:
            yield other.name
        finally:
            embedded._sql(self.sockets, f"DROP DATABASE IF EXISTS {other.name} WITH (FORCE)")

    @contextlib.contextmanager
    def asking(self, database: str) -> Iterator[dict[str, str]]:
        """This process asks that database meanwhile. Gives what the environment of another process says of it."""
        from django.db import connection

        own = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = database
        try:
            yield {**self._databases(database), "BENCH_MARKET": database}
        finally:
            connection.close()
            connection.settings_dict["NAME"] = own

    def __exit__(self, *_error: object) -> None:
        from django.db import connections

        connections.close_all()
        embedded._sql(self.sockets, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        embedded.stop(self.folder)

    @property
    def server_pids(self) -> list[int]:
        """The process of PostgreSQL; its children are the connections."""
        pid = embedded._postgres_pid(self.folder / "pg")
        return [pid] if pid else []

    @property
    def server_version(self) -> str:
        """Which PostgreSQL it is."""
        return f"PostgreSQL {embedded._sql(self.sockets, 'SHOW server_version')[0][0]}, settings of embedded.py"

    def as_owner(self, statement: str, **params: object) -> None:
        """A statement on this run's database that the application may not give."""
        connection = psycopg2.connect(host=str(self.sockets), user=OWNER, dbname=self.name)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, params or None)
        finally:
            connection.close()

    def _environment(self) -> None:
        """Production settings: nothing of a local installation but the servers."""
        files = self.folder / "files"
        files.mkdir(parents=True, exist_ok=True)
        os.environ.update(embedded.kept_secrets(self.folder))
        os.environ.update(
            LOCAL="0",
            DEBUG="0",
            DATA_DIR=str(files),
            STATIC_ROOT=str(files / "static"),
            REDIS_URL=self.urls.redis,
            ALLOWED_HOSTS="bench.example.org,127.0.0.1",
            PUBLIC_URL="https://bench.example.org",
            BEHIND_PROXY="1",
            MAIL_URL="console:",
            SANDBOX_URL="https://sandbox.example.org",
            LOG_LEVEL="WARNING",
            DJANGO_SETTINGS_MODULE="benchmarks.settings",
            **self._databases(self.name),
        )

    def _databases(self, name: str) -> dict[str, str]:
        return {
            "DATABASE_URL": embedded._url(str(self.sockets), APP, name),
            "MIGRATE_DATABASE_URL": embedded._url(str(self.sockets), OWNER, name),
        }

    def _fingerprint(self) -> str:
        """Of everything that decides what is in the template."""
        digest = hashlib.sha256()
        files = [*ROOT.glob("*/migrations/*.py"), *(ROOT / "seller_center" / "seeding").glob("*.py")]
        for file in sorted(files):
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def _give_room(self) -> None:
        """Have the server set up as one for a market of this size would be; the embedded one is made for a laptop."""
        if all(embedded._sql(self.sockets, f"SHOW {name}") == [(value,)] for name, value in ROOM.items()):
            return
        for name, value in ROOM.items():
            embedded._sql(self.sockets, f"ALTER SYSTEM SET {name} = '{value}'")
        embedded.stop(self.folder)
        self.urls = embedded.start(self.folder)

    def _seed_unless_kept(self) -> None:
        note, fingerprint = self.folder / f"{self.template}.json", self._fingerprint()
        there = embedded._sql(self.sockets, f"SELECT 1 FROM pg_database WHERE datname = '{self.template}'")
        kept = json.loads(note.read_text()) if there and note.exists() else {}
        self.took = kept.get("took", 0.0)
        if kept and os.environ.get("BENCH_KEEP") == "1":
            say(f"market: {self.scale}, kept as it is; what has changed since is migrated in the run's copy")
            self._migrate_copy = kept.get("fingerprint") != fingerprint
            return
        if kept.get("fingerprint") == fingerprint and time.time() - kept["seeded_at"] < KEPT_DAYS * 86_400:
            say(f"market: {self.scale}, seeded earlier and kept")
            return
        say(f"market: {self.scale}, being seeded …")
        began = time.monotonic()
        embedded._sql(self.sockets, f"DROP DATABASE IF EXISTS {self.template} WITH (FORCE)")
        embedded._sql(self.sockets, f"CREATE DATABASE {self.template} OWNER {OWNER}")
        self.manage(self.template, "migrate", "--no-input", "--verbosity", "0")
        self.manage(
            self.template, "seed_market", "--scale", self.scale, "--unpaid-weeks", str(UNPAID_WEEKS[self.scale])
        )
        self.took = time.monotonic() - began
        note.write_text(json.dumps({"fingerprint": fingerprint, "seeded_at": time.time(), "took": self.took}))
        say(f"market: seeded in {self.took:.0f} s, migrations and checks included")

    def manage(self, database: str, *words: str) -> None:
        """A command on one of the databases, as production runs it."""
        environment = {
            **os.environ,
            **self._databases(database),
            "DJANGO_SETTINGS_MODULE": "seller_center.settings",
        }
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"`manage.py {' '.join(words)}` failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")

    def _clone(self) -> None:
        """A copy for this run; those of killed runs are dropped."""
        for (name,) in embedded._sql(self.sockets, "SELECT datname FROM pg_database WHERE datname LIKE 'bench_run_%'"):
            if not Path(f"/proc/{name.rpartition('_')[2]}").exists():
                embedded._sql(self.sockets, f"DROP DATABASE {name} WITH (FORCE)")
        embedded._sql(self.sockets, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        embedded._sql(
            self.sockets, f"CREATE DATABASE {self.name} TEMPLATE {self.template} OWNER {OWNER} STRATEGY FILE_COPY"
        )
