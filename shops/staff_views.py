"""Staff look at a shop as its seller sees it: read only, with a reason, for a while, and the seller sees a row (DEC24).

The look lives in the session of the member of staff. It gives a membership that is no row: every area to see, none to
change, and never the owner's pages (bank account, papers).
"""

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError, Invalid
from shops import events
from shops.models import AREAS, Membership, Role, Shop
from shops.policy_book import policy_for
from shops.scope import scope

SESSION_KEY = "staff_view"


class NoReason(Invalid):
    """Looking into a shop needs a reason that its owner can read."""


class NothingToSee(DomainError):
    """The shop was never opened: its application stands on the review desk."""


def begin(*, shop: Shop, reason: str, by, at: dt.datetime) -> dict[str, Any]:
    """Write down that ``by`` looks into the shop, and why; returns what the session keeps."""
    reason = reason.strip()
    if not reason:
        raise NoReason(_("Say why; the owner of the shop reads it."), field="reason")
    if not shop.opened or shop.is_platform:
        raise NothingToSee(_("This shop was never opened; there is nothing to see yet."))
    until = at + dt.timedelta(minutes=policy_for(shop, at).security.staff_view_minutes)
    with scope(shop, by=by):
        events.record(
            "shop.viewed_by_staff",
            shop=shop,
            subject_kind="shop",
            subject_code=shop.code,
            by=by,
            at=at,
            reason=reason,
            until=until.isoformat(),
        )
    return {"shop": shop.code, "reason": reason, "until": until.isoformat()}


def of(request: HttpRequest, at: dt.datetime) -> dict[str, Any] | None:
    """The look that this session has open, if its time is not over and the person is still staff."""
    user = request.user
    if not (user.is_authenticated and user.is_staff and user.is_active):
        return None
    held = request.session.get(SESSION_KEY)
    if not held or dt.datetime.fromisoformat(held["until"]) <= at:
        return None
    return held


def membership(request: HttpRequest, shop_code: str, at: dt.datetime) -> Membership | None:
    """What a member of staff who looks into this shop may see; None for everybody else and every other shop."""
    if not getattr(request.user, "is_staff", False):
        return None
    held = of(request, at)
    if held is None or held["shop"] != shop_code.upper():
        return None
    shop = Shop.objects.filter(code=held["shop"], is_platform=False).first()
    if shop is None or not request.user.has_perm("shops.view_as_seller"):
        return None
    role = Role(code="staff_view", name=_("Staff, read only"), areas=dict.fromkeys(AREAS, "view"))
    request.staff_view = {**held, "until_at": dt.datetime.fromisoformat(held["until"])}  # type: ignore[attr-defined]
    return Membership(shop=shop, user=request.user, role=role)
