"""Earnings, fees, reversals, statements and the bank's lines, to read."""

from django.contrib import admin

from payouts import bank, settlement, words
from payouts.models import BankMovement, Earning, FeeLine, Reversal, Statement
from shops import fees
from shops.admin.filters import among, every_policy
from shops.admin.read_only import WORDS, ReadOnlyAdmin

# A column says what its filter says.
WORDS["payouts.Earning", "terms"] = lambda code: settlement.TERMS.get(code, code)
WORDS["payouts.FeeLine", "rule"] = words.rule_name
WORDS["payouts.BankMovement", "kind"] = lambda code: bank.MOVEMENTS.get(code, code)


@admin.register(Earning)
class EarningAdmin(ReadOnlyAdmin):
    """What packages earned, and when it becomes available."""

    list_display = ("package_code", "shop", "status", "net_minor", "taken_minor", "currency", "available_from", "terms")
    list_filter = ("status", ("terms", among(lambda: settlement.TERMS.items())))
    search_fields = ("=package_code", "=shop__code", "=order__code")
    ordering = ("-id",)
    list_select_related = ("shop",)


def _fee_rules() -> list[tuple[str, str]]:
    """Those of every version of the policy: an old fee is found by its old rule."""
    rules = {rule for policy in every_policy() for rule in fees.referral_rules(policy.fees)}
    return [(rule, words.rule_name(rule)) for rule in sorted(rules)]


@admin.register(FeeLine)
class FeeLineAdmin(ReadOnlyAdmin):
    """Fees, each with rule, base, rate and date."""

    list_display = ("id", "shop", "rule", "base_minor", "rate_bp", "share_bp", "amount_minor", "reversed_minor")
    list_filter = ("kind", ("rule", among(_fee_rules)))
    search_fields = ("=shop__code", "=earning_line__earning__package_code")
    ordering = ("-id",)
    list_select_related = ("shop",)


@admin.register(Reversal)
class ReversalAdmin(ReadOnlyAdmin):
    """What refunds took from whom."""

    list_display = ("id", "shop", "refund", "seller_minor", "referral_minor", "refund_fee_minor", "reversed_at")
    search_fields = ("=shop__code", "=refund__code", "=order__code")
    ordering = ("-id",)
    list_select_related = ("shop", "refund")


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin):
    """Closed statements."""

    list_display = ("code", "shop", "closes_on", "opening_minor", "movements_minor", "paid_out_minor", "closing_minor")
    search_fields = ("=code", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop",)


@admin.register(BankMovement)
class BankMovementAdmin(ReadOnlyAdmin):
    """The bank's own lines; those without a payout lie with the platform shop."""

    list_display = ("number", "day", "kind", "key", "amount_minor", "currency", "shop", "payout")
    list_filter = (("kind", among(lambda: bank.MOVEMENTS.items())), ("payout", admin.EmptyFieldListFilter))
    search_fields = ("=key", "=reference", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop", "payout")
