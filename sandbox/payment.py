"""The payment provider: authorizations, captures, refunds.

A payment goes `pending → authorized → captured`, or `declined`, or `voided` before it is captured. Captured once,
refunded in parts, never above what was captured.
"""

from dataclasses import dataclass

from sandbox import scenarios
from sandbox.bank_days import local_day
from sandbox.desk import Call, Done, Route
from sandbox.statement import Movement, statement
from sandbox.web import Refused
from sandbox.world import World, iso

CARDS = {
    "tok_ok": "",
    "tok_declined": "declined",
    "tok_insufficient": "insufficient",
    "tok_slow": "slow",
    "tok_very_late": "very_late",
    "tok_error_done": "error_done",
    "tok_timeout_done": "timeout_done",
    "tok_duplicate": "duplicate",
    "tok_reorder": "reorder",
    "tok_no_callback": "no_callback",
}
PENDING_SECONDS = {"slow": 60, "very_late": 40 * 60}
DECLINES = {"declined": "The card was declined.", "insufficient": "The card has not enough funds."}


@dataclass
class Payment:
    id: str
    key: str
    amount_minor: int
    currency: str
    card: str
    description: str
    scenario: tuple[str, ...]
    status: str
    decline_code: str
    created_at: float
    captured_minor: int = 0
    refunded_minor: int = 0

    def as_json(self) -> dict:
        return {
            "id": self.id,
            "key": self.key,
            "status": self.status,
            "amount_minor": self.amount_minor,
            "captured_minor": self.captured_minor,
            "refunded_minor": self.refunded_minor,
            "currency": self.currency,
            "decline_code": self.decline_code,
            "sentence": DECLINES.get(self.decline_code, ""),
            "created_at": iso(self.created_at),
        }


@dataclass
class Refund:
    id: str
    key: str
    payment_key: str
    amount_minor: int
    currency: str
    created_at: float

    def as_json(self) -> dict:
        return vars(self) | {"status": "succeeded", "created_at": iso(self.created_at)}


class Payments:
    name = "payment"

    def __init__(self, world: World) -> None:
        self.world = world
        self.payments: dict[str, Payment] = {}
        self._by_id: dict[str, Payment] = {}
        self.refunds: dict[str, Refund] = {}
        self.movements: list[Movement] = []
        world.add(
            self,
            {
                "payment.created": self._fold_created,
                "payment.captured": self._fold_captured,
                "payment.voided": self._fold_voided,
                "refund.made": self._fold_refund,
            },
        )

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/payment/payments", self.create),
            Route("GET", "/payment/payments/{key}", lambda call: self._find(call).as_json()),
            Route("POST", "/payment/payments/{key}/capture", self.capture),
            Route("POST", "/payment/payments/{key}/void", self.void),
            Route("POST", "/payment/payments/{key}/refunds", self.refund),
            Route("GET", "/payment/refunds/{key}", self.show_refund),
            Route(
                "GET", "/payment/events", lambda call: self.world.feed(self.name, call.number("since", 0), call.limit())
            ),
            Route("GET", "/payment/statement", lambda call: statement(self.movements, call)),
        ]

    # -- deeds

    def create(self, call: Call) -> Done:
        card = call.text("card")
        if card not in CARDS:
            raise Refused(422, "unknown_card", f"“{card}” is not a test card.", field="card")
        if call.key in self.payments:
            raise Refused(422, "key_reused", "There is a payment with this key.")
        chosen = self.world.chosen.get((self.name, call.key), ())
        scenario = chosen or scenarios.parse(CARDS[card], self.name)
        outcome = scenarios.outcome(scenario, self.name)
        fact = {
            "kind": "payment.created",
            "id": self.world.new_id("pay", call.key),
            "key": call.key,
            "amount_minor": call.amount(),
            "currency": call.currency(),
            "card": card,
            "description": call.text("description", required=False),
            "scenario": scenario,
            "status": "declined" if outcome in DECLINES else "pending" if outcome else "authorized",
            "decline_code": outcome if outcome in DECLINES else "",
        }
        return Done(201, lambda: self.payments[call.key].as_json(), [fact], scenario)

    def capture(self, call: Call) -> Done:
        payment = self._find(call)
        amount = call.amount()
        if payment.status != "authorized":
            raise self._conflict(payment, "not_authorized", "Only an authorized payment can be captured")
        if amount > payment.amount_minor:
            raise self._conflict(payment, "above_authorized", "More than authorized cannot be captured")
        return Done(200, payment.as_json, [{"kind": "payment.captured", "key": payment.key, "amount_minor": amount}])

    def void(self, call: Call) -> Done:
        payment = self._find(call)
        if payment.status not in ("authorized", "pending"):
            raise self._conflict(payment, "not_voidable", "Only what is not captured yet can be voided")
        return Done(200, payment.as_json, [{"kind": "payment.voided", "key": payment.key}])

    def refund(self, call: Call) -> Done:
        payment = self._find(call)
        amount = call.amount()
        if payment.status != "captured":
            raise self._conflict(payment, "not_captured", "Only a captured payment can be refunded")
        if payment.refunded_minor + amount > payment.captured_minor:
            raise self._conflict(payment, "above_captured", "More than captured cannot be refunded")
        chosen = self.world.chosen.get((self.name, call.key), ())
        fact = {
            "kind": "refund.made",
            "id": self.world.new_id("ref", call.key),
            "key": call.key,
            "payment_key": payment.key,
            "amount_minor": amount,
        }
        return Done(201, lambda: self.refunds[call.key].as_json(), [fact], chosen)

    # -- questions

    def _find(self, call: Call) -> Payment:
        payment = self.payments.get(call.args["key"])
        if not payment:
            raise Refused(404, "no_such_payment", "There is no payment with this key.")
        return payment

    def show_refund(self, call: Call) -> dict:
        refund = self.refunds.get(call.args["key"])
        if not refund:
            raise Refused(404, "no_such_refund", "There is no refund with this key.")
        return refund.as_json()

    def _conflict(self, payment: Payment, code: str, sentence: str) -> Refused:
        return Refused(409, code, f"{sentence}; this one is {payment.status}.", payment=payment.as_json())

    # -- what the facts mean

    def _fold_created(self, fact: dict, at: float) -> None:
        fields = {name: value for name, value in fact.items() if name != "kind"}
        payment = Payment(**fields | {"scenario": tuple(fact["scenario"])}, created_at=at)
        self.payments[payment.key] = self._by_id[payment.id] = payment
        if payment.status == "pending":
            delay = PENDING_SECONDS[scenarios.outcome(payment.scenario, self.name)]
            self.world.plan(at + delay, self.name, "payment.authorized", payment.id)
        else:
            self.world.plan(at, self.name, f"payment.{payment.status}", payment.id)

    def _fold_captured(self, fact: dict, at: float) -> None:
        payment = self.payments[fact["key"]]
        payment.status, payment.captured_minor = "captured", fact["amount_minor"]
        self._move("capture", payment.key, payment.id, payment.captured_minor, payment.currency, at)
        self.world.plan(at, self.name, "payment.captured", payment.id)

    def _fold_voided(self, fact: dict, at: float) -> None:
        payment = self.payments[fact["key"]]
        payment.status = "voided"
        self.world.unplan(payment.id)
        self.world.plan(at, self.name, "payment.voided", payment.id)

    def _fold_refund(self, fact: dict, at: float) -> None:
        payment = self.payments[fact["payment_key"]]
        payment.refunded_minor += fact["amount_minor"]
        refund = Refund(fact["id"], fact["key"], payment.key, fact["amount_minor"], payment.currency, at)
        self.refunds[refund.key] = refund
        self._move("refund", refund.key, refund.id, -refund.amount_minor, refund.currency, at)
        self.world.plan(at, self.name, "payment.refunded", payment.id, step=refund.id, refund=refund.key)

    def _move(self, kind: str, key: str, reference: str, amount: int, currency: str, at: float) -> None:
        day = local_day(at, currency).isoformat()
        self.movements.append(Movement(len(self.movements) + 1, day, at, kind, key, reference, amount, currency))

    def happen(self, type: str, subject: str, at: float, extra: dict) -> tuple[dict, tuple[str, ...]]:
        payment = self._by_id[subject]
        if type == "payment.authorized" and payment.status == "pending":
            payment.status = "authorized"
        data = payment.as_json()
        if refund := extra.get("refund"):
            data["refund"] = self.refunds[refund].as_json()
        return data, payment.scenario
