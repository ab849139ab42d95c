"""Filling and emptying a basket."""

import datetime as dt
import secrets

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext as _

from catalog.models import Product, Sku
from seller_center.kernel.codes import new_code
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.text import number
from shops.scope import scope
from storefront.models import Basket, BasketLine

MOST_UNITS = 999
MOST_LINES = 50


class NotForSale(DomainError):
    """The product is not on sale now."""


def start(*, shop, at: dt.datetime, visit_code: str = "") -> Basket:
    """An empty basket with codes of its own."""
    return Basket.objects.create(
        shop=shop,
        code=secrets.token_urlsafe(18),
        visit_code=visit_code,
        started_at=at,
        changed_at=at,
        checkout_key=new_code(16),
    )


def put_in(*, basket: Basket, sku: Sku, quantity: int, at: dt.datetime) -> None:
    """Add units of a SKU. Refuses what is not on sale and more than is there: nobody fills in a form for nothing."""
    if not 1 <= quantity <= MOST_UNITS:
        raise Invalid(_("Choose 1 to %(most)d pieces.") % {"most": MOST_UNITS}, field="quantity")
    _refuse_unsold(sku)
    with scope(basket.shop, by=None):
        held = BasketLine.objects.in_shop(basket.shop).filter(basket=basket)
        line = held.filter(sku=sku).first()
        wanted = quantity + (line.quantity if line else 0)
        _refuse_short(sku, wanted)
        if line is None and held.count() >= MOST_LINES:
            raise DomainError(_("A basket holds up to %(most)d different products.") % {"most": MOST_LINES})
        _write(basket, sku, wanted)
        Basket.objects.in_shop(basket.shop).filter(pk=basket.pk).update(changed_at=at)


def set_quantity(*, basket: Basket, sku: Sku, quantity: int, at: dt.datetime) -> None:
    """Set how many; zero takes the line out."""
    with scope(basket.shop, by=None):
        if quantity <= 0:
            BasketLine.objects.in_shop(basket.shop).filter(basket=basket, sku=sku).delete()
        else:
            if quantity > MOST_UNITS:
                raise Invalid(_("Choose 1 to %(most)d pieces.") % {"most": MOST_UNITS}, field="quantity")
            _refuse_unsold(sku)
            _refuse_short(sku, quantity)
            _write(basket, sku, quantity)
        Basket.objects.in_shop(basket.shop).filter(pk=basket.pk).update(changed_at=at)


def accept_prices(*, basket: Basket, at: dt.datetime) -> None:
    """The buyer has seen the prices of now."""
    with scope(basket.shop, by=None):
        for line in BasketLine.objects.in_shop(basket.shop).filter(basket=basket).select_related("sku"):
            if line.seen_price_minor != line.sku.price_minor:
                BasketLine.objects.in_shop(basket.shop).filter(pk=line.pk).update(seen_price_minor=line.sku.price_minor)


def set_coupon(*, basket: Basket, code: str, at: dt.datetime) -> None:
    """Remember a coupon code (or, empty, forget it)."""
    basket.coupon_code = code.strip().upper()[:20]
    Basket.objects.in_shop(basket.shop).filter(pk=basket.pk).update(coupon_code=basket.coupon_code, changed_at=at)


def close(*, basket: Basket, order_code: str, at: dt.datetime) -> None:
    """The basket has become an order: the lines go, the order stays."""
    with scope(basket.shop, by=None):
        BasketLine.objects.in_shop(basket.shop).filter(basket=basket).delete()
        Basket.objects.in_shop(basket.shop).filter(pk=basket.pk).update(order_code=order_code, changed_at=at)


def lines_of(basket: Basket | None) -> list[BasketLine]:
    """The lines with SKU, product and first picture at hand, in the order they were put in."""
    if basket is None or basket.pk is None:
        return []
    rows = BasketLine.objects.in_shop(basket.shop).filter(basket=basket)
    return list(rows.select_related("sku", "sku__product").prefetch_related("sku__product__media").order_by("id"))


def count_units(basket: Basket | None) -> int:
    """How many pieces stand on the basket's badge."""
    if basket is None:
        return 0
    found = BasketLine.objects.in_shop(basket.shop).filter(basket=basket).aggregate(units=Sum("quantity"))
    return found["units"] or 0


def _refuse_unsold(sku: Sku) -> None:
    if sku.retired_at is not None or sku.product.status != Product.Status.LIVE:
        raise NotForSale(_("“%(name)s” is not on sale any more.") % {"name": sku.product.name})


def _refuse_short(sku: Sku, wanted: int) -> None:
    left = sku.stock.aggregate(left=Sum("available"))["left"] or 0
    if left < wanted:
        if left <= 0:
            raise NotForSale(_("“%(name)s” is sold out.") % {"name": sku.product.name})
        raise NotForSale(
            _("Only %(left)s of “%(name)s” are left.") % {"left": number(left), "name": sku.product.name},
            field="quantity",
        )


def _write(basket: Basket, sku: Sku, quantity: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO storefront_basketline (shop_id, basket_id, sku_id, quantity, seen_price_minor)"
            " VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (shop_id, basket_id, sku_id) DO UPDATE"
            " SET quantity = excluded.quantity, seen_price_minor = excluded.seen_price_minor",
            [basket.shop_id, basket.pk, sku.pk, quantity, sku.price_minor],
        )
