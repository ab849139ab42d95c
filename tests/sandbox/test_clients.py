"""The product's side of the wire, against the real process."""

import time
from datetime import date, datetime

import pytest

from orders import carriers, payment_provider, sandbox
from payouts import bank
from seller_center import sandbox_clock
from seller_center.kernel.http import HttpRefused, Unreachable
from tests.sandbox import asking
from tests.sandbox.nacha_files import nacha

HERE = carriers.PostalAddress("Shop One", "1 Main Street", "", "Town", "NY", "10001", "US")
THERE = carriers.PostalAddress("Person One", "2 Side Street", "", "City", "IL", "60601", "US")
PARCEL = carriers.Parcel(HERE, THERE, 900, "PACKAGE1")

pytestmark = pytest.mark.usefixtures("connected_sandbox")


@pytest.fixture
def card_payments() -> payment_provider.PaymentProvider:
    return payment_provider.provider()


@pytest.fixture
def the_bank() -> bank.Bank:
    return bank.bank()


# -- payment


def test_it_authorizes_captures_and_refunds(card_payments, new_key):
    key, refund_key = new_key(), new_key()
    state = card_payments.authorize(key=key, amount_minor=2500, currency="USD", card_token="tok_ok")
    assert (state.status, state.amount_minor, state.captured_minor) == ("authorized", 2500, 0)
    assert card_payments.capture(key=new_key(), payment_key=key, amount_minor=2500).captured_minor == 2500
    refund = card_payments.refund(key=refund_key, payment_key=key, amount_minor=700)
    assert (refund.status, refund.amount_minor, refund.payment_key) == ("succeeded", 700, key)
    assert card_payments.refund_status(refund_key) == refund
    assert card_payments.status(key).refunded_minor == 700
    with pytest.raises(HttpRefused) as refusal:
        card_payments.refund(key=new_key(), payment_key=key, amount_minor=1801)
    assert refusal.value.body["error"] == "above_captured"


def test_it_voids_and_knows_nothing_of_what_never_was(card_payments, new_key):
    key = new_key()
    card_payments.authorize(key=key, amount_minor=2500, currency="USD", card_token="tok_ok")
    assert card_payments.void(key=new_key(), payment_key=key).status == "voided"
    assert card_payments.status("never / heard?of#it") is None
    assert card_payments.refund_status("never") is None


@pytest.mark.parametrize("card", payment_provider.TEST_CARDS)
def test_it_offers_only_cards_that_the_sandbox_knows(card_payments, new_key, card):
    key = new_key()
    try:
        state = card_payments.authorize(key=key, amount_minor=2500, currency="USD", card_token=card)
    except Unreachable:
        state = card_payments.status(key)
    assert state.status in {"authorized", "pending", "declined"}
    assert bool(state.sentence) == (state.status == "declined")


def test_it_learns_the_outcome_by_key_after_an_error(card_payments, new_key):
    key = new_key()
    asked = {"key": key, "amount_minor": 2500, "currency": "USD", "card_token": "tok_error_done"}
    with pytest.raises(Unreachable):
        card_payments.authorize(**asked)
    assert card_payments.status(key).status == "authorized"
    assert card_payments.authorize(**asked) == card_payments.status(key), "the same key may be repeated"


def test_it_reads_events_by_polling(card_payments, new_key):
    key = new_key()
    card_payments.authorize(key=key, amount_minor=2500, currency="USD", card_token="tok_ok")
    since, more, found = 0, True, []
    while more:
        page = card_payments.events(since)
        found += [event for event in page.events if event.payment.key == key]
        since, more = page.next, page.more
    assert [event.type for event in found] == ["payment.authorized"]


# -- carriers


def test_it_buys_and_voids_a_label(new_key):
    carrier, key = carriers.carrier("sandbox"), new_key()
    ground = carrier.rate(PARCEL)[0]
    label = carrier.buy_label(key=key, parcel=PARCEL, service=ground.service)
    assert carrier.check_number(label.tracking_number.lower()) == label.tracking_number
    assert (label.amount_minor, label.currency, label.status) == (ground.amount_minor, "USD", "bought")
    assert carrier.label(key) == label
    assert carrier.label_pdf(key).startswith(b"%PDF-")
    assert carrier.void(key=new_key(), label_key=key).status == "voided"
    assert carrier.label("never") is None


def test_it_follows_a_parcel(connected_sandbox, new_key):
    carrier, key = carriers.carrier("sandbox"), new_key()
    number = carrier.buy_label(key=key, parcel=PARCEL, service="express").tracking_number
    manifest = carrier.manifest(key=new_key(), tracking_numbers=[number, "SBX1"])
    assert (manifest.tracking_numbers, manifest.unknown) == ([number], ["SBX1"])
    carrier.hand_over(key=new_key(), tracking_numbers=[number])
    connected_sandbox.pass_time(days=4)
    track = carrier.track(number)
    assert track.status == "delivered"
    since, more, polled = 0, True, []
    while more:
        page = carrier.scans(since)
        polled += [scan for scan in page.scans if scan.tracking_number == number]
        since, more = page.next, page.more
    assert [(scan.status, scan.at) for scan in polled] == [(scan.status, scan.at) for scan in track.scans]
    assert all(scan.reference == "PACKAGE1" and scan.id and scan.at.tzinfo for scan in polled)
    assert carrier.track("SBX0000000000000") is None


def test_it_takes_numbers_by_hand_for_the_other_carriers():
    ups = carriers.carrier("ups")
    assert not ups.sells_labels
    assert ups.check_number("1z 999 aa1 01 2345 6784") == "1Z999AA10123456784"
    with pytest.raises(carriers.ImplausibleNumber, match="not a tracking number of UPS"):
        ups.check_number("hello")
    with pytest.raises(carriers.NotOffered):
        ups.buy_label(key="k", parcel=PARCEL, service="ground")
    assert ups.rate(PARCEL) == []
    assert ups.scans(7).next == 7
    with pytest.raises(carriers.UnknownCarrier):
        carriers.carrier("pigeon")
    assert {"ups", "usps", "fedex", "dhl", "royal_mail", "sandbox"} == {code for code, _ in carriers.CARRIER_CHOICES}


# -- bank


def pay(key: str, **changes: object) -> dict:
    return {
        "key": key,
        "amount_minor": 10_000,
        "currency": "USD",
        "routing": asking.ROUTING,
        "account": "00012345",
        "name": "Shop One",
    } | changes


def test_it_sends_a_transfer_and_finds_it_on_the_statement(the_bank, connected_sandbox, new_key):
    key = new_key()
    transfer = the_bank.submit(**pay(key))
    assert (transfer.state, transfer.key, transfer.reason) == ("accepted", key, "")
    assert the_bank.submit(**pay(key)) == transfer
    connected_sandbox.pass_time(days=5)
    assert the_bank.status(key).state == "settled"
    moves = [move for move in the_bank.statement(transfer.settles_on) if move.key == key]
    assert [(move.kind, move.amount_minor) for move in moves] == [("transfer", -10_000)]
    assert the_bank.statement(date(2020, 1, 1)) == []


def test_it_hears_of_rejections_and_returns(the_bank, connected_sandbox, new_key):
    rejected = the_bank.submit(**pay(new_key(), routing="021000022"))
    assert (rejected.state, rejected.reason, rejected.settles_on) == (
        "rejected",
        "The routing number is not valid.",
        None,
    )
    key = new_key()
    the_bank.submit(**pay(key, account="00019902"))
    connected_sandbox.pass_time(days=14)
    since, more, codes = 0, True, {}
    while more:
        page = the_bank.returns(since)
        codes |= {event.transfer.key: event.transfer.return_code for event in page.events}
        since, more = page.next, page.more
    assert codes[key] == "R02"
    assert the_bank.status("never") is None


def test_it_tells_unknown_from_refused(the_bank, connected_sandbox, new_key):
    key = new_key()
    for mode in ("down", "unavailable", "garbage"):
        connected_sandbox.behave("bank", mode)
        try:
            with pytest.raises(Unreachable):
                the_bank.submit(**pay(key))
        finally:
            connected_sandbox.behave("bank", "up")
    assert the_bank.status(key) is None
    connected_sandbox.choose("bank", key, "timeout_done")
    with pytest.raises(Unreachable):
        the_bank.submit(**pay(key))
    assert the_bank.status(key).state == "accepted", "done, though nobody said so"
    with pytest.raises(HttpRefused):
        the_bank.submit(**pay(key, amount_minor=10_001))
    assert the_bank.status(key).amount_minor == 10_000


def test_it_sends_a_file_and_hears_of_every_entry(the_bank, new_key):
    key, first = new_key(), new_key().replace("key:", "payout:")
    entries = [(f"{first}-{number}", "00012345", 100) for number in range(130)]
    sent = the_bank.submit_file(key=key, content=nacha(*entries))
    assert [entry.key for entry in sent.entries] == [name for name, _, _ in entries]
    assert sent.accepted_minor == 13_000
    assert the_bank.file(key) == sent
    assert the_bank.file("never") is None
    with pytest.raises(HttpRefused) as refusal:
        the_bank.submit_file(key=new_key(), content="hello")
    assert refusal.value.body["line"] == 1


# -- callbacks


def test_it_reads_a_signed_callback_and_no_other(card_payments, the_bank, connected_sandbox, receiver, new_key):
    connected_sandbox.call_back(receiver.url)
    key = new_key()
    the_bank.submit(**pay(key))
    callback = next(one for one in iter(lambda: receiver.take(1)[0], None) if one.json["data"].get("key") == key)
    connected_sandbox.post("/control/callback-base", {"url": ""})
    event = the_bank.read_callback(callback.body, callback.headers)
    assert (event.type, event.transfer.key, event.id) == ("transfer.accepted", key, callback.id)
    assert isinstance(event.at, datetime)
    with pytest.raises(sandbox.CallbackRefused):
        the_bank.read_callback(callback.body.replace(b"10000", b"90000"), callback.headers)
    with pytest.raises(sandbox.CallbackRefused):
        the_bank.read_callback(callback.body, {})
    with pytest.raises(Unreachable):
        card_payments.read_callback(callback.body, callback.headers)


def test_it_understands_plain_secrets_as_the_process_does(settings):
    from sandbox import callbacks

    for secret in ("local-sandbox", "whsec_c2FuZGJveC1zZWNyZXQ=", "whsec_c2FuZGJveC1zZWNyZXQ"):
        settings.SANDBOX_SECRET = secret
        now = int(time.time())
        signature = callbacks.sign(callbacks.signing_key(secret), "evt_1", now, b'{"a":1}')
        headers = {"Webhook-Id": "evt_1", "Webhook-Timestamp": str(now), "Webhook-Signature": signature}
        assert sandbox.verified(b'{"a":1}', headers) == {"a": 1}
        settings.SANDBOX_SECRET = "another"
        with pytest.raises(sandbox.CallbackRefused):
            sandbox.verified(b'{"a":1}', headers)


# -- the clock


def test_it_takes_the_sandbox_along_when_time_passes(connected_sandbox, settings):
    ahead = connected_sandbox.get("/clock")[1]["offset_seconds"] + 7200
    assert sandbox_clock.push_offset(ahead)
    assert connected_sandbox.get("/clock")[1]["offset_seconds"] == ahead
    assert not sandbox_clock.push_offset(ahead - 3600), "never back"
    settings.SANDBOX_URL = "http://127.0.0.1:1"
    assert not sandbox_clock.push_offset(ahead), "time passes without a sandbox too"
    settings.SANDBOX_URL = ""
    assert not sandbox_clock.push_offset(ahead)
    with pytest.raises(sandbox.NotConnected):
        bank.bank().status("payout:1")
