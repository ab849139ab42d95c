"""The wire to the sandbox process: posts by key, questions, and signed callbacks (docs/mechanisms/sandboxes.md).

Used by the three sandbox clients only. What the other side refuses comes as `HttpRefused` (it did nothing), what cannot
be known as `Unreachable`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from seller_center.kernel import http
from seller_center.kernel.errors import DomainError, Invalid


class NotConnected(DomainError):
    """No provider is configured (SANDBOX_URL is empty, and nothing takes its place)."""

    code = "not_connected"

    def __init__(self) -> None:
        super().__init__(_("No payment provider, carrier or bank is connected to this installation."))


class CallbackRefused(Invalid):
    """A callback that was not signed by the other side, or too long ago."""

    code = "callback_refused"

    def __init__(self) -> None:
        super().__init__(_("The signature of this callback is not valid."))


def post(path: str, body: dict, *, key: str) -> dict:
    return _object(http.post_json(_url(path), body, headers={"Idempotency-Key": key}))


def get(path: str, **query: object) -> dict:
    words = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
    return _object(http.get_json(_url(path) + (f"?{words}" if words else "")))


def find(path: str) -> dict | None:
    """As `get`, None where there is nothing."""
    try:
        return get(path)
    except http.HttpRefused as refusal:
        if refusal.status == 404:
            return None
        raise


def segment(key: str) -> str:
    """A key as one segment of a path."""
    return quote(key, safe="")


@contextmanager
def readable() -> Iterator[None]:
    """An answer that lacks what it must have says nothing about the outcome."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise http.Unreachable("answered something that cannot be read", sent=True) from error


def verified(body: bytes, headers: Mapping[str, str]) -> dict:
    """The content of a callback, if one of our secrets signed it not longer than five minutes of real time ago.

    Raises `CallbackRefused`. The same callback may come again: its `id` is the same then.
    """
    for key in _signing_keys():
        try:
            content = Webhook(key).verify(body, dict(headers))
        except (WebhookVerificationError, ValueError, UnicodeDecodeError):
            continue
        if isinstance(content, dict):
            return content
    raise CallbackRefused


def _signing_keys() -> list[str | bytes]:
    """`whsec_` and base64 stand for bytes, any other secret for itself; while secrets change, both: `new,old`."""
    secrets = [secret for secret in settings.SANDBOX_SECRET.split(",") if secret]
    if not secrets:
        raise NotConnected
    return [secret if secret.startswith("whsec_") else secret.encode() for secret in secrets]


def _url(path: str) -> str:
    if not settings.SANDBOX_URL:
        raise NotConnected
    return f"{settings.SANDBOX_URL}{path}"


def _object(answer: Any) -> dict:
    if not isinstance(answer, dict):
        raise http.Unreachable("answered something that cannot be read", sent=True)
    return answer
