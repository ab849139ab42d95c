"""Probes: they come without host name, https and session, and are told the truth."""

import pytest
from django.db import OperationalError
from django.test import Client


def test_alive_needs_nothing(client):
    answer = client.get("/healthz", headers={"host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_ready_says_how_the_parts_are(client):
    answer = client.get("/readyz", headers={"host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "database": "ok", "cache": "ok"})


@pytest.mark.django_db
def test_it_is_not_ready_without_the_database(client, monkeypatch):
    from seller_center import health

    def refuse(connection):
        raise OperationalError("gone")

    monkeypatch.setattr(health, "MigrationExecutor", refuse)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")


@pytest.mark.django_db
def test_it_is_ready_without_the_cache(client, settings):
    from django.core.cache import caches

    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/1"}}
    caches.close_all()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["cache"]) == (200, "unreachable")


def test_a_post_is_no_probe():
    assert Client().post("/healthz", headers={"host": "evil.example.com"}).status_code != 200
