"""One product: its page and its deeds."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from catalog import diagnosis, listing, pictures, publishing, remarks
from catalog.forms import AxesForm, DetailsForm, NewProductForm, PicturesForm, SkuForm
from catalog.models import Media, PictureAddress, Product, StockItem
from seller_center.kernel import clock
from seller_center.kernel.deeds import deed_answer, explain, refusal
from seller_center.kernel.errors import DomainError
from seller_center.kernel.prepared import prepared
from seller_center.kernel.text import render_markdown
from shops import timeline
from shops.access import for_shop
from shops.policy_book import policy_for

PAGE, MAIN = "catalog/product.html", "catalog/product.html#main"


# -- writing ----------------------------------------------------------------------------------------------------------


@for_shop(area="products", may="edit")
def product_new(request: HttpRequest, shop) -> HttpResponse:
    """A new product, saved as a draft; pictures and going live follow on its page."""
    form = NewProductForm(request.POST or None, shop=shop)
    if request.method == "POST" and form.is_valid():
        try:
            product = listing.create(
                shop=shop, details=form.details(), line=form.line(), axes=form.axes(), by=request.user, at=clock.now()
            )
        except DomainError as error:
            explain(form, error)
        else:
            return redirect(_url(product))
    context = {"shop": shop, "form": form}
    return render(request, "catalog/product_new.html", context, status=422 if form.is_bound else 200)


@for_shop(area="products", may="edit")
def product_edit(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Change the words of a product."""
    product = _product(shop, code)
    form = DetailsForm(request.POST or None, product=product)
    if request.method == "POST" and form.is_valid():
        try:
            seen = form.cleaned_data["seen"]
            listing.edit(product=product, details=form.details(), seen=seen, by=request.user, at=clock.now())
        except DomainError as error:
            explain(form, error)
        else:
            return redirect(_url(product))
    context = {"shop": shop, "form": form, "product": product}
    return render(request, "catalog/product_edit.html", context, status=422 if form.is_bound else 200)


@for_shop(area="products", may="edit")
def product_options(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Change the options of a product and with them its SKUs."""
    product = _product(shop, code)
    form = AxesForm(request.POST or None, axes=_axes(product))
    if request.method == "POST" and form.is_valid():
        try:
            listing.set_options(product=product, axes=form.axes(), by=request.user, at=clock.now())
        except DomainError as error:
            explain(form, error)
        else:
            return redirect(_url(product))
    context = {"shop": shop, "form": form, "product": product}
    return render(request, "catalog/product_options.html", context, status=422 if form.is_bound else 200)


def _axes(product: Product) -> list[tuple[str, list[str]]]:
    """The options with their values in the order in which the SKUs name them."""
    skus = list(publishing.offered_skus(product))
    return [
        (option.name, list(dict.fromkeys(sku.option_values[place] for sku in skus if place < len(sku.option_values))))
        for place, option in enumerate(product.options.all())
    ]


# -- the page ---------------------------------------------------------------------------------------------------------


@require_safe
@for_shop(area="products", may="view")
def product_page(request: HttpRequest, shop, code: str) -> HttpResponse:
    """A product with its SKUs, pictures, what holds it back, and what happened."""
    return render(request, PAGE, _page(request, shop, _product(shop, code)))


def _page(request: HttpRequest, shop, product: Product, **more: Any) -> dict[str, Any]:
    at = clock.now()
    sku_forms = more.pop("sku_forms", None) or _sku_forms(product)
    findings = publishing.preflight(product, at, [form.sku for form in sku_forms])
    return {
        "shop": shop,
        "product": product,
        "may_edit": request.membership.may("products", "edit") and product.editable,
        "may_move": request.membership.may("products", "edit"),
        "findings": remarks.findings_as_rows(findings, shop.currency),
        "ready": not diagnosis.blocking(findings),
        "score": diagnosis.score(findings),
        "sku_forms": sku_forms,
        "off_sale": any(form.item.off_sale for form in sku_forms if form.item),
        "media": list(_media_of(shop=shop.pk, product=product.pk)),
        "addresses": list(_addresses_of(shop=shop.pk, product=product.pk)),
        "pictures_form": PicturesForm(),
        "limits": policy_for(shop, at).catalog,
        "description": render_markdown(product.description),
        "events": timeline.newest(shop, "product", product.code, 12),
        **more,
    }


@prepared
def _media_of(*, shop: int, product: int) -> QuerySet[Media]:
    return Media.objects.in_shop(shop).filter(product=product)


@prepared
def _addresses_of(*, shop: int, product: int) -> QuerySet[PictureAddress]:
    return PictureAddress.objects.in_shop(shop).filter(product=product)


@prepared
def _stock_of(*, shop: int, product: int) -> QuerySet[StockItem]:
    """What lies in the warehouse that the table is about."""
    return StockItem.objects.in_shop(shop).filter(sku__shop=shop, sku__product=product, warehouse__is_default=True)


def _sku_forms(product: Product, data=None) -> list[SkuForm]:
    """A form for each offered SKU, with its stock beside it."""
    items = {item.sku_id: item for item in _stock_of(shop=product.shop_id, product=product.pk)}
    forms = []
    for sku in publishing.offered_skus(product):
        item = items.get(sku.pk)
        form = SkuForm(data, sku=sku, on_hand=item.on_hand if item else 0, currency=product.shop.currency)
        form.item = item
        forms.append(form)
    return forms


@require_POST
@for_shop(area="products", may="edit")
def product_skus(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Save the table of SKUs: prices, codes and stock in one deed."""
    product = _product(shop, code)
    forms = _sku_forms(product, request.POST)
    if not all(form.is_valid() for form in forms):
        return _table_again(request, shop, product, forms, 422)
    lines = {form.sku.pk: form.line() for form in forms}
    try:
        listing.change_skus(product=product, lines=lines, by=request.user, at=clock.now())
    except DomainError as error:
        return _table_again(request, shop, product, forms, error.status, error=error)
    return _done(request, shop, code, _("Saved."))


def _table_again(
    request: HttpRequest, shop, product: Product, forms: list[SkuForm], status: int, **more
) -> HttpResponse:
    """The table as it was typed, with what is wrong."""
    template = MAIN if request.htmx else PAGE
    return render(request, template, _page(request, shop, product, sku_forms=forms, **more), status=status)


# -- states -----------------------------------------------------------------------------------------------------------


@require_POST
@for_shop(area="products", may="edit")
def product_publication(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Put it on sale: a draft goes through review, a paused one comes back."""
    product = _product(shop, code)
    verb = publishing.resume if product.status == Product.Status.PAUSED else publishing.submit
    return _deed(request, shop, code, verb, _("The product is live."))


@require_POST
@for_shop(area="products", may="edit")
def product_pause(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Take it off sale."""
    return _deed(request, shop, code, publishing.pause, _("The product is paused."))


@require_POST
@for_shop(area="products", may="edit")
def product_archive(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Put it away."""
    return _deed(request, shop, code, publishing.archive, _("The product is in the archive."))


@require_POST
@for_shop(area="products", may="edit")
def product_restoration(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Bring it back from the archive."""
    return _deed(request, shop, code, publishing.restore, _("The product is back, paused."))


@require_POST
@for_shop(area="products", may="edit")
def product_redraft(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Take a refused product back into work."""
    return _deed(request, shop, code, publishing.redraft, _("The product is a draft again."))


@require_POST
@for_shop(area="products", may="edit")
def product_sold_out(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Out of stock with one click."""
    return _deed(request, shop, code, publishing.mark_out_of_stock, _("Marked as out of stock."))


@require_POST
@for_shop(area="products", may="edit")
def product_back_in_stock(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Take the mark away."""
    return _deed(request, shop, code, publishing.mark_back_in_stock, _("What is in stock can be bought again."))


def _deed(request: HttpRequest, shop, code: str, verb: Callable[..., Any], message: str) -> HttpResponse:
    product = _product(shop, code)
    return _try(request, shop, code, lambda: verb(product=product, by=request.user, at=clock.now()), message)


# -- pictures ---------------------------------------------------------------------------------------------------------


@require_POST
@for_shop(area="products", may="edit")
def product_pictures(request: HttpRequest, shop, code: str) -> HttpResponse:
    """Add pictures."""
    product, at = _product(shop, code), clock.now()
    most = policy_for(shop, at).catalog.image_bytes_at_most
    contents = [file.read(most + 1) for file in request.FILES.getlist("pictures")]
    return _try(
        request,
        shop,
        code,
        lambda: pictures.add(product=product, contents=contents, by=request.user, at=at),
        _("Pictures added.") if contents else _("No file was chosen."),
    )


@require_POST
@for_shop(area="products", may="edit")
def picture_removal(request: HttpRequest, shop, code: str, picture: int) -> HttpResponse:
    """Take a picture away."""
    media = _media(shop, code, picture)
    verb = lambda: pictures.remove(media=media, by=request.user, at=clock.now())  # noqa: E731
    return _try(request, shop, code, verb, _("The picture is gone."))


@require_POST
@for_shop(area="products", may="edit")
def picture_main(request: HttpRequest, shop, code: str, picture: int) -> HttpResponse:
    """Put a picture first."""
    media = _media(shop, code, picture)
    verb = lambda: pictures.make_main(media=media, by=request.user, at=clock.now())  # noqa: E731
    return _try(request, shop, code, verb, _("This is the main picture now."))


@require_POST
@for_shop(area="products", may="edit")
def picture_words(request: HttpRequest, shop, code: str, picture: int) -> HttpResponse:
    """Say what a picture shows."""
    media, alt = _media(shop, code, picture), request.POST.get("alt", "")
    verb = lambda: pictures.describe(media=media, alt=alt, by=request.user, at=clock.now())  # noqa: E731
    return _try(request, shop, code, verb, _("Saved."))


# -- answers ----------------------------------------------------------------------------------------------------------


def _try(request: HttpRequest, shop, code: str, verb: Callable[[], Any], message: str) -> HttpResponse:
    try:
        verb()
    except DomainError as error:
        return refusal(request, error, MAIN, lambda: _page(request, shop, _product(shop, code)))
    return _done(request, shop, code, message)


def _done(request: HttpRequest, shop, code: str, message: str) -> HttpResponse:
    return deed_answer(
        request,
        template=MAIN,
        context=lambda: _page(request, shop, _product(shop, code)),
        redirect_to=reverse("catalog:product", kwargs={"shop": shop.code, "code": code}),
        message=message,
    )


def _product(shop, code: str) -> Product:
    found = () if "\x00" in code else _products(shop=shop.pk, code=code.upper())  # PostgreSQL has no such letter
    for product in found:
        product.shop = shop
        return product
    raise Http404("No such product.")


@prepared
def _products(*, shop: int, code: str) -> QuerySet[Product]:
    return Product.objects.in_shop(shop).of_code(code).select_related("category")


def _media(shop, code: str, picture: int) -> Media:
    product = Product.objects.in_shop(shop).of_code(code.upper())
    rows = Media.objects.in_shop(shop).filter(product__in=product).select_related("product", "product__shop")
    return get_object_or_404(rows, pk=picture)


def _url(product: Product) -> str:
    return reverse("catalog:product", kwargs={"shop": product.shop.code, "code": product.code})
