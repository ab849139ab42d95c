"""J2: what calls back is believed by its signature alone: no bit of it may be another, no secret, no other hour.

Asked at the doors of payment provider, carrier and bank. Their verbs are replaced by one that counts: what is believed
is an effect. What a believed callback may do is asked in tests/orders/test_sandbox.py and tests/payouts.
"""

import base64
import contextlib
import json
import logging
import random
import time
from collections.abc import Iterator

import pytest
from django.test import Client

from orders import payment_provider, payments
from orders import sandbox as wire
from orders.models import Order
from orders.payment_provider import SandboxPaymentProvider
from orders.views import callbacks as orders_doors
from payouts.views import callbacks as payouts_doors
from sandbox.callbacks import sign, signing_key
from seller_center.kernel import clock
from tests.dice import SEED
from tests.factories import orders as make
from tests.factories.catalog import make_product
from tests.figures import at_figures
from tests.proof.probing import checksums
from tests.sandbox.fixtures import SECRET, connected_sandbox, receiver, sandbox_server

__all__ = ["connected_sandbox", "receiver", "sandbox_server"]

NEW, OLD, OTHER = (
    "whsec_" + base64.b64encode(word).decode() for word in (b"the newest secret of all", b"the old one", b"not ours")
)
NOW = 1_790_000_000
CLIENT = Client(raise_request_exception=False)
#: A callback is believed this long before and after it was signed.
TOLERANCE = 300

PAYMENT = {
    "key": "pay:1",
    "id": "P1",
    "status": "captured",
    "currency": "USD",
    "decline_code": "",
    "sentence": "",
    "amount_minor": 2_500,
    "captured_minor": 2_500,
    "refunded_minor": 0,
}
TRANSFER = {
    "key": "payout:1",
    "id": "T1",
    "state": "settled",
    "amount_minor": 10_000,
    "currency": "USD",
    "reason": "",
    "return_code": "",
    "settles_on": None,
}
SCAN = {
    "tracking_number": "SB1",
    "reference": "PK1",
    "status": "delivered",
    "sentence": "Delivered",
    "place": "Here",
    "happened_at": "2026-09-21T14:13:20+00:00",
}
TOLD = {"id": "evt_1", "number": 1, "timestamp": "2026-09-21T14:13:20+00:00"}
DOORS = {
    "/callbacks/payment/": TOLD | {"service": "payment", "type": "payment.captured", "data": PAYMENT},
    "/callbacks/bank/": TOLD | {"service": "bank", "type": "transfer.settled", "data": TRANSFER},
    "/callbacks/carrier/": TOLD | {"service": "carrier", "type": "scan", "data": SCAN},
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Hundreds of refusals would be hundreds of lines."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


class Effects(list):
    """What was believed."""


@pytest.fixture
def effects(db, monkeypatch, settings, time_machine) -> Effects:
    found = Effects()
    settings.SANDBOX_URL, settings.SANDBOX_SECRET = "http://127.0.0.1:9", NEW
    time_machine.move_to(NOW, tick=False)
    monkeypatch.setattr(orders_doors.payments, "look_at", lambda **told: found.append(told))
    monkeypatch.setattr(orders_doors.tracking, "record_scan", lambda **told: found.append(told) or True)
    monkeypatch.setattr(payouts_doors.reconciliation, "hear_callback", lambda event, **_: found.append(event) or True)
    return found


class Letter:
    """A callback in its parts, each of which can be harmed."""

    def __init__(self, content: dict, *, secret: str = NEW, at: int = NOW, id: str = "evt_1") -> None:
        self.body = json.dumps(content).encode()
        self.id, self.at = id.encode(), str(at).encode()
        self.signature = base64.b64decode(sign(signing_key(secret), id, at, self.body).partition(",")[2])

    def flipped(self, dice: random.Random) -> "Letter":
        """The same with one bit turned, anywhere."""
        other = Letter.__new__(Letter)
        vars(other).update(vars(self))
        part = dice.choice(("body", "id", "at", "signature"))
        changed = bytearray(getattr(self, part))
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        setattr(other, part, bytes(changed))
        return other

    def post(self, path: str) -> int:
        headers = {
            "webhook-id": self.id.decode("latin-1"),
            "webhook-timestamp": self.at.decode("latin-1"),
            "webhook-signature": "v1," + base64.b64encode(self.signature).decode(),
        }
        return CLIENT.post(path, self.body, content_type="application/json", headers=headers).status_code


@pytest.mark.parametrize("door", DOORS)
def test_it_believes_what_was_signed(effects, door):
    """The other side (R4): a door that believes nothing would pass all the rest."""
    assert Letter(DOORS[door]).post(door) == 200
    assert len(effects) == 1


@at_figures("flips", 500, deep=20_000)
def test_it_believes_nothing_with_a_bit_turned(effects, figure, flips):
    print(f"SEED={SEED}")
    answers = turned(flips)
    assert set(answers) <= {400, 422}, answers
    assert effects == []
    figure("J2", "bits turned", len(answers))
    assert len(answers) == flips


def turned(flips: int) -> list[int]:
    dice = random.Random(SEED)
    whole = [(door, Letter(content)) for door, content in DOORS.items()]
    return [letter.flipped(dice).post(door) for door, letter in (whole[turn % len(whole)] for turn in range(flips))]


def test_control_without_the_signature_turned_bits_are_believed(effects, monkeypatch):
    monkeypatch.setattr(wire.Webhook, "verify", lambda self, body, headers: json.loads(body))
    turned(500)
    assert len(effects) > 100


@pytest.mark.parametrize("door", DOORS)
def test_it_believes_five_minutes_and_not_a_second_longer(effects, door):
    for seconds in (-TOLERANCE, TOLERANCE):
        assert Letter(DOORS[door], at=NOW + seconds).post(door) == 200
        beyond = seconds + (1 if seconds > 0 else -1)
        assert Letter(DOORS[door], at=NOW + beyond).post(door) == 422
    assert len(effects) == 2


@pytest.mark.parametrize("door", DOORS)
def test_it_believes_no_other_secret_and_no_bare_word(effects, door):
    assert Letter(DOORS[door], secret=OTHER).post(door) == 422
    signed = "v1," + base64.b64encode(Letter(DOORS[door]).signature).decode()
    whole = {"webhook-id": "evt_1", "webhook-timestamp": str(NOW), "webhook-signature": signed}
    harmed = [
        *({name: value for name, value in whole.items() if name != left_out} for left_out in whole),
        *(whole | {"webhook-signature": word} for word in ("", "v1,", "v1", signed[3:], "v1a" + signed[2:], "v1,AAAA")),
        *(whole | {"webhook-timestamp": word} for word in ("", "now", "inf", "nan", "-1", "9" * 40)),
    ]
    for headers in harmed:
        body = json.dumps(DOORS[door]).encode()
        answer = CLIENT.post(door, body, content_type="application/json", headers=headers)
        assert answer.status_code == 422, headers
    assert effects == []
    assert len(harmed) == 15


def test_it_believes_both_secrets_while_they_change_and_then_the_new_one_only(effects, settings):
    [(door, content), *_others] = DOORS.items()
    for kept, old, new in ((OLD, 200, 422), (f"{NEW},{OLD}", 200, 200), (NEW, 422, 200)):
        settings.SANDBOX_SECRET = kept
        assert Letter(content, secret=OLD).post(door) == old
        assert Letter(content, secret=NEW).post(door) == new
        assert Letter(content, secret=OTHER).post(door) == 422
    settings.SANDBOX_SECRET = ","
    assert Letter(content, secret="whsec_").post(door) >= 400
    assert len(effects) == 4


# -- again and again, at the real doors -------------------------------------------------------------------------------


@pytest.fixture
def declined(shop, connected_sandbox):
    """An order whose payment the provider declined, and the lie that it was captured, signed as it should be."""
    return tried(shop, "tok_declined")


def tried(shop, card: str) -> tuple[Order, dict]:
    now = clock.real_now()
    order = make.make_order(shop, at=now, product=make_product(shop, price_minor=1234, on_hand=5))
    with contextlib.suppress(payments.PaymentDeclined):
        payments.start_payment(order=order, card_token=card, at=now)
    told = PAYMENT | {"key": make.payment_of(order).key, "amount_minor": order.total_minor, "captured_minor": 1}
    return order, DOORS["/callbacks/payment/"] | {"data": told}


def post(content: dict) -> int:
    return Letter(content, secret=SECRET, at=int(time.time())).post("/callbacks/payment/")


@pytest.mark.django_db
def test_a_replay_has_no_second_effect(shop, connected_sandbox):
    order, told = tried(shop, "tok_error_done")
    assert make.payment_of(order).status == "unknown"
    assert post(told) == 200
    assert make.payment_of(order).status == "captured"
    before = checksums()
    assert [post(told) for _turn in range(8)] == [200] * 8
    assert checksums() == before


@pytest.mark.django_db
def test_a_signed_lie_has_no_effect(declined):
    order, lie = declined
    before = checksums()
    assert [post(lie) for _turn in range(8)] == [200] * 8
    assert checksums() == before
    assert make.payment_of(order).status == "declined"


@pytest.mark.django_db
def test_control_a_door_that_believes_the_words_would_take_the_lie(declined, monkeypatch):
    order, lie = declined
    monkeypatch.setattr(SandboxPaymentProvider, "status", lambda self, key: payment_provider._payment(lie["data"]))
    assert post(lie) == 200
    assert make.payment_of(order).status == "captured"
