"""The Finance page and the ledger behind it: where the money is, when the rest comes, what moved it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from payouts import finance, ledger, words
from payouts.finance import Moved
from payouts.models import SELLER_KINDS, Earning, EarningLine, Entry, FeeLine, Transaction, TransactionKind
from seller_center.kernel import clock
from seller_center.kernel.addresses import address
from shops.access import for_shop

HISTORY_COLUMNS = (
    {"label": _("What"), "as": "main"},
    {"label": _("When")},
    {"label": _("Pending"), "as": "num"},
    {"label": _("Available"), "as": "num"},
    {"label": _("Payouts, reserve, owed"), "as": "extra", "right": True},
)
RECENT = 10


@require_safe
@for_shop(area="finance", may="view")
def finance_page(request: HttpRequest, shop) -> HttpResponse:
    """Balances, the next payout, the money calendar, payouts under way, and the newest movements."""
    at = clock.now()
    held = ledger.balances(shop)
    calendar = finance.calendar(shop, at, held)
    context = {
        "shop": shop,
        "standing": finance.standing(shop, at, held, calendar),
        "calendar": calendar,
        "waiting": finance.held_by_cases(shop),
        "under_way": finance.under_way(shop),
        "columns": HISTORY_COLUMNS,
        "rows": history_rows(shop, finance.newest(shop, RECENT)),
    }
    return render(request, "payouts/finance.html", context)


def history_rows(shop, moved: list[Moved]) -> list[dict]:
    """Movements as plain values for the table."""
    currency = shop.currency
    return [
        {
            "id": f"move-{one.transaction.pk}",
            "url": transaction_url(shop, one.transaction),
            "cells": (
                ("two", one.transaction.get_kind_display(), one.transaction.source_code),
                ("moment", one.transaction.at),
                _amount(one.effects.get("pending"), currency),
                _amount(one.effects.get("available"), currency),
                _amount(one.elsewhere, currency),
            ),
        }
        for one in moved
    ]


def _amount(minor: int | None, currency: str):
    return ("money", minor, currency) if minor else ""


def transaction_url(shop, made: Transaction) -> str:
    """The page of a transaction."""
    return address("payouts:transaction", shop=shop.code, kind=made.kind, source=made.source_code, step=made.step)


@require_safe
@for_shop(area="finance", may="view")
def transaction_page(request: HttpRequest, shop, kind: str, source: str, step: int) -> HttpResponse:
    """One transaction in plain words: why, what of it is whose, and each fee with its rule."""
    made = (
        Transaction.objects.in_shop(shop)
        .of_event(kind, source, step)
        .select_related("order", "by")
        .order_by("id")
        .first()
    )
    if made is None:
        raise Http404("No such transaction.")
    entries = list(Entry.objects.in_shop(shop).filter(transaction=made).select_related("account").order_by("id"))
    context = {
        "shop": shop,
        "made": made,
        "meaning": words.MEANING[TransactionKind(made.kind)],
        "yours": [entry for entry in entries if entry.account.kind in SELLER_KINDS],
        "others": [entry for entry in entries if entry.account.kind not in SELLER_KINDS],
        "lines": _explained_lines(shop, made),
        "fee_base": words.FEE_BASE,
    }
    return render(request, "payouts/transaction.html", context)


def _explained_lines(shop, made: Transaction) -> list[dict]:
    """The order lines behind an earned or settled package, each fee in words."""
    if made.kind not in (TransactionKind.DELIVERY, TransactionKind.SETTLEMENT):
        return []
    earning = Earning.objects.in_shop(shop).filter(package_code=made.source_code).first()
    return explained_lines(shop, [earning] if earning else [])


def explained_lines(shop, earnings: list[Earning]) -> list[dict]:
    """The lines of earnings with their fees in words. Two queries."""
    lines = list(
        EarningLine.objects.in_shop(shop)
        .filter(earning__in=earnings)
        .select_related("line")
        .order_by("earning_id", "id")
    )
    charged = FeeLine.objects.in_shop(shop).filter(earning_line__in=lines).order_by("id")
    fees: dict[int, list[dict]] = {}
    for fee in charged:
        fees.setdefault(fee.earning_line_id, []).append(
            {"fee": fee, "name": words.rule_name(fee.rule), "why": words.fee_explanation(fee, shop.currency)}
        )
    return [{"line": line, "fees": fees.get(line.pk, [])} for line in lines]
