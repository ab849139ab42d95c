"""The monthly evaluation and the daily score: each event in one month, each shop once, a repeat without effect."""

import datetime as dt

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection

from analytics import evaluation, scorecard
from analytics.models import Score
from seller_center import reactions
from shops.batches import AlreadyRunning, batch_run
from shops.eligibility import Scorecard, Standing, judge
from shops.models import BatchRun, EligibilityReview, Market, Notice, PolicyVersion, Shop
from shops.policy import parse
from shops.policy_book import policy_for
from tests.factories.orders import fresh, make_delivered_order, make_open_order
from tests.factories.shops import make_shop

SEPTEMBER = dt.date(2026, 9, 1)
OCTOBER = dt.date(2026, 10, 1)
NOVEMBER_2 = dt.datetime(2026, 11, 2, 12, 0, tzinfo=dt.UTC)
POLICY = parse({}, market="US")


@pytest.fixture
def us(db) -> Market:
    return Market.objects.get(pk="US")


def card(**fields) -> Scorecard:
    return Scorecard(
        **{"shop_id": 1, "completed_orders": 100, "delivered_orders": 100, "sps_tenths": 40, "metrics": {}, **fields}
    )


GOOD = Standing("pro", True, 12, 0)


@pytest.mark.parametrize(
    ("given", "standing", "missed"),
    [
        (card(), GOOD, []),
        (card(sps_tenths=39), GOOD, ["sps"]),
        (card(sps_tenths=None), GOOD, ["sps"]),
        (card(completed_orders=99), GOOD, ["completed_orders"]),
        (card(), Standing("premium", True, 0, 0), ["probation"]),
        (card(), Standing("pro", True, 13, 0), ["violation_points"]),
        (card(), Standing("pro", True, 0, 1), ["fraud"]),
        (card(), Standing("pro", False, 0, 0), ["active"]),
    ],
)
def test_it_judges_by_the_table_of_the_policy(given, standing, missed):
    assert [one.code for one in judge(given, standing, POLICY) if not one.met] == missed


def test_it_writes_each_shop_once_and_repeats_without_effect(us, shop, owner, other_shop):
    first = evaluation.review_month(market=us, month=OCTOBER, at=NOVEMBER_2)
    assert first["not_eligible"] == 2
    again = evaluation.review_month(market=us, month=OCTOBER, at=NOVEMBER_2)
    assert again.get("not_eligible", 0) == 0
    assert EligibilityReview.objects.count() == 2
    review = EligibilityReview.objects.get(shop=shop)
    assert review.policy_version_id == policy_for("US", NOVEMBER_2).version_id
    assert {one["code"] for one in review.criteria} == {
        "sps", "probation", "violation_points", "fraud", "completed_orders", "active",
    }  # fmt: skip


def test_it_tells_the_owner_the_numbers_that_decided(us, shop, owner):
    evaluation.review_month(market=us, month=OCTOBER, at=NOVEMBER_2)
    reactions.deliver_all(NOVEMBER_2)
    [letter] = [one for one in mail.outbox if one.to == [owner.email]]
    assert "not eligible yet" in letter.subject
    assert "Completed orders in the past 30 days: 0 (asked: 100)" in letter.body
    assert Notice.objects.filter(to=owner).count() == 1


def test_it_supersedes_and_never_overwrites(us, shop):
    evaluation.review_month(market=us, month=OCTOBER, at=NOVEMBER_2)
    later = NOVEMBER_2 + dt.timedelta(hours=1)
    Shop.objects.update(tier=Shop.Tier.PRO)
    evaluation.review_month(market=us, month=OCTOBER, at=later, shop_code=shop.code, again=True)
    old, new = EligibilityReview.objects.filter(shop=shop).order_by("pk")
    assert (old.superseded_at, new.superseded_at) == (later, None)
    assert old.criteria != new.criteria


def test_it_does_not_judge_a_month_that_has_not_ended_in_the_markets_zone(us, shop):
    eve = dt.datetime(2026, 11, 1, 3, 59, tzinfo=dt.UTC)  # 23:59 on 31 October in New York
    with pytest.raises(evaluation.MonthNotOver):
        evaluation.review_month(market=us, month=OCTOBER, at=eve)
    evaluation.review_month(market=us, month=OCTOBER, at=eve + dt.timedelta(minutes=1))
    assert evaluation.last_ended_month("America/New_York", eve) == SEPTEMBER


def test_it_goes_on_where_a_killed_run_stopped(us, shop, other_shop, monkeypatch):
    monkeypatch.setattr(evaluation, "CHUNK", 1)
    real, calls = scorecard.monthly, []

    def dies(ids, **more):
        calls.append(ids)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(ids, **more)

    monkeypatch.setattr(scorecard, "monthly", dies)
    with pytest.raises(KeyboardInterrupt):
        evaluation.review_month(market=us, month=OCTOBER, at=NOVEMBER_2)
    assert EligibilityReview.objects.count() == 1
    BatchRun.objects.update(lease_until=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    evaluation.review_month(market=us, month=OCTOBER, at=NOVEMBER_2)
    assert EligibilityReview.objects.values("shop").distinct().count() == EligibilityReview.objects.count() == 2


def test_it_keeps_two_runs_of_a_month_apart(us, shop):
    with batch_run("eligibility", "US 2026-10", at=NOVEMBER_2), pytest.raises(AlreadyRunning):
        evaluation.review_month(market=us, month=OCTOBER, at=NOVEMBER_2)


def test_it_judges_without_writing_in_a_dry_run(us, shop, capsys, monkeypatch):
    from seller_center.kernel import clock

    monkeypatch.setattr(clock, "now", lambda: NOVEMBER_2)
    call_command("review_eligibility", "--month", "2026-10", "--market", "US", "--dry-run")
    assert "1 not eligible" in capsys.readouterr().out
    assert not EligibilityReview.objects.exists()
    with pytest.raises(CommandError, match="not ended"):
        call_command("review_eligibility", "--month", "2026-11", "--market", "US")


def test_it_measures_late_dispatch_from_the_orders_themselves(shop, at):
    on_time = make_delivered_order(shop, at=at)
    late = make_open_order(shop, at=at)
    until = fresh(late).ship_by + dt.timedelta(days=1)
    from seller_center import inbox

    inbox.sweep(fresh(late).ship_by)
    measured = scorecard.measure([shop.pk], until=until, policy=POLICY)[shop.pk].metrics["late_dispatch"]
    assert (measured.counted, measured.due) == (1, 2)
    assert fresh(on_time).delivered_at is not None


def test_it_leaves_unmeasured_what_has_no_data(shop, at):
    found = scorecard.measure([shop.pk], until=at, policy=POLICY)[shop.pk]
    assert (found.delivered, found.metrics) == (0, {})


def test_it_scores_each_shop_once_a_day(us, shop):
    day = dt.date(2026, 10, 31)
    evaluation.score_day(market=us, day=day, at=NOVEMBER_2)
    evaluation.score_day(market=us, day=day, at=NOVEMBER_2)
    score = Score.objects.get(shop=shop)
    assert (score.sps_tenths, score.delivered_count) == (None, 0)


def test_a_score_that_another_run_has_written_meanwhile_stays(us, shop, monkeypatch):
    """A lease ran out in the middle: both runs took the same shops."""
    day, measure = dt.date(2026, 10, 31), scorecard.measure

    def measured_while_another_writes(*args, **kwargs):
        Score.objects.create(
            shop=shop,
            day=day,
            sps_tenths=41,
            delivered_count=30,
            metrics={},
            policy_version=PolicyVersion.objects.all()[0],
            measured_at=NOVEMBER_2,
        )
        return measure(*args, **kwargs)

    monkeypatch.setattr(scorecard, "measure", measured_while_another_writes)
    evaluation.score_day(market=us, day=day, at=NOVEMBER_2)
    assert Score.objects.get(shop=shop).sps_tenths == 41


SET_MANY = """
INSERT INTO shops_deadline (shop_id, kind, subject_kind, subject_code, label, area, due_at, next_check_at, warn_hours,
    set_at, ended_at, ended_as)
SELECT %s, CASE WHEN n %% 100 = 0 THEN 'message.answer' ELSE 'order.ship' END, 'x', n::text, '', 'orders', t, t, '{}', t, t, 'met'
FROM generate_series(1, 5000) AS n, LATERAL (SELECT %s::timestamptz - n * interval '5 minutes' AS t) AS moment
"""


def test_answers_are_counted_by_an_index_of_their_own(shop, at):
    """Else the question reads every deadline of the shop that ended in the window."""
    with connection.cursor() as cursor:
        cursor.execute(SET_MANY, [shop.pk, at])
        cursor.execute("ANALYZE shops_deadline")
        asked = {"shops": [shop.pk], "until": at, "start": at - dt.timedelta(days=60)}
        cursor.execute(f"EXPLAIN {scorecard.RATES['messages_answered']}", asked)
        plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "deadline_answers" in plan, plan
        cursor.execute(scorecard.RATES["messages_answered"], asked)
        assert cursor.fetchall() == [(shop.pk, 50, 50)]


def test_it_leaves_out_shops_that_were_not_open_in_the_month(us):
    make_shop("LATE", approved_at=dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC))
    make_shop("NEVR", approved_at=None, status=Shop.Status.APPLYING, offer_ends_at=None)
    evaluation.review_month(market=us, month=OCTOBER, at=NOVEMBER_2)
    assert not EligibilityReview.objects.exists()
