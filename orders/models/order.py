"""The order and its lines: what was sold, to whom, for how much, and how far it has come."""

import re
from collections.abc import Sequence
from functools import reduce

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from orders.shown import TABS, Shown
from seller_center.kernel.history import history
from seller_center.kernel.prepared import prepared
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.text import rarest_first, swapped
from seller_center.kernel.transitions import Moves, moves_check, moves_trigger
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, shop_as_key, tenant_key

#: A search reads at most this many words; the rest of what was typed is not looked at.
MOST_WORDS = 6
#: What may be a SKU code of several parts: one word without the sign of an e-mail address.
_CODE = re.compile(r"[^\s@]{1,25}[-_./:][^\s@]{1,24}")

ORDER_MOVES = Moves(
    {
        "unpaid": ("cooling_off", "cancelled"),
        "cooling_off": ("open", "cancelled"),
        "open": ("completed", "cancelled"),
    },
    start=("unpaid",),
)


class OrderQuerySet(OwnedQuerySet):
    """Questions about orders."""

    def newest_first(self):
        """Newest first."""
        return self.order_by("-placed_at", "-id")

    def in_tab(self, tab: str):
        """Orders whose shown status belongs to a tab of the list; every order for the tab ``all``."""
        statuses = TABS[tab]
        return self.filter(fulfilment_status__in=statuses) if statuses else self

    def awaiting_shipment(self):
        """Orders of which something is still to be shipped."""
        return self.in_tab("to_ship")

    def overdue(self, at):
        """Orders that should have left the house by now and have not, soonest due first."""
        return self.awaiting_shipment().filter(ship_by__lte=at).order_by("ship_by", "id")

    def on_hold(self, shop):
        """Orders of the shop that are held now."""
        from orders.models.hold import Hold

        return self.filter(shop=shop, pk__in=Hold.objects.in_shop(shop).standing().order_by().values("order"))

    def placed_within(self, period):
        """Orders placed in a period."""
        return self.filter(placed_at__gte=period.start, placed_at__lt=period.end)

    def found_by(self, words: str):
        """Orders whose numbers, buyer or SKUs hold all the words, wherever they stand (trigram index)."""
        return self.holding(asked_words(words))

    def holding(self, asked: Sequence[str]):
        """The same, of words in capitals in the order in which they are looked up."""
        return self.filter(reduce(Q.__and__, (Q(search_text__contains=word) for word in asked))) if asked else self

    def searched(self, shop, words: str):
        """What a search of the shop for the words finds: where a SKU was sold under exactly this code, the orders with
        it, else ``found_by``.

        A code such as ``MUG-1-S`` is made of signs that stand in every order of a shop: an index of trigrams would
        gather all of them. Asks whether the code was sold only where the words look like one.
        """
        codes = [words, words.upper()] if may_be_code(words := words.strip()) else []
        if not (codes and list(_sold_under(shop=shop.pk, codes=codes))):
            return self.found_by(words)
        return self.filter(pk__in=OrderLine.objects.in_shop(shop).filter(sku_code__in=codes).values("order"))

    def sounding_like(self, shop, words: str):
        """Orders of the shop that hold something similar to the words: the second try of a search, for slips."""
        return self.filter(pk__in=Order.objects.filter(shop_as_key(shop), _near(words)).order_by().values("pk"))

    def sounding_like_anywhere(self, words: str):
        """For staff: the same in every shop."""
        return self.filter(_near(words))


def asked_words(words: str) -> list[str]:
    """The words of a search in capitals, as they stand in ``search_text``, in the order in which they are looked up."""
    return rarest_first(words.upper().split()[:MOST_WORDS])


def may_be_code(words: str) -> bool:
    """Do the words look like a SKU code of several parts?"""
    return bool(_CODE.fullmatch(words))


def _near(words: str) -> Q:
    """Most letters shared, or two of them changed places."""
    asked = words.upper()[:60]
    like = Q(search_text__trigram_word_similar=asked)
    return reduce(Q.__or__, (Q(search_text__contains=one) for one in swapped(asked)), like)


@prepared
def _sold_under(*, shop: int, codes: list[str]):
    """Whether an order line of the shop has one of these SKU codes: its key, or nothing."""
    return OrderLine.objects.filter(shop_id=shop, sku_code__in=codes).order_by().values_list("pk")[:1]


@history(exclude=["search_text", "summary"])
class Order(ShopOwned):
    """One basket bought from one shop, paid by one payment. ``fulfilment_status`` is what people are shown.

    Amounts in minor units: ``total`` = goods − both discounts + shipping + tax, where the market adds tax on top; where
    prices include it, ``tax`` is the part of the others that is tax.
    """

    class Status(models.TextChoices):
        UNPAID = "unpaid", _("Unpaid")
        COOLING_OFF = "cooling_off", _("Cooling off")
        OPEN = "open", _("Open")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")

    class Fault(models.TextChoices):
        SELLER = "seller", _("Seller")
        BUYER = "buyer", _("Buyer")
        PLATFORM = "platform", _("Marketplace")

    MOVES = ORDER_MOVES

    code = models.CharField(max_length=12)
    channel = models.CharField(max_length=20, help_text="Where it was sold: storefront, api, …")
    external_number = models.CharField(max_length=60, help_text="The channel's number; the same one is the same order.")
    buyer = models.ForeignKey(
        "orders.Buyer", on_delete=models.PROTECT, related_name="orders", db_constraint=False, db_index=False
    )
    status = models.CharField(max_length=11, choices=Status, default=Status.UNPAID)
    fulfilment_status = models.CharField(max_length=18, choices=Shown.choices, default=Shown.UNPAID)
    currency = models.CharField(max_length=3)
    placed_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    cooling_off_until = models.DateTimeField(null=True, blank=True)
    ship_by = models.DateTimeField(null=True, blank=True)
    auto_cancel_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True, help_text="When the last of its packages arrived.")
    completed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=30, blank=True)
    cancel_fault = models.CharField(max_length=8, choices=Fault, blank=True)
    goods_minor = models.BigIntegerField(help_text="Before discounts.")
    seller_discount_minor = models.BigIntegerField(default=0)
    platform_discount_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    tax_included = models.BooleanField(default=False)
    total_minor = models.BigIntegerField()
    coupon_code = models.CharField(max_length=20, blank=True)
    redemption = models.ForeignKey(
        "marketing.Redemption",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    policy_version = models.ForeignKey(
        "shops.PolicyVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    contact_name = models.CharField(max_length=120)
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    address = models.JSONField(help_text="As typed: line1, line2, city, region, postal_code, country.")
    visit_code = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=20, blank=True, help_text="What brought the visit: search, video, ad, …")
    unit_count = models.PositiveIntegerField(default=1)
    summary = models.CharField(max_length=160, blank=True, help_text="What was bought, in one line for lists.")
    search_text = models.TextField(blank=True, help_text="What the search looks at, in capitals.")

    objects = owned_manager(OrderQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("buyer"),
            TenantFK("redemption"),
            models.UniqueConstraint(fields=("shop", "code"), name="order_code_once"),
            models.UniqueConstraint(
                fields=("shop", "channel", "external_number"),
                name="order_external_number_once",
                violation_error_message=_("There is already an order with this number from this channel."),
            ),
            models.CheckConstraint(
                condition=Q(goods_minor__gte=0)
                & Q(shipping_minor__gte=0)
                & Q(tax_minor__gte=0)
                & Q(seller_discount_minor__gte=0)
                & Q(platform_discount_minor__gte=0)
                & Q(goods_minor__gte=F("seller_discount_minor") + F("platform_discount_minor")),
                name="order_amounts_make_sense",
            ),
            models.CheckConstraint(
                condition=Q(
                    tax_included=True,
                    total_minor=F("goods_minor")
                    - F("seller_discount_minor")
                    - F("platform_discount_minor")
                    + F("shipping_minor"),
                )
                | Q(
                    tax_included=False,
                    total_minor=F("goods_minor")
                    - F("seller_discount_minor")
                    - F("platform_discount_minor")
                    + F("shipping_minor")
                    + F("tax_minor"),
                ),
                name="order_total_is_sum_of_parts",
                violation_error_message=_("The total is not the sum of its parts."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=("unpaid", "cancelled"))
                | Q(paid_at__isnull=False, ship_by__isnull=False, cooling_off_until__isnull=False),
                name="order_paid_has_its_deadlines",
            ),
            models.CheckConstraint(
                condition=Q(status="cancelled", cancelled_at__isnull=False)
                | ~Q(status="cancelled") & Q(cancelled_at__isnull=True),
                name="order_cancelled_with_moment",
            ),
            models.CheckConstraint(
                condition=Q(status="completed", completed_at__isnull=False)
                | ~Q(status="completed") & Q(completed_at__isnull=True),
                name="order_completed_with_moment",
            ),
            moves_check("order_status_known", "status", ORDER_MOVES),
        ]
        indexes = [
            models.Index(fields=("shop", "-placed_at", "-id"), name="order_newest"),
            models.Index(
                F("shop"),
                F("ship_by").asc(),
                F("id").asc(),
                name="order_due",
                condition=Q(fulfilment_status__in=TABS["to_ship"]),
            ),
            models.Index(fields=("shop", "buyer", "-placed_at", "-id"), name="order_of_buyer"),
            GinIndex(F("shop"), OpClass("search_text", name="gin_trgm_ops"), name="order_search"),
            *(
                models.Index(
                    fields=("shop", "-placed_at", "-id"),
                    name=f"order_tab_{tab}",
                    condition=Q(fulfilment_status__in=statuses),
                )
                for tab, statuses in TABS.items()
                if statuses
            ),
        ]
        triggers = [moves_trigger("order_status_moves", "status", ORDER_MOVES)]

    def __str__(self) -> str:
        return self.code

    @property
    def shown_status(self) -> str:
        """The one word for how the order stands, derived from its packages."""
        return self.fulfilment_status

    @property
    def goods_paid_minor(self) -> int:
        """What the buyer pays for the goods, after all discounts."""
        return self.goods_minor - self.seller_discount_minor - self.platform_discount_minor

    @property
    def ended(self) -> bool:
        """Does nothing more happen to it but returns?"""
        return self.status in (self.Status.COMPLETED, self.Status.CANCELLED)


class OrderLineQuerySet(OwnedQuerySet):
    """Questions about lines."""

    def of_order(self, order):
        """The lines of one order, as they were ordered."""
        return self.filter(shop_id=order.shop_id, order=order).order_by("id")


class OrderLine(ShopOwned):
    """One SKU of an order, with its money to the cent: the lines add up to the order (INV5).

    ``refunded_…`` counts what went back, never more than was paid (INV6). ``refunded_quantity`` counts units given
    back for cancelled and returned ones alike; ``cancelled_quantity`` units that will never be shipped.
    """

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )
    sku = models.ForeignKey(
        "catalog.Sku", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    reservation = models.ForeignKey(
        "catalog.Reservation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    title = models.CharField(max_length=255)
    options_text = models.CharField(max_length=320, blank=True)
    sku_code = models.CharField(max_length=50)
    fee_class = models.CharField(max_length=40, default="standard")
    quantity = models.PositiveIntegerField()
    unit_price_minor = models.BigIntegerField()
    goods_minor = models.BigIntegerField(help_text="Before discounts.")
    seller_discount_minor = models.BigIntegerField(default=0)
    platform_discount_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField(default=0)
    tax_minor = models.BigIntegerField(default=0)
    tax_included = models.BooleanField(default=False)
    tax_rate_bp = models.PositiveIntegerField(default=0)
    jurisdiction = models.CharField(max_length=20, blank=True)
    cancelled_quantity = models.PositiveIntegerField(default=0)
    refunded_quantity = models.PositiveIntegerField(default=0)
    refunded_goods_minor = models.BigIntegerField(default=0)
    refunded_shipping_minor = models.BigIntegerField(default=0)
    refunded_tax_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0, help_text="All together, as it went back to the buyer.")

    objects = owned_manager(OrderLineQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("order"),
            TenantFK("sku"),
            TenantFK("reservation"),
            models.UniqueConstraint(fields=("shop", "order", "sku"), name="order_line_once_per_sku"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_line_of_something"),
            models.CheckConstraint(
                condition=Q(unit_price_minor__gte=0, goods_minor=F("unit_price_minor") * F("quantity")),
                name="order_line_goods_is_price_times_quantity",
            ),
            models.CheckConstraint(
                condition=Q(seller_discount_minor__gte=0)
                & Q(platform_discount_minor__gte=0)
                & Q(shipping_minor__gte=0)
                & Q(tax_minor__gte=0)
                & Q(goods_minor__gte=F("seller_discount_minor") + F("platform_discount_minor")),
                name="order_line_amounts_make_sense",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_quantity__lte=F("quantity")) & Q(refunded_quantity__lte=F("quantity")),
                name="order_line_quantities_within",
                violation_error_message=_("More units than were ordered."),
            ),
            models.CheckConstraint(
                condition=Q(refunded_goods_minor__gte=0)
                & Q(
                    refunded_goods_minor__lte=F("goods_minor")
                    - F("seller_discount_minor")
                    - F("platform_discount_minor")
                )
                & Q(refunded_shipping_minor__gte=0, refunded_shipping_minor__lte=F("shipping_minor"))
                & Q(refunded_tax_minor__gte=0, refunded_tax_minor__lte=F("tax_minor")),
                name="order_line_refunds_within_paid",
                violation_error_message=_("More would be refunded than was paid for this line."),
            ),
            models.CheckConstraint(
                condition=Q(tax_included=True, refunded_minor=F("refunded_goods_minor") + F("refunded_shipping_minor"))
                | Q(
                    tax_included=False,
                    refunded_minor=F("refunded_goods_minor") + F("refunded_shipping_minor") + F("refunded_tax_minor"),
                ),
                name="order_line_refunded_is_sum_of_parts",
            ),
        ]
        indexes = [
            models.Index(fields=("shop", "order", "id"), name="order_line_of_order"),
            models.Index(fields=("shop", "sku", "id"), name="order_line_of_sku"),
            models.Index(fields=("shop", "sku_code", "order"), name="order_line_under_code"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku_code}"

    @property
    def goods_paid_minor(self) -> int:
        """What the buyer pays for the goods of this line, after all discounts."""
        return self.goods_minor - self.seller_discount_minor - self.platform_discount_minor

    @property
    def paid_minor(self) -> int:
        """What left the buyer's card for this line."""
        return self.goods_paid_minor + self.shipping_minor + (0 if self.tax_included else self.tax_minor)

    @property
    def live_quantity(self) -> int:
        """Units that are not cancelled."""
        return self.quantity - self.cancelled_quantity

    @property
    def refundable_quantity(self) -> int:
        """Units for which nothing went back yet."""
        return self.quantity - self.refunded_quantity
