"""Calling an order off: by the buyer while it is free, by the seller per line and quantity, by time.

What is cancelled gives back its units, its money and, when the whole order goes, its coupon. Units that have left the
house cannot be cancelled; they come back as a return. Everything is written for many orders at once, so that a sweep
takes its locks in one order: orders, clocks, buyers, coupons, stock (DEC4, docs/mechanisms/orders.md).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from catalog import stock
from catalog.models import Reservation
from marketing import redemption
from marketing.models import Redemption
from orders import refunds, standing
from orders.models import Buyer, Order, OrderLine, Package, PackageLine, Payment
from orders.reasons import CANCELLING, words
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.locking import lock_row
from seller_center.kernel.text import counted
from shops import deadlines, events
from shops.models import Deadline, Shop
from shops.scope import scope


class NotCancellable(DomainError):
    """The order, or that much of it, cannot be cancelled any more."""

    code = "not_cancellable"


# -- by people --------------------------------------------------------------------------------------------------------


def cancel_by_buyer(*, order: Order, reason: str, at: dt.datetime, by=None) -> Order:
    """The buyer changes their mind: free until the hour after the payment is over, then no longer."""
    _check_reason(reason, "buyer")
    with scope(order.shop, by=by):
        order = lock_row(Order.objects.in_shop(order.shop).filter(pk=order.pk))
        if order.status == Order.Status.UNPAID:
            end_unpaid([order], reason=reason, at=at)
        elif order.status == Order.Status.COOLING_OFF:
            _end_paid(order, reason, at, by)
        else:
            raise NotCancellable(
                _("The time in which an order can be cancelled freely is over. Ask the shop, or return it later.")
            )
    return order


def cancel(
    *,
    order: Order,
    reason: str,
    by,
    at: dt.datetime,
    units: Mapping[int, int] | None = None,
    who: str = "seller",
) -> Order:
    """The seller (or staff) cancels units of lines (line id → quantity), or everything that has not left the house.

    The reason says whose fault it is. Paid money goes back with its part of shipping and tax. ``NotCancellable`` for
    units that have left, or an order that has ended.
    """
    _check_reason(reason, who)
    with scope(order.shop, by=by):
        order = lock_row(Order.objects.in_shop(order.shop).filter(pk=order.pk))
        if order.ended:
            raise NotCancellable(_("The order has ended; nothing of it can be cancelled."))
        if order.status == Order.Status.UNPAID:
            end_unpaid([order], reason=reason, at=at)
            return order
        in_house = units_in_house(order)
        wanted = {line: quantity for line, quantity in (units or in_house).items() if quantity}
        if not wanted:
            raise NotCancellable(_("Everything has left the house; what comes back is a return."))
        _check_units(order, wanted, in_house)
        if all(line.live_quantity == wanted.get(line.pk, 0) for line in OrderLine.objects.of_order(order)):
            _end_paid(order, reason, at, by)
        else:
            _release(_end_units(order, wanted, reason, at, by), by, at, reason)
    return order


def units_in_house(order: Order) -> dict[int, int]:
    """Line id → units that have not left the house."""
    if order.status == Order.Status.COOLING_OFF or order.status == Order.Status.UNPAID:
        return {line.pk: line.live_quantity for line in OrderLine.objects.of_order(order)}
    rows = PackageLine.objects.in_shop(order.shop).filter(
        package__order=order, package__status=Package.Status.AWAITING_SHIPMENT
    )
    units: dict[int, int] = defaultdict(int)
    for line_id, quantity in rows.order_by("id").values_list("line_id", "quantity"):
        units[line_id] += quantity
    return dict(units)


def _check_reason(reason: str, who: str) -> None:
    if reason not in CANCELLING or who not in CANCELLING[reason].given_by:
        raise Invalid(_("Choose a reason."), field="reason")


def _check_units(order: Order, wanted: Mapping[int, int], in_house: Mapping[int, int]) -> None:
    for line_id, quantity in wanted.items():
        left = in_house.get(line_id, 0)
        if quantity < 1 or quantity > left:
            raise NotCancellable(
                _("Of this line, still in the house: %(left)s. %(wanted)s cannot be cancelled.")
                % {"left": counted(left, "units"), "wanted": counted(quantity, "units")},
                field="quantity",
            )


# -- whole orders -----------------------------------------------------------------------------------------------------


def end_unpaid(orders: list[Order], *, reason: str, at: dt.datetime) -> None:
    """Unpaid orders, locked by the caller, come to nothing: units, coupons and clocks are let go."""
    rows = Payment.objects.filter(shop_id__in=_shops(orders), order__in=[order.pk for order in orders])
    rows.filter(status__in=("awaiting", "declined")).update(status=Payment.Status.ABANDONED)
    _end(orders, reason, at, None, refunded={})


def _end_paid(order: Order, reason: str, at: dt.datetime, by) -> None:
    """A paid order of which nothing has left ends: all its money goes back."""
    end_in_house([order], reason=reason, at=at, by=by)


def end_in_house(orders: list[Order], *, reason: str, at: dt.datetime, by=None) -> None:
    """Whatever has not left the house of these paid orders, locked by the caller, is cancelled with refund.

    Orders of which nothing has left end; of the others the rest goes on. All units go back to the stock in one
    statement per shop, so that two sweeps never wait for each other crosswise.
    """
    shipped = _with_something_shipped(orders)
    whole = [order for order in orders if order.pk not in shipped]
    refunded, claims = {}, []
    _mark(whole, reason, at)
    for order in whole:
        lines = OrderLine.objects.of_order(order)
        units = {line.pk: line.refundable_quantity for line in lines if line.refundable_quantity}
        made = refunds.pay_back(order=order, units=units, reason=reason, fault=CANCELLING[reason].fault, by=by, at=at)
        refunded[order.pk] = sum(refund.total_minor for refund in made)
    for order in orders:
        if order.pk in shipped and (units := units_in_house(order)):
            claims += _end_units(order, units, reason, at, by)
    _let_go(whole, reason, at, by, refunded, claims)


def _with_something_shipped(orders: list[Order]) -> set[int]:
    rows = Package.objects.filter(
        shop_id__in=_shops(orders), order__in=[order.pk for order in orders], shipped_at__isnull=False
    )
    return set(rows.order_by().values_list("order_id", flat=True))


def _end(orders: list[Order], reason: str, at: dt.datetime, by, *, refunded: dict[int, int]) -> None:
    _mark(orders, reason, at)
    _let_go(orders, reason, at, by, refunded, [])


def _mark(orders: list[Order], reason: str, at: dt.datetime) -> None:
    """Write that they are cancelled; who locked them knows that they may be."""
    keys, shops, fault = [order.pk for order in orders], _shops(orders), CANCELLING[reason].fault
    changes = {
        "status": Order.Status.CANCELLED,
        "fulfilment_status": Order.Status.CANCELLED,
        "cancelled_at": at,
        "cancel_reason": reason,
        "cancel_fault": fault,
    }
    Order.objects.filter(shop_id__in=shops, pk__in=keys).update(**changes)
    OrderLine.objects.filter(shop_id__in=shops, order__in=keys).update(cancelled_quantity=F("quantity"))
    Package.objects.filter(shop_id__in=shops, order__in=keys, status=Package.Status.AWAITING_SHIPMENT).update(
        status=Package.Status.CANCELLED
    )
    for order in orders:
        for name, value in changes.items():
            setattr(order, name, value)


def _let_go(
    orders: list[Order], reason: str, at: dt.datetime, by, refunded: dict[int, int], claims: list[Reservation]
) -> None:
    """What ended orders held is free again, together with ``claims`` of orders that only lost a part."""
    Deadline.objects.filter(
        shop_id__in=_shops(orders),
        subject_kind="order",
        subject_code__in=[order.code for order in orders],
        ended_at__isnull=True,
    ).update(ended_at=at, ended_as=Deadline.Ended.VOID)
    _forget_buyers(orders)
    _give_coupons_back(orders, at)
    _release([*_claims_of(orders), *claims], by, at, reason)
    events.record_many(
        "order.cancelled",
        by=by,
        at=at,
        shop_ids=[order.shop_id for order in orders],
        subjects=[("order", order.code, _facts(order, reason, refunded)) for order in orders],
    )


def _facts(order: Order, reason: str, refunded: dict[int, int]) -> dict:
    return {
        "reason": reason,
        "reason_words": words(reason),
        "fault": CANCELLING[reason].fault,
        "was_paid": order.paid_at is not None,
        "refunded_minor": refunded.get(order.pk, 0),
        "currency": order.currency,
    }


def _shops(orders: Iterable[Order]) -> set[int]:
    return {order.shop_id for order in orders}


def _give_coupons_back(orders: list[Order], at: dt.datetime) -> None:
    """In the order of the coupons, so that two sweeps and a redemption never wait for each other crosswise."""
    keys = [order.redemption_id for order in orders if order.redemption_id]
    if not keys:
        return
    rows = Redemption.objects.filter(shop_id__in=_shops(orders), pk__in=keys).order_by("coupon_id", "pk")
    for row in rows.select_related("shop"):
        redemption.give_back(shop=row.shop, redemption=row, at=at)


def _claims_of(orders: list[Order]) -> list[Reservation]:
    """What is still set aside for these orders."""
    rows = OrderLine.objects.filter(shop_id__in=_shops(orders), order__in=[order.pk for order in orders])
    lines = rows.filter(reservation__isnull=False, reservation__ended_at__isnull=True)
    return [line.reservation for line in lines.order_by("shop_id", "id").select_related("reservation__shop")]


def _release(claims: list[Reservation], by, at: dt.datetime, why: str) -> None:
    """Give the units back, shop by shop, each shop's in one statement."""
    by_shop: dict[int, list[Reservation]] = defaultdict(list)
    for claim in claims:
        by_shop[claim.shop_id].append(claim)
    for _shop_id, found in sorted(by_shop.items()):
        stock.release(shop=found[0].shop, reservations=found, by=by, at=at, why=why)


def _forget_buyers(orders: list[Order]) -> None:
    """They no longer count among what a buyer has ordered."""
    per_buyer: dict[tuple[int, int], int] = defaultdict(int)
    for order in orders:
        per_buyer[order.shop_id, order.buyer_id] += 1
    for (shop_id, buyer_id), number in sorted(per_buyer.items()):
        Buyer.objects.filter(shop_id=shop_id, pk=buyer_id).update(order_count=Greatest(F("order_count") - number, 0))


# -- a part of an order -----------------------------------------------------------------------------------------------


def _end_units(order: Order, units: Mapping[int, int], reason: str, at: dt.datetime, by) -> list[Reservation]:
    """Units of some lines are cancelled; the rest of the order goes on. Returns what the caller is to release."""
    lines = {line.pk: line for line in OrderLine.objects.of_order(order).select_related("reservation")}
    for line_id, quantity in units.items():
        OrderLine.objects.in_shop(order.shop).filter(pk=line_id).update(
            cancelled_quantity=F("cancelled_quantity") + quantity
        )
    _take_out_of_packages(order, units)
    refunds.pay_back(order=order, units=units, reason=reason, fault=CANCELLING[reason].fault, by=by, at=at)
    standing.refresh([order])
    claims = _split_off(order.shop, lines, units)
    if not Package.objects.of_order(order).awaiting_shipment().exists() and order.status == Order.Status.OPEN:
        deadlines.void(
            shop=order.shop,
            subject_kind="order",
            subject_code=order.code,
            at=at,
            kind=("order.ship_by", "order.auto_cancel"),
        )
    events.record_many(
        "order.partly_cancelled",
        shop=order.shop,
        by=by,
        at=at,
        subjects=[
            (
                "order",
                order.code,
                {
                    "sku_code": lines[line_id].sku_code,
                    "quantity": quantity,
                    "reason": reason,
                    "reason_words": words(reason),
                    "fault": CANCELLING[reason].fault,
                },
            )
            for line_id, quantity in units.items()
        ],
    )
    return claims


def _take_out_of_packages(order: Order, units: Mapping[int, int]) -> None:
    """Take the units out of the packages in the house, the last one first; an empty package is cancelled."""
    rows = PackageLine.objects.in_shop(order.shop).filter(
        package__order=order, package__status=Package.Status.AWAITING_SHIPMENT, line__in=list(units)
    )
    left = dict(units)
    touched = set()
    for row in rows.order_by("-package_id", "-id"):
        taken = min(row.quantity, left[row.line_id])
        if not taken:
            continue
        left[row.line_id] -= taken
        touched.add(row.package_id)
        if taken == row.quantity:
            PackageLine.objects.in_shop(order.shop).filter(pk=row.pk).delete()
        else:
            PackageLine.objects.in_shop(order.shop).filter(pk=row.pk).update(quantity=row.quantity - taken)
    still = set(
        PackageLine.objects.in_shop(order.shop).filter(package__in=touched).values_list("package_id", flat=True)
    )
    Package.objects.in_shop(order.shop).filter(pk__in=touched - still).update(status=Package.Status.CANCELLED)


def _split_off(shop: Shop, lines: Mapping[int, OrderLine], units: Mapping[int, int]) -> list[Reservation]:
    """The reservations of exactly these units."""
    claims = []
    for line_id, quantity in units.items():
        claim = lines[line_id].reservation
        if claim is None or claim.ended:
            continue
        if quantity < claim.quantity:
            claim = stock.split(shop=shop, reservation=claim, quantity=quantity)
        claims.append(claim)
    return claims
