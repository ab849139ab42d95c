"""The shared cache that a dead Valkey cannot take the site down with (reliability.md E6).

While Valkey does not answer, most of the cache is simply empty: a page is built from the database. Not so the counters
of log-in limits and the marks of spent codes (the keys that begin with one of ``guarded``): they go on in a table of
PostgreSQL, so that nobody gains tries by the outage. After a failure Valkey is left alone for a moment, so that a
black-holed server costs one wait in a while and not one per call.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

#: For how long Valkey is not asked again after it failed.
PAUSE_SECONDS = 2.0
#: Rows of the table at which expired ones are cleared.
ROWS_AT_MOST = 200_000


class SteadyCache(RedisCache):
    """Django's Redis cache with a floor under it; ``OPTIONS`` beside the client's own: ``guard_table``, ``guarded``."""

    down_until = 0.0  # on the class: one failure speaks for all threads of the process

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = dict(params.get("OPTIONS", {}))
        self._guarded = tuple(options.pop("guarded", ()))
        table = options.pop("guard_table", "")
        super().__init__(server, {**params, "OPTIONS": options})
        rest = {name: value for name, value in params.items() if name != "OPTIONS"}
        self._table = DatabaseCache(table, {**rest, "OPTIONS": {"MAX_ENTRIES": ROWS_AT_MOST}}) if table else None

    def ping(self) -> None:
        """Ask Valkey itself; raises what its client raises. For probes."""
        super().get("ping")

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._do(key, "add", (key, value, timeout, version), otherwise=True)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._do(key, "get", (key, default, version), otherwise=default)

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._do(key, "set", (key, value, timeout, version), otherwise=None)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._do(key, "touch", (key, timeout, version), otherwise=False)

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._do(key, "delete", (key, version), otherwise=False)

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._do(key, "has_key", (key, version), otherwise=False)

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        return self._do("", "get_many", (keys, version), otherwise={})

    def set_many(self, data: dict, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> list:
        return self._do("", "set_many", (data, timeout, version), otherwise=[])

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        self._do("", "delete_many", (keys, version), otherwise=None)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """As Django's; a key that is away for the time being counts as one that does not exist."""
        found = self._do(key, "incr", (key, delta, version), otherwise=None)
        if found is None:
            raise ValueError(f"Key '{key}' not found")
        return found

    def _do(self, key: str, name: str, values: tuple, *, otherwise: Any) -> Any:
        if time.monotonic() >= SteadyCache.down_until:
            method: Callable[..., Any] = getattr(super(), name)
            try:
                return method(*values)
            except (RedisError, OSError) as error:
                SteadyCache.down_until = time.monotonic() + PAUSE_SECONDS
                log.warning("The cache does not answer (%s); its keys go without it.", type(error).__name__)
        if self._table is not None and key.startswith(self._guarded or ("\0",)):
            return getattr(self._table, name)(*values)
        return otherwise
