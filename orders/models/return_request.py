"""Returns: a buyer wants to give units back, the seller decides, the parcel comes, the money goes."""

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order, OrderLine
from seller_center.kernel.history import history
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, moves_check, moves_trigger
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key

RETURN_MOVES = Moves(
    {
        "requested": ("approved", "refused", "withdrawn"),
        "approved": ("awaiting_return", "refunded"),
        "awaiting_return": ("shipped_back", "received", "expired", "withdrawn"),
        "shipped_back": ("received",),
        "received": ("refunded", "replaced", "rejected"),
        "refused": ("closed",),
        "withdrawn": ("closed",),
        "expired": ("closed",),
        "refunded": ("closed",),
        "replaced": ("closed",),
        "rejected": ("closed",),
    },
    start=("requested",),
)

#: States in which a return is an open case: the order is not completed and its money not settled meanwhile.
OPEN = ("requested", "approved", "awaiting_return", "shipped_back", "received")


class ReturnQuerySet(OwnedQuerySet):
    """Questions about returns."""

    def newest_first(self):
        """Newest first."""
        return self.order_by("-requested_at", "-id")

    def open_cases(self):
        """Not ended: somebody still has to do something."""
        return self.filter(status__in=OPEN)

    def of_order(self, order):
        """The returns of one order, oldest first."""
        return self.filter(shop_id=order.shop_id, order=order).order_by("id")

    def found_by(self, shop, words: str):
        """Returns with this number, or of orders of the shop that hold all the words."""
        orders = Order.objects.in_shop(shop).found_by(words).order_by().values("pk")
        return self.filter(Q(code__startswith=words.upper()) | Q(order__in=orders))

    def counts_by_tab(self, shop, tabs: dict[str, tuple[str, ...]], at_most: int) -> dict[str, int]:
        """How many returns of the shop are in these states, each tab counted no further than ``at_most``: one query."""
        parts = " UNION ALL ".join(
            "SELECT %s, (SELECT count(*) FROM (SELECT 1 FROM orders_returnrequest"
            " WHERE shop_id = %s AND status = ANY(%s) AND status = ANY(%s) LIMIT %s) AS counted)"
            for _tab in tabs
        )
        given = [value for tab, states in tabs.items() for value in (tab, shop.pk, list(OPEN), list(states), at_most)]
        with connection.cursor() as cursor:
            cursor.execute(parts, given)
            return dict(cursor.fetchall())

    def in_tab(self, tab: str):
        """The returns of a tab of the list; all for an unknown one."""
        statuses = RETURN_TABS.get(tab, ())
        return self.filter(status__in=statuses) if statuses else self


RETURN_TABS: dict[str, tuple[str, ...]] = {
    "all": (),
    "to_decide": ("requested",),
    "on_the_way": ("approved", "awaiting_return", "shipped_back"),
    "to_inspect": ("received",),
    "ended": ("refused", "withdrawn", "expired", "refunded", "replaced", "rejected", "closed"),
}


@history(exclude=["note"])
class ReturnRequest(ShopOwned):
    """A buyer's wish to return units of one order, and what became of it. Silence of the seller approves."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        AWAITING_RETURN = "awaiting_return", _("Awaiting return")
        SHIPPED_BACK = "shipped_back", _("On its way back")
        RECEIVED = "received", _("Received")
        EXPIRED = "expired", _("Expired")
        REFUNDED = "refunded", _("Refunded")
        REPLACED = "replaced", _("Replaced")
        REJECTED = "rejected", _("Rejected")
        CLOSED = "closed", _("Closed")

    class Kind(models.TextChoices):
        RETURN_AND_REFUND = "return_and_refund", _("Send back for a refund")
        REFUND_ONLY = "refund_only", _("Refund without sending back")

    MOVES = RETURN_MOVES

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="returns", db_constraint=False, db_index=False
    )
    code = models.CharField(max_length=18)
    kind = models.CharField(max_length=18, choices=Kind)
    status = models.CharField(max_length=15, choices=Status, default=Status.REQUESTED)
    reason = models.CharField(max_length=30)
    fault = models.CharField(max_length=8, choices=Order.Fault)
    note = models.TextField(blank=True, help_text="What the buyer wrote.")
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(
        "shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        "shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    by_silence = models.BooleanField(default=False, help_text="A clock of the seller ran out.")
    refusal_reason = models.CharField(max_length=30, blank=True)
    justification = models.TextField(blank=True, help_text="What the seller wrote when refusing or rejecting.")
    carrier = models.CharField(max_length=20, blank=True)
    tracking_number = models.CharField(max_length=40, blank=True)
    shipped_back_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    refund_released_by = models.ForeignKey(
        "shops.User",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The first of the two people that a large refund needs.",
        db_index=False,
    )
    refund_released_at = models.DateTimeField(null=True, blank=True)
    restocked = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(ReturnQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("order"),
            models.UniqueConstraint(fields=("shop", "code"), name="return_code_once"),
            models.CheckConstraint(
                condition=~Q(status__in=("refused", "rejected")) | ~Q(refusal_reason="") & ~Q(justification=""),
                name="return_refused_with_justification",
                violation_error_message=_("A refusal needs a reason and a justification."),
            ),
            moves_check("return_status_known", "status", RETURN_MOVES),
        ]
        indexes = [
            models.Index(fields=("shop", "-requested_at", "-id"), name="return_newest"),
            models.Index(fields=("shop", "-requested_at", "-id"), name="return_open", condition=Q(status__in=OPEN)),
            models.Index(fields=("shop", "order", "id"), name="return_of_order"),
        ]
        triggers = [moves_trigger("return_status_moves", "status", RETURN_MOVES)]

    def __str__(self) -> str:
        return self.code

    @property
    def open_case(self) -> bool:
        """Does somebody still have to do something?"""
        return self.status in OPEN


class ReturnLine(ShopOwned):
    """Units of an order line that are to come back."""

    return_request = models.ForeignKey(
        ReturnRequest, on_delete=models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )
    line = models.ForeignKey(
        OrderLine, on_delete=models.PROTECT, related_name="return_lines", db_constraint=False, db_index=False
    )
    quantity = models.PositiveIntegerField()

    objects = owned_manager()

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("return_request"),
            TenantFK("line"),
            models.UniqueConstraint(fields=("shop", "return_request", "line"), name="return_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="return_line_of_something"),
        ]
        indexes = [models.Index(fields=("shop", "line"), name="return_line_of_line")]

    def __str__(self) -> str:
        return f"{self.quantity} × line {self.line_id}"
