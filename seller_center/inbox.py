"""Deadlines of all floors: which verb is called when one is due, and the sweep that calls it (DEC12)."""

import datetime as dt
import logging

from django.db import transaction

from seller_center.kernel.failpoints import failpoint
from seller_center.reactions import resolve
from shops import deadlines
from shops.models import Deadline

log = logging.getLogger(__name__)

#: Deadline kind → verb, called as ``verb(deadlines, at=…)`` with up to ``CHUNK`` locked rows of that kind. It looks at
#: how things stand, acts, and ends the rows or has the sweep look again later.
WHEN_DUE: dict[str, str] = {
    # floor 1: shops
    "application.review": "shops.review_queue.tell_of_delay",
    "document.expiry": "shops.documents.expire",
    "violation.takes_effect": "shops.enforcement.take_effect",
    "violation.appeal_by": "shops.appeals.time_is_over",
    "violation.lapse": "shops.enforcement.lapse",
    "appeal.decide": "shops.appeals.answer_is_late",
    # floor 3: marketing
    "coupon.start": "marketing.coupons.start_due",
    "coupon.end": "marketing.coupons.end_due",
    # floor 4: orders
    "order.payment": "orders.unpaid.expire",
    "order.cooling_off": "orders.opening.open_orders",
    "order.ship_by": "orders.lateness.mark_late",
    "order.auto_cancel": "orders.lateness.cancel_forgotten",
    "order.complete": "orders.completing.complete",
    "package.collect_by": "orders.lateness.not_collected",
    "package.deliver_by": "orders.lateness.not_delivered",
    "package.silence": "orders.lateness.mark_lost",
    "return.decide": "orders.return_clocks.decided_by_silence",
    "return.ship_back": "orders.return_clocks.not_sent_back",
    "return.inspect": "orders.return_clocks.inspected_by_silence",
    "return.close": "orders.return_clocks.close",
    # floor 5: payouts
    "payout_batch.release_by": "payouts.releasing.release_overdue",
    "payout.bank_answer_by": "payouts.reconciliation.answer_overdue",
    # floor 6: support
    "ticket.answer": "support.desk.answer_is_late",
    "message.answer": "support.inbox.answer_is_late",
}

CHUNK = 500
#: A row whose verb failed, or left it as it was, is looked at again after this time and cannot stall the others.
LOOK_AGAIN = dt.timedelta(hours=1)


def sweep(at: dt.datetime, *, most_chunks: int = 10_000) -> int:
    """Call the verbs of all deadlines that are due, in chunks. Returns how many rows were looked at."""
    total = 0
    for _chunk in range(most_chunks):
        looked_at = _sweep_chunk(at)
        if not looked_at:
            break
        total += looked_at
    return total


def _sweep_chunk(at: dt.datetime) -> int:
    """One transaction, one kind: verbs of two kinds would take their locks one after the other, in no common order."""
    with transaction.atomic():
        kind = Deadline.objects.to_check(at).values_list("kind", flat=True).first()
        rows = list(
            Deadline.objects.to_check(at)
            .filter(kind=kind)  # a verb that asks for one row's shop gets the shops of all of them in one query
            .select_for_update(of=("self",), skip_locked=True, no_key=True)[:CHUNK]
        )
        warnings = [row for row in rows if row.due_at > at]
        if warnings:
            deadlines.warn(warnings, at=at)
        due = sorted((row for row in rows if row.due_at <= at), key=lambda row: (row.due_at, row.pk))
        if due:
            _call(due[0].kind, due, at)
        failpoint("sweep.before_commit")
    return len(rows)


def _call(kind: str, rows: list[Deadline], at: dt.datetime) -> None:
    """Call the verb of a kind; when a chunk fails, row by row, so that one bad row costs only itself."""
    verb = resolve(WHEN_DUE[kind])
    try:
        with transaction.atomic():
            verb(rows, at=at)
    except Exception:
        log.exception("The sweep of %s failed for %d rows", kind, len(rows))
        if len(rows) > 1:
            for row in rows:
                _call(kind, [row], at)
            return
    Deadline.objects.filter(pk__in=[row.pk for row in rows], ended_at__isnull=True, next_check_at__lte=at).update(
        next_check_at=at + LOOK_AGAIN
    )
