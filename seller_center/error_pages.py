"""What is shown when something does not work: one page per status, with the number under which the log knows it.

An error page needs no database, no session and no context processor, so that it cannot fail a second time. No stack, no
exception text, no hint whether a thing exists: the log has all of that.
"""

import sys
from collections.abc import Callable
from urllib.parse import quote

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views.decorators.csrf import requires_csrf_token
from structlog.contextvars import get_contextvars

from seller_center.frame import THEME_COOKIE, THEMES

RETRY_SECONDS = 5
WORDS = {
    400: "The request could not be read.",
    403: "You may not do this.",
    404: "There is nothing here.",
    405: "This address takes no such request.",
    413: "That is too large.",
    429: "Too many requests.",
    500: "Something broke on our side.",
    503: "The site is busy. Try again in a moment.",
}
"""The same for programs."""

CODES = {
    400: "unreadable",
    403: "not_allowed",
    404: "not_found",
    405: "wrong_method",
    413: "too_large",
    429: "too_many_requests",
    500: "broken",
    503: "busy",
}
"""In a word, as the partner API says all its refusals."""


def request_id() -> str:
    """The number under which the log knows this request; empty where none is known."""
    return str(get_contextvars().get("request_id", ""))


def error_page(request: HttpRequest, status: int, **context) -> HttpResponse:
    """The page of a status for people, the same as JSON for programs."""
    if request.path.startswith("/api/"):
        told = {"code": CODES[status], "message": WORDS[status], "request_id": request_id()}
        return JsonResponse(told, status=status)
    theme = request.COOKIES.get(THEME_COOKIE, "")
    frame = {"theme": theme if theme in THEMES else ""}
    body = loader.get_template(f"{status}.html").render({"frame": frame, "request_id": request_id(), **context})
    return HttpResponse(body, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: what came in makes no sense; 413 where there was too much of it."""
    return error_page(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


@requires_csrf_token
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: known, but not allowed."""
    return error_page(request, 403)


@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: not there, or not for this person; the page does not say which. Buyers are led back to where they buy."""
    return error_page(request, 404, store_url=_store_url(request.path))


def _store_url(path: str) -> str:
    """The shop in which a buyer looked for something, or all shops if it is the shop; nothing outside of the storefront."""
    _root, _sign, below = path.partition("/shop/")
    slug, _slash, rest = below.partition("/")
    if _root or not below:
        return ""
    return f"/shop/{quote(slug, safe='')}/" if rest else "/shop/"


def too_many(request: HttpRequest) -> HttpResponse:
    """429: more often than the limits allow (allauth calls this)."""
    return error_page(request, 429)


@requires_csrf_token
def broken(request: HttpRequest) -> HttpResponse:
    """500: our fault; 503 with a time to come back where the database did not answer in time."""
    if _database_is_away(sys.exception()):
        answer = error_page(request, 503)
        answer["Retry-After"] = str(RETRY_SECONDS)
        return answer
    return error_page(request, 500)


def _database_is_away(error: BaseException | None) -> bool:
    """It did not answer, or broke off: in the middle of an answer the driver knows no better name than `DatabaseError`."""
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 after a form whose token is missing or old: usually a page left open over a log-in."""
    return error_page(request, 403, stale_form=True)


def not_allowed_page(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: gives a 405, which Django leaves blank, its page."""

    def middleware(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        if answer.status_code != 405 or answer.streaming or answer.content:
            return answer
        page = error_page(request, 405)
        page["Allow"] = answer.get("Allow", "")
        return page

    return middleware


def refuse_null_letters(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: an address with the letter that PostgreSQL cannot hold names nothing, a question with it is none."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path:
            return error_page(request, 404)
        if "%00" in request.META.get("QUERY_STRING", ""):
            return error_page(request, 400)
        return get_response(request)

    return middleware
