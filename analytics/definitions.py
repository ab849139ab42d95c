"""The one definition of every number, shown on hover and the same on every page and in every export (rulebook §8)."""

from django.utils.translation import gettext_lazy as _

DEFINITIONS = {
    "sales": _(
        "Goods of orders paid in the period, before discounts, without shipping and tax. Cancelled and "
        "refunded amounts are shown beside it, never subtracted silently."
    ),
    "net_sales": _("Sales less discounts, cancelled and refunded goods of the period."),
    "orders": _("Orders paid in the period."),
    "units": _("Pieces in orders paid in the period."),
    "average_order": _("Sales less discounts, divided by orders."),
    "cancelled": _("Goods of paid orders that were cancelled in the period, after discounts."),
    "refunded": _("Goods refunded after delivery in the period."),
    "visits": _("Visits to your public pages; pages opened within half an hour are one visit."),
    "conversion": _("Orders divided by visits."),
    "funnel": _(
        "Visits begun in the period, and how many of them put something into the basket, went to the checkout, and "
        "placed an order that was paid. Each step counts those of the later ones too."
    ),
    "sources": _("Where the visits begun in the period came from, and how many of them led to a paid order."),
    "best_products": _("Goods of orders paid in the period by product, before discounts, without shipping and tax."),
    "cohorts": _(
        "Buyers by the month of their first paid order, and the share of them that paid an order in each month since."
    ),
    "pending_orders": _("Orders with a parcel that you have still to ship, those on hold included."),
    "returns_to_decide": _("Returns whose buyer waits for your decision. Silence approves."),
    "buyers_waiting": _("Conversations whose last word is the buyer's."),
    "due_soon": _("Deadlines that end within the next 24 hours, and those that are over."),
    "low_stock": _(
        "SKUs on sale whose available stock is at or below the limit, or will run out soon at the present pace."
    ),
    "next_payout": _("What the next payday pays if nothing else happens: returns and refunds can change it."),
    "late_dispatch": _(
        "Parcels shipped after their deadline or still unshipped after it, of all parcels due in the window."
    ),
    "seller_cancellations": _("Orders cancelled for a reason on your side, of all orders paid in the window."),
    "returns": _("Returned or refunded orders that were not the buyer's fault, of all orders delivered in the window."),
    "negative_reviews": _("First ratings of one or two stars, of all first ratings in the window."),
    "messages_answered": _("Buyers' messages answered within 24 hours, of all that were due in the window."),
    "after_sales_hours": _("Average hours from a return request to your decision, in the window."),
    "sps": _(
        "The weighted mean of the measured metrics, 0.0 to 5.0. Fewer than 30 delivered orders in 90 days or "
        "fewer than three measured metrics give no score, which is not zero."
    ),
}
