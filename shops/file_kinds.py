"""Kinds of private files: which members and which staff may open them. A kind that is not listed opens for nobody."""

import dataclasses

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclasses.dataclass(frozen=True)
class FileKind:
    """``name``: as people read it; ``area``: members who may see it (``owner_only``: owners among them); ``staff``:
    groups of staff."""

    name: str | Promise
    area: str
    staff: tuple[str, ...] = ()
    owner_only: bool = False


KINDS: dict[str, FileKind] = {
    # floor 1: shops
    "document": FileKind(_("Document"), "settings", ("reviewer",), owner_only=True),
    # files of lists that were too long for one answer, by the area of the list
    "export_home": FileKind(_("File of the deadlines"), "home"),
    "export_products": FileKind(_("File of products"), "products"),
    "export_marketing": FileKind(_("File of coupons"), "marketing"),
    "export_orders": FileKind(_("File of orders"), "orders"),
    "export_finance": FileKind(_("File of the money"), "finance"),
    "export_support": FileKind(_("File of tickets and messages"), "support"),
    # floor 2: catalog
    "import": FileKind(_("Imported file"), "products", ("support",)),
    # floor 4: orders
    # floor 5: payouts
    # floor 6: support
}


def member_may_open(membership, kind: str) -> bool:
    """May this member open private files of this kind?"""
    rule = KINDS.get(kind)
    if rule is None or not membership.may(rule.area, "view"):
        return False
    return membership.role.is_owner or not rule.owner_only


def staff_may_open(user, kind: str) -> bool:
    """May this member of staff (whose second factor the door has checked) open private files of this kind?"""
    rule = KINDS.get(kind)
    if rule is None or not user.is_staff or not user.is_active:
        return False
    return user.is_superuser or user.groups.filter(name__in=rule.staff).exists()
