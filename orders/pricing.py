"""What an order costs: goods, discounts, shipping, tax, laid on its lines to the cent. Pure arithmetic (INV5).

All amounts in minor units of one currency. Parts are split with the kernel's largest remainder, so that the lines add
up to the order exactly. Tax is rounded once per line; the order's tax is the sum of its lines'.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from seller_center.kernel.money import allocate, basis_points, cumulative_share


@dataclass(frozen=True, slots=True)
class Wanted:
    """Units of one SKU at the shop's price."""

    unit_price_minor: int
    quantity: int

    @property
    def goods_minor(self) -> int:
        return self.unit_price_minor * self.quantity


@dataclass(frozen=True, slots=True)
class TaxRule:
    """What tax a delivery address brings: the rate, whose tax it is, and whether prices contain it already."""

    rate_bp: int
    jurisdiction: str
    included: bool


@dataclass(frozen=True, slots=True)
class PricedLine:
    """The money of one line."""

    goods_minor: int
    seller_discount_minor: int
    platform_discount_minor: int
    shipping_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Priced:
    """The money of an order: its lines and their sums."""

    lines: tuple[PricedLine, ...]
    tax: TaxRule

    def _sum(self, name: str) -> int:
        return sum(getattr(line, name) for line in self.lines)

    @property
    def goods_minor(self) -> int:
        return self._sum("goods_minor")

    @property
    def seller_discount_minor(self) -> int:
        return self._sum("seller_discount_minor")

    @property
    def platform_discount_minor(self) -> int:
        return self._sum("platform_discount_minor")

    @property
    def shipping_minor(self) -> int:
        return self._sum("shipping_minor")

    @property
    def tax_minor(self) -> int:
        return self._sum("tax_minor")

    @property
    def total_minor(self) -> int:
        """What the buyer pays."""
        without_tax = self.goods_minor - self.seller_discount_minor - self.platform_discount_minor + self.shipping_minor
        return without_tax + (0 if self.tax.included else self.tax_minor)


def price(
    wants: Sequence[Wanted],
    *,
    discounts: Sequence[int] = (),
    funded_by: str = "seller",
    flat_minor: int,
    free_over_minor: int,
    tax: TaxRule,
) -> Priced:
    """Price a basket. ``discounts`` is the coupon's share of each line, paid by ``funded_by`` (seller | platform).

    Shipping is ``flat_minor``, free from ``free_over_minor`` of goods after the seller's discount on.
    """
    goods = [want.goods_minor for want in wants]
    shares = list(discounts) or [0] * len(goods)
    by_seller = shares if funded_by == "seller" else [0] * len(goods)
    by_platform = shares if funded_by == "platform" else [0] * len(goods)
    shipping = 0 if sum(goods) - sum(by_seller) >= free_over_minor else flat_minor
    shipping_shares = allocate(shipping, goods if sum(goods) else [want.quantity for want in wants])
    lines = [
        PricedLine(
            goods_minor=whole,
            seller_discount_minor=seller,
            platform_discount_minor=platform,
            shipping_minor=freight,
            tax_minor=_tax(tax, whole - seller, platform, freight),
        )
        for whole, seller, platform, freight in zip(goods, by_seller, by_platform, shipping_shares, strict=True)
    ]
    return Priced(tuple(lines), tax)


def _tax(tax: TaxRule, goods: int, platform_discount: int, shipping: int) -> int:
    """The tax of a line. Where it comes on top: of the goods, whoever pays for them. Where prices include it: the part
    of what the buyer pays, shipping too."""
    if not tax.included:
        return basis_points(goods, tax.rate_bp)
    return cumulative_share(goods - platform_discount + shipping, tax.rate_bp, 10_000 + tax.rate_bp)


@dataclass(frozen=True, slots=True)
class Share:
    """What of a line's money falls on some of its units."""

    goods_minor: int
    shipping_minor: int
    tax_minor: int
    tax_included: bool

    @property
    def total_minor(self) -> int:
        """What reaches the buyer."""
        return self.goods_minor + self.shipping_minor + (0 if self.tax_included else self.tax_minor)


@dataclass(frozen=True, slots=True)
class LineMoney:
    """A line as refunds see it: what was paid of each part, and what went back of it already."""

    quantity: int
    goods_minor: int
    shipping_minor: int
    tax_minor: int
    tax_included: bool
    done_quantity: int
    back_goods_minor: int
    back_shipping_minor: int
    back_tax_minor: int


def refund_share(line: LineMoney, quantity: int, *, with_shipping: bool) -> Share:
    """What goes back for ``quantity`` more units: their share by the cumulative target, never more than is left.

    In whatever steps units go back, all of them together bring exactly the whole, and no step is above its share by
    more than a rounding. Where shipping stays with the seller, so does its part of tax that prices include.
    """
    before, done = line.done_quantity, line.done_quantity + quantity
    taxed = line.tax_minor
    if line.tax_included and not with_shipping and line.tax_minor:
        taxed = cumulative_share(line.tax_minor, line.goods_minor, line.goods_minor + line.shipping_minor)
    return Share(
        goods_minor=_step(line.goods_minor, before, done, line.quantity, line.back_goods_minor),
        shipping_minor=_step(line.shipping_minor, before, done, line.quantity, line.back_shipping_minor)
        if with_shipping
        else 0,
        tax_minor=_step(taxed, before, done, line.quantity, line.back_tax_minor),
        tax_included=line.tax_included,
    )


def _step(whole: int, before: int, done: int, of: int, back: int) -> int:
    """What of ``whole`` falls on the units after ``before`` up to ``done``, at most what is left of it."""
    return max(0, min(cumulative_share(whole, done, of) - cumulative_share(whole, before, of), whole - back))
