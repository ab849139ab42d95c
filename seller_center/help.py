"""Help of a shop: the tour, the keys, what the numbers mean, and how to ask. The roof knows all of it."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from analytics.definitions import DEFINITIONS
from shops.access import ShopRequest, for_shop

KEYS = (
    (("/",), _("Search everything")),
    (("Ctrl", "K"), _("Search everything, also while writing")),
    (("j",), _("Next row of a list")),
    (("k",), _("Row before")),
    (("x",), _("Pick the row")),
    (("Enter",), _("Open the row")),
    (("Esc",), _("Close a menu or an explanation")),
)

NUMBERS = (
    ("sales", _("Sales")),
    ("net_sales", _("Net sales")),
    ("orders", _("Orders")),
    ("average_order", _("Average order")),
    ("visits", _("Visits")),
    ("conversion", _("Conversion")),
    ("pending_orders", _("Orders to ship")),
    ("due_soon", _("Due soon")),
    ("low_stock", _("Low stock")),
    ("next_payout", _("Next payout")),
    ("sps", _("Shop Performance Score")),
)


@require_safe
@for_shop(area="home", may="view")
def help_page(request: ShopRequest, shop) -> HttpResponse:
    """Everything that explains the house, on one page."""
    context = {
        "shop": shop,
        "keys": KEYS,
        "numbers": [{"label": label, "value": DEFINITIONS[key]} for key, label in NUMBERS],
        "may_ask": request.membership.may("support", "edit"),
    }
    return render(request, "help.html", context)
