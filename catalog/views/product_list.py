"""The product list with its bulk deeds, and the export of everything as a file that can be imported."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from catalog import browsing, exporting, publishing
from catalog.forms import ProductFilterForm
from catalog.models import Product
from catalog.models.product import asked_words, counts_by_state
from seller_center.kernel.money import format_money
from seller_center.kernel.text import number
from shops import lists
from shops.access import for_shop
from shops.policy_book import policy_for
from shops.views.lists import show


class Beside:
    """What the cells of a page need beside its products."""

    def __init__(self, question: lists.Question, products: Sequence[Product]):
        self.found = browsing.beside(question.shop, products)
        self.low = policy_for(question.shop, question.at).stock.low_quantity
        self.currency = question.shop.currency


def _name(product: Product, beside: Beside) -> tuple:
    below = (product.brand, product.category.name if product.category else gettext("No category"))
    return ("picture", beside.found[product.pk].picture, product.name, " · ".join(filter(None, below)))


def _available(beside: Beside, units: int):
    """The number, marked where it is low: the word says it as well as the colour."""
    if units <= 0:
        return ("mark", gettext("Out of stock"), "bad")
    if units <= beside.low:
        return ("mark", ngettext("%(units)s left", "%(units)s left", units) % {"units": number(units)}, "warn")
    return units


def _prices(product: Product, beside: Beside) -> tuple[int | None, int | None]:
    found = beside.found[product.pk]
    return found.least_minor, found.most_minor


def _price(beside: Beside, least_minor: int | None, most_minor: int | None) -> str:
    if least_minor is None or most_minor is None:
        return "—"
    least = format_money(least_minor, beside.currency)
    return least if least_minor == most_minor else f"{least} – {format_money(most_minor, beside.currency)}"


class Products(lists.List):
    """What the shop has on its shelves, by state."""

    name, area, url_name, title, noun = "products", "products", "catalog:product_list", _("Products"), "product"
    form_class = ProductFilterForm
    guesses = True
    tab_name = "status"
    tabs = {"": _("All"), **{str(state): state.label for state in Product.Status}}
    sorts = {
        "-added": lists.Sort(_("Newest first"), ("-id",)),
        "added": lists.Sort(_("Oldest first"), ("id",)),
        "name": lists.Sort(_("By name"), ("name", "id")),
        "-name": lists.Sort(_("By name, from the end"), ("-name", "-id")),
    }
    columns = (
        lists.Column("product", _("Product"), _name, "main", picture=True, below=_("Brand and category"), sort="name"),
        lists.Column("state", _("State"), lambda one, beside: ("state", one.status, "product"), "tag"),
        lists.Column("skus", _("SKUs"), lambda one, beside: beside.found[one.pk].sku_count, "extra", right=True),
        lists.told(
            "available",
            _("Available"),
            lambda one, beside: (beside.found[one.pk].available,),
            _available,
            right=True,
            values=(lists.Value(_("Available")),),
        ),
        lists.Column("changed", _("Changed"), lambda one, beside: ("moment", one.changed_at), "extra"),
        lists.Column("added", _("Added"), lambda one, beside: ("moment", one.created_at), shown=False, sort="added"),
        lists.Column("live_since", _("Live since"), lambda one, beside: ("moment", one.live_at), shown=False),
        lists.Column("code", _("Code"), lambda one, beside: one.code, shown=False),
        lists.Column("address", _("Address"), lambda one, beside: one.slug, shown=False),
        lists.told(
            "price",
            _("Price"),
            _prices,
            _price,
            "end",
            values=(lists.Value(_("Price"), money=True), lists.Value(_("Highest price"), money=True)),
        ),
    )
    deeds = (
        lists.Deed(
            "publish",
            _("Put on sale"),
            "player-play",
            "primary",
            verb=lambda one, *, by, at: (
                publishing.resume if one.status == Product.Status.PAUSED else publishing.submit
            )(product=one, by=by, at=at),
            meaning=_("Drafts go live once they pass the check, paused products at once."),
            together=True,
        ),
        lists.Deed(
            "pause",
            _("Pause"),
            "player-pause",
            verb=lambda one, *, by, at: publishing.pause(product=one, by=by, at=at),
            meaning=_("Buyers no longer see them. Orders that exist are not touched."),
        ),
        lists.Deed(
            "archive",
            _("Archive"),
            "archive",
            verb=lambda one, *, by, at: publishing.archive(product=one, by=by, at=at),
            meaning=_("They are put away with their history, and can come back."),
        ),
        lists.Deed(
            "restore",
            _("Bring back"),
            "arrow-back-up",
            verb=lambda one, *, by, at: publishing.restore(product=one, by=by, at=at),
            meaning=_("They come back from the archive, paused."),
        ),
    )

    def sorts_of(self, tab: str, words: str = ""):
        return {"match": lists.Sort(_("Names first"), ("-named", "-id")), **self.sorts} if words else self.sorts

    def rows(self, question: lists.Question, *, similar: bool = False):
        low = policy_for(question.shop, question.at).stock.low_quantity
        status = question.tab
        return browsing.products(question.shop, question.filters, status, low_quantity=low, similar=similar)

    def first(self, question: lists.Question, most: int):
        if any(value not in (None, "") for name, value in question.filters.items() if name != "q"):
            return None
        return browsing.first_products(question.shop, question.words, question.tab, question.order, most)

    def last_try(self, question: lists.Question):
        low = policy_for(question.shop, question.at).stock.low_quantity
        rows = browsing.products(question.shop, {**question.filters, "q": ""}, question.tab, low_quantity=low)
        return rows.names_first(asked_words(question.words)).one_letter_off(question.shop, question.words)

    def beside(self, question: lists.Question, rows: Sequence[Product]) -> Beside:
        return Beside(question, rows)

    def counts(self, shop, at):
        return counts_by_state(shop, lists.COUNT_CAP + 1)

    def ident(self, row: Product) -> str:
        return f"product-{row.code}"

    def url(self, shop, row: Product) -> str:
        return f"/s/{shop.code}/products/{row.code}/"

    def picked(self, member, codes: Sequence[str]) -> list[Product]:
        return list(Product.objects.in_shop(member.shop).filter(code__in=codes).select_related("shop").order_by("pk"))

    def empty(self, question: lists.Question) -> dict:
        if question.tab:
            return {"icon": "tag", "title": _("Nothing here"), "text": _("No product is in this state.")}
        return {
            "icon": "tag",
            "title": _("No products yet"),
            "text": _("Write your first listing, or import the file that your other shop exports."),
            "url": reverse("catalog:product_new", kwargs={"shop": question.shop.code}),
            "action": _("New product"),
        }


PRODUCTS = Products()


@require_safe
@for_shop(area="products", may="view")
def product_list(request: HttpRequest, shop) -> HttpResponse:
    """Products by state, filter and page; everything that chooses them stands in the URL."""
    may_edit = request.membership.may("products", "edit")
    return show(request, PRODUCTS, "catalog/product_list.html", {"may_edit": may_edit})


@require_safe
@for_shop(area="products", may="view")
def product_export(request: HttpRequest, shop) -> StreamingHttpResponse:
    """Everything as CSV, streamed; importing it changes nothing."""
    return csv_answer(exporting.products(shop), f"{shop.code.lower()}-products.csv")


def csv_answer(chunks, name: str) -> StreamingHttpResponse:
    """A CSV file as a download."""
    response = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
