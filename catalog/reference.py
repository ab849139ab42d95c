"""The categories every installation has. ``load`` may run at any time and changes nothing that is there already."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from catalog.models import Category
from catalog.models.category import BELOW
from shops.models import TradeClass


@dataclass(frozen=True)
class Leaf:
    """A category that takes products. ``words``: what other systems call such products."""

    code: str
    name: str
    words: str
    fee_class: str = "standard"
    prohibited: bool = False


#: Trade class (the branch) → its leaves.
TREE: dict[str, tuple[str, tuple[Leaf, ...]]] = {
    "home": (
        "Home and living",
        (
            Leaf("kitchen-tools", "Kitchen tools", "kitchen, knives, cookware, utensils"),
            Leaf("tableware", "Mugs and tableware", "mug, mugs, tableware, cups, plates, bowls, drinkware"),
            Leaf("storage", "Boxes and storage", "storage, boxes, organizer, shelves"),
            Leaf("home-textiles", "Blankets and textiles", "blanket, blankets, towel, towels, pillow, bedding"),
            Leaf("candles", "Candles and scents", "candle, candles, incense"),
            Leaf("furniture", "Small furniture", "furniture, chair, table, stool"),
        ),
    ),
    "sports": (
        "Sports and outdoor",
        (
            Leaf(
                "bicycles",
                "Bicycles",
                "bicycle, bicycles, bike, bikes, fixed gear bicycle, premium fixed gear bike, kids fixed gear bike, "
                "glow series, city bike, fgfs, scooter, scooters, complete bike",
            ),
            Leaf(
                "bicycle-parts",
                "Bicycle parts",
                "saddle, saddles, handlebars, wheelsets, wheels, grips, cranks, framesets, frames, tires, tube, tubes, "
                "brake, brakes, pedals, stem, bar tape, bottom brackets, head set, seatpost, seatpost clamp, "
                "freewheels, forks, chain, chains, chain tensioners, chain guards, fixed cogs, lockrings, rim tape, "
                "foot straps, hubs",
            ),
            Leaf(
                "bicycle-accessories",
                "Bicycle accessories",
                "bike accessories, lock, locks, light, lights, pumps, baskets, bells, fender, fenders, bicycle rack, "
                "bike rack, bike racks, water bottle holder, water bottle, kickstand, pannier, computer, badge, "
                "stickers, fgfs accessories, bike stand",
            ),
            Leaf("bicycle-tools", "Bicycle tools and care", "tools, tool, care, lube, workshop"),
            Leaf("snowboards", "Snowboards", "snowboard, snowboards"),
            Leaf("skis", "Skis", "ski, skis"),
            Leaf("bindings", "Ski and snowboard bindings", "snowboard bindings, ski bindings, bindings"),
            Leaf("winter-boots", "Ski and snowboard boots", "snowboard boots, ski boots"),
            Leaf("helmets-goggles", "Helmets and goggles", "helmet, helmets, goggles"),
            Leaf("camping", "Camping and outdoor", "camping, tent, tents, hiking, backpacks"),
            Leaf("weapons", "Weapons", "weapon, weapons", prohibited=True),
        ),
    ),
    "fashion": (
        "Fashion and accessories",
        (
            Leaf("womens-clothing", "Women's clothing", "womens, women, women's, dresses, skirts"),
            Leaf("mens-clothing", "Men's clothing", "mens, men, men's, shirts"),
            Leaf("clothing", "Clothing for all", "apparel, clothing, t-shirt, t-shirts, shorts, jersey"),
            Leaf("jackets", "Jackets and coats", "jacket, jackets, coat, coats"),
            Leaf("hats-gloves", "Hats and gloves", "beanie, beanies, hat, hats, cap, caps, gloves, glove, mittens"),
            Leaf("shoes", "Shoes", "shoe, shoes, boots, sneakers"),
            Leaf("bags", "Bags and purses", "bag, bags, purse, purses, tote, wallet, wallets"),
            Leaf("sunglasses", "Sunglasses", "sunglasses, eyewear"),
            Leaf("pre-owned-fashion", "Pre-owned fashion", "pre-owned, vintage, second hand", "pre_owned"),
        ),
    ),
    "electronics": (
        "Electronics",
        (
            Leaf("speakers", "Speakers and headphones", "speaker, speakers, headphones, earbuds"),
            Leaf("chargers", "Chargers and cables", "usb charger, charger, chargers, cable, cables, power bank"),
            Leaf("phone-accessories", "Phone accessories", "phone case, phone cases, phone mount"),
        ),
    ),
    "toys": (
        "Toys and hobbies",
        (
            Leaf("games", "Games and puzzles", "game, games, puzzle, puzzles"),
            Leaf("plush", "Plush and figures", "plush, figure, figures"),
            Leaf("craft", "Craft supplies", "craft, yarn, paint"),
        ),
    ),
    "books": (
        "Books and media",
        (
            Leaf("printed-books", "Books", "book, books"),
            Leaf("notebooks", "Notebooks and paper", "notebook, notebooks, stationery, paper"),
            Leaf("music", "Music and film", "vinyl, music, film"),
        ),
    ),
    "jewellery": (
        "Jewellery and watches",
        (
            Leaf("earrings", "Earrings", "earring, earrings", "jewellery"),
            Leaf("necklaces", "Necklaces", "necklace, necklaces, pendant", "jewellery"),
            Leaf("rings", "Rings", "ring, rings", "jewellery"),
            Leaf("bracelets", "Bracelets", "bracelet, bracelets", "jewellery"),
            Leaf("watches", "Watches", "watch, watches", "jewellery"),
        ),
    ),
    "beauty": (
        "Beauty and care",
        (
            Leaf("skin-care", "Skin care", "skincare, skin care, balm, lotion"),
            Leaf("hair-care", "Hair care", "hair, shampoo"),
            Leaf("fragrance", "Fragrance", "fragrance, perfume, cologne"),
        ),
    ),
    "food": (
        "Food and drink",
        (
            Leaf("coffee-tea", "Coffee and tea", "coffee, tea"),
            Leaf("snacks", "Snacks and sweets", "snack, snacks, chocolate, candy"),
        ),
    ),
    "supplements": (
        "Health supplements",
        (Leaf("vitamins", "Vitamins and minerals", "vitamin, vitamins, supplement, supplements"),),
    ),
}


def load(at: dt.datetime) -> None:
    """Write what is missing of the tree, in one transaction. Categories that staff changed stay as they are."""
    with transaction.atomic():
        classes = {row.code: row for row in TradeClass.objects.all()}
        there = set(Category.objects.values_list("code", flat=True))
        Category.objects.bulk_create([node for node in _nodes(classes) if node.code not in there])


def _nodes(classes: dict[str, TradeClass]) -> Iterator[Category]:
    """Branches and leaves with their places in the tree; a branch carries the code of its trade class."""
    for number, (trade_class, (name, leaves)) in enumerate(TREE.items()):
        common = {"trade_class": classes[trade_class]}
        branch = _label(number)
        yield Category(path=branch, code=trade_class, name=name, full_name=name, **common)
        for place, leaf in enumerate(leaves):
            yield Category(
                path=f"{branch}.{_label(place)}",
                code=leaf.code,
                name=leaf.name,
                full_name=f"{name}{BELOW}{leaf.name}",
                is_leaf_category=True,
                fee_class=leaf.fee_class,
                words=[word.strip() for word in leaf.words.split(",")],
                restricted=classes[trade_class].restricted,
                prohibited=leaf.prohibited,
                **common,
            )


def _label(number: int) -> str:
    """A label of the tree's path that sorts like its number and leaves room for staff to insert between."""
    return f"B{chr(ord('A') + number)}"
