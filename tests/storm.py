"""Storms: many processes and threads that do one thing at the same moment on the real database (reliability.md R6).

``storm`` forks processes, each with threads that have database connections of their own; all wait at one barrier
and are let go together. What a call returns, or the name of what it raised, comes back in a list.
"""

import multiprocessing
import threading
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import connection, connections

#: A hang limit, not a measure: a storm that takes longer is stuck.
HANG_SECONDS = 300


def be_patient() -> None:
    """Open this thread's connection so that it waits as long as the storm does.

    The application gives up a lock after three seconds, and a transaction that idles after fifteen: on a busy machine
    a queue of sixty-four is longer than that, which says nothing about what the storm asks.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{HANG_SECONDS}s'")
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{HANG_SECONDS}s'")
        cursor.execute(f"SET statement_timeout = '{HANG_SECONDS}s'")


class Outcome(NamedTuple):
    """How one call ended: ``value`` when it returned, ``error`` (the exception's class name) when it raised."""

    number: int
    value: Any = None
    error: str = ""
    message: str = ""

    @property
    def done(self) -> bool:
        """Did the call return?"""
        return not self.error


def storm(call: Callable[[int], Any], *, processes: int = 4, threads: int = 8) -> list[Outcome]:
    """Call ``call(number)`` from ``processes × threads`` threads at once; every number once, counted from zero.

    Needs ``transactional_db``: what the test wrote must be committed for the others to see.
    """
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(processes * threads)
    results = context.SimpleQueue()
    connections.close_all()
    children = [
        context.Process(target=_child, args=(call, range(first * threads, (first + 1) * threads), barrier, results))
        for first in range(processes)
    ]
    for child in children:
        child.start()
    outcomes = [results.get() for _number in range(processes * threads)]
    for child in children:
        child.join(HANG_SECONDS)
        assert child.exitcode == 0, "a process of the storm died"
    return sorted(outcomes)


def _child(call, numbers, barrier, results) -> None:
    workers = [threading.Thread(target=_worker, args=(call, number, barrier, results)) for number in numbers]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(HANG_SECONDS)


def _worker(call, number: int, barrier, results) -> None:
    try:
        be_patient()
        barrier.wait(HANG_SECONDS)
        outcome = Outcome(number, value=call(number))
    except Exception as error:
        outcome = Outcome(number, error=type(error).__name__, message=f"{error}\n{traceback.format_exc()}")
    finally:
        connections.close_all()
    results.put(outcome)
