"""The seam to whoever takes the buyers' money: authorize, capture, refund, void, and ask again by key.

Every deed carries a key of ours, unique for ever (`payment:{code}`, `refund:{id}`): the same key is the same deed, so
that it may be repeated after `Unreachable`. A refusal (`HttpRefused`) means that nothing was done. Another attempt with
another card is another key. A real provider is a class with these methods, named in `settings.PAYMENT_PROVIDER`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from orders import sandbox
from seller_center.kernel.http import Unreachable

TEST_CARDS = {
    "tok_ok": "pays at once",
    "tok_declined": "is declined",
    "tok_insufficient": "has not enough funds",
    "tok_slow": "pays a minute later",
    "tok_very_late": "pays forty minutes later",
    "tok_error_done": "pays, but the provider answers with an error",
    "tok_timeout_done": "pays, but the provider does not answer",
    "tok_duplicate": "pays, and says so twice",
    "tok_reorder": "pays, and says so in the wrong order",
    "tok_no_callback": "pays, and never says so",
}
"""The cards of the sandbox, for the checkout page of a demo."""


@dataclass(frozen=True)
class PaymentState:
    """How a payment stands: `status` pending, authorized, captured, declined or voided.

    `key` is ours, `reference` the provider's name for it; `sentence` says why it was declined.
    """

    key: str
    reference: str
    status: str
    amount_minor: int
    captured_minor: int
    refunded_minor: int
    currency: str
    decline_code: str
    sentence: str


@dataclass(frozen=True)
class RefundState:
    key: str
    payment_key: str
    reference: str
    status: str
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class PaymentEvent:
    """`type`: payment.authorized, .declined, .captured, .voided, .refunded. `number` is the cursor for polling."""

    id: str
    number: int
    type: str
    at: datetime
    payment: PaymentState
    refund: RefundState | None


@dataclass(frozen=True)
class PaymentEvents:
    events: list[PaymentEvent]
    next: int
    more: bool


class PaymentProvider(Protocol):
    def authorize(
        self, *, key: str, amount_minor: int, currency: str, card_token: str, description: str = ""
    ) -> PaymentState: ...

    def capture(self, *, key: str, payment_key: str, amount_minor: int) -> PaymentState: ...

    def void(self, *, key: str, payment_key: str) -> PaymentState: ...

    def refund(self, *, key: str, payment_key: str, amount_minor: int) -> RefundState: ...

    def status(self, payment_key: str) -> PaymentState | None:
        """None: the provider has never heard of this key."""

    def refund_status(self, key: str) -> RefundState | None: ...

    def read_callback(self, body: bytes, headers: Mapping[str, str]) -> PaymentEvent:
        """Raises `CallbackRefused`. What it says is a hint: money moves by `status`."""

    def events(self, since: int) -> PaymentEvents: ...


class SandboxPaymentProvider:
    def authorize(
        self, *, key: str, amount_minor: int, currency: str, card_token: str, description: str = ""
    ) -> PaymentState:
        body = {"amount_minor": amount_minor, "currency": currency, "card": card_token, "description": description}
        state = _payment(sandbox.post("/payment/payments", body, key=key))
        if (state.key, state.amount_minor, state.currency) != (key, amount_minor, currency):
            raise Unreachable("answered about another payment", sent=True)
        return state

    def capture(self, *, key: str, payment_key: str, amount_minor: int) -> PaymentState:
        return _payment(sandbox.post(f"{_path(payment_key)}/capture", {"amount_minor": amount_minor}, key=key))

    def void(self, *, key: str, payment_key: str) -> PaymentState:
        return _payment(sandbox.post(f"{_path(payment_key)}/void", {}, key=key))

    def refund(self, *, key: str, payment_key: str, amount_minor: int) -> RefundState:
        state = _refund(sandbox.post(f"{_path(payment_key)}/refunds", {"amount_minor": amount_minor}, key=key))
        if (state.key, state.amount_minor) != (key, amount_minor):
            raise Unreachable("answered about another refund", sent=True)
        return state

    def status(self, payment_key: str) -> PaymentState | None:
        found = sandbox.find(_path(payment_key))
        return _payment(found) if found else None

    def refund_status(self, key: str) -> RefundState | None:
        found = sandbox.find(f"/payment/refunds/{sandbox.segment(key)}")
        return _refund(found) if found else None

    def read_callback(self, body: bytes, headers: Mapping[str, str]) -> PaymentEvent:
        return _event(sandbox.verified(body, headers))

    def events(self, since: int) -> PaymentEvents:
        answer = sandbox.get("/payment/events", since=since)
        with sandbox.readable():
            return PaymentEvents([_event(event) for event in answer["events"]], answer["next"], answer["more"])


def provider() -> PaymentProvider:
    """The provider of this installation."""
    return import_string(getattr(settings, "PAYMENT_PROVIDER", "orders.payment_provider.SandboxPaymentProvider"))()


def _path(payment_key: str) -> str:
    return f"/payment/payments/{sandbox.segment(payment_key)}"


def _payment(answer: dict) -> PaymentState:
    with sandbox.readable():
        return PaymentState(
            key=answer["key"],
            reference=answer["id"],
            status=answer["status"],
            amount_minor=answer["amount_minor"],
            captured_minor=answer["captured_minor"],
            refunded_minor=answer["refunded_minor"],
            currency=answer["currency"],
            decline_code=answer["decline_code"],
            sentence=answer["sentence"],
        )


def _refund(answer: dict) -> RefundState:
    with sandbox.readable():
        return RefundState(
            key=answer["key"],
            payment_key=answer["payment_key"],
            reference=answer["id"],
            status=answer["status"],
            amount_minor=answer["amount_minor"],
            currency=answer["currency"],
        )


def _event(event: dict) -> PaymentEvent:
    with sandbox.readable():
        return PaymentEvent(
            id=event["id"],
            number=event["number"],
            type=event["type"],
            at=datetime.fromisoformat(event["timestamp"]),
            payment=_payment(event["data"]),
            refund=_refund(event["data"]["refund"]) if "refund" in event["data"] else None,
        )
