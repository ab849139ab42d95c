"""A day's statement of money that moved, to tie out against: every movement, and the totals by currency."""

from dataclasses import asdict, dataclass
from datetime import date

from sandbox.desk import Call
from sandbox.web import Refused
from sandbox.world import iso


@dataclass(frozen=True)
class Movement:
    """`amount_minor` is signed as the marketplace sees it: what came in is positive, what went out negative."""

    number: int
    day: str
    at: float
    kind: str
    key: str
    reference: str
    amount_minor: int
    currency: str

    def as_json(self) -> dict:
        return asdict(self) | {"at": iso(self.at)}


def statement(movements: list[Movement], call: Call) -> dict:
    """The day's movements with a number above `after`, a page at a time; the totals are those of the whole day."""
    day = call.query.get("day", "")
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise Refused(422, "wrong_query", "“day” must be a date like 2026-10-31.", field="day") from error
    of_day = [movement for movement in movements if movement.day == day]
    rest = [movement for movement in of_day if movement.number > call.number("after", 0)]
    page = rest[: call.limit()]
    return {
        "day": day,
        "totals": _totals(of_day),
        "movements": [movement.as_json() for movement in page],
        "next": page[-1].number if page else call.number("after", 0),
        "more": len(rest) > len(page),
    }


def _totals(movements: list[Movement]) -> dict:
    totals: dict[str, dict[str, int]] = {}
    for movement in movements:
        total = totals.setdefault(movement.currency, {"count": 0, "in_minor": 0, "out_minor": 0})
        total["count"] += 1
        total["in_minor" if movement.amount_minor > 0 else "out_minor"] += abs(movement.amount_minor)
    return totals
