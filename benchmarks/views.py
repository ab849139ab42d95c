"""The floors: what a page costs in this stack before it does anything (performance.md)."""

import functools

from django.http import HttpRequest, HttpResponse
from django.template import engines

from orders.models import Order
from seller_center.seeding.cast import MEASURED_CODE
from shops.models import Shop

PAGE = "<!doctype html><html><head><title>Floor</title></head><body><p>{{ who }}</p></body></html>"
ROWS = (
    "<!doctype html><html><head><title>Floor</title></head><body><p>{{ who }}</p><table>{% for row in rows %}<tr>"
    "<td>{{ row.code }}</td><td>{{ row.contact_name }}</td><td>{{ row.summary }}</td>"
    "<td>{{ row.fulfilment_status }}</td></tr>{% endfor %}</table></body></html>"
)
COLUMNS = ("code", "contact_name", "summary", "fulfilment_status")
_compiled: dict = {}


def _render(source: str, context: dict) -> HttpResponse:
    if source not in _compiled:
        _compiled[source] = engines["django"].from_string(source)
    return HttpResponse(_compiled[source].render(context))


def floor_page(request: HttpRequest) -> HttpResponse:
    """A log-in by session and a tiny template."""
    return _render(PAGE, {"who": request.user.email})


@functools.cache
def _shop() -> int:
    return Shop.objects.get(code=MEASURED_CODE).pk


def floor_list(request: HttpRequest) -> HttpResponse:
    """The same with 25 rows selected and printed plainly: by the shop's key, so that an index gives them in order."""
    rows = Order.objects.filter(shop=_shop()).order_by("-placed_at", "-id").values(*COLUMNS)[:25]
    return _render(ROWS, {"who": request.user.email, "rows": rows})
