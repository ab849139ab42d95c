"""The sandbox's own store: an append-only file of JSON lines, one line one transaction.

A line is written by one system call before the answer leaves, so that a killed process loses nothing it has answered.
(Against loss of power there is no promise: the file is not forced to the disk.)
"""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path


class JournalUnusable(Exception):
    """The sandbox cannot start on this folder; the message says why in one sentence."""


class Journal:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            self._file = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        except OSError as error:
            raise JournalUnusable(f"The sandbox cannot keep its journal in {folder}: {error.strerror}.") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalUnusable(f"Another sandbox already works in {folder}.") from error

    def lines(self) -> Iterator[dict]:
        """All transactions, oldest first. A last line torn by a crash was never answered and is cut off."""
        whole = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise JournalUnusable(f"Line {number} of {self.path} is damaged.") from error
                whole += len(line)
        os.ftruncate(self._file, whole)

    def append(self, line: dict) -> None:
        data = json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
        if os.write(self._file, data) != len(data):
            raise OSError(f"{self.path} could not be written to the end of the line")
