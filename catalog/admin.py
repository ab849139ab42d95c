"""The catalog in the staff admin: everything to read, and the verdicts on products, through the sellers' own verbs."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog import publishing, remarks, sheets, tree
from catalog.forms import CategoryForm, ReasonForm
from catalog.models import (
    Category,
    ImportRun,
    LowStockAlert,
    PriceHistory,
    Product,
    Reservation,
    Sku,
    StockItem,
    StockMovement,
)
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from seller_center.kernel.money import format_money
from shops.admin.filters import among
from shops.admin.read_only import ForgivingSearch, ReadOnlyAdmin
from shops.models import Shop, ShopEvent


@admin.register(Product)
class ProductAdmin(ForgivingSearch, ReadOnlyAdmin):
    """Listings of all shops. Verdicts are deeds with a reason that the seller reads; fields are never changed here."""

    page_column = "verdict_link"
    page_url_name = "admin:catalog_product_verdict"
    list_display = ("name", "shop", "status", "category", "changed_at", "verdict_link")
    list_filter = ("status",)
    search_fields = ("search_name",)
    search_help_text = gettext_lazy(
        "A name, a brand, a product's code, a seller's code or barcode, or a shop's whole code."
    )
    ordering = ("-id",)
    list_select_related = ("shop", "category")
    actions = ("freeze_selected",)

    def found(self, rows, words: str):
        shop = Shop.objects.filter(code=words.upper()).first()
        return rows.filter(shop=shop) if shop is not None else rows.found_anywhere(words)

    def alike(self, rows, words: str):
        return rows.like_anywhere(words)

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        """The right to judge products."""
        return request.user.has_perm("catalog.change_product")

    def get_readonly_fields(self, request: HttpRequest, obj=None):
        return [field.name for field in self.model._meta.fields]

    def get_urls(self):
        guard = self.admin_site.admin_view
        return [
            path("<int:pk>/verdict/", guard(self.verdict), name="catalog_product_verdict"),
            path("freezing/", guard(self.freezing), name="catalog_product_freezing"),
            *super().get_urls(),
        ]

    @admin.display(description=gettext_lazy("Verdict"))
    def verdict_link(self, product: Product) -> str:
        """The way to the page with the deeds."""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:catalog_product_verdict", args=[product.pk]), _("Judge")
        )

    @admin.action(description=gettext_lazy("Freeze the selected products …"), permissions=["change"])
    def freeze_selected(self, request: HttpRequest, rows) -> HttpResponse:
        """Ask for the reason first."""
        keys = ",".join(str(pk) for pk in rows.order_by("pk").values_list("pk", flat=True)[:200])
        return redirect(f"{reverse('admin:catalog_product_freezing')}?products={keys}")

    def freezing(self, request: HttpRequest) -> HttpResponse:
        """Freeze several products for one reason; those that cannot be frozen are named."""
        self._may_judge(request)
        keys = [int(key) for key in request.GET.get("products", "").split(",") if key.isascii() and key.isdigit()][:200]
        products = list(Product.objects.filter(pk__in=keys).select_related("shop").order_by("pk"))
        form = ReasonForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            self._freeze(request, products, form.cleaned_data["reason"])
            return redirect("admin:catalog_product_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Freeze products"),
            "products": products,
            "form": form,
        }
        return render(request, "admin/catalog/freezing.html", context, status=422 if form.is_bound else 200)

    def _freeze(self, request: HttpRequest, products: list[Product], reason: str) -> None:
        done = 0
        for product in products:
            try:
                publishing.freeze(product=product, reason=reason, by=request.user, at=clock.now())
                done += 1
            except DomainError as error:
                messages.error(request, f"{product}: {error}")
        if done:
            sentence = ngettext("%(done)d product frozen.", "%(done)d products frozen.", done) % {"done": done}
            messages.success(request, sentence)

    def verdict(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One product with what the check says, what happened, and the deeds that its state allows."""
        self._may_judge(request)
        product = get_object_or_404(Product.objects.select_related("shop", "category"), pk=pk)
        status = 200
        if request.method == "POST":
            if self._judge(request, product):
                return redirect("admin:catalog_product_verdict", pk=pk)
            product.refresh_from_db()
            status = 409
        return render(request, "admin/catalog/verdict.html", self._context(request, product), status=status)

    def _may_judge(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):
            raise PermissionDenied(_("Your group does not judge products."))

    def _context(self, request: HttpRequest, product: Product) -> dict[str, Any]:
        at = clock.now()
        return {
            **self.admin_site.each_context(request),
            "title": product.name,
            "product": product,
            "skus": Sku.objects.filter(shop=product.shop, product=product).in_order()[:100],
            "findings": remarks.findings_as_rows(publishing.preflight(product, at), product.shop.currency),
            "events": ShopEvent.objects.timeline(product.shop, "product", product.code),
            "typed": request.POST,
        }

    def _judge(self, request: HttpRequest, product: Product) -> bool:
        """Do what the button says; the refusal stands among the messages."""
        common = {"product": product, "by": request.user, "at": clock.now()}
        reason = request.POST.get("reason", "")
        deeds = {
            "freeze": lambda: publishing.freeze(reason=reason, **common),
            "refuse": lambda: publishing.refuse(reason=reason, **common),
            "release": lambda: publishing.unfreeze(**common),
        }
        deed = deeds.get(request.POST.get("deed", ""))
        if deed is None:
            return True
        try:
            deed()
        except DomainError as error:
            messages.error(request, str(error))
            return False
        messages.success(request, _("Done. The seller is told."))
        return True


@admin.register(Sku)
class SkuAdmin(ReadOnlyAdmin):
    """What can be bought."""

    list_display = ("code", "shop", "product", "price_minor", "retired_at")
    search_fields = ("=code", "=barcode", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop", "product")
    exclude = ("cost_minor",)


@admin.register(Category)
class CategoryAdmin(ReadOnlyAdmin):
    """The tree. What it is called, its fee class and its restrictions can be changed; its place cannot."""

    titles = {"full_name": gettext_lazy("Category")}
    list_display = ("full_name", "code", "trade_class", "fee_class", "restricted", "prohibited")
    list_filter = ("trade_class", "restricted", "prohibited")
    search_fields = ("full_name", "code")
    ordering = ("path",)
    form = CategoryForm
    fields = ("full_name", "code", "name", "trade_class", "fee_class", "words", "restricted", "prohibited")
    readonly_fields = ("full_name", "code", "trade_class")

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return request.user.has_perm("catalog.change_category")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        made = super().get_form(request, obj, change=change, **kwargs)
        made.at = clock.now()
        return made

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        tree.change(obj, form.changed_data, by=request.user, at=clock.now())


@admin.register(StockItem)
class StockItemAdmin(ReadOnlyAdmin):
    """How many there are."""

    list_display = ("sku", "shop", "warehouse", "on_hand", "reserved", "locked", "available", "off_sale")
    search_fields = ("=sku__code", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop", "sku", "warehouse")

    def record_title(self, row: Any) -> str:
        return _("%(sku)s in %(place)s") % {"sku": row.sku, "place": row.warehouse}


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    """The journal."""

    list_display = ("at", "sku", "shop", "quantity", "on_hand_after", "why", "reference", "by")
    list_filter = ("why",)
    search_fields = ("=sku__code", "=shop__code", "=reference")
    ordering = ("-at", "-id")
    list_select_related = ("shop", "sku", "by")

    def record_title(self, row: Any) -> str:
        return f"{row.get_why_display()}: {row.quantity:+d} × {row.sku}"


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    """Who has a claim on what."""

    list_display = ("subject_code", "shop", "sku", "quantity", "made_at", "until", "ended_as", "ended_at")
    list_filter = ("ended_as",)
    search_fields = ("=subject_code", "=sku__code", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop", "sku")

    def record_title(self, row: Any) -> str:
        return _("%(n)d × %(sku)s for %(order)s") % {"n": row.quantity, "sku": row.sku, "order": row.subject_code}


def _shapes() -> list[tuple[str, Any]]:
    """Whose columns a file may have."""
    words = {sheets.OWN: _("Our template"), sheets.SHOPIFY: "Shopify"}
    return [(shape, words.get(shape, shape)) for shape in sheets.COLUMNS]


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin):
    """Files that shops brought in."""

    left_out = ("file_name",)
    titles = {
        "file_name": gettext_lazy("File"),
        "row_count": gettext_lazy("Rows"),
        "shape": gettext_lazy("Columns of"),
    }
    list_display = ("file_name", "shop", "status", "row_count", "uploaded_by", "uploaded_at", "applied_at")
    list_filter = ("status", ("shape", among(_shapes)))
    search_fields = ("=code", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop", "uploaded_by")


@admin.register(LowStockAlert)
class LowStockAlertAdmin(ReadOnlyAdmin):
    """What was found to run out."""

    titles = {"on_day": gettext_lazy("Day"), "reorder_count": gettext_lazy("To order again")}
    list_display = ("on_day", "shop", "sku", "why", "available", "days_left", "reorder_count")
    list_filter = ("why",)
    search_fields = ("=sku__code", "=shop__code")
    ordering = ("-on_day", "-id")
    list_select_related = ("shop", "sku")

    def record_title(self, row: Any) -> str:
        return _("%(sku)s: %(n)d left") % {"sku": row.sku, "n": row.available}


@admin.register(PriceHistory)
class PriceHistoryAdmin(ReadOnlyAdmin):
    """What it cost since when."""

    titles = {"compare_at_minor": gettext_lazy("Compared with")}
    list_display = ("sku", "shop", "price_minor", "compare_at_minor", "since", "by")
    search_fields = ("=sku__code", "=shop__code")
    ordering = ("-since", "-id")
    list_select_related = ("shop", "sku", "by")

    def record_title(self, row: Any) -> str:
        return f"{row.sku}: {format_money(row.price_minor, row.shop.currency)}"
