"""Plans for a chunk of a product file: what the catalog knows of it, categories, pre-flight, the tier's room."""

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db import connection

from catalog import diagnosis, matching
from catalog.diagnosis import ListingFacts
from catalog.matching import KnownProduct, KnownSku, ProductPlan
from catalog.models import Category, Media, PictureAddress, Product, ProductOption, Sku, StockItem
from catalog.publishing import room
from catalog.sheets import DRAFT, NOTE, FileProduct, Issue, Reading
from seller_center.kernel.bulk import array_of
from shops import restrictions
from shops.policy_book import policy_for

#: Findings of the pre-flight that the rows tell more exactly themselves.
_TOLD_BY_ROWS = frozenset({"price_low", "barcode_wrong"})


class Planner:
    """Plans chunk after chunk of one file; remembers how much room the tier has left across the chunks of a dry run."""

    def __init__(self, shop, reading: Reading, default_category: Category | None, at: dt.datetime) -> None:
        self.shop, self.mapping, self.at = shop, reading.mapping, at
        self.default_category = default_category
        self.limits = policy_for(shop, at).catalog
        self.categories = list(Category.objects.select_related(None).order_by("path"))
        self.by_key = {category.pk: category for category in self.categories}
        self.by_word = _words(self.categories)
        self.look_again()

    def plan(self, products: Sequence[FileProduct]) -> tuple[list[ProductPlan], set[str]]:
        """What becomes of these products, and the handles of new ones that go live."""
        known = known_products(self.shop, [product.handle for product in products])
        taken = _taken(self.shop, {variant.code for product in products for variant in product.variants})
        plans = [
            matching.plan(
                product,
                known.get(product.handle),
                category_id=self._category_id(product, known.get(product.handle)),
                taken_codes=taken,
                limits=self.limits,
            )
            for product in products
        ]
        return plans, {made.file.handle for made in plans if made.creates and self._goes_live(made)}

    def look_again(self) -> None:
        """Count the tier's room anew: at the beginning of each transaction that uses it up."""
        self.left, self.most = room(self.shop, self.at)
        self.stopped = restrictions.new_listings_stopped(self.shop, self.at) is not None

    def _category_id(self, product: FileProduct, known: KnownProduct | None) -> int | None:
        """The category for a product; one that would have kept it from going live is not given to one that is there."""
        category = self._category(product)
        if category is None:
            return None
        if known is not None and category.pk != known.category_id and (category.restricted or category.prohibited):
            code = "category_prohibited" if category.prohibited else "category_restricted"
            product.say(product.rows[0], code, self.mapping.get("category", self.mapping.get("kind", "")), NOTE)
            return known.category_id
        return category.pk

    def _category(self, product: FileProduct) -> Category | None:
        """The category that the file's words mean; else the one chosen for the import."""
        said = product.category or product.kind
        found = self.by_word.get(said.casefold()) if said else None
        if found is not None:
            return found
        row = product.rows[0]
        if product.category:
            product.say(row, "category_unknown", self.mapping.get("category", ""), DRAFT, value=product.category[:80])
        elif product.kind and self.default_category is not None:
            product.say(row, "kind_unknown", self.mapping.get("kind", ""), NOTE, value=product.kind[:80])
        return self.default_category

    def _goes_live(self, made: ProductPlan) -> bool:
        """Does a new product pass the pre-flight and find room? What keeps it from it is said in its first row."""
        first = next(row for row, outcome in made.outcomes.items() if outcome != matching.REFUSED)
        for finding in diagnosis.hindrances(self._facts(made), self.limits):
            if finding.code not in _TOLD_BY_ROWS:
                issue = Issue(finding.code, self.mapping.get(_COLUMN.get(finding.field, ""), ""), DRAFT, finding.facts)
                made.issues.setdefault(first, []).append(issue)
        if not made.file.wants_live or made.stays_draft or not self.shop.selling:
            return False
        if self.stopped:
            made.file.say(first, "listings_stopped", "", DRAFT)
            return False
        if self.left == 0:
            made.file.say(first, "tier_full", "", DRAFT, most=self.most)
            return False
        if self.left is not None:
            self.left -= 1
        return True

    def _facts(self, made: ProductPlan) -> ListingFacts:
        file = made.file
        text = file.html if file.html is not None else file.description or ""
        category = self.by_key.get(made.category_id) if made.category_id else None
        return ListingFacts(
            name=file.name,
            description="",
            description_signs=len(text),
            has_category=category is not None,
            category_prohibited=category is not None and category.prohibited,
            category_restricted=category is not None and category.restricted,
            axis_count=len(file.axes),
            prices_minor=[planned.variant.price_minor or 0 for planned in made.skus],
            wrong_barcodes=[],
            picture_count=0,  # a file brings addresses; what they lead to is not fetched
            address_count=len(made.pictures),
            stock_total=sum(planned.level or 0 for planned in made.skus),
        )


#: Field of a finding → field of the file whose column it stands in.
_COLUMN = {"name": "name", "description": "html", "category": "kind", "pictures": "picture", "price": "price"}


def _words(categories: Iterable[Category]) -> dict[str, Category]:
    """Every word that means a category one may choose: its code, its names, and what other systems call it."""
    found: dict[str, Category] = {}
    for category in categories:
        if category.is_leaf_category:
            for word in (category.code, category.name, category.full_name, *category.words):
                found.setdefault(word.casefold(), category)
    return found


# -- what the catalog knows -------------------------------------------------------------------------------------------


def _taken(shop, codes: set[str]) -> dict[str, int]:
    """SKU code → id of the SKU that has it, for those of these codes that somebody has."""
    return _among("SELECT code, id FROM catalog_sku WHERE code = ANY (%s::varchar[])", list(codes - {""}), shop)


def _among(question: str, words: Sequence[str], shop) -> dict[str, int]:
    """Word → key, of thousands of words of which few may be known. (The ORM would make each of them a parameter.)"""
    with connection.cursor() as cursor:
        cursor.execute(f"{question} AND shop_id = %s", [array_of(words), shop.pk])
        return dict(cursor.fetchall())


def known_products(shop, handles: Sequence[str]) -> dict[str, KnownProduct]:
    """The products of these handles as they stand, with SKUs, stock and pictures: seven queries for a chunk."""
    keys = list(_among("SELECT slug, id FROM catalog_product WHERE slug = ANY (%s::varchar[])", handles, shop).values())
    rows = Product.objects.in_shop(shop).filter(pk__in=keys).order_by("pk") if keys else ()
    known = {
        row.pk: (
            row.slug,
            KnownProduct(
                id=row.pk,
                code=row.code,
                status=row.status,
                name=row.name,
                brand=row.brand,
                kind=row.kind_words,
                category_id=row.category_id,
                description=row.description,
                original_html=row.original_html,
                axes=(),
            ),
        )
        for row in rows
    }
    if known:
        by_key = {key: product for key, (_slug, product) in known.items()}
        _add_axes(shop, by_key)
        _add_skus(shop, by_key)
        _add_pictures(shop, by_key)
    return dict(known.values())


def _add_axes(shop, products: dict[int, KnownProduct]) -> None:
    axes = ProductOption.objects.in_shop(shop).filter(product__in=products).order_by("product_id", "position")
    for product_id, name in axes.values_list("product_id", "name"):
        products[product_id].axes += (name,)


def _add_skus(shop, products: dict[int, KnownProduct]) -> None:
    skus = list(Sku.objects.in_shop(shop).filter(product__in=products).in_order())
    items = StockItem.objects.in_shop(shop).filter(sku__in=[sku.pk for sku in skus], warehouse__is_default=True)
    stock = {
        sku_id: (on_hand, reserved + locked)
        for sku_id, on_hand, reserved, locked in items.values_list("sku_id", "on_hand", "reserved", "locked")
    }
    for sku in skus:
        there = products[sku.product_id].skus
        options = tuple(sku.option_values)
        if options in there and not there[options].retired:
            continue
        on_hand, promised = stock.get(sku.pk, (0, 0))
        there[options] = KnownSku(
            id=sku.pk,
            code=sku.code,
            options=options,
            price_minor=sku.price_minor,
            compare_at_minor=sku.compare_at_minor,
            cost_minor=sku.cost_minor,
            barcode=sku.barcode,
            weight_grams=sku.weight_grams,
            on_hand=on_hand,
            promised=promised,
            retired=sku.retired_at is not None,
        )


def _add_pictures(shop, products: dict[int, KnownProduct]) -> None:
    addresses = (
        PictureAddress.objects.in_shop(shop).filter(product__in=products).order_by("product_id", "position", "id")
    )
    for row in addresses:
        known = products[row.product_id]
        known.pictures[row.url] = row.alt
        known.next_position = max(known.next_position, row.position + 1)
    for row in Media.objects.in_shop(shop).filter(product__in=products).order_by("product_id", "position", "id"):
        known = products[row.product_id]
        known.pictures[row.large_url] = row.alt
        known.next_position = max(known.next_position, row.position + 1)
