"""What staff do about standing on screen, and what sellers see of it: desk, case, appeal, look, access, agreement."""

import dataclasses
import datetime as dt

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.urls import reverse

from seller_center import reactions
from seller_center.kernel import clock
from shops import agreements, appeals, enforcement, policy_book, recovery, second_factor, subjects
from shops.models import (
    AREAS,
    AgreementAcceptance,
    Appeal,
    Membership,
    Notice,
    Role,
    Shop,
    ShopEvent,
    User,
    Violation,
)
from tests.factories.shops import log_in_staff, make_shop, make_staff
from tests.factories.standing import make_case, make_evidence

pytestmark = pytest.mark.django_db
DESK = "admin:shops_violation_desk"


@pytest.fixture
def here(at, monkeypatch):
    """The pages' clock stands at the moment of the tests."""
    monkeypatch.setattr(clock, "now", lambda: at)
    return at


@pytest.fixture
def moderator(client):
    person = make_staff("moderator")
    log_in_staff(client, person)
    return person


@pytest.fixture
def fresh(monkeypatch):
    """The second factor was given just now."""
    monkeypatch.setattr(second_factor, "is_fresh", lambda request: True)


def case_page(case) -> str:
    return reverse("admin:shops_violation_desk_page", args=[case.pk])


# -- the desk ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["support", "finance", "reviewer", "policy"])
def test_other_groups_do_not_judge(client, shop, here, group):
    case = make_case(shop, at=here)
    log_in_staff(client, make_staff(group))
    for path in (reverse(DESK), reverse("admin:shops_violation_new"), case_page(case)):
        assert client.get(path).status_code == 403
        assert client.post(path, {"deed": "withdraw", "reason": "x"}).status_code == 403
    case.refresh_from_db()
    assert case.status == "pending"


def test_staff_open_a_case_and_are_told_what_is_wrong_with_it(client, shop, moderator, here):
    given = {
        "shop": shop.code.lower(),
        "kind": "misleading_listing",
        "points": "40",
        "evidence_kind": "order",
        "evidence_code": make_evidence(shop),
        "reason": "Wrong picture.",
    }
    page = reverse("admin:shops_violation_new")
    answer = client.post(page, given)
    assert answer.status_code == 422
    assert "1 to 12 points" in answer.content.decode()
    assert client.post(page, {**given, "shop": "NOPE", "points": "4"}).status_code == 422
    answer = client.post(page, {**given, "points": "4"})
    case = Violation.objects.get()
    assert answer["Location"] == case_page(case)
    assert (case.opened_by, case.points) == (moderator, 4)


def test_staff_claim_and_decide_an_appeal_on_its_page(client, shop, owner, moderator, here):
    case = make_case(shop, at=here)
    appeals.file(case=case, text="Two were sent.", by=owner, at=here)
    first = client.get("/admin/").content.decode()
    assert "Appeals and cases" in first
    assert "0 are mine" in first
    assert "Claim" in client.get(reverse(DESK)).content.decode()
    assert client.post(case_page(case), {"deed": "uphold", "reason": "No."}).status_code == 409
    assert client.post(case_page(case), {"deed": "claim"}).status_code == 302
    assert "1 is mine" in client.get("/admin/").content.decode()
    assert client.post(case_page(case), {"deed": "overturn", "reason": ""}).status_code == 409
    assert client.post(case_page(case), {"deed": "overturn", "reason": "Seen."}).status_code == 302
    assert Appeal.objects.get().status == "overturned"
    assert "Nobody waits" in client.get(reverse(DESK)).content.decode()


def test_the_desk_asks_no_more_queries_for_more_rows(
    client, shop, owner, moderator, here, django_assert_max_num_queries
):
    def wait():
        appeals.file(case=make_case(shop, at=here), text="No.", by=owner, at=here)

    wait()
    client.get(reverse(DESK))
    with django_assert_max_num_queries(20) as few:
        client.get(reverse(DESK))
    for _number in range(5):
        wait()
    with django_assert_max_num_queries(len(few)):
        client.get(reverse(DESK))


# -- the seller -------------------------------------------------------------------------------------------------------


def test_the_seller_reads_the_case_and_appeals(client, shop, owner, here):
    case = make_case(shop, at=here)
    client.force_login(owner)
    health = client.get(reverse("analytics:health", kwargs={"shop": shop.code})).content.decode()
    page = reverse("shops:violation", kwargs={"shop": shop.code, "code": case.code})
    assert page in health
    shown = client.get(page).content.decode()
    assert case.rule in shown
    assert "nothing changes for your shop" in shown
    assert '<dl class="facts facts-words">' in shown, "sentences are read from the left"
    answer = client.post(f"{page}correction/", {"text": "New picture."})
    assert answer.status_code == 302
    assert client.post(f"{page}appeal/", {"text": ""}).status_code == 422
    assert client.post(f"{page}appeal/", {"text": "Two were sent."})["Location"] == page
    again = client.post(f"{page}appeal/", {"text": "Again."})
    assert again.status_code == 409
    assert "Your appeal is being decided" in again.content.decode()
    assert Appeal.objects.count() == 1
    assert client.get(reverse("shops:violations", kwargs={"shop": shop.code})).status_code == 200
    inbox = client.get(reverse("shops:inbox", kwargs={"shop": shop.code})).content.decode()
    assert page in inbox


def test_strangers_get_404_and_readers_may_not_answer(client, shop, stranger, analyst, packer, here):
    case = make_case(shop, at=here)
    names = ("violation", "violation_appeal", "violation_correction")
    paths = [reverse(f"shops:{name}", kwargs={"shop": shop.code, "code": case.code}) for name in names]
    client.force_login(stranger)
    assert [client.get(paths[0]).status_code, *(client.post(one, {"text": "x"}).status_code for one in paths[1:])] == [
        404,
        404,
        404,
    ]
    own = reverse("shops:violation", kwargs={"shop": "ZEBR", "code": case.code})
    assert client.get(own).status_code == 404
    client.force_login(analyst)
    assert client.get(paths[0]).status_code == 200
    assert {client.post(one, {"text": "x"}).status_code for one in paths[1:]} == {403}
    client.force_login(packer)
    assert client.get(paths[0]).status_code == 403
    assert not Appeal.objects.exists()


def test_what_shows_a_case_is_a_link_for_who_may_open_it(client, shop, owner, here):
    """To the seller's page of it, and for staff to its record; others read the same words."""
    case = make_case(shop, at=here)
    words, page = f"Order {case.evidence_code}", f"/s/{shop.code}/violations/{case.code}/"
    link = f'<a href="/s/{shop.code}/orders/{case.evidence_code}/">{words}</a>'
    client.force_login(owner)
    assert link in client.get(page).content.decode()
    areas = dict.fromkeys(AREAS, "edit") | {"orders": "none"}
    narrow = Role.objects.create(shop=shop, code="narrow", name="Narrow", areas=areas)
    Membership.objects.filter(shop=shop, user=owner).update(role=narrow)
    told = client.get(page).content.decode()
    assert words in told
    assert link not in told
    record = f'<a href="{reverse("admin:orders_order_changelist")}?q={case.evidence_code}">{words}</a>'
    judge = make_staff("moderator")
    log_in_staff(client, judge)
    assert words in client.get(case_page(case)).content.decode()
    assert record not in client.get(case_page(case)).content.decode()
    judge.groups.add(Group.objects.get(name="support"))
    assert record in client.get(case_page(case)).content.decode()


def test_all_that_can_show_a_case_has_its_page():
    assert set(enforcement.EVIDENCE) <= set(subjects.PLACES)
    boss = User(is_staff=True, is_superuser=True, is_active=True)
    for kind, place in subjects.PLACES.items():
        assert reverse(place.page, kwargs={"shop": "ACME", place.part: "2026-10"})
        assert subjects.staff_url(boss, kind, "X/1&2").endswith("?q=X%2F1%262") == bool(place.records)
    assert subjects.staff_url(boss, "nothing", "X1") == ""


# -- looking into a shop ----------------------------------------------------------------------------------------------


def shop_pages() -> list[str]:
    """The names of all pages of a shop that need nothing but the shop."""
    from shops.urls import urlpatterns  # one floor stands for the gate, which is the same everywhere

    return [
        f"shops:{one.name}"
        for one in urlpatterns
        if one.pattern._route.count("<") == 1 and "<str:shop>" in one.pattern._route
    ]


def test_staff_look_as_the_seller_read_only_and_the_seller_sees_it(client, shop, owner, fresh, here, monkeypatch):
    person = make_staff("support")
    log_in_staff(client, person)
    home = f"/s/{shop.code}/"
    look = reverse("admin:shops_shop_look", args=[shop.pk])
    assert client.get(home).status_code == 404  # the control: without a look staff are strangers
    assert client.post(look, {"reason": " "}).status_code == 422
    assert client.post(look, {"reason": "Ticket 7"})["Location"] == home
    shown = client.get(home).content.decode()
    assert "as its seller, read only" in shown
    assert "Ticket 7" in shown
    assert client.get(f"/s/{make_shop('ELSE').code}/").status_code == 404
    seen = {name: client.get(reverse(name, kwargs={"shop": shop.code})).status_code for name in shop_pages()}
    closed = ("shops:bank_account", "shops:bank_account_change", "shops:contact", "shops:files")
    assert {seen[name] for name in closed} == {403}
    assert set(seen.values()) <= {200, 302, 403, 404, 405}
    writes = {name: client.post(reverse(name, kwargs={"shop": shop.code})).status_code for name in shop_pages()}
    assert set(writes.values()) <= {403, 405}
    reactions.deliver_all(here)
    assert Notice.objects.filter(to=owner, kind="shop.viewed_by_staff").count() == 1
    client.force_login(owner)
    assert "Ticket 7" in client.get(reverse("shops:settings", kwargs={"shop": shop.code})).content.decode()
    assert ShopEvent.objects.filter(kind="shop.viewed_by_staff", by=person, audience="seller").count() == 1


def test_a_look_ends_by_its_button_and_by_its_time(client, shop, fresh, here, monkeypatch):
    log_in_staff(client, make_staff("support"))
    home, look = f"/s/{shop.code}/", reverse("admin:shops_shop_look", args=[shop.pk])
    client.post(look, {"reason": "Ticket 7"})
    monkeypatch.setattr(clock, "now", lambda: here + dt.timedelta(minutes=30))
    assert client.get(home).status_code == 404
    monkeypatch.setattr(clock, "now", lambda: here)
    assert client.get(home).status_code == 200
    client.post(reverse("admin:shops_shop_look_end"))
    assert client.get(home).status_code == 404


def test_a_look_needs_its_right_and_a_fresh_factor(client, shop, here):
    log_in_staff(client, make_staff("finance"))
    look = reverse("admin:shops_shop_look", args=[shop.pk])
    assert client.post(look, {"reason": "x"}).status_code == 403
    log_in_staff(client, make_staff("support"))
    client.post(look, {"reason": "x"})
    assert client.get(f"/s/{shop.code}/").status_code == 404
    assert not ShopEvent.objects.filter(kind="shop.viewed_by_staff").exists()


# -- lost access ------------------------------------------------------------------------------------------------------


def test_staff_take_a_lost_factor_away_and_the_person_is_told(client, shop, owner, fresh, here):
    second_factor.seed_authenticator(owner, "00" * 20)
    log_in_staff(client, make_staff("support"))
    page = reverse("admin:shops_user_access", args=[owner.pk])
    assert "authenticator" in client.get(page).content.decode()
    assert client.post(page, {"reason": ""}).status_code == 422
    assert second_factor.has_one(owner)
    assert client.post(page, {"reason": "Called the number on file."}).status_code == 302
    assert not second_factor.has_one(owner)
    assert client.post(page, {"reason": "Again."}).status_code == 409
    reactions.deliver_all(here)
    assert [one.to for one in mail.outbox if "second factor" in one.subject.lower()] == [[owner.email]]
    assert Notice.objects.filter(to=owner, kind="member.factor_removed").count() == 1
    event = ShopEvent.objects.get(kind="access.restored")
    assert (event.shop.is_platform, event.audience, event.facts["reason"]) == (
        True,
        "staff",
        "Called the number on file.",
    )


def test_staff_do_not_take_each_others_factor_away_and_others_none_at_all(client, owner, here):
    staff, boss = make_staff("support"), make_staff("admin")
    second_factor.seed_authenticator(boss, "00" * 20)
    with pytest.raises(recovery.NotByStaff):
        recovery.remove_lost_factor(person=boss, reason="Asked.", by=staff, at=here)
    assert second_factor.has_one(boss)
    log_in_staff(client, make_staff("finance"))
    assert client.get(reverse("admin:shops_user_access", args=[owner.pk])).status_code == 403


# -- a new agreement --------------------------------------------------------------------------------------------------


@pytest.fixture
def new_version(monkeypatch):
    """The policy of the day has another version of the agreement."""
    real = policy_book.policy_for

    def changed(shop, at):
        policy = real(shop, at)
        return dataclasses.replace(
            policy, onboarding=dataclasses.replace(policy.onboarding, agreement_version="2027-01")
        )

    monkeypatch.setattr(agreements, "policy_for", changed)


def test_members_read_a_new_agreement_once_each_and_it_is_written_down(client, shop, owner, packer, new_version, here):
    Shop.objects.filter(pk=shop.pk).update(agreement_version="2026-01")
    settings = reverse("shops:settings", kwargs={"shop": shop.code})
    page = reverse("shops:shop_agreement", kwargs={"shop": shop.code})
    client.force_login(owner)
    assert client.get(settings)["Location"].startswith(f"{page}?next=")
    assert client.post(page, {"version": "2027-01"}).status_code == 422
    assert client.post(page, {"version": "2026-01", "agreed": "on"}).status_code == 422
    for _click in range(2):
        answer = client.post(page, {"version": "2027-01", "agreed": "on", "next": settings})
        assert answer["Location"] == settings
    assert client.get(settings).status_code == 200
    row = AgreementAcceptance.objects.get()
    assert (row.user, row.version, row.at, row.address) == (owner, "2027-01", here, "127.0.0.1")
    assert ShopEvent.objects.filter(kind="agreement.accepted").count() == 1
    client.force_login(packer)
    assert client.get(f"/s/{shop.code}/")["Location"].startswith(page)


def test_nobody_is_asked_while_the_version_is_the_one_that_was_accepted(client, shop, owner, here):
    version = policy_book.policy_for(shop, here).onboarding.agreement_version
    Shop.objects.filter(pk=shop.pk).update(agreement_version=version)
    client.force_login(owner)
    assert client.get(reverse("shops:settings", kwargs={"shop": shop.code})).status_code == 200


def test_a_stranger_reads_no_agreement_of_a_shop(client, shop, stranger):
    client.force_login(stranger)
    page = reverse("shops:shop_agreement", kwargs={"shop": shop.code})
    assert client.get(page).status_code == 404
    assert client.post(page, {"version": "2026-01", "agreed": "on"}).status_code == 404
