"""Recording visits to public pages: one row per visit, no name, no address."""

import datetime as dt
import secrets
from urllib.parse import urlsplit

from django.db import connection
from django.db.models import F
from django.db.models.functions import Coalesce

from analytics import figures
from analytics.models import Visit
from shops.scope import scope

#: Pages opened within this time belong to one visit (the field's usual definition).
VISIT_LENGTH = dt.timedelta(minutes=30)

#: ``utm_medium`` (or ``src``) of a link → source.
MEDIA = {
    "video": Visit.Source.VIDEO,
    "live": Visit.Source.LIVESTREAM,
    "livestream": Visit.Source.LIVESTREAM,
    "cpc": Visit.Source.AD,
    "ad": Visit.Source.AD,
    "paid": Visit.Source.AD,
    "creator": Visit.Source.CREATOR,
    "affiliate": Visit.Source.CREATOR,
    "organic": Visit.Source.SEARCH,
    "search": Visit.Source.SEARCH,
}
SEARCH_ENGINES = ("google.", "bing.", "duckduckgo.", "ecosia.", "yahoo.")


def source_of(*, medium: str, referrer: str, own_host: str) -> str:
    """Where a visit came from: what the link says of itself, else the page that led here."""
    named = MEDIA.get(medium.strip().lower())
    if named:
        return named
    host = urlsplit(referrer).hostname or ""
    if not host:
        return Visit.Source.DIRECT
    if host == own_host:
        return Visit.Source.SHOP
    if any(engine in host for engine in SEARCH_ENGINES):
        return Visit.Source.SEARCH
    return Visit.Source.EXTERNAL


def see_page(*, shop, code: str, source: str, campaign: str, path: str, at: dt.datetime, product=None) -> str:
    """A page was opened. Prolongs the visit ``code`` if it is still one, else begins another; returns its code."""
    if code and _goes_on(shop, code, at):
        return code
    with scope(shop, by=None):
        code = secrets.token_urlsafe(15)
        Visit.objects.create(
            shop=shop,
            code=code,
            source=source,
            campaign=campaign[:60],
            landing=path[:200],
            product=product,
            at=at,
            last_at=at,
        )
        figures.add(shop.pk, at, visit_count=1)
    return code


_ONE_PAGE_MORE = """
UPDATE analytics_visit SET last_at = %(at)s, page_count = page_count + 1
WHERE shop_id = %(shop)s AND code = %(code)s AND last_at > %(since)s
"""


def _goes_on(shop, code: str, at: dt.datetime) -> bool:
    """One page more, if the visit is still one: a single statement, for every page that a buyer opens."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE_PAGE_MORE, {"shop": shop.pk, "code": code, "at": at, "since": at - VISIT_LENGTH})
        return bool(cursor.rowcount)


def reach(*, shop, code: str, at: dt.datetime, step: str, order_code: str = "") -> None:
    """The visit reached a step of the funnel: ``basket``, ``checkout`` or, with an order, ``order``."""
    rows = Visit.objects.in_shop(shop).filter(code=code)
    if step == "order":
        rows.filter(order_code="").update(order_code=order_code)
    else:
        field = {"basket": "basket_at", "checkout": "checkout_at"}[step]
        rows.update(**{field: Coalesce(F(field), at)})
