"""The table of everything periodic, and what keeps two beats harmless."""

from datetime import UTC, datetime, timedelta

import pytest
from celery.schedules import crontab

from seller_center import celery
from seller_center.celery import PERIODIC, Periodic

DAILY = Periodic("daily", "x", "x", crontab(minute=30, hour=4))
FIVE = Periodic("five", "x", "x", timedelta(seconds=5))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_names_are_unique():
    assert len({line.name for line in PERIODIC}) == len(PERIODIC)


@pytest.mark.django_db  # Celery runs the system checks, which ask the database
def test_every_line_has_its_task_and_its_command():
    from django.core.management import get_commands

    celery.app.loader.import_default_modules()
    for line in PERIODIC:
        assert line.task in celery.app.tasks, line.task
        assert line.command in get_commands(), line.command


def test_every_line_looks_at_least_daily():
    for line in PERIODIC:
        if isinstance(line.every, crontab):
            assert len(line.every.month_of_year) == 12, line.name
            assert len(line.every.day_of_month) == 31, line.name
            assert len(line.every.day_of_week) == 7, line.name
        else:
            assert line.every <= timedelta(days=1), line.name


def test_a_plan_that_is_late_belongs_to_its_own_minute():
    assert celery.moment_of(DAILY, at("2026-03-01T04:30:00.2")) == at("2026-03-01T04:30")
    assert celery.moment_of(DAILY, at("2026-03-01T04:41:59")) == at("2026-03-01T04:30")


def test_an_interval_has_a_grid():
    assert celery.moment_of(FIVE, at("2026-03-01T04:30:04.9")) == at("2026-03-01T04:30:00")
    assert celery.moment_of(FIVE, at("2026-03-01T04:30:05")) == at("2026-03-01T04:30:05")


@pytest.mark.parametrize("end,due", [("04:29", False), ("04:30", True), ("05:29", True), ("05:30", False)])
def test_an_hour_contains_its_end_and_not_its_beginning(end, due):
    assert celery.is_due_in_hour(DAILY, at(f"2026-03-01T{end}")) is due


@pytest.mark.django_db
def test_a_second_beat_changes_nothing():
    moment = at("2026-03-01T04:30:01")
    assert [celery.tick_once(DAILY, moment), celery.tick_once(DAILY, moment + timedelta(seconds=2))] == [True, False]
    assert celery.tick_once(DAILY, moment + timedelta(days=1))


@pytest.mark.django_db
def test_old_ticks_are_forgotten():
    from shops.models.job import Tick

    for day in range(5):
        celery.tick_once(DAILY, at("2026-03-01T04:30") + timedelta(days=day))
    assert Tick.objects.count() <= 3
