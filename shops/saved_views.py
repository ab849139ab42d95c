"""Keeping a list as somebody likes it, and forgetting it again. The list itself checks what is asked of it."""

import datetime as dt
from urllib.parse import parse_qsl, urlencode

from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError, Invalid
from shops.models import SavedView
from shops.scope import scope

#: What a person may keep for one list.
MOST = 30
#: Parts of an address that are a place in the list, not a view of it.
PLACES = {"page"}


class NotYours(DomainError):
    """A view belongs to whoever saved it."""

    code = "not_yours"


def save(*, shop, list_name: str, name: str, query: str, shared: bool, by, at: dt.datetime) -> SavedView:
    """Keep the query of a list under a name; the same name again replaces one's own view."""
    name = " ".join(name.split())[:60]
    if not name:
        raise Invalid(_("Give the view a name."), field="name")
    kept = urlencode([(key, value) for key, value in parse_qsl(query) if key not in PLACES])[:500]
    with scope(shop, by=by):
        mine = SavedView.objects.in_shop(shop).filter(list_name=list_name, saved_by=by)
        if mine.exclude(name=name).count() >= MOST:
            raise Invalid(_("You have %(most)d views of this list. Remove one first.") % {"most": MOST})
        view, _made = SavedView.objects.update_or_create(
            shop=shop,
            list_name=list_name,
            saved_by=by,
            name=name,
            defaults={"query": kept, "shared": shared, "saved_at": at},
        )
    return view


def remove(*, view: SavedView, by) -> None:
    """Forget a view. Only whoever saved it may."""
    with scope(view.shop, by=by):
        if view.saved_by_id != by.pk:
            raise NotYours(_("This view was saved by somebody else; only they can remove it."))
        SavedView.objects.in_shop(view.shop).filter(pk=view.pk).delete()
