"""What people change about how they log in stands in their shops: that it was done and by whom, and no secret."""

import json

import pytest
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from shops import account_trail, second_factor, sessions
from shops.models import ShopEvent, User
from tests.factories.accounts import (
    code_of,
    mailed_code,
    make_authenticator,
    password_client,
    texted_code,
    verified_client,
)
from tests.factories.shops import AT, PASSWORD, make_member, make_shop, make_staff, make_user

pytestmark = pytest.mark.django_db

ANOTHER = "a new and longer phrase"
SECURITY = "/account/security/"


@pytest.fixture
def person(shop, other_shop):
    """Somebody who belongs to two shops."""
    user = make_user("owner@example.com", name="Owner One")
    for one in (shop, other_shop):
        make_member(one, user=user)
    return user


@pytest.fixture
def inside(person) -> Client:
    client = Client()
    client.post("/account/login/", {"login": person.email, "password": PASSWORD})
    return client


def told(person, *kinds: str) -> list[ShopEvent]:
    """What happened to this person's account; each of it once in each of the two shops, by the person."""
    rows = list(ShopEvent.objects.filter(subject_kind="user", subject_code=str(person.pk)).order_by("kind", "shop"))
    assert [row.kind for row in rows] == [kind for kind in sorted(kinds) for _shop in range(2)]
    assert all(row.by == person for row in rows)
    assert all(len({row.shop for row in rows if row.kind == kind}) == 2 for kind in kinds)
    assert all(row.audience == "seller" for row in rows)
    return rows


def test_the_password(inside, person):
    inside.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": ANOTHER})
    [row, _other] = told(person, "account.password_changed")
    assert row.sentence == "Owner One changed the password of their account."
    assert ANOTHER not in json.dumps(row.facts)


def test_the_team_reads_it_and_another_shop_does_not(inside, person, shop):
    colleague = make_member(shop)
    inside.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": ANOTHER})
    sentence = b"Owner One changed the password of their account."
    assert sentence in verified_client(colleague).get(f"/s/{shop.code}/team/").content
    third = make_member(make_shop("ELSE"))
    assert sentence not in verified_client(third).get("/s/ELSE/team/").content


def test_a_wrong_password_changes_nothing_and_leaves_nothing(inside, person):
    inside.post("/account/password/change/", {"oldpassword": "not this", "password1": ANOTHER})
    told(person)


def test_the_first_password(person):
    person.set_unusable_password()
    person.save()
    client = password_client(person)
    session = client.session
    session[sessions.BEGAN] = sessions.real_seconds()
    session.save()
    client.post("/account/password/set/", {"password1": ANOTHER})
    told(person, "account.password_changed")


def test_a_forgotten_password(client, person):
    client.post("/account/password/reset/", {"email": person.email})
    client.post("/account/password/reset/confirm/", {"code": mailed_code(person.email)})
    client.post("/account/password/reset/complete/", {"password1": ANOTHER})
    assert User.objects.get(pk=person.pk).check_password(ANOTHER)
    told(person, "account.password_changed")


def test_the_address_once_it_is_confirmed(inside, person):
    inside.post("/account/email/", {"email": "new@example.com", "action_add": ""})
    told(person)
    inside.post("/account/confirm-email/", {"code": mailed_code("new@example.com")})
    assert "new@" not in json.dumps([row.facts for row in told(person, "account.email_changed")])


def test_the_number_once_it_is_confirmed(inside, person):
    inside.post("/account/phone/change/", {"phone": "212 555 0123"})
    told(person)
    inside.post("/account/phone/verify/", {"code": texted_code("+12125550123")})
    assert "5550123" not in json.dumps([row.facts for row in told(person, "account.phone_changed")])


def test_the_second_factor_and_its_recovery_codes(inside, person):
    inside.get(SECURITY + "authenticator/")
    inside.post(SECURITY + "authenticator/", {"code": "000000"})
    told(person)
    TOTPDevice.objects.update(throttling_failure_count=0)
    inside.post(SECURITY + "authenticator/", {"code": code_of(second_factor.begin_authenticator(person))})
    first = ["account.factor_added", "account.recovery_codes_made"]
    assert told(person, *first)[0].sentence == "Owner One set up a second factor: authenticator app."
    for _twice in range(2):  # there is none the second time
        inside.post(SECURITY + "authenticator/removal/")
    told(person, *first, "account.factor_removed")


def test_new_recovery_codes(person):
    make_authenticator(person)
    verified_client(person).post(SECURITY + "recovery-codes/")
    told(person, "account.recovery_codes_made")


def test_what_staff_change_stands_in_the_marketplaces_own_record():
    staff = make_staff("support")
    verified_client(staff).post(SECURITY + "recovery-codes/")
    row = ShopEvent.objects.get()
    assert (row.shop.is_platform, row.by, row.kind) == (True, staff, "account.recovery_codes_made")


def test_whoever_has_no_name_is_not_called_by_an_address(shop):
    user = make_member(shop, user=User.objects.create_user(None, phone="+12125550123"))
    account_trail.record("account.phone_changed", person=user, at=AT)
    assert ShopEvent.objects.get().facts["name"] == f"#{user.pk}"


def test_signing_up_changes_no_account_that_there_was(client):
    client.post("/account/signup/", {"contact": "first@example.com", "password1": ANOTHER})
    client.post("/account/confirm-email/", {"code": mailed_code("first@example.com")})
    assert User.objects.filter(email="first@example.com").exists()
    assert not ShopEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/account/password/change/", {"oldpassword": PASSWORD, "password1": ANOTHER}),
        (SECURITY + "recovery-codes/", {}),
        (SECURITY + "authenticator/removal/", {}),
    ],
)
def test_without_its_row_the_deed_is_undone(person, monkeypatch, path, typed):
    device = make_authenticator(person)
    client = verified_client(person, raise_request_exception=False)

    def break_down(*_args, **_named) -> None:
        raise RuntimeError("the row cannot be written")

    monkeypatch.setattr(account_trail, "record", break_down)
    assert client.post(path, typed).status_code == 500
    assert User.objects.get(pk=person.pk).check_password(PASSWORD)
    factors = second_factor.factors_of(person)
    assert (factors.authenticator, factors.recovery) == (device, None)
