"""Statements: what happened to the available balance between two paydays, closed and never changed."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from payouts.models.ledger import Account
from payouts.models.payout import Payout
from seller_center.kernel.tenancy import TenantFK
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class StatementQuerySet(OwnedQuerySet):
    """Questions about statements."""

    def newest_first(self):
        """The order of the list."""
        return self.order_by("-closes_on", "-id")


class Statement(ShopOwned):
    """The available account between two paydays: the entries at positions ``after_position`` < p ≤ ``to_position``.

    ``opening + movements = paid out + closing``; the closing balance opens the next one. Ranges of one account never
    overlap, so that each available cent stands on one statement and in at most one payout (INV10).
    """

    code = models.CharField(max_length=20)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    payout = models.ForeignKey(
        Payout, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    currency = models.CharField(max_length=3)
    opens_at = models.DateTimeField(help_text="When the one before was closed, or the shop's first entry.")
    closes_on = models.DateField(help_text="The payday.")
    closed_at = models.DateTimeField()
    after_position = models.BigIntegerField()
    to_position = models.BigIntegerField()
    opening_minor = models.BigIntegerField()
    movements_minor = models.BigIntegerField()
    paid_out_minor = models.BigIntegerField(default=0)
    closing_minor = models.BigIntegerField()

    append_only = True
    objects = owned_manager(StatementQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("account"),
            TenantFK("payout"),
            models.UniqueConstraint(fields=("shop", "code"), name="statement_code_once"),
            models.UniqueConstraint(fields=("shop", "account", "closes_on"), name="statement_once_per_payday"),
            models.UniqueConstraint(fields=("shop", "payout"), name="statement_once_per_payout"),
            models.CheckConstraint(
                condition=Q(closing_minor=F("opening_minor") + F("movements_minor") - F("paid_out_minor")),
                name="statement_adds_up",
                violation_error_message=_("Opening balance, movements, payout and closing balance do not add up."),
            ),
            models.CheckConstraint(
                condition=Q(payout__isnull=True, paid_out_minor=0) | Q(payout__isnull=False, paid_out_minor__gt=0),
                name="statement_pays_by_payout",
            ),
            models.CheckConstraint(
                condition=Q(to_position__gt=F("after_position")) & Q(after_position__gte=0),
                name="statement_covers_something",
            ),
            ExclusionConstraint(
                name="statement_ranges_apart",
                expressions=[
                    ("shop", RangeOperators.EQUAL),
                    ("account", RangeOperators.EQUAL),
                    (
                        Func("after_position", "to_position", Value("(]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        indexes = [models.Index(fields=("shop", "-closes_on", "-id"), name="statement_newest")]

    def __str__(self) -> str:
        return self.code
