"""The seam to the carriers: rate, buy a label, void it, track, hand over with a manifest.

`SandboxCarrier` does all of it over HTTP; a `ManualCarrier` only knows how its numbers look, since the seller buys the
label elsewhere. `carrier(code)` finds one. Deeds carry a key of ours (`label:{package code}`) and may be repeated with
it after `Unreachable`; after `HttpRefused` nothing was done. A real carrier is a further class in `CARRIERS`.
"""

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from orders import number_shapes, sandbox
from seller_center.kernel.errors import DomainError, Invalid


class UnknownCarrier(Invalid):
    code = "unknown_carrier"
    field = "carrier"


class ImplausibleNumber(Invalid):
    """The number cannot be one of this carrier's."""

    code = "implausible_number"
    field = "tracking_number"


class NotOffered(DomainError):
    """The carrier cannot do this from here."""

    code = "not_offered"


@dataclass(frozen=True)
class PostalAddress:
    name: str
    line1: str
    line2: str
    city: str
    region: str
    postcode: str
    country: str

    @property
    def lines(self) -> list[str]:
        """As it is written on a parcel."""
        place = " ".join(filter(None, (self.city, self.region, self.postcode)))
        return [line for line in (self.name, self.line1, self.line2, place, self.country) if line]


@dataclass(frozen=True)
class Parcel:
    """`reference` is printed on the label and comes back with every scan (the package's code)."""

    sender: PostalAddress
    recipient: PostalAddress
    weight_grams: int
    reference: str = ""


@dataclass(frozen=True)
class Rate:
    service: str
    name: str
    days_from: int
    days_to: int
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class Label:
    """A label that was bought. `status`: bought, voided, or that of the parcel's last scan."""

    key: str
    reference: str
    tracking_number: str
    service: str
    status: str
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class Scan:
    """`status`: accepted, in_transit, delayed, out_for_delivery, delivered, lost, damaged, undeliverable,
    returned_to_sender. `id` is the same when the same scan comes again, `number` the cursor for polling (both empty in
    `Track`)."""

    tracking_number: str
    reference: str
    status: str
    sentence: str
    place: str
    at: datetime
    id: str = ""
    number: int = 0


@dataclass(frozen=True)
class Track:
    tracking_number: str
    status: str
    scans: list[Scan]


@dataclass(frozen=True)
class Scans:
    scans: list[Scan]
    next: int
    more: bool


@dataclass(frozen=True)
class Manifest:
    key: str
    reference: str
    tracking_numbers: list[str]
    unknown: list[str]
    closed_at: datetime


class Carrier(Protocol):
    code: str
    name: str
    sells_labels: bool

    def check_number(self, number: str) -> str:
        """The number in its normal form; raises `ImplausibleNumber`."""

    def rate(self, parcel: Parcel) -> list[Rate]: ...

    def buy_label(self, *, key: str, parcel: Parcel, service: str) -> Label: ...

    def label(self, key: str) -> Label | None:
        """The label bought by this key, to ask after `Unreachable`."""

    def label_pdf(self, key: str) -> bytes: ...

    def void(self, *, key: str, label_key: str) -> Label: ...

    def hand_over(self, *, key: str, tracking_numbers: list[str]) -> None:
        """The parcels are on their way to the carrier: scans follow within hours."""

    def manifest(self, *, key: str, tracking_numbers: list[str]) -> Manifest:
        """The scan form of the day's parcels; hands them over as well."""

    def track(self, tracking_number: str) -> Track | None: ...

    def scans(self, since: int) -> Scans:
        """All parcels' scans after the cursor, a page at a time."""

    def read_callback(self, body: bytes, headers: Mapping[str, str]) -> Scan:
        """Raises `CallbackRefused`."""


class ManualCarrier:
    """The seller brings the parcel there and types the number; this knows its shape and nothing else."""

    sells_labels = False

    def __init__(self, code: str, name: str) -> None:
        self.code = code
        self.name = name

    def check_number(self, number: str) -> str:
        return _check_number(self, number)

    def rate(self, parcel: Parcel) -> list[Rate]:
        return []

    def buy_label(self, *, key: str, parcel: Parcel, service: str) -> Label:
        raise self._not_offered()

    def label(self, key: str) -> Label | None:
        return None

    def label_pdf(self, key: str) -> bytes:
        raise self._not_offered()

    def void(self, *, key: str, label_key: str) -> Label:
        raise self._not_offered()

    def hand_over(self, *, key: str, tracking_numbers: list[str]) -> None:
        """The seller does it at the counter."""

    def manifest(self, *, key: str, tracking_numbers: list[str]) -> Manifest:
        raise self._not_offered()

    def track(self, tracking_number: str) -> Track | None:
        return None

    def scans(self, since: int) -> Scans:
        return Scans([], since, more=False)

    def read_callback(self, body: bytes, headers: Mapping[str, str]) -> Scan:
        raise sandbox.CallbackRefused

    def _not_offered(self) -> NotOffered:
        return NotOffered(_("Labels of %(carrier)s cannot be bought here; enter the number by hand.") % self._named())

    def _named(self) -> dict[str, str]:
        return {"carrier": self.name}


class SandboxCarrier:
    code = "sandbox"
    name = "Sandbox Carrier"
    sells_labels = True

    def check_number(self, number: str) -> str:
        return _check_number(self, number)

    def rate(self, parcel: Parcel) -> list[Rate]:
        answer = sandbox.post("/carrier/rates", _parcel(parcel), key="rates")
        with sandbox.readable():
            return [
                Rate(
                    service=rate["service"],
                    name=rate["name"],
                    days_from=rate["days_from"],
                    days_to=rate["days_to"],
                    amount_minor=rate["amount_minor"],
                    currency=rate["currency"],
                )
                for rate in answer["rates"]
            ]

    def buy_label(self, *, key: str, parcel: Parcel, service: str) -> Label:
        body = _parcel(parcel) | {"service": service, "reference": parcel.reference}
        return _label(sandbox.post("/carrier/labels", body, key=key))

    def label(self, key: str) -> Label | None:
        found = sandbox.find(f"/carrier/labels/{sandbox.segment(key)}")
        return _label(found) if found else None

    def label_pdf(self, key: str) -> bytes:
        answer = sandbox.get(f"/carrier/labels/{sandbox.segment(key)}/document")
        with sandbox.readable():
            return base64.b64decode(answer["content"], validate=True)

    def void(self, *, key: str, label_key: str) -> Label:
        return _label(sandbox.post(f"/carrier/labels/{sandbox.segment(label_key)}/void", {}, key=key))

    def hand_over(self, *, key: str, tracking_numbers: list[str]) -> None:
        sandbox.post("/carrier/handover", {"tracking_numbers": tracking_numbers}, key=key)

    def manifest(self, *, key: str, tracking_numbers: list[str]) -> Manifest:
        answer = sandbox.post("/carrier/manifests", {"tracking_numbers": tracking_numbers}, key=key)
        with sandbox.readable():
            return Manifest(
                key=answer["key"],
                reference=answer["id"],
                tracking_numbers=answer["tracking_numbers"],
                unknown=answer["unknown"],
                closed_at=datetime.fromisoformat(answer["closed_at"]),
            )

    def track(self, tracking_number: str) -> Track | None:
        found = sandbox.find(f"/carrier/tracking/{sandbox.segment(tracking_number)}")
        if found is None:
            return None
        with sandbox.readable():
            return Track(found["tracking_number"], found["status"], [_scan(scan) for scan in found["scans"]])

    def scans(self, since: int) -> Scans:
        answer = sandbox.get("/carrier/tracking", since=since)
        with sandbox.readable():
            return Scans([_event(event) for event in answer["events"]], answer["next"], answer["more"])

    def read_callback(self, body: bytes, headers: Mapping[str, str]) -> Scan:
        return _event(sandbox.verified(body, headers))


CARRIERS: dict[str, Carrier] = {
    one.code: one
    for one in (
        SandboxCarrier(),
        ManualCarrier("ups", "UPS"),
        ManualCarrier("usps", "USPS"),
        ManualCarrier("fedex", "FedEx"),
        ManualCarrier("dhl", "DHL"),
        ManualCarrier("royal_mail", "Royal Mail"),
    )
}
CARRIER_CHOICES = [(one.code, one.name) for one in CARRIERS.values()]


def carrier(code: str) -> Carrier:
    """Raises `UnknownCarrier`."""
    try:
        return CARRIERS[code]
    except KeyError:
        raise UnknownCarrier(_("“%(code)s” is not a carrier we know.") % {"code": code}) from None


def _check_number(carrier: Carrier, number: str) -> str:
    number = number_shapes.normalized(number)
    if not number_shapes.is_plausible(carrier.code, number):
        raise ImplausibleNumber(
            _("“%(number)s” is not a tracking number of %(carrier)s.") % {"number": number, "carrier": carrier.name}
        )
    return number


def _parcel(parcel: Parcel) -> dict:
    return {"from": asdict(parcel.sender), "to": asdict(parcel.recipient), "weight_grams": parcel.weight_grams}


def _label(answer: dict) -> Label:
    with sandbox.readable():
        return Label(
            key=answer["key"],
            reference=answer["id"],
            tracking_number=answer["tracking_number"],
            service=answer["service"],
            status=answer["status"],
            amount_minor=answer["amount_minor"],
            currency=answer["currency"],
        )


def _scan(data: dict, *, id: str = "", number: int = 0) -> Scan:
    with sandbox.readable():
        return Scan(
            tracking_number=data["tracking_number"],
            reference=data["reference"],
            status=data["status"],
            sentence=data["sentence"],
            place=data["place"],
            at=datetime.fromisoformat(data["happened_at"]),
            id=id,
            number=number,
        )


def _event(event: dict) -> Scan:
    with sandbox.readable():
        return _scan(event["data"], id=event["id"], number=event["number"])
