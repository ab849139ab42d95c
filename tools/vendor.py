#!/usr/bin/env python
"""Copies the front-end libraries, fonts and icons that we ship into static/vendor, and proves that they are unchanged.

    python tools/vendor.py            fetch every package with the npm client and rewrite static/vendor and its lock
    python tools/vendor.py --check    offline: every locked file is there with its sha256, nothing else is, icons match

The lock (static/vendor/vendor.lock.json) holds name, version, licence, file and sha256, and no address: where the npm
client fetches from is the business of whoever runs it. Node is needed by whoever changes a version, never at run time.

Files are stored as published, with one exception: the trailing ``sourceMappingURL`` comment is dropped, since the maps
are not shipped and Django's manifest storage refuses a reference to a missing file. The icon sprite is made here from
the names in tools/icons.txt.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "static" / "vendor"
LOCK = VENDOR / "vendor.lock.json"
ICON_NAMES = ROOT / "tools" / "icons.txt"
SPRITE = "icons/icons.svg"

MIT = """MIT License

{owner}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


@dataclass(frozen=True)
class Package:
    """One published package: the version we pin and the files we take, each with its place under static/vendor."""

    name: str
    version: str
    licence: str
    files: dict[str, str] = field(default_factory=dict)
    licence_file: str = ""
    owner: str = ""
    """Copyright line of a package that states its MIT licence without shipping the text."""

    @property
    def folder(self) -> str:
        """Where it lives under static/vendor."""
        return self.name.removeprefix("@").replace("/", "-")


PACKAGES = (
    Package(
        "@tabler/core",
        "1.6.1",
        "MIT",
        {"dist/css/tabler.min.css": "tabler-core/tabler.min.css"},
        owner="Copyright 2018-2026 The Tabler Authors\nCopyright 2018-2026 codecalm.net Paweł Kuna",
    ),
    Package("htmx.org", "2.0.11", "0BSD", {"dist/htmx.min.js": "htmx.org/htmx.min.js"}, "LICENSE"),
    Package("chart.js", "4.6.1", "MIT", {"dist/chart.umd.min.js": "chart.js/chart.umd.min.js"}, "LICENSE.md"),
    Package("sortablejs", "1.15.7", "MIT", {"Sortable.min.js": "sortablejs/sortable.min.js"}, "LICENSE"),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        {
            "files/inter-latin-wght-normal.woff2": "fontsource-variable-inter/inter-latin.woff2",
            "files/inter-latin-ext-wght-normal.woff2": "fontsource-variable-inter/inter-latin-ext.woff2",
        },
        "LICENSE",
    ),
    Package(
        "dejavu-fonts-ttf",
        "2.37.3",
        "Bitstream-Vera",
        {
            "ttf/DejaVuSans.ttf": "dejavu-fonts-ttf/DejaVuSans.ttf",
            "ttf/DejaVuSans-Bold.ttf": "dejavu-fonts-ttf/DejaVuSans-Bold.ttf",
            "ttf/DejaVuSansMono.ttf": "dejavu-fonts-ttf/DejaVuSansMono.ttf",
        },
        "LICENSE",
    ),
    Package("@tabler/icons", "3.51.0", "MIT", {}, "LICENSE"),
)


class Mismatch(Exception):
    """The vendored files are not what the lock says; the text has one line per difference."""


def fetch(package: Package, into: Path) -> Path:
    """Download one package with the npm client and unpack it. Returns its folder."""
    answer = subprocess.run(
        ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=into,
        check=True,
        capture_output=True,
        text=True,
    )
    archive = into / answer.stdout.strip().splitlines()[-1]
    target = into / package.folder
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"


def without_map_reference(content: bytes) -> bytes:
    """Drop the reference to a source map that we do not ship."""
    return re.sub(rb"\n?(?://|/\*)# sourceMappingURL=\S+(?: \*/)?\s*$", b"\n", content)


def sprite_names() -> list[str]:
    """The icons we use: one name a line, ``#`` begins a remark."""
    lines = (line.partition("#")[0].strip() for line in ICON_NAMES.read_text().splitlines())
    return sorted({line for line in lines if line})


def symbol(name: str, svg: str) -> str:
    """One icon as a sprite symbol, stroked in the text's colour; the width of the stroke is left to the style sheet."""
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    body = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>', "", body)
    body = re.sub(r"\s*\n\s*", "", body).replace(" />", "/>")
    paint = 'fill="currentColor"' if name.endswith("-filled") else 'fill="none" stroke="currentColor"'
    paint += ' stroke-linecap="round" stroke-linejoin="round"'
    return f'<symbol id="{name}" viewBox="0 0 24 24" {paint}>{body}</symbol>'


def make_sprite(icons: Path) -> bytes:
    """The sprite of all icons in use. An unknown name is an error, with the name."""
    symbols = []
    for name in sprite_names():
        style, stem = ("filled", name.removesuffix("-filled")) if name.endswith("-filled") else ("outline", name)
        source = icons / "icons" / style / f"{stem}.svg"
        if not source.exists():
            raise SystemExit(f"There is no icon “{name}” (tools/icons.txt).")
        symbols.append(symbol(name, source.read_text()))
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n").encode()


def place(package: Package, name: str, content: bytes) -> dict[str, str]:
    """Write one file and return its line of the lock."""
    target = VENDOR / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return {
        "name": package.name,
        "version": package.version,
        "licence": package.licence,
        "file": name,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def take(package: Package, source: Path) -> list[dict[str, str]]:
    """Copy the wanted files and the licence of one unpacked package."""
    found = json.loads((source / "package.json").read_text())
    if found["version"] != package.version:
        raise SystemExit(f"{package.name}: asked for {package.version}, got {found['version']}.")
    lines = [
        place(package, name, without_map_reference((source / path).read_bytes()))
        for path, name in package.files.items()
    ]
    text = (
        (source / package.licence_file).read_bytes()
        if package.licence_file
        else MIT.format(owner=package.owner).encode()
    )
    if package.name == "@tabler/icons":
        lines.append(place(package, SPRITE, make_sprite(source)))
        folder = SPRITE.partition("/")[0]
    else:
        folder = next(iter(package.files.values())).partition("/")[0]
    lines.append(place(package, f"{folder}/LICENSE.txt", text))
    return lines


def vendor() -> None:
    """Fetch everything and rewrite static/vendor with its lock."""
    with tempfile.TemporaryDirectory() as folder:
        sources = [(package, fetch(package, Path(folder))) for package in PACKAGES]
        shutil.rmtree(VENDOR, ignore_errors=True)
        lines = [line for package, source in sources for line in take(package, source)]
    LOCK.write_text(json.dumps(sorted(lines, key=lambda line: line["file"]), indent=1, ensure_ascii=False) + "\n")


def check() -> None:
    """Compare static/vendor with its lock, offline. Raises ``Mismatch``."""
    locked = {line["file"]: line for line in json.loads(LOCK.read_text())}
    present = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file() and path != LOCK}
    wrong = [f"{name}: not in the lock" for name in sorted(present - locked.keys())]
    wrong += [f"{name}: missing" for name in sorted(locked.keys() - present)]
    wrong += [
        f"{name}: changed since it was vendored"
        for name in sorted(present & locked.keys())
        if hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() != locked[name]["sha256"]
    ]
    pinned = {package.name: package.version for package in PACKAGES}
    wrong += [
        f"{line['file']}: locked at {line['name']} {line['version']}, tools/vendor.py says {pinned.get(line['name'])}"
        for line in locked.values()
        if pinned.get(line["name"]) != line["version"]
    ]
    if (VENDOR / SPRITE).exists():
        drawn = set(re.findall(r'<symbol id="([^"]+)"', (VENDOR / SPRITE).read_text()))
        wrong += [f"{SPRITE}: icon {name} is listed but not drawn" for name in sorted(set(sprite_names()) - drawn)]
        wrong += [f"{SPRITE}: icon {name} is drawn but not listed" for name in sorted(drawn - set(sprite_names()))]
    if wrong:
        raise Mismatch("\n".join(wrong))


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the lock, offline")
    if parser.parse_args(arguments).check:
        try:
            check()
        except (Mismatch, FileNotFoundError) as error:
            print(f"static/vendor differs from its lock:\n{error}", file=sys.stderr)
            return 1
        print("static/vendor is as locked.")
        return 0
    vendor()
    print(f"Vendored {len(PACKAGES)} packages; the lock is {LOCK.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
