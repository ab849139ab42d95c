"""The wall of the second factor: whoever should have given one reaches the short list and nothing else (G3)."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from shops import second_factor
from tests.factories.accounts import code_of, make_authenticator, make_stale, password_client, verified_client
from tests.factories.shops import PASSWORD, make_member, make_shop, make_staff, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

CHECK, SETUP = "/account/security/check/", "/account/security/authenticator/"
SAMPLES = {"shop": "ACME", "slug": "acme-shop", "int": "1"}


def routes(resolver=None, prefix: str = "/"):
    """Every address of the site as a path that fits it, with its view."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, route)
        elif isinstance(entry, URLPattern):
            yield sample(route), entry


def sample(route: str) -> str:
    """A path for a route: parameters become words of their kind."""
    path = re.sub(r"<(?:(\w+):)?(\w+)>", lambda found: SAMPLES.get(found[2]) or SAMPLES.get(found[1] or "", "x"), route)
    path = re.sub(r"\(\?P<\w+>[^)]*\)", "x", path)
    return re.sub(r"\^|\$|\\Z|\\", "", path)


ROUTES = sorted({(path, entry.name or "", getattr(entry.callback, "login_required", True)) for path, entry in routes()})
CLOSED = [(path, name) for path, name, closed in ROUTES if closed]
OPEN = [(path, name) for path, name, closed in ROUTES if not closed]


def test_it_found_the_addresses():
    assert len(CLOSED) > 100
    assert len(OPEN) > 15


def seller():
    """The owner of a shop with a second factor."""
    user = make_member(make_shop("ACME"), "owner", user=make_user("walled@example.com", name="Person Behind The Wall"))
    make_authenticator(user)
    return user


def deskworker():
    """Staff with every right and a second factor."""
    user = make_staff(email="walled@example.com", name="Person Behind The Wall")
    user.is_superuser = True
    user.save()
    make_authenticator(user)
    return user


def newcomer():
    """Staff who have not set up a second factor yet."""
    user = make_staff(email="walled@example.com", name="Person Behind The Wall")
    user.is_superuser = True
    user.save()
    return user


@pytest.mark.parametrize(("who", "leads_to"), [(seller, CHECK), (deskworker, CHECK), (newcomer, SETUP)])
def test_a_password_alone_reaches_the_short_list_only(who, leads_to):
    user = who()
    client = password_client(user, raise_request_exception=False)
    reached = []
    for path, name in CLOSED:
        for method in (client.get, client.post):
            answer = method(path)
            walled = answer.status_code == 302 and answer["Location"].startswith(f"{leads_to}?next=")
            if not walled:
                reached.append((name, answer.status_code))
            if "_auth_user_id" not in client.session:
                client.force_login(user)
    allowed = {
        CHECK: {"second_factor_check"},
        SETUP: {"authenticator_setup", "account_reauthenticate", "log_in_again"},
    }[leads_to]
    assert {name for name, _status in reached} <= allowed


@pytest.mark.parametrize("who", [seller, deskworker, newcomer])
def test_open_pages_show_a_password_alone_what_they_show_a_stranger(who):
    client = password_client(who(), raise_request_exception=False)
    for path, name in OPEN:
        if name in ("landing", "account_logout"):
            continue
        answer, strange = client.get(path), Client(raise_request_exception=False).get(path)
        assert answer.status_code == strange.status_code, path
        assert b"walled@example.com" not in answer.content, path
        assert b"Person Behind The Wall" not in answer.content, path


def test_it_would_reach_the_shop_without_the_wall(settings):
    """The control: the same crawl finds open doors when the wall is taken down."""
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "session_guard" not in one]
    client = password_client(seller(), raise_request_exception=False)
    assert client.get("/account/security/").status_code == 200
    assert client.get("/s/ACME/settings/").status_code == 200


def test_the_front_door_leads_to_the_question():
    client = password_client(seller())
    assert client.get(client.get("/")["Location"])["Location"].startswith(CHECK)


def test_the_way_out_is_open():
    client = password_client(seller())
    client.post("/account/logout/")
    assert "_auth_user_id" not in client.session


def test_with_the_factor_everything_is_open():
    client = verified_client(seller())
    assert client.get("/account/security/").status_code == 200
    assert client.get("/s/ACME/settings/").status_code == 200
    staff = verified_client(make_staff("reviewer"))
    assert staff.get("/admin/").status_code == 200


def test_the_question_lets_through():
    user = seller()
    client = password_client(user)
    question = client.get("/s/ACME/settings/")["Location"]
    answer = client.post(question, {"code": code_of(make_authenticator(user)), "next": "/s/ACME/settings/"})
    assert answer["Location"] == "/s/ACME/settings/"
    assert client.get("/s/ACME/settings/").status_code == 200


def test_a_session_by_password_sets_up_no_second_device():
    """Else a stolen password would be enough to bring one's own."""
    user = seller()
    client = password_client(user)
    assert client.get(SETUP)["Location"].startswith(CHECK)
    client.post(SETUP, {"code": "000000"})
    assert second_factor.TOTPDevice.objects.filter(user=user).count() == 1


def test_a_device_that_was_removed_opens_nothing():
    user = seller()
    client = verified_client(user)
    second_factor.TOTPDevice.objects.filter(user=user).delete()
    make_authenticator(user, key="cd" * 20)
    assert client.get("/s/ACME/settings/")["Location"].startswith(CHECK)


def test_the_mark_of_a_person_without_factor_does_not_help_staff():
    user = make_user("later@example.com")
    client = Client()
    client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    assert client.get("/account/security/").status_code == 200
    user.is_staff = True
    user.save()
    assert client.get("/account/security/")["Location"].startswith(SETUP)


# -- sensitive deeds of a shop (DEC17, INV18) -------------------------------------------------------------------------

SENSITIVE = sorted(path for path, entry in routes() if getattr(entry.callback, "declared", {}).get("fresh_factor"))


def test_it_knows_the_sensitive_deeds():
    assert len(SENSITIVE) >= 6


@pytest.mark.parametrize("path", SENSITIVE)
def test_a_sensitive_deed_wants_a_fresh_factor(path):
    user = seller()
    stale = make_stale(verified_client(user), 11 * 60)
    reading, doing = stale.get(path), stale.post(path, {"typed": "kept"})
    assert (reading.status_code, reading.headers.get("Location", "")[: len(CHECK)]) in ((302, CHECK), (403, ""))
    assert doing.status_code == 403
    assert "Is it you?" in doing.content.decode()


@pytest.mark.parametrize("path", SENSITIVE)
def test_somebody_without_a_factor_is_led_to_setting_one_up(path):
    user = make_member(make_shop("ACME"), "owner")
    client = password_client(user)
    assert client.post(path)["Location"].startswith(SETUP)


# -- the desk of staff ------------------------------------------------------------------------------------------------


def test_the_desk_has_no_log_in_of_its_own(client):
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/account/login/?next=%2Fadmin%2F")
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/account/login/?next=%2Fadmin%2F"
    staff = make_staff("reviewer", email="staff@example.com")
    make_authenticator(staff)
    client.post("/admin/login/", {"username": staff.email, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_the_desk_is_closed_to_sellers():
    client = verified_client(seller())
    assert client.get("/admin/", follow=True).status_code == 403


def test_the_desk_shows_no_keys_of_second_factors():
    from django.contrib import admin

    shown = {model._meta.app_label for model in admin.site._registry}
    assert not shown & {"otp_totp", "otp_static", "otp_email", "usersessions", "socialaccount", "account"}


def test_staff_set_up_their_authenticator_on_the_first_log_in(client):
    staff = make_staff("reviewer", email="staff@example.com")
    client.post("/account/login/", {"login": staff.email, "password": PASSWORD})
    assert client.get("/admin/")["Location"].startswith(SETUP)
    client.get(SETUP)
    device = second_factor.TOTPDevice.objects.get(user=staff)
    client.post(SETUP, {"code": code_of(device), "next": "/admin/"})
    assert client.get("/admin/").status_code == 200
