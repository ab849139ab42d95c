"""Unsafe production values refuse to start: each rule is one sentence that says what to set."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured


def refuse_unsafe(settings: Mapping[str, Any]) -> None:
    """Raise `ImproperlyConfigured` with every sentence that applies; a local installation (LOCAL=1) is left alone."""
    if settings["LOCAL"]:
        return
    faults = list(_faults(settings))
    if faults:
        advice = "Set LOCAL=1 if this is a machine of your own; every variable is explained in .env.example."
        raise ImproperlyConfigured("\n".join(["Unsafe settings:", *(f"  - {fault}" for fault in faults), advice]))


def _faults(s: Mapping[str, Any]) -> Iterator[str]:
    yield from _secrets(s)
    yield from _switches(s)
    yield from _addresses(s)


def _secrets(s: Mapping[str, Any]) -> Iterator[str]:
    if len(s["SECRET_KEY"]) < 50 or len(set(s["SECRET_KEY"])) < 5:
        yield "SECRET_KEY must be at least 50 random characters."
    if not s["ENCRYPTION_KEYS"]:
        yield "ENCRYPTION_KEYS is missing: at least one `id:` followed by 64 hexadecimal digits."
    for name, key in s["ENCRYPTION_KEYS"].items():
        if not _is_key(key):
            yield f"ENCRYPTION_KEYS: the key {name!r} must be 64 hexadecimal digits (32 random bytes)."
    if not _is_key(s["BLIND_INDEX_KEY"]):
        yield "BLIND_INDEX_KEY must be 64 hexadecimal digits (32 random bytes)."
    if s["BLIND_INDEX_KEY"] in s["ENCRYPTION_KEYS"].values():
        yield "BLIND_INDEX_KEY must differ from the ENCRYPTION_KEYS."


def _switches(s: Mapping[str, Any]) -> Iterator[str]:
    for name, why in (
        ("DEBUG", "it shows the inside of the program to everybody"),
        ("TESTING", "it weakens passwords and sends no mail"),
        ("CLOCK_MAY_MOVE", "money would be released before its time"),
        ("HTTP_ALLOW_LOCAL", "outgoing requests could reach the inner network"),
        ("FAILPOINTS", "the process would end in the middle of its work"),
    ):
        if s[name]:
            value = s[name] if isinstance(s[name], str) else 1
            yield f"{name}={value} is for a machine of one's own: {why}."
    if any("isolation" in str(database.get("OPTIONS", "")) for database in s["DATABASES"].values()):
        yield "DATABASES: no connection may have an isolation of its own; the guards are made for READ COMMITTED."
    if not s["HTTPS"]:
        yield "HTTPS=0 is for a machine of one's own: log-ins would travel in clear."


def _addresses(s: Mapping[str, Any]) -> Iterator[str]:
    if not s["ALLOWED_HOSTS"]:
        yield "ALLOWED_HOSTS must name the hosts under which the site is reached."
    if any(host == "*" for host in s["ALLOWED_HOSTS"]):
        yield "ALLOWED_HOSTS=* lets anybody poison the links in mails; name the hosts."
    if not s["PUBLIC_URL"].startswith("https://"):
        yield "PUBLIC_URL must be the https address of the site: links in mails begin with it."
    for name in ("DATABASE_URL", "REDIS_URL"):
        if not s[name]:
            yield f"{name} is missing: embedded servers are not for production."
    for name in ("DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL"):
        if str(s["DATA_DIR"]) in s[name]:
            yield f"{name} points at an embedded server, which is not for production."
    for name in ("DATABASE_URL", "MIGRATE_DATABASE_URL"):
        if ":change-me" in s[name]:
            yield f"{name} still has the password of .env.example, which everybody knows."
    if s["DATABASE_URL"] and s["DATABASE_URL"] == s["MIGRATE_DATABASE_URL"]:
        yield "MIGRATE_DATABASE_URL must name another role than DATABASE_URL: the application may not own its tables."
    if not s["MAIL_URL"]:
        yield "MAIL_URL is missing: sign-up sends a code by mail (smtp://user:password@host:587/?tls=1)."
    if s["SANDBOX_URL"] and not s["SANDBOX_SECRET"]:
        yield "SANDBOX_SECRET is missing though SANDBOX_URL is set."


def _is_key(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 32 and len(set(text)) > 4
    except ValueError:
        return False
