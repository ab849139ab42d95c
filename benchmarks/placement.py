"""Placing orders: the product's verb beside lean Django, in turns; and one hot SKU for four processes."""

import datetime as dt
import itertools
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator

from django.db import connections, transaction
from django.db.models import F

from benchmarks.figures import ROUNDS, Figure, median, ratio_of
from catalog.models import Reservation, Sku, StockItem
from orders import intake
from orders.models import Buyer, Order, OrderLine, Payment
from seller_center.kernel.clock import real_now
from seller_center.kernel.codes import new_code
from seller_center.seeding.cast import COUPON, MEASURED_CODE
from shops.models import Deadline, Shop, ShopEvent

#: Orders of one process in one round.
ORDERS = 40
ADDRESS = intake.Address(line1="1 Main Street", city="Austin", postal_code="73301", country="US", region="TX")

Place = Callable[[Shop, Sku, str], object]


def place_order(shop: Shop, sku: Sku, number: str, coupon: str = "") -> object:
    """The product's verb, as the checkout calls it."""
    return intake.place_order(
        shop=shop,
        channel="storefront",
        external_number=number,
        lines=[intake.WantedLine(sku.code, 1)],
        contact=intake.Contact("Buyer Bench", f"{number}@example.com"),
        address=ADDRESS,
        coupon_code=coupon,
        at=real_now(),
        by=None,
    )


def with_coupon(shop: Shop, sku: Sku, number: str) -> object:
    return place_order(shop, sku, number, COUPON)


class SoldOut(Exception):
    """The stock does not hold it."""


def lean(shop: Shop, sku: Sku, number: str) -> object:
    """The fewest plain statements: stock by condition, order, line, event, deadline. Only the stock is checked."""
    at = real_now()
    with transaction.atomic():
        _take(shop, sku)
        order = _lean_order(shop, sku, number, at, buyer_id=_any_buyer(shop))
        _lean_rest(shop, sku, order, at, None)
    return order


def lean_all_rows(shop: Shop, sku: Sku, number: str) -> object:
    """The same with every row that the product writes: buyer, claim on the stock and payment too."""
    at = real_now()
    with transaction.atomic():
        _take(shop, sku)
        buyer = Buyer.objects.create(
            shop=shop,
            person_code=number,
            name="Buyer Bench",
            email=f"{number}@example.com",
            order_count=1,
            first_seen_at=at,
        )
        order = _lean_order(shop, sku, number, at, buyer_id=buyer.pk)
        Payment.objects.create(
            shop=shop, order=order, provider="sandbox", currency=order.currency, amount_minor=order.total_minor
        )
        claim = Reservation.objects.create(
            shop=shop,
            item_id=_item(sku),
            sku=sku,
            quantity=1,
            subject_kind="order",
            subject_code=order.code,
            made_at=at,
            until=at + dt.timedelta(minutes=30),
        )
        _lean_rest(shop, sku, order, at, claim.pk)
    return order


_items: dict[int, int] = {}
_buyers: dict[int, int] = {}


def _item(sku: Sku) -> int:
    if sku.pk not in _items:
        _items[sku.pk] = StockItem.objects.get(sku=sku).pk
    return _items[sku.pk]


def _any_buyer(shop: Shop) -> int:
    if shop.pk not in _buyers:
        _buyers[shop.pk] = Buyer.objects.in_shop(shop).order_by("id").first().pk
    return _buyers[shop.pk]


def _take(shop: Shop, sku: Sku) -> None:
    if not StockItem.objects.filter(shop=shop, sku=sku, available__gte=1).update(reserved=F("reserved") + 1):
        raise SoldOut


def _lean_order(shop: Shop, sku: Sku, number: str, at: dt.datetime, *, buyer_id: int) -> Order:
    price = sku.price_minor
    code = f"{shop.code}{new_code(8)}"
    return Order.objects.create(
        shop=shop,
        code=code,
        channel="storefront",
        external_number=number,
        buyer_id=buyer_id,
        currency=shop.currency,
        placed_at=at,
        goods_minor=price,
        total_minor=price,
        contact_name="Buyer Bench",
        contact_email=f"{number}@example.com",
        address=ADDRESS.as_dict(),
        summary=sku.code,
        search_text=f"{code} {number} {sku.code}".upper(),
    )


def _lean_rest(shop: Shop, sku: Sku, order: Order, at: dt.datetime, claim_id: int | None) -> None:
    OrderLine.objects.create(
        shop=shop,
        order=order,
        sku=sku,
        reservation_id=claim_id,
        title=sku.code,
        sku_code=sku.code,
        quantity=1,
        unit_price_minor=sku.price_minor,
        goods_minor=sku.price_minor,
    )
    ShopEvent.objects.create(
        shop=shop,
        kind="order.placed",
        subject_kind="order",
        subject_code=order.code,
        at=at,
        next_attempt_at=at,
        facts={},
    )
    Deadline.objects.create(
        shop=shop,
        kind="order.payment",
        subject_kind="order",
        subject_code=order.code,
        area="staff",
        label=order.code,
        due_at=at + dt.timedelta(minutes=30),
        next_check_at=at + dt.timedelta(minutes=30),
        set_at=at,
    )


# -- processes --------------------------------------------------------------------------------------------------------

_rounds = itertools.count(1)


def run(
    place: Place, shop: Shop, skus: list[Sku], *, processes: int, orders: int = ORDERS
) -> tuple[float, int, list[str]]:
    """Processes place orders at the same time. Returns seconds, how many were placed, and what was raised otherwise."""
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(processes + 1), context.SimpleQueue()
    connections.close_all()
    number = next(_rounds)
    workers = [
        context.Process(target=_work, args=(place, shop, skus, orders, f"{number}-{worker}", worker, barrier, results))
        for worker in range(processes)
    ]
    for worker in workers:
        worker.start()
    barrier.wait()
    began = time.monotonic()
    found = [results.get() for _worker in workers]
    seconds = time.monotonic() - began
    for worker in workers:
        worker.join()
    return seconds, sum(done for done, _errors in found), [error for _done, errors in found for error in errors]


def _work(place, shop, skus, orders, prefix, worker, barrier, results) -> None:
    done, errors = 0, []
    for warm in range(3):  # the connection, the caches of the process
        place(shop, skus[(worker * 7 + warm) % len(skus)], f"warm-{os.getpid()}-{warm}")
    barrier.wait()
    for number in range(orders):
        try:
            place(shop, skus[(worker * orders + number) % len(skus)], f"bench-{prefix}-{number}")
            done += 1
        except Exception as error:
            errors.append(type(error).__name__)
    connections.close_all()
    results.put((done, errors))


def measure() -> Iterator[Figure]:
    """Placement with one and two processes, then the hot SKU."""
    shop = Shop.objects.select_related("market").get(code=MEASURED_CODE)
    skus = _plenty(shop)
    for processes in (1, 2):
        yield from _beside_lean(shop, skus, processes)
    yield from _hot(shop, skus)


def _plenty(shop: Shop) -> list[Sku]:
    """SKUs on sale, each with more than a run can sell, spread over the shop."""
    skus = list(
        Sku.objects.in_shop(shop)
        .filter(product__status="live")
        .select_related("product")
        .order_by("product_id", "id")[:1200:3]
    )
    StockItem.objects.in_shop(shop).filter(sku__in=skus).update(on_hand=1_000_000)
    return skus


def _beside_lean(shop: Shop, skus: list[Sku], processes: int) -> Iterator[Figure]:
    kinds: dict[str, Place] = {"ours": place_order, "coupon": with_coupon, "lean": lean, "all": lean_all_rows}
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    for _round in range(ROUNDS):
        for name, place in kinds.items():
            seconds, done, errors = run(place, shop, skus, processes=processes)
            if errors:
                raise SystemExit(f"placing by {name} failed: {errors[:3]}")
            rates[name].append(done / seconds)
    word = f"{processes} process{'es' if processes > 1 else ''}"
    ours, bare = rates["ours"], rates["lean"]
    reference = f"lean Django {median(bare):.0f}/s"
    must = 0.4 if processes == 2 else None
    yield Figure(
        f"placement, {word}",
        f"{median(ours):.0f} orders/s",
        reference,
        ratio_of(ours, bare),
        least=must,
        aim=must and 0.7,
    )
    yield Figure(
        f"placement, {word}, same rows",
        f"{median(ours):.0f} orders/s",
        f"lean, all rows {median(rates['all']):.0f}/s",
        ratio_of(ours, rates["all"]),
    )
    coupon = rates["coupon"]
    yield Figure(f"placement, {word}, one coupon", f"{median(coupon):.0f} orders/s", reference, ratio_of(coupon, bare))


def _hot(shop: Shop, skus: list[Sku]) -> Iterator[Figure]:
    """Four processes want one SKU, more of it than there is: it must be sold to the last unit and not one more."""
    hot, units, processes = skus[0], 3 * ORDERS, 4
    distinct, same, over, under = [], [], 0, 0
    for _round in range(ROUNDS):
        seconds, done, _errors = run(place_order, shop, skus[1:], processes=processes)
        distinct.append(done / seconds)
        item = StockItem.objects.get(sku=hot)
        warm = processes * 3
        StockItem.objects.filter(pk=item.pk).update(on_hand=item.reserved + units + warm)
        seconds, done, errors = run(place_order, shop, [hot], processes=processes)
        same.append((done + len(errors)) / seconds)
        item.refresh_from_db()
        over += max(0, done - units)
        under += max(0, units - done) + item.available
        if set(errors) - {"OutOfStock"}:
            raise SystemExit(f"the hot SKU failed otherwise: {sorted(set(errors))}")
    value, reference = f"{median(same):.0f} asked/s", f"distinct SKUs {median(distinct):.0f}/s"
    yield Figure("hot SKU, 4 processes", value, reference, ratio_of(same, distinct), least=0.6, aim=0.9)
    yield Figure("hot SKU: oversold", f"{over}", f"of {units * ROUNDS} units", float(over), most=0)
    yield Figure("hot SKU: undersold", f"{under}", f"of {units * ROUNDS} units", float(under), most=0)
