"""Applying: every step, what it refuses and why, sending it, taking it back."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from seller_center.kernel.errors import Stale
from shops import bank_accounts, documents, onboarding
from shops.application_steps import papers_of, steps
from shops.identity import address_faults, age_on, normal_routing_number, normal_tax_id, same_name
from shops.models import (
    Application,
    BankAccount,
    Deadline,
    Document,
    Membership,
    Shop,
    ShopEvent,
    StoredFile,
    Submission,
)
from shops.policy_book import policy_for
from tests.factories import papers
from tests.factories.shops import ADDRESS, AGREEMENT, BANK, PERSON, TAX_ID, make_application, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def applicant(db):
    return make_user("applicant@example.com", name="Applicant")


@pytest.fixture
def begun(applicant, at):
    return make_application(by=applicant, at=at, until="started")


def problems(application, at):
    found = steps(application, papers_of(application), policy_for(application.shop, at), at.date())
    return [step.key for step in found if not step.done]


# -- beginning --------------------------------------------------------------------------------------------------------


def test_it_makes_a_shop_that_only_applies(begun, applicant):
    assert begun.shop.status == Shop.Status.APPLYING
    assert not begun.shop.opened
    assert Membership.objects.get(shop=begun.shop).user == applicant
    assert ShopEvent.objects.get(kind="application.started").subject_code == begun.code


def test_it_goes_on_with_the_application_begun_before(begun, applicant, at):
    with pytest.raises(onboarding.AlreadyApplying) as refusal:
        onboarding.start(market="US", business_type="individual", by=applicant, at=at)
    assert refusal.value.application == begun
    assert Shop.objects.filter(is_platform=False).count() == 1


@pytest.mark.parametrize(("market", "kind"), [("GB", "individual"), ("US", "business"), ("XX", "individual")])
def test_it_offers_only_what_works(applicant, at, market, kind):
    with pytest.raises(onboarding.NotOffered):
        onboarding.start(market=market, business_type=kind, by=applicant, at=at)


# -- the steps --------------------------------------------------------------------------------------------------------


def test_it_knows_what_is_missing_at_each_step(begun, applicant, at):
    common = {"application": begun, "by": applicant, "at": at}
    assert problems(begun, at) == ["person", "address", "tax", "selling", "documents", "bank"]
    begun = onboarding.save_person(**PERSON, **common)
    begun = onboarding.save_address(**ADDRESS, **common)
    assert problems(begun, at) == ["tax", "selling", "documents", "bank"]


@pytest.mark.parametrize(("born_on", "accepted"), [(dt.date(2008, 10, 14), True), (dt.date(2008, 10, 15), False)])
def test_it_asks_for_eighteen_years_on_the_day(begun, applicant, at, born_on, accepted):
    given = {**PERSON, "born_on": born_on}
    if accepted:
        assert onboarding.save_person(application=begun, by=applicant, at=at, **given).born_on == born_on
        return
    with pytest.raises(onboarding.TooYoung, match="at least 18 years"):
        onboarding.save_person(application=begun, by=applicant, at=at, **given)


def test_it_counts_the_day_in_the_market_s_zone(begun, applicant):
    """At 03:00 UTC it is still the evening before in New York."""
    given = {**PERSON, "born_on": dt.date(2008, 10, 15)}
    night = dt.datetime(2026, 10, 15, 3, 0, tzinfo=dt.UTC)
    with pytest.raises(onboarding.TooYoung):
        onboarding.save_person(application=begun, by=applicant, at=night, **given)
    onboarding.save_person(application=begun, by=applicant, at=night + dt.timedelta(hours=2), **given)


def test_it_counts_years_from_29_february_on():
    assert age_on(dt.date(2008, 2, 29), dt.date(2026, 2, 28)) == 17
    assert age_on(dt.date(2008, 2, 29), dt.date(2026, 3, 1)) == 18


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"postal_code": "10001"}, "postal_code"),
        ({"region": ""}, "region"),
        ({"city": ""}, "city"),
        ({"line1": ""}, "line1"),
    ],
)
def test_it_refuses_an_address_that_does_not_exist(begun, applicant, at, change, field):
    with pytest.raises(onboarding.WrongAddress) as refusal:
        onboarding.save_address(application=begun, by=applicant, at=at, **{**ADDRESS, **change})
    assert refusal.value.field == field
    assert address_faults(country="US", **{k: v for k, v in ADDRESS.items() if k != "line2"}) == {}


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("ssn", "000-12-3456"),
        ("ssn", "666-12-3456"),
        ("ssn", "078-05-1120"),
        ("ssn", "912-90-3456"),
        ("itin", "536-90-4399"),
        ("ssn", "12345678"),
        ("ssn", "words"),
    ],
)
def test_it_refuses_a_tax_id_that_cannot_exist(begun, applicant, at, kind, number):
    with pytest.raises(onboarding.WrongTaxId):
        onboarding.save_tax_id(application=begun, kind=kind, number=number, by=applicant, at=at)


def test_it_refuses_an_employer_number_of_a_person(begun, applicant, at):
    assert normal_tax_id("ein", "04-2103594") == "042103594"
    with pytest.raises(onboarding.WrongTaxId):
        onboarding.save_tax_id(application=begun, kind="ein", number="04-2103594", by=applicant, at=at)


def test_it_never_holds_a_number_in_clear(applicant, at):
    application = make_application(by=applicant, at=at)
    assert application.tax_id.reveal() == "536904399"
    account = BankAccount.objects.get(shop=application.shop)
    assert account.number.reveal() == BANK["number"]
    assert "536904399" not in f"{application.tax_id!r}{application.tax_id}"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        tables = [name for (name,) in cursor.fetchall() if name.startswith("shops_")]
        rows = 0
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t")
            for (line,) in cursor.fetchall():
                rows += 1
                assert "536904399" not in line, table
                assert "536-90-4399" not in line, table
                assert BANK["number"] not in line, table
        assert rows > 30, "nothing was looked at"
        cursor.execute("SELECT count(*) FROM shops_application t WHERE t::text LIKE %s", ["%4399%"])
        assert cursor.fetchone() == (1,), "the control: last four digits are found by the same search"


def test_it_refuses_a_bank_account_of_somebody_else(applicant, at):
    application = make_application(by=applicant, at=at)
    with pytest.raises(bank_accounts.WrongBankAccount, match="your own name"):
        bank_accounts.set_first(application=application, by=applicant, at=at, **{**BANK, "holder": "Somebody Else"})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"routing_number": "111000026"}, "routing_number"),
        ({"routing_number": "11100002"}, "routing_number"),
        ({"number": "123"}, "number"),
        ({"number": "1" * 18}, "number"),
        ({"number": "12a4567"}, "number"),
        ({"account_type": "gold"}, "account_type"),
    ],
)
def test_it_refuses_a_bank_account_that_cannot_exist(applicant, at, change, field):
    application = make_application(by=applicant, at=at, until="started")
    with pytest.raises(bank_accounts.WrongBankAccount) as refusal:
        bank_accounts.set_first(application=application, by=applicant, at=at, **{**BANK, **change})
    assert refusal.value.field == field
    assert not BankAccount.objects.filter(shop=application.shop).exists()


def test_it_replaces_the_account_and_keeps_the_same_one(applicant, at):
    application = make_application(by=applicant, at=at)
    first = BankAccount.objects.get(shop=application.shop)
    assert bank_accounts.set_first(application=application, by=applicant, at=at, **BANK) == first
    second = bank_accounts.set_first(application=application, by=applicant, at=at, **{**BANK, "number": "987654321"})
    first.refresh_from_db()
    assert (first.status, second.status) == ("retired", "current")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Owner One", "OWNER ONE", True),
        ("Ówner One", "One Owner", True),
        ("Owner Middle One", "Owner One", True),
        ("Owner One", "Owner Two", False),
        ("Owner One", "Owner", False),
        ("", "Owner One", False),
    ],
)
def test_it_compares_names_as_people_do(one, other, same):
    assert same_name(one, other) is same


def test_it_checks_the_routing_number_s_last_digit():
    assert normal_routing_number("111000025") == "111000025"
    assert normal_routing_number("111000024") is None


# -- documents --------------------------------------------------------------------------------------------------------


def upload(application, applicant, at, **given):
    usual = {
        "kind": "identity",
        "paper": "passport",
        "files": [("p.jpg", papers.passport())],
        "expires_on": dt.date(2030, 1, 1),
    }
    return documents.upload(application=application, by=applicant, at=at, **{**usual, **given})


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"paper": "utility_bill"}, "paper"),
        ({"kind": "business_licence"}, "kind"),
        ({"expires_on": None}, "expires_on"),
        ({"expires_on": dt.date(2026, 10, 14)}, "expires_on"),
        ({"files": []}, "files"),
        ({"files": [("x", b"x")] * 5}, "files"),
        ({"files": [("x.jpg", papers.blurred())]}, "files"),
        ({"kind": "proof_of_address", "paper": "utility_bill"}, "issued_on"),
        ({"kind": "proof_of_address", "paper": "utility_bill", "issued_on": dt.date(2026, 10, 15)}, "issued_on"),
        ({"kind": "proof_of_address", "paper": "utility_bill", "issued_on": dt.date(2026, 7, 15)}, "issued_on"),
    ],
)
def test_it_refuses_a_paper_at_once(begun, applicant, at, given, field):
    with pytest.raises(Exception) as refusal:
        upload(begun, applicant, at, **given)
    assert refusal.value.field == field
    assert not StoredFile.objects.exists()


def test_it_takes_a_bill_of_ninety_days_ago(begun, applicant, at):
    issued = at.date() - dt.timedelta(days=90)
    paper = upload(begun, applicant, at, kind="proof_of_address", paper="bank_statement", issued_on=issued)
    assert paper.status == Document.Status.UPLOADED


def test_it_replaces_the_earlier_paper_of_a_kind(begun, applicant, at):
    first, second = upload(begun, applicant, at), upload(begun, applicant, at, paper="drivers_licence")
    first.refresh_from_db()
    assert (first.status, second.status) == ("replaced", "uploaded")
    with pytest.raises(IntegrityError), transaction.atomic():
        Document.objects.filter(pk=first.pk).update(status="uploaded")


# -- sending ----------------------------------------------------------------------------------------------------------


def test_it_sends_with_the_agreement_and_starts_the_clock(applicant, at):
    application = make_application(by=applicant, at=at, until="submitted")
    application.refresh_from_db()
    assert application.status == Application.Status.SUBMITTED
    assert (application.agreement_version, application.agreed_at, application.agreed_address) == (
        AGREEMENT,
        at,
        "203.0.113.7",
    )
    clock = Deadline.objects.get(kind="application.review")
    assert clock.due_at == at + dt.timedelta(hours=48) == application.review_due_at
    assert application.review_overdue_at == at + dt.timedelta(hours=72)
    assert Submission.objects.get(application=application).facts["tax_id"] == "SSN ••••4399"


def test_it_refuses_while_something_is_missing(begun, applicant, at):
    with pytest.raises(onboarding.NotComplete, match="Give your tax number"):
        onboarding.submit(application=begun, agreement_version=AGREEMENT, address=None, by=applicant, at=at)
    assert not Deadline.objects.exists()


def test_it_refuses_an_agreement_that_has_changed(applicant, at):
    application = make_application(by=applicant, at=at)
    with pytest.raises(onboarding.AgreementChanged):
        onboarding.submit(application=application, agreement_version="2020-01", address=None, by=applicant, at=at)


def test_it_refuses_a_passport_that_ran_out_meanwhile(applicant, at):
    application = make_application(by=applicant, at=at)
    later = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)
    with pytest.raises(onboarding.NotComplete, match="expired"):
        onboarding.submit(application=application, agreement_version=AGREEMENT, address=None, by=applicant, at=later)


def test_it_changes_nothing_once_it_is_sent(applicant, at):
    application = make_application(by=applicant, at=at, until="submitted")
    common = {"application": application, "by": applicant, "at": at}
    for change in (
        lambda: onboarding.save_person(**PERSON, **common),
        lambda: onboarding.save_address(**ADDRESS, **common),
        lambda: onboarding.save_tax_id(**TAX_ID, **common),
        lambda: onboarding.save_selling(shop_name="X", trade_classes=["sports"], track_record="", **common),
        lambda: upload(application, applicant, at),
        lambda: bank_accounts.set_first(**{**BANK, "number": "99999"}, **common),
        lambda: onboarding.submit(agreement_version=AGREEMENT, address=None, **common),
    ):
        with pytest.raises(onboarding.NotEditable, match="Submitted"):
            change()


def test_it_can_be_taken_back(applicant, at):
    application = make_application(by=applicant, at=at, until="submitted")
    onboarding.withdraw(application=application, by=applicant, at=at)
    application.shop.refresh_from_db()
    assert application.shop.status == Shop.Status.CLOSED
    assert Deadline.objects.get().ended_as == "void"
    with pytest.raises(Stale):
        onboarding.withdraw(application=application, by=applicant, at=at)
    onboarding.start(market="US", business_type="individual", by=applicant, at=at)


@pytest.mark.parametrize(
    "values",
    [
        {"status": "approved"},
        {"status": "in_review"},
        {"status": "submitted"},
        {"status": "refused", "decision_text": "no"},
        {"status": "nonsense"},
    ],
)
def test_the_database_refuses_a_forged_state(applicant, at, values):
    application = make_application(by=applicant, at=at, until="started")
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.filter(pk=application.pk).update(**values)


def test_the_database_refuses_a_paper_of_another_shop(applicant, at):
    mine = make_application(by=applicant, at=at)
    theirs = make_application(at=at, until="started")
    with pytest.raises(IntegrityError), transaction.atomic():
        Document.objects.filter(shop=mine.shop).update(application=theirs)
    with pytest.raises(IntegrityError), transaction.atomic():
        Document.objects.filter(shop=mine.shop).update(shop=theirs.shop)


def test_it_gives_two_shops_of_one_name_two_addresses(at):
    first, second = make_application(at=at), make_application(at=at)
    assert first.shop.slug != second.shop.slug
    assert second.shop.slug.startswith("corner-bicycles-")
