"""What every answer carries beside Django's own headers: which powers of the browser we never ask for, and who may keep it.

Whatever a logged-in person gets is theirs alone: no cache keeps it, on the way or in the browser, and the back button
after logging out shows nothing. An answer that says something else about caches (pictures, files) is left alone.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PERMISSIONS = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()"
NOT_KEPT = "private, no-store"


def answer_headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, outside of sessions: it asks nothing of the database."""

    def middleware(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        headers = answer.headers
        headers.setdefault("Permissions-Policy", PERMISSIONS)
        if "Cache-Control" not in headers and _is_personal(request, answer):
            headers["Cache-Control"] = NOT_KEPT
        return answer

    return middleware


def _is_personal(request: HttpRequest, answer: HttpResponse) -> bool:
    """Whether the answer was made for one person: a session was looked at or begun, or a cookie is set with it."""
    session = getattr(request, "session", None)
    return bool(answer.cookies) or (session is not None and session.accessed)
