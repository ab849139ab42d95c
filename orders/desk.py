"""What the pages of the order desk show: an order, a package, a return, each read in a fixed handful of queries."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef
from django.db.models.functions import JSONObject

from orders import cancellation, refunds, returns
from orders.carriers import CARRIERS
from orders.labels import UNKNOWN_WEIGHT
from orders.models import (
    Hold,
    Label,
    Order,
    OrderLine,
    Package,
    PackageLine,
    Refund,
    ReturnLine,
    ReturnRequest,
    TrackingEvent,
)
from orders.reasons import RETURNING, words
from orders.returns import ARRIVED
from shops.deadline_kinds import KINDS
from shops.models import Deadline, ShopEvent

#: How much of the timeline a page shows.
MOST_EVENTS = 60


@dataclass
class Sheet:
    """An order with everything its page shows."""

    order: Order
    lines: list[OrderLine]
    packages: list[Package]
    contents: dict[int, list[tuple[OrderLine, int]]]
    refunds: list[Refund]
    returns: list[ReturnRequest]
    deadlines: list[Deadline]
    events: list[ShopEvent]
    returning: dict[int, int] = field(default_factory=dict)

    @property
    def holds(self) -> list[dict[str, Any]]:
        """The standing holds: kind and reason."""
        return self.order.standing_holds  # type: ignore[attr-defined]

    @property
    def captured_minor(self) -> int:
        return self.order.captured_minor or 0  # type: ignore[attr-defined]

    @property
    def refunded_minor(self) -> int:
        return self.order.refunded_minor or 0  # type: ignore[attr-defined]

    @property
    def kept_minor(self) -> int:
        """What of the payment has not gone back."""
        return self.captured_minor - self.refunded_minor

    @cached_property
    def next_package(self) -> Package | None:
        """The package whose shipping is the next deed."""
        if self.order.status != Order.Status.OPEN or self.holds:
            return None
        return next((package for package in self.packages if package.in_house), None)

    @cached_property
    def open_return(self) -> ReturnRequest | None:
        """The return that waits for the seller."""
        return next((one for one in self.returns if one.status in ("requested", "received")), None)

    @cached_property
    def deadline(self) -> Deadline | None:
        """The clock that runs out first, of those that are the seller's."""
        return next((one for one in self.deadlines if one.area == "orders"), None)

    def weight_of(self, package: Package) -> int:
        """What the package weighs, as far as its SKUs say."""
        return sum(quantity * (line.sku.weight_grams or UNKNOWN_WEIGHT) for line, quantity in self.contents[package.pk])

    @cached_property
    def cancellable(self) -> list[tuple[OrderLine, int]]:
        """Lines with the units that can still be cancelled."""
        if self.order.ended:
            return []
        if self.order.status != Order.Status.OPEN:
            return [(line, line.live_quantity) for line in self.lines if line.live_quantity]
        return self._units_in({"awaiting_shipment"})

    @property
    def may_cancel(self) -> bool:
        return bool(self.cancellable)

    @cached_property
    def refundable(self) -> list[tuple[OrderLine, int]]:
        """Lines with the units for which money can go back without a return."""
        found = []
        for line, units in self._units_in(set(ARRIVED)):
            back = max(0, line.refunded_quantity - line.cancelled_quantity)
            left = units - back - self.returning.get(line.pk, 0)
            if left > 0:
                found.append((line, left))
        return found

    @property
    def may_refund(self) -> bool:
        return bool(self.refundable)

    def _units_in(self, states: set[str]) -> list[tuple[OrderLine, int]]:
        units: dict[int, int] = defaultdict(int)
        for package in self.packages:
            if package.status in states:
                for line, quantity in self.contents[package.pk]:
                    units[line.pk] += quantity
        return [(line, units[line.pk]) for line in self.lines if units[line.pk]]


def sheet(shop, code: str) -> Sheet | None:
    """Everything about the order with this code, or None."""
    order = _order(shop, code)
    if order is None:
        return None
    of_order = OrderLine.objects.of_order(order).select_related("sku")
    lines = list(of_order.annotate(product_code=F("sku__product__code")))
    packages = _packages(order)
    contents = _contents(packages, lines)
    made = list(Refund.objects.of_order(order).select_related("line", "by")) if order.refunded_minor else []
    asked = _returns(order) if order.has_returns else []
    codes = [order.code, *(one.code for one in [*packages, *made, *asked])]
    return Sheet(
        order=order,
        lines=lines,
        packages=packages,
        contents=contents,
        refunds=made,
        returns=asked,
        deadlines=_deadlines(shop, codes),
        events=_events(shop, codes),
        returning=_returning(asked),
    )


_ORDER = """
SELECT o.*, b.order_count AS buyer_order_count, p.captured_minor, p.refunded_minor, p.status AS payment_status,
    EXISTS (SELECT 1 FROM orders_returnrequest r WHERE r.shop_id = o.shop_id AND r.order_id = o.id) AS has_returns,
    (SELECT coalesce(json_agg(json_build_object('id', h.id, 'kind', h.kind, 'reason', h.reason) ORDER BY h.id), '[]')
     FROM orders_hold h WHERE h.shop_id = o.shop_id AND h.order_id = o.id AND h.released_at IS NULL) AS standing_holds
FROM orders_order o
JOIN orders_buyer b ON b.shop_id = o.shop_id AND b.id = o.buyer_id
JOIN orders_payment p ON p.shop_id = o.shop_id AND p.order_id = o.id
WHERE o.shop_id = %(shop)s AND o.code = %(code)s
"""


def _order(shop, code: str) -> Order | None:
    """The order with what is known beside it: payment, standing holds, whether there are returns, the buyer's orders.

    By hand, since building this statement anew for every page would cost more than running it.
    """
    order = next(iter(Order.objects.raw(_ORDER, {"shop": shop.pk, "code": code})), None)
    if order is not None:
        order.shop = shop
        for hold in order.standing_holds:
            hold["words"] = Hold.Kind(hold["kind"]).label
    return order


_PACKAGES = """
SELECT k.*,
    (SELECT json_build_array(l.tracking_number, l.carrier) FROM orders_label l
     WHERE l.shop_id = k.shop_id AND l.package_id = k.id AND l.status = 'bought' LIMIT 1) AS label,
    (SELECT coalesce(json_agg(json_build_array(c.line_id, c.quantity) ORDER BY c.line_id), '[]')
     FROM orders_packageline c WHERE c.shop_id = k.shop_id AND c.package_id = k.id) AS contents
FROM orders_package k WHERE k.shop_id = %(shop)s AND k.order_id = %(order)s ORDER BY k.id
"""


def _packages(order: Order) -> list[Package]:
    """The packages, each with its contents (line id and units) and the label that was bought for it."""
    packages = list(Package.objects.raw(_PACKAGES, {"shop": order.shop_id, "order": order.pk}))
    for package in packages:
        package.order, package.shop = order, order.shop
        package.carrier_name = carrier_name(package.carrier)
        package.label_number, package.label_carrier = package.label or ("", "")
    return packages


def carrier_name(code: str) -> str:
    """How a carrier is called; nothing for none."""
    return CARRIERS[code].name if code in CARRIERS else code


def _contents(packages: Iterable[Package], lines: Iterable[OrderLine]) -> dict[int, list[tuple[OrderLine, int]]]:
    """Package id → what is in it."""
    by_id = {line.pk: line for line in lines}
    found: dict[int, list[tuple[OrderLine, int]]] = defaultdict(list)
    for package in packages:
        found[package.pk] = [(by_id[line], units) for line, units in package.contents]  # type: ignore[attr-defined]
    return found


def _returns(order: Order) -> list[ReturnRequest]:
    """The returns of the order with their units, in one query."""
    units = ReturnLine.objects.filter(shop=OuterRef("shop"), return_request=OuterRef("pk")).order_by("line_id")
    facts = JSONObject(line="line_id", quantity="quantity")
    return list(ReturnRequest.objects.of_order(order).annotate(rows=ArraySubquery(units.values(facts=facts))))


def _returning(asked: Iterable[ReturnRequest]) -> dict[int, int]:
    """Line id → units in returns that are open, or were rejected or replaced."""
    units: dict[int, int] = defaultdict(int)
    for one in asked:
        if one.open_case or one.status in ("rejected", "replaced"):
            for row in one.rows:  # type: ignore[attr-defined]
                units[row["line"]] += row["quantity"]
    return units


def _deadlines(shop, codes: list[str]) -> list[Deadline]:
    """The running clocks of these things, soonest first."""
    rows = Deadline.objects.filter(
        shop=shop, subject_kind__in=("order", "package", "return"), subject_code__in=codes
    ).running()
    found = list(rows)
    for one in found:
        one.label = str(KINDS[one.kind].name)
    return found


def _events(shop, codes: list[str]) -> list[ShopEvent]:
    """What happened to these things, newest first."""
    rows = ShopEvent.objects.filter(
        shop=shop, subject_kind__in=("order", "package", "return", "refund"), subject_code__in=codes
    )
    return list(rows.for_sellers().select_related("by").order_by("-at", "-id")[:MOST_EVENTS])


# -- what deeds on an order begin with --------------------------------------------------------------------------------


def cancellable(order: Order) -> list[tuple[OrderLine, int]]:
    """Lines with the units that can still be cancelled."""
    units = cancellation.units_in_house(order) if not order.ended else {}
    return [(line, units[line.pk]) for line in OrderLine.objects.of_order(order) if units.get(line.pk)]


def refundable(order: Order) -> list[tuple[OrderLine, int]]:
    """Lines with the units for which money can go back without a return."""
    units = returns.returnable_units(order)
    return [(line, units[line.pk]) for line in OrderLine.objects.of_order(order) if units[line.pk]]


def plan(order: Order, units: Mapping[int, int], *, with_shipping: bool) -> list[refunds.Planned]:
    """What giving these units' money back would come to."""
    lines = {line.pk: line for line in OrderLine.objects.of_order(order)}
    return refunds.plan(lines, units, with_shipping=with_shipping)


def with_shipping(reason: str) -> bool:
    """Does what was paid for shipping go back as well, for this reason of a return?"""
    return RETURNING[reason].fault != Order.Fault.BUYER


# -- packages ---------------------------------------------------------------------------------------------------------


def package_sheet(package: Package) -> dict[str, Any]:
    """A package with everything its page shows."""
    shop, order = package.shop, package.order
    rows = PackageLine.objects.in_shop(shop).filter(package=package).select_related("line").order_by("line_id")
    label = Label.objects.of_package(package).filter(status=Label.Status.BOUGHT).first()
    package.carrier_name = carrier_name(package.carrier)
    deadlines = _deadlines(shop, [package.code, *([order.code] if package.in_house else [])])
    return {
        "package": package,
        "order": order,
        "contents": [(row.line, row.quantity) for row in rows],
        "label": label,
        "label_carrier_name": carrier_name(label.carrier) if label else "",
        "holds": list(Hold.objects.of_order(order).standing()),
        "scans": list(TrackingEvent.objects.in_shop(shop).filter(package=package).order_by("-at", "-id")[:100]),
        "deadline": next((one for one in deadlines if one.area == "orders"), None),
        "events": _events(shop, [package.code]),
    }


# -- returns ----------------------------------------------------------------------------------------------------------


def return_clocks(shop, codes: list[str]) -> dict[str, Deadline]:
    """The running clock of each of these returns, by code."""
    found: dict[str, Deadline] = {}
    for one in _deadlines(shop, codes) if codes else ():
        if one.area == "orders":
            found.setdefault(one.subject_code, one)
    return found


def return_sheet(found: ReturnRequest, at: dt.datetime) -> dict[str, Any]:
    """A return with everything its page shows."""
    shop = found.shop
    deadlines = _deadlines(shop, [found.code])
    ended = not found.open_case
    found.carrier_name = carrier_name(found.carrier)
    made = list(Refund.objects.in_shop(shop).filter(return_request=found).select_related("line").order_by("id"))
    planned = [] if ended else returns.preview(found)
    return {
        "found": found,
        "order": found.order,
        "lines": list(
            ReturnLine.objects.in_shop(shop)
            .filter(return_request=found)
            .annotate(title=F("line__title"), sku_code=F("line__sku_code"), options_text=F("line__options_text"))
            .order_by("line_id")
        ),
        "reason_words": words(found.reason),
        "refusal_words": words(found.refusal_reason) if found.refusal_reason else "",
        "planned": planned,
        "planned_minor": refunds.total_of(planned),
        "shipping_too": returns.shipping_too(found),
        "needs_two": not ended and returns.needs_second_person(found, at),
        "refunds": made,
        "deadline": next((one for one in deadlines if one.area == "orders"), None),
        "events": _events(shop, [found.code, *(one.code for one in made)]),
    }
