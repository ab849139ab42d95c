"""Stock: levels with quick counting, what runs low, and the journal."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from catalog import alerts, browsing, stock
from catalog.forms import CountForm, JournalFilterForm, StockFilterForm
from catalog.models import Sku, StockItem
from seller_center.kernel import clock
from seller_center.kernel.deeds import deed_answer, refusal
from seller_center.kernel.errors import DomainError, Invalid
from shops.access import for_shop
from shops.policy_book import policy_for


@require_safe
@for_shop(area="products", may="view")
def stock_list(request: HttpRequest, shop) -> HttpResponse:
    """How many there are of each SKU, how many are promised, how many can be sold."""
    form = StockFilterForm(request.GET)
    form.is_valid()
    words, level = form.cleaned_data.get("q", "")[:100], form.cleaned_data.get("level", "")
    low = policy_for(shop, clock.now()).stock.low_quantity
    page = browsing.stock_items(shop, words=words, level=level, low_quantity=low, token=request.GET.get("page", ""))
    context = {
        "shop": shop,
        "page": page,
        "form": form,
        "low": low,
        "filtered": bool(words or level),
        "clear": reverse("catalog:stock", kwargs={"shop": shop.code}),
        "tabs": _tabs(shop, "stock"),
        "may_edit": request.membership.may("products", "edit"),
    }
    return render(request, "catalog/stock_list.html", context)


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
        context = lambda: _row(request, shop, sku)  # noqa: E731
        return refusal(request, error, "catalog/stock_row.html", context, redirect_to=here)
    return deed_answer(
        request,
        template="catalog/stock_row.html",
        context=lambda: _row(request, shop, sku),
        redirect_to=here,
        message=_("Stock of %(sku)s saved.") % {"sku": sku.code},
    )


def _row(request: HttpRequest, shop, sku: Sku) -> dict:
    item = StockItem.objects.of_sku(sku).select_related("sku", "sku__product").get(warehouse__is_default=True)
    low = policy_for(shop, clock.now()).stock.low_quantity
    return {"shop": shop, "item": item, "low": low, "may_edit": request.membership.may("products", "edit")}


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


@require_safe
@for_shop(area="products", may="view")
def stock_journal(request: HttpRequest, shop) -> HttpResponse:
    """Every unit that came or went."""
    form = JournalFilterForm(request.GET)
    form.is_valid()
    code = form.cleaned_data.get("q", "")[:50]
    context = {
        "shop": shop,
        "page": browsing.journal(shop, code=code, token=request.GET.get("page", "")),
        "form": form,
        "filtered": bool(code),
        "clear": reverse("catalog:stock_journal", kwargs={"shop": shop.code}),
        "tabs": _tabs(shop, "stock_journal"),
    }
    return render(request, "catalog/stock_journal.html", context)


def _tabs(shop, here: str) -> list[dict]:
    names = (("stock", _("All SKUs")), ("low_stock", _("Running low")), ("stock_journal", _("Journal")))
    return [
        {"label": label, "url": reverse(f"catalog:{name}", kwargs={"shop": shop.code}), "here": name == here}
        for name, label in names
    ]
