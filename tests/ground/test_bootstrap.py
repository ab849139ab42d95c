"""tools/bootstrap finds a Python that will do, and says in one sentence if there is none."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ground.processes import ROOT, environment

# A Python that only knows its version and whether it can make environments.
STUB = """#!/bin/sh
case "$*" in
    *"version_info[:2]; v >="*) {rank} ;;
    *ensurepip*) exit {lame} ;;
    *version_info*) echo {version} ;;
    *install.py*) echo "installs with {version}" ;;
esac
"""
RANKS = {"3.13": "echo 1", "3.12": "echo 2", "3.14": "echo 3", "3.11": "echo False", "3.9": "echo False"}


@pytest.fixture
def house(tmp_path):
    """A copy of the tools in which nothing gets installed, with an empty PATH and an empty home."""
    (tmp_path / "tools").mkdir()
    for name in ("bootstrap", "install.py"):
        shutil.copy(ROOT / "tools" / name, tmp_path / "tools" / name)
    (tmp_path / "bin").mkdir()
    for program in ("sh", "dirname", "tr", "sort", "paste", "cat"):
        (tmp_path / "bin" / program).symlink_to(shutil.which(program))
    return tmp_path


def add(house: Path, name: str, version: str, *, lame: bool = False, where: str = "bin") -> None:
    path = house / where / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rank = RANKS[version] if not RANKS[version].endswith("False") else "exit 1"
    path.write_text(STUB.format(version=version, rank=rank, lame=int(lame)))
    path.chmod(0o755)


def bootstrap(house: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(house / "tools" / "bootstrap"), "local"],
        env={"PATH": str(house / "bin"), "HOME": str(house / "home"), **extra},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_prefers_3_13(house):
    add(house, "python3", "3.14")
    add(house, "python3.12", "3.12")
    add(house, "python3.13", "3.13")
    assert bootstrap(house).stdout == "installs with 3.13\n"


def test_the_default_need_not_be_the_right_one(house):
    add(house, "python3", "3.9")
    add(house, "python3.12", "3.12")
    assert bootstrap(house).stdout == "installs with 3.12\n"


def test_it_looks_among_the_versions_of_pyenv(house):
    add(house, "python3", "3.11")
    add(house, "python3", "3.12", where="home/.pyenv/versions/3.12.1/bin")
    assert bootstrap(house).stdout == "installs with 3.12\n"


def test_it_takes_the_one_that_is_named(house):
    add(house, "python3.13", "3.13")
    add(house, "mine", "3.12")
    assert bootstrap(house, PYTHON="mine").stdout == "installs with 3.12\n"


def test_it_says_when_the_one_that_is_named_does_not_do(house):
    add(house, "python3.13", "3.13")
    add(house, "mine", "3.9")
    done = bootstrap(house, PYTHON="mine")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: PYTHON=mine is no Python 3.12 or newer but 3.9.\n"


def test_it_passes_over_one_that_cannot_make_environments(house):
    add(house, "python3.13", "3.13", lame=True)
    add(house, "python3.12", "3.12")
    assert bootstrap(house).stdout == "installs with 3.12\n"


def test_with_uv_that_one_will_do(house):
    add(house, "python3.13", "3.13", lame=True)
    (house / "bin" / "uv").symlink_to("/bin/true")
    assert bootstrap(house).stdout == "installs with 3.13\n"


def test_it_says_which_package_is_missing(house):
    add(house, "python3.13", "3.13", lame=True)
    done = bootstrap(house)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "install python3.13-venv" in done.stderr


def test_too_old_ones_are_one_sentence(house):
    add(house, "python3", "3.11")
    add(house, "python3", "3.9", where="home/.pyenv/versions/3.9.18/bin")
    done = bootstrap(house)
    assert done.returncode == 1
    assert done.stderr == (
        "error: Python 3.12 or newer is needed, and none was found on PATH or among pyenv's versions"
        " (found: 3.11 3.9).\n"
    )


def test_none_at_all_is_one_sentence(house):
    done = bootstrap(house)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def installer(house: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(house / "tools" / "install.py"), *words]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)


def test_it_installs_again_only_when_the_list_changed(house):
    (house / "requirements").mkdir()
    listed = house / "requirements" / "local.txt"
    listed.write_text("")
    assert installer(house, "local", "--is-current").returncode == 1
    (house / ".venv" / "bin").mkdir(parents=True)
    (house / ".venv" / "bin" / "python").symlink_to(sys.executable)
    import hashlib

    (house / ".venv" / ".installed-local").write_text(hashlib.sha256(b"").hexdigest())
    assert installer(house, "local", "--is-current").returncode == 0
    assert installer(house, "local").stdout == ""
    listed.write_text("something==1\n")
    assert installer(house, "local", "--is-current").returncode == 1


def test_a_full_disk_is_one_sentence(house, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(house / "tools"))
    sys.modules.pop("install", None)
    import install

    (house / "requirements").mkdir()
    (house / "requirements" / "local.txt").write_text("")
    monkeypatch.setattr(install.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10**6))
    assert install.main("local") == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is full: 0 MB are free" in said
