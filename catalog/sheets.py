"""Product files as read: whose columns they are, and what each row says. Pure arithmetic, no database.

Rows that belong to one product share a handle. A row carries a variant, a picture, or both. What a row says that cannot
be taken becomes an ``Issue`` with its column; nothing is dropped without one.
"""

import functools
import pickle
import re
import unicodedata
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.identifiers import is_gtin, with_lost_zeros

SHOPIFY, OWN = "shopify", "own"

#: Field → the names of its column, by shape. The first name is the one our template writes.
COLUMNS: dict[str, dict[str, tuple[str, ...]]] = {
    OWN: {
        "handle": ("Handle",),
        "name": ("Name",),
        "brand": ("Brand",),
        "category": ("Category",),
        "description": ("Description",),
        "status": ("Status",),
        "option1_name": ("Option 1 name",),
        "option1_value": ("Option 1 value",),
        "option2_name": ("Option 2 name",),
        "option2_value": ("Option 2 value",),
        "option3_name": ("Option 3 name",),
        "option3_value": ("Option 3 value",),
        "code": ("SKU",),
        "price": ("Price",),
        "compare_at": ("Compare-at price",),
        "cost": ("Cost",),
        "barcode": ("Barcode",),
        "weight": ("Weight (g)",),
        "on_hand": ("Stock",),
        "picture": ("Picture",),
        "picture_alt": ("Picture description",),
    },
    SHOPIFY: {
        "handle": ("Handle",),
        "name": ("Title",),
        "brand": ("Vendor",),
        "kind": ("Type",),
        "html": ("Body (HTML)",),
        "published": ("Published",),
        "status": ("Status",),
        "option1_name": ("Option1 Name",),
        "option1_value": ("Option1 Value",),
        "option2_name": ("Option2 Name",),
        "option2_value": ("Option2 Value",),
        "option3_name": ("Option3 Name",),
        "option3_value": ("Option3 Value",),
        "code": ("Variant SKU",),
        "price": ("Variant Price",),
        "compare_at": ("Variant Compare At Price",),
        "cost": ("Cost per item",),
        "barcode": ("Variant Barcode",),
        "weight": ("Variant Grams",),
        "on_hand": ("Variant Inventory Qty",),
        "oversell": ("Variant Inventory Policy",),
        "picture": ("Image Src",),
        "picture_alt": ("Image Alt Text",),
        "gift_card": ("Gift Card",),
    },
}
#: Without these columns a file is not one of products.
NEEDED = {OWN: ("name", "price"), SHOPIFY: ("handle", "name", "price")}

REFUSES, DRAFT, NOTE = "refuses", "draft", "note"

#: Longest texts that the database holds; beyond them a text is cut, with an issue.
LONGEST = {"name": 255, "brand": 120, "kind": 120, "handle": 255, "option": 100, "axis": 60, "alt": 200, "url": 500}
MOST_MINOR = 10**12
MOST_UNITS = 1_000_000


@dataclass(frozen=True, slots=True)
class Issue:
    """Something to say about a row. ``weight``: it refuses the row, keeps the product a draft, or is only told."""

    code: str
    column: str
    weight: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class FileVariant:
    """A SKU as a row says it. None (and an empty code) means that the file does not say."""

    row: int
    options: tuple[str, ...]
    code: str = ""
    price_minor: int | None = None
    compare_at_minor: int | None = None
    cost_minor: int | None = None
    barcode: str = ""
    weight_grams: int | None = None
    on_hand: int | None = None

    def told(self) -> tuple:
        """Its fields in their order."""
        known = (self.price_minor, self.compare_at_minor, self.cost_minor, self.barcode, self.weight_grams)
        return self.row, self.options, self.code, *known, self.on_hand


@dataclass(frozen=True, slots=True)
class FilePicture:
    """The address of a picture as a row says it."""

    row: int
    url: str
    alt: str


@dataclass(slots=True)
class FileProduct:
    """One product as the file says it, with what there is to say about each of its rows."""

    handle: str
    rows: list[int] = field(default_factory=list)
    name: str = ""
    brand: str = ""
    kind: str = ""
    category: str = ""
    html: str | None = None
    description: str | None = None
    published: bool | None = None
    status: str = ""
    axes: tuple[str, ...] = ()
    variants: list[FileVariant] = field(default_factory=list)
    pictures: list[FilePicture] = field(default_factory=list)
    issues: dict[int, list[Issue]] = field(default_factory=dict)

    def told(self) -> tuple:
        """Its fields in their order, as plain values: what `product_of` makes it of again."""
        words = (self.name, self.brand, self.kind, self.category, self.html, self.description)
        issues = [
            (row, [(issue.code, issue.column, issue.weight, issue.facts) for issue in said])
            for row, said in self.issues.items()
        ]
        variants = [variant.told() for variant in self.variants]
        pictures = [(picture.row, picture.url, picture.alt) for picture in self.pictures]
        return self.handle, self.rows, *words, self.published, self.status, self.axes, variants, pictures, issues

    def say(self, row: int, code: str, column: str, weight: str = NOTE, **facts: Any) -> None:
        """Note an issue of a row."""
        self.issues.setdefault(row, []).append(Issue(code, column, weight, facts))

    @property
    def wants_live(self) -> bool:
        """Does the file want buyers to see it?"""
        if self.published is None:
            return self.status == "live"
        return self.published and self.status in ("", "live")

    def refused_rows(self) -> set[int]:
        """Rows that cannot be taken at all."""
        if not self.issues:
            return set()
        return {row for row, issues in self.issues.items() if any(issue.weight == REFUSES for issue in issues)}


def product_of(told: tuple) -> FileProduct:
    """The product that told these fields."""
    *plain, variants, pictures, issues = told
    product = FileProduct(*plain)
    product.variants = [FileVariant(*variant) for variant in variants]
    product.pictures = [FilePicture(*picture) for picture in pictures]
    product.issues = {row: [Issue(*issue) for issue in said] for row, said in issues}
    return product


class Packed(Iterable[FileProduct]):
    """The products of a file in the order in which they first appear. A worker has to hold them all, because rows of one
    product need not stand together, and looks at few of them at a time: those behind the first thousands are packed.
    """

    PIECE = 200
    #: Pieces that are not packed, so that files of usual length need not be.
    OPEN_PIECES = 50

    def __init__(self) -> None:
        self._pieces: list[bytes | list[FileProduct]] = [[]]
        self.row_counts = array("L")
        self.settle: Callable[[FileProduct], None] = lambda product: None
        """Is done to each product before anybody sees it."""

    def __len__(self) -> int:
        return len(self.row_counts)

    def add(self, product: FileProduct) -> int:
        """Put it behind the others; returns its place."""
        last = self._pieces[-1]
        if len(last) == self.PIECE:
            if len(self._pieces) > self.OPEN_PIECES:
                self._pieces[-1] = _packed(last)
            self._pieces.append(last := [])
        last.append(product)
        self.row_counts.append(0)
        return len(self.row_counts) - 1

    def at(self, place: int) -> FileProduct:
        """The product itself, to be written on. Whoever comes back to an old one keeps its neighbours unpacked."""
        number, place = divmod(place, self.PIECE)
        piece = self._pieces[number]
        if isinstance(piece, bytes):
            piece = self._pieces[number] = _unpacked(piece)
        return piece[place]

    def __getitem__(self, places: slice) -> list[FileProduct]:
        """Products anew, settled, for a plan to write into: one reading serves several tries."""
        first, end, _step = places.indices(len(self))
        numbers = range(first // self.PIECE, -(-end // self.PIECE))
        found = [product for number in numbers for product in self._anew(self._pieces[number])]
        wanted = found[first - numbers.start * self.PIECE : end - numbers.start * self.PIECE]
        for product in wanted:
            self.settle(product)
        return wanted

    def __iter__(self) -> Iterator[FileProduct]:
        for first in range(0, len(self), self.PIECE):
            yield from self[first : first + self.PIECE]

    @staticmethod
    def _anew(piece: bytes | list[FileProduct]) -> list[FileProduct]:
        if isinstance(piece, bytes):
            return _unpacked(piece)
        return [product_of(product.told()) for product in piece]


def _packed(products: Iterable[FileProduct]) -> bytes:
    return zlib.compress(pickle.dumps([product.told() for product in products], pickle.HIGHEST_PROTOCOL), 1)


def _unpacked(piece: bytes) -> list[FileProduct]:
    return [product_of(told) for told in pickle.loads(zlib.decompress(piece))]  # noqa: S301 (packed by this process)


@dataclass(slots=True)
class Reading:
    """A whole file as read: its products in the order in which they first appear, and rows that belong to none."""

    shape: str
    mapping: dict[str, str]
    ignored: list[str]
    products: Packed
    stray: dict[int, list[Issue]]
    row_count: int


class UnknownColumns(ValueError):
    """The header is neither of the shapes we read; ``missing`` names the columns that the nearest one lacks."""

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing
        super().__init__(f"columns missing: {', '.join(missing)}")


# -- whose columns ----------------------------------------------------------------------------------------------------


def recognise(header: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The shape of a file and its mapping: field → name of its column. Raises ``UnknownColumns``."""
    by_name = {name.casefold(): name for name in header}
    best: tuple[int, str, dict[str, str]] | None = None
    for shape, columns in COLUMNS.items():
        mapping = {
            field_name: by_name[alias.casefold()]
            for field_name, aliases in columns.items()
            for alias in aliases[:1]
            if alias.casefold() in by_name
        }
        if best is None or len(mapping) > best[0]:
            best = (len(mapping), shape, mapping)
    assert best is not None
    _count, shape, mapping = best
    missing = [COLUMNS[shape][name][0] for name in NEEDED[shape] if name not in mapping]
    if missing:
        raise UnknownColumns(missing)
    return shape, mapping


# -- cells ------------------------------------------------------------------------------------------------------------


class CellError(ValueError):
    """A cell that does not say what its column should."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


_WHOLE = re.compile(r"(-?[0-9]{1,9})(?:\.0+)?")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
#: A handle that means itself; anything else has to be looked at.
_HANDLE = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_PRICE = re.compile(r"([0-9]{1,12})(?:\.([0-9]+))?")


def price_minor(text: str, exponent: int) -> int:
    """A price in minor units: digits, and after a point no more digits than the currency has (further zeros are fine).

    Raises ``CellError``: anything that would have to be guessed (a decimal comma, 1e3, a sign, a currency).
    """
    found = _PRICE.fullmatch(text)
    if not found:
        raise CellError("not_a_price")
    fraction = (found[2] or "").rstrip("0")
    if len(fraction) > exponent:
        raise CellError("too_many_decimals")
    minor = int(found[1] + fraction.ljust(exponent, "0"))
    if minor > MOST_MINOR:
        raise CellError("not_a_price")
    return minor


def whole_number(text: str) -> int:
    """A whole number, perhaps negative; ``12.0`` is one as well, since spreadsheets write it. Raises ``CellError``."""
    found = _WHOLE.fullmatch(text)
    if not found:
        raise CellError("not_a_number")
    return int(found[1])


def truth(text: str) -> bool | None:
    """Yes or no, as spreadsheets write it; None if the cell says neither."""
    return _TRUTH.get(text.casefold())


def handle_of(text: str) -> str:
    """The handle that a name or a sloppy handle means: letters, digits, hyphens and underscores, in lower case."""
    if len(text) <= LONGEST["handle"] and _HANDLE.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", " ", plain)).strip("-_ ")[: LONGEST["handle"]].rstrip("-_ ")


# -- rows -------------------------------------------------------------------------------------------------------------


def read(
    header: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str]]],
    *,
    exponent: int,
    code_at_most: int,
    unescape: Callable[[str], str] = lambda cell: cell,
) -> Reading:
    """Everything a file says, product by product. Raises ``UnknownColumns`` if it is not a file of products.

    ``rows``: each with its number. ``exponent``: decimals of the shop's currency. ``unescape`` takes back what protects a
    cell from being a formula; it is asked of cells that begin with an apostrophe.
    """
    shape, mapping = recognise(header)
    place = {name: index for index, name in enumerate(header)}
    columns = {field_name: place[name] for field_name, name in mapping.items()}
    reader = _Reader(shape, mapping, columns, exponent, code_at_most, unescape)
    left = {name: index for name, index in place.items() if index not in columns.values()}
    count, ignored = 0, set()
    for count, (number, cells) in enumerate(rows, start=1):  # noqa: B007 (how many there were)
        reader.take(number, cells)
        for name in [name for name, index in left.items() if cells[index]]:
            ignored.add(name)
            del left[name]
    return Reading(shape, mapping, [name for name in header if name in ignored], reader.finish(), reader.stray, count)


_AXES = ("option1_name", "option2_name", "option3_name")
_CHOICES = ("option1_value", "option2_value", "option3_value")
_PRICES = (("price", "price_minor"), ("compare_at", "compare_at_minor"), ("cost", "cost_minor"))


class _Reader:
    """Takes row after row and puts each with its product."""

    def __init__(
        self,
        shape: str,
        mapping: dict[str, str],
        columns: dict[str, int],
        exponent: int,
        code_at_most: int,
        unescape: Callable[[str], str],
    ) -> None:
        self.shape = shape
        self.mapping, self.columns, self.exponent = mapping, list(columns.items()), exponent
        self.code_at_most, self.unescape = code_at_most, unescape
        self.products, self.places = Packed(), dict[str, int]()
        self.stray: dict[int, list[Issue]] = {}
        self.first_with_code: dict[str, int] = {}
        self.said: dict[str, str] = {}

    def cell(self, name: str) -> str:
        return self.said.get(name, "")

    def column(self, name: str) -> str:
        return self.mapping.get(name, "")

    def take(self, number: int, cells: Sequence[str]) -> None:
        self.said = self._said(cells)
        given = self.cell("handle")
        handle = handle_of(given or self.cell("name"))
        if not handle:
            self.stray[number] = [Issue("no_product", self.column("handle") or self.column("name"), REFUSES)]
            return
        place = self.places.get(handle)
        if place is None:
            place = self.places[handle] = self.products.add(FileProduct(handle))
        product = self.products.at(place)
        product.rows.append(number)
        self.products.row_counts[place] += 1
        if given and handle != given:
            product.say(number, "handle_changed", self.column("handle"), value=given[:80], handle=handle[:80])
        self._about_product(product, number)
        if self._has_variant():
            self._variant(product, number)
        self._picture(product, number)

    def _said(self, cells: Sequence[str]) -> dict[str, str]:
        """What the row says by field, without the cells that say nothing."""
        said = {}
        for name, index in self.columns:
            if text := cells[index]:
                said[name] = (self.unescape(text) if text[0] == "'" else text).strip()
        return said

    def _has_variant(self) -> bool:
        """A row without price, code and option values that brings a picture is only about the picture."""
        if not self.cell("picture"):
            return True
        return any(self.cell(name) for name in ("price", "code", "option1_value", "on_hand", "barcode"))

    def _about_product(self, product: FileProduct, row: int) -> None:
        for name, longest in (("name", "name"), ("brand", "brand"), ("kind", "kind"), ("category", "name")):
            if not getattr(product, name) and (text := self.cell(name)):
                setattr(product, name, self._cut(product, row, name, text, LONGEST[longest]))
        for name in ("html", "description"):
            if getattr(product, name) is None and (text := self.cell(name)):
                setattr(product, name, text)
        if not product.status and (status := self.cell("status").casefold()):
            product.status = {"active": "live"}.get(status, status)
        if product.published is None and (published := self.cell("published")):
            product.published = truth(published)
        if not product.axes and not self.said.keys().isdisjoint(_AXES):
            product.axes = tuple(
                self._cut(product, row, name, text, LONGEST["axis"]) for name in _AXES if (text := self.cell(name))
            )
        if (gift := self.cell("gift_card")) and truth(gift):
            product.say(row, "gift_card", self.column("gift_card"), DRAFT)

    def _cut(self, product: FileProduct, row: int, name: str, text: str, most: int) -> str:
        if len(text) <= most:
            return text
        weight = DRAFT if name == "name" else NOTE
        product.say(row, "cut", self.column(name), weight, signs=len(text), most=most)
        return text[:most].rstrip()

    def _variant(self, product: FileProduct, row: int) -> None:
        values = [] if self.said.keys().isdisjoint(_CHOICES) else [self.cell(name) for name in _CHOICES]
        while values and not values[-1]:
            values.pop()
        options = tuple(
            self._cut(product, row, name, value, LONGEST["option"])
            for name, value in zip(_CHOICES, values, strict=False)
        )
        variant = FileVariant(row, options, code=self._code(product, row))
        for name, attribute in _PRICES:
            if name in self.said:
                setattr(variant, attribute, self._number(product, row, name, self._price))
        variant.weight_grams = self._natural(product, row, "weight", 10**8)
        variant.on_hand = self._natural(product, row, "on_hand", MOST_UNITS)
        variant.barcode = self._barcode(product, row)
        if self.cell("oversell").casefold() == "continue":
            product.say(row, "oversell", self.column("oversell"))
        product.variants.append(variant)

    def _code(self, product: FileProduct, row: int) -> str:
        code = self._bare(self.cell("code"))
        if len(code) > self.code_at_most:
            product.say(row, "code_long", self.column("code"), DRAFT, signs=len(code), most=self.code_at_most)
            return ""
        first = self.first_with_code.setdefault(code, row) if code else row
        if first != row:
            product.say(row, "code_twice", self.column("code"), DRAFT, value=code, first=first)
            return ""
        return code

    def _bare(self, text: str) -> str:
        """A number without the apostrophe by which a spreadsheet kept it from being calculated with."""
        return text[1:] if self.shape == SHOPIFY and text.startswith("'") and text[1:].isdigit() else text

    def _price(self, text: str) -> int:
        return price_minor(text, self.exponent)

    def _number(self, product: FileProduct, row: int, name: str, parse: Callable[[str], int]) -> int | None:
        text = self.cell(name)
        if not text:
            return None
        try:
            return parse(text)
        except CellError as error:
            product.say(row, error.code, self.column(name), REFUSES, value=text[:60])
            return None

    def _natural(self, product: FileProduct, row: int, name: str, most: int) -> int | None:
        number = self._number(product, row, name, whole_number)
        if number is None:
            return None
        if number > most:
            product.say(row, "number_high", self.column(name), REFUSES, value=number, most=most)
            return None
        if number < 0:
            product.say(row, "below_zero", self.column(name), NOTE, value=number)
            return 0
        return number

    def _barcode(self, product: FileProduct, row: int) -> str:
        barcode = self._bare(self.cell("barcode"))
        if not barcode:
            return ""
        if len(barcode) > 20:
            product.say(row, "barcode_wrong", self.column("barcode"), DRAFT, value=barcode[:40])
            return ""
        if not is_gtin(barcode):
            if zeros := with_lost_zeros(barcode):
                product.say(row, "barcode_zeros", self.column("barcode"), NOTE, value=barcode, instead=zeros)
                return zeros
            product.say(row, "barcode_wrong", self.column("barcode"), DRAFT, value=barcode)
        return barcode

    def _picture(self, product: FileProduct, row: int) -> None:
        url = self.cell("picture")
        if not url:
            return
        if len(url) > LONGEST["url"]:
            product.say(row, "address_long", self.column("picture"), REFUSES, signs=len(url), most=LONGEST["url"])
            return
        alt = self._cut(product, row, "picture_alt", self.cell("picture_alt"), LONGEST["alt"])
        product.pictures.append(FilePicture(row, url, alt))

    def finish(self) -> Packed:
        self.products.settle = functools.partial(_settle, self.mapping)
        return self.products


def _settle(mapping: dict[str, str], product: FileProduct) -> None:
    """What can be said only when all rows of a product are known."""
    _settle_axes(product, mapping.get("option1_name", ""), mapping.get("option1_value", ""))
    if not product.name:
        product.name = product.handle
        product.say(product.rows[0], "no_name", mapping.get("name", ""), DRAFT)


def _settle_axes(product: FileProduct, name_column: str, value_column: str) -> None:
    """Give every variant one value per option. The lone option "Title" of a product with one variant is no option."""
    refused = product.refused_rows()
    lone = len(product.axes) == 1 and product.axes[0].casefold() == "title"
    if lone and len({variant.options for variant in product.variants}) <= 1:
        product.axes = ()
        for variant in product.variants:
            variant.options = ()
    width = len(product.axes)
    seen: dict[tuple[str, ...], int] = {}
    for variant in product.variants:
        if len(variant.options) > width:
            product.say(variant.row, "option_unnamed", name_column, REFUSES)
            continue
        if len(variant.options) < width or "" in variant.options:
            variant.options = variant.options + ("",) * (width - len(variant.options))
            product.say(variant.row, "option_missing", value_column, DRAFT)
        if variant.row in refused:
            continue
        first = seen.setdefault(variant.options, variant.row)
        if first != variant.row:
            product.say(variant.row, "choice_twice", value_column, REFUSES, first=first)
