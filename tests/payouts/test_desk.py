"""The staff's desk: two people with a fresh second factor, numbers, the file, holds; and who may not sit there."""

import datetime as dt

import pytest
import time_machine
from django.urls import reverse

from payouts import bank_file, releasing
from payouts.admin import desk
from payouts.models import Payout, PayoutBatch, SettlementTerms, Transaction
from shops import staff_rights
from shops.models import ShopEvent
from tests.factories.accounts import make_stale, verified_client
from tests.factories.payouts import PAYDAY_AT, Sold, make_available, make_bank_account, make_batch, make_payout
from tests.factories.shops import make_staff
from tests.payouts import nacha_reader

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def payday():
    staff_rights.grant()
    with time_machine.travel(PAYDAY_AT, tick=True):
        yield


@pytest.fixture
def batch(shop):
    make_bank_account(shop)
    make_available(shop, Sold(unit_minor=10_000))
    return make_batch(shop, released=False)


@pytest.fixture
def first():
    return verified_client(make_staff("finance", name="First of Finance"))


@pytest.fixture
def second():
    return verified_client(make_staff("finance", name="Second of Finance"))


def page(batch, name="page"):
    return reverse(f"admin:payouts_payoutbatch_{name}", args=[batch.pk])


def deed(client, batch, name, **more):
    return client.post(page(batch), {"deed": name, **more}, follow=True)


def test_two_people_release_a_batch(batch, first, second):
    assert "Release as the first" in first.get(page(batch)).content.decode()
    deed(first, batch, "approve")
    assert "must come from somebody else" in first.get(page(batch)).content.decode()
    refused = deed(first, batch, "release")
    assert refused.status_code == 409
    assert "You released this batch first" in refused.content.decode()
    done = deed(second, batch, "release").content.decode()
    assert "Download the bank file" in done
    batch.refresh_from_db()
    assert (batch.status, str(batch.approved_by), str(batch.released_by)) == (
        "released",
        "First of Finance",
        "Second of Finance",
    )


def test_it_wants_a_fresh_second_factor(batch, first):
    make_stale(first)
    answer = first.post(page(batch), {"deed": "approve"})
    assert answer.status_code in (302, 403)  # the question for it
    batch.refresh_from_db()
    assert batch.status == "drafted"


@pytest.mark.parametrize("group", ["reviewer", "support", "moderator", "policy"])
def test_other_groups_may_not_sit_there(batch, group):
    client = verified_client(make_staff(group))
    assert client.get(page(batch)).status_code == 403
    assert client.get(reverse("admin:payouts_payoutbatch_desk")).status_code == 403
    assert client.get(page(batch, "file")).status_code == 403
    assert client.post(page(batch), {"deed": "approve"}).status_code == 403


def test_sellers_do_not_reach_it(batch, owner, client):
    client.force_login(owner)
    assert client.get(page(batch)).status_code in (302, 403)


def test_the_queue_shows_what_waits_and_how_late(batch, first):
    found = first.get(reverse("admin:payouts_payoutbatch_desk")).content.decode()
    assert batch.code in found
    with time_machine.travel(PAYDAY_AT + dt.timedelta(hours=30), tick=True):
        late = verified_client(make_staff("finance"))
        assert "late" in late.get(reverse("admin:payouts_payoutbatch_desk")).content.decode()
        assert "1 late" in late.get(reverse("admin:index")).content.decode()


def test_the_file_is_given_out_with_a_row_about_who_took_it(batch, first, second):
    assert first.get(page(batch, "file")).status_code == 302  # not released yet
    deed(first, batch, "approve")
    deed(second, batch, "release")
    answer = first.get(page(batch, "file"))
    assert answer["Content-Disposition"] == f'attachment; filename="payouts-{batch.code}.ach"'
    assert answer["Cache-Control"].startswith("private, no-store")
    [entry] = nacha_reader.read(answer.content).entries
    assert entry.amount == 9_700
    [event] = ShopEvent.objects.filter(kind="payout_batch.file_taken")
    assert event.audience == "staff"
    assert str(event.by) == "First of Finance"


def test_a_changed_file_is_not_given_out(batch, first, second, shop):
    deed(first, batch, "approve")
    deed(second, batch, "release")
    shop.bankaccount = None
    PayoutBatch.objects.filter(pk=batch.pk).update(file_sha256="0" * 64)
    answer = first.get(page(batch, "file"), follow=True)
    assert "no longer the one that was released" in answer.content.decode()
    with pytest.raises(releasing.FileChanged):
        releasing.take_file(batch=PayoutBatch.objects.get(), by=None, at=PAYDAY_AT)


def test_a_payout_is_held_with_a_reason_and_let_go(batch, first):
    payout = Payout.objects.get()
    refused = deed(first, batch, "hold", payout=payout.pk, reason=" ")
    assert "Say why" in refused.content.decode()
    deed(first, batch, "hold", payout=payout.pk, reason="Fraud check")
    payout.refresh_from_db()
    assert (payout.status, payout.hold_reason) == ("held", "Fraud check")
    assert "Fraud check" in first.get(reverse("admin:payouts_payoutbatch_desk")).content.decode()
    first.post(reverse("admin:payouts_payout_put_back", args=[payout.pk]))
    payout.refresh_from_db()
    assert payout.status == "ready"
    assert first.post(page(batch), {"deed": "hold", "payout": "x", "reason": "y"}).status_code == 404


def test_account_numbers_are_never_shown(batch, first, shop):
    number = Payout.objects.get().bank_account.number.reveal()
    for address in (
        page(batch),
        reverse("admin:payouts_payoutbatch_desk"),
        reverse("admin:payouts_payout_changelist"),
        reverse("admin:payouts_payout_change", args=[Payout.objects.get().pk]),
    ):
        assert number not in first.get(address).content.decode()


def test_the_ledger_opens_from_account_to_transaction_to_cause(shop, first):
    make_payout(shop)
    made = Transaction.objects.get(kind="delivery")
    accounts = first.get(reverse("admin:payouts_account_changelist"))
    assert accounts.status_code == 200
    account = made.entries.all()[0].account
    opened = first.get(reverse("admin:payouts_account_change", args=[account.pk])).content.decode()
    assert reverse("admin:payouts_transaction_change", args=[made.pk]) in opened
    told = first.get(reverse("admin:payouts_transaction_change", args=[made.pk])).content.decode()
    assert made.source_code in told
    assert first.post(reverse("admin:payouts_transaction_change", args=[made.pk]), {}).status_code == 403
    assert first.get(reverse("admin:payouts_transaction_add")).status_code == 403


@pytest.mark.parametrize(
    "name", ["earning", "feeline", "reversal", "statement", "bankmovement", "payout", "transaction"]
)
def test_the_records_can_be_read(shop, first, name):
    make_payout(shop)
    assert first.get(reverse(f"admin:payouts_{name}_changelist")).status_code == 200


def test_settlement_terms_are_decided_with_a_reason(shop, first):
    address = reverse("admin:payouts_settlementterms_decision")
    assert first.get(address).status_code == 200
    wrong = first.post(address, {"shop": "NONE", "reserve_level": 0, "reason": "x"})
    assert wrong.status_code == 422
    level = first.post(address, {"shop": shop.code, "reserve_level": 9, "reason": "x"})
    assert "reserve levels 0 to 2" in level.content.decode()
    first.post(address, {"shop": shop.code.lower(), "introductory": "on", "reserve_level": 0, "reason": "Chargebacks"})
    assert SettlementTerms.objects.get().reason == "Chargebacks"
    assert "Decide on a shop" in first.get(reverse("admin:payouts_settlementterms_changelist")).content.decode()


def test_a_batch_in_pounds_has_no_file_button(db, first, second):
    from tests.factories.shops import make_shop

    shop = make_shop("BRIT", market="GB")
    make_bank_account(shop)
    make_available(shop)
    batch = make_batch(shop, released=False)
    deed(first, batch, "approve")
    assert "Download the bank file" not in deed(second, batch, "release").content.decode()
    assert bank_file.digest(batch) == ""


def test_what_the_bank_has_not_said_yet_is_one_line_for_all(first, second, batch):
    lines = desk._by_reason(
        [(Payout(code=f"P{number}"), "Silent.") for number in range(7)] + [(Payout(code="Q"), "Less.")]
    )
    assert [(one["why"], one["count"], one["named"], one["more"]) for one in lines] == [
        ("Silent.", 7, "P0, P1, P2, P3, P4", 2),
        ("Less.", 1, "Q", 0),
    ]
    deed(first, batch, "approve")
    deed(second, batch, "release")
    PayoutBatch.objects.filter(pk=batch.pk).update(status="sent")
    assert "1 payout: The bank has not said how it ended." in first.get(page(batch)).content.decode()
