"""Private files: encrypted in pieces outside the web root, found through a row, opened only with a trace (INV20).

Each piece is sealed with the shop's key and bound to its file, its place in it and the number of pieces, so that a file
that was cut, reordered or moved does not open.
"""

import contextlib
import datetime as dt
import hashlib
import logging
import math
import os
import secrets
import struct
from collections.abc import Iterator

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils.translation import gettext_lazy as _

from seller_center.kernel import crypto
from seller_center.kernel.clock import real_now
from seller_center.kernel.codes import new_code
from seller_center.kernel.crypto import Unreadable
from seller_center.kernel.errors import DomainError
from shops.file_kinds import KINDS
from shops.models import FileAccess, StoredFile
from shops.scope import scope

log = logging.getLogger(__name__)

PIECE_BYTES = 1024 * 1024
#: A file may be younger than the commit of its row: what is younger than this is left alone.
LEFT_ALONE = dt.timedelta(days=1)
_LENGTH = struct.Struct(">I")


class StoreAway(DomainError):
    """The place where files are kept takes none at the moment: its disk is full, or it is not there."""

    code = "store_away"
    status = 503

    def __init__(self) -> None:
        super().__init__(_("Files cannot be kept at the moment. Nothing was changed; try again in a few minutes."))


@contextlib.contextmanager
def keeping() -> Iterator[None]:
    """Around what writes a file: a store that does not take it is a refusal with a sentence. Raises ``StoreAway``."""
    try:
        yield
    except OSError as error:
        log.exception("A file could not be kept")
        raise StoreAway from error


def storage():
    """Where private files lie: a folder, or a bucket in larger installations."""
    return storages["private"]


def store_private(
    *, shop, kind: str, content: bytes, name: str, by, at: dt.datetime, media_type: str = "application/octet-stream"
) -> StoredFile:
    """Encrypt ``content`` and write its row. Pictures and PDFs of people come through ``shops.images`` first.

    The bytes are on disk before the row is committed; a deed that is undone leaves a file that nobody can open or find
    (``prune_files`` takes it away).
    """
    if kind not in KINDS:
        raise ValueError(f"There is no kind of private file {kind!r}.")
    code = new_code(20)
    with scope(shop, by=by):
        path = _write(_sealed(shop.pk, code, content))
        return StoredFile.objects.create(
            shop=shop,
            code=code,
            kind=kind,
            name=name[:200],
            media_type=media_type,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            path=path,
            stored_by=by,
            stored_at=at,
        )


def open_file(*, file: StoredFile, by, at: dt.datetime, reason: str = "") -> bytes:
    """The clear bytes, after writing down who opened the file and why. The door has asked who may.

    Raises ``Unreadable`` for a file that was changed, cut or whose key was destroyed.
    """
    with scope(file.shop, by=by):
        FileAccess.objects.create(shop_id=file.shop_id, file=file, by=by, at=at, reason=reason[:160])
    return read(file)


def read(file: StoredFile) -> bytes:
    """The clear bytes, without a trace: for the house's own work only (moving to a new key, checks)."""
    try:
        with storage().open(file.path, "rb") as handle:
            sealed = handle.read()
    except FileNotFoundError:
        raise Unreadable("a private file is missing") from None
    pieces = _pieces(file.size_bytes)
    content, offset = [], 0
    for number in range(pieces):
        head = sealed[offset : offset + _LENGTH.size]
        if len(head) < _LENGTH.size:
            raise Unreadable("a private file was cut")
        (length,) = _LENGTH.unpack(head)
        offset += _LENGTH.size
        place = _place(file.code, number, pieces)
        content.append(crypto.open_bytes(sealed[offset : offset + length], shop_id=file.shop_id, place=place))
        offset += length
    if offset != len(sealed):
        raise Unreadable("a private file has more pieces than it should")
    return b"".join(content)


def seal_anew(file: StoredFile) -> bool:
    """Encrypt a file under its shop's key in use, if an older one sealed it; whether it was."""
    with storage().open(file.path, "rb") as handle:
        kid = crypto.kid_of(handle.read(_LENGTH.size + 64)[_LENGTH.size :])
    if kid == crypto.current_kid(file.shop_id):
        return False
    old = file.path
    path = _write(_sealed(file.shop_id, file.code, read(file)))
    changed = StoredFile.objects.filter(shop_id=file.shop_id, pk=file.pk, path=old).update(path=path)
    storage().delete(old if changed else path)
    return bool(changed)


def orphans(*, older_than: dt.timedelta) -> list[str]:
    """Paths of private files that no row names, left by deeds that were undone."""
    store, found = storage(), []
    before = real_now() - older_than
    for folder in sorted(store.listdir("")[0]):
        paths = [f"{folder}/{name}" for name in sorted(store.listdir(folder)[1])]
        named = set(StoredFile.objects.filter(path__in=paths).values_list("path", flat=True))
        found += [path for path in paths if path not in named and store.get_modified_time(path) < before]
    return found


def prune(*, older_than: dt.timedelta) -> list[str]:
    """Delete the orphans; returns their paths. Repeatable: what is gone is no orphan."""
    paths = orphans(older_than=older_than)
    for path in paths:
        storage().delete(path)
    return paths


def _sealed(shop_id: int, code: str, content: bytes) -> bytes:
    pieces = _pieces(len(content))
    out = []
    for number in range(pieces):
        piece = content[number * PIECE_BYTES : (number + 1) * PIECE_BYTES]
        sealed = crypto.seal_bytes(piece, shop_id=shop_id, place=_place(code, number, pieces))
        out += [_LENGTH.pack(len(sealed)), sealed]
    return b"".join(out)


def _pieces(size: int) -> int:
    return max(1, math.ceil(size / PIECE_BYTES))


def _place(code: str, number: int, pieces: int) -> str:
    return f"shops_storedfile|{code}|{number}/{pieces}"


def _write(sealed: bytes) -> str:
    """Put the sealed bytes under a random name and see them on the disk before anybody relies on them."""
    random = secrets.token_hex(20)
    with keeping():
        path = storage().save(f"{random[:2]}/{random}", ContentFile(sealed))
        try:
            full = storage().path(path)
        except NotImplementedError:  # a bucket keeps its own promise
            return path
        handle = os.open(full, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return path
