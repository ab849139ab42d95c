"""Money, moments, deadlines and states as people read them."""

import datetime as dt
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.utils.safestring import mark_safe

from seller_center import display
from seller_center.kernel.transitions import Moves
from seller_center.list_table import figure_rows
from seller_center.states import STATES, state_of

NOW = dt.datetime(2026, 10, 14, 16, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("market", "zone", "words"),
    [("US", "America/New_York", "Oct 14, 12:05 PM"), ("GB", "Europe/London", "14 Oct, 17:05")],
)
def test_it_tells_a_moment_in_the_zone_and_customs_of_the_shop(market, zone, words):
    html = display.moment(NOW + dt.timedelta(minutes=5), now=NOW, zone=zone, market=market)
    assert f">{words}</time>" in html
    assert 'title="Wednesday, ' in html


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0"), (999, "999"), (1838, "1,838"), (1234567, "1,234,567"), (None, "—")]
)
def test_it_groups_the_digits_of_a_count(count, words):
    assert display.number(count) == words


def test_a_table_of_figures_groups_its_counts_and_leaves_the_heads_alone():
    assert '<th scope="row">2026</th><td class="num">1,838</td><td class="num">1838</td>' in figure_rows(
        [[2026, 1838, "1838"]]
    )


def test_it_names_the_zone_to_readers_who_may_live_in_another_one():
    html = display.moment(NOW, now=NOW, zone="America/New_York", market="US", style="zoned")
    assert ">Oct 14, 12:00 PM EDT</time>" in html


def test_it_gives_the_exact_instant_with_its_zone():
    html = display.moment(NOW, now=NOW, zone="America/New_York", market="US")
    assert 'title="Wednesday, Oct 14, 2026, 12:00:00 PM EDT (UTC−04:00)"' in html
    assert 'datetime="2026-10-14T12:00:00-04:00"' in html


def test_it_names_the_year_only_when_it_is_another_one():
    assert ", 2025, " in display.moment(NOW - 365 * 24 * HOUR, now=NOW, zone="UTC").partition(">")[2]


@pytest.mark.parametrize(
    ("seconds", "words"), [(10, "just now"), (150, "2 min ago"), (7300, "2 h ago"), (3 * 86400, "Oct 11")]
)
def test_it_tells_how_long_ago_for_a_day(seconds, words):
    html = display.moment(NOW - dt.timedelta(seconds=seconds), now=NOW, zone="UTC", style="ago")
    assert f">{words}</time>" in html


def test_it_writes_a_dash_for_what_is_not_known():
    assert "—" in display.moment(None, now=NOW)
    assert display.money(None, "USD") == "—"


@pytest.mark.parametrize(
    ("hours", "tone", "words"),
    [
        (72, "neutral", "3 days left"),
        (24, "neutral", "24 h left"),
        (23.9, "warn", "23 h left"),
        (-3, "bad", "3 h late"),
    ],
)
def test_it_warns_within_a_day_and_alarms_afterwards(hours, tone, words):
    html = display.due(NOW + hours * HOUR, now=NOW, zone="UTC", label="Ship by")
    assert f"due-{tone}" in html
    assert f">{words}</time>" in html
    assert "Ship by" in html


def test_it_tells_how_a_deadline_ended():
    ended = SimpleNamespace(ended_at=NOW, ended_as="lost_by_silence", due_at=NOW, label="Answer by")
    assert "Lost by silence" in display.deadline(ended, now=NOW)
    assert display.deadline(None, now=NOW) == ""


def test_it_escapes_labels_and_unknown_states():
    assert "<b>" not in display.due(NOW, now=NOW, label="<b>")
    assert "<b>" not in display.badge("<b>")


def test_it_shows_an_unknown_state_by_its_name():
    assert state_of("half_eaten") == ("Half eaten", "neutral")


def test_it_prefers_the_words_of_the_noun():
    assert state_of("running", "coupon").tone == "good"
    assert state_of("running", "job").tone == "info"


def test_it_has_a_word_for_every_state_of_every_move():
    """One word and one tone for each state, everywhere: a new state is one line in ``seller_center/states.py``."""
    unknown = {
        f"{model.__name__}: {state}"
        for model in apps.get_models()
        for table in vars(model).values()
        if isinstance(table, Moves)
        for state in table.states
        if state not in STATES and f"{model.__name__.lower()}.{state}" not in STATES
    }
    assert unknown == set()


@pytest.mark.parametrize(
    ("name", "letters"), [("Owner One", "OO"), ("owner@example.com", "OE"), ("x", "X"), ("", "?"), ("…", "?")]
)
def test_it_takes_initials_from_any_name(name, letters):
    assert display.initials(name) == letters


def test_it_names_browsers():
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
    assert display.browser_words(agent) == "Chrome on Linux"
    assert display.browser_words("curl/8") == "curl/8"


def test_codes_are_kept_in_one_piece_in_sentences_and_nothing_else_is():
    told = display.codes("Package ACME3467CDFG-1 of <b> US-20261130-1, refund ACME3467CDFG-F2")
    assert told.count('<span class="code">') == 3
    assert "&lt;b&gt;" in told
    for plain in ("CONGRATULATE", "HELMET-BLUE-XL", "2026-11-30", "ACME3467CDFGX"):
        assert display.codes(plain) == plain


def test_codes_in_finished_html_are_left_alone():
    """Control: there a code may stand in an address, which a tag in it would break."""
    html = mark_safe('<a href="/s/ACME/orders/ACME3467CDFG/">open</a>')
    assert display.codes(html) == html
    assert "<span" in display.codes(mark_safe("ACME3467CDFG &amp; more"))
