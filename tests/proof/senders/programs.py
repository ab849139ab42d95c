"""What programs send: the partner API, and the callbacks of carrier, payment provider and bank."""

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

from django.test import override_settings

from orders import payments
from orders.carriers import CARRIERS, SandboxCarrier
from orders.carriers import Label as Bought
from orders.models import Package, Payment
from orders.payment_provider import PaymentState, SandboxPaymentProvider
from payouts import reconciliation
from payouts.bank import SandboxBank, Transfer
from payouts.models import Payout
from sandbox.callbacks import sign, signing_key
from seller_center.kernel import clock
from tests.factories import orders as trade
from tests.factories.catalog import sku_of
from tests.proof.senders.people import Cast
from tests.proof.senders.shots import NUMBER, WHERE, Sending, Shot, route_of


def as_program(cast: Cast) -> list[Sending]:
    """A key of the partner API; carrier, payment provider and bank with a valid signature."""
    twin, key = cast.twin, {"Authorization": f"Bearer {cast.twin.key}"}
    code = sku_of(twin.rows.product).code
    order = {
        "external_number": "X-1",
        "lines": [{"sku": code, "quantity": 1}],
        "contact": {"name": "A Buyer", "email": "buyer@example.com"},
        "address": {name: WHERE[name] for name in ("line1", "city", "region", "postal_code")} | {"country": "US"},
    }

    def call(path: str, method: str, **body: Any) -> Sending:
        once_only = {"Idempotency-Key": f"key-{path}"}
        shot = Shot(f"/api/v1/{path}", method=method, body=json.dumps(body), headers=key | once_only)
        return Sending(route_of(f"/api/v1/{path}"), cast.program, lambda: shot, plain=True)

    parcel = f"orders/{twin.rows.order.code}/packages/{twin.rows.package.code}/shipment"
    return [
        call("stock", "PUT", sku=code, on_hand=77),
        call("orders", "POST", **order),
        call("orders/batch", "POST", orders=[order | {"key": "one"}]),
        call(parcel, "POST", carrier="ups", tracking_number=NUMBER),
        Sending("callbacks/carrier/", cast.program, lambda: _scanned(cast)),
        Sending("callbacks/payment/", cast.program, lambda: _captured(cast)),
        Sending("callbacks/bank/", cast.program, lambda: _settled(cast)),
    ]


SECRET = "whsec_" + base64.b64encode(b"a secret of these tests").decode()


class PaysAtOnce(SandboxPaymentProvider):
    """A payment provider that has taken whatever is asked about."""

    def authorize(self, *, key: str, amount_minor: int, currency: str, card_token: str, description: str = ""):
        return self._taken(key)

    def capture(self, *, key: str, payment_key: str, amount_minor: int):
        return self._taken(payment_key)

    def status(self, payment_key: str):
        return self._taken(payment_key)

    def _taken(self, key: str) -> PaymentState:
        row = payments.payment_of_key(key)
        amount = row.amount_minor
        return PaymentState(key, f"ref-{key}", "captured", amount, amount, 0, row.order.currency, "", "")


class Settles(SandboxBank):
    """A bank at which everything has arrived."""

    def status(self, key: str) -> Transfer:
        row = reconciliation.payout_of(key)
        return Transfer(key, f"ref-{key}", "settled", row.amount_minor, row.currency, "", "", None)


class SellsLabels(SandboxCarrier):
    """A carrier that sells every label."""

    def buy_label(self, *, key: str, parcel: Any, service: str) -> Bought:
        return Bought(key, "lab_1", trade.tracking_number(), service, "bought", 650, "USD")


@contextlib.contextmanager
def connected() -> Iterator[None]:
    """Payment provider, bank and carrier are these."""
    here = "tests.proof.senders.programs"
    tiktok = {"tiktok": {"OAUTH_PKCE_ENABLED": True, "APPS": [{"client_id": "key", "secret": "secret"}]}}
    with (
        override_settings(SOCIALACCOUNT_PROVIDERS=tiktok, ACCOUNT_RATE_LIMITS=False),  # limits: tests/accounts
        override_settings(PAYMENT_PROVIDER=f"{here}.PaysAtOnce", BANK=f"{here}.Settles", SANDBOX_SECRET=SECRET),
        mock.patch(
            "orders.labels.carriers.carrier", lambda code: SellsLabels() if code == "sandbox" else CARRIERS[code]
        ),
    ):
        yield


def _signed(path: str, service: str, type: str, data: dict) -> Shot:
    at, now = int(time.time()), clock.real_now().isoformat()
    told = {"id": "evt_1", "number": 1, "timestamp": now, "service": service, "type": type, "data": data}
    body = json.dumps(told)
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(at),
        "webhook-signature": sign(signing_key(SECRET), "evt_1", at, body.encode()),
    }
    return Shot(path, body=body, headers=headers)


def _scanned(cast: Cast) -> Shot:
    package = cast.twin.rows.shipped
    scan = {"tracking_number": package.tracking_number, "reference": package.code, "status": "accepted"}
    more = {"sentence": "Collected", "place": "Austin", "happened_at": clock.real_now().isoformat()}
    Package.objects.filter(pk=package.pk).update(carrier="sandbox")
    return _signed("/callbacks/carrier/", "carrier", "scan", scan | more)


def _captured(cast: Cast) -> Shot:
    payment = trade.payment_of(cast.twin.rows.unpaid)
    Payment.objects.filter(pk=payment.pk).update(status="sending")
    amount = payment.amount_minor
    amounts = {"amount_minor": amount, "captured_minor": amount, "refunded_minor": 0, "currency": "USD"}
    told = {"key": payment.key, "id": "P1", "status": "captured", "decline_code": "", "sentence": "", **amounts}
    return _signed("/callbacks/payment/", "payment", "payment.captured", told)


def _settled(cast: Cast) -> Shot:
    payout = cast.twin.rows.payout
    Payout.objects.filter(pk=payout.pk).update(status="sending", first_sent_at=clock.real_now())
    amount = {"amount_minor": payout.amount_minor, "currency": payout.currency}
    told = {"key": payout.key, "id": "T1", "state": "settled", "reason": "", "return_code": "", "settles_on": None}
    return _signed("/callbacks/bank/", "bank", "transfer.settled", told | amount)
