"""The timeline of one thing: what happened to it, as its page tells it."""

from django.db.models import QuerySet

from seller_center.kernel.prepared import prepared
from shops.models import ShopEvent


def newest(shop, subject_kind: str, subject_code: str, most: int) -> list[ShopEvent]:
    """What happened last, newest first, as far as sellers may read it. One query, the people included."""
    return list(_newest(most, shop=shop.pk, kind=subject_kind, code=subject_code))


@prepared
def _newest(most: int, *, shop: int, kind: str, code: str) -> QuerySet[ShopEvent]:
    """Of an event what its sentence is made of, of people what they are called by."""
    rows = ShopEvent.objects.about(shop, kind, code).for_sellers().select_related("by").reverse()
    told = ("kind", "subject_kind", "subject_code", "at", "facts")
    return rows.only(*told, "by__name", "by__email", "by__phone")[:most]
