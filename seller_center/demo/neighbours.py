"""The other shops of the demo that are open: in every tier, in good standing and in bad, with a little trade."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from catalog.models import Product
from payouts import terms
from seller_center import inbox, reactions
from seller_center.demo import history, people, plans, shelf
from seller_center.demo.goods import Good
from shops import appeals, enforcement
from shops.enforcement import Charge
from shops.models import Membership, Shop, User

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
#: What they sell: kind of thing, name, category, price.
SHELF = (
    ("mug", "Mug of the house", "tableware", 1_890),
    ("lamp", "Lamp for a small table", "furniture", 5_490),
    ("poster", "Print, numbered", "printed-books", 2_990),
    ("basket", "Basket for bread", "storage", 3_490),
    ("bottle", "Bottle of steel", "tableware", 2_290),
    ("backpack", "Day bag", "bags", 6_490),
    ("sock", "Socks, pair", "clothing", 1_290),
    ("kit", "Box of good things", "storage", 4_490),
)


def load(staff: dict[str, User], now: dt.datetime, seed: int, paint: Callable[..., Any]) -> Iterator[str]:
    """Open them one by one, with goods, trade and standing."""
    for number, (shop, standing) in enumerate(people.open_shops(staff, now)):
        owner = Membership.objects.in_shop(shop).select_related("user").order_by("pk").get().user
        goods = [_good(shop, number + place, seed) for place in range(3)]
        at = _opened(shop)
        shelf.fill(shop, owner, at + dt.timedelta(minutes=10), goods, paint)
        days = (now - at).days
        if days > 3:
            _trade(shop, owner, staff, now, seed + number, 6 + 5 * (number % 7))
        inbox.sweep(now)
        reactions.deliver_all(now, rounds=200)
        _judge(shop, owner, standing, staff, now)
        yield f"{shop.name} is open."


def _opened(shop: Shop) -> dt.datetime:
    assert shop.approved_at is not None
    return shop.approved_at


def _good(shop: Shop, number: int, seed: int) -> Good:
    kind, name, category, price = SHELF[number % len(SHELF)]
    hue = (number * 0.29 + seed * 0.07) % 1
    words = f"Made by {shop.name}. Every piece is a little different."
    return Good(f"{name}, {shop.name}", category, price, kind, hue, number % 2 == 0, (), words)


def _trade(shop: Shop, owner: User, staff: dict[str, User], now: dt.datetime, seed: int, orders: int) -> None:
    """A few orders over the time in which the shop has been open."""
    skus = shelf.skus_of(shop)
    made = plans.make(now, seed, orders=orders * 3, shelf=len(skus), favourites=[1.0] * len(skus))
    opened = _opened(shop) + 2 * DAY
    cast = {"owner": owner, "packer": owner, **staff}
    past = history.History(shop, skus, cast, now, seed)
    past.live([plan for plan in made if plan.placed_at > opened][-orders:], paydays=False)


def _judge(shop: Shop, owner: User, standing: str, staff: dict[str, User], now: dt.datetime) -> None:
    """Cases, appeals, reserves and closing, by those who decide about them."""
    product = Product.objects.in_shop(shop).order_by("pk").first()
    assert product is not None
    by = staff["reviewer"]

    def case(kind: str, points: int, days: float):
        reason = "The listing shows something else than what buyers receive."
        charge = Charge(kind, reason, "product", product.code, points)
        return enforcement.open_case(shop=shop, charge=charge, by=by, at=now - days * DAY)

    if standing == "warned":
        case("misleading_listing", 4, 2)
    elif standing == "enforced":
        case("misleading_listing", 8, 12)
    elif standing == "appealing":
        opened = case("misleading_listing", 6, 5)
        words = "The picture was changed the same day; see the history."
        appeals.file(case=opened, text=words, by=owner, at=now - DAY)
    elif standing == "restricted":
        case("counterfeit", 14, 9)
    elif standing == "closed":
        opened = case("counterfeit", 48, 20)
        enforcement.confirm(case=opened, by=staff["admin"], at=now - 19 * DAY)
    elif standing == "reserved":
        reason = "Many returns in a short time."
        until = now + 39 * DAY
        terms.decide(
            shop=shop,
            introductory=False,
            reserve_level=1,
            reserve_until=until,
            reason=reason,
            by=staff["finance1"],
            at=now - 6 * DAY,
        )
    inbox.sweep(now)
    reactions.deliver_all(now)
