"""The team: invitations once and in time, owners kept, races of two owners."""

import datetime as dt
import re

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from seller_center import reactions
from seller_center.kernel.history import changes
from seller_center.menu import MENU
from shops import team
from shops.forms.settings import AREA_NAMES, describe
from shops.models import AREAS, Invitation, Membership, Notice, Role
from shops.reference import preset_role
from tests.factories.shops import make_member, make_shop, make_user, membership
from tests.storm import storm

pytestmark = pytest.mark.django_db


def invite(shop, owner, at, email="new@example.com", role="packing"):
    return team.invite(shop=shop, email=email, role=preset_role(role), by=owner, at=at)


def test_the_link_works_for_120_hours_to_the_microsecond(shop, owner, at):
    invitation = invite(shop, owner, at)
    token, end = team.token_of(invitation), at + dt.timedelta(hours=120)
    make_user("new@example.com")
    assert team.find(token, end - dt.timedelta(microseconds=1)) == invitation
    with pytest.raises(team.InvitationGone):
        team.find(token, end)


def test_after_it_ran_out_one_may_invite_again(shop, owner, at):
    first = invite(shop, owner, at)
    second = invite(shop, owner, at + dt.timedelta(hours=121))
    first.refresh_from_db()
    assert (first.status, second.status) == ("expired", "open")
    assert team.token_of(first) != team.token_of(second)


def test_the_token_is_not_in_the_database(shop, owner, at):
    invitation = invite(shop, owner, at)
    assert team.token_of(invitation) not in repr(Invitation.objects.values().get())


@pytest.mark.parametrize("token", ["", "x", "A" * 43])
def test_a_guessed_token_finds_nothing(shop, owner, at, token):
    invite(shop, owner, at)
    with pytest.raises(team.InvitationGone):
        team.find(token, at)


def test_an_address_that_is_not_confirmed_does_not_count(shop, owner, at):
    from allauth.account.models import EmailAddress

    invitation = invite(shop, owner, at)
    person = make_user("new@example.com")
    EmailAddress.objects.filter(user=person).update(verified=False)
    with pytest.raises(team.WrongAddress):
        team.accept(token=team.token_of(invitation), by=person, at=at)


def test_a_member_is_not_invited_again(shop, owner, packer, at):
    with pytest.raises(team.AlreadyMember):
        invite(shop, owner, at, email=packer.email.upper())


def test_only_an_owner_makes_an_owner(shop, owner, at):
    manager = make_member(shop, "manager")
    with pytest.raises(team.NotOwner):
        invite(shop, manager, at, role="owner")
    me = membership(shop, manager)
    with pytest.raises(team.NotOwner):
        team.change_role(membership=me, role=preset_role("owner"), by=manager, at=at)
    with pytest.raises(team.NotOwner):
        team.remove(membership=membership(shop, owner), by=manager, at=at)


def test_a_shop_keeps_an_owner(shop, owner, at):
    me = membership(shop, owner)
    with pytest.raises(team.LastOwner):
        team.remove(membership=me, by=owner, at=at)
    second = make_member(shop, "owner")
    team.change_role(membership=me, role=preset_role("analyst"), by=owner, at=at)
    with pytest.raises(team.LastOwner):
        team.remove(membership=membership(shop, second), by=second, at=at)


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_leave_one(at):
    shop = make_shop()
    people = [make_member(shop, "owner") for _number in range(2)]
    rows = [membership(shop, person) for person in people]

    def remove_the_other(number):
        team.remove(membership=rows[1 - number], by=people[number], at=at)

    outcomes = storm(remove_the_other, processes=2, threads=1)
    assert sorted(one.error for one in outcomes) in (["", "LastOwner"], ["", "NotOwner"])
    assert Membership.objects.filter(shop=shop).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_link_clicked_sixteen_times_at_once_makes_one_member(at):
    shop = make_shop()
    invitation = invite(shop, make_member(shop, "owner"), at)
    person, token = make_user("new@example.com"), team.token_of(invitation)
    outcomes = storm(lambda number: team.accept(token=token, by=person, at=at).pk, processes=4, threads=4)
    assert len([one for one in outcomes if one.done]) == 1
    assert Membership.objects.filter(shop=shop, user=person).count() == 1


def test_the_history_says_who_changed_a_role(shop, owner, packer, at):
    row = membership(shop, packer)
    team.change_role(membership=row, role=preset_role("finance"), by=owner, at=at)
    row.refresh_from_db()
    [change] = changes(row)
    assert (change.field, change.user_id) == ("role_id", owner.pk)
    reactions.deliver_all(at)
    assert Notice.objects.get(to=packer).title == "You are now Finance in Acme Shop"


def test_removing_leaves_a_trace_and_takes_the_rights(shop, owner, packer, at):
    team.remove(membership=membership(shop, packer), by=owner, at=at)
    with pytest.raises(Membership.DoesNotExist):
        membership(shop, packer)
    reactions.deliver_all(at)
    assert "was removed" in Notice.objects.get(to=owner).title


@pytest.mark.parametrize("values", [{"status": "accepted", "pk": None}, {"status": "nonsense"}])
def test_the_database_refuses_forged_invitations(shop, owner, at, values):
    invitation = invite(shop, owner, at)
    for name, value in values.items():
        setattr(invitation, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        invitation.save()


# -- what people read of roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("owner", "Changes everything, bank account and team included."),
        ("manager", "Sees: Team. Changes everything else."),
        ("packing", "Changes: Orders. Sees: Products."),
        ("finance", "Changes: Finance. Sees: Orders, Analytics."),
        ("analyst", "Sees: Products, Orders, Marketing, Storefront, Analytics, Support, Finance, Health."),
    ],
)
def test_a_role_is_told_by_the_words_of_the_menu(db, code, words):
    assert describe(preset_role(code)) == words


def test_every_area_has_its_word_and_a_role_of_nothing_says_so(db):
    assert set(AREA_NAMES) == set(AREAS)
    assert describe(Role(areas={"home": "edit"})) == "Sees Home only."
    assert describe(Role(areas=dict.fromkeys(AREAS, "edit"))) == "Changes everything."
    assert describe(Role(areas=dict.fromkeys(AREAS, "edit") | {"team": "none"})) == "Changes everything. Not: Team."
    known = [str(entry.label) for group in MENU for entry in group]
    assert {str(name) for name in AREA_NAMES.values()} <= set(known)


@pytest.mark.usefixtures("fresh_factor")
def test_roles_are_read_and_chosen_with_what_they_mean(client, shop, owner, packer):
    """On the list, in the invitation and where a role is changed: name and meaning, each on a line of its own."""
    client.force_login(owner)
    home = f"/s/{shop.code}/team/"
    listed = client.get(home).content.decode()
    assert '<p><strong>Packing</strong></p><p class="muted">Changes: Orders. Sees: Products.</p>' in listed
    offered = '<strong>Packing</strong><small class="choice-note">Changes: Orders. Sees: Products.</small>'
    for path in (f"{home}invitations/new/", f"{home}{membership(shop, packer).pk}/role/"):
        assert offered in client.get(path).content.decode()


def test_who_is_invited_and_not_logged_in_is_told_what_to_do(client, shop, owner, at):
    """Control: who comes without an invitation is welcomed back, or told what an account is for."""
    link = f"/invitations/{team.token_of(invite(shop, owner, at))}/"
    answer = client.get(link, follow=True)
    said = answer.content.decode()
    assert "You are invited to a team. Log in with the address" in said
    assert "Welcome back." not in said
    (signup,) = re.findall(r'<a href="([^"]*/signup/[^"]*)"', said)
    assert "invitations" in signup, "the way back to the invitation goes along"
    assert "Create your account with the address that the invitation came to" in client.get(signup).content.decode()
    assert "Welcome back." in client.get(reverse("account_login")).content.decode()
    assert "One account for your shops" in client.get(reverse("account_signup")).content.decode()
