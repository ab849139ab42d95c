"""Keeping a list as somebody likes it, and forgetting it again. The list itself checks what is asked of it."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import F, Func, JSONField, Value
from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError, Invalid
from shops.models import Membership, SavedView
from shops.models.saved_view import MOST_QUERY
from shops.scope import scope

#: What a person may keep for one list.
MOST = 30


class NotYours(DomainError):
    """A view belongs to whoever saved it, and to those who run the shop."""

    code = "not_yours"


def save(*, shop, list_name: str, name: str, query: str, shared: bool, by, at: dt.datetime) -> SavedView:
    """Keep the query of a list under a name; the same name again replaces one's own view."""
    name = " ".join(name.replace("\x00", "").split())[:60]
    if not name:
        raise Invalid(_("Give the view a name."), field="name")
    if len(query) > MOST_QUERY:
        raise Invalid(_("There is too much in this view to keep it. Take a filter away."))
    with scope(shop, by=by):
        mine = SavedView.objects.in_shop(shop).filter(list_name=list_name, saved_by=by)
        if mine.exclude(name=name).count() >= MOST:
            raise Invalid(_("You have %(most)d views of this list. Remove one first.") % {"most": MOST})
        view, _made = SavedView.objects.update_or_create(
            shop=shop,
            list_name=list_name,
            saved_by=by,
            name=name,
            defaults={"query": query, "shared": shared, "saved_at": at},
        )
    return view


def may_remove(view: SavedView, member: Membership) -> bool:
    """Whoever saved it; and what is shared, also those who run the shop (they may change its settings)."""
    return view.saved_by_id == member.user_id or (view.shared and member.may("settings", "edit"))


def remove(*, view: SavedView, member: Membership) -> None:
    """Forget a view."""
    with scope(view.shop, by=member.user):
        if not may_remove(view, member):
            raise NotYours(_("This view was saved by somebody else; only they, or who runs the shop, can remove it."))
        SavedView.objects.in_shop(view.shop).filter(pk=view.pk).delete()


class _Merged(Func):
    """``a || b`` of two JSON objects: two choices at the same moment do not undo each other."""

    template, arg_joiner, output_field = "(%(expressions)s)", " || ", JSONField()


def choose_columns(*, member: Membership, list_name: str, keys: Sequence[str]) -> None:
    """Remember which columns of a list a member wants to see; none: the usual ones again."""
    with scope(member.shop, by=member.user):
        chosen = _Merged(F("list_columns"), Value({list_name: list(keys)}, output_field=JSONField()))
        Membership.objects.in_shop(member.shop).filter(pk=member.pk).update(list_columns=chosen)
