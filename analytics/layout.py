"""Arranging Home: which widgets a member has there, and in which order. Nobody else's Home changes with it.

A widget that the member's role does not show is never offered, and keeps its place in case the role grows again.
"""

import datetime as dt
from collections.abc import Callable, Collection

from django.utils.translation import gettext as _

from analytics.models import HomeLayout
from seller_center.kernel.errors import DomainError, Invalid
from shops.scope import scope

#: In which order the widgets stand for somebody who never moved one.
STANDARD = ("sales", "setup", "orders", "due", "messages", "stock", "payouts", "notices", "health", "products")


class NotOnHome(DomainError):
    """A widget was to be moved or removed that is not there (any more)."""

    code = "not_on_home"
    status = 409


def kept(shop, user) -> list[str]:
    """The names of the member's widgets in their order; the standard for somebody who never changed it. One query."""
    found = HomeLayout.objects.in_shop(shop).of(user).values_list("widgets", flat=True).first()
    return list(STANDARD) if found is None else found


def arrange(*, shop, by, at: dt.datetime, offered: Collection[str], order: list[str]) -> list[str]:
    """Take over an order as it was dragged. What was removed meanwhile stays away, what came meanwhile stays."""
    unknown = [name for name in order if name not in offered]
    if unknown or len(set(order)) != len(order):
        raise Invalid(_("This order names a widget that Home does not have. Reload the page and try again."))

    def dragged(names: list[str]) -> list[str]:
        wanted = [name for name in order if name in names]
        turn = iter(wanted)
        return [next(turn) if name in wanted else name for name in names]

    return _change(shop, by, at, dragged)


def move(*, shop, by, at: dt.datetime, offered: Collection[str], name: str, steps: int) -> list[str]:
    """Move a widget by some places among those the member sees; beyond the first or the last is the first or the last."""

    def moved(names: list[str]) -> list[str]:
        seen = [one for one in names if one in offered]
        if name not in seen:
            raise NotOnHome(_("This widget is not on your Home any more."))
        place = min(max(seen.index(name) + steps, 0), len(seen) - 1)
        seen.remove(name)
        seen.insert(place, name)
        turn = iter(seen)
        return [next(turn) if one in offered else one for one in names]

    return _change(shop, by, at, moved)


def add(*, shop, by, at: dt.datetime, offered: Collection[str], name: str, place: int | None = None) -> list[str]:
    """Put a widget onto Home: at the end, or at a place (of those the member sees). Twice is once."""
    if name not in offered:
        raise Invalid(_("There is no such widget for you."))

    def added(names: list[str]) -> list[str]:
        if name in names:
            return names
        seen = [one for one in names if one in offered]
        if place is None or not 0 <= place < len(seen):
            return [*names, name]
        before = names.index(seen[place])
        return [*names[:before], name, *names[before:]]

    return _change(shop, by, at, added)


def remove(*, shop, by, at: dt.datetime, name: str) -> list[str]:
    """Take a widget away."""

    def removed(names: list[str]) -> list[str]:
        if name not in names:
            raise NotOnHome(_("This widget is not on your Home any more."))
        return [one for one in names if one != name]

    return _change(shop, by, at, removed)


def reset(*, shop, by) -> None:
    """Back to the standard, which may grow later."""
    with scope(shop, by=by):
        HomeLayout.objects.in_shop(shop).of(by).delete()


def _change(shop, by, at: dt.datetime, change: Callable[[list[str]], list[str]]) -> list[str]:
    """Read, change and keep under a lock on the row, so that two windows cannot lose each other's move."""
    with scope(shop, by=by):
        HomeLayout.objects.bulk_create(
            [HomeLayout(shop=shop, user=by, widgets=list(STANDARD), changed_at=at)], ignore_conflicts=True
        )
        row = HomeLayout.objects.in_shop(shop).of(by).select_for_update().get()
        row.widgets, row.changed_at = change(row.widgets), at
        row.save(update_fields=["widgets", "changed_at"])
    return row.widgets
