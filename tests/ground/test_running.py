"""`make run` as a real process: it answers, it refuses in one sentence, and it leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import pytest

from seller_center import embedded, running
from tests.ground.processes import ROOT, environment, eventually, free_port, left_of, left_words, manage

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("running")]


@pytest.fixture(scope="module")
def folder():
    made = Path(tempfile.mkdtemp(prefix="sc-run-"))
    yield made
    for process in left_of(made):
        process.kill()
    shutil.rmtree(made, ignore_errors=True)


class Runner:
    """A started `make run` whose words are read into a file."""

    def __init__(self, folder: Path, command: tuple[str, ...] = (sys.executable, "-m", "seller_center.running")):
        self.folder, self.port = folder, free_port()
        self.words = folder / f"words-{self.port}"
        with self.words.open("wb") as file:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(DATA_DIR=folder, PORT=self.port, DEMO="none"),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.words.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        assert eventually(lambda: "Ready after" in self.said() or self.process.poll() is not None, within=120)
        assert self.process.poll() is None, self.said()

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


def get(port: int, path: str) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_and_ends_with_everything(folder, number):
    runner = Runner(folder)
    runner.wait_until_ready()
    assert get(runner.port, "/readyz") == 200
    names = " ".join(" ".join(process.cmdline()) for process in left_of(folder))
    for part in ("gunicorn", "worker -", "beat", "-Q jobs", "postgres", "valkey"):
        assert part in names, part
    assert runner.end(number) == 0, runner.said()
    assert left_of(folder) == []
    assert "Traceback" not in runner.said()


def test_ctrl_c_during_the_start_ends_it_too(folder):
    runner = Runner(folder)
    assert eventually(lambda: embedded.running(folder))
    assert runner.end(signal.SIGINT) == 0, runner.said()
    assert left_of(folder) == []


def test_ctrl_c_in_a_terminal_reaches_make_and_all_below(folder):
    """The terminal signals the whole foreground group: make, the shell and us at once."""
    runner = Runner(folder, ("make", "run", "PYTHON_OF_PROJECT=" + sys.executable, "INSTALL=true"))
    runner.wait_until_ready()
    os.killpg(runner.process.pid, signal.SIGINT)
    runner.process.wait(timeout=60)
    assert eventually(lambda: not left_of(folder)), left_of(folder)


def test_sigterm_to_make_ends_everything(folder):
    runner = Runner(folder, ("make", "run", "PYTHON_OF_PROJECT=" + sys.executable, "INSTALL=true"))
    runner.wait_until_ready()
    runner.end(signal.SIGTERM)
    assert eventually(lambda: not left_of(folder)), left_of(folder)


def test_killed_it_takes_its_children_along_and_the_next_start_mends_the_rest(folder):
    runner = Runner(folder)
    runner.wait_until_ready()
    runner.end(signal.SIGKILL)
    servers = set(embedded.running(folder))
    assert len(servers) == 2, "the servers stay"
    assert eventually(lambda: "gunicorn" not in left_words(folder))
    again = Runner(folder)
    again.wait_until_ready()
    assert set(embedded.running(folder)) == servers, "and are found"
    assert again.end(signal.SIGTERM) == 0
    assert eventually(lambda: not left_of(folder)), left_of(folder)


def test_a_second_one_says_that_it_runs_and_manage_joins_it(folder):
    runner = Runner(folder)
    runner.wait_until_ready()
    second = Runner(folder)
    assert second.process.wait(timeout=60) == 1
    assert f"already running on {folder} (process {runner.process.pid})" in second.said()
    told = manage(
        "shell",
        "--no-imports",
        "-v0",
        "-c",
        "from django.conf import settings as s; print(s.PUBLIC_URL)",
        DATA_DIR=folder,
    )
    assert told.stdout.strip() == f"http://localhost:{runner.port}", told.stderr
    assert get(runner.port, "/readyz") == 200, "manage.py did not take the servers away"
    assert runner.end(signal.SIGTERM) == 0
    assert left_of(folder) == []


def test_a_child_that_dies_ends_the_rest_with_its_name(folder):
    runner = Runner(folder)
    runner.wait_until_ready()
    beat = next(process for process in left_of(folder) if "beat" in process.cmdline())
    beat.kill()
    assert runner.process.wait(timeout=60) == 1
    assert "error: beat ended by itself with code -9" in runner.said()
    assert left_of(folder) == []


def test_a_taken_port_is_one_sentence(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "seller_center.running"]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(DATA_DIR=folder, PORT=port), capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert (
        done.stderr == f"error: Port {port} is taken by another program: choose one with `PORT={port + 1} make run`.\n"
    )


@pytest.mark.parametrize(
    ("empty", "half", "ours", "loaded"),
    [
        (True, False, True, [()]),
        (False, False, True, []),
        (False, True, True, [("--fresh",)]),
        (False, True, False, []),  # the control: nothing is thrown away on somebody's own server
    ],
)
def test_half_a_demo_is_loaded_anew_on_our_own_server_only(tmp_path, monkeypatch, empty, half, ours, loaded):
    ran = []
    monkeypatch.setattr(running, "_is_empty", lambda: empty)
    monkeypatch.setattr(running, "_command", lambda *words: ran.append(words[4:]))
    if half:
        (tmp_path / embedded.UNFINISHED_DEMO).touch()
    running._load_demo(tmp_path, embedded_database=ours)
    assert ran == loaded


def test_a_port_that_is_no_number_is_one_sentence(monkeypatch):
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(embedded.Refused, match="PORT must be a number"):
        running._port()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    command = [sys.executable, "-m", "seller_center.running"]
    extra = environment(DATA_DIR=tmp_path / "file" / "data", PORT=free_port())
    done = subprocess.run(command, cwd=ROOT, env=extra, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "cannot be written" in done.stderr
