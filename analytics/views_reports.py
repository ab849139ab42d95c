"""The reports: sales, visits, products, buyers. Each chart has its table beside it and the same figures as a file."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from analytics import charts, figures, home, reports
from analytics.definitions import DEFINITIONS
from analytics.forms import RangeForm
from seller_center.kernel import clock
from seller_center.kernel.calendar import Period, day_period
from seller_center.kernel.csvio import write_rows
from seller_center.kernel.money import MINUS, Money, format_money
from seller_center.kernel.text import counted, number
from shops.access import ShopRequest, for_shop

#: The ranges one tap away, in days up to today.
RANGES = (1, 7, 30, 90)
STANDARD = 30
#: A change beyond this many percent is said in words: the figure would say no more.
MUCH = 1000
#: Rows of the best products, months of the cohorts.
MOST_PRODUCTS = 20
MONTHS = 12


@dataclasses.dataclass(frozen=True)
class Span:
    """The days of a report and of what it is compared with, in the shop's zone."""

    first: dt.date
    last: dt.date
    compare: str = "before"
    length: int = 0
    """The number of days if it is one of ``RANGES`` up to today, else 0."""

    @property
    def days(self) -> list[dt.date]:
        """All of them, in order."""
        return [self.first + dt.timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def compared_days(self) -> list[dt.date]:
        """As many days before, or a year (52 weeks, so that Mondays meet Mondays) earlier; none if not compared."""
        back = {"before": len(self.days), "year": 364}.get(self.compare, 0)
        return [day - dt.timedelta(days=back) for day in self.days] if back else []

    def compared_period(self, zone: str) -> Period | None:
        """From the first to the last moment of what it is compared with."""
        days = self.compared_days
        return Period(day_period(days[0], zone).start, day_period(days[-1], zone).end) if days else None

    @property
    def compared_words(self) -> str:
        """What it is compared with."""
        return {"before": _("The period before"), "year": _("A year earlier")}.get(self.compare, "")

    @property
    def query(self) -> str:
        """As it stands in the address."""
        asked = {"days": self.length} if self.length else {"first": self.first, "last": self.last}
        return urlencode({**asked, **({"compare": self.compare} if self.compare != "before" else {})})

    def period(self, zone: str) -> Period:
        """From its first midnight to its last."""
        return Period(day_period(self.first, zone).start, day_period(self.last, zone).end)


def span_of(request: ShopRequest, shop) -> tuple[Span, RangeForm]:
    """The range that the address asks for; the standard one where it asks for none or for one that cannot be."""
    today = clock.now().astimezone(ZoneInfo(shop.zone)).date()
    form = RangeForm(request.GET)
    valid = form.is_valid()
    compare = (form.cleaned_data.get("compare") if valid else "") or "before"
    if valid and form.cleaned_data.get("first"):
        return Span(form.cleaned_data["first"], form.cleaned_data["last"], compare), form
    asked = request.GET.get("days", "")
    length = int(asked) if asked in map(str, RANGES) else STANDARD
    return Span(today - dt.timedelta(days=length - 1), today, compare, length), form


PAGES = (
    ("analytics:reports", gettext_lazy("Sales")),
    ("analytics:visits", gettext_lazy("Visits")),
    ("analytics:best_products", gettext_lazy("Products")),
    ("analytics:buyers", gettext_lazy("Buyers")),
)


def _page(
    request: ShopRequest, shop, name: str, span: Span | None, form: RangeForm | None, **more: Any
) -> HttpResponse:
    """A report under its tabs, with the ranges above it; 422 with the sentence if the range makes no sense."""
    query = f"?{span.query}" if span else ""
    here = reverse(name, kwargs={"shop": shop.code})
    wrong = form is not None and bool(form.errors)
    context = {
        "shop": shop,
        "pages": [
            {"label": label, "url": reverse(one, kwargs={"shop": shop.code}) + query, "here": one == name}
            for one, label in PAGES
        ],
        "ranges": [
            {
                "label": _("Today") if number == 1 else counted(number, "days"),
                "url": f"{here}?{dataclasses.replace(span, length=number).query}",
                "here": number == span.length,
            }
            for number in RANGES
        ]
        if span
        else [],
        "span": span,
        "form": form if wrong else _filled(span),
        "sees_orders": request.membership.may("orders", "view"),
        **more,
    }
    return render(request, "analytics/reports.html", context, status=422 if wrong else 200)


def _filled(span: Span | None) -> RangeForm | None:
    return RangeForm(initial={"first": span.first, "last": span.last, "compare": span.compare}) if span else None


def _csv_url(shop, name: str, span: Span | None = None) -> str:
    return reverse(name, kwargs={"shop": shop.code}) + (f"?{span.query}" if span else "")


def chart_file(shop, chart: dict[str, Any], words: str = "") -> StreamingHttpResponse:
    """The figures of a chart as CSV: plain values, amounts as decimal numbers with the currency in a column of its own."""
    header, rows = chart["csv"]
    answer = StreamingHttpResponse(write_rows(*_in_units(header, rows)), content_type="text/csv; charset=utf-8")
    name = "-".join(part for part in (chart["id"], shop.code, words) if part)
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _in_units(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> tuple[list[str], Iterator[list[Any]]]:
    """``sales_minor`` becomes ``sales``, its amounts whole units with cents."""
    amounts = {place for place, name in enumerate(header) if name.endswith("_minor")}
    currency = header.index("currency") if amounts else 0
    plain = (
        [
            Money(cell, row[currency]).decimal if place in amounts and cell is not None else cell
            for place, cell in enumerate(row)
        ]
        for row in rows
    )
    return [name.removesuffix("_minor") for name in header], plain


def _dates(span: Span) -> str:
    return f"{span.first:%Y%m%d}-{span.last:%Y%m%d}"


def trend(now: int, then: int) -> dict[str, str]:
    """The change in percent with its direction; nothing where there is nothing to compare with."""
    if not then:
        return {}
    change = round((now - then) * 100 / then)
    return {
        "change": f"{change:+d}%".replace("-", MINUS) if abs(change) < MUCH else _("more than tenfold"),
        "trend": "up" if change > 0 else "down" if change < 0 else "",
        "trend_tone": "good" if change > 0 else "bad" if change < 0 else "neutral",
    }


# -- sales ------------------------------------------------------------------------------------------------------------


@require_safe
@for_shop(area="analytics", may="view")
def sales(request: ShopRequest, shop) -> HttpResponse:
    """Sales by day over a range, beside another range."""
    span, form = span_of(request, shop)
    days, before = _days(shop, span)
    now = home.total(list(days.values()))
    then = home.total(list(before.values())) if before else None
    chart = _sales_chart(shop, span, days, before)
    return _page(request, shop, "analytics:reports", span, form, stats=_stats(shop, span, now, then), charts=[chart])


def _sales_chart(shop, span: Span, days, before) -> dict[str, Any]:
    url = _csv_url(shop, "analytics:sales_csv", span)
    return charts.sales_by_day(days, before, span.compared_words, shop.currency, url)


def _days(shop, span: Span):
    return figures.by_day(shop, span.days), figures.by_day(shop, span.compared_days)


@require_safe
@for_shop(area="analytics", may="view")
def sales_csv(request: ShopRequest, shop) -> StreamingHttpResponse:
    """The report's days as CSV."""
    span, _form = span_of(request, shop)
    return chart_file(shop, _sales_chart(shop, span, *_days(shop, span)), _dates(span))


def _stats(shop, span: Span, now: figures.Figures, then: figures.Figures | None) -> list[dict[str, Any]]:
    """The sums of a range; each leads to what it is made of, where there is a list of that."""
    orders = f"{reverse('orders:order_list', kwargs={'shop': shop.code})}?first={span.first}&last={span.last}"
    visits = f"{reverse('analytics:visits', kwargs={'shop': shop.code})}?{span.query}"

    def money(minor: int | None) -> str:
        return "–" if minor is None else format_money(minor, shop.currency)

    def rate(bp: int | None) -> str:
        return "–" if bp is None else f"{bp / 100:.2f}%"

    def stat(label: str, key: str, shown, value, *, url: str = "", up_is_good: bool = True) -> dict[str, Any]:
        one = {"label": label, "value": shown(value(now)), "help": DEFINITIONS[key], "url": url}
        if then is not None:
            if value(then) is not None:
                one["note"] = _("%(value)s before") % {"value": shown(value(then))}
            one |= trend(value(now) or 0, value(then) or 0)
            if not up_is_good and one.get("trend_tone") in ("good", "bad"):
                one["trend_tone"] = {"good": "bad", "bad": "good"}[one["trend_tone"]]
        return one

    return [
        stat(_("Sales"), "sales", money, lambda row: row.gross_minor, url=orders),
        stat(_("Net sales"), "net_sales", money, lambda row: row.net_minor),
        stat(_("Orders"), "orders", number, lambda row: row.order_count, url=orders),
        stat(_("Average order"), "average_order", money, lambda row: row.average_order_minor),
        stat(
            _("Cancelled"),
            "cancelled",
            money,
            lambda row: row.cancelled_minor,
            url=f"{orders}&tab=cancelled",
            up_is_good=False,
        ),
        stat(_("Refunded"), "refunded", money, lambda row: row.refunded_minor, up_is_good=False),
        stat(_("Visits"), "visits", number, lambda row: row.visit_count, url=visits),
        stat(_("Conversion"), "conversion", rate, lambda row: row.conversion_bp, url=visits),
    ]


# -- visits -----------------------------------------------------------------------------------------------------------


@require_safe
@for_shop(area="analytics", may="view")
def visits(request: ShopRequest, shop) -> HttpResponse:
    """How many visits became orders, and where they came from."""
    span, form = span_of(request, shop)
    found, before = _steps(shop, span)
    return _page(
        request,
        shop,
        "analytics:visits",
        span,
        form,
        charts=[_funnel(shop, span, found, before), _sources(shop, span, found, before)] if found else [],
        empty_title=_("No visits in these days"),
        empty_text=_("Visits to your public pages appear here, with where they came from."),
    )


BySource = dict[str, reports.Steps]


def _steps(shop, span: Span) -> tuple[BySource, BySource | None]:
    """The funnel by source, of the range and of what it is compared with."""
    compared = span.compared_period(shop.zone)
    before = reports.steps_by_source(shop, compared) if compared else None
    return reports.steps_by_source(shop, span.period(shop.zone)), before


def _funnel(shop, span: Span, found: BySource, before: BySource | None) -> dict[str, Any]:
    then = None if before is None else reports.all_steps(before)
    url = _csv_url(shop, "analytics:funnel_csv", span)
    return charts.funnel(reports.all_steps(found), then, span.compared_words, url)


def _sources(shop, span: Span, found: BySource, before: BySource | None) -> dict[str, Any]:
    return charts.sources(found, before, span.compared_words, _csv_url(shop, "analytics:sources_csv", span))


@require_safe
@for_shop(area="analytics", may="view")
def funnel_csv(request: ShopRequest, shop) -> StreamingHttpResponse:
    """The funnel as CSV."""
    span, _form = span_of(request, shop)
    return chart_file(shop, _funnel(shop, span, *_steps(shop, span)), _dates(span))


@require_safe
@for_shop(area="analytics", may="view")
def sources_csv(request: ShopRequest, shop) -> StreamingHttpResponse:
    """The sources as CSV."""
    span, _form = span_of(request, shop)
    return chart_file(shop, _sources(shop, span, *_steps(shop, span)), _dates(span))


# -- products and buyers ----------------------------------------------------------------------------------------------


@require_safe
@for_shop(area="analytics", may="view")
def best_products(request: ShopRequest, shop) -> HttpResponse:
    """What sold most."""
    span, form = span_of(request, shop)
    chart = _products_chart(shop, span)
    return _page(
        request,
        shop,
        "analytics:best_products",
        span,
        form,
        charts=[chart] if chart["rows"] else [],
        empty_title=_("Nothing was sold in these days"),
        empty_text=_("Choose other days, or share your storefront."),
    )


def _products_chart(shop, span: Span) -> dict[str, Any]:
    rows = reports.best_products(shop, span.period(shop.zone), most=MOST_PRODUCTS)
    compared = span.compared_period(shop.zone)
    before = reports.sales_of_products(shop, compared, [row["code"] for row in rows]) if compared else None
    url = _csv_url(shop, "analytics:products_csv", span)
    return charts.best_products(rows, shop.currency, before, span.compared_words, url)


@require_safe
@for_shop(area="analytics", may="view")
def products_csv(request: ShopRequest, shop) -> StreamingHttpResponse:
    """The best products as CSV."""
    span, _form = span_of(request, shop)
    return chart_file(shop, _products_chart(shop, span), _dates(span))


@require_safe
@for_shop(area="analytics", may="view")
def buyers(request: ShopRequest, shop) -> HttpResponse:
    """Who came back: buyers by the month of their first order."""
    chart = _cohort_chart(shop)
    return _page(
        request,
        shop,
        "analytics:buyers",
        None,
        None,
        charts=[chart] if chart["rows"] else [],
        empty_title=_("No buyers yet"),
        empty_text=_("From the first paid order on you see here who comes back."),
    )


def _cohort_chart(shop) -> dict[str, Any]:
    found = reports.cohorts(shop, clock.now(), months=MONTHS)
    return charts.cohorts(found, _csv_url(shop, "analytics:cohorts_csv"))


@require_safe
@for_shop(area="analytics", may="view")
def cohorts_csv(request: ShopRequest, shop) -> StreamingHttpResponse:
    """The cohorts as CSV."""
    return chart_file(shop, _cohort_chart(shop))
