"""Write docs/house-map.md ("I want to change X → open Y") and docs/commands.md from docstrings; `--check` compares.

The first sentence of a module's docstring is its line on the map; a module without one is a fault.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAP = ROOT / "docs" / "house-map.md"
COMMANDS = ROOT / "docs" / "commands.md"

FLOORS = (
    ("storefront", "Floor 8 · storefront — the public face of every shop"),
    ("analytics", "Floor 7 · analytics — visits, figures, scorecards, the home page"),
    ("support", "Floor 6 · support — tickets, messages, reviews"),
    ("payouts", "Floor 5 · payouts — fees, ledger, statements, transfers"),
    ("orders", "Floor 4 · orders — orders, packages, shipping, returns"),
    ("marketing", "Floor 3 · marketing — coupons"),
    ("catalog", "Floor 2 · catalog — products, stock, imports"),
    ("shops", "Floor 1 · shops — people, shops, onboarding, policy, events, deadlines, files, jobs"),
    ("seller_center/kernel", "Floor 0 · kernel — money, calendar, codes, clock, locks; no models"),
    ("sandbox", "Beside the house · sandbox — payment provider, carrier and bank to try things with"),
    ("tools", "Tools"),
    ("tests", "Tests"),
)
ROOF = ("seller_center", "Roof · seller_center — sees every floor, is imported by none")
SKIPPED = {"migrations", "__pycache__"}


def modules(folder: str) -> Iterator[Path]:
    """The modules of a package, the nearest first; the kernel has a section of its own."""
    base = ROOT / folder
    for path in sorted(base.rglob("*.py"), key=lambda p: (len(p.parts), p.as_posix())):
        inner = path.relative_to(base).parts
        if SKIPPED & set(inner) or (folder == "seller_center" and inner[0] == "kernel"):
            continue
        if folder == "tests" and len(inner) > 1:
            continue  # test modules say what they test in their names
        if path.name != "__init__.py" or path.stat().st_size:
            yield path


def first_sentence(path: Path) -> str:
    """The docstring's first sentence, on one line, without a full stop; empty if there is none."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    line = " ".join(text.split("\n\n")[0].split())
    end = next((i for i in range(len(line)) if line[i] in ".?!" and line[i + 1 : i + 2] in (" ", "")), len(line))
    return line[:end].replace("|", "\\|")


def written() -> tuple[str, list[str]]:
    """The map, and the modules that have no docstring."""
    lines = [
        "# The house, room by room",
        "",
        "Made by `make fix` from the first sentence of every module. Find the sentence that names what you want to",
        "change; the file beside it holds the answer. Why things stand where they stand: `CONTRIBUTING.md`.",
    ]
    silent: list[str] = []
    for folder, title in (ROOF, *FLOORS):
        if not (ROOT / folder).is_dir():
            continue
        lines += ["", f"## {title}", "", "| I want to change | open |", "|---|---|"]
        for path in modules(folder):
            name = path.relative_to(ROOT).as_posix()
            sentence = first_sentence(path)
            if sentence:
                lines.append(f"| {sentence} | [{name}](../{name}) |")
            else:
                silent.append(name)
    return "\n".join([*lines, ""]), silent


def commands() -> str:
    """Every management command of ours with what it does; a door is explained where it stands."""
    lines = [
        "# Commands",
        "",
        "Made by `make fix`; `manage.py help <command>` tells the rest. They may be repeated and stopped anywhere,",
        "print what they did, and exit non-zero when part of it failed.",
        "",
        "| command | what it does | without doing it |",
        "|---|---|---|",
    ]
    for path in sorted(ROOT.glob("*/management/commands/*.py"), key=lambda path: path.stem):
        if path.stem != "__init__":
            said = first_sentence(path)
            usage = re.match(r"`+(?:manage\.py )?([^`]+)`+: (.*)", said)
            name, sentence = usage.groups() if usage else (path.stem, said)
            dry = "`--dry-run`" if "--dry-run" in path.read_text() else ""
            lines.append(f"| `{name}` | {sentence[:1].upper()}{sentence[1:]} | {dry} |")
    return "\n".join([*lines, ""])


def main() -> int:
    """0 if the map is (now) right."""
    text, silent = written()
    for name in silent:
        print(f"{name}: the module needs a docstring that says what it is for.")
    for path, wanted in ((MAP, text), (COMMANDS, commands())):
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted)
        elif not path.exists() or path.read_text() != wanted:
            print(f"{path.relative_to(ROOT)} is out of date: run `make fix`.")
            return 1
    return int(bool(silent))


if __name__ == "__main__":
    sys.exit(main())
