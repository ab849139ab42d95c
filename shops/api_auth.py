"""Who calls the partner API: ``Authorization: Bearer sc_<prefix>_<secret>``, asked anew for every request (DEC16).

A route says what its key must be allowed to do: ``@router.get("/orders", auth=ApiKeyAuth("orders:read"))``. The view
then finds ``request.shop`` and ``request.api_key``; rows of other shops do not exist for it.
"""

from typing import Any

import structlog
from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from shops import api_keys, api_limits
from shops.models import ApiKey


class ApiKeyAuth(HttpBearer):
    """Lets a key in that has this scope; no key or a wrong one is 401, one without the scope 403, too often is 429."""

    def __init__(self, scope: str):
        if scope not in api_keys.SCOPES:
            raise ValueError(f"There is no scope {scope!r}.")
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        key = api_keys.find(token)
        if key is None:
            api_limits.count("wrong", get_adapter().get_client_ip(request))
            return None
        api_limits.count("key", key.pk)
        api_limits.count("shop", key.shop_id)
        if self.scope not in key.scopes:
            raise PermissionDenied(_("This key may not do that: it lacks “%(scope)s”.") % {"scope": self.scope})
        if not key.shop.opened:
            raise PermissionDenied(_("This shop is not open."))
        request.shop, request.api_key = key.shop, key  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(api_key=key.pk)  # the log of the request and the history of rows name it
        return key


def scope_of(operation: Any) -> str:
    """The scope that a route asks for, empty if it asks for none (a test of the house refuses such routes)."""
    return next((one.scope for one in operation.auth_callbacks if isinstance(one, ApiKeyAuth)), "")
