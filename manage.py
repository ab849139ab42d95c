#!/usr/bin/env python
"""The command line. Without DATABASE_URL it works on the embedded servers of this folder and starts them if need be."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

OURS = Path(__file__).resolve().parent / ".venv" / "bin" / "python"


def main() -> None:
    if find_spec("django") is None and OURS.exists():
        os.execv(OURS, [str(OURS), *sys.argv])  # noqa: S606 - whichever Python was typed: the packages are those of `make run`
    from seller_center import embedded

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seller_center.settings")
    try:
        embedded.prepare(sys.argv)
    except embedded.Refused as refusal:
        sys.exit(f"error: {refusal}")

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as fault:
        sys.exit(f"error: {fault}")


if __name__ == "__main__":
    main()
