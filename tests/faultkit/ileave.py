"""An explorer of interleavings: two deeds, each in a thread with a connection of its own, in every order that matters.

A schedule says who begins and before which steps the baton is taken away (a *preemption*, at most two); where a deed
ends or waits for a lock of the other, the baton passes by itself. A step is a statement, a commit or a rollback.
``explore`` runs the schedules depth first, each from the same kept database, and has the caller judge each end:

    report = explore(pay, expire, kept=kept, judge=judge)
    assert report.schedules >= 20
    assert not report.faults

Steps at which the baton could be taken without any difference are passed over: a statement is a place to preempt only
where it and some statement of the other deed touch the same table, and one of the two writes or locks it; a commit or
rollback, where something of that kind went before. docs/mechanisms/interleavings.md says how to use it.
"""

import dataclasses
import random
import re
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

from seller_center.kernel.errors import DomainError
from tests import database
from tests.faultkit.kept import Kept
from tests.storm import HANG_SECONDS, be_patient

#: How many times the baton is taken away in one schedule at most.
PREEMPTIONS = 2
#: After so long without an answer the database is asked whether a statement waits for a lock. Not a measure.
LOOK_AFTER = 0.003

#: Tables that deeds only ever append to, each its own rows: no order of statements on them makes a difference.
APPENDED = frozenset({"shops_shopevent", "shops_eventhandled", "catalog_stockmovement", "orders_trackingevent"})

_TABLE = re.compile(r"\b(?:shops|catalog|marketing|orders|payouts|support|analytics|storefront)_[a-z]+\b")
_WRITTEN = re.compile(r'\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?([a-z_]+)"?', re.I)
_LOCKING = re.compile(r"\bFOR (?:NO KEY )?UPDATE\b", re.I)
_ADVISORY = re.compile(r"advisory_xact_lock", re.I)


@dataclasses.dataclass(frozen=True)
class Step:
    """What a deed is about to do: the tables it reads, and those it writes or locks. ``end`` for commit and rollback."""

    sql: str
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    end: bool = False


BEGIN = Step("the deed begins")


def step_of(sql: Any) -> Step:
    """A statement as a step."""
    text = sql.decode() if isinstance(sql, bytes) else str(sql)
    tables = set(_TABLE.findall(text)) - APPENDED
    written = tables if _LOCKING.search(text) else set(_WRITTEN.findall(text)) & tables
    if _ADVISORY.search(text):
        written = written | {"advisory"}
    return Step(text, frozenset(tables), frozenset(written))


@dataclasses.dataclass
class Footprint:
    """Everything a deed was seen to touch, in any schedule so far."""

    reads: set[str] = dataclasses.field(default_factory=set)
    writes: set[str] = dataclasses.field(default_factory=set)

    def add(self, step: Step) -> None:
        self.reads |= step.reads
        self.writes |= step.writes

    def meets(self, reads: set[str] | frozenset[str], writes: set[str] | frozenset[str]) -> bool:
        """Could the other deed tell in which order such a step and this deed's were taken?"""
        return bool(writes & (self.reads | self.writes) or reads & self.writes)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a deed ended: what it returned, the code of its refusal, or the error it broke with."""

    value: Any = None
    refusal: str = ""
    error: str = ""

    @property
    def done(self) -> bool:
        return not self.refusal and not self.error


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Who begins (0 or 1), and after how many steps in all the baton is taken away."""

    starts: int
    preempted_after: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{'AB'[self.starts]} begins, preempted after {self.preempted_after or 'nothing'}"


@dataclasses.dataclass
class Run:
    """One schedule as it went: how both ended, who took which step, where else it could have been preempted."""

    schedule: Schedule
    outcomes: tuple[Outcome, Outcome]
    trace: list[str]
    places: list[int]
    waited: int


@dataclasses.dataclass
class Report:
    """What exploring a pair gave. ``faults`` name the schedule; ``left`` schedules were not run for lack of room."""

    schedules: int = 0
    left: int = 0
    waited: int = 0
    faults: list[str] = dataclasses.field(default_factory=list)
    endings: set[tuple[str, str]] = dataclasses.field(default_factory=set)


Deed = Callable[[], Any]


class _Actor(threading.Thread):
    """A thread with a connection that stands still before each step until it is let go."""

    def __init__(self, place: int, stage: "Stage") -> None:
        super().__init__(daemon=True, name=f"actor {'AB'[place]}")
        self.place, self.stage = place, stage
        self.deed: Deed | None = None
        self.state, self.step, self.may_go, self.waits = "starting", BEGIN, False, False
        self.outcome, self.pid, self.over = Outcome(), 0, False
        self.touched, self.other = Footprint(), Footprint()

    def matters(self, step: Step) -> bool:
        """Could the other deed tell whether it was taken before or after this step?"""
        if step.end:
            return self.other.meets(frozenset(), self.touched.writes)
        return self.other.meets(step.reads, step.writes)

    def run(self) -> None:
        try:
            be_patient()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.pid = cursor.fetchone()[0]
            with self.stage.turn:
                self.state = "done"
                self.stage.turn.notify_all()
            while True:
                with self.stage.turn:
                    self.stage.turn.wait_for(lambda: self.deed is not None or self.over)
                if self.over:
                    return
                self._play()
        finally:
            connections.close_all()

    def _play(self) -> None:
        deed, self.outcome = self.deed, Outcome()
        assert deed is not None
        with self._gates():
            try:
                self._gate(BEGIN)
                value = deed()
                self.outcome = Outcome(value=value if isinstance(value, (str, int, bool)) else None)
            except DomainError as refusal:
                self.outcome = Outcome(refusal=refusal.code or type(refusal).__name__)
            except Exception as error:
                self.outcome = Outcome(error=f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
        with self.stage.turn:
            self.deed, self.state = None, "done"
            self.stage.turn.notify_all()

    @contextmanager
    def _gates(self) -> Iterator[None]:
        """Stand still before each statement, commit and rollback of this thread's connection."""
        endings = {name: getattr(connection, name) for name in ("commit", "rollback")}
        for name, ending in endings.items():
            setattr(connection, name, self._ending(name, ending))
        try:
            with connection.execute_wrapper(self._before):
                yield
        finally:
            for name in endings:
                delattr(connection, name)

    def _before(self, execute: Any, sql: Any, params: Any, many: bool, context: dict) -> Any:
        self._gate(step_of(sql))
        return execute(sql, params, many, context)

    def _ending(self, name: str, ending: Callable[[], None]) -> Callable[[], None]:
        def end() -> None:
            self._gate(Step(name.upper(), end=True))
            ending()

        return end

    def _gate(self, step: Step) -> None:
        """Wait to be let go, unless it makes no difference when this step is taken."""
        with self.stage.turn:
            if step is not BEGIN and not self.matters(step):
                self.stage.note(self, step)
                return
            self.step, self.state = step, "ready"
            self.stage.turn.notify_all()
            if not self.stage.turn.wait_for(lambda: self.may_go, HANG_SECONDS):
                raise RuntimeError("nobody let this deed go on")
            self.may_go, self.state = False, "going"


class Stage:
    """Two actors and the director. Kept over many schedules, since a connection costs more than a statement."""

    def __init__(self) -> None:
        self.turn = threading.Condition()
        self.actors = (_Actor(0, self), _Actor(1, self))
        self.trace: list[str] = []
        self._watch = database.open_as(database.SUPERUSER, connection.settings_dict["NAME"])
        self._cursor = self._watch.cursor()

    def __enter__(self) -> "Stage":
        for actor in self.actors:
            actor.start()
        return self

    def __exit__(self, *failure: Any) -> None:
        for actor in self.actors:
            with self.turn:
                actor.over = True
                self.turn.notify_all()
            actor.join(HANG_SECONDS)
        self._watch.close()

    def play(self, deeds: tuple[Deed, Deed], schedule: Schedule, seen: tuple[Footprint, Footprint]) -> Run:
        """Run both deeds in this order. ``seen`` is what each is known to touch; it grows."""
        self.trace = []
        for actor, deed in zip(self.actors, deeds, strict=True):
            self._wait(lambda actor=actor: actor.state == "done")
            with self.turn:
                actor.deed, actor.waits, actor.touched, actor.other = deed, False, Footprint(), seen[1 - actor.place]
                self.turn.notify_all()
            self._wait(lambda actor=actor: actor.state == "ready")
        return self._direct(schedule, seen)

    def _direct(self, schedule: Schedule, seen: tuple[Footprint, Footprint]) -> Run:
        current, waited = self.actors[schedule.starts], 0
        places: list[int] = []
        while not all(actor.state == "done" for actor in self.actors):
            free = [actor for actor in self.actors if actor.state == "ready"]
            if not free:  # each waits for the other: PostgreSQL will end one of them
                self._wait(lambda: any(actor.state != "going" for actor in self.actors))
                continue
            other = self.actors[1 - current.place]
            if current not in free:
                current = free[0]
            elif len(free) == 2 and current.step is not BEGIN:
                places.append(len(self.trace))
                if len(self.trace) in schedule.preempted_after:
                    current = other
            self.note(current, current.step)
            waited += self._advance(current)
            self._look_again(self.actors[1 - current.place])
        for actor, known in zip(self.actors, seen, strict=True):
            known.reads |= actor.touched.reads
            known.writes |= actor.touched.writes
        return Run(schedule, (self.actors[0].outcome, self.actors[1].outcome), self.trace, places, waited)

    def note(self, actor: _Actor, step: Step) -> None:
        """A step is taken."""
        actor.touched.add(step)
        self.trace.append(f"{len(self.trace) + 1:3d} {'AB'[actor.place]} {' '.join(step.sql.split())[:150]}")

    def _advance(self, actor: _Actor) -> bool:
        """Let it take its step; back when it is through or waits for a lock (whether it does)."""
        with self.turn:
            actor.may_go, actor.state = True, "going"
            self.turn.notify_all()
        return self._follow(actor)

    def _follow(self, actor: _Actor) -> bool:
        until = time.monotonic() + HANG_SECONDS
        while time.monotonic() < until:
            with self.turn:
                if self.turn.wait_for(lambda: actor.state != "going", LOOK_AFTER):
                    actor.waits = False
                    return False
            if self._waits_for(actor, self.actors[1 - actor.place]):
                actor.waits = True
                return True
        raise RuntimeError(f"stuck in: {actor.step.sql[:300]}")

    def _look_again(self, actor: _Actor) -> None:
        """One that waited may have got its lock by the other's last step: then it finishes its own now."""
        if actor.waits and actor.state != "ready" and not self._waits_for(actor, self.actors[1 - actor.place]):
            self._follow(actor)

    def _waits_for(self, actor: _Actor, other: _Actor) -> bool:
        self._cursor.execute("SELECT %s = ANY (pg_blocking_pids(%s))", [other.pid, actor.pid])
        return self._cursor.fetchone()[0]

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self.turn:
            if not self.turn.wait_for(condition, HANG_SECONDS):
                raise RuntimeError("an actor is stuck")


def explore(
    first: Deed,
    second: Deed,
    *,
    stage: Stage,
    kept: Kept,
    judge: Callable[[Run], list[str]],
    most: int | None = None,
    preemptions: int = PREEMPTIONS,
    chance: random.Random | None = None,
    stop_at: int = 3,
) -> Report:
    """Run the schedules of two deeds, each from the kept database; ``judge`` says what is wrong with an end.

    Both deeds one after the other, either way round, come first. With ``most`` only so many schedules run, drawn by
    ``chance`` from all that became known. Stops early once ``stop_at`` schedules were at fault.
    """
    chance = chance or random.Random(0)
    report, seen = Report(), (Footprint(), Footprint())
    kept.put_back()
    serial = [Schedule(0), Schedule(1)]
    for schedule in serial:  # both ways round once, so that it is known what each touches
        stage.play((first, second), schedule, seen)
        kept.put_back()
    waiting = serial
    while waiting and (most is None or report.schedules < most) and len(report.faults) < stop_at:
        schedule = waiting.pop(0 if report.schedules < 2 else chance.randrange(len(waiting)))
        run = stage.play((first, second), schedule, seen)
        report.schedules += 1
        report.waited += bool(run.waited)
        report.endings.add(tuple("done" if o.done else o.refusal or "error" for o in run.outcomes))
        if wrong := [o.error for o in run.outcomes if o.error] + judge(run):
            report.faults.append("\n".join([str(schedule), *wrong, *run.trace]))
        kept.put_back()
        if len(schedule.preempted_after) < preemptions:
            last = schedule.preempted_after[-1] if schedule.preempted_after else -1
            waiting += [
                Schedule(schedule.starts, (*schedule.preempted_after, place)) for place in run.places if place > last
            ]
    report.left = len(waiting)
    return report
