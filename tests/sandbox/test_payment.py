"""The payment provider."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.sandbox import asking


@pytest.fixture
def paid(sandbox_server, new_key):
    """A captured payment of $25.00; its key."""
    key = new_key()
    sandbox_server.post("/payment/payments", asking.payment(), key)
    assert sandbox_server.post(f"/payment/payments/{key}/capture", {"amount_minor": 2500}, new_key())[0] == 200
    return key


@pytest.mark.parametrize(
    ("card", "status", "code"),
    [
        ("tok_ok", "authorized", ""),
        ("tok_declined", "declined", "declined"),
        ("tok_insufficient", "declined", "insufficient"),
        ("tok_slow", "pending", ""),
    ],
)
def test_it_knows_its_cards(sandbox_server, new_key, card, status, code):
    answer = sandbox_server.post("/payment/payments", asking.payment(card=card), new_key())
    assert answer[0] == 201, "a declined card is an answer, not an error"
    assert (answer[1]["status"], answer[1]["decline_code"]) == (status, code)


def test_it_authorizes_a_slow_card_after_its_time_and_not_before(own_sandbox):
    own_sandbox.post("/payment/payments", asking.payment(card="tok_very_late"), "late")
    own_sandbox.pass_time(seconds=39 * 60)
    assert own_sandbox.get("/payment/payments/late")[1]["status"] == "pending"
    own_sandbox.pass_time(seconds=120)
    assert own_sandbox.get("/payment/payments/late")[1]["status"] == "authorized"


def test_it_lets_a_pending_payment_be_voided_for_good(own_sandbox):
    own_sandbox.post("/payment/payments", asking.payment(card="tok_slow"), "slow")
    assert own_sandbox.post("/payment/payments/slow/void", {}, "void")[1]["status"] == "voided"
    own_sandbox.pass_time(days=1)
    assert own_sandbox.get("/payment/payments/slow")[1]["status"] == "voided"


@pytest.mark.parametrize("card", ["tok_declined", "tok_slow"])
def test_it_captures_only_what_is_authorized(sandbox_server, new_key, card):
    key = new_key()
    sandbox_server.post("/payment/payments", asking.payment(card=card), key)
    status, answer = sandbox_server.post(f"/payment/payments/{key}/capture", {"amount_minor": 1}, new_key())
    assert (status, answer["error"]) == (409, "not_authorized")


def test_it_captures_once_and_never_more_than_authorized(sandbox_server, new_key):
    key = new_key()
    sandbox_server.post("/payment/payments", asking.payment(), key)
    capture = f"/payment/payments/{key}/capture"
    assert sandbox_server.post(capture, {"amount_minor": 2501}, new_key())[1]["error"] == "above_authorized"
    assert sandbox_server.post(capture, {"amount_minor": 2400}, new_key())[1]["captured_minor"] == 2400
    assert sandbox_server.post(capture, {"amount_minor": 100}, new_key())[1]["error"] == "not_authorized"
    assert sandbox_server.post(f"/payment/payments/{key}/void", {}, new_key())[1]["error"] == "not_voidable"


def test_it_refunds_in_parts_and_never_more_than_captured(sandbox_server, new_key, paid):
    path = f"/payment/payments/{paid}/refunds"
    refund = new_key()
    assert sandbox_server.post(path, {"amount_minor": 2000}, refund)[1]["status"] == "succeeded"
    assert sandbox_server.post(path, {"amount_minor": 501}, new_key())[1]["error"] == "above_captured"
    assert sandbox_server.post(path, {"amount_minor": 2000}, refund)[0] == 201, "the same refund again"
    assert sandbox_server.post(path, {"amount_minor": 500}, new_key())[0] == 201
    assert sandbox_server.get(f"/payment/payments/{paid}")[1]["refunded_minor"] == 2500
    assert sandbox_server.get(f"/payment/refunds/{refund}")[1]["amount_minor"] == 2000
    assert sandbox_server.get("/payment/refunds/never")[0] == 404


def test_it_lists_what_moved_on_a_day(own_sandbox):
    own_sandbox.post("/payment/payments", asking.payment(), "pay")
    own_sandbox.post("/payment/payments/pay/capture", {"amount_minor": 2500}, "capture")
    own_sandbox.post("/payment/payments/pay/refunds", {"amount_minor": 700}, "refund")
    events = own_sandbox.get("/payment/events")[1]["events"]
    assert [event["type"] for event in events] == ["payment.authorized", "payment.captured", "payment.refunded"]
    day = datetime.fromisoformat(events[-1]["timestamp"]).astimezone(ZoneInfo("America/New_York")).date()
    statement = own_sandbox.get(f"/payment/statement?day={day}")[1]
    assert [(move["kind"], move["key"], move["amount_minor"]) for move in statement["movements"]] == [
        ("capture", "pay", 2500),
        ("refund", "refund", -700),
    ]
    assert statement["totals"] == {"USD": {"count": 2, "in_minor": 2500, "out_minor": 700}}
    assert own_sandbox.get("/payment/statement?day=yesterday")[0] == 422
