"""A whole marketplace for one journey: `make run` in a folder of its own, with every process that it starts."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default as email_policy
from pathlib import Path

from seller_center.embedded import _free_port

ROOT = Path(__file__).resolve().parents[2]
#: Hang limits, not measures.
START_SECONDS = 240
WAIT_SECONDS = 60
#: What `make run` sets for itself and a test must not hand on.
OWN = (
    "DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL", "DATA_DIR", "PORT", "SANDBOX_URL", "PUBLIC_URL", "TESTING",
    "DEBUG", "SECRET_KEY", "ENCRYPTION_KEYS", "BLIND_INDEX_KEY", "SANDBOX_SECRET", "TEST_FOLDER", "CLOCK_MAY_MOVE",
    "HTTP_ALLOW_LOCAL", "DJANGO_ALLOW_ASYNC_UNSAFE",
)  # fmt: skip


@dataclass
class Marketplace:
    """A running marketplace: its address, its data folder, its commands and its mails."""

    address: str
    folder: Path
    environment: dict[str, str]

    def manage(self, *words: str) -> str:
        """Run a management command beside it, as an operator would in a second terminal; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {' '.join(words)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def second_factor(self, email: str) -> str:
        """The present code of a demo member of staff."""
        found = re.search(r"\b(\d{6})\b", self.manage("demo_code", email))
        assert found
        return found[1]

    def mail_to(self, address: str, pattern: str) -> re.Match[str]:
        """The newest mail to an address that holds the pattern; waits for the worker to send it."""
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            for text in self._mails(address):
                if found := re.search(pattern, text):
                    return found
            time.sleep(0.3)  # a mail is a file that another process writes: there is nothing to wait on but the folder
        raise AssertionError(f"No mail to {address} holds {pattern!r}.")

    def _mails(self, address: str) -> Iterator[str]:
        files = sorted((self.folder / "mails").glob("*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files:
            for raw in path.read_bytes().split(b"-" * 79):
                mail = message_from_bytes(raw.lstrip(), policy=email_policy)
                if address in str(mail["To"]):
                    body = mail.get_body(preferencelist=("plain",))
                    yield body.get_content() if body else ""


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Marketplace]:
    """Start everything in ``folder`` and end it again, leaving no process."""
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    environment |= {"DATA_DIR": str(folder), "PORT": str(port), "LOCAL": "1", "PYTHONPATH": str(ROOT)}
    address = f"http://localhost:{port}"
    with (folder.parent / "run.log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "seller_center.running"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_ready(address, process, log)
            yield Marketplace(address, folder, environment)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(WAIT_SECONDS)


def _wait_until_ready(address: str, process: subprocess.Popen, log) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            log.seek(0)
            raise AssertionError(f"make run ended with {process.returncode}:\n{log.read()}")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.5)  # another process is starting: its readiness is what is asked for
    log.seek(0)
    raise AssertionError(f"make run was not ready in {START_SECONDS} s:\n{log.read()}")
