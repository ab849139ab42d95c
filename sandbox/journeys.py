"""How parcels travel: prices by zone and weight, and the scans a tracking number will get. Pure, decided by the seed.

The same seed and number always give the same journey; only its beginning (the pick-up) comes from outside.
"""

import random
from dataclasses import dataclass

HOUR = 3600
DAY = 24 * HOUR
LOST_AFTER = 15 * DAY
PICKUP_ROUND = DAY
"""A label that was not voided is collected on the round of the next day, if it was not handed over before."""


@dataclass(frozen=True)
class Service:
    code: str
    name: str
    days: tuple[int, int]
    base_minor: int
    per_kg_minor: int
    per_zone_minor: int


SERVICES = {
    "ground": Service("ground", "Sandbox Ground", (2, 5), 420, 85, 35),
    "express": Service("express", "Sandbox Express", (1, 2), 990, 160, 90),
}
CURRENCIES = {"GB": "GBP"}
ABROAD = 9


@dataclass(frozen=True)
class Scan:
    after_seconds: int
    status: str
    sentence: str
    place: str = ""


def _dice(*parts: object) -> random.Random:
    """Dice that fall the same way for the same parts."""
    return random.Random(":".join(str(part) for part in parts))  # noqa: S311 - nothing here is a secret


def zone(origin: dict, destination: dict) -> int:
    """1 (next door) to 8 (across the country), 9 abroad; by the first digit or letter of the postcodes."""
    if origin["country"] != destination["country"]:
        return ABROAD
    apart = abs(ord(origin["postcode"][0].upper()) - ord(destination["postcode"][0].upper()))
    return 1 + min(apart, 7)


def price(service: Service, weight_grams: int, zone: int) -> int:
    """In minor units; each begun kilogram counts."""
    return service.base_minor + service.per_kg_minor * -(-weight_grams // 1000) + service.per_zone_minor * zone


def tracking_number(seed: str, key: str, attempt: int) -> str:
    digits = format(_dice(seed, "number", key, attempt).randrange(10**12), "012")
    return f"SBX{digits}{check_digit(digits)}"


def check_digit(digits: str) -> int:
    """Luhn: every second digit from the right is doubled."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


def mishap(seed: str, number: str, percent: int) -> str:
    """The outcome that the number's seed gives: "" for all but `percent` in a hundred."""
    dice = _dice(seed, "mishap", number)
    if dice.random() * 100 >= percent:
        return ""
    return dice.choice(("delay", "delay", "lost", "damaged", "returned"))


def pickup_delay(seed: str, number: str) -> int:
    """Between hand-over and the first scan."""
    return _dice(seed, "pickup", number).randint(1 * HOUR, 4 * HOUR)


def journey(seed: str, number: str, service: Service, outcome: str) -> list[Scan]:
    """All scans from the pick-up on, with their distance from it."""
    dice = _dice(seed, "journey", number)
    arrives = dice.randint(*service.days) * DAY + dice.randint(-2 * HOUR, 2 * HOUR)
    stops = dice.randint(1, 3)
    centres = [f"Sorting centre {dice.randint(1, 40)}" for _ in range(stops)]
    late = dice.randint(2, 4) * DAY if outcome == "delay" else 0
    scans = [Scan(0, "accepted", "The parcel was accepted by the carrier.", "Origin")]
    last_stop = arrives - 12 * HOUR
    for stop, centre in enumerate(centres, start=1):
        scans.append(Scan(last_stop * stop // stops, "in_transit", "The parcel is on its way.", centre))
    match outcome:
        case "lost":
            return [*scans[:2], Scan(LOST_AFTER, "lost", "The parcel cannot be found.")]
        case "damaged":
            return [*scans, *_way_back("The parcel was damaged under way.", "damaged", last_stop, arrives)]
        case "returned":
            return [*scans, *_way_back("The parcel could not be delivered.", "undeliverable", arrives, arrives)]
        case "delay":
            scans.append(Scan(last_stop + HOUR, "delayed", "The parcel is late.", centres[-1]))
    scans.append(Scan(late + arrives - 6 * HOUR, "out_for_delivery", "The parcel is out for delivery.", "Destination"))
    scans.append(Scan(late + arrives, "delivered", "The parcel was delivered.", "Destination"))
    return scans


def _way_back(sentence: str, status: str, turns_at: int, takes: int) -> list[Scan]:
    return [
        Scan(turns_at + HOUR, status, sentence),
        Scan(turns_at + takes, "returned_to_sender", "The parcel was returned to the sender.", "Origin"),
    ]
