"""Stock: levels with quick counting, what runs low, and the journal."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from catalog import alerts, browsing, stock
from catalog.forms import CountForm, JournalFilterForm, StockFilterForm
from catalog.models import Sku, StockItem, StockMovement
from seller_center.kernel import clock
from seller_center.kernel.deeds import deed_answer, refusal
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.money import MINUS
from shops import lists
from shops.access import for_shop
from shops.policy_book import policy_for
from shops.views.lists import row_answer, show


class Beside:
    """What the cells of the stock list need: the policy's threshold, who looks, and what was refused in a row."""

    def __init__(self, question: lists.Question, *, may_edit: bool = False, error: str = "", typed: str = ""):
        self.low = policy_for(question.shop, question.at).stock.low_quantity
        self.count_url = reverse("catalog:stock_count", kwargs={"shop": question.shop.code}) if may_edit else ""
        self.error, self.typed = error, typed


def _sku(item: StockItem, beside: Beside) -> tuple:
    return ("two", item.sku.product.name, " · ".join(filter(None, (item.sku.code, item.sku.choice))))


def _level(item: StockItem, beside: Beside):
    if item.available <= 0:
        return ("state", "out_of_stock")
    return ("state", "few_left") if item.available <= beside.low else None


def _on_hand(item: StockItem, beside: Beside):
    """The number; for who may change it, in a small form."""
    if not beside.count_url:
        return item.on_hand
    label = _("On hand of %(sku)s") % {"sku": item.sku.code}
    hidden = {"sku": item.sku_id}
    return ("number", beside.count_url, "on_hand", item.on_hand, hidden, label, beside.error, beside.typed)


class Stock(lists.List):
    """How many there are of each SKU, how many are promised, how many can be sold."""

    name, area, url_name, title = "stock", "products", "catalog:stock", gettext_lazy("Stock")
    form_class = StockFilterForm
    guesses = True
    tab_name = "level"
    tabs = {
        "": gettext_lazy("All"),
        browsing.LOW: gettext_lazy("Few left"),
        browsing.OUT: gettext_lazy("Out of stock"),
    }
    sorts = {
        "-added": lists.Sort(gettext_lazy("Newest products first"), ("-sku_id", "-id")),
        "added": lists.Sort(gettext_lazy("Oldest products first"), ("sku_id", "id")),
        "available": lists.Sort(gettext_lazy("Fewest available first"), ("available", "id")),
        "-available": lists.Sort(gettext_lazy("Most available first"), ("-available", "-id")),
    }
    columns = (
        lists.Column("sku", gettext_lazy("Product"), _sku, "main", below=gettext_lazy("SKU")),
        lists.Column(
            "available", gettext_lazy("Available"), lambda item, beside: item.available, "num", sort="available"
        ),
        lists.Column("level", gettext_lazy("State"), _level, "tag"),
        lists.Column("reserved", gettext_lazy("Reserved"), lambda item, beside: item.promised, "num"),
        lists.Column("barcode", gettext_lazy("Barcode"), lambda item, beside: item.sku.barcode, shown=False),
        lists.Column(
            "price",
            gettext_lazy("Price"),
            lambda item, beside: ("money", item.sku.price_minor, item.shop.currency),
            "num",
            shown=False,
            money=True,
        ),
        lists.Column("on_hand", gettext_lazy("On hand"), _on_hand),
    )

    def rows(self, question: lists.Question, *, similar: bool = False):
        low = policy_for(question.shop, question.at).stock.low_quantity
        rows = browsing.stock_items(question.shop, question.filters, question.tab, low_quantity=low, similar=similar)
        return rows.select_related("sku", "sku__product", "shop")

    def beside(self, question: lists.Question, rows: Sequence[StockItem]) -> Beside:
        return Beside(question, may_edit="products" in question.edits)

    def counts(self, shop, at):
        low = policy_for(shop, at).stock.low_quantity
        return browsing.level_counts(shop, low, lists.COUNT_CAP + 1)

    def code(self, row: StockItem) -> str:
        return row.sku.code

    def ident(self, row: StockItem) -> str:
        return f"stock-{row.sku_id}"

    def url(self, shop, row: StockItem) -> str:
        return f"/s/{shop.code}/products/{row.sku.product.code}/"

    def empty(self, question: lists.Question) -> dict:
        if question.tab:
            text = _("Nothing is this low at the moment.")
            return {"icon": "circle-check", "title": _("Nothing here"), "text": text}
        return {
            "icon": "stack-2",
            "title": _("No SKU here"),
            "text": _("Each product has at least one SKU; its stock stands here."),
            "url": reverse("catalog:product_new", kwargs={"shop": question.shop.code}),
            "action": _("New product"),
        }


STOCK = Stock()


@require_safe
@for_shop(area="products", may="view")
def stock_list(request: HttpRequest, shop) -> HttpResponse:
    """The stock list."""
    return show(request, STOCK, "catalog/stock_list.html", {"sections": _tabs(shop, "stock")})


@require_POST
@for_shop(area="products", may="edit")
def stock_count(request: HttpRequest, shop) -> HttpResponse:
    """Somebody counted a SKU."""
    form = CountForm(request.POST)
    key = form.data.get("sku", "")
    rows = Sku.objects.in_shop(shop).select_related("shop", "product")
    sku = get_object_or_404(rows, pk=int(key) if key.isascii() and key.isdigit() and len(key) < 19 else 0)
    here = reverse("catalog:stock", kwargs={"shop": shop.code})
    try:
        if not form.is_valid():
            raise Invalid(_("Stock is a whole number from 0 on."), field="on_hand")
        stock.count(sku=sku, quantity=form.cleaned_data["on_hand"], by=request.user, at=clock.now())
    except DomainError as error:
        sentence = str(error)
        context = lambda: _row(request, sku, sentence, form.data.get("on_hand", ""))  # noqa: E731
        return refusal(request, error, "components/list_row.html", context, redirect_to=here)
    return deed_answer(
        request,
        template="components/list_row.html",
        context=lambda: _row(request, sku),
        redirect_to=here,
        message=_("Stock of %(sku)s saved.") % {"sku": sku.code},
    )


def _row(request: HttpRequest, sku: Sku, error: str = "", typed: str = "") -> dict:
    """The row of a SKU as it stands in the list of this member."""
    rows = StockItem.objects.of_sku(sku).select_related("sku", "sku__product", "shop")
    item = rows.get(warehouse__is_default=True)
    return row_answer(request, STOCK, item, lambda question: Beside(question, may_edit=True, error=error, typed=typed))


@require_safe
@for_shop(area="products", may="view")
def low_stock(request: HttpRequest, shop) -> HttpResponse:
    """What runs out, with the arithmetic."""
    at = clock.now()
    rules = policy_for(shop, at).stock
    context = {
        "shop": shop,
        "rows": alerts.running_low(shop, at=at),
        "rules": rules,
        "windows": ", ".join(str(days) for days in rules.velocity_days),
        "tabs": _tabs(shop, "low_stock"),
    }
    return render(request, "catalog/low_stock.html", context)


class Journal(lists.List):
    """Every unit that came or went. Nothing in it is ever changed; the sum is what is on hand."""

    name, area, url_name, title = "journal", "products", "catalog:stock_journal", gettext_lazy("Stock journal")
    form_class = JournalFilterForm
    sorts = {
        "-at": lists.Sort(gettext_lazy("Newest first"), ("-at", "-id")),
        "at": lists.Sort(gettext_lazy("Oldest first"), ("at", "id")),
    }
    columns = (
        lists.Column(
            "sku",
            gettext_lazy("Product"),
            lambda line, beside: ("two", line.sku.product.name, line.sku.code),
            "main",
            below=gettext_lazy("SKU"),
        ),
        lists.told(
            "units",
            gettext_lazy("Units"),
            lambda line, beside: (line.quantity,),
            lambda beside, units: f"{units:+,d}".replace("-", MINUS),
            "end",
            values=(lists.Value(gettext_lazy("Units")),),
        ),
        lists.Column("on_hand", gettext_lazy("On hand then"), lambda line, beside: line.on_hand_after, "num"),
        lists.Column("why", gettext_lazy("Why"), lambda line, beside: ("two", line.get_why_display(), line.note)),
        lists.Column(
            "way",
            gettext_lazy("From → to"),
            lambda line, beside: (
                f"{line.came_from or '–'} → {line.went_to or '–'}" if line.came_from or line.went_to else None
            ),
            "extra",
        ),
        lists.Column("reference", gettext_lazy("Reference"), lambda line, beside: line.reference or None),
        lists.Column("at", gettext_lazy("When"), lambda line, beside: ("moment", line.at), sort="at"),
        lists.Column("by", gettext_lazy("Who"), lambda line, beside: str(line.by) if line.by else None, "extra"),
    )

    def rows(self, question: lists.Question, *, similar: bool = False):
        return browsing.journal(question.shop, question.words)

    def code(self, row: StockMovement) -> str:
        return str(row.pk)

    def url(self, shop, row: StockMovement) -> str:
        return f"/s/{shop.code}/products/{row.sku.product.code}/"

    def empty(self, question: lists.Question) -> dict:
        return {
            "icon": "history",
            "title": _("Nothing has moved yet"),
            "text": _("Counting, receiving, selling and returns are written down here."),
            "url": reverse("catalog:stock", kwargs={"shop": question.shop.code}),
            "action": _("Count stock"),
        }


JOURNAL = Journal()


@require_safe
@for_shop(area="products", may="view")
def stock_journal(request: HttpRequest, shop) -> HttpResponse:
    """The stock journal."""
    return show(request, JOURNAL, "catalog/stock_journal.html", {"sections": _tabs(shop, "stock_journal")})


def _tabs(shop, here: str) -> list[dict]:
    names = (("stock", _("All SKUs")), ("low_stock", _("Running low")), ("stock_journal", _("Journal")))
    return [
        {"label": label, "url": reverse(f"catalog:{name}", kwargs={"shop": shop.code}), "here": name == here}
        for name, label in names
    ]
