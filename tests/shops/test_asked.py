"""Commands say in a sentence what is wrong with what they were asked, and never end without a word."""

import io

import pytest
from django.core.management import CommandError, call_command

from shops.management import asked

pytestmark = pytest.mark.django_db


def run(name, *args):
    told = io.StringIO()
    call_command(name, *args, stdout=told, stderr=told)
    return told.getvalue()


@pytest.mark.parametrize("command", ["run_payouts", "review_eligibility"])
def test_a_market_that_is_none_is_refused(shop, command):
    with pytest.raises(CommandError, match=r"There is no market XX\. There are: .*US"):
        run(command, "--market", "XX", "--dry-run")
    assert "US" in run(command, "--market", "us", "--dry-run")


def test_a_shop_that_is_none_is_refused_and_one_that_is_has_one_market(shop):
    with pytest.raises(CommandError, match="There is no shop with the code NOPE"):
        run("review_eligibility", "--shop", "NOPE", "--dry-run")
    with pytest.raises(CommandError, match="belongs to the market US, not to GB"):
        run("review_eligibility", "--shop", shop.code, "--market", "GB", "--dry-run")
    assert run("review_eligibility", "--shop", shop.code.lower(), "--dry-run").count("Dry run") == 1


@pytest.mark.parametrize(("command", "option"), [("run_payouts", "--on"), ("score_shops", "--day")])
def test_a_day_that_is_none_is_refused_in_words(command, option):
    with pytest.raises(CommandError, match=r"“soon” is no day\. Write for example 2026-10-31"):
        run(command, option, "soon", "--dry-run")


@pytest.mark.parametrize("command", ["clarify_payments", "deliver_events", "run_jobs", "send_refunds"])
def test_nothing_to_do_is_said(command):
    assert run(command, "--dry-run").strip().endswith(".")


def test_a_list_is_told_line_by_line():
    assert asked.or_nothing(["one", "two"], "nothing") == "one\ntwo"
