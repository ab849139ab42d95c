"""A post that must have effect once: the key, the request's fingerprint and the stored answer (DEC9)."""

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from seller_center.kernel.errors import DomainError, Invalid
from shops.models import IdempotencyKey

MOST_KEY_LENGTH = 100


class KeyReused(Invalid):
    """The same key came with another body: the caller mixed up two requests."""


def once(
    *, shop, key: str, route: str, body: bytes, at: dt.datetime, run: Callable[[], tuple[int, dict[str, Any]]]
) -> tuple[int, dict[str, Any], bool]:
    """Run ``run`` once per (shop, key) and answer every repeat with the stored answer.

    Returns (status, body, replayed). The key is inserted inside the transaction of the deed: a concurrent twin waits
    on the unique index and then replays; a deed that rolls back leaves no key. A refusal (``DomainError``) is not
    stored: it changed nothing and may be tried again.
    """
    if not key or len(key) > MOST_KEY_LENGTH:
        raise Invalid(f"Give an Idempotency-Key of 1 to {MOST_KEY_LENGTH} characters.", field="Idempotency-Key")
    digest = _digest(route, body)
    with transaction.atomic():
        if not _insert(shop, key, route, digest, at):
            return _replay(shop, key, digest)
        status, answer = run()
        IdempotencyKey.objects.filter(shop=shop, key=key).update(response_status=status, response=answer)
    return status, answer, False


def answer_of(*, shop, key: str, route: str, body: bytes) -> dict[str, Any] | None:
    """What this request was answered with, for a door that must not look anew at what the deed has changed; None: new.

    Raises ``KeyReused`` where the key belongs to another request.
    """
    if not IdempotencyKey.objects.filter(shop=shop, key=key).exists():
        return None
    _status, answer, _replayed = _replay(shop, key, _digest(route, body))
    return answer


def _digest(route: str, body: bytes) -> str:
    return hashlib.sha256(route.encode() + b"\n" + body).hexdigest()


def _insert(shop, key: str, route: str, digest: str, at: dt.datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shops_idempotencykey (shop_id, key, route, request_sha256, at) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (shop_id, key) DO NOTHING",
            [shop.pk, key, route, digest, at],
        )
        return cursor.rowcount == 1


def _replay(shop, key: str, digest: str) -> tuple[int, dict[str, Any], bool]:
    row = IdempotencyKey.objects.get(shop=shop, key=key)
    if row.request_sha256 != digest:
        raise KeyReused("This Idempotency-Key was used for another request. Use a new key for a new request.")
    if row.response_status is None:
        raise DomainError("The first request with this key has left no answer. Ask for the order by its number.")
    return row.response_status, row.response or {}, True
