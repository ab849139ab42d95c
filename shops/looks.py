"""Who looked at the private files of a shop, when and what for, as its members read it (INV20)."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from shops.events import as_told
from shops.file_kinds import KINDS, member_may_open
from shops.models import Application, FileAccess


def of_shop(shop, membership):
    """Looks at the files that this member may open; for an owner those are all."""
    kinds = [kind for kind in KINDS if member_may_open(membership, kind)]
    return FileAccess.objects.in_shop(shop).filter(file__kind__in=kinds).select_related("by", "file")


def told(shop, looks: Iterable[FileAccess]) -> list[dict[str, Any]]:
    """Each look in words: staff appear as the marketplace, not by name."""
    reviews = set(Application.objects.in_shop(shop).values_list("code", flat=True))
    return [
        {
            "file": look.file.name,
            "kind": KINDS[look.file.kind].name,
            "who": as_told(look.by),
            "at": look.at,
            "what_for": _purpose(look, reviews),
        }
        for look in looks
    ]


def _purpose(look: FileAccess, reviews: set[str]) -> str:
    if look.reason in reviews:
        return _("Review of the application %(code)s") % {"code": look.reason}
    if look.by.is_staff:
        return _("Opened by staff among the records")
    return _("Opened in the shop")
