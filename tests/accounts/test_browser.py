"""Accounts in a real browser under the strict policy: sign-up, second factor, the question in between; accessible."""

import re
import shutil

import pytest
from django_otp.plugins.otp_totp.models import TOTPDevice

from tests import axe
from tests.factories.accounts import code_of, mailed_code
from tests.factories.shops import PASSWORD

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed"),
]


@pytest.fixture
def page_of(chromium):
    """Makes a tab; what its console complains about is a failure, but for refusals that a test asks for."""
    complaints, contexts = [], []

    def make(width: int = 1280, theme: str = "light", **options):
        context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=theme, **options)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda line: (
                complaints.append(line.text)
                if line.type in ("error", "warning") and not re.search(r"status of (403|422)", line.text)
                else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def faults(page) -> list[str]:
    return [f"{page.url}: {one}" for one in axe.violations(page)]


def new_code(device: TOTPDevice) -> str:
    """A code that was not used yet."""
    device.refresh_from_db()
    TOTPDevice.objects.filter(pk=device.pk).update(last_t=-1, throttling_failure_count=0)
    return code_of(device)


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_the_way_in(page_of, live_server, width, theme):
    page, found = page_of(width, theme), []

    def look() -> None:
        found.extend(faults(page))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{page.url} is too wide"

    page.goto(live_server.url)
    look()
    page.get_by_role("link", name="Create an account", exact=True).first.click()
    look()
    page.get_by_label("E-mail or mobile number").fill("new@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Show the password").click()
    assert page.get_by_label("Password", exact=True).get_attribute("type") == "text"
    page.get_by_role("button", name="Create account").click()
    look()
    page.get_by_label("Code").fill("BBBB-BBBB")
    page.get_by_role("button", name="Confirm").click()
    assert "This code is wrong" in page.content()
    page.get_by_label("Code").fill(mailed_code("new@example.com"))
    page.get_by_role("button", name="Confirm").click()
    assert page.url == f"{live_server.url}/apply/"

    page.goto(f"{live_server.url}/account/security/")
    look()
    page.get_by_role("listitem").filter(has_text="Authenticator app").get_by_role("link", name="Set up").click()
    look()
    assert page.locator(".scan img").evaluate("one => one.naturalWidth") > 0, "the policy stopped the QR code"
    device = TOTPDevice.objects.get(user__email="new@example.com")
    page.get_by_label("Code").fill(code_of(device))
    page.get_by_role("button", name="Confirm").click()
    look()
    assert page.locator(".codes code").count() == 10
    page.get_by_role("link", name="I have kept them").click()
    look()

    for path in ("email/", "password/change/", "phone/change/", "sessions/", "security/recovery-codes/"):
        page.goto(f"{live_server.url}/account/{path}")
        look()
    assert found == []


def test_what_was_typed_goes_on_after_the_question(page_of, live_server):
    from tests.factories.accounts import make_authenticator, make_stale, verified_client
    from tests.factories.shops import make_user

    user = make_user("owner@example.com")
    client = verified_client(user)
    page = page_of()
    page.context.add_cookies([{"name": "session", "value": client.cookies["session"].value, "url": live_server.url}])
    page.goto(f"{live_server.url}/account/email/")
    make_stale(client)
    page.get_by_label("New address").fill("new@example.com")
    page.get_by_role("button", name="Send a code").click()
    assert "What you typed is kept" in page.content()
    page.get_by_label("Code").fill(new_code(make_authenticator(user)))
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/account/confirm-email/")
    assert mailed_code("new@example.com")


def test_it_works_without_javascript(page_of, live_server):
    page = page_of(java_script_enabled=False)
    page.goto(f"{live_server.url}/account/signup/")
    page.get_by_label("E-mail or mobile number").fill("new@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.get_by_label("Code").fill(mailed_code("new@example.com"))
    page.get_by_role("button", name="Confirm").click()
    page.goto(f"{live_server.url}/account/security/authenticator/")
    device = TOTPDevice.objects.get(user__email="new@example.com")
    page.get_by_label("Code").fill(code_of(device))
    page.get_by_role("button", name="Confirm").click()
    assert page.locator(".codes code").count() == 10
