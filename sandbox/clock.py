"""The sandbox's clock: real time plus an offset that the product pushes when its own clock is moved."""

from sandbox.callbacks import Outbox
from sandbox.desk import Call, Done, Route
from sandbox.web import Refused
from sandbox.world import World, iso

FARTHEST = 50 * 366 * 24 * 3600


class Clock:
    def __init__(self, world: World, outbox: Outbox) -> None:
        self.world = world
        self.outbox = outbox

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/clock", lambda call: self.show()),
            Route("POST", "/clock", self.set, keyed=False),
            Route("GET", "/healthz", lambda call: {"status": "ok"} | self.show()),
        ]

    def show(self) -> dict:
        self.world.ripen()
        return {
            "offset_seconds": self.world.offset,
            "now": iso(self.world.now()),
            "happenings": len(self.world.happenings),
            "callbacks_owed": len(self.outbox.owed),
        }

    def set(self, call: Call) -> Done:
        """Everything that is due by the new time has happened, and is in the outbox, when this answers."""
        offset = call.body.get("offset_seconds")
        if not isinstance(offset, int) or isinstance(offset, bool) or not 0 <= offset <= FARTHEST:
            raise Refused(422, "wrong_field", "“offset_seconds” must be a whole number from 0.", field="offset_seconds")
        if offset < self.world.offset:
            raise Refused(409, "backwards", "The clock does not go backwards.", offset_seconds=self.world.offset)
        return Done(200, self.show, [{"kind": "clock.set", "offset_seconds": offset}])
