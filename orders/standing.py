"""How an order stands, derived from its packages: the shown status, and whether anything of it is still open."""

from collections import defaultdict
from collections.abc import Iterable

from orders.models import Hold, Order, Package, ReturnRequest
from orders.shown import shown_status


def refresh(orders: Iterable[Order]) -> None:
    """Derive the shown status of these orders again and write it where it changed.

    The orders are locked by the caller and carry their own new status already.
    """
    orders = list(orders)
    packages = defaultdict(list)
    rows = Package.objects.filter(shop_id__in={o.shop_id for o in orders}, order__in=[o.pk for o in orders])
    for order_id, status in rows.order_by("id").values_list("order_id", "status"):
        packages[order_id].append(status)
    changed = defaultdict(list)
    for order in orders:
        shown = shown_status(order.status, packages[order.pk])
        if shown != order.fulfilment_status:
            order.fulfilment_status = shown
            changed[shown].append(order)
    for shown, group in sorted(changed.items()):
        Order.objects.filter(shop_id__in={o.shop_id for o in group}, pk__in=[o.pk for o in group]).update(
            fulfilment_status=shown
        )


def all_delivered(order: Order) -> bool:
    """Has everything that was not cancelled arrived?"""
    statuses = set(Package.objects.of_order(order).exclude(status="cancelled").values_list("status", flat=True))
    return statuses == {"delivered"}


def has_open_case(orders: Iterable[Order]) -> set[int]:
    """The ids of those orders that have an open return or a standing hold."""
    orders = list(orders)
    keys, shops = [order.pk for order in orders], {order.shop_id for order in orders}
    returns = ReturnRequest.objects.filter(shop_id__in=shops, order__in=keys).open_cases()
    holds = Hold.objects.filter(shop_id__in=shops, order__in=keys).standing()
    return {
        *returns.order_by().values_list("order_id", flat=True),
        *holds.order_by().values_list("order_id", flat=True),
    }


#: Holds that are not the seller's doing: the seller's clocks do not run out meanwhile.
BY_MARKETPLACE = (Hold.Kind.STAFF, Hold.Kind.FRAUD, Hold.Kind.CAP)


def held_by_marketplace(orders: Iterable[Order]) -> set[int]:
    """The ids of those orders that the marketplace holds."""
    orders = list(orders)
    rows = Hold.objects.filter(
        shop_id__in={order.shop_id for order in orders},
        order__in=[order.pk for order in orders],
        kind__in=BY_MARKETPLACE,
    )
    return set(rows.standing().order_by().values_list("order_id", flat=True))
