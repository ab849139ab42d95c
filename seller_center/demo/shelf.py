"""What the demo's shop has on its shelves: products with pictures, stock and coupons."""

import datetime as dt

from catalog import listing, pictures, publishing, stock
from catalog.models import Category, Product, Sku
from marketing import coupons
from marketing.models import Coupon
from seller_center.demo import pictures as drawn
from shops.models import Shop, User

#: Name, category, price, stock, picture, hue, options, description.
PRODUCTS = (
    (
        "Commuter single-speed bicycle",
        "bicycles",
        48_900,
        14,
        "bicycle",
        0.58,
        (("Frame", ("S", "M", "L")),),
        "A quiet city bicycle with one gear and nothing that rattles.\n\n"
        "* Steel frame, 11.4 kg\n* Puncture-resistant tyres\n* Ready to ride in twenty minutes",
    ),
    (
        "Weekend touring bicycle with rack",
        "bicycles",
        89_900,
        6,
        "bicycle",
        0.02,
        (("Frame", ("M", "L")),),
        "Made for two panniers and a long Saturday. Disc brakes, wide tyres, a rack that takes 25 kg.",
    ),
    (
        "City helmet with rear light",
        "helmets-goggles",
        6_900,
        40,
        "helmet",
        0.34,
        (("Size", ("M", "L")),),
        "A helmet that one forgets. The rear light charges by USB-C and lasts twelve hours.",
    ),
    (
        "Canvas pannier bag, 18 litres",
        "bicycle-accessories",
        7_450,
        25,
        "bag",
        0.1,
        (),
        "Waxed canvas, rolls shut, clicks on and off with one hand.",
    ),
    (
        "Bell with a low, friendly tone",
        "bicycle-accessories",
        1_890,
        120,
        "box",
        0.14,
        (("Colour", ("Brass", "Black")),),
        "Heard from thirty metres, startles nobody.",
    ),
    (
        "Workshop care kit: oil, brush, cloths",
        "bicycle-tools",
        2_450,
        60,
        "box",
        0.46,
        (),
        "Everything for ten minutes a month. The oil is made from plants and does not drip.",
    ),
    (
        "Enamel mug for the workshop",
        "tableware",
        1_490,
        80,
        "mug",
        0.98,
        (("Colour", ("Red", "Cream")),),
        "Survives the fall from the workbench.",
    ),
    (
        "Desk lamp with a linen shade",
        "furniture",
        5_990,
        3,
        "lamp",
        0.12,
        (),
        "Warm light for the evening list of repairs. Turned beech foot.",
    ),
    (
        "Rain cape for riders",
        "jackets",
        5_490,
        4,
        "bag",
        0.62,
        (("Size", ("M", "L")),),
        "Falls over the handlebar, folds into a fist.",
    ),
    (
        "Folding lock, 85 cm, an extraordinarily long name that shows how a list holds words nobody would type",
        "bicycle-accessories",
        6_450,
        0,
        "box",
        0.72,
        (),
        "Six plates of hardened steel, sold out at the moment.",
    ),
)


def fill(shop: Shop, owner: User, at: dt.datetime) -> list[Sku]:
    """Put the products up for sale, through the verbs of the catalog. Returns the SKUs that can be ordered."""
    made = []
    for number, (name, category, price, left, shape, hue, axes, words) in enumerate(PRODUCTS):
        moment = at + dt.timedelta(minutes=7 * number)
        product = listing.create(
            shop=shop,
            details=listing.Details(
                name=name, brand="Bright Street", description=words, category=Category.objects.get(code=category)
            ),
            line=listing.SkuLine(price_minor=price, on_hand=left or 1, weight_grams=900, cost_minor=price * 55 // 100),
            axes=axes,
            by=owner,
            at=moment,
        )
        pictures.add(product=product, contents=[drawn.product(shape, hue, number)], by=owner, at=moment)
        publishing.submit(product=product, by=owner, at=moment + dt.timedelta(minutes=3))
        skus = list(Sku.objects.in_shop(shop).filter(product=product).select_related("product").in_order())
        if left == 0:
            for sku in skus:
                stock.count(sku=sku, quantity=0, by=owner, at=moment + dt.timedelta(hours=2), why="Counted the shelf")
        elif left > 4:
            made += skus
    draft = listing.create(
        shop=shop,
        details=listing.Details(
            name="Winter gloves (photo still to come)", category=Category.objects.get(code="hats-gloves")
        ),
        line=listing.SkuLine(price_minor=3_490, on_hand=30),
        by=owner,
        at=at + dt.timedelta(days=1),
    )
    assert draft.status == Product.Status.DRAFT
    return made


def hand_out_coupons(shop: Shop, owner: User, now: dt.datetime) -> None:
    """A coupon that runs, one that will, one that has ended."""
    day = dt.timedelta(days=1)
    running = coupons.create(
        shop=shop,
        code="RIDE10",
        name="Ten percent for everybody",
        kind=Coupon.Kind.PERCENT,
        percent=10,
        least_spend_minor=3_000,
        per_buyer_limit_count=2,
        limit_count=200,
        starts_at=now - 30 * day,
        ends_at=now + 60 * day,
        by=owner,
        at=now - 30 * day,
    )
    coupons.start(coupon=running, by=owner, at=now - 30 * day)
    later = coupons.create(
        shop=shop,
        code="WINTER5",
        name="Five dollars off in winter",
        kind=Coupon.Kind.FIXED,
        amount_minor=500,
        least_spend_minor=4_000,
        limit_count=100,
        budget_minor=30_000,
        starts_at=now + 9 * day,
        by=owner,
        at=now - 2 * day,
    )
    coupons.start(coupon=later, by=owner, at=now - 2 * day)
    coupons.create(
        shop=shop,
        code="DRAFT20",
        name="Twenty percent, still thinking",
        kind=Coupon.Kind.PERCENT,
        percent=20,
        starts_at=now,
        by=owner,
        at=now - day,
    )
