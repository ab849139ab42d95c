"""Servers of a test's own, to crash and to start again: a PostgreSQL that begins as a copy of the run's, and a Valkey."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

from celery import Celery

from seller_center import embedded


class Cluster:
    """A private PostgreSQL: a base backup of the run's own, with every database in it.

    It loses nothing that was acknowledged when it crashes (``synchronous_commit``), unless ``forgetful``: then it may,
    which is what a test of that promise must be able to see.
    """

    def __init__(self, *, forgetful: bool = False) -> None:
        # Not in pytest's folder: as root the server belongs to another user, who must be able to reach it.
        self.folder = Path(tempfile.mkdtemp(prefix="sp-"))
        source = Path(os.environ["TEST_FOLDER"]) / "pg"
        copy = self.folder / "pg"
        copy.mkdir(mode=0o700)
        embedded._open_path_for_server(copy) if os.geteuid() == 0 else None
        sockets = str(embedded._socket_folder(source))
        words = ["-h", sockets, "-U", embedded.SUPERUSER, "-D", str(copy), "-c", "fast", "-X", "stream", "--no-sync"]
        embedded._postgres(["pg_basebackup", *words], self.folder)
        with (copy / "postgresql.conf").open("a") as file:
            file.write(f"synchronous_commit={'off' if forgetful else 'on'}\n")
            file.write("wal_writer_delay=10s\nwal_writer_flush_after=1GB\n" if forgetful else "")
        self.start()

    @property
    def socket(self) -> str:
        """The path of its unix socket."""
        return str(embedded._socket_folder(self.folder / "pg") / embedded.SOCKET_NAME)

    def start(self) -> None:
        """Start it, or start it again: it recovers by its log."""
        embedded._start_postgres(self.folder, persist=False)

    def crash(self) -> None:
        """As by the loss of power to the program: no checkpoint, nobody is told."""
        data = str(self.folder / "pg")
        embedded._postgres(["pg_ctl", "-D", data, "-w", "-t", "20", "-m", "immediate", "stop"], self.folder)

    def close(self) -> None:
        embedded._stop_postgres(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)


class Broker:
    """A private Valkey, to flush, to kill and to start again empty."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        """Start it empty, on another port."""
        self.url = embedded._start_valkey(self.folder, persist=False)
        self.app = Celery("tests", broker=self.url, set_as_current=False)
        self.app.conf.broker_transport_options = {"socket_connect_timeout": 2, "socket_timeout": 2}

    def forget_everything(self) -> int:
        """FLUSHALL; how many messages were lost."""
        with self.app.connection_for_write() as line:
            client = line.default_channel.client
            lost = client.llen("celery")
            client.flushall()
        return lost

    def kill(self) -> None:
        pid = embedded._valkey_pid(self.folder)
        assert pid, "it does not run"
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def close(self) -> None:
        embedded._stop_valkey(self.folder)
