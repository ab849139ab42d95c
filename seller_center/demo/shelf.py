"""What the demo's shops have on their shelves: products with pictures, stock and coupons, through the catalog's verbs.

Pictures are ours, so they skip the guarded process that judges what people send; they are stored as it would store them.
"""

import datetime as dt
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connections

from catalog import listing, publishing
from catalog.models import Category, Media, Product, Sku
from marketing import coupons
from marketing.models import Coupon
from seller_center.demo import drawing
from seller_center.demo.goods import Good
from shops import events, images
from shops.models import Shop, User
from shops.scope import scope

DAY = dt.timedelta(days=1)
#: How many pictures a product has in the end.
PICTURES = len(drawing.SCENES)


@contextmanager
def painter() -> Iterator[Callable[..., Any]]:
    """Draws beside this one: ``paint(kind, hue, scene, pale)`` gives a future."""
    with _beside() as pool:
        yield lambda *words: pool.submit(drawing.draw, *words)


def _beside() -> Executor:
    """A process, for speed; in a worker's process, which may have no children, a thread."""
    if multiprocessing.current_process().daemon:
        return ThreadPoolExecutor(1)
    connections.close_all()  # the child must not inherit one
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"))


def fill(shop: Shop, owner: User, at: dt.datetime, shelf: Sequence[Good], paint: Callable[..., Any]) -> None:
    """Put the goods up for sale, each with its first picture."""
    categories = {row.code: row for row in Category.objects.all()}
    waiting = [paint(good.kind, good.hue, 0, good.pale) for good in shelf]
    for number, (good, picture) in enumerate(zip(shelf, waiting, strict=True)):
        moment = at + dt.timedelta(minutes=23 * number)
        dear = good.price_minor > 30_000
        product = listing.create(
            shop=shop,
            details=listing.Details(
                name=good.name, brand=shop.name, description=good.words, category=categories[good.category]
            ),
            line=listing.SkuLine(
                price_minor=good.price_minor,
                on_hand=18 if dear else 48,
                weight_grams=12_500 if dear else 640,
                cost_minor=good.price_minor * 54 // 100,
            ),
            axes=good.axes,
            by=owner,
            at=moment,
        )
        hang(product, [picture.result()], owner, moment)
        publishing.submit(product=product, by=owner, at=moment + dt.timedelta(minutes=9))


def hang(product: Product, pictures: Iterable[drawing.Drawn], by: User, at: dt.datetime) -> None:
    """``pictures.add`` of drawings of our own."""
    drawn = list(pictures)
    for one in drawn:
        images.publish(images.Picture(one.name, one.width, one.height, one.sizes))
    with scope(product.shop, by=by):
        there = product.media.count()
        Media.objects.bulk_create(
            [
                Media(
                    shop=product.shop,
                    product=product,
                    digest=one.name,
                    position=place,
                    width=one.width,
                    height=one.height,
                    size_bytes=sum(len(size) for size in one.sizes.values()),
                    alt=product.name[:200] if place == 0 else "",
                    added_by=by,
                    added_at=at,
                )
                for place, one in enumerate(drawn, there)
            ]
        )
        events.record(
            "picture.added",
            shop=product.shop,
            subject_kind="product",
            subject_code=product.code,
            by=by,
            at=at,
            count=len(drawn),
        )


def hang_more(shop: Shop, owner: User, shelf: Sequence[Good], paint: Callable[..., Any]) -> Iterator[int]:
    """The further pictures of every product; yields after each product how many it has now."""
    products = {row.name: row for row in Product.objects.in_shop(shop).filter(name__in=[good.name for good in shelf])}
    for good in shelf:
        product = products.get(good.name)
        there = product.media.count() if product is not None else PICTURES
        if product is None or there >= PICTURES:
            continue
        waiting = [paint(good.kind, good.hue, scene, good.pale) for scene in range(there, PICTURES)]
        hang(product, [one.result() for one in waiting], owner, product.created_at + dt.timedelta(hours=1))
        yield PICTURES


def skus_of(shop: Shop) -> list[Sku]:
    """What can be ordered, in the order of the shelf."""
    rows = Sku.objects.in_shop(shop).filter(product__status=Product.Status.LIVE, retired_at=None)
    return list(rows.select_related("product__category").order_by("pk"))


def favourites(skus: Sequence[Sku], shelf: Sequence[Good]) -> list[float]:
    """How much each SKU is wanted: a product's wish is shared by its choices."""
    wish = {good.name: good.wanted for good in shelf}
    choices: dict[int, int] = {}
    for sku in skus:
        choices[sku.product_id] = choices.get(sku.product_id, 0) + 1
    return [wish.get(sku.product.name, 1.0) / choices[sku.product_id] for sku in skus]


def unfinished(shop: Shop, owner: User, now: dt.datetime) -> None:
    """What is still on the workbench: drafts without a picture, and one that is paused for the season."""
    for number, (name, category, price) in enumerate(
        (
            ("Winter gloves with heating (photo still to come)", "hats-gloves", 8_990),
            ("Trailer for two children", "bicycle-accessories", 39_900),
        )
    ):
        listing.create(
            shop=shop,
            details=listing.Details(name=name, category=Category.objects.get(code=category)),
            line=listing.SkuLine(price_minor=price, on_hand=6),
            by=owner,
            at=now - (3 + 4 * number) * DAY,
        )


def hand_out_coupons(shop: Shop, owner: User, began: dt.datetime, now: dt.datetime) -> None:
    """Coupons in every state: running, to come, ended, still a draft."""
    running = {"per_buyer_limit_count": 3, "limit_count": 900, "starts_at": began}
    ten = {"kind": Coupon.Kind.PERCENT, "percent": 10, "least_spend_minor": 3_000}
    five = {"kind": Coupon.Kind.FIXED, "amount_minor": 500, "least_spend_minor": 4_000}
    for code, name, at, words in (
        ("RIDE10", "Ten percent for everybody", began, {**ten, **running, "ends_at": now + 60 * DAY}),
        ("BASKET5", "Five dollars off a full basket", began, {**five, **running, "budget_minor": 300_000}),
        ("FALL15", "Fifteen percent in the first week of fall", began, {**ten, "percent": 15, "starts_at": began}),
        ("WINTER5", "Five dollars off in winter", now - 2 * DAY, {**five, "starts_at": now + 9 * DAY}),
    ):
        coupon = coupons.create(shop=shop, code=code, name=name, by=owner, at=at, **words)
        coupon = coupons.start(coupon=coupon, by=owner, at=at)
        if code == "FALL15":
            coupons.end(coupon=coupon, by=owner, at=at + 7 * DAY)
    coupons.create(
        shop=shop,
        code="DRAFT20",
        name="Twenty percent, still thinking",
        kind=Coupon.Kind.PERCENT,
        percent=20,
        starts_at=now,
        by=owner,
        at=now - DAY,
    )
