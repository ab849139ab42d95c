"""What a buyer is told of returns: what may be asked back, how each request stands, until when, and what came of it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orders import reasons, returns
from orders.desk import carrier_name
from orders.models import Order, OrderLine, Package, Refund, ReturnLine, ReturnRequest
from shops.models import Deadline, ShopEvent

#: A return that has given money back is one of these; one that has ended otherwise may be closed, too.
PAID = (ReturnRequest.Status.REFUNDED, ReturnRequest.Status.CLOSED)
#: How many requests of one order the page shows, newest first.
MOST = 10


@dataclass(slots=True)
class Asked:
    """A request as its buyer reads it."""

    request: ReturnRequest
    units: list[ReturnLine] = field(default_factory=list)
    due_at: dt.datetime | None = None
    refunded_minor: int = 0
    under_way: bool = False
    sent_at: dt.datetime | None = None
    before: int = 0
    """Units whose money another refund had given back when this return ended: for them nothing more was due."""
    earlier: list[Refund] = field(default_factory=list)
    """What had given it back."""

    @property
    def reason_words(self) -> str:
        """What the buyer gave for a reason."""
        return reasons.words(self.request.reason)

    @property
    def refusal_words(self) -> str:
        """Why the shop said no, in the words of the list."""
        return reasons.words(self.request.refusal_reason) if self.request.refusal_reason else ""

    @property
    def carrier_name(self) -> str:
        return carrier_name(self.request.carrier)

    @property
    def nothing_due(self) -> bool:
        """It waits, but the money for all of it has gone back already, for another reason."""
        return self.request.open_case and not any(row.line.refundable_quantity for row in self.units)

    @property
    def may_withdraw(self) -> bool:
        """Nothing was sent back yet: the buyer may think better of it."""
        return returns.may_withdraw(self.request)


def asked(order: Order, lines: Sequence[OrderLine]) -> list[Asked]:
    """The requests of this order, newest first, with their units, their running clock and their money."""
    found = [Asked(row) for row in ReturnRequest.objects.in_shop(order.shop).filter(order=order).order_by("-id")[:MOST]]
    if not found:
        return []
    by_id = {one.request.pk: one for one in found}
    by_code = {one.request.code: one for one in found}
    titles = {line.pk: line for line in lines}
    for row in ReturnLine.objects.in_shop(order.shop).filter(return_request__in=by_id).order_by("line_id"):
        row.line = titles[row.line_id]
        by_id[row.return_request_id].units.append(row)
    waiting = [one.request.code for one in found if one.request.open_case]
    if waiting:
        clocks = Deadline.objects.filter(shop=order.shop, subject_kind="return", subject_code__in=waiting).running()
        for clock in clocks:
            by_code[clock.subject_code].due_at = clock.due_at
    if any(line.refunded_minor for line in lines):
        _with_money(order, by_id)
    return found


def _with_money(order: Order, by_id: dict[int, Asked]) -> None:
    made = list(Refund.objects.in_shop(order.shop).filter(order=order).order_by("id"))
    for refund in made:
        one = by_id.get(refund.return_request_id)
        if one is None:
            continue
        one.refunded_minor += refund.total_minor
        one.under_way = one.under_way or refund.status != Refund.Status.SENT
        one.sent_at = max(filter(None, (one.sent_at, refund.sent_at)), default=None)

    if any(one.request.status in PAID for one in by_id.values()):
        _with_earlier_money(order, {one.request.code: one for one in by_id.values()}, made)


def _with_earlier_money(order: Order, by_code: dict[str, Asked], made: Sequence[Refund]) -> None:
    """Returns that gave back less than was asked, or nothing, and the refunds that were first."""
    told = ShopEvent.objects.filter(shop=order.shop, subject_kind="return", subject_code__in=by_code)
    for event in told.filter(kind="return.refunded_before"):
        one = by_code[event.subject_code]
        lines = {row.line_id for row in one.units}
        one.before = event.facts["quantity"]
        one.earlier = [
            refund
            for refund in made
            if refund.line_id in lines and refund.return_request_id != one.request.pk and refund.made_at <= event.at
        ]


def may_ask(
    order: Order,
    lines: Sequence[OrderLine],
    packages: Sequence[Package],
    requests: Sequence[Asked],
    at: dt.datetime,
) -> list[tuple[OrderLine, int]]:
    """The lines with the units that the buyer may ask to return now: none while a request waits, or once it is too late."""
    if any(one.request.open_case for one in requests):
        return []
    if not any(package.status in returns.ARRIVED for package in packages) or not returns.in_time(order, at):
        return []
    left = returns.returnable_units(order, lines)
    return [(line, left[line.pk]) for line in lines if left[line.pk]]


def every_line(order: Order) -> list[tuple[OrderLine, int]]:
    """All lines with the units still open, for a request that has come: whether it may be is the verb's to say."""
    lines = list(OrderLine.objects.of_order(order))
    left = returns.returnable_units(order, lines)
    return [(line, left[line.pk]) for line in lines]


def units_of(form: Any) -> dict[int, int]:
    """Line id → units, of the boxes filled in."""
    units: dict[int, int] = defaultdict(int)
    for name, value in form.cleaned_data.items():
        if name.startswith("units-") and value:
            units[int(name.removeprefix("units-"))] = value
    return dict(units)
