"""The vendored front end is what the lock says, and the check would notice if not."""

import json
import shutil

import pytest

from tools import vendor


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of static/vendor that a test may spoil."""
    shutil.copytree(vendor.VENDOR, tmp_path / "vendor")
    monkeypatch.setattr(vendor, "VENDOR", tmp_path / "vendor")
    monkeypatch.setattr(vendor, "LOCK", tmp_path / "vendor" / "vendor.lock.json")
    return tmp_path / "vendor"


def test_it_is_as_locked():
    vendor.check()


def test_it_names_no_address():
    text = vendor.LOCK.read_text()
    assert "://" not in text
    assert {"name", "version", "licence", "file", "sha256"} == set(json.loads(text)[0])


def test_it_ships_a_licence_beside_every_library():
    folders = {path for path in vendor.VENDOR.iterdir() if path.is_dir()}
    assert [folder.name for folder in folders if not (folder / "LICENSE.txt").exists()] == []


def test_it_notices_a_changed_file(copy):
    (copy / "htmx.org" / "htmx.min.js").write_text("changed")
    with pytest.raises(vendor.Mismatch, match=r"htmx\.min\.js: changed"):
        vendor.check()


def test_it_notices_a_stray_file(copy):
    (copy / "stray.js").write_text("")
    with pytest.raises(vendor.Mismatch, match=r"stray\.js: not in the lock"):
        vendor.check()


def test_it_notices_a_missing_file(copy):
    (copy / "chart.js" / "chart.umd.min.js").unlink()
    with pytest.raises(vendor.Mismatch, match="missing"):
        vendor.check()


def test_it_notices_an_icon_that_was_not_drawn(copy, monkeypatch):
    monkeypatch.setattr(vendor, "sprite_names", lambda: ["home", "unicorn"])
    with pytest.raises(vendor.Mismatch, match="icon unicorn is listed but not drawn"):
        vendor.check()
