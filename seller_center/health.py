"""What probes ask: `/healthz`, the process answers; `/readyz`, it can work."""

from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse

Answer = Callable[[HttpRequest], HttpResponse]


def answer_probes(get_response: Answer) -> Answer:
    """Middleware before all others: a probe comes to an address, not to a host name, and without https or a session."""
    probes = {"/healthz": healthz, "/readyz": readyz}

    def middleware(request: HttpRequest) -> HttpResponse:
        probe = probes.get(request.path_info)
        if probe is None or request.method not in ("GET", "HEAD"):
            return get_response(request)
        response = probe(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    return middleware


def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: no I/O, so that a database that is down does not get the web processes killed."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Ready for traffic: 200 or 503, with one word per part. The cache is told but not needed."""
    database = _database()
    ready = database == "ok"
    told = {"status": "ready" if ready else "not ready", "database": database, "cache": _cache()}
    return JsonResponse(told, status=200 if ready else 503)


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "unreachable"
    finally:
        connection.close_if_unusable_or_obsolete()
    return "migrations missing" if missing else "ok"


def _cache() -> str:
    try:
        cache.ping()
    except Exception:  # whatever the client raises: the site works without it
        return "unreachable"
    return "ok"
