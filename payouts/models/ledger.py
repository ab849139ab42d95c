"""The ledger: accounts, transactions, entries. Double entry, append-only, sealed, zero-sum (DEC7, DEC8, INV7–INV9).

An amount above zero flows into an account, one below zero out of it; every transaction sums to zero. The guards that
PostgreSQL keeps stand in ``payouts.models.ledger_guards``; rows are written by ``payouts.ledger`` and nobody else.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from payouts.models import ledger_guards
from seller_center.kernel.money import format_money
from seller_center.kernel.tenancy import TenantFK
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class AccountKind(models.TextChoices):
    """The chart of accounts. Its order is the order in which a shop's accounts are made and locked (DEC4)."""

    PENDING = "pending", _("Pending")
    DEBT = "debt", _("Owed to the marketplace")
    RESERVE = "reserve", _("Reserve")
    AVAILABLE = "available", _("Available")
    IN_FLIGHT = "in_flight", _("On its way to the bank")
    BUYER_PAYMENTS = "buyer_payments", _("Buyers' payments")
    COMMISSION = "commission", _("Referral fees")
    FEES = "fees", _("Other fees")
    PROMOTIONS = "promotions", _("Discounts paid by the marketplace")
    TAX = "tax", _("Sales tax")
    BANK_CLEARING = "bank_clearing", _("Bank")


#: Accounts whose money is the seller's, in the order in which it becomes theirs.
SELLER_KINDS = (
    AccountKind.PENDING,
    AccountKind.AVAILABLE,
    AccountKind.RESERVE,
    AccountKind.IN_FLIGHT,
    AccountKind.DEBT,
)
#: Never below zero: what the seller has, and what buyers have paid in and nobody has earned yet.
NEVER_NEGATIVE = (
    AccountKind.PENDING,
    AccountKind.RESERVE,
    AccountKind.AVAILABLE,
    AccountKind.IN_FLIGHT,
    AccountKind.BUYER_PAYMENTS,
    AccountKind.COMMISSION,
    AccountKind.FEES,
    AccountKind.TAX,
)
#: Never above zero: what is owed to the marketplace, and what it has given.
NEVER_POSITIVE = (AccountKind.DEBT, AccountKind.PROMOTIONS)


class TransactionKind(models.TextChoices):
    """What moved money, in words for the seller."""

    CAPTURE = "capture", _("Buyer paid")
    CANCEL = "cancel", _("Payment given back")
    DELIVERY = "delivery", _("Sale earned")
    REFUND = "refund", _("Refund")
    REFUND_FEE = "refund_fee", _("Refund administration fee")
    SETTLEMENT = "settlement", _("Sale available")
    RESERVE_RELEASE = "reserve_release", _("Reserve released")
    DEBT_RECOVERY = "debt_recovery", _("Amount owed taken from the balance")
    PAYOUT = "payout", _("Payout")
    PAYOUT_PAID = "payout_paid", _("Payout arrived")
    PAYOUT_FAILED = "payout_failed", _("Payout not made")
    PAYOUT_RETURN = "payout_return", _("Payout returned by the bank")


class Part(models.TextChoices):
    """What of a transaction an entry stands for."""

    GOODS = "goods", _("Goods")
    SELLER_DISCOUNT = "seller_discount", _("Your discount")
    PLATFORM_DISCOUNT = "platform_discount", _("Discount paid by the marketplace")
    SHIPPING = "shipping", _("Shipping paid by the buyer")
    TAX = "tax", _("Sales tax")
    REFERRAL_FEE = "referral_fee", _("Referral fee")
    REFUND_FEE = "refund_fee", _("Refund administration fee")
    PAYMENT = "payment", _("Payment")
    REFUND = "refund", _("Refund")
    SETTLEMENT = "settlement", _("Settlement")
    RESERVE = "reserve", _("Reserve")
    SHORTFALL = "shortfall", _("More than was there")
    RECOVERY = "recovery", _("Amount owed, taken back")
    PAYOUT = "payout", _("Payout")


class AccountQuerySet(OwnedQuerySet):
    """Questions about accounts."""

    def of_seller(self):
        """The accounts whose money is the seller's."""
        return self.filter(kind__in=SELLER_KINDS)


class Account(ShopOwned):
    """One account of one shop in one currency. The platform's sides exist per shop too, so that no row is hot for all.

    ``balance_minor`` and ``entry_count`` are those of the newest entry; PostgreSQL refuses to commit anything else.
    """

    kind = models.CharField(max_length=15, choices=AccountKind)
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(default=0)
    entry_count = models.BigIntegerField(default=0, help_text="Also the position of the newest entry.")

    objects = owned_manager(AccountQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(fields=("shop", "kind", "currency"), name="account_once_per_kind_and_currency"),
            models.UniqueConstraint(fields=("shop", "id", "currency"), name="account_with_currency"),
            models.CheckConstraint(
                condition=Q(balance_minor__gte=0) | ~Q(kind__in=NEVER_NEGATIVE),
                name="account_not_below_zero",
                violation_error_message=_("There is not that much money on this account."),
            ),
            models.CheckConstraint(
                condition=Q(balance_minor__lte=0) | ~Q(kind__in=NEVER_POSITIVE),
                name="account_not_above_zero",
                violation_error_message=_("More cannot be given back than was given."),
            ),
            models.CheckConstraint(condition=Q(entry_count__gte=0), name="account_entries_counted_up"),
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="account_kind_in_chart"),
        ]
        triggers = ledger_guards.ACCOUNT_GUARDS

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.currency})"


class TransactionQuerySet(OwnedQuerySet):
    """Questions about transactions."""

    def newest_first(self):
        """The order of the list."""
        return self.order_by("-id")

    def of_event(self, kind: str, source_code: str, step: int = 0):
        """The one posting of a business event."""
        return self.filter(kind=kind, source_code=source_code, step=step)


class Transaction(ShopOwned):
    """One business event in money: at least two entries that sum to zero per currency. Never changed, never deleted."""

    kind = models.CharField(max_length=16, choices=TransactionKind)
    source_kind = models.CharField(max_length=20, help_text="What caused it: order, package, refund, payout …")
    source_code = models.CharField(max_length=60)
    step = models.PositiveIntegerField(default=0)
    order = models.ForeignKey(
        "orders.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    reverses = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    at = models.DateTimeField()
    by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    created_xid = ledger_guards.XidField(
        db_default=ledger_guards.CurrentXid(), editable=False, help_text="Seals it: entries come with it or never."
    )

    append_only = True
    objects = owned_manager(TransactionQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("order"),
            TenantFK("reverses"),
            models.UniqueConstraint(
                fields=("shop", "kind", "source_kind", "source_code", "step"), name="transaction_once_per_event"
            ),
            models.UniqueConstraint(fields=("shop", "reverses"), name="transaction_reversed_once"),
            models.CheckConstraint(condition=Q(kind__in=TransactionKind.values), name="transaction_kind_known"),
        ]
        indexes = [
            models.Index(fields=("shop", "order"), name="transaction_of_order", condition=Q(order__isnull=False)),
        ]
        triggers = ledger_guards.TRANSACTION_GUARDS

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.source_code}"


class EntryQuerySet(OwnedQuerySet):
    """Questions about entries."""

    def on(self, kind: str):
        """Entries on the account of this kind."""
        return self.filter(account__kind=kind)

    def newest_first(self):
        """The order of an account's list."""
        return self.order_by("-position")


class Entry(ShopOwned):
    """One side of a transaction; ``position`` counts the account's entries, each with the balance after it."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="entries", db_constraint=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries", db_constraint=False)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    part = models.CharField(max_length=17, choices=Part)
    position = models.BigIntegerField()
    balance_after_minor = models.BigIntegerField()

    append_only = True
    objects = owned_manager(EntryQuerySet)

    class Meta:
        verbose_name_plural = _("entries")
        constraints = [
            tenant_key(),
            TenantFK("transaction"),
            ledger_guards.SameCurrencyFK("account"),
            # The amounts ride along, so that a payday's sums and the chain of balances are read from the index alone.
            models.UniqueConstraint(
                fields=("shop", "account", "position"),
                include=("amount_minor", "balance_after_minor"),
                name="entry_position_once",
            ),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="entry_moves_something"),
            models.CheckConstraint(condition=Q(position__gt=0), name="entry_position_from_one"),
            models.CheckConstraint(condition=Q(part__in=Part.values), name="entry_part_known"),
        ]
        indexes = [models.Index(fields=("shop", "transaction"), name="entry_of_transaction")]
        triggers = ledger_guards.ENTRY_GUARDS

    def __str__(self) -> str:
        return f"{format_money(self.amount_minor, self.currency)} {self.part}"
