"""Killing, stopping and waking processes: only those that were started here, by their name."""

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from tests.ground.processes import ROOT, eventually

#: A hang limit, not a measure.
END_SECONDS = 30


class Chaos:
    """Processes by name. Ended all together at the end of a ``with`` block, whatever became of them."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self._processes: dict[str, subprocess.Popen] = {}

    def __enter__(self) -> "Chaos":
        return self

    def __exit__(self, *_error: object) -> None:
        for name in self._processes:
            self.end(name)

    def start(self, name: str, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen:
        """Start a program under a name; its words go to a file of that name."""
        assert self.is_dead(name), f"{name} runs already"
        with (self.logs / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=dict(environment), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self._processes[name]

    def said(self, name: str) -> str:
        """What it has written so far."""
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def is_dead(self, name: str) -> bool:
        process = self._processes.get(name)
        return process is None or process.poll() is not None

    def kill(self, name: str) -> None:
        """SIGKILL: no goodbye. Its children stay, as they would."""
        self._signal(name, signal.SIGKILL)
        self._processes[name].wait(END_SECONDS)

    def stop(self, name: str) -> None:
        """SIGSTOP: it is silent until ``go_on``, and believes afterwards that no time has passed."""
        self._signal(name, signal.SIGSTOP)
        assert eventually(lambda: psutil.Process(self._processes[name].pid).status() == psutil.STATUS_STOPPED)

    def go_on(self, name: str) -> None:
        self._signal(name, signal.SIGCONT)

    def ask_to_end(self, name: str) -> int:
        """SIGTERM; the status with which it ends."""
        self._signal(name, signal.SIGTERM)
        return self._processes[name].wait(END_SECONDS)

    def children(self, name: str) -> list[int]:
        """The processes that it has started itself."""
        if self.is_dead(name):
            return []
        return [child.pid for child in psutil.Process(self._processes[name].pid).children()]

    def kill_child(self, name: str, pid: int) -> None:
        """SIGKILL to a process that the named one has started."""
        assert pid in self.children(name), f"{pid} is no child of {name}"
        os.kill(pid, signal.SIGKILL)

    def end(self, name: str) -> None:
        """Whatever its state: it and what it has started is gone afterwards."""
        process = self._processes[name]
        if process.poll() is None:
            family = psutil.Process(process.pid).children(recursive=True)
            process.kill()  # works on a stopped one as well
            for child in family:
                if child.is_running():
                    child.kill()
        process.wait(END_SECONDS)

    def _signal(self, name: str, number: int) -> None:
        if self._processes[name].poll() is None:
            self._processes[name].send_signal(number)


class Forked:
    """A deed in a process forked from the test's, to kill, stop and wake; it shares nothing but what is committed."""

    def __init__(self, deed: Callable[[], object]) -> None:
        from django.db import connections

        connections.close_all()
        self.pid = os.fork()
        if not self.pid:
            status = 1
            try:
                deed()
                connections.close_all()
                status = 0
            except BaseException:
                traceback.print_exc()
                sys.stderr.flush()
            finally:
                os._exit(status)
        self.status: int | None = None

    def kill(self) -> int:
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def stop(self) -> None:
        """SIGSTOP, and wait until it stands."""
        os.kill(self.pid, signal.SIGSTOP)
        self.until_stopped()

    def until_stopped(self) -> None:
        """Wait until it stands, by our hand or by its own."""
        _pid, how = os.waitpid(self.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(how), f"it ended with {how} instead"

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def wait(self) -> int:
        """How it ended: its status, or the signal that killed it, negative."""
        if self.status is None:
            _pid, how = os.waitpid(self.pid, 0)
            self.status = os.waitstatus_to_exitcode(how)
        return self.status

    def end(self) -> None:
        if self.status is None:
            self.kill()
