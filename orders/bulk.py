"""Deeds on many packages at once: what would happen, row by row, and then each by the verb for one.

A row that is refused costs only itself; its sentence stands beside it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from orders import fulfilment, labels
from orders.carriers import CARRIERS
from orders.models import Hold, Label, Order, Package
from seller_center.kernel.errors import DomainError

#: What one click may pick.
MOST = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A package among the picked: can it be shipped, with which number, and if not, why."""

    package: Package
    carrier: str = ""
    tracking_number: str = ""
    refusal: str = ""

    @property
    def needs_number(self) -> bool:
        """Has somebody to type its number?"""
        return not self.refusal and not self.tracking_number


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one package."""

    package_code: str
    order_code: str
    sentence: str
    done: bool


def candidates(shop, order_codes: Sequence[str]) -> list[Candidate]:
    """The packages of these orders that are still in the house, and orders that have none, with the reason."""
    orders = list(Order.objects.in_shop(shop).filter(code__in=order_codes[:MOST]).order_by("placed_at", "id"))
    packages = _in_house(shop, orders)
    held = {hold.order_id: hold for hold in Hold.objects.in_shop(shop).standing().filter(order__in=orders)}
    bought = {
        label.package_id: label
        for label in Label.objects.in_shop(shop).filter(package__order__in=orders, status=Label.Status.BOUGHT)
    }
    found = []
    for order in orders:
        mine = [one for one in packages if one.order_id == order.pk]
        if not mine:
            found.append(Candidate(Package(order=order, code=order.code), refusal=_why_nothing(order)))
        for package in mine:
            hold, label = held.get(order.pk), bought.get(package.pk)
            if hold is not None:
                found.append(Candidate(package, refusal=_("On hold: %(reason)s") % {"reason": hold.reason}))
            elif label is not None:
                found.append(Candidate(package, label.carrier, label.tracking_number))
            else:
                found.append(Candidate(package))
    return found


def _in_house(shop, orders: Sequence[Order]) -> list[Package]:
    rows = Package.objects.in_shop(shop).filter(order__in=orders).awaiting_shipment().order_by("id")
    by_id = {order.pk: order for order in orders}
    packages = list(rows)
    for package in packages:
        package.order, package.shop = by_id[package.order_id], shop
    return packages


def _why_nothing(order: Order) -> str:
    if order.status == Order.Status.UNPAID:
        return _("Not paid yet.")
    if order.status == Order.Status.COOLING_OFF:
        return _("The buyer may still cancel freely.")
    if order.status == Order.Status.CANCELLED:
        return _("Cancelled.")
    return _("Nothing of it is left to ship.")


def ship(shop, numbers: Mapping[str, tuple[str, str]], *, by, at: dt.datetime) -> list[Outcome]:
    """Mark packages as shipped: package code → (carrier, tracking number). Each is a deed of its own."""
    rows = Package.objects.in_shop(shop).filter(code__in=list(numbers)[:MOST]).select_related("order").order_by("id")
    outcomes = []
    for package in rows:
        package.shop = shop
        carrier, number = numbers[package.code]
        try:
            fulfilment.mark_shipped(package=package, carrier=carrier, tracking_number=number, by=by, at=at)
        except DomainError as refusal:
            outcomes.append(Outcome(package.code, package.order.code, str(refusal), done=False))
        else:
            words = {"carrier": CARRIERS[carrier].name, "number": number}
            sentence = _("Shipped with %(carrier)s, number %(number)s.") % words
            outcomes.append(Outcome(package.code, package.order.code, sentence, done=True))
    return outcomes


def buy_labels(shop, order_codes: Sequence[str], *, carrier: str, service: str, by, at: dt.datetime) -> list[Outcome]:
    """Buy labels for whatever of these orders is still in the house. One that has a label keeps it."""
    outcomes = []
    for one in candidates(shop, order_codes):
        package = one.package
        if one.refusal:
            outcomes.append(Outcome(package.code, package.order.code, one.refusal, done=False))
            continue
        try:
            label = labels.buy(package=package, carrier=carrier, service=service, by=by, at=at)
        except DomainError as refusal:
            outcomes.append(Outcome(package.code, package.order.code, str(refusal), done=False))
        else:
            sentence = _("Label %(number)s.") % {"number": label.tracking_number}
            outcomes.append(Outcome(package.code, package.order.code, sentence, done=True))
    return outcomes


def packages_of(shop, order_codes: Sequence[str]) -> list[Package]:
    """The packages of these orders that were not cancelled, for printing, oldest order first."""
    rows = Package.objects.in_shop(shop).filter(order__code__in=list(order_codes)[:MOST])
    rows = rows.exclude(status=Package.Status.CANCELLED).select_related("order").order_by("order__placed_at", "id")
    packages = list(rows)
    for package in packages:
        package.shop = shop
    return packages
