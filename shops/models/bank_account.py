"""Where a shop's money goes. Collected at sign-up; payouts refers down to it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.fields import EncryptedTextField, new_seal
from seller_center.kernel.history import history
from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models.owned import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class BankAccountQuerySet(OwnedQuerySet):
    """Questions about bank accounts."""

    def current(self):
        """The account a payout would go to (at most one per shop)."""
        return self.filter(status=BankAccount.Status.CURRENT)


BANK_ACCOUNT_MOVES = Moves({"current": ("retired",)}, start=("current",))


@history()
class BankAccount(ShopOwned):
    """One bank account of a shop. A change adds a row and retires the old one; numbers are never in clear (INV21)."""

    class Status(models.TextChoices):
        CURRENT = "current", _("Current")
        RETIRED = "retired", _("Retired")

    class AccountType(models.TextChoices):
        CHECKING = "checking", _("Checking")
        SAVINGS = "savings", _("Savings")

    MOVES = BANK_ACCOUNT_MOVES

    status = models.CharField(max_length=8, choices=Status, default=Status.CURRENT)
    holder = models.CharField(max_length=120)
    bank_name = models.CharField(max_length=120, blank=True)
    account_type = models.CharField(max_length=8, choices=AccountType, default=AccountType.CHECKING)
    routing_number = models.CharField(max_length=9)
    seal = models.CharField(max_length=32, default=new_seal, editable=False)
    number = EncryptedTextField()
    number_index = models.CharField(max_length=64, help_text="Blind index: finds the same account in another shop.")
    last_four = models.CharField(max_length=4)
    added_by = models.ForeignKey("shops.User", null=True, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    usable_from = models.DateTimeField(help_text="No payout before: a change is held (rulebook §5).")

    objects = owned_manager(BankAccountQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(
                fields=("shop",), condition=models.Q(status="current"), name="bank_account_one_current"
            ),
        ]
        indexes = [models.Index(fields=("number_index",), name="bank_account_blind")]
        triggers = [moves_trigger("bank_account_status_moves", "status", BANK_ACCOUNT_MOVES)]

    def __str__(self) -> str:
        return f"{self.bank_name or 'Bank account'} ••••{self.last_four}"
