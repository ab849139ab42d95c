"""Asking for a second factor in the middle of something, without losing what was typed.

A page that is only read is left for the question and found again by ``next``. A form that was already posted travels
through the question as a signed field in the browser (nothing that somebody typed is kept in the session), and is
posted again afterwards. Files cannot travel: their form says so by asking before it is shown.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from shops import second_factor
from shops.account_forms import FactorForm

SALT = "shops.step_up"
REPLAY_SECONDS = 15 * 60
CSRF_FIELD = "csrfmiddlewaretoken"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Replay:
    """A form that was posted before the question: where to, and its fields in order."""

    path: str
    fields: list[tuple[str, str]]


def ask(request: HttpRequest) -> HttpResponse:
    """The answer that asks for a code and leads back here."""
    if request.method in SAFE_METHODS:
        return leave_for(request, "second_factor_check")
    context = {
        "form": FactorForm(),
        "replay": _sealed(request),
        "has_files": bool(request.FILES),
        "next": came_from(request),
        **second_factor.question(request.user),
    }
    answer = render(request, "otp/check.html", context, status=422 if _by_htmx(request) else 403)
    if _by_htmx(request):  # the question takes the place of the page, not of the panel that was posted
        answer["HX-Retarget"], answer["HX-Reselect"] = "#main", "#main > *"
        answer["HX-Reswap"] = "innerHTML show:window:top"
    return answer


def lead_to_setup(request: HttpRequest) -> HttpResponse:
    """The answer for somebody who has no second factor yet: set one up, then come back."""
    return leave_for(request, "authenticator_setup")


def leave_for(request: HttpRequest, name: str) -> HttpResponse:
    """Go to a page of one's account and come back to this one (or, from a deed, to the page it stands on)."""
    back = request.get_full_path() if _may_come_back(request) else came_from(request)
    url = f"{reverse(name)}?{urlencode({'next': back})}"
    if _by_htmx(request):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def _may_come_back(request: HttpRequest) -> bool:
    return request.method in SAFE_METHODS and not _by_htmx(request)


def safe_next(request: HttpRequest, otherwise: str = "/") -> str:
    """The address to go on to, if it is one of ours."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    return target if _is_ours(request, target) else otherwise


def came_from(request: HttpRequest) -> str:
    """The path of the page from which this request came, if it is one of ours; else the start."""
    said = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not _is_ours(request, said):
        return "/"
    parts = urlsplit(said)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"


def _is_ours(request: HttpRequest, target: str) -> bool:
    return bool(target) and url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def _by_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", None)) and not request.htmx.boosted  # type: ignore[attr-defined]


def _sealed(request: HttpRequest) -> str:
    fields = [(name, value) for name, values in request.POST.lists() if name != CSRF_FIELD for value in values]
    return signing.dumps([request.user.pk, request.get_full_path(), fields], salt=SALT, compress=True)


def opened(request: HttpRequest, sealed: str) -> Replay | None:
    """What ``ask`` sealed for this person within the last quarter of an hour; None otherwise."""
    try:
        person, path, fields = signing.loads(sealed, salt=SALT, max_age=REPLAY_SECONDS)
    except signing.BadSignature:
        return None
    if person != request.user.pk or not _is_ours(request, path):
        return None
    return Replay(path, [(name, value) for name, value in fields])
