"""The commands of accounts: codes of the demo, and letting somebody back in."""

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from seller_center import reactions
from seller_center.kernel import clock
from shops import second_factor
from shops.models import Notice, ShopEvent
from tests.factories.accounts import make_authenticator, verified_client
from tests.factories.shops import AT, PASSWORD, make_member, make_shop, make_staff, make_user

pytestmark = pytest.mark.django_db

KEY = "cd" * 20


def test_it_prints_a_code_that_opens(capsys, client):
    staff = make_staff("reviewer", email="staff@example.com")
    second_factor.seed_authenticator(staff, KEY)
    for _round in range(2):  # a code that was used is passed over
        call_command("demo_code")
        code = capsys.readouterr().out.split()[0]
        client.post("/account/login/", {"login": staff.email, "password": PASSWORD})
        client.post("/account/second-factor/", {"code": code})
        assert client.get("/admin/").status_code == 200
        client.post("/account/logout/")


def test_it_prints_the_code_of_one_person(capsys):
    user = make_user("owner@example.com")
    second_factor.seed_authenticator(user, KEY)
    call_command("demo_code", "Owner@example.com")
    assert "owner@example.com" in capsys.readouterr().out


def test_it_prints_nothing_outside_the_demo(settings):
    second_factor.seed_authenticator(make_staff(), KEY)
    settings.LOCAL = False
    with pytest.raises(CommandError, match="demo only"):
        call_command("demo_code")


@pytest.mark.parametrize("arguments", [[], ["nobody@example.com"]])
def test_it_says_when_there_is_no_authenticator(arguments):
    with pytest.raises(CommandError, match="authenticator"):
        call_command("demo_code", *arguments)


def test_it_lets_back_in_whoever_lost_the_second_factor():
    user = make_user("owner@example.com")
    device = make_authenticator(user)
    second_factor.new_recovery_codes(user, at=AT)
    client = verified_client(user)
    call_command("restore_access", user.email, "--remove-second-factor", "--reason", "passport", "--dry-run")
    assert second_factor.has_one(user)
    call_command("restore_access", user.email, "--remove-second-factor", "--reason", "passport")
    assert not second_factor.has_one(user)
    assert not type(device).objects.filter(user=user).exists()
    assert client.get("/account/security/").status_code in (200, 302)
    reactions.deliver_all(clock.now())
    assert mail.outbox[-1].to == ["owner@example.com"]
    again = Client()
    again.post("/account/login/", {"login": user.email, "password": PASSWORD})
    assert again.get("/account/security/").status_code == 200


def test_what_it_did_stands_in_the_record_with_its_reason_and_the_owners_hear_of_it():
    shop = make_shop()
    owner, user = make_member(shop), make_member(shop, "packing")
    second_factor.seed_authenticator(user, KEY)
    arguments = ("--remove-second-factor", "--new-email", "new@example.com", "--reason", "passport")
    call_command("restore_access", user.email, *arguments)
    for_staff = ShopEvent.objects.filter(kind__in=("access.restored", "access.readdressed"), shop__is_platform=True)
    assert {(one.subject_code, one.facts["reason"], one.audience) for one in for_staff} == {
        (str(user.pk), "passport", "staff")
    }
    assert len(for_staff) == 2
    in_shop = ShopEvent.objects.in_shop(shop).filter(kind__startswith="member.")
    assert {one.kind for one in in_shop} >= {"member.factor_removed", "member.readdressed"}
    assert not any("passport" in one.sentence or "example.com" in one.sentence for one in in_shop)
    reactions.deliver_all(clock.now())
    assert {one.kind for one in Notice.objects.filter(to=owner)} >= {"member.factor_removed", "member.readdressed"}


def test_it_gives_an_account_another_address():
    user = make_user("gone@example.com")
    call_command("restore_access", "gone@example.com", "--new-email", "New@example.com", "--reason", "passport")
    user.refresh_from_db()
    assert user.email == "new@example.com"
    assert mail.outbox[-1].to == ["gone@example.com"]


def test_it_says_when_the_address_until_now_could_not_be_told(capsys, monkeypatch):
    user = make_user("gone@example.com")
    monkeypatch.setattr(mail.backends.locmem.EmailBackend, "send_messages", _nobody_there)
    call_command("restore_access", "gone@example.com", "--new-email", "new@example.com", "--reason", "passport")
    user.refresh_from_db()
    assert user.email == "new@example.com"
    assert "No mail could be sent to gone@example.com" in capsys.readouterr().out


def _nobody_there(*_args):
    raise ConnectionRefusedError


def test_it_does_not_say_that_it_took_away_what_was_not_there():
    make_user("owner@example.com")
    with pytest.raises(CommandError, match="no second factor"):
        call_command("restore_access", "owner@example.com", "--remove-second-factor", "--reason", "passport")


@pytest.mark.parametrize(
    "arguments",
    [
        ["nobody@example.com", "--remove-second-factor", "--reason", "passport"],
        ["owner@example.com", "--reason", "passport"],
        ["owner@example.com", "--remove-second-factor", "--reason", " "],
        ["owner@example.com", "--new-email", "taken@example.com", "--reason", "passport"],
        ["owner@example.com", "--new-email", "nothing", "--reason", "passport"],
    ],
)
def test_it_refuses_in_words(arguments):
    make_user("owner@example.com")
    make_user("taken@example.com")
    with pytest.raises(CommandError):
        call_command("restore_access", *arguments)
