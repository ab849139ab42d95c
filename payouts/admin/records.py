"""Earnings, fees, reversals, statements and the bank's lines, to read."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from payouts import bank, settlement, words
from payouts.models import BankMovement, Earning, FeeLine, Reversal, Statement
from seller_center.kernel.money import format_money
from shops import fees
from shops.admin.filters import among, every_policy, known
from shops.admin.read_only import WORDS, ReadOnlyAdmin, said

# A column says what its filter says.
WORDS["payouts.Earning", "terms"] = lambda code: settlement.TERMS.get(code, code)
WORDS["payouts.FeeLine", "rule"] = words.rule_name
WORDS["payouts.BankMovement", "kind"] = lambda code: bank.MOVEMENTS.get(code, code)


@admin.register(Earning)
class EarningAdmin(ReadOnlyAdmin):
    """What packages earned, and when it becomes available."""

    left_out = ("package_code",)
    titles = {
        "package_code": _("Package"),
        "net_minor": _("Earned"),
        "taken_minor": _("Taken back"),
        "earned_at": _("When"),
    }
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

    titles = {
        "id": _("Number"),
        "base_minor": _("Taken of"),
        "share_bp": _("Charged of it"),
        "reversed_minor": _("Given back"),
    }
    list_display = ("id", "shop", "rule", "base_minor", "rate_bp", "share_bp", "amount_minor", "reversed_minor")
    list_filter = ("kind", ("rule", among(_fee_rules)))
    search_fields = ("=shop__code", "=earning_line__earning__package_code")
    ordering = ("-id",)
    list_select_related = ("shop",)

    def record_title(self, row: Any) -> str:
        return f"{words.rule_name(row.rule)} {format_money(row.amount_minor, row.shop.currency)}"


@admin.register(Reversal)
class ReversalAdmin(ReadOnlyAdmin):
    """What refunds took from whom."""

    titles = {
        "id": _("Number"),
        "seller_minor": _("From the seller"),
        "referral_minor": _("Referral fee given back"),
        "refund_fee_minor": _("Refund fee"),
    }
    list_display = ("id", "shop", "refund", "seller_minor", "referral_minor", "refund_fee_minor", "reversed_at")
    search_fields = ("=shop__code", "=refund__code", "=order__code")
    ordering = ("-id",)
    list_select_related = ("shop", "refund")

    def record_title(self, row: Any) -> str:
        return str(row.refund)


@admin.register(Statement)
class StatementAdmin(ReadOnlyAdmin):
    """Closed statements."""

    titles = {
        "closes_on": _("Closing day"),
        "opening_minor": _("Opening balance"),
        "closing_minor": _("Closing balance"),
    }
    list_display = ("code", "shop", "closes_on", "opening_minor", "movements_minor", "paid_out_minor", "closing_minor")
    search_fields = ("=code", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop",)


@admin.register(BankMovement)
class BankMovementAdmin(ReadOnlyAdmin):
    """The bank's own lines; those without a payout lie with the platform shop."""

    titles = {"key": _("Our reference")}
    list_display = ("number", "day", "kind", "key", "amount_minor", "currency", "shop", "payout")
    list_filter = (("kind", among(lambda: bank.MOVEMENTS.items())), ("payout", known(_("Known"), _("None of ours"))))
    search_fields = ("=key", "=reference", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop", "payout")

    def record_title(self, row: Any) -> str:
        return f"{said(BankMovement, 'kind', row.kind)} {row.key} {format_money(row.amount_minor, row.currency)}"
