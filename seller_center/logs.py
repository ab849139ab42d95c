"""How the program speaks: structlog, as text on a machine of one's own and as JSON lines in production (UTC)."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

FLOORS = ("shops", "catalog", "marketing", "orders", "payouts", "support", "analytics", "storefront")


def logging_config(level: str, form: str, *, quiet: bool) -> dict[str, Any]:
    """Django's LOGGING; `form` is `text` or `json`. Sets structlog up as well.

    `quiet`: no line per request and per task, as on the screen of `make run`.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    last = structlog.dev.ConsoleRenderer(colors=False) if form == "text" else structlog.processors.JSONRenderer()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    last,
                ],
                "foreign_pre_chain": shared,
            }
        },
        "filters": {"refusals": {"()": lambda: refusal_in_one_line}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]}},
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {
            **{name: _logger(level) for name in ("django", "seller_center", *FLOORS)},
            **{name: _logger("WARNING" if quiet else level) for name in ("django_structlog", "celery")},
        },
    }


def refusal_in_one_line(record: logging.LogRecord) -> bool:
    """A 403 is an answer, no fault: its line names the page, and no traceback follows. Every record passes."""
    if getattr(record, "status_code", None) == HTTPStatus.FORBIDDEN:
        record.exc_info = None
    return True


def _logger(level: str) -> dict[str, Any]:
    return {"handlers": ["console"], "level": level, "propagate": False}


def bind_address(get_response: Callable[["HttpRequest"], "HttpResponse"]) -> Callable[["HttpRequest"], "HttpResponse"]:
    """Middleware: the log of a request names the address that our proxies saw, not one that the client writes of itself."""

    def middleware(request: "HttpRequest") -> "HttpResponse":
        structlog.contextvars.bind_contextvars(ip=_address(request))
        return get_response(request)

    return middleware


def _address(request: "HttpRequest") -> str | None:
    """Where a request comes from; None where nothing says so, as behind a socket."""
    from allauth.account.adapter import get_adapter
    from django.core.exceptions import PermissionDenied

    try:
        return get_adapter().get_client_ip(request)
    except PermissionDenied:
        return None
