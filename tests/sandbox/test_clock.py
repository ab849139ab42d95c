"""The sandbox's time: set from outside, never back, and everything due by then has happened."""

from datetime import datetime

from tests.sandbox import asking


def test_it_lets_everything_due_happen_before_it_answers(own_sandbox):
    own_sandbox.post("/payment/payments", asking.payment(card="tok_slow"), "slow")
    own_sandbox.post("/carrier/labels", asking.label(), "label:1")
    own_sandbox.post("/bank/transfers", asking.transfer(), "payout:1")
    before = own_sandbox.get("/clock")[1]
    after = own_sandbox.pass_time(days=20)
    assert after["happenings"] > before["happenings"]
    assert own_sandbox.get("/payment/payments/slow")[1]["status"] == "authorized"
    assert own_sandbox.get("/carrier/labels/label:1")[1]["status"] == "delivered"
    assert own_sandbox.get("/bank/transfers/payout:1")[1]["state"] == "settled"


def test_it_keeps_the_order_and_the_times_of_what_happens_in_one_jump(own_sandbox):
    own_sandbox.post("/carrier/labels", asking.label(), "label:1")
    own_sandbox.post("/bank/transfers", asking.transfer(account="00019902"), "payout:1")
    own_sandbox.pass_time(days=30)
    events = own_sandbox.get("/carrier/tracking")[1]["events"] + own_sandbox.get("/bank/events")[1]["events"]
    events.sort(key=lambda event: event["number"])
    times = [datetime.fromisoformat(event["timestamp"]) for event in events]
    assert times == sorted(times)
    assert times[-1] > times[0]


def test_it_never_goes_back(own_sandbox):
    own_sandbox.pass_time(days=2)
    status, answer = own_sandbox.post("/clock", {"offset_seconds": 3600})
    assert (status, answer["error"], answer["offset_seconds"]) == (409, "backwards", 2 * 24 * 3600)
    assert own_sandbox.post("/clock", {"offset_seconds": 2 * 24 * 3600})[0] == 200, "the same again is fine"
    for wrong in (-1, 1.5, "5", True, None, 10**12):
        assert own_sandbox.post("/clock", {"offset_seconds": wrong})[0] == 422
