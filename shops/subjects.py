"""Where the things have their page that a case, a ticket or an event is about: one for members, one for staff.

A link is offered only to who may open it; the page behind it asks again.
"""

import dataclasses
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse


@dataclasses.dataclass(frozen=True)
class Place:
    """``area``: whose members may see it; ``page``: the seller's, which takes the number as ``part``; ``records``: the
    staff's list of such things (app and model), which finds one by its number."""

    area: str
    page: str
    part: str = "code"
    records: str = ""


PLACES: dict[str, Place] = {
    # floor 2: catalog
    "product": Place("products", "catalog:product", records="catalog.product"),
    # floor 4: orders
    "order": Place("orders", "orders:order", records="orders.order"),
    "package": Place("orders", "orders:package", records="orders.package"),
    "return": Place("orders", "orders:return", records="orders.returnrequest"),
    # floor 6: support
    "conversation": Place("support", "support:conversation"),
    "ticket": Place("support", "support:ticket", records="support.ticket"),
    # floor 7: analytics
    "eligibility": Place("health", "analytics:review", part="month"),
}


def member_url(membership, shop, kind: str, code: str) -> str:
    """The page of a thing in the shop, for a member who may see its area; nothing for others and for unknown kinds."""
    place = PLACES.get(kind)
    if place is None or not code or not membership.may(place.area, "view"):
        return ""
    try:
        return reverse(place.page, kwargs={"shop": shop.code, place.part: code})
    except NoReverseMatch:  # a number that no address takes
        return ""


def staff_url(user, kind: str, code: str) -> str:
    """Where staff find it among the records, if their group may read those; nothing otherwise."""
    app, _dot, model = PLACES[kind].records.partition(".") if kind in PLACES else ("", "", "")
    if not app or not code or not any(user.has_perm(f"{app}.{may}_{model}") for may in ("view", "change")):
        return ""
    return f"{reverse(f'admin:{app}_{model}_changelist')}?{urlencode({'q': code})}"
