"""Cases, appeals and restrictions: nothing without a reason, nothing before its time, and everything taken back."""

import datetime as dt

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from catalog import publishing
from seller_center import inbox, reactions
from shops import appeals, enforcement, restrictions
from shops.models import Appeal, Deadline, Notice, Restriction, Shop, ShopEvent, Violation
from tests.factories.catalog import give_picture, make_product
from tests.factories.shops import make_member, make_shop, make_staff
from tests.factories.standing import make_case, make_evidence

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def clocks(case) -> dict[str, dt.datetime]:
    rows = Deadline.objects.filter(shop=case.shop, subject_code=case.code, ended_at__isnull=True)
    return dict(rows.values_list("kind", "due_at"))


def enforced(shop, at, **given):
    """A case that has taken effect by the sweep."""
    case = make_case(shop, at=at, **given)
    inbox.sweep(at + 8 * DAY)
    case.refresh_from_db()
    return case


def test_it_opens_with_everything_that_the_policy_says(shop, owner, at):
    case = make_case(shop, at=at, points=4)
    assert (case.status, case.points, case.fraud_related, case.needs_second_person) == ("pending", 4, False, False)
    assert "what the buyer receives" in case.rule
    assert case.effect.startswith("4 points in all for 90 days.")
    assert clocks(case) == {"violation.takes_effect": at + 7 * DAY, "violation.appeal_by": at + 30 * DAY}
    assert restrictions.points_of(shop, at) == 0  # the control: pending points do not count
    reactions.deliver_all(at)
    assert Notice.objects.filter(to=owner, kind="violation.opened").count() == 1
    assert any(case.rule in one.body and one.to == [owner.email] for one in mail.outbox)


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"reason": " "}, enforcement.NoReason),
        ({"points": 13}, enforcement.WrongPoints),
        ({"points": 0}, enforcement.WrongPoints),
        ({"kind": "bad_mood"}, enforcement.Invalid),
        ({"evidence_code": "NOWHERE"}, enforcement.NoSuchEvidence),
        ({"evidence_code": "\x00"}, enforcement.NoSuchEvidence),
        ({"evidence_kind": "rumour"}, enforcement.NoSuchEvidence),
    ],
)
def test_it_refuses_a_case_that_lacks_something(shop, at, wrong, refusal):
    given = {
        "kind": "misleading_listing",
        "reason": "Wrong picture.",
        "evidence_kind": "order",
        "evidence_code": make_evidence(shop),
        "points": 4,
    }
    staff = make_staff("moderator")
    with pytest.raises(refusal):
        enforcement.open_case(shop=shop, charge=enforcement.Charge(**{**given, **wrong}), by=staff, at=at)
    assert not Violation.objects.exists()
    assert enforcement.open_case(shop=shop, charge=enforcement.Charge(**given), by=staff, at=at).pk  # the control


def test_evidence_of_another_shop_is_none(shop, other_shop, at):
    with pytest.raises(enforcement.NoSuchEvidence):
        make_case(shop, at=at, evidence=make_evidence(other_shop, "THEIRS"))


def test_nobody_opens_a_case_against_a_shop_of_their_own_or_one_that_is_closed(shop, at):
    staff = make_staff("moderator")
    make_member(shop, user=staff)
    with pytest.raises(enforcement.OwnShop):
        make_case(shop, by=staff, at=at)
    Shop.objects.filter(pk=shop.pk).update(status="closed")
    shop.refresh_from_db()
    with pytest.raises(enforcement.NotOpen):
        make_case(shop, at=at)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"reason": ""}, "violation_has_rule_reason_and_points"),
        ({"rule": ""}, "violation_has_rule_reason_and_points"),
        ({"evidence_code": ""}, "violation_has_evidence_and_effect"),
        ({"effect": ""}, "violation_has_evidence_and_effect"),
        ({"status": "withdrawn"}, "violation_ended_with_reason"),
        ({"status": "enforced"}, "violation_enforced_with_its_time"),
        ({"status": "enforced", "enforced_at": "opened", "needs_second_person": True}, "violation_enforced_by_two"),
        ({"confirmed_by": "opener"}, "violation_confirmed_by_somebody_else"),
    ],
)
def test_the_database_refuses_what_must_never_be(shop, at, change, name):
    case = make_case(shop, at=at)
    values = {"opener": case.opened_by_id, "opened": at}
    given = {key: values.get(value, value) if isinstance(value, str) else value for key, value in change.items()}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Violation.objects.filter(pk=case.pk).update(**given)


def test_a_restriction_or_a_decision_without_its_reason_cannot_exist(shop, owner, at):
    case = make_case(shop, at=at)
    with pytest.raises(IntegrityError, match="restriction_has_reason"), transaction.atomic():
        Restriction.objects.create(shop=shop, violation=case, kind="no_new_listings", reason="", starts_at=at)
    appeal = appeals.file(case=case, text="It was two.", by=owner, at=at)
    with pytest.raises(IntegrityError, match="appeal_decided_with_reason"), transaction.atomic():
        Appeal.objects.filter(pk=appeal.pk).update(status="upheld", decided_by=case.opened_by, decided_at=at)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the control: what stands is in order


def test_it_takes_effect_by_the_sweep_and_its_points_lapse(shop, at):
    case = make_case(shop, at=at, points=4)
    inbox.sweep(at + 7 * DAY - dt.timedelta(seconds=1))
    case.refresh_from_db()
    assert case.status == "pending"
    inbox.sweep(at + 7 * DAY)
    inbox.sweep(at + 7 * DAY)
    case.refresh_from_db()
    assert (case.status, case.enforced_at, case.lapses_at) == ("enforced", at + 7 * DAY, at + 97 * DAY)
    assert restrictions.points_of(shop, at + 8 * DAY) == 4
    assert restrictions.points_of(shop, at + 97 * DAY) == 0
    inbox.sweep(at + 97 * DAY)
    case.refresh_from_db()
    assert case.status == "lapsed"
    assert clocks(case) == {}
    assert list(ShopEvent.objects.about(shop, "violation", case.code).values_list("kind", flat=True)) == [
        "violation.opened",
        "violation.enforced",
        "violation.lapsed",
    ]


def test_staff_withdraw_or_accept_what_was_put_right(shop, owner, at):
    staff = make_staff("moderator")
    case = make_case(shop, at=at)
    enforcement.report_correction(case=case, text="The picture is new.", by=owner, at=at)
    assert list(Violation.objects.said_to_be_corrected()) == [case]
    with pytest.raises(enforcement.NoReason):
        enforcement.accept_correction(case=case, reason="", by=staff, at=at)
    ended = enforcement.accept_correction(case=case, reason="Seen.", by=staff, at=at)
    assert (ended.status, ended.ended_reason, clocks(ended)) == ("corrected", "Seen.", {})
    other = make_case(shop, at=at)
    assert enforcement.withdraw(case=other, reason="A mistake.", by=staff, at=at).status == "withdrawn"
    inbox.sweep(at + 40 * DAY)
    assert restrictions.points_of(shop, at + 40 * DAY) == 0


def ready_product(shop, at):
    """A draft that may go live."""
    product = make_product(shop, status="draft")
    give_picture(product, at=at)
    return product


def test_twelve_points_stop_new_listings_and_nothing_else(shop, owner, at):
    enforced(shop, at, points=11)
    product = ready_product(shop, at)
    when = at + 8 * DAY
    publishing.submit(product=product, by=owner, at=when)  # the control: eleven points do nothing
    enforced(shop, at, points=1)
    row = Restriction.objects.get()
    assert (row.kind, row.ends_at - row.starts_at) == ("no_new_listings", 7 * DAY)
    with pytest.raises(restrictions.NewListingsStopped, match="12 violation points"):
        publishing.submit(product=ready_product(shop, at), by=owner, at=when)
    publishing.pause(product=product, by=owner, at=when)
    publishing.resume(product=product, by=owner, at=when)
    publishing.submit(product=ready_product(shop, at), by=owner, at=row.ends_at)
    reactions.deliver_all(when)
    assert Notice.objects.filter(to=owner, kind="restriction.imposed").count() == 1


def test_a_won_appeal_takes_points_and_restriction_away(shop, owner, at):
    case = enforced(shop, at, points=12)
    when = at + 9 * DAY
    assert restrictions.new_listings_stopped(shop, when)
    staff = make_staff("moderator")
    appeal = appeals.file(case=case, text="Two were sent, see the scan.", by=owner, at=when)
    assert clocks(case)["appeal.decide"] == when + 5 * DAY
    assert "violation.appeal_by" not in clocks(case)
    with pytest.raises(appeals.NotYours, match="Claim"):
        appeals.overturn(appeal=appeal, reason="Right.", by=staff, at=when)
    appeals.claim(appeal=appeal, by=staff, at=when)
    with pytest.raises(appeals.NotYours, match="has claimed"):
        appeals.claim(appeal=appeal, by=make_staff("moderator"), at=when)
    with pytest.raises(enforcement.NoReason):
        appeals.overturn(appeal=appeal, reason=" ", by=staff, at=when)
    appeals.overturn(appeal=appeal, reason="The scan shows two.", by=staff, at=when)
    case.refresh_from_db()
    assert (case.status, case.ended_reason, clocks(case)) == ("overturned", "The scan shows two.", {})
    assert restrictions.points_of(shop, when) == 0
    assert restrictions.new_listings_stopped(shop, when) is None
    mail.outbox.clear()
    reactions.deliver_all(when)
    assert any("was won" in one.subject for one in mail.outbox)


def test_an_appeal_holds_a_pending_case_and_winning_it_withdraws(shop, owner, at):
    case, staff = make_case(shop, at=at), make_staff("moderator")
    appeal = appeals.file(case=case, text="No.", by=owner, at=at + 6 * DAY)
    inbox.sweep(at + 8 * DAY)
    case.refresh_from_db()
    assert case.status == "pending"
    with pytest.raises(enforcement.AppealOpen):
        enforcement.withdraw(case=case, reason="x", by=staff, at=at)
    appeals.claim(appeal=appeal, by=staff, at=at)
    appeals.overturn(appeal=appeal, reason="Right.", by=staff, at=at + 8 * DAY)
    case.refresh_from_db()
    assert case.status == "withdrawn"


def test_a_case_is_appealed_twice_at_most_and_in_time(shop, owner, at):
    case, staff = make_case(shop, at=at), make_staff("moderator")
    with pytest.raises(appeals.TooLate, match="ended on"):
        appeals.file(case=case, text="Too late.", by=owner, at=at + 30 * DAY)
    when = at + 2 * DAY
    for number in (1, 2):
        appeal = appeals.file(case=case, text="No.", by=owner, at=when)
        assert appeal.number == number
        with pytest.raises(enforcement.AppealOpen):
            appeals.file(case=case, text="Again.", by=owner, at=when)
        appeals.claim(appeal=appeal, by=staff, at=when)
        appeals.uphold(appeal=appeal, reason="The picture shows two.", by=staff, at=when)
        case.refresh_from_db()
        assert ("violation.appeal_by" in clocks(case)) is (number == 1)
    assert case.appeal_by == when + 15 * DAY
    with pytest.raises(appeals.NoMoreAppeals):
        appeals.file(case=case, text="Once more.", by=owner, at=when)
    inbox.sweep(at + 8 * DAY)
    case.refresh_from_db()
    assert case.status == "enforced"


def test_a_decision_that_is_late_is_said_once_and_stays_in_the_queue(shop, owner, at):
    case = make_case(shop, at=at)
    appeal = appeals.file(case=case, text="No.", by=owner, at=at)
    inbox.sweep(at + 6 * DAY)
    inbox.sweep(at + 7 * DAY)
    assert ShopEvent.objects.filter(kind="appeal.delayed").count() == 1
    assert list(Appeal.objects.waiting()) == [appeal]
    assert Deadline.objects.get(kind="appeal.decide").ended_as == "missed"


def test_fraud_takes_effect_with_a_second_person_only_and_closes_the_shop(shop, owner, at):
    first, second = make_staff("moderator"), make_staff("moderator")
    case = make_case(shop, by=first, at=at, kind="fraud", points=48)
    assert (case.fraud_related, case.needs_second_person) == (True, True)
    with pytest.raises(enforcement.NeedsSecondPerson):
        enforcement.confirm(case=case, by=first, at=at)
    inbox.sweep(at + 8 * DAY)
    case.refresh_from_db()
    assert case.status == "pending"
    enforcement.confirm(case=case, by=second, at=at + 8 * DAY)
    inbox.sweep(at + 9 * DAY)
    shop.refresh_from_db()
    case.refresh_from_db()
    assert (case.status, shop.status) == ("enforced", "closed")
    assert ShopEvent.objects.filter(kind="shop.closed").count() == 1
    when = at + 10 * DAY
    appeal = appeals.file(case=case, text="It was not us.", by=owner, at=when)
    appeals.claim(appeal=appeal, by=second, at=when)
    appeals.overturn(appeal=appeal, reason="The papers were stolen.", by=second, at=when)
    shop.refresh_from_db()
    assert (shop.status, shop.closed_at) == ("active", None)


def test_small_cases_that_add_up_to_closing_wait_for_a_second_person(shop, at):
    for _number in range(4):
        enforced(shop, at, points=12)
    shop.refresh_from_db()
    assert shop.status == "active"
    assert restrictions.points_of(shop, at + 9 * DAY) == 36
    [last] = Violation.objects.to_confirm()
    enforcement.confirm(case=last, by=make_staff("moderator"), at=at + 9 * DAY)
    inbox.sweep(at + 10 * DAY)
    shop.refresh_from_db()
    assert shop.status == "closed"


def test_a_bad_row_costs_only_itself(shop, at):
    gone = make_case(shop, at=at)
    other = make_case(make_shop("ZWEI"), at=at)
    enforcement.withdraw(case=gone, reason="x", by=make_staff("moderator"), at=at)
    Deadline.objects.filter(subject_code=gone.code, kind="violation.takes_effect").update(ended_at=None, ended_as="")
    inbox.sweep(at + 8 * DAY)
    other.refresh_from_db()
    assert other.status == "enforced"
