"""Callbacks: signed, at least once, in order for each subject – unless a scenario says otherwise."""

import base64
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.sandbox import asking
from tests.sandbox.fixtures import SECRET


@pytest.fixture
def calling(own_sandbox, receiver):
    """A sandbox of the test's own that calls back to the receiver."""
    own_sandbox.call_back(receiver.url)
    return own_sandbox


def test_it_signs_so_that_the_standard_library_agrees(calling, receiver):
    calling.pass_time(days=40)
    calling.post("/payment/payments", asking.payment(), "pay")
    [callback] = receiver.take(1)
    assert callback.path == "/callbacks/payment/"
    content = Webhook(SECRET).verify(callback.body, callback.headers)
    assert content["type"] == "payment.authorized"
    assert content["data"]["key"] == "pay"
    assert content["id"] == callback.id
    assert abs(int(callback.headers["webhook-timestamp"]) - time.time()) < 60, "signed in real time"


def test_it_signs_every_bit_of_it(calling, receiver):
    calling.post("/payment/payments", asking.payment(), "pay")
    [callback] = receiver.take(1)
    verify = Webhook(SECRET).verify
    verify(callback.body, callback.headers)
    for place in range(len(callback.body)):
        changed = bytearray(callback.body)
        changed[place] ^= 1
        with pytest.raises(WebhookVerificationError):
            verify(bytes(changed), callback.headers)
    for name, value in (("webhook-id", "evt_other"), ("webhook-timestamp", str(int(time.time()) - 5))):
        with pytest.raises(WebhookVerificationError):
            verify(callback.body, callback.headers | {name: value})
    with pytest.raises(WebhookVerificationError):
        Webhook(base64.b64encode(b"another secret, not ours").decode()).verify(callback.body, callback.headers)


def test_it_tells_each_subject_in_order(calling, receiver):
    for number in range(10):
        calling.post("/payment/payments", asking.payment(), f"pay:{number}")
        calling.post(f"/payment/payments/pay:{number}/capture", {"amount_minor": 2500}, f"capture:{number}")
        calling.post(f"/payment/payments/pay:{number}/refunds", {"amount_minor": 100}, f"refund:{number}")
    told: dict[str, list[str]] = {}
    for callback in receiver.take(30):
        told.setdefault(callback.json["data"]["key"], []).append(callback.json["type"])
    assert len(told) == 10
    assert set(map(tuple, told.values())) == {("payment.authorized", "payment.captured", "payment.refunded")}


def test_it_tries_again_with_the_same_id_until_it_is_taken(calling, receiver):
    receiver.answers = [500, 503]
    calling.post("/payment/payments", asking.payment(), "pay")
    first, second, third = receiver.take(3)
    assert first.id == second.id == third.id
    assert first.body == third.body


def test_it_still_owes_after_kill_9_what_was_not_taken(own_sandbox, receiver):
    own_sandbox.post("/payment/payments", asking.payment(), "one")
    own_sandbox.post("/payment/payments", asking.payment(), "two")
    own_sandbox.restart()
    assert own_sandbox.get("/clock")[1]["callbacks_owed"] == 2
    own_sandbox.call_back(receiver.url)
    assert {callback.json["data"]["key"] for callback in receiver.take(2)} == {"one", "two"}
    _until_nothing_is_owed(own_sandbox)
    own_sandbox.restart()
    assert own_sandbox.get("/clock")[1]["callbacks_owed"] == 0, "what was taken is not told again"


def _until_nothing_is_owed(sandbox) -> None:
    deadline = time.monotonic() + 30
    while sandbox.get("/clock")[1]["callbacks_owed"]:
        assert time.monotonic() < deadline


def test_it_tells_scans_and_settlements_when_their_time_comes(calling, receiver):
    calling.post("/carrier/labels", asking.label(), "label")
    calling.post("/bank/transfers", asking.transfer(account="00019901"), "payout:1")
    [accepted] = receiver.take(1)
    assert accepted.json["type"] == "transfer.accepted"
    calling.pass_time(days=12)
    scans = calling.get("/carrier/tracking")[1]["events"]
    told = receiver.take(len(scans) + 2)
    assert [c.json["type"] for c in told if c.path == "/callbacks/bank/"] == ["transfer.settled", "transfer.returned"]
    assert [c.json for c in told if c.path == "/callbacks/carrier/"] == scans


def test_it_can_tell_twice(calling, receiver):
    calling.post("/bank/transfers", asking.transfer(account="00019935"), "payout:1")
    first, second = receiver.take(2)
    assert first.id == second.id
    assert first.body == second.body


def test_it_can_tell_the_second_before_the_first(calling, receiver):
    calling.post("/bank/transfers", asking.transfer(account="00019936"), "payout:1")
    calling.pass_time(days=5)
    assert [callback.json["type"] for callback in receiver.take(2)] == ["transfer.settled", "transfer.accepted"]


def test_it_can_tell_a_wrong_amount(calling, receiver):
    calling.post("/bank/transfers", asking.transfer(account="00019937"), "payout:1")
    [callback] = receiver.take(1)
    assert callback.json["data"]["amount_minor"] == 10_001
    assert calling.get("/bank/transfers/payout:1")[1]["amount_minor"] == 10_000


def test_it_can_tell_a_day_late_or_not_at_all(calling, receiver):
    calling.choose("bank", "payout:late", "late_callback")
    calling.choose("bank", "payout:never", "no_callback")
    calling.post("/bank/transfers", asking.transfer(), "payout:never")
    calling.post("/bank/transfers", asking.transfer(), "payout:late")
    calling.post("/bank/transfers", asking.transfer(), "payout:control")
    assert receiver.take(1)[0].json["data"]["key"] == "payout:control"
    calling.pass_time(hours=25)
    assert receiver.take(1)[0].json["data"]["key"] in {"payout:late", "payout:control"}
    calling.pass_time(days=10)
    _until_nothing_is_owed(calling)
    told = []
    while not receiver.is_empty():
        told += [callback.json["data"]["key"] for callback in receiver.take(1)]
    assert "payout:late" in told
    assert "payout:never" not in told


def test_it_can_forge(calling, receiver):
    body = {"service": "bank", "type": "transfer.returned", "data": {"key": "payout:of-another", "amount_minor": 5}}
    calling.post("/control/callback", body)
    [signed] = receiver.take(1)
    assert Webhook(SECRET).verify(signed.body, signed.headers)["data"]["key"] == "payout:of-another"
    calling.post("/control/callback", body | {"signed": False, "id": "evt_mine"})
    [forged] = receiver.take(1)
    assert forged.id == "evt_mine"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(forged.body, forged.headers)
