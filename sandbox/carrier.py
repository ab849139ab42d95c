"""The carrier: rates, labels, hand-over, scans.

A label is `bought`, then `voided` or collected; from the pick-up on, the parcel's status is that of its last scan.
Pick-up is a few hours after the hand-over (or the manifest), else on the round of the day after buying.
"""

import base64
import re
from dataclasses import dataclass, field

from sandbox import journeys, scenarios
from sandbox.desk import Call, Done, Route
from sandbox.web import Refused
from sandbox.world import World, iso

ADDRESS_FIELDS = ("name", "line1", "line2", "city", "region", "postcode", "country")
HEAVIEST_GRAMS = 70_000


@dataclass
class Label:
    id: str
    key: str
    tracking_number: str
    service: str
    amount_minor: int
    currency: str
    sender: dict
    recipient: dict
    weight_grams: int
    reference: str
    scenario: tuple[str, ...]
    bought_at: float
    status: str = "bought"
    handed_over: bool = False
    scans: list[dict] = field(default_factory=list)

    def as_json(self) -> dict:
        return {
            "id": self.id,
            "key": self.key,
            "carrier": "sandbox",
            "tracking_number": self.tracking_number,
            "status": self.status,
            "service": self.service,
            "amount_minor": self.amount_minor,
            "currency": self.currency,
            "reference": self.reference,
            "bought_at": iso(self.bought_at),
        }


class Carrier:
    name = "carrier"

    def __init__(self, world: World, *, mishaps: int) -> None:
        self.world = world
        self.mishaps = mishaps
        self.by_key: dict[str, Label] = {}
        self.by_number: dict[str, Label] = {}
        world.add(
            self,
            {
                "label.bought": self._fold_bought,
                "label.voided": self._fold_voided,
                "parcels.handed_over": self._fold_handed_over,
            },
        )

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/carrier/rates", self.rates, keyed=False),
            Route("POST", "/carrier/labels", self.buy),
            Route("GET", "/carrier/labels/{key}", lambda call: self._by_key(call).as_json()),
            Route("GET", "/carrier/labels/{key}/document", self.document),
            Route("POST", "/carrier/labels/{key}/void", self.void),
            Route("POST", "/carrier/handover", self.hand_over),
            Route("POST", "/carrier/manifests", self.manifest),
            Route("GET", "/carrier/tracking/{number}", self.track),
            Route(
                "GET",
                "/carrier/tracking",
                lambda call: self.world.feed(self.name, call.number("since", 0), call.limit()),
            ),
        ]

    # -- deeds

    def rates(self, call: Call) -> dict:
        sender, recipient, weight = self._parcel(call)
        return {"rates": [self._rate(service, sender, recipient, weight) for service in journeys.SERVICES.values()]}

    def _rate(self, service: journeys.Service, sender: dict, recipient: dict, weight: int) -> dict:
        zone = journeys.zone(sender, recipient)
        return {
            "service": service.code,
            "name": service.name,
            "zone": zone,
            "days_from": service.days[0],
            "days_to": service.days[1],
            "amount_minor": journeys.price(service, weight, zone),
            "currency": journeys.CURRENCIES.get(sender["country"], "USD"),
        }

    def buy(self, call: Call) -> Done:
        sender, recipient, weight = self._parcel(call)
        service = journeys.SERVICES.get(call.text("service"))
        if not service:
            raise Refused(422, "unknown_service", "The carrier has no such service.", field="service")
        if call.key in self.by_key:
            raise Refused(422, "key_reused", "There is a label with this key.")
        rate = self._rate(service, sender, recipient, weight)
        number = self._new_number(call.key)
        fact = {
            "kind": "label.bought",
            "id": self.world.new_id("lab", call.key),
            "key": call.key,
            "tracking_number": number,
            "service": service.code,
            "amount_minor": rate["amount_minor"],
            "currency": rate["currency"],
            "sender": sender,
            "recipient": recipient,
            "weight_grams": weight,
            "reference": call.text("reference", required=False),
            "scenario": self._scenario(call, recipient, number),
        }
        return Done(201, lambda: self.by_key[call.key].as_json(), [fact], fact["scenario"])

    def _scenario(self, call: Call, recipient: dict, number: str) -> tuple[str, ...]:
        """Chosen for the key, by the request, by the address (`sandbox lost` as its second line), or by the seed."""
        by_address = recipient["line2"].casefold().removeprefix("sandbox ")
        return (
            self.world.chosen.get((self.name, call.key))
            or scenarios.parse(call.text("scenario", required=False), self.name)
            or ((by_address,) if by_address in scenarios.OUTCOMES[self.name] else ())
            or tuple(filter(None, [journeys.mishap(self.world.seed, number, self.mishaps)]))
        )

    def _new_number(self, key: str) -> str:
        attempt = 0
        while (number := journeys.tracking_number(self.world.seed, key, attempt)) in self.by_number:
            attempt += 1
        return number

    def void(self, call: Call) -> Done:
        label = self._by_key(call)
        if label.status != "bought":
            raise Refused(409, "not_voidable", f"The label cannot be voided; it is {label.status}.")
        return Done(200, label.as_json, [{"kind": "label.voided", "key": label.key}])

    def hand_over(self, call: Call) -> Done:
        taken, unknown = self._sort(call)
        facts = [{"kind": "parcels.handed_over", "tracking_numbers": taken}]
        return Done(200, lambda: {"handed_over": taken, "unknown": unknown}, facts)

    def manifest(self, call: Call) -> Done:
        taken, unknown = self._sort(call)
        manifest = {
            "id": self.world.new_id("man", call.key),
            "key": call.key,
            "tracking_numbers": taken,
            "unknown": unknown,
            "closed_at": iso(self.world.now()),
        }
        return Done(201, lambda: manifest, [{"kind": "parcels.handed_over", "tracking_numbers": taken}])

    # -- questions

    def document(self, call: Call) -> dict:
        from sandbox import label as printer  # the PDF library takes its time; only labels pay for it

        label = self._by_key(call)
        content = printer.draw(
            number=label.tracking_number,
            service=journeys.SERVICES[label.service].name,
            sender=_address_lines(label.sender),
            recipient=_address_lines(label.recipient),
            weight_grams=label.weight_grams,
            note=label.reference,
        )
        return {"media_type": "application/pdf", "content": base64.b64encode(content).decode()}

    def track(self, call: Call) -> dict:
        label = self.by_number.get(call.args["number"].upper())
        if not label:
            raise Refused(404, "no_such_parcel", "The carrier knows no parcel with this number.")
        return {"tracking_number": label.tracking_number, "status": label.status, "scans": label.scans}

    def _by_key(self, call: Call) -> Label:
        label = self.by_key.get(call.args["key"])
        if not label:
            raise Refused(404, "no_such_label", "There is no label with this key.")
        return label

    def _parcel(self, call: Call) -> tuple[dict, dict, int]:
        weight = call.amount("weight_grams")
        if weight > HEAVIEST_GRAMS:
            raise Refused(422, "too_heavy", "The carrier takes parcels up to 70 kg.", field="weight_grams")
        return _address(call, "from"), _address(call, "to"), weight

    def _sort(self, call: Call) -> tuple[list[str], list[str]]:
        """The numbers that name a parcel of ours, and the others."""
        numbers = call.body.get("tracking_numbers")
        if not isinstance(numbers, list) or not all(isinstance(number, str) for number in numbers):
            raise Refused(422, "wrong_field", "“tracking_numbers” must be a list.", field="tracking_numbers")
        known: list[str] = []
        unknown: list[str] = []
        for number in numbers:
            label = self.by_number.get(number)
            (known if label and label.status != "voided" else unknown).append(number)
        return known, unknown

    # -- what the facts mean

    def _fold_bought(self, fact: dict, at: float) -> None:
        fields = {name: value for name, value in fact.items() if name != "kind"}
        label = Label(**fields | {"scenario": tuple(fact["scenario"])}, bought_at=at)
        self.by_key[label.key] = self.by_number[label.tracking_number] = label
        if "no_pickup" not in label.scenario:
            delay = journeys.pickup_delay(self.world.seed, label.tracking_number)
            self._plan_journey(label, at + journeys.PICKUP_ROUND + delay)

    def _fold_voided(self, fact: dict, at: float) -> None:
        label = self.by_key[fact["key"]]
        label.status = "voided"
        self.world.unplan(label.id)

    def _fold_handed_over(self, fact: dict, at: float) -> None:
        for number in fact["tracking_numbers"]:
            label = self.by_number[number]
            if label.handed_over or label.status != "bought":
                continue
            label.handed_over = True
            self.world.unplan(label.id)
            regular = label.bought_at + journeys.PICKUP_ROUND
            delay = journeys.pickup_delay(self.world.seed, number)
            self._plan_journey(label, at + delay if "no_pickup" in label.scenario else min(at, regular) + delay)

    def _plan_journey(self, label: Label, picked_up_at: float) -> None:
        outcome = scenarios.outcome(label.scenario, self.name)
        service = journeys.SERVICES[label.service]
        for step, scan in enumerate(journeys.journey(self.world.seed, label.tracking_number, service, outcome)):
            due_at = picked_up_at + scan.after_seconds
            extra = {"status": scan.status, "sentence": scan.sentence, "place": scan.place}
            self.world.plan(due_at, self.name, "tracking.scan", label.id, step=f"scan-{step}", label=label.key, **extra)

    def happen(self, type: str, subject: str, at: float, extra: dict) -> tuple[dict, tuple[str, ...]]:
        label = self.by_key[extra["label"]]
        label.status = extra["status"]
        scan = {
            "tracking_number": label.tracking_number,
            "reference": label.reference,
            "status": extra["status"],
            "sentence": extra["sentence"],
            "place": extra["place"],
            "happened_at": iso(at),
        }
        label.scans.append(scan)
        return scan, label.scenario


def _address(call: Call, name: str) -> dict:
    given = call.section(name)
    address = {part: str(given.get(part) or "").strip()[:200] for part in ADDRESS_FIELDS}
    if not address["postcode"] or not re.fullmatch("[A-Z]{2}", address["country"]):
        raise Refused(422, "wrong_address", f"The address “{name}” needs a postcode and a country.", field=name)
    return address


def _address_lines(address: dict) -> list[str]:
    town = " ".join(filter(None, (address["city"], address["region"], address["postcode"])))
    return [line for line in (address["name"], address["line1"], address["line2"], town, address["country"]) if line]
