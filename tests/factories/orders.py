"""Orders for tests, in every state, through the real verbs."""

import datetime as dt
import itertools
from typing import Any

from django.db import transaction

from catalog.models import Product
from orders import fulfilment, intake, number_shapes, opening, payments, tracking
from orders.carriers import Scan
from orders.models import Order, OrderLine, Package, Payment
from shops.models import Deadline, Shop
from tests.factories.catalog import make_product, sku_of
from tests.factories.shops import AT

_numbers = itertools.count(1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
ADDRESS = intake.Address(line1="1 Main Street", city="Austin", postal_code="73301", country="US", region="TX")
ADDRESSES = {
    "US": ADDRESS,
    "GB": intake.Address(line1="1 High Street", city="Leeds", postal_code="LS1 1AA", country="GB"),
}


def tracking_number() -> str:
    """A fresh number that the sandbox carrier could have given."""
    digits = f"{next(_numbers):012d}"
    return next(
        f"SBX{digits}{check}" for check in range(10) if number_shapes.is_plausible("sandbox", f"SBX{digits}{check}")
    )


def make_order(
    shop: Shop,
    *,
    product: Product | None = None,
    lines: list[tuple[str, int]] | None = None,
    quantity: int = 1,
    at: dt.datetime = AT,
    name: str = "Buyer One",
    email: str = "",
    **more: Any,
) -> Order:
    """An order as a buyer just placed it: unpaid. ``lines`` are (SKU code, units); else one of ``product``."""
    number = next(_numbers)
    if lines is None:
        lines = [(sku_of(product or make_product(shop)).code, quantity)]
    given = {
        "channel": "storefront",
        "external_number": f"basket-{number}",
        "contact": intake.Contact(name, email or f"buyer{number}@example.com"),
        "address": ADDRESSES[shop.market_id],
        "by": None,
        **more,
    }
    return intake.place_order(shop=shop, lines=[intake.WantedLine(*line) for line in lines], at=at, **given)


def pay(order: Order, *, at: dt.datetime | None = None) -> Order:
    """The money arrived (no provider is asked)."""
    payments.capture(order=order, at=at or order.placed_at, provider_ref="test")
    return fresh(order)


def sweep(kind: str, order_or_code: Any, *, at: dt.datetime, verb) -> None:
    """Let the clock of this kind of this subject run out, as the sweep would."""
    code = getattr(order_or_code, "code", order_or_code)
    rows = list(Deadline.objects.filter(kind=kind, subject_code=code, ended_at=None).select_related("shop"))
    with transaction.atomic():
        verb(rows, at=at)


def open_up(order: Order, *, at: dt.datetime | None = None) -> Order:
    """The free hour is over: the order has its package."""
    order = fresh(order)
    sweep("order.cooling_off", order, at=at or order.cooling_off_until, verb=opening.open_orders)
    return fresh(order)


def make_open_order(shop: Shop, *, at: dt.datetime = AT, **more: Any) -> Order:
    """An order that is paid and awaits shipment."""
    return open_up(pay(make_order(shop, at=at, **more), at=at))


def package_of(order: Order) -> Package:
    """The order's first package, as it stands now."""
    return Package.objects.of_order(order).select_related("order", "shop").first()


def ship(order: Order, *, at: dt.datetime | None = None, by=None, number: str = "") -> Package:
    """Everything leaves the house."""
    package = package_of(order)
    fulfilment.mark_shipped(
        package=package,
        carrier="sandbox",
        tracking_number=number or tracking_number(),
        by=by,
        at=at or fresh(order).cooling_off_until + HOUR,
    )
    return package_of(order)


def scan(package: Package, status: str, *, at: dt.datetime, id: str = "", place: str = "Austin") -> int:
    """The carrier tells of a scan."""
    told = Scan(
        tracking_number=package.tracking_number,
        reference=package.code,
        status=status,
        sentence=status.replace("_", " "),
        place=place,
        at=at,
        id=id or f"scan-{next(_numbers)}",
    )
    return tracking.record_scan(carrier=package.carrier or "sandbox", scan=told, at=at)


def deliver(package: Package, *, at: dt.datetime) -> Package:
    """Collected, under way, delivered."""
    scan(package, "accepted", at=at - 2 * DAY)
    scan(package, "in_transit", at=at - DAY)
    scan(package, "delivered", at=at)
    return package_of(package.order)


def make_delivered_order(shop: Shop, *, at: dt.datetime = AT, **more: Any) -> Order:
    """An order that was placed at ``at`` and delivered five days later."""
    order = make_open_order(shop, at=at, **more)
    deliver(ship(order, at=at + 5 * HOUR), at=at + 5 * DAY)
    return fresh(order)


def fresh(order: Order) -> Order:
    """The order as it stands now."""
    return Order.objects.select_related("shop__market", "buyer").get(pk=order.pk)


def line_of(order: Order) -> OrderLine:
    """The order's first line, as it stands now."""
    return OrderLine.objects.of_order(order).select_related("reservation", "sku").first()


def payment_of(order: Order) -> Payment:
    """The order's payment, as it stands now."""
    return Payment.objects.select_related("order").get(order=order)
