"""Keys for the partner API: shown once, stored as a hash, bound to one shop and a list of scopes."""

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seller_center.kernel.clock import real_now
from seller_center.kernel.codes import new_code
from seller_center.kernel.errors import Invalid
from seller_center.kernel.locking import must_update_one
from shops import events
from shops.models import ApiKey, Shop
from shops.scope import scope

#: What a key may be allowed to do; a key gets nothing that is not in its list.
SCOPES = {
    "orders:read": gettext_lazy("Read orders"),
    "orders:write": gettext_lazy("Push and change orders"),
    "products:read": gettext_lazy("Read products and stock"),
    "products:write": gettext_lazy("Change products and stock"),
    "finance:read": gettext_lazy("Read statements and payouts"),
    "analytics:read": gettext_lazy("Read figures"),
}
MOST_KEYS = 20
#: A key's "last used" is written at most this often.
_USED_EVERY = dt.timedelta(minutes=1)


class WrongScopes(Invalid):
    """A key is allowed at least one thing, and only things that exist."""


class TooManyKeys(Invalid):
    """A shop has a limited number of keys in use."""


def create(*, shop: Shop, name: str, scopes: Sequence[str], by, at: dt.datetime) -> tuple[ApiKey, str]:
    """A new key and its text (``sc_<prefix>_<secret>``), which exists nowhere else from now on."""
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(SCOPES):
        raise WrongScopes(_("Choose what this key may do."), field="scopes")
    name = " ".join(name.split())
    if not name:
        raise Invalid(_("Give the key a name, so that you recognise it later."), field="name")
    secret = secrets.token_urlsafe(32)
    with scope(shop, by=by):
        if ApiKey.objects.filter(shop=shop, revoked_at__isnull=True).count() >= MOST_KEYS:
            raise TooManyKeys(_("You have %(most)d keys in use. Revoke one first.") % {"most": MOST_KEYS})
        key = ApiKey.objects.create(
            shop=shop,
            name=name,
            prefix=new_code(10),
            secret_sha256=_digest(secret),
            scopes=wanted,
            created_by=by,
            created_at=at,
        )
        _record("api_key.created", key, by, at, name=name, scopes=wanted)
    return key, f"sc_{key.prefix}_{secret}"


def revoke(*, key: ApiKey, by, at: dt.datetime) -> ApiKey:
    """End a key, effective with the next request."""
    with scope(key.shop, by=by):
        rows = ApiKey.objects.filter(shop_id=key.shop_id, pk=key.pk, revoked_at__isnull=True)
        must_update_one(rows.update(revoked_at=at), _("This key was revoked already."))
        key.revoked_at = at
        _record("api_key.revoked", key, by, at, name=key.name)
    return key


def find(text: str) -> ApiKey | None:
    """The key in use behind a text, or None. Compared in constant time; ``last_used_at`` is kept by the minute."""
    kind, _first, rest = text.partition("_")
    prefix, _second, secret = rest.partition("_")
    if kind != "sc" or not prefix or not secret:
        return None
    for key in ApiKey.objects.filter(prefix=prefix, revoked_at__isnull=True).select_related("shop").order_by("pk")[:5]:
        if hmac.compare_digest(key.secret_sha256, _digest(secret)):
            _note_use(key)
            return key
    return None


def _note_use(key: ApiKey) -> None:
    real = real_now()
    if key.last_used_at is None or real - key.last_used_at > _USED_EVERY:
        ApiKey.objects.filter(shop_id=key.shop_id, pk=key.pk).update(last_used_at=real)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _record(kind: str, key: ApiKey, by, at: dt.datetime, **facts) -> None:
    events.record(kind, shop=key.shop, subject_kind="api_key", subject_code=key.prefix, by=by, at=at, **facts)
