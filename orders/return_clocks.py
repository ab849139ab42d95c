"""What time does to returns. Silence of the seller approves, and is counted as lost by silence; the buyer's lapses."""

import datetime as dt
from collections.abc import Sequence

from orders import returns
from orders.clocks import returns_of
from orders.models import ReturnRequest
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.models import Deadline

Status = ReturnRequest.Status


def decided_by_silence(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """The seller has not answered in time: the return is approved."""
    for row, found in _still(deadlines_due, Status.REQUESTED, at):
        deadlines.end_all([row], outcome=Deadline.Ended.LOST_BY_SILENCE, at=at)
        returns.approve(return_request=found, by=None, at=at, by_silence=True)


def inspected_by_silence(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """The seller has not inspected in time: the money goes back, the units do not count as sellable."""
    for row, found in _still(deadlines_due, Status.RECEIVED, at):
        deadlines.end_all([row], outcome=Deadline.Ended.LOST_BY_SILENCE, at=at)
        returns.refund(return_request=found, by=None, at=at, by_silence=True)


def not_sent_back(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """The buyer has not sent anything: the return expires."""
    for row, found in _still(deadlines_due, Status.AWAITING_RETURN, at):
        deadlines.end_all([row], outcome=Deadline.Ended.MISSED, at=at)
        move(found, Status.EXPIRED, ended_at=at)
        returns.ended(found, at)
        _record("return.expired", found, at)


def close(deadlines_due: Sequence[Deadline], *, at: dt.datetime) -> None:
    """Some days after its end a return is closed."""
    for found in returns_of(deadlines_due, at):
        if ReturnRequest.MOVES.allows(found.status, Status.CLOSED):
            move(found, Status.CLOSED)
            _record("return.closed", found, at)
        deadlines.end_all(_rows(deadlines_due, found), outcome=Deadline.Ended.MET, at=at)


def _still(due: Sequence[Deadline], status: str, at: dt.datetime) -> list[tuple[Deadline, ReturnRequest]]:
    """The clocks whose return still stands as they expect, with it; the others are ended."""
    standing = []
    for found in returns_of(due, at):
        if found.status == status:
            standing += [(row, found) for row in _rows(due, found)]
        else:
            deadlines.end_all(_rows(due, found), outcome=Deadline.Ended.VOID, at=at)
    return standing


def _rows(due: Sequence[Deadline], found: ReturnRequest) -> list[Deadline]:
    return [row for row in due if row.subject_code == found.code]


def _record(kind: str, found: ReturnRequest, at: dt.datetime) -> None:
    events.record(
        kind,
        shop=found.shop,
        subject_kind="return",
        subject_code=found.code,
        by=None,
        at=at,
        order_code=found.order.code,
    )
