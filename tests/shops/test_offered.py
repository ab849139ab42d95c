"""The first page of the wizard says plainly what can be opened today, and what cannot."""

import pytest
from django.urls import reverse

from shops import onboarding
from tests.factories.shops import make_user

pytestmark = pytest.mark.django_db


def test_the_first_page_says_what_is_offered_and_what_is_not(client, monkeypatch):
    client.force_login(make_user())
    page = client.get(reverse("shops:apply")).content.decode()
    assert "Individual, United States" in page
    before, _words, after = page.partition("Not yet:")
    assert "Registered business, United States" in after
    assert "United Kingdom" in after
    assert "United Kingdom" not in before
    monkeypatch.setattr(onboarding, "OFFERED", {"US": ("individual", "business"), "GB": ("individual", "business")})
    assert "Not yet:" not in client.get(reverse("shops:apply")).content.decode()
