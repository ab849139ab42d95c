"""`make check`: everything that can be judged without running the program. All parts run, the faulty ones are shown.

`tools/check.py types imports` runs the named parts only.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PYTHON = sys.executable
MANAGE = (PYTHON, "manage.py")
SHOWN = 60  # lines of a faulty part


def production(servers: dict[str, str]) -> dict[str, str]:
    """An environment as `.env.example` describes it, with made-up secrets."""
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    made = {
        "SECRET_KEY": "check-" + "0123456789abcdefghij" * 3,
        "ENCRYPTION_KEYS": "k1:" + "0123456789abcdef" * 4,
        "BLIND_INDEX_KEY": "fedcba9876543210" * 4,
        "SANDBOX_SECRET": "whsec_" + "Y2hlY2tz" * 4,
        "DATA_DIR": str(ROOT / ".local" / "check"),
        "MEDIA_ROOT": "",
        "PRIVATE_ROOT": "",
        **servers,
    }
    return {name: value for name, value in {**example, **made}.items() if value}


def parts(servers: dict[str, str]) -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    """Name → command and its environment. Django's checks ask the database what it can, so there is an empty one."""
    local = {"LOCAL": "1", "DATA_DIR": str(ROOT / ".local" / "check"), **servers}
    return {
        "format": ((PYTHON, "-m", "ruff", "format", "--check", "--output-format", "concise", "."), {}),
        "lint": ((PYTHON, "-m", "ruff", "check", "--quiet", "--output-format", "concise", "."), {}),
        "shell": (("sh", "-n", "tools/bootstrap", "tools/chromium", "tools/spreadsheet", "tools/lock", ".ci/run"), {}),
        "types": ((PYTHON, "-m", "mypy", "--no-error-summary"), local),
        "templates": ((PYTHON, "-m", "djlint", "templates", "--lint", "--quiet"), {}),
        "imports": ((str(Path(PYTHON).parent / "lint-imports"), "--no-logo"), {**local, "PYTHONPATH": str(ROOT)}),
        "migrations": ((PYTHON, "-W", "ignore", *MANAGE[1:], "makemigrations", "--check", "--dry-run"), local),
        "system": ((*MANAGE, "check", "--fail-level", "WARNING"), local),
        "deploy": ((*MANAGE, "check", "--deploy", "--fail-level", "WARNING"), production(servers)),
        "vendored": ((PYTHON, "tools/vendor.py", "--check"), {}),
        "map": ((PYTHON, "tools/house_map.py", "--check"), {}),
    }


def main(wanted: list[str]) -> int:
    """The number of faulty parts."""
    unknown = set(wanted) - parts({}).keys()
    if unknown:
        print(f"error: no such part: {', '.join(sorted(unknown))}. There are: {', '.join(parts({}))}.")
        return 1
    from seller_center import embedded

    folder = Path(tempfile.mkdtemp(prefix="sc-"))
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    try:
        known = parts(embedded.start(folder, persist=False).environment())
        faulty = [name for name in wanted or known if not passes(name, *known[name])]
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\nFaulty: {', '.join(faulty)}." if faulty else "\nAll clean.")
    return len(faulty)


def passes(name: str, command: tuple[str, ...], environment: dict[str, str]) -> bool:
    """Run one part and print its line; its words only if it is faulty."""
    inherited = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CI")}
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=inherited | environment, capture_output=True, text=True, check=False)
    print(f"{'ok' if not done.returncode else 'FAULTY':>7}  {name:<11} {time.monotonic() - began:5.1f} s", flush=True)
    if done.returncode:
        lines = (done.stdout + done.stderr).rstrip().splitlines()
        if len(lines) > SHOWN:
            print(f"         … {len(lines) - SHOWN} lines before")
        print("\n".join(f"         {line}" for line in lines[-SHOWN:]), flush=True)
    return not done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
