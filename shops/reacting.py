"""Reactions: what follows an event, delivered at least once and effective exactly once (DEC10).

The roof owns the table of reactions (``seller_center.reactions``) and hands it down with ``use_table``.
"""

import datetime as dt
import functools
import logging
from collections.abc import Callable

from celery import current_app, shared_task
from django.db import connection, transaction
from django.db.models import Count

from seller_center.kernel import clock
from seller_center.kernel.failpoints import failpoint
from shops.models import EventHandled, ShopEvent

log = logging.getLogger(__name__)

#: An event that failed this often is left for people: it is listed as a dead letter and never blocks others.
MOST_ATTEMPTS = 5
#: How long a claimed event is left to its worker before somebody else may try again.
LEASE = dt.timedelta(seconds=30)
#: Each time it is left alone so many times longer: five tries reach over three quarters of an hour without a mail server.
PATIENCE = 4

_table: dict[str, tuple[str, ...]] = {}
_handlers: dict[str, Callable[[ShopEvent], None]] = {}


def use_table(table: dict[str, tuple[str, ...]]) -> None:
    """Take the roof's table: event kind → names of reactions."""
    _table.clear()
    _table.update(table)


def handlers_of(kind: str) -> tuple[str, ...]:
    """The reactions to this kind, by dotted name."""
    return _table.get(kind, ())


def reaction(function: Callable[[ShopEvent], None]):
    """Make a Celery task of a three-line function of an event, effective once however often it is delivered."""
    name = f"{function.__module__}.{function.__name__}"
    _handlers[name] = function

    # The outbox delivers again by itself and counts how often. The broker would deliver what kills its worker for ever.
    @shared_task(name=name, acks_late=False)
    @functools.wraps(function)
    def task(*, event_id: int, shop_id: int) -> None:
        run_reaction(name, event_id=event_id, shop_id=shop_id, at=clock.now())

    return task


def run_reaction(name: str, *, event_id: int, shop_id: int, at: dt.datetime) -> bool:
    """Run one reaction to one event in one transaction with its mark; False where it had run before."""
    with transaction.atomic():
        event = ShopEvent.objects.select_related("shop").get(shop_id=shop_id, pk=event_id)
        first = _mark(event, name, at)
        if first:
            _handlers[name](event)
            failpoint("reaction.before_commit")
    _finish(event, at)
    return first


def _mark(event: ShopEvent, name: str, at: dt.datetime) -> bool:
    """Insert the mark of this reaction; False where it stood already (a twin waits here for the first to commit)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shops_eventhandled (shop_id, event_id, handler, handled_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (shop_id, event_id, handler) DO NOTHING",
            [event.shop_id, event.pk, name, at],
        )
        return cursor.rowcount == 1


def _finish(event: ShopEvent, at: dt.datetime) -> None:
    """Set ``delivered_at`` when the last reaction is done."""
    wanted = handlers_of(event.kind)
    done = EventHandled.objects.filter(shop_id=event.shop_id, event_id=event.pk, handler__in=wanted).count()
    if done >= len(wanted):
        ShopEvent.objects.filter(shop_id=event.shop_id, pk=event.pk, delivered_at__isnull=True).update(delivered_at=at)


def claim(at: dt.datetime, limit: int = 100) -> list[ShopEvent]:
    """Take up to ``limit`` events whose reactions are due; whoever else looks at the same time gets others."""
    with transaction.atomic():
        rows = list(
            ShopEvent.objects.undelivered(at)
            .filter(attempts__lt=MOST_ATTEMPTS)
            .select_for_update(skip_locked=True, no_key=True)[:limit]
        )
        for row in rows:
            row.attempts += 1
            row.next_attempt_at = at + LEASE * PATIENCE ** (row.attempts - 1)
            if not handlers_of(row.kind):  # its reactions were taken out of the table since it was recorded
                row.delivered_at = at
        ShopEvent.objects.bulk_update(rows, ["attempts", "next_attempt_at", "delivered_at"])
    return [row for row in rows if row.delivered_at is None]


def note_failure(event: ShopEvent, error: Exception) -> None:
    """Keep the last error beside the event; the sweep tries again later, five times in all."""
    ShopEvent.objects.filter(shop_id=event.shop_id, pk=event.pk).update(last_error=repr(error)[:300])


def dead_letters():
    """Events whose reactions failed to the end, for the operator's eyes."""
    return ShopEvent.objects.filter(delivered_at__isnull=True, attempts__gte=MOST_ATTEMPTS).order_by("at", "id")


def revive(at: dt.datetime) -> int:
    """Give the dead letters their tries anew, after what was wrong is mended; how many there were."""
    return dead_letters().order_by().update(attempts=0, next_attempt_at=at)


def pending_counts(at: dt.datetime):
    """How many events wait per kind (for readiness and tests)."""
    return dict(ShopEvent.objects.undelivered(at).order_by().values_list("kind").annotate(count=Count("id")))


def nudge() -> None:
    """Ask a worker to deliver now. Losing the nudge loses nothing: the sweep comes every few seconds."""
    try:
        current_app.send_task("seller_center.tasks.deliver_events", retry=False, ignore_result=True)
    except Exception:  # the broker may be away at any time (reliability.md E6)
        log.info("The broker did not take the nudge; the sweep will deliver.", exc_info=True)
