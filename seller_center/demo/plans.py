"""What will happen to each order of the demo: decided before anything is lived through, by seed alone.

A plan names no key and no code of the database, so that rows in memory (``demo.history``) and the verbs themselves (the
replay in ``tests/demo``) can live through the same one.
"""

import bisect
import dataclasses
import datetime as dt
import itertools
import random
from zoneinfo import ZoneInfo

from orders.intake import Address, Contact
from seller_center.kernel.codes import ALPHABET

DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
#: How long the shop has been trading.
SPAN = 92 * DAY
ZONE = ZoneInfo("America/New_York")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    "Ada Alba Alma Amos Anna Arlo Asa Beth Cara Carl Cleo Cora Dale Dana Dora Earl Edda Elia Ella Elmo Emil Enid "
    "Erin Esme Ezra Faye Finn Flor Gail Gina Glen Gwen Hale Hana Hugo Ida Ilse Ines Iris Ivan Jade Joan Joel Juno "
    "Kara Kira Lara Lena Lino Liv Lois Lola Luca Luz Maia Mara Max Mina Mona Nada Neil Nela Nico Nina Noor Nora "
    "Odin Olga Omar Opal Otis Otto Pam Petra Pia Remy Rhea Rita Rosa Roy Ruth Sam Sena Sol Tara Tess Theo Tova Uma "
    "Vera Vito Wren Yara Yuri Zoe "
)
FAMILY = _words(
    "Abbot Acker Alder Ames Arden Ash Baker Banner Barrow Beck Bell Birch Bower Brand Brook Burr Carder Chase Clay "
    "Colley Cooper Cove Crane Dale Dyer Eaton Elder Fable Farrow Fern Field Finch Fletcher Ford Fowler Frost Gable "
    "Garner Glover Grove Hale Harrow Hart Hay Heath Hill Holt Hooper Ives Joyner Keel Kerr Lake Lane Larch Leaf "
    "Locke Lorimer Marsh Mason Meadow Miller Moss North Oakes Orchard Page Park Penner Piper Plum Pond Potter Quill "
    "Reed Ridge Rowan Sadler Sawyer Shore Slate Stone Summer Tanner Thorn Tiller Turner Vale Wainer Ward Waters "
    "Weaver Webb Weller Wells West Winter Wood Wright Yarrow "
)
CITIES = (
    ("Buffalo", "NY", "14201"),
    ("Albany", "NY", "12207"),
    ("Rochester", "NY", "14604"),
    ("Sacramento", "CA", "95814"),
    ("San Diego", "CA", "92101"),
    ("Fresno", "CA", "93721"),
    ("Austin", "TX", "78701"),
    ("Houston", "TX", "77002"),
    ("Tampa", "FL", "33602"),
    ("Orlando", "FL", "32801"),
    ("Spokane", "WA", "99201"),
    ("Peoria", "IL", "61602"),
    ("Erie", "PA", "16501"),
    ("Dayton", "OH", "45402"),
    ("Savannah", "GA", "31401"),
    ("Durham", "NC", "27701"),
    ("Trenton", "NJ", "08608"),
    ("Lansing", "MI", "48933"),
    ("Portland", "OR", "97204"),
    ("Boise", "ID", "83702"),
)
STREETS = ["Sample Road", "Example Street", "Specimen Lane", "Placeholder Avenue", "Pattern Way", "Model Drive"]
HUBS = ("Syracuse, NY", "Columbus, OH", "Memphis, TN", "Reno, NV", "Harrisburg, PA")
SOURCES = ("search",) * 5 + ("video",) * 4 + ("shop",) * 2 + ("creator",) * 2 + ("ad",) * 2 + ("direct", "external")
#: Of a hundred orders so many come from the shop's own system over the partner API; the others from the checkout.
BY_API = 11
COUPONS = ("RIDE10", "RIDE10", "WELCOME10", "BASKET5")
PRAISE = (
    (5, "Exactly as described, and packed with care."),
    (5, "Better than in the pictures. Thank you!"),
    (5, ""),
    (5, "Arrived two days early. Would buy again."),
    (5, "A present for my sister; she has not put it down since."),
    (4, "Very good, though the box was huge."),
    (4, "Does what it should. The manual is a little short."),
    (5, "Solid work. You feel that somebody rides with it."),
    (4, ""),
    (5, "Three weeks of rain later it still looks new."),
    (5, "Fits where the shop said it would. No tools needed."),
    (5, "I had a question at nine in the evening and an answer at ten."),
    (4, "Good value. I would have paid a little more for a second colour."),
    (5, "My neighbour asked where I got it, which says everything."),
    (5, "Second one of these. The first is on its fourth year."),
    (4, "Nice to the touch; the strap could be two fingers longer."),
    (5, "Quiet, light and where it should be. Recommended."),
    (5, "Wrapped in paper only, and nothing was loose in the box."),
    (4, "Took me an evening to get used to, now I would not be without it."),
    (5, "Does one thing and does it well."),
    (5, "Looks better on the road than on the table."),
    (4, "Sturdy. The packing slip had my old address, the parcel the right one."),
    (5, "Bought for the commute, used on every tour since."),
    (5, "The small details are right: seams, screws, even the bag."),
    (4, "A bit stiff on the first day, perfect on the third."),
    (5, "Exactly the size that the table gives."),
    (5, "Shipped the same afternoon."),
)
BLAME = (
    (3, "Fine, but the colour is darker than in the picture."),
    (3, "Good thing, slow parcel."),
    (2, "Arrived with a scratch."),
    (2, "Smaller than I thought."),
    (1, "The box was open and a part was missing."),
    (3, "All right for the price, no more than that."),
    (3, "The instructions are for another model; I found my way."),
    (2, "A seam opened after two weeks. The shop made it good."),
    (2, "Heavier than it says."),
    (1, "Not what I ordered; the exchange took ten days."),
    (3, "Works, but the click is loud."),
)
REPLIES = (
    "Thank you for telling us. We have written to you.",
    "We are sorry about that, and have sent you a new one today.",
    "Thank you! We have changed the picture so that it shows the colour better.",
)


@dataclasses.dataclass(frozen=True)
class Scan:
    """A scan of the carrier, so long after the package left."""

    after: dt.timedelta
    status: str
    sentence: str
    place: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """One order. ``wanted``: place of the SKU on the shelf → units. ``cancels``: who calls it off, and when.

    ``channel`` and ``external_number``: the checkout of the storefront with the key of its basket, or the partner API with
    the number of the other system, which knows nothing of a visit (no ``source``).
    """

    number: int
    channel: str
    external_number: str
    placed_at: dt.datetime
    wanted: dict[int, int]
    contact: Contact
    address: Address
    source: str
    coupon: str
    cancels: tuple[str, dt.timedelta, str] | None
    ship_after: dt.timedelta
    tracking: str
    scans: tuple[Scan, ...]
    review: tuple[dt.timedelta, int, str] | None
    reply: tuple[dt.timedelta, str] | None


def make(now: dt.datetime, seed: int, *, orders: int, shelf: int, favourites: list[float]) -> list[Plan]:
    """The plans of ``orders`` orders over ``SPAN`` up to ``now``, in order of time.

    ``shelf``: how many SKUs there are; ``favourites``: how much each of them is wanted.
    """
    chance = random.Random(seed * 7_919 + 17)  # noqa: S311 (a story, not a secret)
    moments = _moments(now, orders, chance)
    wishes = list(itertools.accumulate(favourites))
    people = [person(number) for number in chance.sample(range(len(GIVEN) * len(FAMILY)), max(orders * 2 // 5, 5))]
    doors = random.Random(seed * 7_919 + 18)  # noqa: S311
    return [
        _through_a_door(_plan(number, at, chance, wishes, shelf, people), doors) for number, at in enumerate(moments, 1)
    ]


def _through_a_door(plan: Plan, chance: random.Random) -> Plan:
    """By which channel the order comes in."""
    if chance.randrange(100) < BY_API:
        return dataclasses.replace(plan, channel="api", external_number=f"DEMO-{1000 + plan.number}", source="")
    return dataclasses.replace(plan, external_number="".join(chance.choices(ALPHABET, k=16)))


def _moments(now: dt.datetime, orders: int, chance: random.Random) -> list[dt.datetime]:
    """When orders come in: more in the evening, at weekends, and from month to month."""
    first = now - SPAN
    hours = [first + HOUR * number for number in range(int(SPAN / HOUR))]
    weights = list(itertools.accumulate(_weight(hour, first) for hour in hours))
    found = []
    for _number in range(orders):
        hour = hours[bisect.bisect(weights, chance.random() * weights[-1])]
        found.append((hour + chance.random() * HOUR).replace(microsecond=0))
    return sorted(found)


def _weight(hour: dt.datetime, first: dt.datetime) -> float:
    there = hour.astimezone(ZONE)
    of_day = (1, 1, 1, 1, 1, 2, 4, 6, 8, 10, 12, 13, 14, 12, 11, 10, 10, 11, 13, 16, 18, 15, 9, 4)[there.hour]
    of_week = (1.0, 0.9, 0.95, 1.0, 1.1, 1.35, 1.45)[there.weekday()]
    return of_day * of_week * (0.7 + 0.6 * ((hour - first) / SPAN))


def person(number: int) -> Contact:
    """One of some nine thousand invented people."""
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number // len(GIVEN)]
    return Contact(f"{given} {family}", f"{given}.{family}@example.org".lower(), f"+1212555{number % 10_000:04d}")


def _plan(number: int, at: dt.datetime, chance: random.Random, wishes: list[float], shelf: int, people: list) -> Plan:
    fate, city = chance.random(), chance.choice(CITIES)
    wanted = {
        bisect.bisect(wishes, chance.random() * wishes[-1]) % shelf: 1 + (chance.random() < 0.15)
        for _line in range(1 + (chance.random() < 0.28) + (chance.random() < 0.08))
    }
    # A third of the people buy again and again, the others once or twice.
    person = people[int(len(people) * chance.random() ** 2)]
    cancels = None
    if fate < 0.022:
        cancels = "buyer", (5 + 50 * chance.random()) * MINUTE, chance.choice(("changed_mind", "ordered_twice"))
    elif fate < 0.032:
        cancels = "seller", (3 + 40 * chance.random()) * HOUR, chance.choice(("out_of_stock", "bad_address"))
    arrives = (1.4 + 3.2 * chance.random()) * DAY
    review = _review(chance)
    unhappy = review is not None and review[1] < 4
    return Plan(
        number=number,
        channel="storefront",
        external_number="",
        placed_at=at,
        wanted=wanted,
        contact=person,
        address=Address(
            line1=f"{chance.randrange(1, 980)} {chance.choice(STREETS)}",
            city=city[0],
            region=city[1],
            postal_code=city[2],
            country="US",
        ),
        source=chance.choice(SOURCES),
        coupon=chance.choice(COUPONS) if chance.random() < 0.24 else "",
        cancels=cancels,
        ship_after=_leaves_after(chance),
        tracking=ups_number(chance.randrange(10**9)),
        scans=(
            Scan(7 * HOUR * (0.6 + chance.random()), "accepted", "Picked up", "Albany, NY"),
            Scan(arrives * 0.5, "in_transit", "Arrived at the sorting centre", chance.choice(HUBS)),
            Scan(arrives * 0.85, "in_transit", "Out for delivery", f"{city[0]}, {city[1]}"),
            Scan(arrives, "delivered", "Delivered", f"{city[0]}, {city[1]}"),
        ),
        review=review,
        reply=((2 + 30 * chance.random()) * HOUR, chance.choice(REPLIES))
        if unhappy and chance.random() < 0.7
        else None,
    )


def _leaves_after(chance: random.Random) -> dt.timedelta:
    """Most leave within two days, some in the last hours, a few too late."""
    lot = chance.random()
    if lot < 0.9:
        return (3 + 43 * chance.random()) * HOUR
    if lot < 0.978:
        return (49 + 22 * chance.random()) * HOUR
    return (74 + 26 * chance.random()) * HOUR


def _review(chance: random.Random) -> tuple[dt.timedelta, int, str] | None:
    if chance.random() > 0.34:
        return None
    stars, words = chance.choice(PRAISE) if chance.random() < 0.945 else chance.choice(BLAME)
    return (3 + 90 * chance.random()) * HOUR, stars, words


def ups_number(serial: int) -> str:
    """A number of UPS' shape with its check digit; the shipper 999AA1 is the one of published samples."""
    body = f"999AA1{serial % 10**9:09d}"
    values = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in body]
    return f"1Z{body}{-sum(value * (1 + place % 2) for place, value in enumerate(values)) % 10}"
