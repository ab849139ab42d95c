"""The score: lines, rescaled weights, and the difference between none and zero."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import sps
from shops.policy import Metric, parse

RULES = parse({}, market="US").sps


def measured(**rates: int) -> dict[str, sps.Measured]:
    return {name: sps.Measured(0, 100, value) for name, value in rates.items()}


ALL_BEST = {
    "negative_reviews": 50,
    "returns": 50,
    "seller_cancellations": 50,
    "late_dispatch": 100,
    "messages_answered": 9_800,
    "after_sales_hours": 24,
}
ALL_WORST = {
    "negative_reviews": 800,
    "returns": 800,
    "seller_cancellations": 1_000,
    "late_dispatch": 1_500,
    "messages_answered": 5_000,
    "after_sales_hours": 96,
}


@pytest.mark.parametrize(
    ("value", "points"),
    [(0, 500), (100, 500), (800, 250), (1_500, 0), (9_000, 0)],
)
def test_it_maps_a_falling_line_between_its_ends(value, points):
    assert sps.points(RULES.metrics.late_dispatch, value) == points


@pytest.mark.parametrize(("value", "points"), [(10_000, 500), (9_800, 500), (7_400, 250), (5_000, 0), (0, 0)])
def test_it_maps_a_rising_line_between_its_ends(value, points):
    assert sps.points(RULES.metrics.messages_answered, value) == points


def test_it_gives_five_for_the_best_and_zero_for_the_worst():
    assert sps.score(RULES, measured(**ALL_BEST), 30).sps_tenths == 50
    assert sps.score(RULES, measured(**ALL_WORST), 30).sps_tenths == 0


def test_it_gives_none_and_not_zero_with_too_few_deliveries():
    verdict = sps.score(RULES, measured(**ALL_WORST), 29)
    assert (verdict.sps_tenths, verdict.reason) == (None, "few_orders")


def test_it_gives_none_with_fewer_than_three_measured_metrics():
    verdict = sps.score(RULES, measured(late_dispatch=100, returns=50), 90)
    assert (verdict.sps_tenths, verdict.reason) == (None, "few_metrics")


def test_it_rescales_the_weights_of_what_was_measured():
    verdict = sps.score(RULES, measured(late_dispatch=100, returns=50, seller_cancellations=1_000), 90)
    # weights 20, 15, 15 of 50: (5.0 × 20 + 5.0 × 15 + 0 × 15) / 50 = 3.5
    assert verdict.sps_tenths == 35
    assert [part.points for part in verdict.parts if part.points is None] == [None, None, None]


@given(st.integers(0, 20_000), st.integers(0, 20_000))
def test_it_never_rewards_a_worse_rate(one, other):
    better, worse = sorted((one, other))
    line = RULES.metrics.late_dispatch
    assert 0 <= sps.points(line, worse) <= sps.points(line, better) <= 500


@given(st.integers(0, 500), st.integers(1, 500))
def test_it_rounds_a_rate_half_up(counted, due):
    value = sps.rate(min(counted, due), due).value
    assert value is not None
    assert abs(value * due - min(counted, due) * 10_000) * 2 <= due


def test_it_reads_nothing_due_as_not_measured():
    assert sps.rate(0, 0).value is None


def test_it_refuses_a_line_without_two_ends():
    with pytest.raises(ValueError, match="two different ends"):
        sps.points(Metric(days=1, weight_bp=1, best_bp=5, worst_bp=5), 5)
