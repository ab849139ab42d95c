"""Reviewing: claim, decide with a reason, keep the promised time, and what the applicant hears of it."""

import datetime as dt

import pytest
from django.core import mail

from seller_center import inbox, reactions
from shops import documents, onboarding, review_queue
from shops.models import Application, Deadline, Document, Notice, Shop, ShopEvent
from shops.review_queue import Change
from tests.factories import papers
from tests.factories.shops import AGREEMENT, make_application, make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def applicant(db):
    return make_user("applicant@example.com", name="Applicant")


@pytest.fixture
def sent(applicant, at):
    application = make_application(by=applicant, at=at, until="submitted")
    reactions.deliver_all(at)
    mail.outbox.clear()
    return application


@pytest.fixture
def claimed(sent, reviewer, at):
    return review_queue.claim(application=sent, by=reviewer, at=at)


def test_it_tells_the_applicant_that_it_arrived(applicant, at):
    application = make_application(by=applicant, at=at, until="submitted")
    reactions.deliver_all(at)
    [message] = mail.outbox
    assert message.to == ["applicant@example.com"]
    assert "48 hours" in message.body
    assert f"({application.code})" in message.body
    assert "/application/" in message.body
    assert Notice.objects.filter(to=applicant).count() == 1


def test_it_is_claimed_by_one_reviewer(sent, reviewer, at):
    review_queue.claim(application=sent, by=reviewer, at=at)
    review_queue.claim(application=sent, by=reviewer, at=at)
    with pytest.raises(review_queue.NotYours, match="has claimed"):
        review_queue.claim(application=sent, by=make_staff("reviewer"), at=at)


def test_nobody_reviews_a_shop_of_their_own(applicant, sent, at):
    with pytest.raises(review_queue.OwnApplication):
        review_queue.claim(application=sent, by=applicant, at=at)


@pytest.mark.parametrize("deed", ["approve", "refuse", "ask", "release"])
def test_it_is_decided_by_who_claimed_it(sent, reviewer, at, deed):
    other = make_staff("reviewer")
    deeds = {
        "approve": lambda by: review_queue.approve(application=sent, by=by, at=at),
        "refuse": lambda by: review_queue.refuse(application=sent, code="other", text="No.", by=by, at=at),
        "ask": lambda by: review_queue.ask_for_changes(
            application=sent, changes=[Change("person", "Look again.")], text="", by=by, at=at
        ),
        "release": lambda by: review_queue.release(application=sent, by=by, at=at),
    }
    with pytest.raises(review_queue.NotYours, match="Claim"):
        deeds[deed](reviewer)
    review_queue.claim(application=sent, by=reviewer, at=at)
    with pytest.raises(review_queue.NotYours):
        deeds[deed](other)
    deeds[deed](reviewer)


def test_it_writes_the_name_of_a_shop_as_it_is_into_a_mail(claimed, reviewer, at):
    Shop.objects.filter(pk=claimed.shop_id).update(name="Nora's Bell & Basket")
    review_queue.approve(application=claimed, by=reviewer, at=at)
    reactions.deliver_all(at)
    [message] = mail.outbox
    assert message.subject == "“Nora's Bell & Basket” is open"
    assert "“Nora's Bell & Basket” is open" in message.body


def test_it_opens_the_shop(claimed, reviewer, applicant, at):
    review_queue.approve(application=claimed, by=reviewer, at=at)
    shop = Shop.objects.get(pk=claimed.shop_id)
    assert (shop.status, shop.tier, shop.approved_at) == ("active", "beginner", at)
    assert shop.offer_ends_at == at + dt.timedelta(days=30)
    assert shop.offer_runs(at)
    assert not shop.offer_runs(shop.offer_ends_at)
    assert set(Document.objects.filter(shop=shop).values_list("status", flat=True)) == {"accepted"}
    assert Deadline.objects.get(kind="application.review").ended_as == "met"
    expiry = Deadline.objects.get(kind="document.expiry")
    assert expiry.due_at == dt.datetime(2030, 1, 1, 5, tzinfo=dt.UTC)  # midnight in New York
    assert expiry.warn_hours == [1440, 720, 168]
    opened = ShopEvent.objects.get(kind="shop.opened")
    assert opened.facts["coupon_budget_minor"] == 100_000
    reactions.deliver_all(at)
    [message] = mail.outbox
    assert "is open" in message.subject
    assert "30 days" in message.body


def test_it_is_approved_once(claimed, reviewer, at):
    review_queue.approve(application=claimed, by=reviewer, at=at)
    with pytest.raises(review_queue.NotYours, match="Approved"):
        review_queue.approve(application=claimed, by=reviewer, at=at)
    assert ShopEvent.objects.filter(kind="shop.opened").count() == 1


def test_it_is_not_approved_with_an_expired_passport(claimed, reviewer):
    with pytest.raises(review_queue.NoLongerComplete, match="expired"):
        review_queue.approve(application=claimed, by=reviewer, at=dt.datetime(2030, 1, 2, tzinfo=dt.UTC))


def test_it_refuses_with_a_reason(claimed, reviewer, applicant, at):
    for code, text in (("", "x"), ("nonsense", "x"), ("other", "  ")):
        with pytest.raises(review_queue.NoReason):
            review_queue.refuse(application=claimed, code=code, text=text, by=reviewer, at=at)
    review_queue.refuse(application=claimed, code="duplicate", text="You have a shop already.", by=reviewer, at=at)
    assert Shop.objects.get(pk=claimed.shop_id).status == "closed"
    reactions.deliver_all(at)
    assert "You have a shop already." in mail.outbox[-1].body
    onboarding.start(market="US", business_type="individual", by=applicant, at=at)


def test_it_asks_for_one_paper_again_and_compares(claimed, reviewer, applicant, at):
    paper = Document.objects.get(kind="identity")
    changes = [Change("documents", "We could not read it.", document_code=paper.code)]
    with pytest.raises(review_queue.NoReason):
        review_queue.ask_for_changes(application=claimed, changes=[], text="", by=reviewer, at=at)
    review_queue.ask_for_changes(application=claimed, changes=changes, text="", by=reviewer, at=at)
    reactions.deliver_all(at)
    assert "We could not read it." in mail.outbox[-1].body
    application = Application.objects.get(pk=claimed.pk)
    with pytest.raises(onboarding.NotComplete, match="could not read"):
        onboarding.submit(application=application, agreement_version=AGREEMENT, address=None, by=applicant, at=at)
    documents.upload(
        application=application,
        kind="identity",
        paper="passport",
        files=[("again.jpg", papers.as_bytes(papers.drawing("PASSPORT AGAIN")))],
        expires_on=dt.date(2031, 1, 1),
        by=applicant,
        at=at,
    )
    later = at + dt.timedelta(days=1)
    again = onboarding.submit(
        application=application, agreement_version=AGREEMENT, address=None, by=applicant, at=later
    )
    assert (again.submission_count, again.asked_changes, again.claimed_by) == (2, [], None)
    assert Deadline.objects.filter(kind="application.review", ended_at__isnull=True).count() == 1
    review_queue.claim(application=again, by=reviewer, at=later)
    assert [line.name for line in review_queue.differences(again)] == ["documents"]


def test_it_stands_in_the_queue_by_due_time(at):
    later = make_application(at=at + dt.timedelta(hours=2), until="submitted")
    first = make_application(at=at, until="submitted")
    make_application(at=at)
    assert list(Application.objects.in_queue()) == [first, later]


# -- the promise ------------------------------------------------------------------------------------------------------


def test_it_tells_of_the_delay_at_both_moments(sent, applicant, at):
    assert inbox.sweep(at + dt.timedelta(hours=47, minutes=59)) == 0
    due = at + dt.timedelta(hours=48)
    inbox.sweep(due)
    reactions.deliver_all(due)
    assert [m.subject for m in mail.outbox] == ["The review takes a little longer"]
    inbox.sweep(due + dt.timedelta(hours=1))
    reactions.deliver_all(due + dt.timedelta(hours=1))
    assert len(mail.outbox) == 1
    overdue = at + dt.timedelta(hours=72)
    inbox.sweep(overdue)
    reactions.deliver_all(overdue)
    assert [m.subject for m in mail.outbox][1:] == ["Your application is still being reviewed"]
    assert Deadline.objects.get().ended_as == "missed"
    inbox.sweep(overdue + dt.timedelta(days=3))
    assert ShopEvent.objects.filter(kind="application.delayed").count() == 2


def test_it_tells_of_no_delay_once_it_is_decided(claimed, reviewer, at):
    review_queue.refuse(application=claimed, code="other", text="No.", by=reviewer, at=at)
    inbox.sweep(at + dt.timedelta(hours=80))
    assert not ShopEvent.objects.filter(kind="application.delayed").exists()


# -- hints ------------------------------------------------------------------------------------------------------------


def test_it_finds_the_same_person_without_reading_a_secret(sent, at):
    twin = make_application(at=at, until="submitted", bank={"number": "555566667777"}, shop_name="Another")
    found = {(what, hint.application.pk) for hint in review_queue.hints(sent) for what in hint.whats}
    assert found == {("tax number", twin.pk), ("phone number", twin.pk), ("document", twin.pk)}
    stranger = make_application(
        at=at,
        until="started",
    )
    assert review_queue.hints(stranger) == []


def test_it_finds_the_same_bank_account(sent, at):
    twin = make_application(
        at=at, until="complete", tax={"number": "536-90-4398"}, person={"phone": "+12125550199"}, shop_name="Another"
    )
    found = {what for hint in review_queue.hints(twin) for what in hint.whats}
    assert found == {"bank account", "document"}
