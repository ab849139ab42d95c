"""What the sandbox remembers, and its time.

Services write *facts* (one journal line per request) and *plan* what is to happen later. A plan whose time has come
ripens into a *happening*: a fact as well, numbered, which changes the state and goes out as a callback. State is the
fold of all facts, so that reading the journal again gives the same world; nothing depends on a timer having fired.
"""

import hashlib
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from sandbox.journal import Journal


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Happening:
    """Something that happened to a subject at a moment of sandbox time. `number` is the cursor of all polling."""

    number: int
    id: str
    service: str
    type: str
    subject: str
    at: float
    data: dict

    def as_json(self) -> dict:
        return {
            "number": self.number,
            "id": self.id,
            "type": self.type,
            "timestamp": iso(self.at),
            "data": self.data,
        }


@dataclass(order=True)
class Plan:
    due_at: float
    order: int
    subject: str = field(compare=False)
    step: str = field(compare=False)
    service: str = field(compare=False)
    type: str = field(compare=False)
    extra: dict = field(compare=False)
    standing: bool = field(compare=False, default=True)


@dataclass(frozen=True)
class RememberedAnswer:
    route: str
    body_hash: str
    status: int
    body: dict
    until: float | None


class Service(Protocol):
    name: str

    def happen(self, type: str, subject: str, at: float, extra: dict) -> tuple[dict, tuple[str, ...]]:
        """Change the state; return the data to tell the world, and the subject's scenario."""


class World:
    def __init__(self, journal: Journal, *, seed: str, real_time: Callable[[], float]) -> None:
        self.journal = journal
        self.seed = seed
        self.offset = 0
        self.happenings: list[Happening] = []
        self.answers: dict[tuple[str, str], RememberedAnswer] = {}
        self.chosen: dict[tuple[str, str], tuple[str, ...]] = {}
        self.on_happening: Callable[[Happening, tuple[str, ...]], None] = lambda happening, scenario: None
        self._real_time = real_time
        self._services: dict[str, Service] = {}
        self._heap: list[Plan] = []
        self._plans: dict[str, dict[str, Plan]] = {}
        self._order = itertools.count()
        self._folds: dict[str, Callable[[dict, float], None]] = {
            "born": self._fold_born,
            "clock.set": self._fold_clock,
            "scenario.chosen": self._fold_scenario,
            "happening": self._fold_happening,
        }

    # -- time

    def now(self) -> float:
        """Seconds since the epoch, in sandbox time."""
        return self._real_time() + self.offset

    # -- facts

    def add(self, service: Service, folds: dict[str, Callable[[dict, float], None]]) -> None:
        self._services[service.name] = service
        self.teach(folds)

    def teach(self, folds: dict[str, Callable[[dict, float], None]]) -> None:
        """Say how facts of these kinds change the state: `fold(fact, at)`."""
        self._folds |= folds

    def replay(self) -> None:
        empty = True
        for line in self.journal.lines():
            empty = False
            self._fold(line)
        if empty:
            self.write([{"kind": "born", "seed": self.seed}])

    def write(self, facts: list[dict], answer: Callable[[], dict] | None = None, *, at: float | None = None) -> None:
        """Fold the facts, and put them and the answer they led to on one journal line.

        A journal that cannot be written ends the process: memory must not run ahead of it.
        """
        line: dict = {"at": self.now() if at is None else at, "facts": facts}
        self._fold(line)
        if answer:
            line["answer"] = answer()
            self._fold_answer(line["answer"])
        try:
            self.journal.append(line)
        except OSError as error:
            raise SystemExit(f"The sandbox stops, its journal cannot be written: {error}.") from error

    def _fold(self, line: dict) -> None:
        for fact in line["facts"]:
            self._folds[fact["kind"]](fact, line["at"])
        if answer := line.get("answer"):
            self._fold_answer(answer)

    def _fold_answer(self, answer: dict) -> None:
        self.answers[answer["service"], answer["key"]] = RememberedAnswer(
            answer["route"], answer["body_hash"], answer["status"], answer["body"], answer["until"]
        )

    def _fold_born(self, fact: dict, at: float) -> None:
        self.seed = fact["seed"]

    def _fold_clock(self, fact: dict, at: float) -> None:
        self.offset = fact["offset_seconds"]

    def _fold_scenario(self, fact: dict, at: float) -> None:
        self.chosen[fact["service"], fact["key"]] = tuple(fact["scenario"])

    # -- names

    def new_id(self, kind: str, *parts: object) -> str:
        """A name that the same seed gives to the same thing again."""
        text = ":".join(str(part) for part in (self.seed, kind, *parts))
        return f"{kind}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    # -- plans and happenings

    def plan(self, due_at: float, service: str, type: str, subject: str, *, step: str = "", **extra: object) -> None:
        """Let this happen to the subject when its time comes; `step` (else the type) names it within the subject."""
        plan = Plan(due_at, next(self._order), subject, step or type, service, type, extra)
        self._plans.setdefault(subject, {})[plan.step] = plan
        heapq.heappush(self._heap, plan)

    def unplan(self, subject: str) -> None:
        """Nothing of what is still planned for the subject will happen."""
        for plan in self._plans.pop(subject, {}).values():
            plan.standing = False

    def ripen(self) -> int:
        """Let everything happen that is due by now, in the order of its times. Returns how many."""
        before, now = len(self.happenings), self.now()
        while self._heap and self._heap[0].due_at <= now:
            plan = heapq.heappop(self._heap)
            if not plan.standing:
                continue
            fact = {
                "kind": "happening",
                "service": plan.service,
                "type": plan.type,
                "subject": plan.subject,
                "step": plan.step,
                "extra": plan.extra,
            }
            self.write([fact], at=plan.due_at)
        return len(self.happenings) - before

    def _fold_happening(self, fact: dict, at: float) -> None:
        subject, step = fact["subject"], fact["step"]
        plan = self._plans.get(subject, {}).pop(step, None)
        if plan:
            plan.standing = False
            if not self._plans[subject]:
                del self._plans[subject]
        data, scenario = self._services[fact["service"]].happen(fact["type"], subject, at, fact["extra"])
        happening = Happening(
            number=len(self.happenings) + 1,
            id=self.new_id("evt", subject, step, len(self.happenings)),
            service=fact["service"],
            type=fact["type"],
            subject=subject,
            at=at,
            data=data,
        )
        self.happenings.append(happening)
        self.on_happening(happening, scenario)

    def feed(self, service: str, since: int, limit: int, only: str = "") -> dict:
        """The service's happenings after the cursor, a page at a time: `{events, next, more}`.

        A cursor from beyond the end belongs to another journal and starts over.
        """
        found: list[dict] = []
        cursor = since if 0 <= since <= len(self.happenings) else 0
        for happening in itertools.islice(self.happenings, cursor, None):
            if len(found) == limit:
                return {"events": found, "next": cursor, "more": True}
            cursor = happening.number
            if happening.service == service and only in ("", happening.type):
                found.append(happening.as_json())
        return {"events": found, "next": cursor, "more": False}
