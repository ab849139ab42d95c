"""The coupon list: by state, with its deeds on many."""

from collections.abc import Sequence

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from marketing import coupons
from marketing.forms import CouponFilterForm
from marketing.models import Coupon
from seller_center.kernel.text import number
from shops import lists
from shops.access import ShopRequest, for_shop
from shops.views.lists import show


def _gives(currency: str, percent: int | None, amount_minor: int | None):
    return f"{percent}%" if percent else ("money", amount_minor, currency)


def _used(currency: str, redeemed: int, limit: int | None) -> str:
    return f"{number(redeemed)} / {number(limit)}" if limit else number(redeemed)


class Coupons(lists.List):
    """What gives buyers a reason to order today."""

    name, area, url_name, title, noun = "coupons", "marketing", "marketing:coupon_list", _("Coupons"), "coupon"
    form_class = CouponFilterForm
    tab_name = "status"
    tabs = {"": _("All"), **{str(state): state.label for state in Coupon.Status}}
    sorts = {
        "-created": lists.Sort(_("Newest first"), ("-created_at", "-id")),
        "created": lists.Sort(_("Oldest first"), ("created_at", "id")),
        "code": lists.Sort(_("By code"), ("code", "id")),
        "-code": lists.Sort(_("By code, from the end"), ("-code", "-id")),
        "-given": lists.Sort(_("Given most first"), ("-given_minor", "-id")),
        "given": lists.Sort(_("Given least first"), ("given_minor", "id")),
    }
    columns = (
        lists.Column(
            "coupon",
            _("Coupon"),
            lambda one, beside: ("two", one.code, one.name),
            "main",
            below=_("Name"),
            sort="code",
        ),
        lists.Column("state", _("State"), lambda one, beside: ("state", one.status, "coupon"), "tag"),
        lists.told(
            "gives",
            _("Gives"),
            lambda one, beside: (one.percent, one.amount_minor),
            _gives,
            values=(lists.Value(_("Gives, %")), lists.Value(_("Gives"), money=True)),
        ),
        lists.told(
            "used",
            _("Used"),
            lambda one, beside: (one.redeemed_count, one.limit_count),
            _used,
            "num",
            values=(lists.Value(_("Used")), lists.Value(_("Of"))),
        ),
        lists.Column("starts", _("Starts"), lambda one, beside: ("moment", one.starts_at, "date")),
        lists.Column("ends", _("Ends"), lambda one, beside: ("moment", one.ends_at, "date")),
        lists.Column("audience", _("For"), lambda one, beside: one.get_audience_display(), shown=False),
        lists.Column(
            "least",
            _("Minimum spend"),
            lambda one, beside: ("money", one.least_spend_minor, one.currency),
            "num",
            shown=False,
            money=True,
        ),
        lists.Column(
            "budget",
            _("Budget"),
            lambda one, beside: ("money", one.budget_minor, one.currency),
            "num",
            shown=False,
            money=True,
        ),
        lists.Column(
            "created", _("Written"), lambda one, beside: ("moment", one.created_at), shown=False, sort="created"
        ),
        lists.Column(
            "given",
            _("Given"),
            lambda one, beside: ("money", one.given_minor, one.currency),
            "end",
            money=True,
            sort="given",
        ),
    )
    deeds = (
        lists.Deed(
            "start",
            _("Start"),
            "player-play",
            "primary",
            verb=lambda one, *, by, at: coupons.start(coupon=one, by=by, at=at),
            meaning=_("They go to work now, or when their start comes."),
        ),
        lists.Deed(
            "pause",
            _("Pause"),
            "player-pause",
            verb=lambda one, *, by, at: coupons.pause(coupon=one, by=by, at=at),
            meaning=_("Buyers cannot use them until they are started again."),
        ),
        lists.Deed(
            "end",
            _("End"),
            "player-stop",
            verb=lambda one, *, by, at: coupons.end(coupon=one, by=by, at=at),
            meaning=_("They end for good. Orders that used them are not touched."),
        ),
    )

    def rows(self, question: lists.Question, *, similar: bool = False):
        rows = Coupon.objects.in_shop(question.shop)
        if question.tab:
            rows = rows.filter(status=question.tab)
        if question.words:
            rows = rows.found_by(question.words)
        return rows

    def beside(self, question: lists.Question, rows: Sequence[Coupon]) -> str:
        return question.shop.currency

    def url(self, shop, row: Coupon) -> str:
        return reverse("marketing:coupon", kwargs={"shop": shop.code, "code": row.code})

    def ident(self, row: Coupon) -> str:
        return f"coupon-{row.code}"

    def title_of(self, row: Coupon) -> str:
        return row.name or row.code

    def picked(self, member, codes: Sequence[str]) -> list[Coupon]:
        return list(Coupon.objects.in_shop(member.shop).filter(code__in=codes).select_related("shop").order_by("pk"))

    def empty(self, question: lists.Question) -> dict:
        return {
            "icon": "speakerphone",
            "title": _("No coupons here"),
            "text": _(
                "A coupon gives buyers a reason to order today: percent or amount, with limits in number and in money."
            ),
            "url": reverse("marketing:coupon_new", kwargs={"shop": question.shop.code}),
            "action": _("New coupon"),
        }


COUPONS = Coupons()


@require_safe
@for_shop(area="marketing", may="view")
def coupon_list(request: ShopRequest, shop) -> HttpResponse:
    """All coupons, newest first, with a tab per state."""
    may_edit = request.membership.may("marketing", "edit")
    offer = Coupon.objects.in_shop(shop).funded_by_platform().first()
    return show(request, COUPONS, "marketing/coupon_list.html", {"may_edit": may_edit, "offer": offer})
