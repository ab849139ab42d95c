"""The list of returns: what is to be decided, what comes back, what is to be inspected; with their clocks."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from orders import desk, returns
from orders.forms import ReturnFilterForm
from orders.models import ReturnRequest
from orders.models.return_request import RETURN_TABS
from orders.reasons import words
from shops import lists
from shops.access import for_shop
from shops.views.lists import show


def _receive(row: ReturnRequest, *, by, at):
    return returns.receive(return_request=row, by=by, at=at)


class Returns(lists.List):
    """Returns by tab, newest first, each with the clock that runs."""

    name, area, url_name, title, noun = "returns", "orders", "orders:return_list", _("Returns"), "return"
    form_class = ReturnFilterForm
    tabs = {
        "all": _("All"),
        "to_decide": _("To decide"),
        "on_the_way": _("On the way"),
        "to_inspect": _("To inspect"),
        "ended": _("Ended"),
    }
    sorts = {
        "-asked": lists.Sort(_("Newest first"), ("-requested_at", "-id")),
        "asked": lists.Sort(_("Oldest first"), ("requested_at", "id")),
    }
    columns = (
        lists.Column(
            "return",
            _("Return"),
            lambda row, beside: ("two", row.code, row.order.contact_name),
            "main",
            below=_("Buyer"),
        ),
        lists.Column("state", _("State"), lambda row, beside: ("state", row.status, "return"), "tag"),
        lists.Column("due", _("Due"), lambda row, beside: ("deadline", beside.get(row.code)), "tag"),
        lists.Column("kind", _("Kind"), lambda row, beside: row.get_kind_display()),
        lists.Column("reason", _("Reason"), lambda row, beside: str(words(row.reason))),
        lists.Column(
            "order",
            _("Order"),
            lambda row, beside: ("link", row.order.code, f"../orders/{row.order.code}/"),
            shown=False,
        ),
        lists.Column("items", _("Items"), lambda row, beside: row.order.summary, shown=False),
        lists.Column("asked", _("Asked for"), lambda row, beside: ("moment", row.requested_at), sort="asked"),
    )
    deeds = (
        lists.Deed(
            "approve",
            _("Approve"),
            "check",
            "primary",
            verb=lambda row, *, by, at: returns.approve(return_request=row, by=by, at=at),
            meaning=_("The buyers are told how to send the goods back, or get their money where nothing is sent."),
        ),
        lists.Deed(
            "receive",
            _("Received"),
            "package",
            verb=_receive,
            meaning=_("The parcels have come back; the time to inspect them begins."),
        ),
    )

    def rows(self, question: lists.Question, *, similar: bool = False):
        rows = ReturnRequest.objects.in_shop(question.shop).in_tab(question.tab).select_related("order")
        if question.words:
            rows = rows.found_by(question.shop, question.words)
        if reason := question.filters.get("reason"):
            rows = rows.filter(reason=reason)
        return rows

    def beside(self, question: lists.Question, rows: Sequence[ReturnRequest]):
        return desk.return_clocks(question.shop, [row.code for row in rows])

    def counts(self, shop, at):
        tabs = ("to_decide", "on_the_way", "to_inspect")
        return ReturnRequest.objects.counts_by_tab(shop, {tab: RETURN_TABS[tab] for tab in tabs}, lists.COUNT_CAP + 1)

    def ident(self, row: ReturnRequest) -> str:
        return f"return-{row.code}"

    def url(self, shop, row: ReturnRequest) -> str:
        return f"/s/{shop.code}/returns/{row.code}/"

    def title_of(self, row: ReturnRequest) -> str:
        return f"{row.order.contact_name} · {row.order.code}"

    def picked(self, member, codes: Sequence[str]) -> list[ReturnRequest]:
        rows = ReturnRequest.objects.in_shop(member.shop).filter(code__in=codes)
        found = list(rows.select_related("order", "shop").order_by("order_id", "pk"))
        for row in found:
            row.order.shop = row.shop
        return found

    def empty(self, question: lists.Question) -> dict:
        return {
            "icon": "truck-return",
            "title": _("No returns here"),
            "text": _(
                "When a buyer asks to return something, it appears here with the time you have to answer."
                " Silence approves."
            ),
            "url": reverse("orders:order_list", kwargs={"shop": question.shop.code}),
            "action": _("See the orders"),
        }


RETURNS = Returns()


@require_safe
@for_shop(area="orders", may="view")
def return_list(request: HttpRequest, shop) -> HttpResponse:
    """Returns by tab, newest first, each with the clock that runs."""
    return show(request, RETURNS, "orders/return_list.html")
