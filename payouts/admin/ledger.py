"""The ledger to read: account → transaction → the event behind it. Nothing can be changed, here or anywhere."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.formats import localize
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import template_localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payouts.models import Account, Entry, Transaction
from seller_center.kernel.money import format_money
from seller_center.kernel.text import number
from shops.admin.filters import among, currencies
from shops.admin.read_only import ReadOnlyAdmin

SHOWN = 100
#: Where the thing behind a transaction is read, by its kind.
SOURCES = {
    "order": "admin:orders_order_changelist",
    "package": "admin:orders_package_changelist",
    "refund": "admin:orders_refund_changelist",
    "payout": "admin:payouts_payout_changelist",
}


def _unbroken(words: str, code: str) -> SafeString:
    """The code stays whole at the end of a line."""
    return format_html('{} <span class="code">{}</span>', words, code)


def _link(name: str, pk: int, words: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{name}_change", args=[pk]), words)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """Accounts of all shops; an account opens to its newest entries."""

    titles = {"entry_count": gettext_lazy("Entries")}
    list_display = ("shop", "kind", "balance_minor", "entry_count")
    list_filter = ("kind", ("currency", among(currencies)))
    search_fields = ("=shop__code",)
    ordering = ("shop__code", "id")
    list_select_related = ("shop",)
    fields = readonly_fields = ("shop", "kind", "balance_minor", "entry_count", "entries")

    @admin.display(description=gettext_lazy("Newest entries"))
    def entries(self, account: Account) -> SafeString:
        rows = Entry.objects.filter(shop=account.shop, account=account).newest_first().select_related("transaction")
        return _table(
            (_("Position"), _("Transaction"), _("When"), _("For"), _("Amount"), _("Balance after")),
            [
                (
                    number(one.position),
                    _link(
                        "payouts_transaction",
                        one.transaction_id,
                        _unbroken(one.transaction.get_kind_display(), one.transaction.source_code),
                    ),
                    localize(template_localtime(one.transaction.at)),
                    one.get_part_display(),
                    format_money(one.amount_minor, one.currency),
                    format_money(one.balance_after_minor, one.currency),
                )
                for one in rows[:SHOWN]
            ],
            figures=(0, 4, 5),
        )


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    """Transactions of all shops; one opens to its entries and leads to what caused it."""

    titles = {"id": gettext_lazy("Number")}
    list_display = ("id", "shop", "kind", "source_code", "at", "by")
    list_filter = ("kind",)
    search_fields = ("=source_code", "=shop__code", "=order__code")
    ordering = ("-id",)
    list_select_related = ("shop", "by")
    fields = readonly_fields = (
        "shop",
        "kind",
        "source",
        "step",
        "at",
        "by",
        "order",
        "reverses",
        "entries",
    )

    def get_queryset(self, request: HttpRequest):
        return super().get_queryset(request).select_related("shop", "order", "by")

    @admin.display(description=gettext_lazy("Caused by"))
    def source(self, made: Transaction) -> SafeString | str:
        words = _unbroken(made.source_kind, made.source_code)
        try:
            place = reverse(SOURCES[made.source_kind])
        except (KeyError, NoReverseMatch):
            return words
        return format_html('<a href="{}?q={}">{}</a>', place, made.source_code, words)

    @admin.display(description=gettext_lazy("Entries"))
    def entries(self, made: Transaction) -> SafeString:
        rows = Entry.objects.filter(shop=made.shop, transaction=made).select_related("account").order_by("id")
        return _table(
            (_("Account"), _("For"), _("Amount"), _("Balance after"), _("Position")),
            [
                (
                    _link("payouts_account", one.account_id, one.account.get_kind_display()),
                    one.get_part_display(),
                    format_money(one.amount_minor, one.currency),
                    format_money(one.balance_after_minor, one.currency),
                    number(one.position),
                )
                for one in rows
            ],
            figures=(2, 3, 4),
        )


def _table(heads: tuple, rows: list[tuple], figures: tuple[int, ...]) -> SafeString:
    """``figures`` are the columns of figures, counted from 0: they are aligned right."""
    look = [SafeString(' class="num"') if position in figures else "" for position in range(len(heads))]
    head = format_html_join("", '<th scope="col"{}>{}</th>', zip(look, heads, strict=True))
    body = format_html_join(
        "",
        "<tr>{}</tr>",
        ((format_html_join("", '<td data-label="{}"{}>{}</td>', zip(heads, look, row, strict=True)),) for row in rows),
    )
    return format_html(
        '<div class="desk-wrap" tabindex="0" role="region" aria-label="{}"><table class="desk-table desk-cards">'
        "<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        _("Entries"),
        head,
        body,
    )
