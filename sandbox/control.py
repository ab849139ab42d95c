"""The strings behind the stage, pulled by tests; only there when the process was started with `--control`."""

from sandbox import scenarios
from sandbox.callbacks import Outbox, Postman
from sandbox.desk import Behaviour, Call, Desk, Done, Route
from sandbox.web import Refused
from sandbox.world import World, iso

MODES = ("up", "down", "unavailable", "slow", "garbage")


class Control:
    def __init__(self, world: World, desk: Desk, outbox: Outbox, postman: Postman) -> None:
        self.world = world
        self.desk = desk
        self.outbox = outbox
        self.postman = postman

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/control/behaviour", self.behave, keyed=False),
            Route("POST", "/control/scenario", self.choose, keyed=False),
            Route("POST", "/control/callback", self.forge, keyed=False),
            Route("POST", "/control/callback-base", self.point, keyed=False),
            Route("GET", "/control/outbox", lambda call: {"owed": [owed.name for owed in self.outbox.owed.values()]}),
        ]

    def behave(self, call: Call) -> dict:
        """A whole service answers in this way until told otherwise or restarted."""
        service, mode = self._service(call), call.text("mode")
        if mode not in MODES:
            raise Refused(422, "unknown_mode", f"“mode” must be one of {', '.join(MODES)}.", field="mode")
        seconds = call.body.get("seconds", 5)
        if not isinstance(seconds, int | float):
            raise Refused(422, "wrong_field", "“seconds” must be a number.", field="seconds")
        self.desk.behaviours[service] = Behaviour(mode, seconds)
        return {"service": service, "mode": mode}

    def choose(self, call: Call) -> Done:
        """What will come of the next record with this key."""
        service, key = self._service(call), call.text("key")
        scenario = scenarios.parse(call.text("scenario", required=False), service)
        fact = {"kind": "scenario.chosen", "service": service, "key": key, "scenario": scenario}
        return Done(200, lambda: {"service": service, "key": key, "scenario": "+".join(scenario)}, [fact])

    def forge(self, call: Call) -> Done:
        """Send a callback about something that never happened, signed rightly or with somebody else's key."""
        name = self.world.new_id("evt", "forged", self.world.now(), len(self.outbox.owed))
        callback_id = call.text("id", required=False) or name
        body = {
            "number": 0,
            "id": callback_id,
            "type": call.text("type"),
            "timestamp": iso(self.world.now()),
            "data": call.section("data"),
        }
        callback = {
            "name": name,
            "id": callback_id,
            "service": self._service(call),
            "subject": name,
            "body": body,
            "signed": call.body.get("signed") is not False,
        }
        return Done(200, lambda: {"id": callback_id}, [{"kind": "callback.forged", "callback": callback}])

    def point(self, call: Call) -> dict:
        """Deliver to this address from now on (not remembered over a restart)."""
        self.postman.base = call.text("url", required=False)
        self.postman.look()
        return {"url": self.postman.base}

    def _service(self, call: Call) -> str:
        service = call.text("service")
        if service not in scenarios.OUTCOMES:
            raise Refused(422, "unknown_service", f"There is no service “{service}”.", field="service")
        return service
