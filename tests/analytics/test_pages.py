"""Home, Health, reports: right figures, bounded queries, walls."""

import csv
import datetime as dt
import io

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from analytics import charts, figures, sps, views, views_reports
from analytics.models import HourlyFigure, Score
from analytics.reports import Cohort, Steps
from seller_center import reactions
from seller_center.kernel import clock
from shops.policy_book import policy_for
from tests.factories.catalog import make_product
from tests.factories.orders import make_delivered_order, make_order, pay

PAGES = ("analytics:home", "analytics:health", "analytics:reports", "analytics:sales_csv")


@pytest.fixture
def here(at, monkeypatch):
    """The pages' clock stands at the moment of the tests."""
    monkeypatch.setattr(clock, "now", lambda: at)
    return at


def get(client, name, shop, **query):
    return client.get(reverse(name, kwargs={"shop": shop.code}), query)


@pytest.mark.parametrize("page", PAGES)
def test_it_is_404_for_strangers_and_open_to_the_owner(client, shop, owner, stranger, here, page):
    client.force_login(stranger)
    assert get(client, page, shop).status_code == 404
    client.force_login(owner)
    assert get(client, page, shop).status_code == 200


def test_it_does_not_show_figures_to_a_packer(client, shop, packer, here):
    client.force_login(packer)
    assert get(client, "analytics:reports", shop).status_code == 403


def test_it_counts_a_paid_order_in_the_hour_of_its_payment_once(shop, here):
    order = pay(make_order(shop, quantity=2), at=here)
    reactions.deliver_all(here)
    reactions.deliver_all(here)
    row = HourlyFigure.objects.get()
    assert row.hour == here.replace(minute=0)
    assert (row.order_count, row.unit_count, row.gross_minor) == (1, 2, order.goods_minor)


def test_it_shows_today_beside_yesterday_in_the_shops_own_zone(client, shop, owner, here):
    figures.add(shop.pk, here, order_count=1, gross_minor=1_500)
    figures.add(shop.pk, here - dt.timedelta(days=1), order_count=1, gross_minor=900)
    midnight = here.replace(hour=4, minute=0)  # 00:00 in New York
    figures.add(shop.pk, midnight - dt.timedelta(hours=1), order_count=1, gross_minor=7_700)
    client.force_login(owner)
    page = get(client, "analytics:home", shop)
    today = page.context["chart"]["series"][0]["values"]
    assert today[12] == 1_500, "noon in New York is hour 12"
    assert page.context["stats"][0]["value"] == "$15.00"
    assert sum(value for value in page.context["chart"]["series"][1]["values"]) == 900 + 7_700


def test_it_keeps_cancelled_and_refunded_beside_sales(client, shop, owner, here):
    figures.add(
        shop.pk, here, order_count=2, gross_minor=5_000, discount_minor=500, cancelled_minor=1_000, refunded_minor=700
    )
    assert figures.within(shop, figures.day_period(here.date(), shop.zone)).net_minor == 2_800
    client.force_login(owner)
    labels = {one["label"]: one["value"] for one in get(client, "analytics:reports", shop).context["stats"]}
    assert labels["Sales"] == "$50.00"
    assert labels["Cancelled"] == "$10.00"
    assert labels["Refunded"] == "$7.00"
    assert labels["Net sales"] == "$28.00"


def test_it_exports_the_same_figures_as_it_shows(client, shop, owner, here):
    figures.add(shop.pk, here, order_count=3, gross_minor=4_200, visit_count=9)
    client.force_login(owner)
    answer = get(client, "analytics:sales_csv", shop, days="7")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert len(rows) == 7
    assert (rows[-1]["order_count"], rows[-1]["gross"], rows[-1]["visit_count"]) == ("3", "42.00", "9")
    assert rows[-1]["currency"] == "USD"
    assert rows[-1]["compared_gross"] in ("", "0.00")
    assert not [name for name in rows[-1] if name.endswith("_minor")]


def test_it_costs_the_same_queries_on_a_busy_day(client, shop, owner, here, django_assert_max_num_queries):
    client.force_login(owner)
    get(client, "analytics:home", shop)
    for _number in range(8):
        make_product(shop, on_hand=1)
        make_delivered_order(shop)
    with django_assert_max_num_queries(14):
        get(client, "analytics:home", shop)


@pytest.fixture
def scored(shop, here):
    """A score of 3.4: late dispatch at its worst, everything else that was measured at its best."""
    policy = policy_for(shop, here)
    measured = {name: sps.rate(0, 100) for name in ("negative_reviews", "returns", "seller_cancellations")}
    measured["late_dispatch"] = sps.rate(30, 100)
    verdict = sps.score(policy.sps, measured, delivered=100)
    return Score.objects.create(
        shop=shop,
        day=here.date(),
        sps_tenths=verdict.sps_tenths,
        delivered_count=100,
        metrics={part.name: {**vars(part), "measured": vars(part.measured)} for part in verdict.parts},
        policy_version_id=policy.version_id,
        measured_at=here,
    )


def test_it_works_out_what_another_value_would_give(client, shop, owner, scored):
    client.force_login(owner)
    plain = get(client, "analytics:health", shop).context["what_if"]
    assert "shown" not in plain
    assert set(plain["form"].fields) == {"negative_reviews", "returns", "seller_cancellations", "late_dispatch"}
    better = get(client, "analytics:health", shop, late_dispatch="1.0").context["what_if"]
    assert (better["shown"], [line[1:] for line in better["lines"]]) == ("5.0", [("0.00", "5.00")])
    assert better["difference"] == 50 - scored.sps_tenths > 0
    same = get(client, "analytics:health", shop, late_dispatch="30.0", returns="").context["what_if"]
    assert (same["shown"], same["lines"]) == (f"{scored.sps_tenths / 10:.1f}", [])
    scored.refresh_from_db()
    assert scored.metrics["late_dispatch"]["measured"]["value"] == 3_000, "nothing of it is kept"


@pytest.mark.parametrize("value", ["-1", "101", "many", "1.234"])
def test_it_refuses_a_what_if_that_cannot_be(client, shop, owner, scored, value):
    client.force_login(owner)
    page = get(client, "analytics:health", shop, late_dispatch=value)
    assert "shown" not in page.context["what_if"]
    assert page.context["what_if"]["form"].errors["late_dispatch"]


def test_it_shows_a_rate_as_the_score_counts_it_and_rounds_it_only_once(client, shop, owner, scored):
    scored.metrics["late_dispatch"]["measured"] = vars(sps.rate(11, 711))
    scored.metrics["returns"]["measured"] = vars(sps.rate(8, 1335))
    scored.save()
    client.force_login(owner)
    page = get(client, "analytics:health", shop)
    shown = {str(one["name"]): (one["value"], one["basis"]) for one in page.context["metrics"]}
    assert shown["Late dispatch"] == ("1.55%", "11 of 711")
    assert shown["Returns not caused by the buyer"] == ("0.60%", "8 of 1,335")
    form = page.context["what_if"]["form"]
    assert form["late_dispatch"].value() == "1.55"
    same = get(client, "analytics:health", shop, late_dispatch="1.55").context["what_if"]
    assert same["lines"] == []
    assert get(client, "analytics:health", shop, late_dispatch="1.54").context["what_if"]["lines"]


def test_it_says_that_there_is_no_score_and_why(client, shop, owner, here):
    client.force_login(owner)
    page = get(client, "analytics:health", shop).content.decode()
    assert "No score yet" in page
    assert "30 delivered orders in 90 days" in page


def test_the_bars_of_the_funnel_are_of_periods_not_of_its_first_step():
    drawn = charts.funnel(Steps(9, 5, 3, 2), Steps(8, 4, 2, 1), compared="The period before")
    assert [str(series["name"]) for series in drawn["series"]] == ["This period", "The period before"]


def test_it_groups_large_counts_of_tiers_evaluations_and_cohorts():
    line = views._tier_line({"code": "delivered_orders", "value": 1_234, "threshold": 20_000, "met": False})
    assert (line["shown"], line["asked"], line["left"]) == ("1,234", "≥ 20,000", "18,766 to go")
    shown = views._shown_values({"code": "completed_orders", "value": 12_345, "threshold": 1_000})
    assert shown == {"shown": "12,345", "asked": "≥ 1,000"}
    chart = charts.cohorts([Cohort(dt.date(2026, 9, 1), 12_345, [12_345, 1_111])])
    page = render_to_string("components/chart.html", {"chart": chart})
    assert '<td class="num">12,345</td>' in page
    assert 'title="1,111"' in page
    assert [row[-1] for row in chart["csv"][1]] == [12_345, 1_111], "a file has plain numbers"


def test_the_months_of_cohorts_are_called_by_words():
    chart = charts.cohorts([Cohort(dt.date(2026, 9, 1), 9, [9, 4, 2])])
    assert chart["columns"] == ["First order in", "Buyers", "Same month", "1 month after", "2 months after"]


def test_a_percentage_stands_with_its_sign_on_one_line(shop, at):
    span = views_reports.Span(at.date(), at.date())
    now, then = figures.Figures(order_count=5, visit_count=20), figures.Figures(order_count=3, visit_count=20)
    conversion = views_reports._stats(shop, span, now, then)[-1]
    assert conversion["note"] == "15.00% before"


def test_nothing_is_compared_with_what_could_not_be_measured(shop, at):
    span = views_reports.Span(at.date(), at.date())
    stats = views_reports._stats(shop, span, figures.Figures(), figures.Figures())
    notes = {str(one["label"]): one.get("note") for one in stats}
    assert notes["Orders"] == "0 before"
    assert notes["Average order"] is notes["Conversion"] is None, "a dash before says nothing"


@pytest.mark.parametrize(("many", "height"), [(3, "large"), (10, "large"), (11, "tall"), (20, "tall")])
def test_many_bars_get_room_for_their_names(many, height):
    row = {"code": "A", "name": "Walnut board", "units": 1, "orders": 1, "sum_minor": 100}
    assert charts.best_products([row] * many, "USD")["height"] == height
