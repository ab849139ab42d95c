"""Orders in the staff admin: search over all shops, holds, the desk of one order; money is read, never written."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orders import bulk, cancellation, desk, holds, payments, refunds, returns
from orders.carriers import CARRIER_CHOICES, CARRIERS
from orders.forms import LABEL_CARRIERS, HoldForm, ShipForm
from orders.listing import CHANNELS
from orders.models import (
    Buyer,
    Hold,
    Label,
    Order,
    Package,
    Payment,
    Refund,
    ReturnRequest,
    TrackingEvent,
)
from orders.reasons import CANCELLING, RETURNING, choices, words
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops.admin.filters import among, known
from shops.admin.read_only import WORDS, ForgivingSearch, ReadOnlyAdmin, said
from shops.models import Deadline
from shops.waiting import count_up_to

#: The most lines of a desk.
SHOWN = 200

for _reason in ("orders.Order", "cancel_reason"), ("orders.ReturnRequest", "reason"), ("orders.Refund", "reason"):
    WORDS[_reason] = lambda code: capfirst(words(code))
WORDS["orders.Order", "channel"] = lambda code: CHANNELS.get(code, code)
WORDS["orders.Payment", "provider"] = lambda code: payments.PROVIDERS.get(code, code)
for _carrier in "orders.Package", "orders.Label":
    WORDS[_carrier, "carrier"] = lambda code: CARRIERS[code].name if code in CARRIERS else code


class DeskAdmin(ReadOnlyAdmin):
    """Read only, but for people whose group may change: they get actions and buttons that call verbs."""

    actions: Any = ()

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        """The right to act, not to edit fields."""
        meta = self.model._meta
        return request.user.has_perm(f"{meta.app_label}.change_{meta.model_name}")

    def get_readonly_fields(self, request: HttpRequest, obj=None):
        return [field.name for field in self.model._meta.fields]


class OfOrderAdmin(DeskAdmin):
    """Parts of an order: what may be done with them is done at the order's desk."""

    def page_of(self, row: Any) -> str:
        return reverse("admin:orders_order_desk", args=[row.order_id])

    def may_open_page(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.view_order")


@admin.register(Order)
class OrderAdmin(ForgivingSearch, DeskAdmin):
    """Orders of all shops, found by number, buyer or SKU. The desk of one holds, releases, ships and cancels."""

    page_column = "desk_link"
    titles = {"fulfilment_status": gettext_lazy("Status"), "contact_name": gettext_lazy("Buyer")}
    left_out = ("status", "contact_name", "summary", "visit_code")
    page_url_name = "admin:orders_order_desk"
    list_display = (
        "code",
        "shop",
        "fulfilment_status",
        "contact_name",
        "total_minor",
        "placed_at",
        "ship_by",
        "desk_link",
    )
    list_filter = ("fulfilment_status", ("channel", among(lambda: CHANNELS.items())))
    search_fields = ("search_text",)
    search_help_text = gettext_lazy("The order's or the channel's number, a tracking number, a buyer, a SKU.")
    ordering = ("-placed_at", "-id")
    list_select_related = ("shop",)
    actions = ("hold_selected",)

    def get_urls(self):
        guard = self.admin_site.admin_view
        return [
            path("<int:pk>/desk/", guard(self.order_desk), name="orders_order_desk"),
            path("holding/", guard(self.holding), name="orders_order_holding"),
            *super().get_urls(),
        ]

    def found(self, rows, words: str):
        return rows.found_by(words)

    def alike(self, rows, words: str):
        return rows.sounding_like_anywhere(words)

    def desk(self, request: HttpRequest) -> dict[str, Any]:
        """The orders that stand still, on the first page of the admin."""
        return {
            "title": _("Orders on hold"),
            "url": reverse("admin:orders_hold_changelist") + "?released_at__isempty=1",
            "icon": "lock-square-rounded",
            "waiting": count_up_to(Hold.objects.standing().order_by()),
            "late": 0,
        }

    def may_open_page(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.display(description=gettext_lazy("Desk"))
    def desk_link(self, order: Order) -> str:
        """The way to the page with the deeds."""
        return format_html('<a href="{}">{}</a>', reverse("admin:orders_order_desk", args=[order.pk]), _("Open"))

    # -- one order ----------------------------------------------------------------------------------------------------

    def order_desk(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One order as its seller sees it, with the deeds of the staff."""
        if not self.has_view_permission(request):
            raise PermissionDenied(_("Your group does not see orders."))
        order = get_object_or_404(Order.objects.select_related("shop"), pk=pk)
        if request.method == "POST":
            if not self.has_change_permission(request):
                raise PermissionDenied(_("Your group does not act on orders."))
            self._act(request, order)
            return redirect("admin:orders_order_desk", pk=pk)
        sheet = desk.sheet(order.shop, order.code)
        context = {
            **self.admin_site.each_context(request),
            "title": order.code,
            "sheet": sheet,
            "order": sheet.order,
            "shop": order.shop,
            "holds": Hold.objects.of_order(order).select_related("placed_by", "released_by"),
            "hold_kinds": [(Hold.Kind.STAFF, Hold.Kind.STAFF.label), (Hold.Kind.FRAUD, Hold.Kind.FRAUD.label)],
            "cancel_reasons": choices(CANCELLING, "staff"),
            "ship_form": ShipForm(auto_id="ship_%s"),
            "may_act": self.has_change_permission(request),
        }
        return render(request, "admin/orders/order.html", context)

    def _act(self, request: HttpRequest, order: Order) -> None:
        """Make the one call that the button means; what is refused stands among the messages."""
        deed, reason, at = request.POST.get("deed", ""), request.POST.get("reason", ""), clock.now()
        try:
            if deed == "hold":
                kind = request.POST.get("kind", Hold.Kind.STAFF)
                kind = kind if kind in (Hold.Kind.STAFF, Hold.Kind.FRAUD) else Hold.Kind.STAFF
                holds.place(order=order, kind=kind, reason=reason, by=request.user, at=at)
            elif deed == "release":
                hold = get_object_or_404(Hold.objects.of_order(order).select_related("shop"), pk=request.POST["hold"])
                holds.release(hold=hold, reason=reason, by=request.user, at=at)
            elif deed == "cancel":
                cancellation.cancel(order=order, reason=reason, by=request.user, at=at, who="staff")
            elif deed == "ship":
                self._ship(request, order, at)
            messages.success(request, _("Done."))
        except DomainError as error:
            messages.error(request, str(error))

    def _ship(self, request: HttpRequest, order: Order, at) -> None:
        form = ShipForm(request.POST)
        if form.is_valid():
            given = {
                request.POST.get("package", ""): (form.cleaned_data["carrier"], form.cleaned_data["tracking_number"])
            }
            for outcome in bulk.ship(order.shop, given, by=request.user, at=at):
                if not outcome.done:
                    raise DomainError(outcome.sentence)

    # -- several orders -----------------------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Hold the selected orders …"), permissions=["change"])
    def hold_selected(self, request: HttpRequest, rows) -> HttpResponse:
        """Ask for the reason first."""
        keys = ",".join(str(pk) for pk in rows.order_by("pk").values_list("pk", flat=True)[:200])
        return redirect(f"{reverse('admin:orders_order_holding')}?orders={keys}")

    def holding(self, request: HttpRequest) -> HttpResponse:
        """Hold several orders for one reason; those that cannot be held are named."""
        if not self.has_change_permission(request):
            raise PermissionDenied(_("Your group does not act on orders."))
        keys = [int(key) for key in request.GET.get("orders", "").split(",") if key.isascii() and key.isdigit()][:200]
        rows = list(Order.objects.filter(pk__in=keys).select_related("shop").order_by("pk"))
        form = HoldForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            self._hold_all(request, rows, form.cleaned_data["reason"])
            return redirect("admin:orders_order_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Hold orders"),
            "orders": rows,
            "form": form,
        }
        return render(request, "admin/orders/holding.html", context, status=422 if form.is_bound else 200)

    def _hold_all(self, request: HttpRequest, rows: list[Order], reason: str) -> None:
        done = 0
        for order in rows:
            try:
                holds.place(order=order, kind=Hold.Kind.STAFF, reason=reason, by=request.user, at=clock.now())
                done += 1
            except DomainError as error:
                messages.error(request, f"{order.code}: {error}")
        if done:
            messages.success(request, ngettext("%(n)d order held.", "%(n)d orders held.", done) % {"n": done})


@admin.register(Package)
class PackageAdmin(OfOrderAdmin):
    """Packages of all shops; those that have a label can be marked as shipped with its number."""

    titles = {"late_at": gettext_lazy("Late since")}
    list_display = ("code", "shop", "status", "carrier", "tracking_number", "shipped_at", "delivered_at", "late_at")
    list_filter = ("status", ("carrier", among(lambda: CARRIER_CHOICES)))
    search_fields = ("=code", "=tracking_number", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop",)
    actions = ("mark_shipped",)

    @admin.action(description=gettext_lazy("Mark as shipped with the bought label"), permissions=["change"])
    def mark_shipped(self, request: HttpRequest, rows) -> None:
        """The sellers' own verb, package by package."""
        for package in rows.select_related("shop").order_by("pk")[:200]:
            label = Label.objects.of_package(package).filter(status=Label.Status.BOUGHT).first()
            if label is None:
                messages.error(request, _("%(code)s has no label.") % {"code": package.code})
                continue
            given = {package.code: (label.carrier, label.tracking_number)}
            for outcome in bulk.ship(package.shop, given, by=request.user, at=clock.now()):
                say = messages.success if outcome.done else messages.error
                say(request, f"{outcome.package_code}: {outcome.sentence}")


@admin.register(ReturnRequest)
class ReturnAdmin(OfOrderAdmin):
    """Returns of all shops. Staff may be the second person that a large refund needs."""

    titles = {"fault": gettext_lazy("Whose fault"), "by_silence": gettext_lazy("Approved by silence")}
    list_display = ("code", "shop", "status", "kind", "reason", "fault", "requested_at", "by_silence")
    list_filter = ("status", "kind", "fault", "by_silence")
    search_fields = ("=code", "=order__code", "=shop__code")
    ordering = ("-requested_at", "-id")
    list_select_related = ("shop",)
    actions = ("pay_released",)
    desk_title, desk_url_name = gettext_lazy("Refunds to pay"), "admin:orders_returnrequest_desk"

    def get_urls(self):
        return [
            path("desk/", self.admin_site.admin_view(self.queue), name="orders_returnrequest_desk"),
            *super().get_urls(),
        ]

    def desk(self, request: HttpRequest) -> dict[str, Any]:
        """Large refunds that wait for their second person, on the first page of the admin."""
        waiting = _to_pay().order_by("id")
        clocks = _clocks_of(list(waiting[:SHOWN]))
        at = clock.now()
        return {
            "title": self.desk_title,
            "url": reverse(self.desk_url_name),
            "icon": "receipt-refund",
            "waiting": count_up_to(waiting),
            "late": sum(due_at <= at for due_at in clocks.values()),
            "oldest": min(clocks.values(), default=None),
        }

    def queue(self, request: HttpRequest) -> HttpResponse:
        """Returns whose large refund one person released: another one pays it, whose clock ends first on top."""
        if not self.has_change_permission(request):
            raise PermissionDenied(_("Your group does not pay refunds."))
        if request.method == "POST":
            number = request.POST.get("return", "")
            pk = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0
            self.pay_released(request, ReturnRequest.objects.filter(pk=pk))
            return redirect(self.desk_url_name)
        rows = list(_to_pay().select_related("shop", "order", "refund_released_by").order_by("id")[:SHOWN])
        clocks = _clocks_of(rows)
        lines = [(clocks.get((row.shop_id, row.code)), row) for row in rows]
        lines.sort(key=lambda line: (line[0] is None, line[0] or line[1].requested_at, line[1].pk))
        context = {
            **self.admin_site.each_context(request),
            "title": self.desk_title,
            "lines": lines,
            "at": clock.now(),
        }
        return render(request, "admin/orders/returns_desk.html", context)

    @admin.action(description=gettext_lazy("Pay large refunds that a first person released"), permissions=["change"])
    def pay_released(self, request: HttpRequest, rows) -> None:
        """The second of two people: refund what was received, approve what needs no sending back."""
        for found in rows.select_related("shop").filter(refund_released_by__isnull=False).order_by("pk")[:100]:
            pay = returns.approve if found.status == ReturnRequest.Status.REQUESTED else returns.refund
            try:
                pay(return_request=found, by=request.user, at=clock.now())
                messages.success(request, _("%(code)s is refunded.") % {"code": found.code})
            except DomainError as error:
                messages.error(request, f"{found.code}: {error}")


def _to_pay():
    """Open returns whose refund one person has released."""
    return ReturnRequest.objects.open_cases().filter(refund_released_by__isnull=False)


def _clocks_of(rows: list[ReturnRequest]) -> dict[tuple[int, str], Any]:
    """When the seller's clock of each return ends, by shop and number, in one query."""
    found = Deadline.objects.filter(
        shop__in={row.shop_id for row in rows},
        subject_kind="return",
        subject_code__in=[row.code for row in rows],
        kind__in=("return.decide", "return.inspect"),
        ended_at__isnull=True,
    )
    return {(shop_id, code): due for shop_id, code, due in found.values_list("shop_id", "subject_code", "due_at")}


def _refund_reasons() -> list[tuple[str, Any]]:
    """Of what was cancelled, and of what came back."""
    return [(code, reason.words) for code, reason in {**CANCELLING, **RETURNING}.items()]


@admin.register(Refund)
class RefundAdmin(OfOrderAdmin):
    """Refunds and how far the payment provider has carried them out."""

    titles = {"fault": gettext_lazy("Whose fault")}
    list_display = ("code", "shop", "status", "total_minor", "currency", "reason", "fault", "made_at", "sent_at")
    list_filter = ("status", ("reason", among(_refund_reasons)), "fault")
    search_fields = ("=code", "=order__code", "=shop__code")
    ordering = ("-made_at", "-id")
    list_select_related = ("shop",)
    actions = ("send_again",)

    @admin.action(description=gettext_lazy("Send refused refunds again"), permissions=["change"])
    def send_again(self, request: HttpRequest, rows) -> None:
        """After the reason was removed: they are owed again, and the next round sends them."""
        for refund in rows.select_related("shop", "order").order_by("pk")[:200]:
            try:
                refunds.send_again(refund=refund, by=request.user, at=clock.now())
            except DomainError as error:
                messages.error(request, f"{refund.code}: {error}")


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Payments: what was captured and what went back."""

    titles = {"captured_at": gettext_lazy("When")}
    list_display = (
        "order",
        "shop",
        "provider",
        "status",
        "amount_minor",
        "captured_minor",
        "refunded_minor",
        "asked_at",
    )
    list_filter = ("status", ("provider", among(lambda: payments.PROVIDERS.items())))
    search_fields = ("=order__code", "=provider_ref")
    ordering = ("-id",)
    list_select_related = ("shop", "order")

    def record_title(self, row: Any) -> str:
        return f"{row.order.code}: {row}"


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    """Holds of all shops, newest first."""

    list_display = ("order", "shop", "kind", "reason", "placed_at", "placed_by", "released_at", "released_by")
    list_filter = ("kind", ("released_at", known(gettext_lazy("Released"), gettext_lazy("Still held"))))
    search_fields = ("=order__code", "=shop__code")
    ordering = ("-placed_at", "-id")
    list_select_related = ("shop", "order", "placed_by", "released_by")

    def page_of(self, row: Any) -> str:
        return reverse("admin:orders_order_desk", args=[row.order_id])

    def may_open_page(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.view_order")


@admin.register(Buyer)
class BuyerAdmin(ReadOnlyAdmin):
    """Buyers, as their shops know them."""

    titles = {"order_count": gettext_lazy("Orders")}
    list_display = ("name", "shop", "email", "order_count", "first_seen_at")
    search_fields = ("=email", "=person_code")
    ordering = ("-id",)
    list_select_related = ("shop",)


@admin.register(TrackingEvent)
class TrackingEventAdmin(ReadOnlyAdmin):
    """Every scan that a carrier told."""

    titles = {"received_at": gettext_lazy("Told to us")}
    list_display = ("package", "shop", "status", "place", "at", "received_at")
    search_fields = ("=package__code",)
    ordering = ("-at", "-id")
    list_select_related = ("shop", "package")

    def record_title(self, row: Any) -> str:
        return f"{row.package}: {said(TrackingEvent, 'status', row.status)}"


@admin.register(Label)
class LabelAdmin(ReadOnlyAdmin):
    """Labels that were bought, or are being bought."""

    titles = {"wanted_at": gettext_lazy("Asked for")}
    list_display = ("package", "shop", "carrier", "status", "tracking_number", "amount_minor", "wanted_at")
    list_filter = ("status", ("carrier", among(lambda: LABEL_CARRIERS)))
    search_fields = ("=package__code", "=tracking_number")
    ordering = ("-id",)
    list_select_related = ("shop", "package")
