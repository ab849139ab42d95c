"""The browser of the tests: the system's Chromium, on the live server, under the strict policy."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_it_opens_a_page_of_the_live_server(page, live_server):
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    answer = page.goto(f"{live_server.url}/healthz")
    assert answer.status == 200
    assert "alive" in page.content()
    assert faults == []


def test_requiring_it_makes_skipping_a_fault():
    from tests import plugin

    class Item:
        def get_closest_marker(self, name):
            return name == "browser"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugin, "chromium", lambda: None)
        patch.setenv("REQUIRE_BROWSER", "1")
        with pytest.raises(pytest.UsageError, match="1 browser tests would be skipped"):
            plugin.pytest_collection_modifyitems(None, [Item()])
