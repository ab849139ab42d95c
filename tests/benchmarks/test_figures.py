"""The lines of the bench and its verdicts. Nothing here asserts a time."""

import os
import subprocess
import sys

import pytest

from benchmarks import limits, report
from benchmarks.figures import Figure, absent, ratio_of
from benchmarks.machine import Meter, spent
from seller_center.embedded import ROOT
from tools import bench


@pytest.mark.parametrize(
    ("ratio", "most", "least", "short"),
    [
        (7.9, 8, None, False),
        (8.1, 8, None, True),
        (0.5, None, 0.4, False),
        (0.3, None, 0.4, True),
        (99.0, None, None, False),
    ],
)
def test_it_says_what_falls_short(ratio, most, least, short):
    figure = Figure("thing", "1 ms", "floor", ratio, most=most, least=least)
    assert figure.short is short
    assert figure.line.endswith("SHORT") is short


def test_it_does_not_judge_what_is_absent():
    assert not absent("thing", "HTTP 404").short
    assert "absent" in absent("thing", "HTTP 404").line


def test_it_compares_each_round_with_its_own_reference():
    assert ratio_of([2.0, 40.0, 3.0], [1.0, 20.0, 1.0]) == 2.0


def test_it_says_in_the_report_what_falls_short_and_what_is_aimed_at():
    told = report.page(
        [
            Figure("slow", "9 ms", "floor page 1 ms", 9.0, most=8, aim=5),
            Figure("fair", "7 ms", "floor page 1 ms", 7.0, most=8, aim=5),
            Figure("many", "90/s", "limit 100/s", 0.9, least=0.4, aim=0.7),
            absent("gone", "HTTP 404"),
        ],
        "small",
        "make bench",
        "PostgreSQL",
        "1",
        60,
    )
    assert "4 figures, 1 short of a must, 2 short of an aim" in told
    assert "| slow | 9 ms | floor page 1 ms | 9.00 | ≤ 8 | ≤ 5 | SHORT |" in told
    assert "| fair | 7 ms | floor page 1 ms | 7.00 | ≤ 8 | ≤ 5 | ok |" in told
    assert "| many | 90/s | limit 100/s | 0.90 | ≥ 0.4 | ≥ 0.7 | ok, aim reached |" in told
    assert "| gone | absent | HTTP 404 |  |  |  |  |" in told


def test_it_sees_the_processor_time_of_its_own_process():
    with Meter([os.getpid()]) as meter:
        sum(range(200_000))
    assert meter.cpu > 0
    assert spent([os.getpid()])


def test_it_refuses_words_it_does_not_know():
    assert bench.arguments(["only=batches", "scale=tiny"]) == bench.Wanted(("batches",), "", "tiny")
    assert bench.arguments(["only=order list"]) == bench.Wanted(("pages",), "order list", "small")
    for words in (["scale=huge"], ["fast=1"], ["report=perhaps"]):
        with pytest.raises(SystemExit):
            bench.arguments(words)


def test_the_product_knows_nothing_of_the_bench():
    code = "import django; django.setup(); import sys, seller_center.urls; print('benchmarks' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    for name in ("ELIGIBILITY", "SCORES", "LOW_STOCK", "SETTLEMENT", "PAYOUTS", "DEADLINES"):
        assert "%(" in getattr(limits, name)
