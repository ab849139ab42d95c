"""What a buyer wants: lines, contact and address as typed, checked; the SKUs behind them; and what it costs now."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from catalog.models import Product, Sku
from marketing import redemption
from orders import pricing
from orders.models import Buyer
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.prepared import prepared
from shops.models import Market
from shops.policy import Policy

MOST_LINES = 50
MOST_UNITS = 10_000


class NotForSale(DomainError):
    """There is no such SKU in the shop, or it is not offered now."""

    code = "not_for_sale"
    field = "lines"


@dataclass(frozen=True, slots=True)
class WantedLine:
    """Units of a SKU, by the seller's own code."""

    sku_code: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Contact:
    """Who buys, as typed."""

    name: str
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where it goes, as typed. ``region`` is the state where addresses have one; ``country`` has two letters."""

    line1: str
    city: str
    postal_code: str
    country: str
    region: str = ""
    line2: str = ""

    def as_dict(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Basket:
    """The wanted units with what they are and cost now."""

    skus: tuple[Sku, ...]
    quantities: tuple[int, ...]
    priced: pricing.Priced
    discount: redemption.Discount | None = None

    @property
    def unit_count(self) -> int:
        return sum(self.quantities)

    @property
    def wants(self) -> dict[int, int]:
        return {sku.pk: quantity for sku, quantity in zip(self.skus, self.quantities, strict=True)}


def check(lines: Sequence[WantedLine], contact: Contact, address: Address, shop) -> None:
    """Refuse what cannot be an order, whatever the shop has."""
    if not lines:
        raise Invalid(_("An order has at least one line."), field="lines")
    if len(lines) > MOST_LINES:
        raise Invalid(_("An order has at most %(most)d lines.") % {"most": MOST_LINES}, field="lines")
    for line in lines:
        if type(line.quantity) is not int or not 0 < line.quantity <= MOST_UNITS:
            raise Invalid(
                _("A quantity is a whole number from 1 to %(most)d.") % {"most": MOST_UNITS}, field="quantity"
            )
    for field, value in (("name", contact.name), ("line1", address.line1), ("city", address.city)):
        if not value.strip():
            raise Invalid(_("Name, street and city are needed to deliver an order."), field=field)
    if address.country.upper() != shop.market_id:
        raise Invalid(
            _("This shop delivers to %(market)s only.") % {"market": _market(shop.market_id).name}, field="country"
        )


@lru_cache(maxsize=32)
def _market(code: str) -> Market:
    """Reference data: read once per process."""
    return Market.objects.get(pk=code)


def merged(lines: Sequence[WantedLine]) -> dict[str, int]:
    """SKU code → units, added up before anything is asked for (DEC5)."""
    wanted: dict[str, int] = {}
    for line in lines:
        code = line.sku_code.strip()
        wanted[code] = wanted.get(code, 0) + line.quantity
    return wanted


def skus_of(shop, wanted: dict[str, int], *, must_be_live: bool) -> list[Sku]:
    """The SKUs in the order in which they were asked for."""
    found = {sku.code: sku for sku in _skus_with_codes(shop=shop.pk, codes=list(wanted))}
    for code in wanted:
        sku = found.get(code)
        if sku is None:
            raise NotForSale(_("There is no SKU “%(code)s” in this shop.") % {"code": code[:50]})
        if must_be_live and (sku.retired_at is not None or sku.product.status != Product.Status.LIVE):
            raise NotForSale(_("“%(name)s” is not offered at the moment.") % {"name": sku.product.name})
    return [found[code] for code in wanted]


@prepared
def _skus_with_codes(*, shop: int, codes: list[str]) -> QuerySet[Sku]:
    rows = Sku.objects.in_shop(shop).filter(code__in=codes).select_related("product__category")
    return rows.defer("product__description", "product__original_html")


def price_basket(
    shop,
    policy: Policy,
    skus: Sequence[Sku],
    wanted: dict[str, int],
    address: Address,
    coupon_code: str,
    buyer: Buyer,
    orders_before: int,
    at: dt.datetime,
) -> Basket:
    """The basket at the prices, discounts and taxes of now. ``CouponRefused`` where the code takes off nothing."""
    wants = [pricing.Wanted(sku.price_minor, wanted[sku.code]) for sku in skus]
    discount = None
    if coupon_code.strip():
        discount = redemption.quote(
            shop=shop,
            code=coupon_code,
            lines=[
                redemption.QuoteLine(sku.pk, sku.product.category_id, want.goods_minor)
                for sku, want in zip(skus, wants, strict=True)
            ],
            buyer=redemption.BuyerFacts(buyer.person_code, orders_before),
            at=at,
        )
    region = address.region.strip().upper()
    priced = pricing.price(
        wants,
        discounts=discount.per_line if discount else (),
        funded_by=discount.funded_by if discount else "seller",
        flat_minor=policy.shipping.flat_minor,
        free_over_minor=policy.shipping.free_over_minor,
        tax=pricing.TaxRule(
            rate_bp=policy.tax.rate_of(region),
            jurisdiction=f"{shop.market_id}-{region}"[:20] if region in policy.tax.regions_bp else shop.market_id,
            included=_market(shop.market_id).prices_include_tax,
        ),
    )
    return Basket(tuple(skus), tuple(wanted[sku.code] for sku in skus), priced, discount)
