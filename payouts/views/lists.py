"""The lists of the money: statements, payouts, and the ledger behind them."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from payouts import finance
from payouts.finance import NOT_THE_SELLERS, Moved
from payouts.forms import PeriodForm
from payouts.models import Payout, Statement, Transaction, TransactionKind
from payouts.views.finance import transaction_url
from seller_center.kernel.addresses import address
from shops import lists
from shops.access import for_shop
from shops.views.lists import show


def _amount(name: str):
    return lambda row, beside: ("money", getattr(row, name), row.currency)


def _within(rows, question: lists.Question, name: str):
    """The rows of the days that were asked for, both included."""
    first, last = question.filters.get("first"), question.filters.get("last")
    if first:
        rows = rows.filter(**{f"{name}__gte": first})
    if last:
        rows = rows.filter(**{f"{name}__lte": last})
    return rows


def _finance(shop) -> dict:
    return {"url": reverse("payouts:finance", kwargs={"shop": shop.code}), "action": _("See your balance")}


class Statements(lists.List):
    """What each payday closed."""

    name, area, url_name, title = "statements", "finance", "payouts:statement_list", _("Statements")
    form_class = PeriodForm
    sorts = {
        "-closed": lists.Sort(_("Newest first"), ("-closes_on", "-id")),
        "closed": lists.Sort(_("Oldest first"), ("closes_on", "id")),
    }
    columns = (
        lists.Column("statement", _("Statement"), lambda one, beside: one.code, "main"),
        lists.Column("closed", _("Closed"), lambda one, beside: ("moment", one.closes_on, "date"), sort="closed"),
        lists.Column("opening", _("Opening balance"), _amount("opening_minor"), "num", shown=False, money=True),
        lists.Column("movements", _("Movements"), _amount("movements_minor"), "num", money=True),
        lists.Column("carried", _("Carried on"), _amount("closing_minor"), "extra", right=True, money=True),
        lists.Column("paid_out", _("Paid out"), _amount("paid_out_minor"), "end", money=True),
    )

    def rows(self, question: lists.Question, *, similar: bool = False):
        return _within(Statement.objects.in_shop(question.shop), question, "closes_on")

    def url(self, shop, row: Statement) -> str:
        return address("payouts:statement", shop=shop.code, code=row.code)

    def empty(self, question: lists.Question) -> dict:
        return {
            "icon": "file-text",
            "title": _("No statement yet"),
            "text": _("The first one is published on the payday after your first sale becomes available."),
            **_finance(question.shop),
        }


STATEMENTS = Statements()

PAYOUT_TABS = {
    "": (),
    "under_way": ("ready", "sending", "unknown"),
    "held": ("held",),
    "paid": ("paid",),
    "trouble": ("failed", "returned"),
}


class Payouts(lists.List):
    """What went to the bank."""

    name, area, url_name, title, noun = "payouts", "finance", "payouts:payout_list", _("Payouts"), "payout"
    form_class = PeriodForm
    tabs = {
        "": _("All"),
        "under_way": _("Under way"),
        "held": _("Held"),
        "paid": _("Paid"),
        "trouble": _("Failed or returned"),
    }
    sorts = {
        "-payday": lists.Sort(_("Newest first"), ("-period_on", "-id")),
        "payday": lists.Sort(_("Oldest first"), ("period_on", "id")),
    }
    columns = (
        lists.Column("payout", _("Payout"), lambda one, beside: one.code, "main"),
        lists.Column("state", _("State"), lambda one, beside: ("state", one.status, "payout"), "tag"),
        lists.Column("payday", _("Payday"), lambda one, beside: ("moment", one.period_on, "date"), sort="payday"),
        lists.Column("account", _("Bank account"), lambda one, beside: str(one.bank_account), "extra"),
        lists.Column("arrives", _("At the bank"), lambda one, beside: ("moment", one.settles_on, "date"), shown=False),
        lists.Column("reference", _("Reference"), lambda one, beside: one.bank_reference, shown=False),
        lists.Column("reason", _("Reason"), lambda one, beside: one.hold_reason or one.reason, shown=False),
        lists.Column("amount", _("Amount"), _amount("amount_minor"), "end", money=True),
    )

    def rows(self, question: lists.Question, *, similar: bool = False):
        rows = Payout.objects.in_shop(question.shop).with_account()
        if question.tab:
            rows = rows.filter(status__in=PAYOUT_TABS[question.tab])
        return _within(rows, question, "period_on")

    def url(self, shop, row: Payout) -> str:
        return address("payouts:payout", shop=shop.code, code=row.code)

    def empty(self, question: lists.Question) -> dict:
        return {
            "icon": "building-bank",
            "title": _("No payout here") if question.tab else _("No payout yet"),
            "text": _("On each payday your available balance is paid out to your bank account."),
            **_finance(question.shop),
        }


PAYOUTS = Payouts()


class Ledger(lists.List):
    """Everything that moved the seller's money; each line opens to what it is made of."""

    name, area, url_name, title = "ledger", "finance", "payouts:ledger", _("Ledger")
    tab_name = "kind"
    tabs = {"": _("All"), **{str(one): one.label for one in TransactionKind if one not in NOT_THE_SELLERS}}
    sorts = {
        "-at": lists.Sort(_("Newest first"), ("-id",)),
        "at": lists.Sort(_("Oldest first"), ("id",)),
    }
    columns = (
        lists.Column(
            "what",
            _("What"),
            lambda made, beside: ("two", made.get_kind_display(), made.source_code),
            "main",
            below=_("About"),
        ),
        lists.Column("at", _("When"), lambda made, beside: ("moment", made.at), sort="at"),
        lists.Column("pending", _("Pending"), lambda made, beside: beside.amount(made, "pending"), "num", money=True),
        lists.Column(
            "available", _("Available"), lambda made, beside: beside.amount(made, "available"), "num", money=True
        ),
        lists.Column(
            "elsewhere",
            _("Payouts, reserve, owed"),
            lambda made, beside: beside.elsewhere(made),
            "extra",
            right=True,
            money=True,
        ),
    )

    class Beside:
        """What the transactions of a page did to the seller's accounts."""

        def __init__(self, shop, rows: Sequence[Transaction]):
            self.effects = finance.effects_of(shop, [row.pk for row in rows])
            self.currency = shop.currency

        def _money(self, minor: int | None):
            return ("money", minor, self.currency) if minor else None

        def amount(self, made: Transaction, account: str):
            return self._money(self.effects.get(made.pk, {}).get(account))

        def elsewhere(self, made: Transaction):
            return self._money(Moved(made, self.effects.get(made.pk, {})).elsewhere)

    def rows(self, question: lists.Question, *, similar: bool = False):
        rows = Transaction.objects.in_shop(question.shop).exclude(kind__in=NOT_THE_SELLERS)
        return rows.filter(kind=question.tab) if question.tab else rows

    def beside(self, question: lists.Question, rows: Sequence[Transaction]) -> "Ledger.Beside":
        return self.Beside(question.shop, rows)

    def code(self, row: Transaction) -> str:
        return str(row.pk)

    def ident(self, row: Transaction) -> str:
        return f"move-{row.pk}"

    def url(self, shop, row: Transaction) -> str:
        return transaction_url(shop, row)

    def empty(self, question: lists.Question) -> dict:
        return {
            "icon": "wallet",
            "title": _("Nothing here"),
            "text": _("No movement of this kind has happened."),
            **_finance(question.shop),
        }


LEDGER = Ledger()


@require_safe
@for_shop(area="finance", may="view")
def statement_list(request: HttpRequest, shop) -> HttpResponse:
    """All statements, newest first."""
    return show(request, STATEMENTS, "payouts/statement_list.html")


@require_safe
@for_shop(area="finance", may="view")
def payout_list(request: HttpRequest, shop) -> HttpResponse:
    """All payouts, newest first."""
    return show(request, PAYOUTS, "payouts/payout_list.html")


@require_safe
@for_shop(area="finance", may="view")
def ledger_page(request: HttpRequest, shop) -> HttpResponse:
    """Everything that moved the seller's money, newest first; by kind."""
    return show(request, LEDGER, "payouts/ledger.html")
