"""A bank in memory, as friendly or hostile as a test wants it. ``settings.BANK = "tests.payouts.banks.MemoryBank"``."""

import datetime as dt
from collections.abc import Mapping

from payouts.bank import Movement, Transfer, TransferEvent, TransferEvents
from seller_center.kernel.http import HttpRefused, Unreachable

MOMENT = dt.datetime(2026, 10, 27, 12, 30, tzinfo=dt.UTC)


class World:
    """What the bank knows. One per test: ``banks.world = World()``."""

    def __init__(self) -> None:
        self.transfers: dict[str, Transfer] = {}
        self.submitted: list[str] = []
        self.events: list[TransferEvent] = []
        self.movements: list[Movement] = []
        self.manner: dict[str, str] = {}
        self.forgets = False
        self.in_transaction: list[bool] = []

    def happen(self, key: str, state: str, *, code: str = "", amount: int | None = None, number: int = 0) -> None:
        """The bank decides: settled, returned … and says so in its feed and its statement."""
        known = self.transfers[key]
        amount = known.amount_minor if amount is None else amount
        transfer = Transfer(
            key, known.reference, state, amount, known.currency, f"because {code}", code, known.settles_on
        )
        self.transfers[key] = transfer
        number = number or len(self.events) + 1
        self.events.append(TransferEvent(f"evt{number}", number, f"transfer.{state}", MOMENT, transfer))
        signed = {"settled": -amount, "returned": amount}.get(state)
        if signed:
            kind = "transfer" if state == "settled" else "return"
            place = len(self.movements) + 1
            self.movements.append(
                Movement(place, MOMENT.date(), MOMENT, kind, key, known.reference, signed, known.currency)
            )

    def movement(self, key: str, amount: int, *, currency: str = "USD") -> None:
        """A line on the statement that nothing explains."""
        place = len(self.movements) + 1
        self.movements.append(Movement(place, MOMENT.date(), MOMENT, "transfer", key, "trf", amount, currency))


world = World()


class MemoryBank:
    """Answers as ``world.manner[key]`` says: ok, refused, lost (done, no answer), away, never (not done, no answer)."""

    def submit(self, *, key: str, amount_minor: int, currency: str, routing: str, account: str, name: str) -> Transfer:
        from django.db import connection

        world.submitted.append(key)
        world.in_transaction.append(connection.in_atomic_block)
        manner = world.manner.get(key) or world.manner.get("all", "ok")
        if manner == "away":
            raise Unreachable("ConnectTimeout", sent=False)
        if manner == "never":
            raise Unreachable("ReadTimeout", sent=True)
        if manner == "refused":
            raise HttpRefused(422, {"sentence": "The account number is not valid."})
        if key not in world.transfers:
            state = "rejected" if manner == "rejected" else "accepted"
            reason = "The bank does not send to this account." if state == "rejected" else ""
            world.transfers[key] = Transfer(
                key, f"trf{len(world.transfers) + 1}", state, amount_minor, currency, reason, "", dt.date(2026, 10, 27)
            )
        if manner == "lost":
            raise Unreachable("ReadTimeout", sent=True)
        return world.transfers[key]

    def status(self, key: str) -> Transfer | None:
        return None if world.forgets else world.transfers.get(key)

    def events(self, since: int) -> TransferEvents:
        rest = [event for event in world.events if event.number > since]
        return TransferEvents(rest, max([since, *(event.number for event in rest)]), more=False)

    def returns(self, since: int) -> TransferEvents:
        return self.events(since)

    def statement(self, day: dt.date) -> list[Movement]:
        return [movement for movement in world.movements if movement.day == day]

    def read_callback(self, body: bytes, headers: Mapping[str, str]) -> TransferEvent:
        raise NotImplementedError
