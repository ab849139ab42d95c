"""The first steps of a new shop: what is done, read from its rows and from what has happened (rulebook §2)."""

import dataclasses
import datetime as dt
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from shops.models import BankAccount, Membership, Shop, ShopEvent

#: After this long the guide no longer stands on the home page, finished or not.
SHOWN_FOR = dt.timedelta(days=60)


@dataclasses.dataclass(frozen=True)
class Item:
    """One first step."""

    title: Any
    hint: Any
    done: bool
    url: str
    action: Any


def items(shop: Shop) -> list[Item]:
    """The steps in the order in which they help."""
    happened = set(
        ShopEvent.objects.in_shop(shop)
        .filter(kind__in=("product.created", "product.imported", "product.went_live", "package.shipped"))
        .order_by()
        .values_list("kind", flat=True)
        .distinct()
    )
    settings = _url(shop, "shops:settings")
    account = BankAccount.objects.in_shop(shop).current().exists()
    alone = Membership.objects.in_shop(shop).count() < 2
    products = _url(shop, "catalog:product_list", "catalog:products")
    steps = [
        Item(_("Say who you are"), _("A few sentences for buyers."), bool(shop.description), settings, _("Write")),
        Item(_("Show your logo"), _("Shops with a logo are remembered."), bool(shop.logo), settings, _("Upload")),
        Item(
            _("Where your money goes"),
            _("The bank account for payouts."),
            account,
            _url(shop, "shops:bank_account"),
            _("See"),
        ),
        Item(
            _("Add your first products"),
            _("One by one, or all at once from an export of your old shop."),
            bool(happened & {"product.created", "product.imported"}),
            products,
            _("Add"),
        ),
        Item(
            _("Put a product on sale"),
            _("Price, pictures and stock, then go live."),
            "product.went_live" in happened,
            products,
            _("Go live"),
        ),
        Item(
            _("Invite your team"),
            _("Packers, finance, service: each sees only what they need."),
            not alone,
            _url(shop, "shops:team"),
            _("Invite"),
        ),
        Item(
            _("Ship your first order"),
            _("We tell you when it comes, and by when it must be on its way."),
            "package.shipped" in happened,
            _url(shop, "orders:list", "orders:order_list", "orders:orders"),
            _("Orders"),
        ),
    ]
    return [step for step in steps if step.url or step.done]


def wanted(shop: Shop, at: dt.datetime) -> bool:
    """Does the guide still stand on the home page?"""
    return shop.approved_at is not None and at - shop.approved_at < SHOWN_FOR


def _url(shop: Shop, *names: str) -> str:
    """The first of these places that exists: a floor that is not built has no step."""
    for name in names:
        try:
            return reverse(name, kwargs={"shop": shop.code})
        except NoReverseMatch:
            continue
    return ""
