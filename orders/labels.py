"""Labels: asked for, bought from the carrier, asked about again after no answer; never two for one package.

The carrier is called outside of any transaction, under a key of ours: the wish is written down first, its outcome
afterwards. A click after no answer asks for the same label again. A carrier that is down delays labels, never orders.
"""

import datetime as dt

from django.db.models import Sum
from django.utils.translation import gettext as _

from orders import carriers, holds
from orders.carriers import Parcel, PostalAddress
from orders.models import Label, Order, Package, PackageLine
from orders.sandbox import NotConnected
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.failpoints import failpoint
from seller_center.kernel.http import HttpRefused, Unreachable
from seller_center.kernel.locking import lock_row
from seller_center.kernel.transitions import move
from shops import events
from shops.profile import address_of
from shops.scope import scope

#: What a unit weighs whose SKU does not say (grams), and what carriers take at most.
UNKNOWN_WEIGHT = 500
HEAVIEST = 70_000
SERVICES = (("ground", _("Ground")), ("express", _("Express")))


class NoLabelNow(DomainError):
    """A label cannot be bought for this package as things stand."""

    code = "no_label_now"


class CarrierSilent(DomainError):
    """The carrier did not answer. Asking again asks for the same label, never for a second one."""

    code = "carrier_silent"
    status = 503


class CarrierRefused(DomainError):
    """The carrier said no; its sentence is passed on."""

    code = "carrier_refused"


def buy(*, package: Package, carrier: str, service: str, by, at: dt.datetime, weight_grams: int | None = None) -> Label:
    """Buy a label for a package that is still in the house. A repeat gives the label that is there.

    ``NoLabelNow`` for a package that has left, was cancelled or is on hold; ``CarrierRefused``, ``CarrierSilent``.
    """
    found = carriers.carrier(carrier)
    label = _want(package, found, service, weight_grams, by, at)
    if label.status == Label.Status.BOUGHT:
        return label
    failpoint("label.before_carrier")
    try:
        bought = found.buy_label(
            key=label.key, parcel=_parcel(label.package, label.weight_grams), service=label.service
        )
    except (Unreachable, NotConnected) as error:
        _note(label, Label.Status.UNKNOWN, by, at)
        raise CarrierSilent(
            _("%(carrier)s does not answer at the moment. Try again; you will not pay for two labels.")
            % {"carrier": found.name}
        ) from error
    except HttpRefused as refusal:
        sentence = _sentence_of(refusal, found.name)
        _note(label, Label.Status.REFUSED, by, at, refusal=sentence)
        raise CarrierRefused(sentence) from refusal
    failpoint("label.after_carrier")
    return _note(
        label,
        Label.Status.BOUGHT,
        by,
        at,
        tracking_number=bought.tracking_number,
        amount_minor=bought.amount_minor,
        currency=bought.currency,
        carrier_reference=bought.reference[:80],
        bought_at=at,
    )


def _want(package: Package, carrier: carriers.Carrier, service: str, weight_grams: int | None, by, at) -> Label:
    """Write down that a label is wanted; the live one, where there is one already."""
    if not carrier.sells_labels:
        raise Invalid(_("Labels of %(carrier)s cannot be bought here.") % {"carrier": carrier.name}, field="carrier")
    with scope(package.shop, by=by):
        order = lock_row(Order.objects.in_shop(package.shop).filter(pk=package.order_id).select_related("shop"))
        package = Package.objects.in_shop(package.shop).get(pk=package.pk)
        package.order, package.shop = order, order.shop
        earlier = list(Label.objects.of_package(package))
        live = [one for one in earlier if one.status in ("wanted", "unknown", "bought")]
        if live:
            live[0].package = package
            return live[0]
        _refuse_unless_in_house(package, order)
        weight = weight_grams or weight_of(package)
        if not 0 < weight <= HEAVIEST:
            raise Invalid(_("A parcel weighs from 1 g to 70 kg."), field="weight_grams")
        return Label.objects.create(
            shop=package.shop,
            package=package,
            number=len(earlier) + 1,
            carrier=carrier.code,
            service=service,
            weight_grams=weight,
            wanted_at=at,
            wanted_by=by,
        )


def _refuse_unless_in_house(package: Package, order: Order) -> None:
    if order.status != Order.Status.OPEN or not package.in_house:
        raise NoLabelNow(_("A label can be bought while a package awaits shipment; this one does not."))
    holds.refuse_if_held(order)


def weight_of(package: Package) -> int:
    """What the contents weigh, in grams; half a kilogram for a unit that does not say."""
    rows = PackageLine.objects.in_shop(package.shop).filter(package=package).select_related("line__sku")
    return sum(row.quantity * (row.line.sku.weight_grams or UNKNOWN_WEIGHT) for row in rows)


def _parcel(package: Package, weight_grams: int) -> Parcel:
    order, shop = package.order, package.shop
    address = order.address
    return Parcel(
        sender=sender_of(shop),
        recipient=PostalAddress(
            name=order.contact_name,
            line1=address.get("line1", ""),
            line2=address.get("line2", ""),
            city=address.get("city", ""),
            region=address.get("region", ""),
            postcode=address.get("postal_code", ""),
            country=address.get("country", shop.market_id),
        ),
        weight_grams=weight_grams,
        reference=package.code,
    )


#: Where parcels of a shop come from that has told no address of its own (generated markets, for measuring).
ORIGINS = {
    "US": ("100 Market Street", "Columbus", "OH", "43004"),
    "GB": ("1 Market Street", "Leeds", "", "LS1 1AA"),
}


def sender_of(shop) -> PostalAddress:
    """What stands on a label as its origin: the address that the shop applied with."""
    if told := address_of(shop):
        return PostalAddress(
            name=str(shop),
            line1=told.line1,
            line2=told.line2,
            city=told.city,
            region=told.region,
            postcode=told.postal_code,
            country=told.country,
        )
    line1, city, region, postcode = ORIGINS.get(shop.market_id, ORIGINS["US"])
    return PostalAddress(
        name=str(shop), line1=line1, line2="", city=city, region=region, postcode=postcode, country=shop.market_id
    )


def _sentence_of(refusal: HttpRefused, carrier: str) -> str:
    body = refusal.body if isinstance(refusal.body, dict) else {}
    said = str(body.get("sentence") or body.get("message") or "")
    return (said or _("%(carrier)s refused the label.") % {"carrier": carrier})[:300]


def _note(label: Label, status: str, by, at: dt.datetime, **changes) -> Label:
    """Write down how it came out. What another click has found out meanwhile stands."""
    with scope(label.shop, by=by):
        current = lock_row(Label.objects.in_shop(label.shop).filter(pk=label.pk))
        current.package = label.package
        if current.status == status or not Label.MOVES.allows(current.status, status):
            return current
        move(current, status, **changes)
        if status == Label.Status.BOUGHT:
            events.record(
                "label.bought",
                shop=label.shop,
                subject_kind="package",
                subject_code=label.package.code,
                by=by,
                at=at,
                order_code=label.package.order.code,
                carrier=current.carrier,
                tracking_number=current.tracking_number,
                amount_minor=current.amount_minor,
                currency=current.currency,
            )
    return current


def bought_for(package: Package) -> Label | None:
    """The label that is to be put on this package."""
    return Label.objects.of_package(package).filter(status=Label.Status.BOUGHT).first()


def spent_minor(order: Order) -> int:
    """What the labels of an order cost."""
    rows = Label.objects.in_shop(order.shop).filter(package__order=order, status=Label.Status.BOUGHT)
    return rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0
