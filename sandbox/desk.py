"""The desk: finds the route, keeps the promise of the idempotency key, and misbehaves when told to.

Same key and same body → the same answer, without a second effect. Same key and another body or route → 422. What was
refused changed nothing and leaves its key free.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from sandbox.web import Answer, Refused, Request
from sandbox.world import World

GARBAGE = Answer(200, b"<html>Maintenance \xff\x00")
PAGE_SIZE = 60
"""Rows in an answer: a page stays below the 64 kB that a careful client reads."""


@dataclass(frozen=True)
class Call:
    """One request as a route sees it."""

    args: dict[str, str]
    query: dict[str, str]
    body: dict
    key: str

    def number(self, name: str, default: int) -> int:
        value = self.query.get(name) or str(default)
        if not value.isdecimal():
            raise Refused(422, "wrong_query", f"“{name}” must be a whole number.", field=name)
        return int(value)

    def limit(self) -> int:
        return max(1, min(self.number("limit", PAGE_SIZE), PAGE_SIZE))

    def text(self, name: str, *, required: bool = True) -> str:
        value = self.body.get(name) or ""
        if not isinstance(value, str) or (required and not value.strip()):
            raise Refused(422, "wrong_field", f"“{name}” must be a text.", field=name)
        return value.strip()

    def amount(self, name: str = "amount_minor") -> int:
        value = self.body.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise Refused(422, "wrong_field", f"“{name}” must be a positive whole number.", field=name)
        return value

    def currency(self) -> str:
        value = self.text("currency")
        if not re.fullmatch("[A-Z]{3}", value):
            raise Refused(422, "wrong_field", "“currency” must be three capital letters.", field="currency")
        return value

    def section(self, name: str) -> dict:
        value = self.body.get(name)
        if not isinstance(value, dict):
            raise Refused(422, "wrong_field", f"“{name}” must be an object.", field=name)
        return value


@dataclass(frozen=True)
class Done:
    """What a POST leads to: facts to write, and the answer, described once they are true."""

    status: int
    describe: Callable[[], dict]
    facts: list[dict] = field(default_factory=list)
    scenario: tuple[str, ...] = ()
    forget_after: float | None = None


@dataclass(frozen=True)
class Route:
    method: str
    pattern: str
    run: Callable[[Call], dict | Done]
    keyed: bool = True

    def match(self, path: str) -> dict[str, str] | None:
        found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.pattern), path)
        return found and {name: unquote(value) for name, value in found.groupdict().items()}


@dataclass
class Behaviour:
    """How a whole service answers just now: up, down (hangs up), unavailable (503), slow, garbage."""

    mode: str = "up"
    seconds: float = 5.0


class Desk:
    def __init__(self, world: World, routes: list[Route], *, late: float, hang: float, after: Callable[[], None]):
        self.world = world
        self.routes = routes
        self.behaviours: dict[str, Behaviour] = {}
        self.late, self.hang = late, hang
        self._after = after

    async def handle(self, request: Request) -> Answer | None:
        behaviour = self.behaviours.get(request.path.split("/")[1], Behaviour())
        match behaviour.mode:
            case "down":
                return None
            case "unavailable":
                return Answer.of(503, {"error": "unavailable", "sentence": "The service is closed for a while."})
            case "garbage":
                return GARBAGE
            case "slow":
                await asyncio.sleep(behaviour.seconds)
        try:
            answer, scenario = self._answer(request)
        except Refused as refusal:
            return Answer.of(refusal.status, refusal.body)
        self.world.ripen()
        self._after()
        return await self._bend(answer, scenario)

    async def _bend(self, answer: Answer, scenario: tuple[str, ...]) -> Answer | None:
        if "late" in scenario:
            await asyncio.sleep(self.late)
        if "error_done" in scenario:
            return Answer.of(500, {"error": "crashed", "sentence": "Something went wrong on our side."})
        if "timeout_done" in scenario:
            await asyncio.sleep(self.hang)
            return None
        return answer

    def _answer(self, request: Request) -> tuple[Answer, tuple[str, ...]]:
        """The answer, and the scenario that may bend it (none when the answer is a remembered one)."""
        route, args = self._find(request)
        self.world.ripen()
        body = request.json() if request.method == "POST" else {}
        key = request.headers.get("idempotency-key", "")
        call = Call(args, request.query, body, key)
        if request.method == "POST" and route.keyed:
            return self._once(request, route, call)
        result = route.run(call)
        if isinstance(result, Done):
            self.world.write(result.facts)
            result = result.describe()
        return Answer.of(200, result), ()

    def _find(self, request: Request) -> tuple[Route, dict[str, str]]:
        matches = [(route, args) for route in self.routes if (args := route.match(request.path)) is not None]
        if not matches:
            raise Refused(404, "no_such_place", f"There is nothing at {request.path}.")
        for route, args in matches:
            if route.method == request.method:
                return route, args
        raise Refused(405, "wrong_method", f"{request.path} does not take {request.method}.")

    def _once(self, request: Request, route: Route, call: Call) -> tuple[Answer, tuple[str, ...]]:
        if not call.key or len(call.key) > 200:
            raise Refused(400, "key_missing", "A POST needs an Idempotency-Key of at most 200 characters.")
        service = request.path.split("/")[1]
        place = f"POST {request.path}"
        digest = hashlib.sha256(json.dumps(call.body, sort_keys=True).encode()).hexdigest()
        known = self.world.answers.get((service, call.key))
        if known and (known.until is None or self.world.now() < known.until):
            if (known.route, known.body_hash) != (place, digest):
                raise Refused(422, "key_reused", "This Idempotency-Key was used for another request.")
            return Answer.of(known.status, known.body), ()
        done = route.run(call)
        assert isinstance(done, Done), "a keyed POST is Done"
        now = self.world.now()
        self.world.write(
            done.facts,
            lambda: {
                "service": service,
                "key": call.key,
                "route": place,
                "body_hash": digest,
                "status": done.status,
                "body": done.describe(),
                "until": None if done.forget_after is None else now + done.forget_after,
            },
            at=now,
        )
        return Answer.of(done.status, self.world.answers[service, call.key].body), done.scenario
