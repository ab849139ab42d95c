"""Twenty random orders of the demo, lived through in memory and by the verbs: the same rows, events, clocks, postings."""

import datetime as dt
import json
import random
import re
from collections import Counter
from typing import Any

import pytest

from analytics.models import HourlyFigure
from catalog import stock
from catalog.models import Product, Reservation, StockItem, StockMovement
from marketing.models import BuyerUse, Coupon, Redemption
from orders import cancellation, fulfilment, intake, tracking
from orders.carriers import Scan
from orders.models import Buyer, Order, OrderLine, Package, PackageLine, Payment, Refund, TrackingEvent
from payouts import settlement
from payouts.models import Account, Earning, EarningLine, Entry, FeeLine, Reversal, Transaction
from seller_center import inbox, reactions
from seller_center.demo import history, plans, shelf
from shops.models import Deadline, EventHandled, Notice, Shop, ShopEvent
from support import reviewing
from support.models import Review
from tests.factories.catalog import make_product
from tests.factories.marketing import make_coupon
from tests.factories.shops import make_member, make_shop, make_user

NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
OPENED = NOW - plans.SPAN - dt.timedelta(days=5)
MODELS = (
    *(Buyer, Order, OrderLine, Payment, Package, PackageLine, TrackingEvent, Refund, Reservation, StockItem),
    *(StockMovement, Coupon, Redemption, BuyerUse, Account, Transaction, Entry, Earning, EarningLine, FeeLine),
    *(Reversal, Deadline, ShopEvent, EventHandled, Notice, Review, HourlyFigure),
)
#: What no two runs have in common: real time, transaction numbers, visits; the places of entries among those of a batch.
MASKED = {"id", "pgh_id", "pgh_created_at", "pgh_obj_id", "created_xid", "visit_code", "visit_count"}
MASKED |= {"position", "balance_after_minor"}


def cast() -> dict[str, Any]:
    return {name: make_user(f"{name}@example.com", name=name.title()) for name in ("owner", "packer")}


def open_shop(code: str, people: dict[str, Any]) -> Shop:
    """A shop with eight products, two coupons and two people."""
    shop = make_shop(code, at=OPENED, tier=Shop.Tier.PREMIUM, name="Twin Shop")
    make_member(shop, "owner", user=people["owner"], at=OPENED)
    make_member(shop, "packing", user=people["packer"], at=OPENED)
    for number in range(8):
        make_product(
            shop, name=f"Thing {number}", code=f"T-{number}", price_minor=990 + number * 1_700, on_hand=200, at=OPENED
        )
    make_coupon(shop, "RIDE10", at=OPENED, least_spend_minor=3_000, per_buyer_limit_count=3)
    make_coupon(shop, "WELCOME10", at=OPENED, funded_by=Coupon.FundedBy.PLATFORM, budget_minor=100_000)
    return shop


def chosen() -> list[plans.Plan]:
    """Twenty of the demo's two thousand: by chance, but with one of everything that is rare."""
    made = plans.make(NOW, 1, orders=2_000, shelf=8, favourites=[1.0] * 8)
    late = dt.timedelta(hours=73)
    rare = [
        next(plan for plan in made if plan.cancels and plan.cancels[0] == "buyer" and plan.coupon == "RIDE10"),
        next(plan for plan in made if plan.cancels and plan.cancels[0] == "seller"),
        next(plan for plan in made if plan.ship_after > late and not plan.cancels),
        next(plan for plan in made if dt.timedelta(hours=67) < plan.ship_after < late and not plan.cancels),
        next(plan for plan in made if plan.reply and not plan.cancels),
        next(plan for plan in made if plan.coupon == "WELCOME10" and len(plan.wanted) > 1 and not plan.cancels),
        next(plan for plan in made if plan.channel == "api" and plan.review and not plan.cancels),
        next(plan for plan in made if plan.channel == "storefront" and plan.review and not plan.cancels),
        made[-1],
    ]
    others = [plan for plan in made if plan not in rare]
    picked = random.Random(20).sample(others, 20 - len(rare))
    return sorted([*rare, *picked], key=lambda plan: plan.placed_at)


def live_by_verbs(shop: Shop, people: dict[str, Any], journal: list[history.Deed]) -> None:
    """The same deeds at the same moments, by the verbs, with the reactions to each."""
    skus, orders = shelf.skus_of(shop), {}
    for at, kind, number, words in journal:
        again = {"shop": shop, "at": at}
        order = Order.objects.in_shop(shop).filter(pk=orders.get(number)).select_related("shop", "buyer").first()
        if kind == "place":
            lines = [intake.WantedLine(skus[place].code, quantity) for place, quantity in words["wanted"].items()]
            named = ("channel", "external_number", "contact", "address", "coupon_code", "source")
            more = {name: words[name] for name in named}
            orders[number] = intake.place_order(lines=lines, sold=True, by=None, **more, **again).pk
        elif kind == "receive":
            stock.receive(sku=skus[words["place"]], quantity=words["quantity"], by=people["packer"], at=at)
        elif kind == "settle":
            settlement.settle(**again)
        elif kind == "sweep":
            inbox.sweep(at)
        else:
            LIVE[kind](order, people, at, words)
        reactions.deliver_all(at)


def _cancel(order, people, at, words) -> None:
    if words["who"] == "buyer":
        cancellation.cancel_by_buyer(order=order, reason=words["reason"], at=at)
    else:
        cancellation.cancel(order=order, reason=words["reason"], by=people["owner"], at=at)


def _ship(order, people, at, words) -> None:
    package = Package.objects.of_order(order).get()
    fulfilment.mark_shipped(package=package, by=people["packer"], at=at, **words)


def _scan(order, people, at, words) -> None:
    scan = Scan(words["tracking"], "", words["status"], words["sentence"], words["place"], at, id=words["id"])
    assert tracking.record_scan(carrier="ups", scan=scan, at=at) == 1


def _review(order, people, at, words) -> None:
    line = OrderLine.objects.of_order(order).select_related("sku", "order", "shop").first()
    reviewing.write(line=line, delivered_at=order.delivered_at, at=at, **words)


def _reply(order, people, at, words) -> None:
    reviewing.reply(review=Review.objects.get(order=order), by=people["owner"], at=at, **words)


LIVE = {"cancel": _cancel, "ship": _ship, "scan": _scan, "review": _review, "reply": _reply}


def left_behind(shop: Shop) -> dict[str, list[str]]:
    """Every row of the shop by table, as text: codes by the order they stand for, keys only as there or not there."""
    names = {order.code: order.external_number for order in Order.objects.in_shop(shop)}
    names |= {row.code: "REVIEW" for row in Review.objects.in_shop(shop)}
    names |= {row.code: row.name for row in Product.objects.in_shop(shop)}
    names[shop.code] = "SHOP"
    found = {}
    for model in MODELS:
        for one in filter(None, (model, getattr(model, "pgh_event_model", None))):
            rows = one.objects.filter(shop_id=shop.pk)
            if one is ShopEvent:
                rows = rows.filter(at__gte=NOW - plans.SPAN)
            if one is HourlyFigure:
                rows = rows.exclude(order_count=0, cancelled_count=0)  # hours in which there were only visits
            if one is EventHandled:
                rows = rows.filter(event__at__gte=NOW - plans.SPAN)
            found[one.__name__] = sorted(_text(row, names) for row in rows)
    return found


def _text(row, names: dict[str, str]) -> str:
    values: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        name, value = field.attname, getattr(row, field.attname)
        if name in MASKED or name == "shop_id" or field.generated:
            continue
        if name == "pgh_context":
            value = (value or {"user": "nobody"})["user"]
        elif name.endswith("_id") and name not in ("by_id", "to_id", "shipped_by_id", "replied_by_id"):
            value = value is not None
        values[name] = value
    text = json.dumps(values, sort_keys=True, default=str)
    for code, word in sorted(names.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(code, word).replace(code.lower(), word)
    return re.sub(r"event[-:]\d+", "event", text)


def differences(one: dict[str, list[str]], other: dict[str, list[str]]) -> list[str]:
    """What only one of them has, each line with its table."""
    found = []
    for table in one:
        mine, theirs = Counter(one[table]), Counter(other[table])
        found += [f"memory {table}: {line}" for line in (mine - theirs).elements()]
        found += [f"verbs  {table}: {line}" for line in (theirs - mine).elements()]
    return found


def test_most_orders_come_by_the_checkout_and_a_share_by_the_api():
    made = plans.make(NOW, 1, orders=2_000, shelf=8, favourites=[1.0] * 8)
    assert made == plans.make(NOW, 1, orders=2_000, shelf=8, favourites=[1.0] * 8)
    by_api = [plan for plan in made if plan.channel == "api"]
    assert {plan.channel for plan in made} == {"api", "storefront"}
    assert 0.08 < len(by_api) / len(made) < 0.14
    assert not any(plan.source for plan in by_api)
    assert all(plan.source for plan in made if plan.channel == "storefront")
    assert len({plan.external_number for plan in made}) == 2_000
    assert {len(plan.external_number) for plan in made if plan.channel == "storefront"} == {16}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_rows_in_memory_are_those_of_the_verbs():
    people = cast()
    memory, verbs = open_shop("MEMO", people), open_shop("VERB", people)
    reactions.deliver_all(OPENED)
    past = history.History(memory, shelf.skus_of(memory), people, NOW, 1)
    past.live(chosen(), paydays=False)
    kinds = {kind for _at, kind, _number, _words in past.journal}
    assert kinds >= {"place", "sweep", "cancel", "ship", "scan", "review", "reply", "settle"}
    live_by_verbs(verbs, people, past.journal)
    one, other = left_behind(memory), left_behind(verbs)
    assert len(one["Order"]) == 20
    found = differences(one, other)
    assert not found, "\n".join([f"{len(found)} rows differ", *found[:12]])
    # The comparison itself: one cent more in one posting, one clock less, and it is seen.
    entry = one["Entry"][0]
    assert differences({**one, "Entry": [entry.replace("amount_minor", "amount"), *one["Entry"][1:]]}, other)
    assert differences({**one, "Deadline": one["Deadline"][1:]}, other)
