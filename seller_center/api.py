"""The partner API under ``/api/v1/``: the routers of all floors, and how refusals look to a program."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from seller_center.kernel.errors import DomainError
from shops.api_limits import TooOften


class Refusal(Schema):
    """Why not: a word for programs, a sentence for people, and where it lies with what was sent."""

    code: str
    message: str
    field: str = ""
    faults: list[dict[str, str]] = []


REFUSED = {
    "description": "Refused, and nothing was done",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
}


class PartnerApi(NinjaAPI):
    """An API whose description says of every operation how its refusals look."""

    def get_openapi_schema(self, **options: Any) -> Any:
        described = super().get_openapi_schema(**options)
        described["components"]["schemas"]["Refusal"] = Refusal.json_schema()
        for operation in (one for path in described["paths"].values() for one in path.values()):
            operation["responses"]["4XX"] = REFUSED
        return described


#: No documentation page: it would load scripts from elsewhere. The description itself is at ``/api/v1/openapi.json``.
api = PartnerApi(title="Seller Center", version="1", urls_namespace="api", docs_url=None)


def _answer(request: HttpRequest, status: int, code: str, message: Any, **more: Any) -> HttpResponse:
    """The one shape of every refusal."""
    return api.create_response(request, {"code": code, "message": str(message), **more}, status=status)


@api.exception_handler(DomainError)
def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Understood and refused, or wrong: the sentence that a person would read."""
    answer = _answer(request, error.status, error.code or "refused", error.message, field=error.field)
    if isinstance(error, TooOften):
        answer["Retry-After"] = str(error.retry_after)
    return answer


@api.exception_handler(ValidationError)
def malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """The body has another shape than the description says."""
    faults = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors]
    return _answer(request, 422, "malformed", _("The request does not have the right form."), faults=faults)


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What came is no JSON at all."""
    return _answer(request, error.status_code, "malformed", _("The request cannot be read."))


@api.exception_handler(AuthenticationError)
def unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """No key, a wrong one, or a revoked one: all the same."""
    response = _answer(request, 401, "no_key", _("Send a valid API key: Authorization: Bearer sc_…"))
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(PermissionDenied)
def forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    """A valid key that may not do this."""
    return _answer(request, 403, "not_allowed", str(error) or _("This key may not do that."))


@api.exception_handler(Http404)
@api.exception_handler(ObjectDoesNotExist)
def missing(request: HttpRequest, error: Exception) -> HttpResponse:
    """Nothing of this shop has that number."""
    return _answer(request, 404, "not_found", _("There is nothing with this number in your shop."))


for floor in settings.FLOORS:
    if find_spec(f"{floor}.api") is not None:
        api.add_router("", import_module(f"{floor}.api").router)


def urls() -> list[URLPattern]:
    """The addresses, open to the log-in wall: the API asks for keys, not for sessions."""
    patterns, _app, _namespace = api.urls
    for pattern in patterns:
        pattern.callback = login_not_required(pattern.callback)
    return patterns
