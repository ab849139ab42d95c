"""Install the pinned packages into `.venv`, if they changed. Run by `tools/bootstrap` with the Python it found.

`local` is what `make run` needs, `dev` what tests and checks need besides. Every package is pinned and hashed in
`requirements/`. uv does it where it is on PATH, else it is fetched into `.local/tools`, else pip does it, slower.
Standard library only: nothing is installed yet when this runs.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
TOOLS = ROOT / ".local" / "tools"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
NEEDED_MB = 1500


class Refused(Exception):
    """It cannot be installed; the message says why in one sentence."""


def main(what: str, *, only_look: bool = False) -> int:
    """Exit code: 0 installed or nothing to do, 1 with a sentence; with `only_look` 1 means that there is work."""
    if only_look:
        return int(sys.version_info < (3, 12) or not _is_current(what))
    try:
        with _one_at_a_time():
            _install(what)
    except Refused as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM):
            raise
        print(f"error: {error.filename or ROOT} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


def _install(what: str) -> None:
    if _venv_works() and _is_current(what):
        return
    requirements = _requirements(what)
    _need_room()
    uv = _uv()
    if not _venv_works():
        shutil.rmtree(VENV, ignore_errors=True)
        print(f"Making .venv with Python {sys.version.split()[0]} …", flush=True)
        _run(
            [uv, "venv", "-q", "--python", sys.executable, str(VENV)]
            if uv
            else [sys.executable, "-m", "venv", str(VENV)]
        )
    print(f"Installing requirements/{what}.txt …", flush=True)
    if uv:
        command = [uv, "pip", "install", "-q", "--python", str(PYTHON), "--require-hashes", "--compile-bytecode"]
    else:
        command = [str(PYTHON), "-m", "pip", "install", "-q", "--require-hashes", "--disable-pip-version-check"]
    _run([*command, "-r", str(requirements)])
    _stamp(what).write_text(_digest(what))


def _requirements(what: str) -> Path:
    return ROOT / "requirements" / f"{what}.txt"


def _digest(what: str) -> str:
    return hashlib.sha256(_requirements(what).read_bytes()).hexdigest()


def _stamp(what: str) -> Path:
    """What was installed last; `dev` holds everything of `local`, but neither vouches for the other."""
    return VENV / f".installed-{what}"


def _is_current(what: str) -> bool:
    return _stamp(what).exists() and _stamp(what).read_text() == _digest(what)


def _venv_works() -> bool:
    """An environment whose Python was moved or removed is made again, as is one that is too old."""
    if not PYTHON.exists():
        return False
    check = "import sys; sys.exit(sys.version_info < (3, 12))"
    return subprocess.run([str(PYTHON), "-c", check], capture_output=True, check=False).returncode == 0


def _uv() -> str | None:
    """uv from PATH or the project's own folder; fetched there once with pip. None: pip does the work itself."""
    own = TOOLS / "bin" / "uv"
    found = shutil.which("uv") or (str(own) if own.exists() else None)
    if found:
        return found
    shutil.rmtree(TOOLS, ignore_errors=True)
    print("Fetching uv into .local/tools …", flush=True)
    try:
        _run([sys.executable, "-m", "venv", str(TOOLS)], quiet=True)
        pip = [str(TOOLS / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / "tools.txt")], quiet=True)
    except Refused:
        return None
    return str(own) if own.exists() else None


def _run(command: list[str], *, quiet: bool = False) -> None:
    """Run it so that a stray environment of the caller does not redirect it, on the machine's own certificates."""
    stray = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PIP_TARGET")
    environment = {name: value for name, value in os.environ.items() if name not in stray}
    if CERTIFICATES.exists():  # uv brings its own otherwise, which a company's proxy does not satisfy
        environment.setdefault("SSL_CERT_FILE", str(CERTIFICATES))
    pipe = subprocess.DEVNULL if quiet else None
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, check=False)
    if done.returncode:
        raise Refused(f"`{' '.join(command[:4])} …` failed with code {done.returncode}; its words stand above.")


def _need_room() -> None:
    free = shutil.disk_usage(ROOT).free // 1024**2
    if free < NEEDED_MB:
        raise Refused(f"The disk of {ROOT} is full: {free} MB are free, the packages need {NEEDED_MB} MB.")


class _one_at_a_time:
    """A lock that the kernel drops with the process: `make run` and `make test` may start together."""

    def __enter__(self) -> None:
        folder = ROOT / ".local"
        folder.mkdir(exist_ok=True)
        self.handle = os.open(folder / "install.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self.handle, fcntl.LOCK_EX)

    def __exit__(self, *exc: object) -> None:
        os.close(self.handle)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], only_look="--is-current" in sys.argv))
