"""Encryption at rest: AES-256-GCM under data keys that are themselves encrypted under master keys.

A sealed text reads `v1:<key id>:<base64 of nonce and ciphertext>`; a sealed file has the same head before raw bytes.
Data keys (one per shop, one for rows without a shop) come from the keyring that floor 1 registers; master keys from
`settings.ENCRYPTION_KEYS`, key id → 32 bytes in hex, the first one current. Every ciphertext is bound to its place
(table, column, row seal, shop), so that one moved elsewhere does not open. Whatever does not open raises `Unreadable`;
nothing ever falls back to what is stored.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VERSION = "v1"
KEY_BYTES = 32
_NONCE_BYTES = 12
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,40}")


class Unreadable(Exception):
    """A ciphertext that does not open: wrong place, wrong or destroyed key, or changed bytes. Carries no content."""


class Keyring(Protocol):
    """Where data keys come from; floor 1 keeps them, wrapped by `wrap_key`."""

    def key_for(self, shop_id: int | None, kid: str | None) -> tuple[str, bytes]:
        """The key of a shop (None: of the platform) as (key id, 32 bytes): the current one, or the one named `kid`.

        Raises `LookupError` for a key that does not exist or was destroyed.
        """
        ...


class Secret:
    """A text that is shown nowhere by accident: printed, formatted and logged as `***`; `reveal()` gives it.

    It compares with other secrets in constant time, and refuses to be pickled, so that it reaches no cache and no task.
    """

    __slots__ = ("_text",)

    def __init__(self, text: "str | Secret") -> None:
        self._text = text.reveal() if isinstance(text, Secret) else str(text)

    def reveal(self) -> str:
        """The text itself. Every use of this name is a place where a secret leaves its cover."""
        return self._text

    @property
    def last_four(self) -> str:
        """What may be shown of a number of eight signs or more; of a shorter one nothing."""
        return self._text[-4:] if len(self._text) >= 8 else ""

    def __str__(self) -> str:
        return "***"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not stored outside its encrypted column")


class _Ring:
    keyring: Keyring | None = None


def use_keyring(keyring: Keyring | None) -> None:
    """Register where data keys come from; None unregisters."""
    _Ring.keyring = keyring


def current_kid(shop_id: int | None) -> str:
    """The id of the key that seals now for a shop."""
    return _data_key(shop_id, None)[0]


def seal_text(plain: str | Secret, *, shop_id: int | None, place: str) -> str:
    """The sealed form of a text, openable only with the same shop and place."""
    kid, key = _data_key(shop_id, None)
    body = _encrypt(key, Secret(plain).reveal().encode(), _bound(shop_id, place, kid))
    return f"{VERSION}:{kid}:{base64.b64encode(body).decode()}"


def open_text(sealed: str, *, shop_id: int | None, place: str) -> Secret:
    """The text behind a sealed form; `Unreadable` if it was not sealed for this shop and place."""
    return Secret(_open(sealed, lambda kid: _data_key(shop_id, kid)[1], shop_id, place).decode())


def kid_of(sealed: str | bytes) -> str:
    """The key id in the head of a sealed text or file."""
    head = sealed[:64].encode() if isinstance(sealed, str) else sealed[:64]
    version, __, rest = head.partition(b":")
    kid, colon, __ = rest.partition(b":")
    if version != VERSION.encode() or not colon or not _KEY_ID.fullmatch(kid.decode("ascii", "replace")):
        raise Unreadable("this is not a sealed value")
    return kid.decode()


def seal_bytes(content: bytes, *, shop_id: int | None, place: str) -> bytes:
    """The sealed form of a file's content; the same head, then raw bytes. The whole content is held in memory."""
    kid, key = _data_key(shop_id, None)
    return f"{VERSION}:{kid}:".encode() + _encrypt(key, content, _bound(shop_id, place, kid))


def open_bytes(sealed: bytes, *, shop_id: int | None, place: str) -> bytes:
    """The content behind a sealed file; `Unreadable` if it was not sealed for this shop and place."""
    kid = kid_of(sealed)
    body = sealed[len(VERSION) + len(kid) + 2 :]
    return _decrypt(_data_key(shop_id, kid)[1], body, _bound(shop_id, place, kid))


# -- data keys under master keys --------------------------------------------------------------------------------------


def new_data_key() -> bytes:
    """32 random bytes."""
    return os.urandom(KEY_BYTES)


def wrap_key(key: bytes, label: str) -> str:
    """A data key sealed under the current master key, bound to `label` (which shop and which key it is)."""
    master_id, master = _current_master()
    return f"{VERSION}:{master_id}:{base64.b64encode(_encrypt(master, key, _wrapped(label, master_id))).decode()}"


def unwrap_key(wrapped: str, label: str) -> bytes:
    """The data key behind a wrapped one; `Unreadable` for another label, or a master key that is gone."""
    kid = kid_of(wrapped)
    return _decrypt(_master(kid), _body(wrapped, kid), _wrapped(label, kid))


def wrapped_by_current_master(wrapped: str) -> bool:
    """Whether a data key needs no rewrapping: the first half of a rotation."""
    return kid_of(wrapped) == _current_master()[0]


# -- search without reading -------------------------------------------------------------------------------------------


def blind_index(value: str | Secret, kind: str) -> str:
    """64 hex signs that are equal for equal values of one kind: finds a duplicate without revealing the value.

    HMAC-SHA256 under the one global `settings.BLIND_INDEX_KEY`. Case, spaces and Unicode form do not matter;
    every other normal form (hyphens of a tax id, the plus of a phone number) is the caller's.
    """
    text = "".join(unicodedata.normalize("NFKC", Secret(value).reveal()).casefold().split())
    key = _parse_key(settings.BLIND_INDEX_KEY, "BLIND_INDEX_KEY")
    return hmac.new(key, f"{kind}\x00{text}".encode(), hashlib.sha256).hexdigest()


# -- inside -----------------------------------------------------------------------------------------------------------


def _open(sealed: str, key_named: Callable[[str], bytes], shop_id: int | None, place: str) -> bytes:
    kid = kid_of(sealed)
    return _decrypt(key_named(kid), _body(sealed, kid), _bound(shop_id, place, kid))


def _body(sealed: str, kid: str) -> bytes:
    try:
        return base64.b64decode(sealed[len(VERSION) + len(kid) + 2 :], validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("a sealed value is damaged") from None


def _bound(shop_id: int | None, place: str, kid: str) -> bytes:
    return f"{VERSION}|{kid}|{'platform' if shop_id is None else int(shop_id)}|{place}".encode()


def _wrapped(label: str, master_id: str) -> bytes:
    return f"{VERSION}|{master_id}|data-key|{label}".encode()


def _encrypt(key: bytes, content: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, bound)


def _decrypt(key: bytes, body: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise Unreadable("a sealed value does not open in this place") from None


def _data_key(shop_id: int | None, kid: str | None) -> tuple[str, bytes]:
    if _Ring.keyring is None:
        raise ImproperlyConfigured("no keyring is registered: nothing can be sealed or opened")
    try:
        found, key = _Ring.keyring.key_for(shop_id, kid)
    except LookupError:
        raise Unreadable("the key of a sealed value does not exist") from None
    if not _KEY_ID.fullmatch(found) or len(key) != KEY_BYTES or (kid is not None and found != kid):
        raise ImproperlyConfigured("the keyring answered with something that is not the key asked for")
    return found, key


def _current_master() -> tuple[str, bytes]:
    for kid in settings.ENCRYPTION_KEYS:
        return kid, _master(kid)
    raise ImproperlyConfigured("ENCRYPTION_KEYS is empty: there is no master key")


def _master(kid: str) -> bytes:
    if kid not in settings.ENCRYPTION_KEYS:
        raise Unreadable("the master key of a data key is not among ENCRYPTION_KEYS")
    return _parse_key(settings.ENCRYPTION_KEYS[kid], "ENCRYPTION_KEYS")


def _parse_key(text: Any, setting: str) -> bytes:
    """32 bytes written in hex (or base64)."""
    for parse in (bytes.fromhex, lambda t: base64.b64decode(t, validate=True)):
        try:
            key = parse(text)
        except (binascii.Error, ValueError, TypeError):
            continue
        if len(key) == KEY_BYTES:
            return key
    raise ImproperlyConfigured(f"{setting}: a key is 32 bytes in hex")
