"""Logging in: by password and by code, what is counted, what a stranger learns, where one lands."""

import time

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from shops.models import KnownDevice, User
from tests.factories.accounts import code_of, mailed_code, make_authenticator, texted_code
from tests.factories.shops import PASSWORD, make_member, make_shop, make_staff, make_user
from tests.storm import storm

pytestmark = pytest.mark.django_db

LOGIN, CODE, CODE_CONFIRM = "/account/login/", "/account/login/code/", "/account/login/code/confirm/"
RESET = "/account/password/reset/"
PHONE = "+12125550123"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def log_in(client: Client, name: str, password: str = PASSWORD, **extra):
    return client.post(LOGIN, {"login": name, "password": password}, **extra)


def is_in(client: Client) -> bool:
    return client.get("/account/security/").status_code == 200


@pytest.fixture
def person(db) -> User:
    return make_user("owner@example.com", phone=PHONE, phone_verified=True)


@pytest.mark.parametrize("name", ["owner@example.com", " Owner@Example.COM ", PHONE, "212-555-0123", "(212) 555 0123"])
def test_it_logs_in_by_any_spelling_of_the_name(client, person, name):
    log_in(client, name)
    assert is_in(client)


def test_it_gives_the_session_a_new_key(client, person):
    client.get("/account/login/")
    client.post(RESET, {"email": "nobody@example.com"})  # begins an anonymous session
    before = client.cookies["session"].value
    log_in(client, "owner@example.com")
    assert client.cookies["session"].value != before


@pytest.mark.parametrize(
    ("name", "password"), [("owner@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("x", "y")]
)
def test_it_says_the_same_whatever_was_wrong(client, person, name, password):
    answer = log_in(client, name, password)
    assert "These do not fit together" in answer.content.decode()
    assert not is_in(client)


def test_it_logs_nobody_in_whose_account_is_closed(client, person):
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert log_in(client, "owner@example.com")["Location"] == "/account/inactive/"
    assert not is_in(client)
    assert b"closed" in client.get("/account/inactive/").content


def test_it_throws_out_at_once_whose_account_is_closed(client, person):
    log_in(client, "owner@example.com")
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert not is_in(client)


# -- by code ----------------------------------------------------------------------------------------------------------


def test_it_logs_in_by_a_mailed_code(client, person):
    answer = client.post(CODE, {"contact": "OWNER@example.com"})
    assert answer["Location"] == CODE_CONFIRM
    client.post(CODE_CONFIRM, {"code": mailed_code("owner@example.com")})
    assert is_in(client)


def test_it_logs_in_by_a_texted_code(client, person):
    client.post(CODE, {"contact": "212 555 0123"})
    client.post(CODE_CONFIRM, {"code": texted_code(PHONE)})
    assert is_in(client)


def test_it_takes_a_code_once(client, person):
    client.post(CODE, {"contact": "owner@example.com"})
    code, held = mailed_code("owner@example.com"), client.cookies["session"].value
    assert client.post(CODE_CONFIRM, {"code": code})["Location"] == "/"
    thief = Client()
    thief.cookies["session"] = held
    thief.post(CODE_CONFIRM, {"code": code})
    assert not is_in(thief)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_it_takes_a_code_once_of_32_at_once(person):
    client = Client()
    client.post(CODE, {"contact": "owner@example.com"})
    code, held = mailed_code("owner@example.com"), client.cookies["session"].value

    def confirm(number: int) -> bool:
        mine = Client()
        mine.cookies["session"] = held
        return mine.post(CODE_CONFIRM, {"code": code}).status_code == 302 and is_in(mine)

    assert sum(one.value for one in storm(confirm, processes=4, threads=8) if one.done) == 1


def test_it_says_the_same_whether_there_is_an_account(client, person):
    known, unknown = client, Client()
    answers = [
        one.post(CODE, {"contact": to}) for one, to in ((known, "owner@example.com"), (unknown, "nobody@example.com"))
    ]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert known.get(CODE_CONFIRM).status_code == unknown.get(CODE_CONFIRM).status_code == 200
    assert "There is no account" in mail.outbox[-1].subject


def test_it_forgets_a_code_after_three_wrong_ones(client, person):
    client.post(CODE, {"contact": "owner@example.com"})
    right = mailed_code("owner@example.com")
    for _number in range(3):
        client.post(CODE_CONFIRM, {"code": "BBBB-BBBB"})
    client.post(CODE_CONFIRM, {"code": right})
    assert not is_in(client)


def test_it_forgets_a_code_after_ten_minutes(client, person, time_machine):
    client.post(CODE, {"contact": "owner@example.com"})
    time_machine.move_to(time.time() + 11 * 60)
    client.post(CODE_CONFIRM, {"code": mailed_code("owner@example.com")})
    assert not is_in(client)


def test_it_sends_few_codes_to_one_address(client, person):
    answers = [Client().post(CODE, {"contact": "owner@example.com"}) for _number in range(6)]
    assert len([one for one in mail.outbox if one.to == ["owner@example.com"]]) <= 3
    assert b"Too many tries" in answers[-1].content or answers[-1].status_code == 429


# -- what is counted (reliability.md G1) ------------------------------------------------------------------------------


def wrong(client: Client, name: str, **extra) -> str:
    """How a try with a wrong password ended: evaluated, refused or limited."""
    answer = log_in(client, name, "wrong password here", **extra)
    if answer.status_code == 429 or b"Too many tries" in answer.content:
        return "limited"
    return "evaluated"


def test_it_evaluates_few_wrong_passwords_of_one_account(person):
    tries = [wrong(Client(REMOTE_ADDR=f"203.0.113.{number}"), "owner@example.com") for number in range(20)]
    assert tries.count("evaluated") == 5
    stranger = Client(REMOTE_ADDR="203.0.113.99")
    log_in(stranger, "owner@example.com")
    assert not is_in(stranger)


def test_it_counts_all_spellings_and_names_of_an_account_together(person):
    names = ["owner@example.com", "OWNER@EXAMPLE.COM", " owner@example.com", PHONE, "212-555-0123", "+1 212 5550123"]
    tries = [wrong(Client(REMOTE_ADDR=f"203.0.113.{number}"), names[number % 6]) for number in range(18)]
    assert tries.count("evaluated") == 5


def test_it_believes_no_address_that_the_client_tells(person, settings):
    headers = [{"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}"} for number in range(40)]
    tries = [wrong(Client(), f"person{number}@example.com", **extra) for number, extra in enumerate(headers)]
    assert tries.count("evaluated") <= 20


def test_it_counts_by_the_address_that_our_proxy_saw(person, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    forged = [f"198.51.100.{number}, 203.0.113.5" for number in range(40)]
    tries = [wrong(Client(), f"person{n}@example.com", HTTP_X_FORWARDED_FOR=one) for n, one in enumerate(forged)]
    assert tries.count("evaluated") <= 20
    honest = [f"192.0.2.{number}" for number in range(40)]
    tries = [wrong(Client(), f"other{n}@example.com", HTTP_X_FORWARDED_FOR=one) for n, one in enumerate(honest)]
    assert tries.count("evaluated") == 40, "clients behind the proxy would be counted as one"


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_it_gains_nothing_by_trying_in_parallel(person):
    def attempt(number: int) -> str:
        return wrong(Client(REMOTE_ADDR=f"203.0.113.{number}"), "owner@example.com")

    outcomes = [one.value for one in storm(attempt, processes=4, threads=8)]
    assert outcomes.count("evaluated") <= 5


def test_it_lets_the_owner_in_from_a_known_device_while_strangers_try(person):
    owner = Client()
    log_in(owner, "owner@example.com")
    owner.post("/account/logout/")
    for number in range(8):
        wrong(Client(REMOTE_ADDR=f"203.0.113.{number}"), "owner@example.com")
    log_in(owner, "owner@example.com")
    assert is_in(owner)


def test_it_limits_a_known_device_as_well(person):
    owner = Client()
    log_in(owner, "owner@example.com")
    owner.post("/account/logout/")
    assert [wrong(owner, "owner@example.com") for _number in range(8)].count("evaluated") == 5


def test_it_goes_on_counting_while_the_cache_is_away(person, settings):
    """reliability.md E6: the counters fall back to PostgreSQL; nobody gains a try, nobody is locked out."""
    from django.core.cache import caches

    from seller_center.kernel.steady_cache import SteadyCache

    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/1"}}
    caches.close_all()
    try:
        tries = [wrong(Client(REMOTE_ADDR=f"203.0.113.{number}"), "owner@example.com") for number in range(12)]
        assert tries.count("evaluated") == 5
        other = make_user("other@example.com")
        client = Client(REMOTE_ADDR="203.0.113.50")
        log_in(client, other.email)
        assert is_in(client)
    finally:
        SteadyCache.down_until = 0.0


# -- new devices, landing ---------------------------------------------------------------------------------------------


def test_it_tells_of_a_log_in_from_a_new_device(person):
    first = Client(HTTP_USER_AGENT=FIREFOX)
    log_in(first, "owner@example.com")
    assert mail.outbox == [], "the first device is no news"
    log_in(Client(HTTP_USER_AGENT="Another/1.0", REMOTE_ADDR="203.0.113.9"), "owner@example.com")
    assert [one.subject for one in mail.outbox] == ["A log-in from a new device"]
    assert "203.0.113.9" in mail.outbox[0].body
    first.post("/account/logout/")
    log_in(first, "owner@example.com")
    assert len(mail.outbox) == 1
    assert KnownDevice.objects.filter(user=person).count() == 2


def test_it_keeps_no_cookie_that_would_open_anything(client, person):
    log_in(client, "owner@example.com")
    cookie = client.cookies["device"]
    assert cookie["httponly"]
    assert not KnownDevice.objects.filter(cookie_sha256=cookie.value).exists()
    thief = Client()
    thief.cookies["device"] = cookie.value
    assert not is_in(thief)


def test_it_shows_strangers_the_front_door(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert b"Log in" in answer.content
    assert b"TikTok" not in answer.content


def place_of(client: Client) -> str:
    """Where the front door leads."""
    return client.get(client.get("/")["Location"])["Location"]


def test_it_takes_everybody_to_their_place(client):
    shop, second = make_shop("ACME"), make_shop("ZEBR")
    one = make_member(shop)
    client.force_login(one)
    assert place_of(client) == "/s/ACME/"
    make_member(second, user=one)
    assert place_of(client) == reverse("shops:mine")
    client.force_login(make_user())
    assert place_of(client) == "/apply/"


def test_it_takes_staff_to_the_desk_after_their_second_factor(client):
    staff = make_staff("reviewer", email="staff@example.com")
    device = make_authenticator(staff)
    assert log_in(client, "staff@example.com")["Location"] == "/account/second-factor/"
    client.post("/account/second-factor/", {"code": code_of(device)})
    assert place_of(client) == "/admin/"


# -- forgotten password (G7) ------------------------------------------------------------------------------------------


def test_it_sets_a_new_password_by_a_code(client, person):
    held = Client()
    log_in(held, "owner@example.com")
    client.post(RESET, {"email": "owner@example.com"})
    code = mailed_code("owner@example.com")
    client.post(RESET + "confirm/", {"code": code})
    answer = client.post(RESET + "complete/", {"password1": "a new and longer phrase"}, follow=True)
    assert b"Your password is set" in answer.content
    assert not is_in(client), "a reset logs nobody in"
    assert not is_in(held), "sessions end with the old password"
    assert mail.outbox[-1].subject == "Your password was set anew"
    log_in(client, "owner@example.com", "a new and longer phrase")
    assert is_in(client)
    client.post("/account/logout/")
    client.post(RESET + "confirm/", {"code": code})
    answer = client.post(RESET + "complete/", {"password1": "another phrase entirely"})
    assert answer["Location"] == RESET, "the code was good once"


def test_it_forgets_a_reset_code_within_the_hour(client, person, time_machine):
    client.post(RESET, {"email": "owner@example.com"})
    time_machine.move_to(time.time() + 3601)
    assert client.post(RESET + "confirm/", {"code": mailed_code("owner@example.com")})["Location"] == LOGIN


def test_it_says_the_same_about_a_reset_of_nobody(client, person):
    known, unknown = (
        client.post(RESET, {"email": "owner@example.com"}),
        Client().post(RESET, {"email": "no@example.com"}),
    )
    assert known["Location"] == unknown["Location"]


def test_a_reset_does_not_go_around_the_second_factor(client, person):
    device = make_authenticator(person)
    client.post(RESET, {"email": "owner@example.com"})
    client.post(RESET + "confirm/", {"code": mailed_code("owner@example.com")})
    client.post(RESET + "complete/", {"password1": "a new and longer phrase"})
    assert not is_in(client)
    assert log_in(client, "owner@example.com", "a new and longer phrase")["Location"] == "/account/second-factor/"
    assert not is_in(client)
    client.post("/account/second-factor/", {"code": code_of(device)})
    assert is_in(client)


def test_links_in_mails_begin_with_our_own_address(client, person, settings):
    settings.ALLOWED_HOSTS = ["*"]
    client.post(CODE, {"contact": "nobody@example.com"}, headers={"host": "evil.example"})
    assert "evil.example" not in mail.outbox[-1].body
    assert f"{settings.PUBLIC_URL}/account/signup/" in mail.outbox[-1].body
