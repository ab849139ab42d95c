"""Panels that the order page embeds: what an order earns, and what a refund would do to the money."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from orders.models import Order, OrderLine
from payouts import earning, ledger, words
from payouts.forms import RefundQuestion
from payouts.models import Earning, Reversal
from payouts.views.finance import explained_lines, transaction_url
from seller_center.kernel import clock
from seller_center.kernel.deeds import is_htmx
from seller_center.kernel.errors import DomainError
from shops.access import for_shop


def _order(shop, code: str) -> Order:
    rows = Order.objects.in_shop(shop).of_code(code).select_related("shop__market")
    return get_object_or_404(rows)


@require_safe
@for_shop(area="orders", may="view")
def order_money(request: HttpRequest, shop, code: str) -> HttpResponse:
    """What the seller earns from an order, each fee with its rule. For those who may see the shop's money."""
    order = _order(shop, code)
    if not request.membership.may("finance", "view"):
        if is_htmx(request):
            return HttpResponse("")
        raise PermissionDenied(_("Your role in this shop does not show money."))
    earnings = list(Earning.objects.of_order(order))
    postings = list(ledger.postings_of_order(order))
    context = {
        "shop": shop,
        "order": order,
        "earnings": earnings,
        "lines": explained_lines(shop, earnings),
        "reversals": list(
            Reversal.objects.in_shop(shop).filter(order=order).select_related("refund", "line").order_by("id")
        ),
        "net_minor": sum(one.net_minor for one in earnings),
        "postings": [{"made": made, "url": transaction_url(shop, made)} for made in postings],
        "fee_base": words.FEE_BASE,
    }
    return render(request, _part("payouts/order_money.html", "panel", request), context)


@require_safe
@for_shop(area="orders", may="view")
def refund_preview(request: HttpRequest, shop, code: str) -> HttpResponse:
    """What a refund of these amounts would take from whom. Changes nothing."""
    order = _order(shop, code)
    form = RefundQuestion(request.GET)
    context: dict = {"shop": shop, "order": order, "effects": []}
    if form.is_valid():
        wish = form.cleaned_data
        try:
            plan = earning.refund_preview(
                order=order,
                line_id=wish["line"],
                goods_minor=wish["goods"],
                shipping_minor=wish["shipping"],
                tax_minor=wish["tax"],
                at=clock.now(),
            )
            context["effects"] = _effects(plan)
        except OrderLine.DoesNotExist:
            raise Http404("No such line.") from None
        except DomainError as error:
            context["error"] = error
    else:
        context["error"] = DomainError(_("Say what would be refunded."))
    return render(request, _part("payouts/refund_preview.html", "panel", request), context)


def _effects(plan) -> list[tuple]:
    """(label, amount, tone) of what would move."""
    back = sum(share.taken.referral for share in plan.earned)
    unearned = plan.buyer_minor - sum(share.taken.amounts.payment for share in plan.earned)
    rows = [
        (_("To the buyer"), plan.buyer_minor, ""),
        (_("From the payment, not yours yet"), unearned, ""),
        (_("From your earnings"), -plan.seller_minor, "bad"),
        (_("Referral fee given back, contained in that"), back, "good"),
        (_("Refund administration fee"), -plan.fee_minor, "bad"),
    ]
    return [row for row in rows if row[1]]


def _part(template: str, part: str, request: HttpRequest) -> str:
    return f"{template}#{part}" if is_htmx(request) else template
