"""Private files: encrypted at rest, bound to their place, opened with a trace."""

from pathlib import Path

import pytest
from django.db import connection

from seller_center.kernel.crypto import Unreadable
from shops import files, keyring
from shops.models import FileAccess, StoredFile

pytestmark = pytest.mark.django_db

SECRET = b"canary-of-a-private-paper" * 90_000  # two megabytes: three pieces


@pytest.fixture
def stored(shop, owner, at):
    return files.store_private(shop=shop, kind="document", content=SECRET, name="paper.jpg", by=owner, at=at)


def on_disk(file) -> Path:
    return Path(files.storage().path(file.path))


def test_it_gives_back_what_was_stored_and_notes_who_looked(stored, owner, at):
    assert files.open_file(file=stored, by=owner, at=at, reason="a look") == SECRET
    access = FileAccess.objects.get(file=stored)
    assert (access.by, access.at, access.reason) == (owner, at, "a look")


def test_it_holds_nothing_in_clear(stored):
    assert b"canary" not in on_disk(stored).read_bytes()
    assert "paper" not in str(on_disk(stored))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM shops_storedfile")
        assert b"canary" not in repr(cursor.fetchall()).encode()


def test_it_keeps_an_empty_file(shop, owner, at):
    file = files.store_private(shop=shop, kind="document", content=b"", name="x", by=owner, at=at)
    assert files.read(file) == b""


@pytest.mark.parametrize("harm", ["cut", "swap", "flip", "grow", "gone"])
def test_it_opens_nothing_that_was_tampered_with(stored, harm):
    path = on_disk(stored)
    content = path.read_bytes()
    (length,) = files._LENGTH.unpack(content[:4])
    piece = 4 + length
    path.chmod(0o600)
    if harm == "cut":
        path.write_bytes(content[:piece])
    elif harm == "swap":
        path.write_bytes(content[piece : 2 * piece] + content[:piece] + content[2 * piece :])
    elif harm == "flip":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif harm == "grow":
        path.write_bytes(content + content[:piece])
    else:
        path.unlink()
    with pytest.raises(Unreadable):
        files.read(stored)


def test_it_does_not_open_as_another_file_or_shop(stored, other_shop, owner, at):
    twin = files.store_private(shop=stored.shop, kind="document", content=SECRET, name="t", by=owner, at=at)
    foreign = files.store_private(shop=other_shop, kind="document", content=SECRET, name="f", by=owner, at=at)
    for other in (twin, foreign):
        StoredFile.objects.filter(pk=other.pk).update(path=stored.path)
        other.refresh_from_db()
        with pytest.raises(Unreadable):
            files.read(other)


def test_it_moves_files_to_a_new_key(stored, shop):
    before = on_disk(stored)
    assert not files.seal_anew(stored)
    keyring.renew(shop.pk)
    assert files.seal_anew(stored)
    stored.refresh_from_db()
    assert files.read(stored) == SECRET
    assert not before.exists()


def test_it_is_unreadable_once_the_key_is_destroyed(stored, shop):
    assert keyring.destroy(shop.pk) == 1
    with pytest.raises(Unreadable):
        files.read(stored)
    with pytest.raises(LookupError):
        keyring.ShopKeyring().key_for(shop.pk, None)


def test_it_refuses_a_kind_nobody_declared(shop, owner, at):
    with pytest.raises(ValueError, match="no kind"):
        files.store_private(shop=shop, kind="whatever", content=b"x", name="x", by=owner, at=at)


def test_it_leaves_the_log_of_looks_alone(stored, owner, at):
    files.open_file(file=stored, by=owner, at=at)
    from django.db import ProgrammingError, transaction

    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        FileAccess.objects.update(reason="nothing happened")
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        FileAccess.objects.filter(file=stored)._raw_delete(using="default")
