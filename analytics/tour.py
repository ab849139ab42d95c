"""The tour of five minutes: what a new person does once to know the house. Its steps are ticked by what happened."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from analytics import home
from analytics.models import HomeLayout, Tour
from shops.models import Membership, Shop, ShopEvent
from shops.scope import scope

#: What happens in these days after the start counts; then the tour may be begun anew.
DAYS = 7


@dataclasses.dataclass(frozen=True)
class Step:
    """One thing to do. ``kinds`` are the events that tick it; without any it is a thing to look at, and has no tick."""

    title: Any
    text: Any
    action: Any
    area: str
    place: Callable[[Shop, home.Waiting], str]
    kinds: tuple[str, ...] = ()
    by_anybody: bool = False


@dataclasses.dataclass(frozen=True)
class Stop:
    """A step as this member finds it now."""

    title: Any
    text: Any
    action: Any
    url: str
    ticks: bool
    done: bool


def _at(name: str, **more: str) -> Callable[[Shop, home.Waiting], str]:
    return lambda shop, waiting: reverse(name, kwargs={"shop": shop.code}) + more.get("query", "")


def _next(name: str, code: Callable[[home.Waiting], str | None], otherwise: str) -> Callable[[Shop, home.Waiting], str]:
    """The most urgent one of its kind, or the list if there is none."""

    def url(shop: Shop, waiting: home.Waiting) -> str:
        found = code(waiting)
        return reverse(name, kwargs={"shop": shop.code, "code": found}) if found else _at(otherwise)(shop, waiting)

    return url


def _public(shop: Shop, waiting: home.Waiting) -> str:
    try:
        return reverse("storefront:shop", kwargs={"slug": shop.slug})
    except NoReverseMatch:  # this floor stands alone
        return ""


#: The event that stands for a moved widget: a layout has no history, only the moment of its last change.
MOVED = "home.arranged"

STEPS = (
    Step(
        _("Make Home yours"),
        _(
            "Take a card by its grip and drag it, or put the focus on the grip, press space and use the arrows. "
            "Only your own Home changes."
        ),
        _("Go to Home"),
        "home",
        _at("analytics:home"),
        (MOVED,),
    ),
    Step(
        _("Be your own buyer"),
        _(
            "Open the storefront, put something into the basket and check out with any name and address. "
            "On Home, the sales of today move."
        ),
        _("Open the storefront"),
        "storefront",
        _public,
        ("order.placed",),
        by_anybody=True,
    ),
    Step(
        _("Ship the most urgent order"),
        _("Buy a label and take over its number, or type one. The buyer is told, the clock stops, the stock is right."),
        _("Open the order"),
        "orders",
        _next("orders:order", lambda waiting: waiting.next_order, "orders:order_list"),
        ("package.shipped",),
    ),
    Step(
        _("Decide a return"),
        _("See what it would cost before you decide. If you stay silent, the deadline decides for the buyer."),
        _("Open the return"),
        "orders",
        _next("orders:return", lambda waiting: waiting.next_return, "orders:return_list"),
        ("return.approved", "return.refused"),
    ),
    Step(
        _("Answer a buyer"),
        _("Answers within a day count for your score."),
        _("Open the conversation"),
        "support",
        _next("support:conversation", lambda waiting: waiting.next_message, "support:messages"),
        ("message.answered",),
    ),
    Step(
        _("Change a price or a stock"),
        _("Open a product and correct a number. The timeline beside it keeps what it was before."),
        _("Open the products"),
        "products",
        _at("catalog:product_list"),
        ("sku.priced", "stock.changed"),
    ),
    Step(
        _("Start a coupon"),
        _("Save it as a draft, see what it would cost on an order, then start it."),
        _("New coupon"),
        "marketing",
        _at("marketing:coupon_new"),
        ("coupon.went_live", "coupon.scheduled"),
    ),
    Step(
        _("Follow the money"),
        _("What is pending, what is available, what the next payday brings. Every sum opens to its postings."),
        _("Open Finance"),
        "finance",
        _at("payouts:finance"),
    ),
    Step(
        _("Know where you stand"),
        _("The score with each metric, its limit and its points; the tier and what is left of it."),
        _("Open Health"),
        "health",
        _at("analytics:health"),
    ),
    Step(
        _("See what is due"),
        _("Every clock of the shop on one page, the next to strike on top."),
        _("Open the deadlines"),
        "home",
        _at("shops:inbox"),
    ),
)


def begun(shop, user) -> Tour | None:
    """The person's tour, if they set out."""
    return Tour.objects.in_shop(shop).of(user).first()


def start(*, shop, by, at: dt.datetime) -> Tour:
    """Set out, or set out anew: what was done before does not count any more."""
    with scope(shop, by=by):
        tour, _made = Tour.objects.update_or_create(shop=shop, user=by, defaults={"started_at": at})
    return tour


def running(tour: Tour | None, at: dt.datetime) -> bool:
    """Do deeds still tick its steps?"""
    return tour is not None and at < tour.started_at + dt.timedelta(days=DAYS)


def stops(shop: Shop, member: Membership, user, tour: Tour | None) -> list[Stop]:
    """The steps that this member's role allows, ticked by what happened since the start. Two queries, three on a tour."""
    needed = {step: "edit" if step.kinds and not step.by_anybody else "view" for step in STEPS}
    mine = [step for step in STEPS if member.may(step.area, needed[step])]
    waiting = home.waiting(shop, {step.area for step in mine}, user)
    happened = _happened(shop, user, tour) if tour else set()
    found = []
    for step in mine:
        url = step.place(shop, waiting)
        if url:
            ticks = {(kind, step.by_anybody) for kind in step.kinds}
            found.append(Stop(step.title, step.text, step.action, url, bool(step.kinds), bool(ticks & happened)))
    return found


def _happened(shop: Shop, user, tour: Tour) -> set[tuple[str, bool]]:
    """Kinds of events since the start: (kind, False) done by this person, (kind, True) by anybody."""
    until = tour.started_at + dt.timedelta(days=DAYS)
    kinds = {kind for step in STEPS for kind in step.kinds}
    rows = (
        ShopEvent.objects.in_shop(shop)
        .filter(kind__in=kinds, at__gte=tour.started_at, at__lt=until)
        .order_by()
        .values_list("kind", "by_id")
        .distinct()
    )
    found: set[tuple[str, bool]] = set()
    for kind, by in rows:
        found.add((kind, True))
        if by == user.pk:
            found.add((kind, False))
    layout = HomeLayout.objects.in_shop(shop).of(user)
    if layout.filter(changed_at__gte=tour.started_at, changed_at__lt=until).exists():
        found.add((MOVED, False))
    return found
