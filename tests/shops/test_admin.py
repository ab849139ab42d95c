"""The staff admin of floor 1: who gets in, the review desk, the policy, and what cannot be changed there."""

import datetime as dt

import pytest
from django.contrib import admin
from django.core import mail
from django.urls import reverse

from seller_center import reactions
from seller_center.kernel import clock
from shops import policy_book
from shops.models import Application, Document, FileAccess, PolicyVersion, Shop, ShopEvent, User
from tests.factories.shops import log_in_staff, make_application, make_staff, make_user

pytestmark = pytest.mark.django_db

NAMES = [model._meta.model_name for model in admin.site._registry if model._meta.app_label == "shops"]


@pytest.fixture
def desk(client, reviewer):
    log_in_staff(client, reviewer)
    return client


@pytest.fixture
def sent(db):
    return make_application(at=clock.now(), until="submitted")


def page(application) -> str:
    return reverse("admin:shops_application_desk_page", args=[application.pk])


# -- getting in -------------------------------------------------------------------------------------------------------


def test_nobody_is_sent_to_the_one_log_in(client):
    answer = client.get("/admin/")
    assert answer["Location"].startswith(("/admin/login/", reverse("account_login")))
    assert client.get("/admin/login/?next=/admin/")["Location"].startswith(reverse("account_login") + "?next=")


def test_a_seller_is_refused(client, owner):
    client.force_login(owner)
    assert client.get("/admin/login/").status_code == 403


def test_staff_without_a_second_factor_see_nothing(client, reviewer):
    client.force_login(reviewer)
    answer = client.get("/admin/", follow=True)
    assert b"Applications to review" not in answer.content
    assert "/admin/" not in answer.redirect_chain[-1][0].split("?")[0]


def test_a_device_of_somebody_else_is_none(client, reviewer):
    other = make_staff("admin")
    log_in_staff(client, other)
    device = client.session["otp_device_id"]
    client.force_login(reviewer)
    session = client.session
    session["otp_device_id"] = device
    session.save()
    assert client.get("/admin/").status_code == 302


def test_the_desk_stands_on_the_first_page(desk, sent):
    answer = desk.get("/admin/").content.decode()
    assert "Applications to review" in answer
    assert "<strong>1</strong>" in answer


@pytest.mark.parametrize("group", ["support", "finance", "moderator", "policy"])
def test_other_groups_do_not_review(client, sent, group):
    log_in_staff(client, make_staff(group))
    assert client.get(reverse("admin:shops_application_desk")).status_code == 403
    assert client.get(page(sent)).status_code == 403
    assert client.post(page(sent), {"deed": "claim"}).status_code == 403
    sent.refresh_from_db()
    assert sent.status == "submitted"


@pytest.mark.parametrize("name", NAMES)
def test_each_list_opens_and_nothing_can_be_added_changed_or_deleted(client, shop, sent, name):
    log_in_staff(client, make_staff("admin"))
    assert client.get(reverse(f"admin:shops_{name}_changelist")).status_code == 200
    if name != "policyversion":
        assert client.get(reverse(f"admin:shops_{name}_add")).status_code == 403
    model = next(one for one in admin.site._registry if one._meta.model_name == name)
    row = model.objects.order_by("pk").first()
    if row is None:
        return
    answer = client.get(reverse(f"admin:shops_{name}_change", args=[row.pk]), follow=True)
    assert answer.status_code == 200
    assert client.post(reverse(f"admin:shops_{name}_delete", args=[row.pk])).status_code == 403
    assert b">Close</a>" not in answer.content, "beside a shop it would read as closing the shop"
    if name == "shop":
        assert b'class="closelink">Back to the list</a>' in answer.content
    for secret in ("536904399", "000123456789"):
        assert secret.encode() not in answer.content


def test_staff_rights_are_given_by_superusers_only(client, shop):
    boss = make_staff("admin")
    log_in_staff(client, boss)
    path = reverse("admin:shops_user_change", args=[boss.pk])
    client.post(path, {"is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": []})
    boss.refresh_from_db()
    assert not boss.is_superuser
    assert boss.groups.count() == 1


# -- the review desk --------------------------------------------------------------------------------------------------


def test_a_reviewer_claims_looks_and_approves(desk, reviewer, sent):
    queue = desk.get(reverse("admin:shops_application_desk")).content.decode()
    assert "Owner One" in queue
    assert desk.post(page(sent), {"deed": "claim"}).status_code == 302
    seen = desk.get(page(sent)).content.decode()
    assert "SSN ••••4399" in seen
    assert "Your decision" in seen
    picture = seen.split('<img src="')[1].split('"')[0].replace("&amp;", "&")
    answer = desk.get(picture)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    look = FileAccess.objects.get()
    assert (look.by, look.reason) == (reviewer, sent.code)
    assert desk.post(page(sent), {"deed": "approve"})["Location"] == reverse("admin:shops_application_desk")
    assert Shop.objects.get(pk=sent.shop_id).status == "active"
    reactions.deliver_all(clock.now())
    assert mail.outbox[-1].to == [sent.applicant.email]
    assert b"Nobody waits" in desk.get(reverse("admin:shops_application_desk")).content


def test_the_queue_is_cheap(desk, django_assert_max_num_queries):
    for _number in range(4):
        make_application(at=clock.now(), until="submitted")
    with django_assert_max_num_queries(12):
        desk.get(reverse("admin:shops_application_desk"))


def test_late_ones_are_marked(desk):
    make_application(at=clock.now() - dt.timedelta(hours=49), until="submitted")
    make_application(at=clock.now() - dt.timedelta(hours=40), until="submitted")
    queue = desk.get(reverse("admin:shops_application_desk")).content.decode()
    assert queue.count("desk-late") == 1
    assert queue.count("desk-soon") == 1


def test_a_reviewer_asks_for_changes_of_one_paper(desk, sent):
    assert "Decide by" in desk.get(page(sent)).content.decode(), "however long it still may take"
    desk.post(page(sent), {"deed": "claim"})
    assert desk.post(page(sent), {"deed": "changes", "reason-person": ""}).status_code == 409
    paper = Document.objects.get(kind="identity")
    given = {
        "deed": "changes",
        f"reason-documents:{paper.code}": "paper_unreadable",
        f"text-documents:{paper.code}": "",
        "reason-bank": "other",
        "text-bank": "Use an account of your own.",
        "note": "Thank you.",
    }
    assert desk.post(page(sent), given).status_code == 302
    sent.refresh_from_db()
    assert [step for step, _reason in sent.asked_changes] == ["documents", "bank"]
    assert sent.asked_changes[1][1] == "Use an account of your own."
    assert "Decide by" not in desk.get(page(sent)).content.decode(), "it is the applicant's turn"
    paper.refresh_from_db()
    assert paper.status == "refused"


def test_a_reviewer_refuses_with_a_reason(desk, sent):
    desk.post(page(sent), {"deed": "claim"})
    answer = desk.post(page(sent), {"deed": "refuse", "code": ""})
    assert answer.status_code == 409
    assert "Choose a reason" in answer.content.decode()
    assert desk.post(page(sent), {"deed": "refuse", "code": "duplicate", "text": ""}).status_code == 302
    sent.refresh_from_db()
    assert (sent.status, sent.decision_code) == ("refused", "duplicate")
    assert "one shop per market" in sent.decision_text


def test_hints_stand_on_the_page(desk, sent):
    make_application(at=clock.now(), until="submitted")
    assert "the same tax number" in desk.get(page(sent)).content.decode()


def test_a_reviewer_does_not_decide_about_an_own_shop(client):
    me = make_staff("reviewer", email="me@example.com")
    mine = make_application(by=me, at=clock.now(), until="submitted")
    log_in_staff(client, me)
    answer = client.post(page(mine), {"deed": "claim"})
    assert answer.status_code == 409
    assert "somebody else has to review it" in answer.content.decode()


def test_a_paper_opens_for_reviewers_only(client, sent):
    from shops.models import StoredFile

    file = StoredFile.objects.order_by("pk").first()
    path = reverse("admin:shops_storedfile_content", args=[file.pk])
    assert client.get(path).status_code == 302
    log_in_staff(client, make_staff("finance"))
    assert client.get(path).status_code == 403
    assert not FileAccess.objects.exists()
    log_in_staff(client, make_staff("reviewer"))
    assert client.get(path).status_code == 200


# -- the policy -------------------------------------------------------------------------------------------------------


@pytest.fixture
def policy_desk(client):
    log_in_staff(client, make_staff("policy"))
    return client


def test_it_reads_a_version(policy_desk):
    row = PolicyVersion.objects.get(market="US")
    answer = policy_desk.get(reverse("admin:shops_policyversion_change", args=[row.pk]), follow=True).content.decode()
    assert "ship_hours = 72" in answer
    assert "In force now" in answer


def test_it_previews_and_schedules(policy_desk):
    path = reverse("admin:shops_policyversion_schedule")
    text = policy_desk.get(path).context["form"].initial["text"]
    given = {
        "market": "US",
        "effective_from": (clock.now() + dt.timedelta(days=3)).strftime("%Y-%m-%d %H:%M"),
        "note": "Ship faster",
        "text": text.replace("ship_hours = 72", "ship_hours = 48"),
    }
    answer = policy_desk.post(path, {**given, "preview": "1"}).content.decode()
    assert "sla.ship_hours" in answer
    assert ">72<" in answer
    assert ">48<" in answer
    assert PolicyVersion.objects.filter(market="US").count() == 1
    assert policy_desk.post(path, {**given, "schedule": "1"}).status_code == 302
    row = PolicyVersion.objects.get(note="Ship faster")
    assert policy_book.policy_for("US", clock.now()).sla.ship_hours == 72
    assert policy_book.policy_for("US", clock.now() + dt.timedelta(days=4)).sla.ship_hours == 48
    old = PolicyVersion.objects.exclude(pk=row.pk).get(market="US")
    compared = policy_desk.get(reverse("admin:shops_policyversion_compare"), {"old": old.pk, "new": row.pk})
    assert "sla.ship_hours" in compared.content.decode()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[sla]\nship_hour = 1", "no key “sla.ship_hour”"),
        ("[sla]\nship_hours = -1", "not negative"),
        ('{"sla": {"ship_hours": "soon"}}', "whole number"),
        ("[sla", "not TOML"),
        ("{", "not JSON"),
        ("[sps.metrics.returns]\nweight_bp = 1", "must sum to 10000"),
        ("[new_seller_offer]\nreferral_fee_share_bp = 10001", "at most 10000"),
    ],
)
def test_it_refuses_a_document_and_names_the_key(policy_desk, text, sentence):
    given = {"market": "US", "effective_from": "2030-01-01 00:00", "note": "x", "text": text, "schedule": "1"}
    answer = policy_desk.post(reverse("admin:shops_policyversion_schedule"), given)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert PolicyVersion.objects.filter(market="US").count() == 1


def test_it_refuses_the_past(policy_desk):
    given = {
        "market": "US",
        "effective_from": "2021-01-01 00:00",
        "note": "x",
        "text": "[sla]\nship_hours = 1",
        "schedule": "1",
    }
    answer = policy_desk.post(reverse("admin:shops_policyversion_schedule"), given)
    assert answer.status_code == 422
    assert "in the past" in answer.content.decode()


def test_only_the_policy_group_schedules(desk):
    assert desk.get(reverse("admin:shops_policyversion_schedule")).status_code == 403


def test_a_user_is_switched_off_by_staff(client):
    staff = make_staff("admin")
    log_in_staff(client, staff)
    person = make_user("gone@example.com")
    for _twice in range(2):
        client.post(reverse("admin:shops_user_change", args=[person.pk]), {"is_active": ""})
    assert not User.objects.get(pk=person.pk).is_active
    told = ShopEvent.objects.get(kind="access.changed")  # what changes nothing says nothing
    assert (told.shop.is_platform, told.by, told.subject_code) == (True, staff, str(person.pk))
    assert told.sentence == f"The access of {person} was changed: may log in."
    assert Application.objects.count() == 0
