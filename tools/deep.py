#!/usr/bin/env python
"""`make deep`: the long tests, in two parts as `make test`, and their report; 1 where something failed or did not run.

`tools/deep.py 7` takes 7 for a seed; without a number it draws one. Words after it go to pytest: then only a part runs.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTEST = (sys.executable, "-m", "pytest")
JOBS = os.environ.get("JOBS") or "2"
#: What kills processes or compares schemas runs by itself, after the rest.
PARTS = (("-n", JOBS, "--dist", "loadgroup", "-m", "deep and not alone"), ("-m", "deep and alone"))
NOTHING_WANTED = 5


def main(seed: str, more: list[str]) -> int:
    """Run both parts, whatever becomes of the first; then write the report of the whole."""
    os.environ["SEED"] = seed
    ends = [subprocess.run([*PYTEST, *part, *more], cwd=ROOT).returncode for part in PARTS]
    failed = any(end not in (0, NOTHING_WANTED) for end in ends)
    if more:
        return int(failed)
    told = subprocess.run([sys.executable, "-m", "tests.evidence", seed], cwd=ROOT).returncode
    return int(failed or told)


if __name__ == "__main__":
    given = sys.argv[1:]
    number = given.pop(0) if given and given[0].isdigit() else str(random.SystemRandom().randrange(10**8))
    raise SystemExit(main(number, given))
