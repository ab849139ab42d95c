"""The second factor: matched once, set up and removed safely, fresh for what is sensitive (G2, G4, G5, G7)."""

import multiprocessing
import re
import time

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django_otp.plugins.otp_email.models import EmailDevice
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from shops import second_factor
from tests.factories.accounts import (
    code_of,
    mailed_code,
    make_authenticator,
    make_stale,
    password_client,
    verified_client,
)
from tests.factories.shops import AT, PASSWORD, make_staff, make_user
from tests.storm import HANG_SECONDS, storm

pytestmark = pytest.mark.django_db

LOGIN, CHALLENGE = "/account/login/", "/account/second-factor/"
SECURITY, CHECK = "/account/security/", "/account/security/check/"
ROUNDS = 100
SETUP, RECOVERY = SECURITY + "authenticator/", SECURITY + "recovery-codes/"


def log_in(client: Client, user, password: str = PASSWORD):
    return client.post(LOGIN, {"login": user.email, "password": password})


def is_in(client: Client) -> bool:
    return client.get(SECURITY).status_code == 200


@pytest.fixture
def person(db):
    return make_user("owner@example.com")


@pytest.fixture
def device(person) -> TOTPDevice:
    return make_authenticator(person)


@pytest.fixture
def codes(person, device) -> list[str]:
    """Recovery codes as they were shown."""
    return second_factor.new_recovery_codes(person, at=AT)


# -- at log-in --------------------------------------------------------------------------------------------------------


def test_it_asks_after_the_password(client, person, device):
    assert log_in(client, person)["Location"] == CHALLENGE
    assert not is_in(client)
    assert client.get(CHALLENGE).status_code == 200
    answer = client.post(CHALLENGE, {"code": code_of(device)})
    assert answer["Location"] == "/"
    assert is_in(client)


def test_it_asks_after_a_mailed_code_too(client, person, device):
    client.post("/account/login/code/", {"contact": person.email})
    assert client.post("/account/login/code/confirm/", {"code": mailed_code(person.email)})["Location"] == CHALLENGE
    assert not is_in(client)


def test_it_asks_nobody_who_is_not_half_way_in(client, person, device):
    assert client.get(CHALLENGE)["Location"] == LOGIN
    assert client.post(CHALLENGE, {"code": code_of(device)})["Location"] == LOGIN


@pytest.mark.parametrize(
    "wrong", ["000000", "", "12345", "abcdef", "0000000000000000", "'; --", "\u0661\u0662\u0663\u0664\u0665\u0666"]
)
def test_it_refuses_a_wrong_code(client, person, device, wrong):
    log_in(client, person)
    assert client.post(CHALLENGE, {"code": wrong}).status_code == 422
    assert not is_in(client)


def test_it_lets_go_of_the_question_after_a_quarter_of_an_hour(client, person, device, time_machine):
    log_in(client, person)
    time_machine.move_to(time.time() + 16 * 60)
    assert client.post(CHALLENGE, {"code": code_of(device)})["Location"] == LOGIN


def test_it_drops_a_half_log_in_when_the_password_is_changed(client, person, device):
    log_in(client, person)
    person.set_password("a new and longer phrase")
    person.save()
    assert client.post(CHALLENGE, {"code": code_of(device)})["Location"] == LOGIN
    assert not is_in(client)


def test_it_stops_guessing(client, person, device):
    log_in(client, person)
    answers = [client.post(CHALLENGE, {"code": f"{number:06d}"}).content.decode() for number in range(12)]
    assert "Too many" in answers[-1]
    client.post(CHALLENGE, {"code": code_of(device)})
    assert not is_in(client)


def test_it_waits_longer_after_each_wrong_code(person, device):
    for number in range(3):
        with pytest.raises(second_factor.WrongCode if number < 2 else second_factor.TooManyTries):
            second_factor.match(person, "000000")
        TOTPDevice.objects.update(throttling_failure_timestamp="2026-01-01T00:00:00Z") if number < 2 else None
    device.refresh_from_db()
    assert device.throttling_failure_count == 3
    with pytest.raises(second_factor.TooManyTries):
        second_factor.match(person, code_of(device))


# -- once (G2) --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelled", ["{}", " {} ", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}", "{0[0]}-{0[1]}{0[2]}{0[3]}{0[4]}{0[5]}"]
)
def test_it_takes_a_code_as_people_type_it_but_once(person, device, spelled):
    code = code_of(device)
    second_factor.match(person, spelled.format(code))
    for again in (
        code,
        f" {code}",
        f"+{code}",
        "".join(chr(0xFF10 + int(sign)) for sign in code),
        f"{code[:3]}_{code[3:]}",
    ):
        TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
        with pytest.raises(second_factor.WrongCode):
            second_factor.match(person, again)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_it_takes_one_of_32_equal_codes_at_once(figure):
    """One person a round; all authenticators show the same code, which is read when the last of the 32 has come."""
    people = [make_user(f"round-{number}@example.com") for number in range(ROUNDS)]
    devices = [make_authenticator(person) for person in people]
    shown = multiprocessing.get_context("fork").Array("c", 6)
    gate = multiprocessing.get_context("fork").Barrier(
        32, lambda: setattr(shown, "value", code_of(devices[0]).encode())
    )

    def enter_each_round(_number: int) -> list[str]:
        answers = []
        for person in people:
            gate.wait(HANG_SECONDS)
            code = shown.value.decode()
            try:
                second_factor.match(person, code)
            except (second_factor.WrongCode, second_factor.TooManyTries):
                answers.append("refused")
            else:
                answers.append("in")
        return answers

    outcomes = storm(enter_each_round, processes=4, threads=8)
    assert all(one.done for one in outcomes), [one.message for one in outcomes if not one.done][:1]
    assert [sum(one.value[turn] == "in" for one in outcomes) for turn in range(ROUNDS)] == [1] * ROUNDS
    figure("G2", "rounds of 32 equal codes", ROUNDS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_it_would_take_several_without_the_lock(person, device):
    """The control: the same storm on ``device.verify_token()``, which locks no row, is won more than once."""
    code = code_of(device)
    gate = multiprocessing.get_context("fork").Barrier(32)

    def bypass(number: int) -> bool:
        mine = TOTPDevice.objects.get(pk=device.pk)
        gate.wait(60)
        return mine.verify_token(code)

    assert sum(bool(one.value) for one in storm(bypass, processes=4, threads=8)) > 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_it_takes_each_recovery_code_once_of_16_at_once(person, codes):
    gate = multiprocessing.get_context("fork").Barrier(16)

    def enter_by_each(_number: int) -> list[bool]:
        answers = []
        for code in codes:
            gate.wait(HANG_SECONDS)
            try:
                second_factor.match(person, code)
            except (second_factor.WrongCode, second_factor.TooManyTries):
                answers.append(False)
            else:
                answers.append(True)
            gate.wait(HANG_SECONDS)
            StaticDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
        return answers

    outcomes = storm(enter_by_each, processes=4, threads=4)
    assert [sum(one.value[turn] for one in outcomes) for turn in range(len(codes))] == [1] * len(codes)


def test_nothing_in_the_house_goes_around_the_lock():
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    sources = [path for app in ("shops", "seller_center", "storefront") for path in (root / app).rglob("*.py")]
    found = [str(path) for path in sources if re.search(r"(?<!django_otp)\.verify_token\(", path.read_text())]
    assert found == []


# -- recovery codes ---------------------------------------------------------------------------------------------------


def test_it_keeps_digests_of_recovery_codes_only(person, codes):
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert len(kept) == len(set(codes)) == 10
    assert not kept & set(codes)


def test_it_lets_in_by_a_recovery_code_once(client, person, codes):
    log_in(client, person)
    spelled = f"{codes[3][:5].lower()}-{codes[3][5:].lower()}"
    client.post(CHALLENGE, {"code": spelled})
    assert is_in(client)
    assert second_factor.recovery_codes_left(person) == 9
    again = Client()
    log_in(again, person)
    again.post(CHALLENGE, {"code": spelled})
    assert not is_in(again)


def test_it_makes_new_ones_and_forgets_the_old(person, codes):
    client = verified_client(person)
    shown = client.post(RECOVERY).content.decode()
    new = re.findall(r"<code>([^<]+)</code>", shown)
    assert len(new) == 10
    with pytest.raises(second_factor.WrongCode):
        second_factor.match(person, codes[0])
    StaticDevice.objects.update(throttling_failure_count=0)
    second_factor.match(person, new[0])
    assert mail.outbox[-1].subject == "Your second factor was changed"
    assert new[1] not in client.get(RECOVERY).content.decode()


# -- setting up -------------------------------------------------------------------------------------------------------


def key_on(page: str) -> str:
    return re.search(r'class="typed-key">([A-Z2-7 ]+)<', page)[1].replace(" ", "")


def test_it_sets_up_an_authenticator(client, person):
    elsewhere = Client()
    log_in(elsewhere, person)
    log_in(client, person)
    page = client.get(SETUP).content.decode()
    assert 'src="data:image/svg+xml' in page
    device = TOTPDevice.objects.get(user=person, confirmed=False)
    assert client.post(SETUP, {"code": "000000"}).status_code == 422
    assert not second_factor.has_one(person)
    TOTPDevice.objects.update(throttling_failure_count=0)
    held = client.cookies["session"].value
    answer = client.post(SETUP, {"code": code_of(device), "next": "/apply/"})
    assert len(re.findall(r"<code>([^<]+)</code>", answer.content.decode())) == 10
    assert b'href="/apply/"' in answer.content
    assert second_factor.has_one(person)
    assert is_in(client)
    assert client.cookies["session"].value != held, "the session gets a new key"
    assert not is_in(elsewhere), "other sessions end"
    assert "Authenticator app was set up" in mail.outbox[-1].body


def test_it_counts_nothing_that_was_not_confirmed(client, person):
    log_in(client, person)
    client.get(SETUP)
    other = Client()
    assert log_in(other, person)["Location"] == "/"


def test_it_asks_for_the_password_before_a_first_device(person, client, time_machine):
    """A session that was left open cannot be used to lock its owner out."""
    log_in(client, person)
    time_machine.move_to(time.time() + 3600)
    answer = client.get(SETUP)
    assert answer["Location"].startswith("/account/reauthenticate/?next=")
    client.post(answer["Location"], {"password": PASSWORD})
    assert client.get(SETUP).status_code == 200


def test_it_asks_whoever_has_no_password_to_log_in_again(client, time_machine):
    user = make_user("codes@example.com", password=None)
    client.post("/account/login/code/", {"contact": user.email})
    client.post("/account/login/code/confirm/", {"code": mailed_code(user.email)})
    time_machine.move_to(time.time() + 3600)
    answer = client.get(SETUP)
    assert answer["Location"].startswith("/account/log-in-again/")
    assert client.get(answer["Location"]).status_code == 200
    assert client.post("/account/log-in-again/", {"next": SETUP})["Location"].startswith("/account/login/?next=")
    assert not is_in(client)


def test_it_exchanges_an_authenticator_only_with_the_old_one(person, device):
    client = make_stale(verified_client(person))
    assert client.get(SETUP)["Location"].startswith(CHECK)
    assert client.post(SETUP, {"code": "000000"}).status_code == 403
    client = verified_client(person)
    client.get(SETUP)
    new = TOTPDevice.objects.get(user=person, confirmed=False)
    client.post(SETUP, {"code": code_of(new)})
    assert [one.pk for one in TOTPDevice.objects.filter(user=person)] == [new.pk]


def test_it_removes_a_device_only_with_a_fresh_factor(person, device):
    assert password_client(person).post(SETUP + "removal/")["Location"].startswith(CHECK)
    assert make_stale(verified_client(person)).post(SETUP + "removal/").status_code == 403
    assert second_factor.has_one(person)
    client = verified_client(person)
    second_factor.new_recovery_codes(person, at=AT)
    assert client.post(SETUP + "removal/")["Location"] == SECURITY
    assert not second_factor.has_one(person)
    assert second_factor.recovery_codes_left(person) == 0
    assert is_in(client)
    assert "was removed" in mail.outbox[-1].body


def test_staff_cannot_go_without_an_authenticator():
    staff = make_staff("reviewer")
    client = verified_client(staff)
    client.post(SETUP + "removal/")
    assert second_factor.has_one(staff)
    with pytest.raises(second_factor.FactorNeeded):
        second_factor.begin_email(staff)


def test_it_removes_nothing_by_get(person, device):
    assert verified_client(person).get(SETUP + "removal/").status_code == 405


# -- codes by mail ----------------------------------------------------------------------------------------------------


@pytest.fixture
def mailed(person) -> EmailDevice:
    return EmailDevice.objects.create(user=person, name="Code by e-mail", confirmed=True)


def test_it_sets_up_codes_by_mail(client, person):
    log_in(client, person)
    client.post(SECURITY + "email-code/", {"action": "mail"})
    code = mailed_code(person.email)
    assert client.post(SECURITY + "email-code/", {"code": "000000"}).status_code == 422
    EmailDevice.objects.update(throttling_failure_count=0)
    client.post(SECURITY + "email-code/", {"code": code})
    assert second_factor.factors_of(person).email is not None


def test_it_logs_in_with_a_code_by_mail(client, person, mailed):
    log_in(client, person)
    assert mail.outbox == []
    client.post(CHALLENGE, {"action": "mail", "code": ""})
    code = mailed_code(person.email)
    client.post(CHALLENGE, {"action": "mail", "code": ""})
    assert len(mail.outbox) == 1, "one a minute"
    client.post(CHALLENGE, {"code": code})
    assert is_in(client)


def test_the_same_mailbox_is_no_second_factor(client, person, mailed):
    client.post("/account/login/code/", {"contact": person.email})
    client.post("/account/login/code/confirm/", {"code": mailed_code(person.email)})
    mail.outbox.clear()
    client.post(CHALLENGE, {"action": "mail", "code": ""})
    assert mail.outbox == []
    second_factor.send_code(mailed)
    client.post(CHALLENGE, {"code": mailed_code(person.email)})
    assert not is_in(client)


def test_it_offers_no_codes_by_mail_to_whoever_logs_in_by_them():
    with pytest.raises(second_factor.NotByThisMailbox):
        second_factor.begin_email(make_user(password=None))


def test_a_code_by_mail_is_not_enough_for_staff(client):
    staff = make_staff("reviewer", email="staff@example.com")
    device = EmailDevice.objects.create(user=staff, name="Code by e-mail", confirmed=True)
    log_in(client, staff)
    second_factor.send_code(device)
    client.post(CHALLENGE, {"code": mailed_code(staff.email)})
    assert client.get("/admin/")["Location"].startswith(SETUP)


# -- sessions (G5) ----------------------------------------------------------------------------------------------------


def two_sessions(person) -> tuple[Client, Client]:
    first, second = Client(), Client()
    for one in (first, second):
        log_in(one, person)
        assert is_in(one)
    return first, second


def test_other_sessions_end_with_the_password(person):
    first, second = two_sessions(person)
    first.post(
        "/account/password/change/", {"oldpassword": PASSWORD, "password1": "a new and longer phrase"}, follow=True
    )
    assert (is_in(first), is_in(second)) == (True, False)
    assert mail.outbox[-1].subject == "Your password was changed"


def test_other_sessions_end_with_the_address(person):
    first, second = two_sessions(person)
    first.post("/account/email/", {"email": "new@example.com", "action_add": ""})
    first.post("/account/confirm-email/", {"code": mailed_code("new@example.com")})
    person.refresh_from_db()
    assert person.email == "new@example.com"
    assert (is_in(first), is_in(second)) == (True, False)
    told = next(one for one in mail.outbox if one.subject == "Your e-mail address was changed")
    assert told.to == ["owner@example.com"]


def test_other_sessions_end_with_the_number(person):
    from tests.factories.accounts import texted_code

    first, second = two_sessions(person)
    first.post("/account/phone/change/", {"phone": "212 555 0123"})
    first.post("/account/phone/verify/", {"code": texted_code("+12125550123")})
    person.refresh_from_db()
    assert person.phone.as_e164 == "+12125550123"
    assert (is_in(first), is_in(second)) == (True, False)


def test_it_lists_and_ends_sessions(person):
    first, second = two_sessions(person)
    page = first.get("/account/sessions/").content.decode()
    assert page.count("since") == 2
    other = UserSession.objects.exclude(session_key=first.cookies["session"].value).get(user=person)
    first.post(f"/account/sessions/{other.pk}/end/")
    assert (is_in(first), is_in(second)) == (True, False)


def test_it_ends_all_others_at_once(person):
    first, second = two_sessions(person)
    first.post("/account/sessions/end/")
    assert (is_in(first), is_in(second)) == (True, False)


def test_it_ends_no_session_of_somebody_else(person):
    other = make_user("other@example.com")
    theirs, mine = Client(), Client()
    log_in(theirs, other)
    log_in(mine, person)
    mine.post(f"/account/sessions/{UserSession.objects.get(user=other).pk}/end/")
    assert is_in(theirs)


@pytest.mark.parametrize(("staff", "minutes", "alive"), [(0, 11 * 60, 1), (0, 13 * 60, 0), (1, 50, 1), (1, 70, 0)])
def test_it_ends_a_session_that_nobody_uses(client, time_machine, staff, minutes, alive):
    user = make_staff("reviewer", email="a@example.com") if staff else make_user("a@example.com")
    device = make_authenticator(user)
    log_in(client, user)
    client.post(CHALLENGE, {"code": code_of(device)})
    time_machine.move_to(time.time() + minutes * 60)
    assert is_in(client) == bool(alive)


@pytest.mark.parametrize(
    ("staff", "step", "count", "alive"), [(0, 6, 55, 1), (0, 6, 57, 0), (1, 0.75, 15, 1), (1, 0.75, 17, 0)]
)
def test_it_ends_a_session_that_lasts_too_long(client, time_machine, staff, step, count, alive):
    """Used all the time: everybody logs in again after 14 days, staff after 12 hours."""
    user = make_staff("reviewer", email="a@example.com") if staff else make_user("a@example.com")
    device = make_authenticator(user)
    log_in(client, user)
    client.post(CHALLENGE, {"code": code_of(device)})
    began = time.time()
    for number in range(1, count + 1):
        time_machine.move_to(began + number * step * 3600)
        inside = is_in(client)
    assert inside == bool(alive)


def test_a_page_costs_no_query_for_all_this(person, client, django_assert_num_queries):
    log_in(client, person)
    with django_assert_num_queries(2):  # the session and the person
        client.get("/account/log-in-again/")


# -- fresh for what is sensitive (G4) ---------------------------------------------------------------------------------

SENSITIVE = [
    "/account/email/",
    "/account/password/change/",
    "/account/phone/change/",
    "/account/3rdparty/",
    SETUP,
    SECURITY + "email-code/",
    RECOVERY,
]


@pytest.mark.parametrize("path", SENSITIVE)
def test_it_asks_again_before_changing_how_one_logs_in(person, device, path):
    stale = make_stale(verified_client(person))
    assert stale.get(path)["Location"].startswith(CHECK)
    assert stale.post(path, {"email": "thief@example.com", "action_add": ""}).status_code == 403
    assert verified_client(person).get(path).status_code == 200


def test_it_comes_back_after_the_question(person, device):
    client = make_stale(verified_client(person))
    question = client.get("/account/email/")["Location"]
    held = client.cookies["session"].value
    assert client.get(question).status_code == 200
    assert client.post(question, {"code": code_of(device), "next": "/account/email/"})["Location"] == "/account/email/"
    assert client.cookies["session"].value != held
    assert client.get("/account/email/").status_code == 200


def test_it_asks_again_after_ten_minutes(person, device, time_machine):
    client = verified_client(person)
    time_machine.move_to(time.time() + 9 * 60)
    assert client.get("/account/email/").status_code == 200
    time_machine.move_to(time.time() + 2 * 60)
    assert client.get("/account/email/")["Location"].startswith(CHECK)


def test_it_loses_nothing_that_was_typed(person, device):
    client = make_stale(verified_client(person))
    asked = client.post("/account/email/", {"email": "new@example.com", "action_add": "", "many": ["a", "b"]})
    assert asked.status_code == 403
    replay = re.search(r'name="replay" value="([^"]+)"', asked.content.decode())[1]
    wrong = client.post(CHECK, {"code": "000000", "replay": replay, "next": "/"})
    assert wrong.status_code == 422
    assert replay in wrong.content.decode(), "a wrong code loses nothing either"
    TOTPDevice.objects.update(throttling_failure_count=0)
    page = client.post(CHECK, {"code": code_of(device), "replay": replay, "next": "/"}).content.decode()
    assert 'action="/account/email/"' in page
    sent = re.findall(r'<input type="hidden" name="(?!csrf)([^"]+)" value="([^"]*)"', page)
    assert sent == [("email", "new@example.com"), ("action_add", ""), ("many", "a"), ("many", "b")]
    client.post("/account/email/", dict(sent))
    assert mailed_code("new@example.com")


def test_it_replays_nothing_that_another_person_typed(person, device):
    other = make_user("other@example.com")
    asked = make_stale(verified_client(other)).post("/account/email/", {"email": "other@example.net"})
    replay = re.search(r'name="replay" value="([^"]+)"', asked.content.decode())[1]
    client = make_stale(verified_client(person))
    answer = client.post(CHECK, {"code": code_of(device), "replay": replay, "next": "/account/email/"})
    assert answer["Location"] == "/account/email/"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_the_question_leads_to_no_other_site(person, device, target):
    client = make_stale(verified_client(person))
    assert client.post(CHECK, {"code": code_of(device), "next": target})["Location"] == "/"


def test_it_asks_in_place_of_the_page_when_htmx_posts(person, device):
    client = make_stale(verified_client(person))
    answer = client.post("/account/email/", {"email": "new@example.com"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#main")
    answer = client.get(
        "/account/email/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/account/security/"}
    )
    assert answer["HX-Redirect"] == "/account/security/check/?next=%2Faccount%2Fsecurity%2F"
