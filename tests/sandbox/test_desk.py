"""The desk: idempotency keys, refusals, and whole services that are down, slow or talk garbage."""

import threading
import time

import pytest

from tests.sandbox import asking


def test_it_answers_the_same_key_with_the_same_answer_and_one_effect(sandbox_server, new_key):
    key = new_key()
    first = sandbox_server.post("/payment/payments", asking.payment(), key)
    sandbox_server.post(f"/payment/payments/{key}/capture", {"amount_minor": 2500}, new_key())
    assert sandbox_server.post("/payment/payments", asking.payment(), key) == first
    assert first[1]["status"] == "authorized", "the answer of then, not of now"
    assert sandbox_server.get(f"/payment/payments/{key}")[1]["status"] == "captured"


def test_it_takes_another_key_as_another_deed(sandbox_server, new_key):
    one = sandbox_server.post("/payment/payments", asking.payment(), new_key())[1]
    two = sandbox_server.post("/payment/payments", asking.payment(), new_key())[1]
    assert one["id"] != two["id"], "control: without the key the same body has a second effect"


def test_it_gives_eight_callers_at_once_one_effect_and_equal_answers(sandbox_server, new_key):
    key, answers = new_key(), []
    ready = threading.Barrier(8)

    def ask() -> None:
        ready.wait()
        answers.append(sandbox_server.post("/bank/transfers", asking.transfer(), key))

    callers = [threading.Thread(target=ask) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(answers) == 8
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/payment/payments", asking.payment(amount_minor=2501)),
        ("/payment/payments/other/capture", {"amount_minor": 1}),
    ],
)
def test_it_refuses_a_used_key_for_something_else(sandbox_server, new_key, path, body):
    key = new_key()
    sandbox_server.post("/payment/payments", asking.payment(), key)
    status, answer = sandbox_server.post(path, body, key)
    assert (status, answer["error"]) == (422, "key_reused")


def test_it_keeps_the_key_free_after_a_refusal(sandbox_server, new_key):
    key = new_key()
    assert sandbox_server.post("/payment/payments", asking.payment(amount_minor=0), key)[0] == 422
    assert sandbox_server.post("/payment/payments", asking.payment(), key)[0] == 201


@pytest.mark.parametrize(
    ("path", "body", "key", "status", "code"),
    [
        ("/payment/payments", asking.payment(), "", 400, "key_missing"),
        ("/payment/payments", asking.payment(amount_minor=True), "k", 422, "wrong_field"),
        ("/payment/payments", asking.payment(amount_minor="5"), "k", 422, "wrong_field"),
        ("/payment/payments", asking.payment(amount_minor=-5), "k", 422, "wrong_field"),
        ("/payment/payments", asking.payment(currency="usd"), "k", 422, "wrong_field"),
        ("/payment/payments", asking.payment(card="4242424242424242"), "k", 422, "unknown_card"),
        ("/bank/transfers", asking.transfer(name=" "), "k", 422, "wrong_field"),
        ("/carrier/labels", asking.label(service="balloon"), "k", 422, "unknown_service"),
        ("/carrier/labels", asking.label(to={}), "k", 422, "wrong_address"),
        ("/carrier/labels", asking.label(weight_grams=70_001), "k", 422, "too_heavy"),
        ("/carrier/labels", asking.label(scenario="eaten"), "k", 422, "unknown_scenario"),
        ("/payment/nowhere", {}, "k", 404, "no_such_place"),
        ("/payment/events", {}, "k", 405, "wrong_method"),
    ],
)
def test_it_refuses_what_it_does_not_understand(sandbox_server, path, body, key, status, code):
    answer = sandbox_server.post(path, body, key)
    assert (answer[0], answer[1]["error"]) == (status, code)
    assert answer[1]["sentence"].endswith(".")


def test_it_answers_a_done_deed_with_500_or_silence_the_first_time(sandbox_server, new_key):
    failed = new_key()
    assert sandbox_server.post("/payment/payments", asking.payment(card="tok_error_done"), failed)[0] == 500
    assert sandbox_server.get(f"/payment/payments/{failed}")[1]["status"] == "authorized"
    assert sandbox_server.post("/payment/payments", asking.payment(card="tok_error_done"), failed)[0] == 201

    silent = new_key()
    with pytest.raises(OSError):
        sandbox_server.post("/payment/payments", asking.payment(card="tok_timeout_done"), silent)
    assert sandbox_server.post("/payment/payments", asking.payment(card="tok_timeout_done"), silent)[0] == 201


def test_it_can_be_down_slow_unavailable_and_full_of_garbage(own_sandbox):
    own_sandbox.behave("bank", "down")
    with pytest.raises(OSError):
        own_sandbox.post("/bank/transfers", asking.transfer(), "payout:1")
    own_sandbox.behave("bank", "unavailable")
    assert own_sandbox.post("/bank/transfers", asking.transfer(), "payout:1")[0] == 503
    own_sandbox.behave("bank", "garbage")
    with pytest.raises(ValueError):
        own_sandbox.post("/bank/transfers", asking.transfer(), "payout:1")
    assert own_sandbox.get("/carrier/tracking")[0] == 200, "the others are up"
    own_sandbox.behave("bank", "slow", seconds=0.3)
    begun = time.monotonic()
    assert own_sandbox.get("/bank/transfers/payout:1")[0] == 404, "nothing was done meanwhile"
    assert time.monotonic() - begun >= 0.3
    own_sandbox.behave("bank", "up")
    assert own_sandbox.post("/bank/transfers", asking.transfer(), "payout:1")[0] == 201


def test_it_pages_through_what_happened(own_sandbox):
    for number in range(130):
        own_sandbox.post("/payment/payments", asking.payment(), f"pay:{number}")
    found, cursor, more = [], 0, True
    while more:
        page = own_sandbox.get(f"/payment/events?since={cursor}")[1]
        assert len(page["events"]) <= 60
        found += page["events"]
        cursor, more = page["next"], page["more"]
    assert [event["data"]["key"] for event in found] == [f"pay:{number}" for number in range(130)]
    assert own_sandbox.get(f"/payment/events?since={cursor}")[1] == {"events": [], "next": cursor, "more": False}
    assert own_sandbox.get("/payment/events?since=999999")[1]["events"], "a foreign cursor starts over"
    assert own_sandbox.get("/payment/events?since=x")[0] == 422
