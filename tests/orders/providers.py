"""Stand-ins for payment provider and carrier, with the behaviour that a test wants."""

from orders.payment_provider import PaymentState, RefundState
from seller_center.kernel.http import HttpRefused, Unreachable


class FakeProvider:
    """Keeps payments by key. ``script`` says what the next calls do: ``ok``, ``lost`` (done, no answer), ``down``
    (not done, no answer), ``refuse``, or a status of the authorization (``declined``, ``pending``)."""

    def __init__(self, *script: str) -> None:
        self.script = list(script)
        self.payments: dict[str, PaymentState] = {}
        self.refunds: dict[str, RefundState] = {}
        self.calls: list[str] = []

    def _next(self, name: str) -> str:
        self.calls.append(name)
        return self.script.pop(0) if self.script else "ok"

    def _answer(self, how: str, done):
        if how == "down":
            raise Unreachable("no way", sent=True)
        if how == "unsent":
            raise Unreachable("no way at all", sent=False)
        if how == "refuse":
            raise HttpRefused(409, {"sentence": "The provider says no."})
        result = done()
        if how == "lost":
            raise Unreachable("the answer was lost", sent=True)
        return result

    def authorize(self, *, key, amount_minor, currency, card_token, description=""):
        how = self._next("authorize")
        status = how if how in ("declined", "pending") else "authorized"
        return self._answer(how, lambda: self._set(key, status, amount_minor, currency))

    def _set(self, key, status, amount, currency, captured=0):
        sentence = "The card was declined." if status == "declined" else ""
        state = PaymentState(key, f"ref-{key}", status, amount, captured, 0, currency, "", sentence)
        self.payments[key] = state
        return state

    def capture(self, *, key, payment_key, amount_minor):
        now = self.payments[payment_key]
        how = self._next("capture")
        return self._answer(
            how, lambda: self._set(payment_key, "captured", now.amount_minor, now.currency, amount_minor)
        )

    def void(self, *, key, payment_key):
        now = self.payments[payment_key]
        return self._answer(
            self._next("void"), lambda: self._set(payment_key, "voided", now.amount_minor, now.currency)
        )

    def refund(self, *, key, payment_key, amount_minor):
        def pay():
            self.refunds.setdefault(key, RefundState(key, payment_key, f"ref-{key}", "succeeded", amount_minor, "USD"))
            return self.refunds[key]

        return self._answer(self._next("refund"), pay)

    def status(self, payment_key):
        return self._answer(self._next("status"), lambda: self.payments.get(payment_key))
