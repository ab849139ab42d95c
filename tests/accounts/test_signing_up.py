"""Signing up: by e-mail or phone, confirmed by a code, telling nobody who has an account."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from shops import sms
from shops.models import User
from tests.factories.accounts import mailed_code, texted_code
from tests.factories.shops import PASSWORD, make_user

pytestmark = pytest.mark.django_db

SIGNUP, CONFIRM, VERIFY_PHONE = "/account/signup/", "/account/confirm-email/", "/account/phone/verify/"
PHONE = "+12125550123"


def sign_up(client: Client, contact: str, password: str = PASSWORD):
    return client.post(SIGNUP, {"contact": contact, "password1": password})


def is_in(client: Client) -> bool:
    return client.get("/account/security/").status_code == 200


def words(answer) -> str:
    """What the page says, without what differs from one request to the next."""
    text = re.sub(r'value="[A-Za-z0-9]{64}"', "", answer.content.decode())
    return re.sub(r"[\w.+]+@example\.com|\+\d+", "…", text)


def test_it_signs_up_by_email_and_logs_in_after_the_code(client):
    answer = sign_up(client, " New.Person@Example.com ")
    assert answer["Location"] == CONFIRM
    assert not is_in(client)
    assert b"new.person@example.com" in client.get(CONFIRM).content
    answer = client.post(CONFIRM, {"code": mailed_code("new.person@example.com")})
    assert answer.status_code == 302
    assert is_in(client)
    user = User.objects.get(email="new.person@example.com")
    assert user.date_joined is not None
    assert EmailAddress.objects.get(user=user).verified


def test_it_takes_the_code_in_any_spelling(client):
    sign_up(client, "one@example.com")
    code = mailed_code("one@example.com").lower().replace("-", " ")
    assert client.post(CONFIRM, {"code": f" {code} "}).status_code == 302
    assert is_in(client)


def test_it_refuses_a_wrong_code_and_gives_up_after_three(client):
    sign_up(client, "one@example.com")
    right = mailed_code("one@example.com")
    for _number in range(2):
        answer = client.post(CONFIRM, {"code": "BBBB-BBBB"})
        assert b"This code is wrong" in answer.content
    assert client.post(CONFIRM, {"code": "BBBB-BBBB"})["Location"] == "/account/login/"
    assert client.post(CONFIRM, {"code": right})["Location"] == "/account/login/"
    assert not is_in(client)


def test_it_refuses_a_code_that_is_too_old(client, time_machine):
    sign_up(client, "one@example.com")
    code = mailed_code("one@example.com")
    time_machine.move_to(time.time() + 16 * 60)
    client.post(CONFIRM, {"code": code})
    assert not is_in(client)


def test_it_refuses_the_code_in_another_browser(client):
    sign_up(client, "one@example.com")
    thief = Client()
    assert thief.post(CONFIRM, {"code": mailed_code("one@example.com")})["Location"] == "/account/login/"


def test_it_signs_up_by_phone_without_an_address(client):
    answer = sign_up(client, "(212) 555-0123")
    assert answer["Location"] == VERIFY_PHONE
    assert PHONE.encode() in client.get(VERIFY_PHONE).content
    client.post(VERIFY_PHONE, {"code": "000000"})
    assert not is_in(client)
    client.post(VERIFY_PHONE, {"code": texted_code(PHONE)})
    assert is_in(client)
    user = User.objects.get(phone=PHONE)
    assert (user.email, user.phone_verified) == (None, True)


def test_it_logs_in_again_by_phone_and_password(client):
    sign_up(client, PHONE)
    client.post(VERIFY_PHONE, {"code": texted_code(PHONE)})
    other = Client()
    other.post("/account/login/", {"login": "212 555 0123", "password": PASSWORD})
    assert is_in(other)


def test_it_offers_no_phone_without_a_provider(client, settings):
    settings.SMS_URL = ""
    answer = sign_up(client, PHONE)
    assert b"This is no e-mail address" in answer.content


@pytest.mark.parametrize("contact", ["nobody", "12", "a@b", "x@example.com\n", "@example.com", "owner@example..com"])
def test_it_refuses_what_is_neither(client, contact):
    before = User.objects.count()
    answer = sign_up(client, contact)
    assert answer.status_code == 200 or contact == "x@example.com\n"
    assert User.objects.count() == before + (contact == "x@example.com\n")


@pytest.mark.parametrize("password", ["short", "password1234", "one@example.com"])
def test_it_refuses_a_weak_password(client, password):
    assert sign_up(client, "one@example.com", password).status_code == 200
    assert not User.objects.filter(email="one@example.com").exists()


def test_it_tells_nobody_who_has_an_account(client):
    make_user("taken@example.com")
    known, unknown = client, Client()
    first, second = sign_up(known, "taken@example.com"), sign_up(unknown, "free@example.com")
    assert (first.status_code, first["Location"]) == (second.status_code, second["Location"])
    pages = [words(one.get(CONFIRM)) for one in (known, unknown)]
    assert pages[0] == pages[1]
    told = next(one for one in mail.outbox if "taken@example.com" in one.to)
    assert "already" in told.body
    assert User.objects.filter(email="taken@example.com").count() == 1


def test_it_tells_nobody_whose_number_is_taken(client):
    make_user("owner@example.com", phone=PHONE, phone_verified=True)
    assert sign_up(client, PHONE)["Location"] == VERIFY_PHONE
    assert "already" in sms.outbox[-1][1]
    assert not is_in(client)


def test_it_gives_an_address_that_nobody_confirmed_to_whoever_confirms_it(client, time_machine):
    """Somebody signs up with the address of another and hopes that the other confirms it (pre-hijacking)."""
    hijacker, owner = Client(), client
    sign_up(hijacker, "owner@example.com", "the hijacker knows this")
    time_machine.move_to(time.time() + 60)
    sign_up(owner, "owner@example.com", PASSWORD)
    owner.post(CONFIRM, {"code": mailed_code("owner@example.com")})
    assert is_in(owner)
    again = Client()
    again.post("/account/login/", {"login": "owner@example.com", "password": "the hijacker knows this"})
    assert not is_in(again)
    again.post("/account/login/", {"login": "owner@example.com", "password": PASSWORD})
    assert is_in(again)


def test_it_never_frees_an_address_that_somebody_confirmed(client):
    user = make_user("owner@example.com")
    sign_up(client, "owner@example.com", "another password entirely")
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_it_sends_no_login_code_to_an_account_that_nobody_confirmed(client):
    sign_up(client, "owner@example.com", "the hijacker knows this")
    mail.outbox.clear()
    Client().post("/account/login/code/", {"contact": "owner@example.com"})
    assert "There is no account" in mail.outbox[-1].subject


def test_it_comes_back_to_where_it_began(client):
    client.post(f"{SIGNUP}?next=/account/email/", {"contact": "one@example.com", "password1": PASSWORD})
    assert client.post(CONFIRM, {"code": mailed_code("one@example.com")})["Location"] == "/account/email/"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_it_goes_to_no_other_site(client, target):
    client.post(f"{SIGNUP}?next={target}", {"contact": "one@example.com", "password1": PASSWORD})
    answer = client.post(CONFIRM, {"code": mailed_code("one@example.com")})
    assert answer["Location"] == "/"


def test_it_keeps_the_code_for_itself_when_a_mail_cannot_be_sent(client, monkeypatch):
    from django.core.mail import EmailMultiAlternatives

    def refuse(self, *args, **kwargs):
        raise OSError("the mail server is away")

    monkeypatch.setattr(EmailMultiAlternatives, "send", refuse)
    assert sign_up(client, "one@example.com")["Location"] == CONFIRM
    assert b"cannot send mails right now" in client.get(CONFIRM).content


def test_it_limits_how_often_one_address_signs_up(client):
    answers = [sign_up(Client(), f"person{number}@example.org").status_code for number in range(24)]
    assert answers.count(302) <= 20
    assert 429 in answers
