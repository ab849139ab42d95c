"""Statements and payouts: what each payday paid and why, tied out against ledger and bank."""

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from payouts import statement_lines, tie_out, words
from payouts.models import Payout, Statement
from seller_center.kernel import clock
from seller_center.kernel.addresses import address
from seller_center.kernel.paging import keyset_page
from seller_center.kernel.prepared import prepared
from shops import timeline
from shops.access import for_shop

LINE_COLUMNS = (
    {"label": _("What"), "as": "main"},
    {"label": _("When"), "as": "extra"},
    {"label": _("Goods"), "as": "extra", "right": True},
    {"label": _("Discount"), "as": "extra", "right": True},
    {"label": _("Shipping"), "as": "extra", "right": True},
    {"label": _("Fees"), "as": "num"},
    {"label": _("Amount"), "as": "end"},
)
#: What of a payout its statement says.
SHOWN = ("id", "code", "status")


@require_safe
@for_shop(area="finance", may="view")
def statement_page(request: HttpRequest, shop, code: str) -> HttpResponse:
    """One statement: opening to closing, its sums, its lines page by page, and the tie-out."""
    statement = _statement_or_404(shop, code)
    entries = statement_lines.entries_of(statement)
    page = keyset_page(entries, order=("position", "id"), token=request.GET.get("page", ""), size=25)
    sums = tie_out.sums_of(statement, clock.now())
    context = {
        "shop": shop,
        "statement": statement,
        "facts": _facts(statement, sums.lines),
        "checks": tie_out.checks(statement, sums),
        "added_up_at": sums.added_up_at,
        "page": page,
        "columns": LINE_COLUMNS,
        "rows": [_line(shop, row) for row in statement_lines.rows_of(shop.pk, page.rows)],
    }
    return render(request, "payouts/statement.html", context)


def _statement_or_404(shop, code: str) -> Statement:
    found = () if "\x00" in code else _statements(shop=shop.pk, code=code)  # PostgreSQL has no such letter
    for statement in found:
        return statement
    raise Http404("No such statement.")


@prepared
def _statements(*, shop: int, code: str) -> QuerySet[Statement]:
    """The statement with this code, and of its payout what the page says."""
    rows = Statement.objects.in_shop(shop).of_code(code).select_related("payout")
    return rows.defer(*(f"payout__{field.name}" for field in Payout._meta.concrete_fields if field.name not in SHOWN))


def _facts(statement: Statement, summary: tie_out.Summary) -> list[tuple]:
    """From the opening to the closing balance: (label, amount, is it a sum)."""
    rows = [
        (_("Goods"), summary.goods),
        (_("Your discounts"), summary.discount),
        (_("Shipping paid by buyers"), summary.shipping),
        (_("Sales tax in prices"), summary.tax),
        (_("Referral fees"), summary.referral_fee),
        (_("Refunds, after fees given back"), summary.refunds),
        (_("Refund administration fees"), summary.refund_fee),
        (_("Reserve"), summary.reserve),
        (_("Owed to the marketplace"), summary.debt),
        (_("Payouts that came back"), summary.returned_payouts),
        (_("Other"), summary.other),
    ]
    return [
        (_("Opening balance"), statement.opening_minor, True),
        *((label, amount, False) for label, amount in rows if amount),
        (_("Paid out"), -statement.paid_out_minor, True),
        (_("Closing balance"), statement.closing_minor, True),
    ]


def _line(shop, row: statement_lines.Row) -> dict:
    what = statement_lines.ROW_KINDS.get(row.kind, row.kind)
    below = " · ".join(str(part) for part in (row.order or row.reference, row.title or row.sku) if part)
    url = address("orders:order", shop=shop.code, code=row.order) if row.order else ""
    currency = shop.currency
    return {
        "url": url,
        "cells": (
            ("two", f"{row.quantity} × {what}" if row.quantity and row.quantity > 0 else what, below),
            ("moment", row.at, "date"),
            ("money", row.goods, currency) if row.goods else "",
            ("money", row.discount, currency) if row.discount else "",
            ("money", row.shipping, currency) if row.shipping else "",
            ("money", row.referral_fee + row.refund_fee, currency) if row.referral_fee or row.refund_fee else "",
            ("money", row.amount, currency),
        ),
    }


@require_safe
@for_shop(area="finance", may="view")
def statement_csv(request: HttpRequest, shop, code: str) -> StreamingHttpResponse:
    """The statement down to the order line and the fee, as a file with stable columns."""
    statement = _statement_or_404(shop, code)
    answer = StreamingHttpResponse(statement_lines.csv_file(statement), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="statement-{statement.code.lower()}.csv"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_safe
@for_shop(area="finance", may="view")
def payout_page(request: HttpRequest, shop, code: str) -> HttpResponse:
    """One payout: where it is, where it goes, what it is made of, what happened to it."""
    payout = _payout_or_404(shop, code)
    context = {
        "shop": shop,
        "payout": payout,
        "meaning": words.PAYOUT_MEANING[Payout.Status(payout.status)],
        "statement": next(iter(_statement_of(shop=shop.pk, payout=payout.pk)), None),
        "events": timeline.newest(shop, "payout", payout.code, 50),
    }
    return render(request, "payouts/payout.html", context)


def _payout_or_404(shop, code: str) -> Payout:
    found = () if "\x00" in code else _payouts(shop=shop.pk, code=code)  # PostgreSQL has no such letter
    for payout in found:
        return payout
    raise Http404("No such payout.")


@prepared
def _payouts(*, shop: int, code: str) -> QuerySet[Payout]:
    return Payout.objects.in_shop(shop).of_code(code).with_account()


@prepared
def _statement_of(*, shop: int, payout: int) -> QuerySet[Statement]:
    return Statement.objects.in_shop(shop).filter(payout=payout).only("code").order_by("pk")[:1]
