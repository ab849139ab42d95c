"""The ledger in the seller's words: what a transaction is called, what it means, what a fee is made of."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payouts.models import FeeLine, Payout, TransactionKind
from seller_center.kernel.money import format_money
from seller_center.kernel.text import percent

#: What each kind means, in one plain sentence.
MEANING = {
    TransactionKind.CAPTURE: gettext_lazy("The buyer paid. The marketplace keeps the money until the parcel arrives."),
    TransactionKind.CANCEL: gettext_lazy("The order was cancelled before anything was earned."),
    TransactionKind.DELIVERY: gettext_lazy(
        "The parcel arrived, so the sale is yours: the price and shipping, less your discount and the referral fee."
    ),
    TransactionKind.REFUND: gettext_lazy(
        "Money went back to the buyer. What was taken as referral fee for it came back to you."
    ),
    TransactionKind.REFUND_FEE: gettext_lazy(
        "A refund after shipping costs a share of the referral fee that was given back."
    ),
    TransactionKind.SETTLEMENT: gettext_lazy("The waiting time is over: the money can be paid out."),
    TransactionKind.RESERVE_RELEASE: gettext_lazy("Money that was held back as a reserve is available again."),
    TransactionKind.DEBT_RECOVERY: gettext_lazy("What you owed the marketplace was taken from your balance."),
    TransactionKind.PAYOUT: gettext_lazy("Your available money was put into a payout."),
    TransactionKind.PAYOUT_PAID: gettext_lazy("The payout arrived on your bank account."),
    TransactionKind.PAYOUT_FAILED: gettext_lazy("The bank did not make the payout. The money is available again."),
    TransactionKind.PAYOUT_RETURN: gettext_lazy("Your bank sent the payout back. The money is available again."),
}


#: What a payout is doing now, and what comes next.
PAYOUT_MEANING = {
    Payout.Status.READY: gettext_lazy("Prepared. Two people of the marketplace release it, then the bank gets it."),
    Payout.Status.HELD: gettext_lazy("Held back. The money stays set aside for you."),
    Payout.Status.SENDING: gettext_lazy("Handed to the bank. Banks take one to two working days."),
    Payout.Status.UNKNOWN: gettext_lazy("The bank did not answer. We ask it until we know; it is never sent twice."),
    Payout.Status.PAID: gettext_lazy("Arrived on your bank account."),
    Payout.Status.FAILED: gettext_lazy("Not made. The money is available again and goes out on the next payday."),
    Payout.Status.RETURNED: gettext_lazy("Sent back by your bank. The money is available again: check your account."),
}


def fee_explanation(fee: FeeLine, currency: str) -> str:
    """How a fee came about: rate, base, rule, and the offer where one held."""
    values = {"rate": percent(fee.rate_bp), "base": format_money(fee.base_minor, currency)}
    if fee.share_bp == 10_000:
        return _("%(rate)s of %(base)s") % values
    return _("%(rate)s of %(base)s, of which %(share)s is charged (new-seller offer)") % {
        **values,
        "share": percent(fee.share_bp),
    }


def rule_name(rule: str) -> str:
    """The rule that gave the rate, by its name in the policy."""
    _referral, _dot, special = rule.partition(".")
    return _("Referral fee, %(category)s") % {"category": special.replace("_", " ")} if special else _("Referral fee")


#: What the fee is taken of, said once on every page that shows one.
FEE_BASE = gettext_lazy("Taken of what the buyer paid, plus discounts paid by the marketplace, less sales tax.")


def counted(number: int, noun: str) -> str:
    """A number with its noun, as commands say it: 1 package, 0 packages, 3 batches."""
    many = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{number} {noun if number == 1 else many}"
