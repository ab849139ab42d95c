"""Kinds of private files: which members and which staff may open them. A kind that is not listed opens for nobody."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class FileKind:
    """``area``: members who may see it (``owner_only``: owners among them); ``staff``: groups of staff."""

    area: str
    staff: tuple[str, ...] = ()
    owner_only: bool = False


KINDS: dict[str, FileKind] = {
    # floor 1: shops
    "document": FileKind("settings", ("reviewer",), owner_only=True),
    # files of lists that were too long for one answer, by the area of the list
    **{f"export_{area}": FileKind(area) for area in ("home", "products", "marketing", "orders", "finance", "support")},
    # floor 2: catalog
    "import": FileKind("products", ("support",)),
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
